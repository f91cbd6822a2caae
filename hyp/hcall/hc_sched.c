/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SCHEDOP_*: what a vCPU does with its time, and how a domain ends. */
#include <xenabi/sched.h>

#include "core/evtchn.h"
#include "core/sched.h"
#include "core/watchdog.h"
#include "cpu/pcpu.h"
#include "hcall/hypercall.h"

#define POLL_PORTS_MAX  128

static int op_yield(struct vcpu *v, struct domain *d, void *arg)
{
    sched_yield(v);
    return 0;
}

/* Unmasking first is the point of it: no event can slip in between and be slept over. */
static int op_block(struct vcpu *v, struct domain *d, void *arg)
{
    write_once(v->vcpu_info->evtchn_upcall_mask, 0);
    vcpu_block(v);
    return 0;
}

HC_DO(op_shutdown, sched_shutdown, domain_shutdown(d, (uint8_t)a->reason))
HC_DO(op_shutdown_code, sched_shutdown, domain_set_shutdown_code(d, (uint8_t)a->reason))
HC_DO(op_remote_shutdown, sched_remote_shutdown, domain_shutdown(d, (uint8_t)a->reason))

/* 1: one of the ports is pending; 0: none; negative: a port cannot be read or does not exist. */
static int poll_ports(struct vcpu *v, const struct sched_poll *a)
{
    int rc = 0;

    for ( uint32_t i = 0; !rc && i < a->nr_ports; i++ ) {
        evtchn_port_t port;

        rc = copy_from_guest_index(&port, a->ports, i, sizeof(port)) ? evtchn_poll(v->domain, port)
                                                                     : -XEN_EFAULT;
    }
    return rc;
}

static int op_poll(struct vcpu *v, struct domain *d, void *arg)
{
    const struct sched_poll *a = arg;
    evtchn_port_t port = 0;
    int rc;

    if ( a->nr_ports > POLL_PORTS_MAX )
        return -XEN_EINVAL;
    if ( !guest_range_ok(a->ports, a->nr_ports * sizeof(port)) )
        return -XEN_EFAULT;
    if ( a->nr_ports == 1 && !copy_from_guest(&port, a->ports, sizeof(port)) )
        return -XEN_EFAULT;

    /* Block first, look then: who sends in between sees that somebody polls. */
    write_once(v->poll_port, port);
    atomic_or32(&v->flags, VCPUF_POLLING);
    vcpu_block(v);
    rc = poll_ports(v, a);
    if ( rc || !(read_once(v->flags) & VCPUF_BLOCKED) ) {
        vcpu_unblock(v);
        return min(rc, 0);
    }

    /* If it is woken before this, the timeout finds it not polling, and does nothing. */
    if ( a->timeout )
        timer_arm(&v->poll_timer, a->timeout);
    return 0;
}

HC_OP(op_watchdog, sched_watchdog, watchdog_set(d, a->id, a->timeout))
HC_OP(op_pin_override, sched_pin_override, sched_pin_override(v, a->pcpu))

static const struct hc_op sched_ops[] = {
    [SCHEDOP_yield]           = { op_yield },
    [SCHEDOP_block]           = { op_block },
    [SCHEDOP_shutdown]        = { op_shutdown, sizeof(struct sched_shutdown) },
    [SCHEDOP_poll]            = { op_poll, sizeof(struct sched_poll) },
    [SCHEDOP_remote_shutdown] = { op_remote_shutdown, sizeof(struct sched_remote_shutdown), HC_DOMAIN, PERM_CONTROL },
    [SCHEDOP_shutdown_code]   = { op_shutdown_code, sizeof(struct sched_shutdown) },
    [SCHEDOP_watchdog]        = { op_watchdog, sizeof(struct sched_watchdog) },
    [SCHEDOP_pin_override]    = { op_pin_override, sizeof(struct sched_pin_override), 0, PERM_HARDWARE },
};

HC_CALL(sched_op, hc_dispatch(current, sched_ops, ARRAY_SIZE(sched_ops), a1, a2))
