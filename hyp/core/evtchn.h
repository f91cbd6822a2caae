/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels: one-bit notifications between domains, from virtual and physical
 * interrupts and between a domain's vCPUs.  Ports, binding and limits are in
 * evtchn.c; the two guest formats are evtchn_2l.c and evtchn_fifo.c.
 */
#pragma once

#include <xenabi/event_channel.h>
#include "core/domain.h"

int must_check evtchn_init_domain(struct domain *d);    /* -XEN_ENOMEM */
/* Close everything; bounded by preemption.  0 or -XEN_ERESTART. */
int must_check evtchn_destroy_domain(struct domain *d);
void evtchn_free_domain(struct domain *d);              /* last reference gone */

/* The EVTCHNOP_* handlers: private argument copies, permissions included, XEN_E* results. */
int evtchn_alloc_unbound(struct evtchn_alloc_unbound *a);
int evtchn_bind_interdomain(struct evtchn_bind_interdomain *a);
int evtchn_bind_virq(struct evtchn_bind_virq *a);
int evtchn_bind_ipi(struct evtchn_bind_ipi *a);
int evtchn_bind_pirq(struct evtchn_bind_pirq *a);
int evtchn_close(struct domain *d, evtchn_port_t port);
int evtchn_send(struct domain *d, evtchn_port_t port);
int evtchn_status(struct evtchn_status *a);
int evtchn_bind_vcpu(evtchn_port_t port, uint32_t vcpu);
int evtchn_unmask(struct domain *d, evtchn_port_t port);
int evtchn_reset(struct domain *d);
int evtchn_init_control(struct evtchn_init_control *a);
int evtchn_expand_array(struct evtchn_expand_array *a);
int evtchn_set_priority(const struct evtchn_set_priority *a);

/* Virtual interrupts.  Any context without a lock of RANK_SCHED or above: they may wake a vCPU. */
void evtchn_send_vcpu_virq(struct vcpu *v, uint32_t virq);
/* To vCPU 0 of dom0. */
void evtchn_send_global_virq(uint32_t virq);
/* A physical interrupt: @port of @d is bound to it (core/pirq.c calls). */
void evtchn_send_pirq(struct domain *d, evtchn_port_t port);

/*
 * Ports whose consumer is the hypervisor: they lie in @v's domain, @remote may bind them, and what it
 * sends, or that it closed its end, goes to guest_ops' dm_notify.  The guest can do nothing to them.
 * 0; -XEN_EINVAL, -XEN_ENOSPC, -XEN_ENOMEM.
 */
int must_check evtchn_alloc_hyp(struct vcpu *v, domid_t remote, evtchn_port_t *port);
/* False: nobody is bound to it. */
bool evtchn_send_hyp(struct domain *d, evtchn_port_t port);
/* When it is back, dm_notify runs for it nowhere. */
void evtchn_close_hyp(struct domain *d, evtchn_port_t port);

/* SCHEDOP_poll: 1 if @port is pending, 0 if not; -XEN_EINVAL: no such port. */
int evtchn_poll(struct domain *d, evtchn_port_t port);
/* vcpu_info was moved: look at pending words again, so that nothing is lost. */
void evtchn_vcpu_info_moved(struct vcpu *v);

void evtchn_dump(void);                                 /* debug key e */

#include "core/vcpu.h"

/* An event is pending and not masked.  The guest may change both bytes at any time. */
static inline bool vcpu_has_upcall(const struct vcpu *v)
{
    return read_once(v->vcpu_info->evtchn_upcall_pending) &&
           !read_once(v->vcpu_info->evtchn_upcall_mask);
}
