/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm_op: parameters and small services of hardware guests. */
#include <xenabi/hvm/hvm_op.h>

#include "core/p2m.h"
#include "cpu/pcpu.h"
#include "hcall/hypercall.h"
#include "hvm/hvm.h"
#include "kern/clock.h"

HC_OP(op_set_param, xen_hvm_param, d->hvm ? hvm_set_param(d, a->index, a->value, d == v->domain) : -XEN_EINVAL)
HC_OP(op_get_param, xen_hvm_param, d->hvm ? hvm_get_param(d, a->index, &a->value, d == v->domain) : -XEN_EINVAL)

static int op_upcall_vector(struct vcpu *v, struct domain *d, void *arg)
{
    const struct xen_hvm_evtchn_upcall_vector *const a = arg;

    if ( !d->hvm )
        return -XEN_EINVAL;
    if ( a->vcpu >= d->max_vcpus || !d->vcpu[a->vcpu] )
        return -XEN_ENOENT;
    return hvm_set_upcall_vector(d->vcpu[a->vcpu], a->vector);
}

static int op_flush_tlbs(struct vcpu *v, struct domain *d, void *arg)
{
    if ( !d->p2m )
        return -XEN_EINVAL;
    p2m_flush(d);
    return 0;
}

HC_DO(op_get_time, xen_hvm_get_time, a->now = clock_now_ns())

static int op_get_mem_type(struct vcpu *v, struct domain *d, void *arg)
{
    struct xen_hvm_get_mem_type *const a = arg;
    enum p2m_type type;

    if ( !d->hvm )
        return -XEN_EINVAL;
    spin_lock(&d->mm_lock);
    (void)p2m_lookup(d, a->pfn, &type);
    spin_unlock(&d->mm_lock);
    a->mem_type = type == P2M_NONE ? HVMMEM_mmio_dm : type == P2M_RAM_RO ? HVMMEM_ram_ro : HVMMEM_ram_rw;
    return 0;
}

static const struct hc_op ops[] = {
#define OP(name, fn, type, flags) [HVMOP_##name] = { fn, sizeof(struct type), flags, PERM_ANY }
    OP(set_param,                op_set_param,     xen_hvm_param,                HC_DOMAIN),
    OP(get_param,                op_get_param,     xen_hvm_param,                HC_DOMAIN | HC_COPY_BACK),
    OP(set_evtchn_upcall_vector, op_upcall_vector, xen_hvm_evtchn_upcall_vector, 0),
    OP(get_time,                 op_get_time,      xen_hvm_get_time,             HC_COPY_BACK),
    OP(get_mem_type,             op_get_mem_type,  xen_hvm_get_mem_type,         HC_DOMAIN | HC_COPY_BACK),
#undef OP
    [HVMOP_flush_tlbs] = { op_flush_tlbs },
};

HC_CALL(hvm_op, hc_dispatch(current, ops, ARRAY_SIZE(ops), a1, a2))
