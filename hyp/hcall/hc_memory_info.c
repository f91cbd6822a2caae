/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_op, the part that asks and sets: sizes, memory maps, the machine-to-phys table's
 * frames, claims, and resources that tools map.  Nothing here moves a frame.
 */
#include "hcall/hc_memory.h"

#include "core/gnttab.h"
#include "core/p2m.h"
#include "cpu/pcpu.h"
#include "hvm/hvm.h"
#include "kern/host.h"
#include "mem/heap.h"
#include "mem/paging.h"
#include "mem/slab.h"

#define M2P_EXTENT_BYTES    (2UL << 20)     /* what one entry of the mfn list stands for */
#define MEMORY_MAP_MAX      128
#define ACQUIRE_MAX         1024            /* frames in one call */

/* An answer that is a number. */
static int number(uint64_t n) { return (int)min(n, (uint64_t)0x7fffffff); }

static int mem_maximum_ram_page(struct vcpu *v, struct domain *d, void *arg) { return number(max_mfn); }

static int mem_current(struct vcpu *v, struct domain *d, void *arg) { return number(read_once(d->tot_pages)); }
static int mem_maximum(struct vcpu *v, struct domain *d, void *arg) { return number(read_once(d->max_pages)); }

/* The guest itself says how long its table is. */
static int mem_max_gpfn(struct vcpu *v, struct domain *d, void *arg)
{
    uint64_t n;

    if ( d->p2m )
        return number(p2m_max_gfn(d));
    n = d->shared_info ? read_once(d->shared_info->arch.max_pfn) : 0;
    return number(n ? n - 1 : 0);
}

static int mem_machphys_list(struct vcpu *v, struct domain *d, void *arg)
{
    struct xen_machphys_mfn_list *const a = arg;
    const uint64_t nr = DIV_ROUND_UP(max_mfn * sizeof(uint64_t), M2P_EXTENT_BYTES);
    uint64_t last = 0;

    if ( v->domain->p2m )
        return -XEN_ENOSYS;         /* a hardware guest has no use for machine frames */
    for ( a->nr_extents = 0; a->nr_extents < min((uint64_t)a->max_extents, nr); a->nr_extents++ ) {
        const uint64_t e = paging_large_entry(M2P_RO_BASE + a->nr_extents * M2P_EXTENT_BYTES);

        /* A hole in the table repeats its neighbour: what is read there has no meaning. */
        if ( e )
            last = (e & PTE_ADDR) >> PAGE_SHIFT;
        if ( !copy_to_guest_index(a->extent_start, a->nr_extents, &last, sizeof(last)) )
            return -XEN_EFAULT;
    }
    return 0;
}

static int mem_machphys_mapping(struct vcpu *v, struct domain *d, void *arg)
{
    *(struct xen_machphys_mapping *)arg = (struct xen_machphys_mapping){
        .v_start = MACH2PHYS_VIRT_START,
        .v_end   = MACH2PHYS_VIRT_END,
        .max_mfn = MACH2PHYS_NR_ENTRIES - 1,
    };
    return 0;
}

/* Hand out @nr entries, or say how many there are if the guest gave no buffer. */
static int give_map(struct xen_memory_map *a, const struct xen_e820_entry *map, uint32_t nr)
{
    if ( !a->buffer ) {
        a->nr_entries = nr;
        return 0;
    }
    a->nr_entries = min(a->nr_entries, nr);
    return copy_to_guest(a->buffer, map, a->nr_entries * sizeof(*map)) ? 0 : -XEN_EFAULT;
}

static int mem_machine_map(struct vcpu *v, struct domain *d, void *arg)
{
    struct xen_memory_map *const a = arg;

    /* A buffer that is too small must not look like a smaller machine. */
    if ( a->buffer && a->nr_entries < host.nr_e820 )
        return -XEN_EINVAL;
    return give_map(a, host.e820, host.nr_e820);
}

