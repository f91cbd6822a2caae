/* SPDX-License-Identifier: MIT */
/*
 * Event channels, in the two-level format: one pending and one mask bit a port.
 *
 * A guest starts with delivery off.  events_on lets the hypervisor interrupt
 * us; handlers then run on the interrupted stack with delivery off.
 */
#ifndef GUEST_EVENT_H
#define GUEST_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <xenabi/xen.h>

extern struct shared_info *shared_info;
typedef void (*event_fn)(uint32_t port);

void event_init(void);                  /* maps shared_info; all ports masked */
struct vcpu_info *event_vcpu(void);     /* this vCPU's part of it */

/* Binding.  The new port, or -XEN_E*.  New ports stay masked until event_unmask. */
long event_alloc_unbound(uint16_t dom, uint16_t remote);
long event_bind_interdomain(uint16_t remote, uint32_t remote_port);
long event_bind_virq(uint32_t virq, uint32_t vcpu);
long event_bind_ipi(uint32_t vcpu);
long event_close(uint32_t port);
long event_send(uint32_t port);
long event_op(int cmd, void *arg);      /* any EVTCHNOP_* */

void event_set_handler(uint32_t port, event_fn fn);
void event_mask(uint32_t port);
long event_unmask(uint32_t port);       /* by hypercall, so that pending ones are delivered */
bool event_pending(uint32_t port);
bool event_clear(uint32_t port);        /* returns whether it was pending */

void events_on(void);
void events_off(void);
void events_wait(void);                 /* events_on and sleep until there was one, without a gap between them */
void event_upcall(void);                /* from the trap path */

/* Sleep until @port is pending or system time @deadline_ns (0: none) has passed.  0 or -XEN_E*. */
long event_poll(uint32_t port, uint64_t deadline_ns);
long event_poll_any(const uint32_t *ports, unsigned int nr, uint64_t deadline_ns);     /* 128 at most */

#endif
