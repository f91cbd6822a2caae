/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EVTCHNOP_*: from sub-operation to core/evtchn.h.  Who may act on whom is decided there. */
#include "core/evtchn.h"
#include "cpu/pcpu.h"
#include "hcall/hypercall.h"

HC_OP(op_bind_interdomain, evtchn_bind_interdomain, evtchn_bind_interdomain(a))
HC_OP(op_bind_virq, evtchn_bind_virq, evtchn_bind_virq(a))
HC_OP(op_bind_pirq, evtchn_bind_pirq, evtchn_bind_pirq(a))
HC_OP(op_alloc_unbound, evtchn_alloc_unbound, evtchn_alloc_unbound(a))
HC_OP(op_bind_ipi, evtchn_bind_ipi, evtchn_bind_ipi(a))
HC_OP(op_status, evtchn_status, evtchn_status(a))
HC_OP(op_init_control, evtchn_init_control, evtchn_init_control(a))
HC_OP(op_expand_array, evtchn_expand_array, evtchn_expand_array(a))
HC_OP(op_set_priority, evtchn_set_priority, evtchn_set_priority(a))
HC_OP(op_close, evtchn_close, evtchn_close(d, a->port))
HC_OP(op_send, evtchn_send, evtchn_send(d, a->port))
HC_OP(op_bind_vcpu, evtchn_bind_vcpu, evtchn_bind_vcpu(a->port, a->vcpu))
HC_OP(op_unmask, evtchn_unmask, evtchn_unmask(d, a->port))

static int op_reset(struct vcpu *v, struct domain *d, void *arg) { return evtchn_reset(d); }

#define OP(name, flags, perm) \
    [EVTCHNOP_##name] = { op_##name, sizeof(struct evtchn_##name), flags, perm }

static const struct hc_op evtchn_ops[] = {
    OP(bind_interdomain, HC_COPY_BACK, PERM_ANY),
    OP(bind_virq,        HC_COPY_BACK, PERM_ANY),
    OP(bind_pirq,        HC_COPY_BACK, PERM_HARDWARE),
    OP(close,            0,            PERM_ANY),
    OP(send,             0,            PERM_ANY),
    OP(status,           HC_COPY_BACK, PERM_ANY),
    OP(alloc_unbound,    HC_COPY_BACK, PERM_ANY),
    OP(bind_ipi,         HC_COPY_BACK, PERM_ANY),
    OP(bind_vcpu,        0,            PERM_ANY),
    OP(unmask,           0,            PERM_ANY),
    OP(reset,            HC_DOMAIN,    PERM_ANY),
    OP(init_control,     HC_COPY_BACK, PERM_ANY),
    OP(expand_array,     0,            PERM_ANY),
    OP(set_priority,     0,            PERM_ANY),
};
#undef OP

HC_CALL(event_channel_op, hc_dispatch(current, evtchn_ops, ARRAY_SIZE(evtchn_ops), a1, a2))