static int mem_map(struct vcpu *v, struct domain *d, void *arg)
{
    int rc = -XEN_ENOSYS;

    spin_lock(&d->domctl_lock);
    if ( d->nr_memory_map )
        rc = give_map(arg, d->memory_map, d->nr_memory_map);
    spin_unlock(&d->domctl_lock);
    return rc;
}

static int mem_set_map(struct vcpu *v, struct domain *d, void *arg)
{
    const struct xen_foreign_memory_map *const a = arg;
    const uint32_t nr = a->map.nr_entries;
    struct xen_e820_entry *map, *old;

    if ( nr > MEMORY_MAP_MAX )
        return -XEN_EINVAL;
    map = slab_new_array(struct xen_e820_entry, max(nr, 1U));
    if ( !map )
        return -XEN_ENOMEM;
    if ( !copy_from_guest(map, a->map.buffer, nr * sizeof(*map)) ) {
        slab_free(map);
        return -XEN_EFAULT;
    }
    spin_lock(&d->domctl_lock);
    old = d->memory_map;
    d->memory_map = map;
    d->nr_memory_map = nr;
    spin_unlock(&d->domctl_lock);
    slab_free(old);
    return 0;
}

/* Promise frames to a domain that is being built; 0 pages drops the promise. */
static int mem_claim(struct vcpu *v, struct domain *self, void *arg)
{
    const struct xen_memory_reservation *const r = arg;
    uint64_t pages = r->nr_extents;
    struct domain *d;
    int rc;

    if ( r->extent_order || r->mem_flags )
        return -XEN_EINVAL;
    rc = domain_get_remote(r->domid, &d);
    if ( rc )
        return rc;

    spin_lock(&d->mm_lock);
    /* The number is what the domain is to have in all; what it has needs no promise. */
    if ( pages && (d->outstanding_claim || pages <= d->tot_pages || pages > d->max_pages) )
        rc = -XEN_EINVAL;
    else
        rc = heap_claim(&d->outstanding_claim, pages ? pages - d->tot_pages : 0);
    spin_unlock(&d->mm_lock);
    domain_put(d);
    return rc;
}

static int resource_frame(struct domain *d, const struct xen_mem_acquire_resource *a, uint64_t frame, mfn_t *mfn)
{
    int rc;

    if ( frame >> 32 )
        return -XEN_EINVAL;
    if ( a->type == XENMEM_resource_grant_table )
        return gnttab_get_frame(d, frame, mfn);
    spin_lock(&d->domctl_lock);
    rc = ioreq_frame(d, a->id, frame, mfn);
    spin_unlock(&d->domctl_lock);
    return rc;
}

static int mem_acquire(struct vcpu *v, struct domain *d, void *arg)
{
    struct xen_mem_acquire_resource *const a = arg;
    const bool is_grants = a->type == XENMEM_resource_grant_table;
    struct gnttab_query_size size = { .dom = a->domid };
    mfn_t mfn;
    int rc = 0;

    if ( a->pad || a->nr_frames > ACQUIRE_MAX )
        return -XEN_EINVAL;
    if ( a->type > XENMEM_resource_grant_table )
        return -XEN_EOPNOTSUPP;
    if ( is_grants && a->id != XENMEM_resource_grant_table_id_shared )
        return -XEN_EINVAL;
    if ( d == v->domain )
        return -XEN_EPERM;          /* the call is for looking after another domain */
    if ( !is_grants && !d->hvm )
        return -XEN_EINVAL;

    if ( !a->frame_list ) {
        rc = a->nr_frames ? -XEN_EINVAL : gnttab_query_size(&size);
        a->nr_frames = is_grants ? size.max_nr_frames : IOREQ_NR_FRAMES;
    }
    for ( uint32_t i = 0; a->frame_list && !rc && i < a->nr_frames; i++ ) {
        rc = a->frame + i < i ? -XEN_EINVAL : resource_frame(d, a, a->frame + i, &mfn);
        if ( !rc && !copy_to_guest_index(a->frame_list, i, &mfn.n, sizeof(mfn.n)) )
            rc = -XEN_EFAULT;
    }
    return rc;
}

