/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domctl: the tools' hold on one domain.  Here: the dispatcher, the table of operations, and the
 * life of a domain.
 */
#include "hcall/hc_ctl.h"

#include "base/log.h"
#include "base/string.h"
#include "core/sched.h"
#include "core/shared_info.h"
#include "cpu/cpu.h"
#include "cpu/pcpu.h"
#include "hvm/hvm.h"
#include "pv/pv.h"

static int create_check(const struct xen_domctl_createdomain *c)
{
    uint32_t wanted = XEN_DOMCTL_CDF_s3_integrity | XEN_DOMCTL_CDF_xs_domain;

    if ( c->flags & ~(2 * XEN_DOMCTL_CDF_MAX - 1) )
        return -XEN_EINVAL;
    if ( c->flags & XEN_DOMCTL_CDF_hvm ) {
        const int rc = hvm_create_check(c);

        if ( rc )
            return rc;
        wanted |= XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap | XEN_DOMCTL_CDF_oos_off;
    }
    if ( c->flags & ~wanted ) {
        log_warn("domctl: creation flags %#x not supported\n", c->flags & ~wanted);
        return c->flags & XEN_DOMCTL_CDF_iommu ? -XEN_EOPNOTSUPP : -XEN_EINVAL;
    }
    if ( c->max_vcpus < 1 || c->max_vcpus > MAX_VCPUS ) {
        log_warn("domctl: %u vCPUs asked for, 1 to %u are possible\n", c->max_vcpus, MAX_VCPUS);
        return -XEN_EINVAL;
    }
    if ( XEN_DOMCTL_GRANT_version(c->grant_opts) != 1 ) {
        log_warn("domctl: grant table version %u not supported, only 1\n",
                 XEN_DOMCTL_GRANT_version(c->grant_opts));
        return -XEN_EINVAL;
    }
    if ( (c->grant_opts & ~XEN_DOMCTL_GRANT_version_mask) || c->iommu_opts || c->vmtrace_size ||
         c->cpupool_id || (!(c->flags & XEN_DOMCTL_CDF_hvm) && c->arch.emulation_flags) ||
         (c->arch.misc_flags & ~XEN_X86_MISC_FLAGS_MAX) )
        return -XEN_EINVAL;
    return 0;
}

/* The next id that nobody has, going round; ids are not used again soon. */
static domid_t next_free_id(void)
{
    static domid_t last;
    struct domain *d;

    for ( unsigned int n = 0; n < MAX_DOMID; n++ ) {
        const domid_t prev = read_once(last), id = prev >= MAX_DOMID ? 1 : prev + 1;

        write_once(last, id);
        d = domain_get_by_id(id);
        if ( !d )
            return id;
        domain_put(d);
    }
    return DOMID_INVALID;
}

static int dc_createdomain(struct domain *none, struct xen_domctl *op)
{
    struct xen_domctl_createdomain *const c = &op->u.createdomain;
    const bool any = op->domain == 0 || op->domain >= DOMID_FIRST_RESERVED;
    struct domain *d;
    int rc = create_check(c);

    if ( rc )
        return rc;

    do {
        const domid_t id = any ? next_free_id() : op->domain;

        if ( id == DOMID_INVALID )
            return -XEN_ENOMEM;
        rc = domain_create(id, c, c->flags & XEN_DOMCTL_CDF_hvm ? &hvm_guest_ops : &pv_guest_ops,
                           false, &d);
    } while ( any && rc == -XEN_EEXIST );       /* another CPU took it meanwhile */
    if ( !rc )
        op->domain = d->id;
    return rc;
}

static int dc_destroydomain(struct domain *d, struct xen_domctl *op) { return domain_destroy(d); }

static int dc_pausedomain(struct domain *d, struct xen_domctl *op)
{
    int rc = -XEN_EOVERFLOW;

    spin_lock(&d->domctl_lock);
    if ( d->ctl_pause_count < 255 ) {
        d->ctl_pause_count++;
        rc = 0;
    }
    spin_unlock(&d->domctl_lock);
    /* Outside the lock: one of its vCPUs may wait for it in a hypercall. */
    if ( !rc )
        domain_pause(d);
    return rc;
}

static int dc_unpausedomain(struct domain *d, struct xen_domctl *op)
{
    int rc = -XEN_EINVAL;

    spin_lock(&d->domctl_lock);
    if ( d->ctl_pause_count && d->vcpu[0] ) {
        d->ctl_pause_count--;
        d->creation_finished = true;
        rc = 0;
    }
    spin_unlock(&d->domctl_lock);
    if ( !rc )
        domain_unpause(d);
    return rc;
}

static int dc_resumedomain(struct domain *d, struct xen_domctl *op)
{
    domain_resume(d);
    return 0;
}

