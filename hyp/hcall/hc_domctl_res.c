/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domctl: what a domain may use (ports, memory, interrupts), and what it is told of the CPU. */
#include "hcall/hc_ctl.h"

#include "base/log.h"
#include "core/guest_cpuid.h"
#include "core/p2m.h"
#include "core/page.h"
#include "cpu/cpuid.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"
#include "kern/clock.h"
#include "mem/slab.h"
#include "pv/pv.h"

#define PFNS_AT_ONCE    1024
#define IO_PORTS        65536

enum { TSC_DEFAULT, TSC_ALWAYS_EMULATE, TSC_NEVER_EMULATE, TSC_PVRDTSCP };

/* Give or take [first, first + nr); nobody can give what he has not. */
static int permit(struct rangeset *rs, const struct rangeset *mine, uint64_t first, uint64_t nr,
                  uint64_t limit, bool allow)
{
    if ( !nr || !range_ok(first, nr, limit) )
        return -XEN_EINVAL;
    if ( !rangeset_contains(mine, first, first + nr - 1) )
        return -XEN_EPERM;
    return allow ? rangeset_add(rs, first, first + nr - 1)
                 : rangeset_remove(rs, first, first + nr - 1);
}

DC_OP(irq_permission, irq_permission,
      permit(&d->irqs, &current->domain->irqs, a->pirq, 1, BIT(32), a->allow_access))
DC_OP(iomem_permission, iomem_permission,
      permit(&d->iomem, &current->domain->iomem, a->first_mfn, a->nr_mfns, BIT(52 - PAGE_SHIFT), a->allow_access))
DC_OP(ioport_permission, ioport_permission,
      permit(&d->ioports, &current->domain->ioports, a->first_port, a->nr_ports, IO_PORTS, a->allow_access))
DC_OP(hypercall_init, hypercall_init, pv_install_hypercall_page(d, MFN(a->gmfn)))

static uint32_t pfn_info(struct domain *d, mfn_t mfn)
{
    static const uint32_t types[] = {
        [FT_L1] = XEN_DOMCTL_PFINFO_L1TAB, [FT_L2] = XEN_DOMCTL_PFINFO_L2TAB,
        [FT_L3] = XEN_DOMCTL_PFINFO_L3TAB, [FT_L4] = XEN_DOMCTL_PFINFO_L4TAB,
    };
    const struct frame *f;
    uint32_t info = XEN_DOMCTL_PFINFO_XTAB;

    if ( !mfn_valid(mfn) )
        return info;
    f = mfn_to_frame(mfn);
    spin_lock(&d->mm_lock);
    if ( f->owner == d->id ) {
        info = f->type < ARRAY_SIZE(types) && f->type_refs ? types[f->type] : 0;
        if ( f->flags & FF_PINNED )
            info |= XEN_DOMCTL_PFINFO_LPINTAB;
    }
    spin_unlock(&d->mm_lock);
    return info;
}

int dc_getpageframeinfo3(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_getpageframeinfo3 *const a = &op->u.getpageframeinfo3;
    uint64_t x;

    if ( a->num > PFNS_AT_ONCE )
        return -XEN_E2BIG;
    for ( uint64_t i = 0; i < a->num; i++ ) {
        if ( !copy_from_guest_index(&x, a->array, i, sizeof(x)) )
            return -XEN_EFAULT;
        x = pfn_info(d, MFN(x));
        if ( !copy_to_guest_index(a->array, i, &x, sizeof(x)) )
            return -XEN_EFAULT;
    }
    return 0;
}

DC_OP(get_cpu_policy, cpu_policy,
      ctl_policy_put(guest_cpu_policy(d), a->leaves, &a->nr_leaves, a->msrs, &a->nr_msrs))

/* Lay the tools' entries over @p.  What can't be is named in the argument. */
static int read_policy(struct cpu_policy *p, const struct cpu_policy *max,
                       struct xen_domctl_cpu_policy *a)
{
    struct xen_cpuid_leaf leaf;
    struct xen_msr_entry msr;