static int mem_no_vnuma(struct vcpu *v, struct domain *d, void *arg) { return -XEN_EOPNOTSUPP; }

/* No page is ever shared between domains behind their backs, and none saved by it. */
static int mem_shared_pages(struct vcpu *v, struct domain *d, void *arg) { return 0; }

/* PV guests are never populated on demand: any target is met, and the pool is empty. */
static int mem_pod_target(struct vcpu *v, struct domain *self, void *arg)
{
    struct xen_pod_target *const a = arg;
    struct domain *d;
    int rc = domain_get_remote(a->domid, &d);

    if ( rc )
        return rc;
    a->tot_pages = read_once(d->tot_pages);
    a->pod_cache_pages = 0;
    a->pod_entries = 0;
    domain_put(d);
    return 0;
}

static const struct hc_op ops[] = {
#define OP(name, fn, type, flags, perm) [XENMEM_##name] = { fn, sizeof(struct type), flags, perm }
    [XENMEM_maximum_ram_page] = { mem_maximum_ram_page },
    OP(current_reservation,  mem_current,          xen_memory_domain,        HC_DOMAIN, PERM_ANY),
    OP(maximum_reservation,  mem_maximum,          xen_memory_domain,        HC_DOMAIN, PERM_ANY),
    OP(maximum_gpfn,         mem_max_gpfn,         xen_memory_domain,        HC_DOMAIN, PERM_ANY),
    OP(machphys_mfn_list,    mem_machphys_list,    xen_machphys_mfn_list,    HC_COPY_BACK, PERM_ANY),
    OP(machphys_mapping,     mem_machphys_mapping, xen_machphys_mapping,     HC_COPY_BACK, PERM_ANY),
    OP(memory_map,           mem_map,              xen_memory_map,           HC_COPY_BACK, PERM_ANY),
    OP(machine_memory_map,   mem_machine_map,      xen_memory_map,           HC_COPY_BACK, PERM_HARDWARE),
    OP(set_memory_map,       mem_set_map,          xen_foreign_memory_map,   HC_DOMAIN, PERM_CONTROL),
    OP(claim_pages,          mem_claim,            xen_memory_reservation,   0, PERM_CONTROL),
    OP(acquire_resource,     mem_acquire,          xen_mem_acquire_resource, HC_DOMAIN | HC_COPY_BACK, PERM_CONTROL),
    OP(add_to_physmap,       mem_add_to_physmap,   xen_add_to_physmap,       HC_DOMAIN | HC_COPY_BACK_ERR, PERM_ANY),
    OP(add_to_physmap_batch, mem_add_batch,        xen_add_to_physmap_batch, HC_DOMAIN, PERM_ANY),
    OP(remove_from_physmap,  mem_remove_physmap,   xen_remove_from_physmap,  HC_DOMAIN, PERM_ANY),
    OP(get_vnumainfo,        mem_no_vnuma,         xen_vnuma_topology_info,  0, PERM_ANY),
    OP(set_pod_target,       mem_pod_target,       xen_pod_target,           HC_COPY_BACK, PERM_CONTROL),
    OP(get_pod_target,       mem_pod_target,       xen_pod_target,           HC_COPY_BACK, PERM_CONTROL),
#undef OP
    [XENMEM_get_sharing_freed_pages]  = { mem_shared_pages, .perm = PERM_CONTROL },
    [XENMEM_get_sharing_shared_pages] = { mem_shared_pages, .perm = PERM_CONTROL },
};

long hc_memory_info(unsigned int cmd, guest_ptr_t arg)
{
    return hc_dispatch(current, ops, ARRAY_SIZE(ops), cmd, arg);
}
