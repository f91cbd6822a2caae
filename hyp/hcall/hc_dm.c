/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm_op: what a device model asks.  The first buffer holds the operation, copied once; a second one is
 * reached by the operation itself.
 */
#include <xenabi/domctl.h>
#include <xenabi/hvm/dm_op.h>
#include <xenabi/hvm/hvm_op.h>

#include "base/string.h"
#include "core/p2m.h"
#include "cpu/pcpu.h"
#include "hcall/hc_memory.h"
#include "hvm/hvm.h"

#define VRAM_PAGES_MAX  (BIT(28) >> PAGE_SHIFT)     /* 256 MiB, the largest VGA of QEMU */

/* An operation that one expression makes, of the domain @d and the argument @a. */
#define DM_OP(name, type, result) \
    static int name(struct domain *d, void *arg, const struct xen_dm_op_buf *extra) \
    { \
        struct xen_dm_op_##type *const a = arg; \
        return result; \
    }

DM_OP(create, create_ioreq_server, ioreq_create(d, current->domain->id, a->handle_bufioreq, &a->id))
DM_OP(claim, ioreq_server_range, a->pad ? -XEN_EINVAL : ioreq_claim(d, a->id, a->type, a->start, a->end, true))
DM_OP(unclaim, ioreq_server_range, a->pad ? -XEN_EINVAL : ioreq_claim(d, a->id, a->type, a->start, a->end, false))
DM_OP(set_state, set_ioreq_server_state, a->pad ? -XEN_EINVAL : ioreq_enable(d, a->id, a->enabled))
DM_OP(destroy, destroy_ioreq_server, a->pad ? -XEN_EINVAL : ioreq_destroy(d, a->id))
DM_OP(intx, set_pci_intx_level, a->domain || a->bus || a->device > 31 || a->intx > 3 || a->level > 1 ? -XEN_EINVAL
      : hvm_set_pci_intx(d, a->device, a->intx, a->level))
DM_OP(isa_irq, set_isa_irq_level, a->isa_irq > 15 || a->level > 1 ? -XEN_EINVAL
      : hvm_set_isa_irq(d, a->isa_irq, a->level))
DM_OP(link, set_pci_link_route, a->link > 3 || a->isa_irq > 15 ? -XEN_EINVAL
      : hvm_set_pci_link(d, a->link, a->isa_irq))
DM_OP(msi, inject_msi, a->pad ? -XEN_EINVAL : hvm_inject_msi(d, a->addr, a->data))
/* Nobody asks which pages of a hardware guest were written, so there is nothing to note. */
DM_OP(modified, modified_memory, a->opaque ? -XEN_EINVAL : 0)
/* The guest's memory is RAM, and cached as the guest says: there is nothing to pin. */
DM_OP(cacheattr, pin_memory_cacheattr, a->start > a->end ? -XEN_EINVAL : 0)
DM_OP(shutdown, remote_shutdown, ({ domain_shutdown(d, (uint8_t)a->reason); 0; }))
DM_OP(nr_vcpus, nr_vcpus, ({ a->vcpus = d->max_vcpus; 0; }))

static int event(struct domain *d, void *arg, const struct xen_dm_op_buf *extra)
{
    const struct xen_dm_op_inject_event *const a = arg;

    if ( a->vcpuid >= d->max_vcpus || !d->vcpu[a->vcpuid] )
        return -XEN_EINVAL;
    if ( a->type != XEN_DMOP_EVENT_nmi )
        return -XEN_EOPNOTSUPP;
    vcpu_work(d->vcpu[a->vcpuid], VCPU_WORK_NMI);
    return 0;
}

static int info(struct domain *d, void *arg, const struct xen_dm_op_buf *extra)
{
    struct xen_dm_op_get_ioreq_server_info *const a = arg;

    /* The pages are never put into the guest: XENMEM_acquire_resource has them. */
    return a->flags != XEN_DMOP_no_gfns ? -XEN_EOPNOTSUPP : ioreq_ring_port(d, a->id, &a->bufioreq_port);
}

static int dirty_vram(struct domain *d, void *arg, const struct xen_dm_op_buf *extra)
{
    const struct xen_dm_op_track_dirty_vram *const a = arg;
    uint8_t map[64];

    if ( a->nr > VRAM_PAGES_MAX || extra->size < DIV_ROUND_UP((uint64_t)a->nr, 8) )
        return -XEN_EINVAL;
    for ( uint32_t done = 0, n; done < a->nr; done += n ) {
        n = min(a->nr - done, (uint32_t)sizeof(map) * 8);
        memset(map, 0, sizeof(map));
        spin_lock(&d->mm_lock);
        for ( uint32_t i = 0; i < n; i++ )
            map[i / 8] |= p2m_take_dirty(d, a->first_pfn + done + i) << i % 8;
        spin_unlock(&d->mm_lock);
        if ( !copy_to_guest(extra->h + done / 8, map, DIV_ROUND_UP(n, 8)) )
            return -XEN_EFAULT;
    }
    p2m_flush(d);
    return 0;
}

/* mm_lock held. */
static int set_type(struct domain *d, uint64_t gfn, unsigned int to)
{
    enum p2m_type type;
    const mfn_t mfn = p2m_lookup(d, gfn, &type);

    if ( to == HVMMEM_mmio_dm )
        return type == P2M_NONE ? 0 : -XEN_EINVAL;
    if ( type != P2M_RAM && type != P2M_RAM_RO )
        return -XEN_EINVAL;
    return p2m_set(d, gfn, mfn, 0, to == HVMMEM_ram_ro ? P2M_RAM_RO : P2M_RAM);
}