    for ( uint32_t i = 0; i < a->nr_leaves; i++ ) {
        if ( !copy_from_guest_index(&leaf, a->leaves, i, sizeof(leaf)) )
            return -XEN_EFAULT;
        if ( cpuid_deserialise(p, &leaf) ) {
            a->err_leaf = leaf.leaf;
            a->err_subleaf = leaf.subleaf;
            return -XEN_ERANGE;
        }
    }
    for ( uint32_t i = 0; i < a->nr_msrs; i++ ) {
        if ( !copy_from_guest_index(&msr, a->msrs, i, sizeof(msr)) )
            return -XEN_EFAULT;
        if ( msr.flags || (msr.idx != MSR_PLATFORM_INFO && msr.idx != MSR_ARCH_CAPS) ) {
            a->err_msr = msr.idx;
            return msr.flags ? -XEN_EINVAL : -XEN_ERANGE;
        }
        *(msr.idx == MSR_PLATFORM_INFO ? &p->platform_info : &p->arch_caps) = msr.val;
    }
    if ( !cpuid_policy_fits(p, max, &a->err_leaf, &a->err_subleaf) )
        return -XEN_EINVAL;
    return 0;
}

int dc_set_cpu_policy(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_cpu_policy *const a = &op->u.cpu_policy;
    const struct cpu_policy *const max = d->p2m ? &cpuid_hvm_max : &cpuid_pv_max;
    struct cpu_policy *p;
    int rc;

    a->err_leaf = a->err_subleaf = a->err_msr = ~0U;
    /* A guest that has run has made up its mind; readers of the policy take no lock. */
    if ( d->creation_finished )
        return -XEN_EEXIST;
    if ( a->nr_leaves > CPUID_MAX_LEAVES || a->nr_msrs > 2 )
        return -XEN_E2BIG;
    p = slab_new(struct cpu_policy);
    if ( !p )
        return -XEN_ENOMEM;
    *p = *guest_cpu_policy(d);
    rc = read_policy(p, max, a);
    if ( rc ) {
        slab_free(p);
        return rc;
    }
    cpuid_policy_limit(p, max);
    slab_free(d->cpu_policy);
    d->cpu_policy = p;
    return 0;
}

/*
 * RDTSC is never trapped here.  "default" may mean that on Xen too; a guest that insists on
 * emulation, because it came from a host with another frequency, can't be had.
 */
int dc_settscinfo(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_tsc_info *const t = &op->u.tsc_info;

    if ( t->tsc_mode > TSC_PVRDTSCP )
        return -XEN_EINVAL;
    if ( t->tsc_mode != TSC_DEFAULT && t->tsc_mode != TSC_NEVER_EMULATE ) {
        log_warn("%pd: tsc_mode %u is not supported: use \"default\" or \"native\"\n", d,
                 t->tsc_mode);
        return -XEN_EOPNOTSUPP;
    }
    d->tsc_mode = t->tsc_mode;
    d->tsc_incarnation = t->incarnation + 1;
    return 0;
}

int dc_gettscinfo(struct domain *d, struct xen_domctl *op)
{
    op->u.tsc_info = (struct xen_domctl_tsc_info){
        .tsc_mode = d->tsc_mode,
        .gtsc_khz = clock_tsc_khz(),
        .incarnation = d->tsc_incarnation,
        .elapsed_nsec = d->tsc_mode == TSC_NEVER_EMULATE ? 0 : clock_now_ns(),
    };
    return 0;
}

int dc_set_address_size(struct domain *d, struct xen_domctl *op)
{
    if ( op->u.address_size.size == 32 )
        log_warn("%pd: 32-bit PV guests are not supported\n", d);
    return op->u.address_size.size == 64 ? 0 : -XEN_EINVAL;
}

int dc_get_address_size(struct domain *d, struct xen_domctl *op)
{
    op->u.address_size.size = 64;
    return 0;
}

/* One node holds all memory and all CPUs: any set with it is satisfied. */
int dc_setnodeaffinity(struct domain *d, struct xen_domctl *op)
{
    uint64_t map;

    if ( ctl_bitmap_get(&map, 1, &op->u.nodeaffinity.nodemap) )
        return -XEN_EFAULT;
    return map & 1 ? 0 : -XEN_EINVAL;
}

int dc_getnodeaffinity(struct domain *d, struct xen_domctl *op)
{
    const uint64_t node0 = 1;

    return ctl_bitmap_put(&op->u.nodeaffinity.nodemap, &node0, 1);
}
