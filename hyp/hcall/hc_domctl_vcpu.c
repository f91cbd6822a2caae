/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domctl: one vCPU of a domain, its registers, placement and state. */
#include "hcall/hc_ctl.h"

#include <xenabi/vcpu.h>

#include "base/bitmap.h"
#include "core/sched.h"
#include "core/shared_info.h"
#include "cpu/pcpu.h"
#include "mem/heap.h"
#include "pv/pv.h"

#define CONTEXT_ORDER   1       /* pages that a struct vcpu_guest_context fits in */
_Static_assert(sizeof(struct vcpu_guest_context) <= PAGE_SIZE << CONTEXT_ORDER, "see above");

static struct vcpu *vcpu_find(const struct domain *d, uint32_t id)
{
    return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

static int set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
    int rc;

    vcpu_pause(v);
    rc = pv_set_context(v, c);
    if ( !rc ) {
        atomic_or32(&v->flags, VCPUF_INITIALISED | (c->flags & VGCF_online ? VCPUF_UP : 0));
        if ( !(c->flags & VGCF_online) )
            atomic_and32(&v->flags, ~VCPUF_UP);
    }
    vcpu_unpause(v);
    return rc;
}

int dc_setvcpucontext(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *const v = vcpu_find(d, op->u.vcpucontext.vcpu);
    struct vcpu_guest_context *c;
    int rc = -XEN_EFAULT;

    if ( !v )
        return -XEN_EINVAL;
    c = heap_alloc_pages(CONTEXT_ORDER);
    if ( !c )
        return -XEN_ENOMEM;
    if ( copy_from_guest(c, op->u.vcpucontext.ctxt, sizeof(*c)) )
        rc = set_context(v, c);
    heap_free_pages(c, CONTEXT_ORDER);
    return rc;
}

int dc_getvcpucontext(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *const v = vcpu_find(d, op->u.vcpucontext.vcpu);
    struct vcpu_guest_context *c;
    int rc = 0;

    if ( !v )
        return -XEN_ESRCH;
    if ( !(read_once(v->flags) & VCPUF_INITIALISED) )
        return -XEN_ENODATA;
    c = heap_alloc_pages(CONTEXT_ORDER);
    if ( !c )
        return -XEN_ENOMEM;
    vcpu_pause(v);
    pv_get_context(v, c);
    vcpu_unpause(v);
    if ( !copy_to_guest(op->u.vcpucontext.ctxt, c, sizeof(*c)) )
        rc = -XEN_EFAULT;
    heap_free_pages(c, CONTEXT_ORDER);
    return rc;
}

int dc_getvcpuinfo(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_getvcpuinfo *const i = &op->u.getvcpuinfo;
    const struct vcpu *const v = vcpu_find(d, i->vcpu);
    struct vcpu_runstate_info rs;

    if ( i->vcpu >= d->max_vcpus )
        return -XEN_EINVAL;
    if ( !v )
        return -XEN_ESRCH;
    runstate_get(v, &rs);
    i->online = vcpu_is_up(v);
    i->blocked = !!(read_once(v->flags) & VCPUF_BLOCKED);
    i->running = read_once(v->is_running);
    i->cpu_time = rs.time[RUNSTATE_running];
    i->cpu = read_once(v->processor);
    return 0;
}

/* The map of one kind as it is in force, for the tools to compare with what they asked. */
static int put_affinity(const struct xenctl_bitmap *to, const uint64_t *map)
{
    return to->bitmap ? ctl_bitmap_put(to, map, nr_cpus) : 0;
}

int dc_setvcpuaffinity(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_vcpuaffinity *const a = &op->u.vcpuaffinity;
    struct vcpu *const v = vcpu_find(d, a->vcpu);
    uint64_t hard[NR_CPUS / 64], soft[NR_CPUS / 64];
    const bool set_hard = a->flags & XEN_VCPUAFFINITY_HARD;
    const bool set_soft = a->flags & XEN_VCPUAFFINITY_SOFT;
    int rc = 0;

    if ( a->vcpu >= d->max_vcpus || !(set_hard || set_soft) )
        return -XEN_EINVAL;
    if ( !v )
        return -XEN_ESRCH;
    if ( set_hard )
        rc = ctl_bitmap_get(hard, NR_CPUS, &a->cpumap_hard);
    if ( !rc && set_soft )
        rc = ctl_bitmap_get(soft, NR_CPUS, &a->cpumap_soft);
    if ( !rc )
        rc = sched_set_affinity(v, set_hard ? hard : NULL, set_soft ? soft : NULL);
    if ( !rc && set_hard )
        rc = put_affinity(&a->cpumap_hard, v->hard_affinity);
    if ( !rc && set_soft ) {
        bitmap_and(soft, v->soft_affinity, v->hard_affinity, NR_CPUS);
        rc = put_affinity(&a->cpumap_soft, soft);
    }
    return rc;
}

int dc_getvcpuaffinity(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_vcpuaffinity *const a = &op->u.vcpuaffinity;
    const struct vcpu *const v = vcpu_find(d, a->vcpu);
    int rc = 0;

    if ( a->vcpu >= d->max_vcpus )
        return -XEN_EINVAL;
    if ( !v )
        return -XEN_ESRCH;
    if ( a->flags & XEN_VCPUAFFINITY_HARD )
        rc = put_affinity(&a->cpumap_hard, v->hard_affinity);
    if ( !rc && (a->flags & XEN_VCPUAFFINITY_SOFT) )
        rc = put_affinity(&a->cpumap_soft, v->soft_affinity);
    return rc;
}

int dc_sendtrigger(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *const v = vcpu_find(d, op->u.sendtrigger.vcpu);

    if ( op->u.sendtrigger.trigger != XEN_DOMCTL_SENDTRIGGER_NMI )
        return -XEN_ENOSYS;
    if ( !v )
        return -XEN_ESRCH;
    vcpu_work(v, VCPU_WORK_NMI);
    return 0;
}