static int mem_type(struct domain *d, void *arg, const struct xen_dm_op_buf *extra)
{
    struct xen_dm_op_set_mem_type *const a = arg;
    int rc = 0;

    if ( a->pad || a->mem_type > HVMMEM_mmio_dm || !range_ok(a->first_pfn, a->nr, BIT(P2M_GFN_BITS)) )
        return -XEN_EINVAL;
    spin_lock(&d->mm_lock);
    for ( bool again = false; !rc && a->nr; again = true ) {
        rc = again && preempt_needed() ? -XEN_ERESTART : set_type(d, a->first_pfn, a->mem_type);
        if ( !rc ) {
            a->first_pfn++;
            a->nr--;
        }
    }
    p2m_flush(d);
    spin_unlock(&d->mm_lock);
    return rc;
}

static int relocate(struct domain *d, void *arg, const struct xen_dm_op_buf *extra)
{
    struct xen_dm_op_relocate_memory *const a = arg;
    struct xen_add_to_physmap map = {
        .domid = d->id, .size = min(a->size, 0xffffU), .space = XENMAPSPACE_gmfn_range, .idx = a->src_gfn,
        .gpfn = a->dst_gfn,
    };
    int rc;

    if ( a->pad )
        return -XEN_EINVAL;
    rc = mem_add_to_physmap(current, d, &map);
    a->size -= map.idx - a->src_gfn;
    a->src_gfn = map.idx;
    a->dst_gfn = map.gpfn;
    return !rc && a->size ? -XEN_ERESTART : rc;
}

#define BACK    1               /* the argument is written back */
#define LOCKED  2               /* domctl_lock */

static const struct {
    int     (*fn)(struct domain *d, void *arg, const struct xen_dm_op_buf *extra);
    uint8_t  size, flags;
} ops[] = {
#define OP(name, fn, type, flags) [XEN_DMOP_##name] = { fn, sizeof(struct xen_dm_op_##type), flags }
    OP(create_ioreq_server,              create,     create_ioreq_server,    LOCKED | BACK),
    OP(get_ioreq_server_info,            info,       get_ioreq_server_info,  LOCKED | BACK),
    OP(map_io_range_to_ioreq_server,     claim,      ioreq_server_range,     LOCKED),
    OP(unmap_io_range_from_ioreq_server, unclaim,    ioreq_server_range,     LOCKED),
    OP(set_ioreq_server_state,           set_state,  set_ioreq_server_state, LOCKED),
    OP(destroy_ioreq_server,             destroy,    destroy_ioreq_server,   LOCKED),
    OP(track_dirty_vram,                 dirty_vram, track_dirty_vram,       0),
    OP(set_pci_intx_level,               intx,       set_pci_intx_level,     0),
    OP(set_isa_irq_level,                isa_irq,    set_isa_irq_level,      0),
    OP(set_pci_link_route,               link,       set_pci_link_route,     0),
    OP(modified_memory,                  modified,   modified_memory,        0),
    OP(set_mem_type,                     mem_type,   set_mem_type,           BACK),
    OP(inject_event,                     event,      inject_event,           0),
    OP(inject_msi,                       msi,        inject_msi,             0),
    OP(remote_shutdown,                  shutdown,   remote_shutdown,        0),
    OP(relocate_memory,                  relocate,   relocate_memory,        BACK),
    OP(pin_memory_cacheattr,             cacheattr,  pin_memory_cacheattr,   0),
    OP(nr_vcpus,                         nr_vcpus,   nr_vcpus,               BACK),
#undef OP
};

/* @op is for @d, a hardware guest. */
static int run(struct domain *d, struct xen_dm_op *op, const struct xen_dm_op_buf buf[2])
{
    const bool is_locked = ops[op->op].flags & LOCKED;
    int rc;

    if ( is_locked )
        spin_lock(&d->domctl_lock);
    rc = ops[op->op].fn(d, &op->u, &buf[1]);
    if ( is_locked )
        spin_unlock(&d->domctl_lock);

    if ( (rc == 0 || rc == -XEN_ERESTART) && (ops[op->op].flags & BACK) &&
         !copy_to_guest(buf[0].h + offsetof(struct xen_dm_op, u), &op->u, ops[op->op].size) )
        return -XEN_EFAULT;
    return rc;
}

long hc_dm_op(uint64_t domid, uint64_t nr_bufs, uint64_t bufs, uint64_t a4)
{
    struct xen_dm_op_buf buf[2] = { { 0 } };
    struct xen_dm_op op = { 0 };
    struct domain *d;
    int rc;

    if ( !perm_allows(current->domain, PERM_CONTROL) )
        return -XEN_EPERM;
    if ( !nr_bufs || !copy_from_guest(buf, bufs, min(nr_bufs, 2UL) * sizeof(buf[0])) ||
         !copy_from_guest(&op, buf[0].h, min(buf[0].size, sizeof(op))) )
        return -XEN_EFAULT;
    if ( op.pad || op.op >= ARRAY_SIZE(ops) || !ops[op.op].fn )
        return -XEN_EOPNOTSUPP;
    if ( buf[0].size < offsetof(struct xen_dm_op, u) + ops[op.op].size )
        return -XEN_EFAULT;
    rc = domain_get_remote(domid, &d);
    if ( rc )
        return rc;
    rc = d->hvm && d != current->domain ? run(d, &op, buf) : -XEN_EINVAL;
    domain_put(d);
    return rc;
}