void ctl_domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    bool all_blocked = true, any_running = false;
    struct vcpu *v;

    memset(info, 0, sizeof(*info));
    info->domain = d->id;
    info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
    for_each_vcpu ( d, v ) {
        info->max_vcpu_id = v->id;
        if ( !vcpu_is_up(v) )
            continue;
        info->nr_online_vcpus++;
        all_blocked &= !!(read_once(v->flags) & VCPUF_BLOCKED);
        any_running |= read_once(v->is_running);
    }
    info->flags = (all_blocked ? XEN_DOMINF_blocked : 0) |
                  (any_running ? XEN_DOMINF_running : 0) |
                  (read_once(d->state) == DOM_DEAD ? XEN_DOMINF_dying : 0) |
                  (read_once(d->ctl_pause_count) ? XEN_DOMINF_paused : 0) |
                  (d->create_flags & XEN_DOMCTL_CDF_xs_domain ? XEN_DOMINF_xs_domain : 0);
    if ( read_once(d->is_shut_down) )
        info->flags |= XEN_DOMINF_shutdown | (uint32_t)d->shutdown_code << XEN_DOMINF_shutdownshift;
    if ( d->hvm ) {
        info->flags |= XEN_DOMINF_hvm_guest | XEN_DOMINF_hap;
        info->arch_config.emulation_flags = hvm_emulation(d);
    }
    info->tot_pages = read_once(d->tot_pages);
    info->max_pages = read_once(d->max_pages);
    info->outstanding_pages = read_once(d->outstanding_claim);
    info->shared_info_frame = d->shared_info_mfn.n;
    info->cpu_time = sched_domain_ns(d);
    info->ssidref = d->ssidref;
    info->gpaddr_bits = cpu.phys_bits;
    memcpy(info->handle, d->handle, sizeof(info->handle));
}

/* In this version of the interface: of the next domain from that id on. */
static int dc_getdomaininfo(struct domain *none, struct xen_domctl *op)
{
    struct domain *const d = domain_get_next(op->domain);

    if ( !d )
        return -XEN_ESRCH;
    ctl_domain_info(d, &op->u.getdomaininfo);
    op->domain = d->id;
    domain_put(d);
    return 0;
}

static int dc_max_mem(struct domain *d, struct xen_domctl *op)
{
    const uint64_t pages = op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);

    spin_lock(&d->mm_lock);
    d->max_pages = min(pages, (uint64_t)0xffffffff);
    spin_unlock(&d->mm_lock);
    return 0;
}

static int dc_max_vcpus(struct domain *d, struct xen_domctl *op)
{
    int rc = 0;

    if ( op->u.max_vcpus.max != d->max_vcpus )
        return -XEN_EINVAL;
    /* Those that exist are passed over, so a repeated call goes on where this one stopped. */
    for ( uint32_t i = 0; !rc && i < d->max_vcpus; i++ ) {
        if ( d->vcpu[i] )
            continue;
        rc = preempt_needed() ? -XEN_ERESTART : vcpu_create(d, i);
    }
    return rc;
}

static int dc_setdomainhandle(struct domain *d, struct xen_domctl *op)
{
    memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
    return 0;
}

/* There is no debugger to attach; to take it away is easy. */
static DC_OP(setdebugging, setdebugging, a->enable ? -XEN_EOPNOTSUPP : 0)

static int dc_settimeoffset(struct domain *d, struct xen_domctl *op)
{
    d->time_offset = op->u.settimeoffset.time_offset_seconds;
    time_update_wallclock(d);
    return 0;
}

static DC_OP(scheduler_op, scheduler_op, sched_domctl(d, a))

/*
 * Operations that exist but cannot be had here: soft reset, devices without an IOMMU, what only saving
 * a domain would need, events for others than dom0.  The tools
 * tell this from "no such call".
 */
static int dc_unsupported(struct domain *d, struct xen_domctl *op) { return -XEN_EOPNOTSUPP; }

#define DOMAIN_OP(name, fl) [XEN_DOMCTL_##name] = { dc_##name, fl }
#define NOT_HERE(name)    [XEN_DOMCTL_##name] = { dc_unsupported, 0 }

