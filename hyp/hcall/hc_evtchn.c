/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EVTCHNOP_*: from sub-operation to core/evtchn.h.  Who may act on whom is decided there. */
#include "base/bits.h"
#include "core/evtchn.h"
#include "cpu/pcpu.h"
#include "hcall/hypercall.h"

static int op_bind_interdomain(struct vcpu *v, void *arg) { return evtchn_bind_interdomain(arg); }
static int op_bind_virq(struct vcpu *v, void *arg) { return evtchn_bind_virq(arg); }
static int op_bind_pirq(struct vcpu *v, void *arg) { return evtchn_bind_pirq(arg); }
static int op_alloc_unbound(struct vcpu *v, void *arg) { return evtchn_alloc_unbound(arg); }
static int op_bind_ipi(struct vcpu *v, void *arg) { return evtchn_bind_ipi(arg); }
static int op_status(struct vcpu *v, void *arg) { return evtchn_status(arg); }
static int op_init_control(struct vcpu *v, void *arg) { return evtchn_init_control(arg); }
static int op_expand_array(struct vcpu *v, void *arg) { return evtchn_expand_array(arg); }
static int op_set_priority(struct vcpu *v, void *arg) { return evtchn_set_priority(arg); }

static int op_close(struct vcpu *v, void *arg)
{
    const struct evtchn_close *a = arg;

    return evtchn_close(v->domain, a->port, true);
}

static int op_send(struct vcpu *v, void *arg)
{
    const struct evtchn_send *a = arg;

    return evtchn_send(v->domain, a->port);
}

static int op_bind_vcpu(struct vcpu *v, void *arg)
{
    const struct evtchn_bind_vcpu *a = arg;

    return evtchn_bind_vcpu(a->port, a->vcpu);
}

static int op_unmask(struct vcpu *v, void *arg)
{
    const struct evtchn_unmask *a = arg;

    return evtchn_unmask(v->domain, a->port);
}

static int op_reset(struct vcpu *v, void *arg)
{
    const struct evtchn_reset *a = arg;
    struct domain *d;
    int rc = domain_get_remote(a->dom, &d);

    if ( rc )
        return rc;
    rc = evtchn_reset(d);
    domain_put(d);
    return rc;
}

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
    OP(reset,            0,            PERM_ANY),
    OP(init_control,     HC_COPY_BACK, PERM_ANY),
    OP(expand_array,     0,            PERM_ANY),
    OP(set_priority,     0,            PERM_ANY),
};
#undef OP

long hc_event_channel_op(uint64_t cmd, uint64_t arg, uint64_t a3, uint64_t a4, uint64_t a5,
                         uint64_t a6)
{
    return hc_dispatch(current, evtchn_ops, ARRAY_SIZE(evtchn_ops), cmd, arg);
}
