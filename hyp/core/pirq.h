/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical interrupts as a domain sees them: pirq numbers, equal to the GSI for
 * those of the I/O APICs, allocated above them for MSI, each mapped to an irq
 * of plat/irq.h and bound to an event channel.
 */
#pragma once

#include "core/domain.h"

#define NR_PIRQS    1024        /* highest pirq number + 1 */

struct physdev_map_pirq;

void pirq_destroy_domain(struct domain *d);             /* unmaps and frees all */

/* PHYSDEVOP_map_pirq for GSI and MSI types; @a->pirq -1: choose one.  XEN_E*. */
int must_check pirq_map(struct domain *d, struct physdev_map_pirq *a);
int must_check pirq_unmap(struct domain *d, int pirq);      /* unbinds it first.  -XEN_EINVAL */
/*
 * EVTCHNOP_bind_pirq's half: route the interrupt to @port, on vCPU 0.  evtchn_lock held.
 * -XEN_EBUSY, -XEN_EEXIST, -XEN_EINVAL.
 */
int must_check pirq_bind(struct domain *d, uint32_t pirq, evtchn_port_t port);
/* @port is the one that was bound: nothing happens if the pirq has another by now.  evtchn_lock held. */
void pirq_unbind(struct domain *d, uint32_t pirq, evtchn_port_t port);
void pirq_set_vcpu(struct domain *d, uint32_t pirq, uint32_t vcpu);     /* affinity follows */
/* The guest has handled it: EOI and unmask the line.  -XEN_EINVAL. */
int pirq_eoi(struct domain *d, uint32_t pirq);
bool pirq_needs_eoi(struct domain *d, uint32_t pirq);   /* XENIRQSTAT_needs_eoi */
/* PHYSDEVOP_pirq_eoi_gmfn_v2: the bitmap page where the guest reads needs_eoi. */
int must_check pirq_set_eoi_map(struct domain *d, uint64_t gmfn);