static const struct domctl_op ops[] = {
    DOMAIN_OP(createdomain,         CTL_NO_DOMAIN | CTL_BACK),
    DOMAIN_OP(destroydomain,        CTL_NOT_SELF),
    DOMAIN_OP(pausedomain,          CTL_NOT_SELF),
    DOMAIN_OP(unpausedomain,        CTL_NOT_SELF),
    DOMAIN_OP(resumedomain,         CTL_NOT_SELF),
    DOMAIN_OP(getdomaininfo,        CTL_NO_DOMAIN | CTL_BACK),
    DOMAIN_OP(max_mem,              0),
    DOMAIN_OP(max_vcpus,            CTL_LOCK | CTL_NOT_SELF),
    DOMAIN_OP(setvcpucontext,       CTL_PV | CTL_NOT_SELF),
    DOMAIN_OP(getvcpucontext,       CTL_PV | CTL_NOT_SELF),
    DOMAIN_OP(getvcpuinfo,          CTL_BACK),
    DOMAIN_OP(setvcpuaffinity,      CTL_LOCK),
    DOMAIN_OP(getvcpuaffinity,      0),
    DOMAIN_OP(setnodeaffinity,      0),
    DOMAIN_OP(getnodeaffinity,      0),
    DOMAIN_OP(scheduler_op,         CTL_BACK),
    DOMAIN_OP(setdomainhandle,      CTL_LOCK),
    DOMAIN_OP(setdebugging,         0),
    DOMAIN_OP(irq_permission,       CTL_LOCK),
    DOMAIN_OP(iomem_permission,     CTL_LOCK),
    DOMAIN_OP(ioport_permission,    CTL_LOCK),
    DOMAIN_OP(hypercall_init,       CTL_PV),
    DOMAIN_OP(settimeoffset,        CTL_LOCK),
    DOMAIN_OP(sendtrigger,          0),
    DOMAIN_OP(set_address_size,     CTL_PV),
    DOMAIN_OP(get_address_size,     CTL_PV | CTL_BACK),
    DOMAIN_OP(gettscinfo,           CTL_BACK),
    DOMAIN_OP(settscinfo,           CTL_LOCK | CTL_NOT_SELF),
    DOMAIN_OP(getpageframeinfo3,    0),
    DOMAIN_OP(get_cpu_policy,       CTL_LOCK | CTL_BACK),
    DOMAIN_OP(set_cpu_policy,       CTL_LOCK | CTL_NOT_SELF | CTL_BACK_ERR),
    DOMAIN_OP(gethvmcontext,        CTL_HVM | CTL_NOT_SELF | CTL_BACK),
    DOMAIN_OP(sethvmcontext,        CTL_HVM | CTL_NOT_SELF),
    DOMAIN_OP(gethvmcontext_partial, CTL_HVM | CTL_NOT_SELF | CTL_BACK),
    DOMAIN_OP(set_paging_mempool_size, CTL_HVM),
    DOMAIN_OP(shadow_op,            CTL_HVM | CTL_BACK),
    NOT_HERE(soft_reset), NOT_HERE(assign_device), NOT_HERE(test_assign_device),
    NOT_HERE(deassign_device), NOT_HERE(get_paging_mempool_size), NOT_HERE(set_ext_vcpucontext),
    NOT_HERE(get_ext_vcpucontext), NOT_HERE(get_vcpu_msrs), NOT_HERE(set_vcpu_msrs),
    NOT_HERE(set_virq_handler), NOT_HERE(getvcpuextstate), NOT_HERE(setvcpuextstate),
    NOT_HERE(monitor_op), NOT_HERE(vm_event_op), NOT_HERE(vmtrace_op),
};

static int run_locked(const struct domctl_op *o, struct domain *d, struct xen_domctl *op)
{
    int rc;

    if ( !(o->flags & CTL_LOCK) )
        return o->fn(d, op);
    spin_lock(&d->domctl_lock);
    rc = d->state == DOM_ALIVE ? o->fn(d, op) : -XEN_ESRCH;
    spin_unlock(&d->domctl_lock);
    return rc;
}

static int run(const struct domctl_op *o, struct xen_domctl *op)
{
    struct domain *const self = current->domain;
    struct domain *d;
    int rc;

    if ( o->flags & CTL_NO_DOMAIN )
        return o->fn(NULL, op);
    d = domain_get_by_id(op->domain == DOMID_SELF ? self->id : op->domain);
    if ( !d )
        return -XEN_ESRCH;
    if ( o->flags & (d->hvm ? CTL_PV : CTL_HVM) )
        rc = -XEN_EOPNOTSUPP;
    else
        rc = d == self && (o->flags & CTL_NOT_SELF) ? -XEN_EINVAL : run_locked(o, d, op);
    domain_put(d);
    return rc;
}

long hc_domctl(uint64_t uop, uint64_t a2, uint64_t a3, uint64_t a4)
{
    const struct domctl_op *o;
    struct xen_domctl op;
    int rc;

    if ( !copy_from_guest(&op, uop, sizeof(op)) )
        return -XEN_EFAULT;
    if ( op.interface_version != XEN_DOMCTL_INTERFACE_VERSION )
        return -XEN_EACCES;
    if ( !perm_allows(current->domain, PERM_CONTROL) )
        return -XEN_EPERM;
    if ( op.cmd >= ARRAY_SIZE(ops) || !ops[op.cmd].fn )
        return -XEN_ENOSYS;
    o = &ops[op.cmd];

    rc = run(o, &op);
    if ( ((!rc && (o->flags & CTL_BACK)) || (o->flags & CTL_BACK_ERR)) &&
         !copy_to_guest(uop, &op, sizeof(op)) )
        rc = -XEN_EFAULT;
    return rc;
}
