/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the hypervisor writes into guests' shared pages: time, wall clock, run states. */
#pragma once

#include "core/vcpu.h"

struct vcpu_runstate_info;

/*
 * Publish the TSC scale and system time in vcpu_info.time and the secondary area.  The
 * scale never changes: once is enough, until the place is a new one or was cleared by the guest.
 */
void time_update_vcpu(struct vcpu *v);
/* After create, XENPF_settime (every domain) and a change of time_offset.  Any context. */
void time_update_wallclock(struct domain *d);

/*
 * A hardware guest's shared_info, vcpu_info and run states are for 64-bit code at first.  From now on they have
 * the form for such as @is_32bit says: that which last set up its hypercall page or HVM_PARAM_CALLBACK_IRQ.
 */
void shared_info_set_form(struct domain *d, bool is_32bit);

/* Account the time since the last change and enter @state (RUNSTATE_*).  sched lock held. */
void runstate_change(struct vcpu *v, uint32_t state, uint64_t now_ns);
/*
 * Write run state and stale time to the areas that the guest registered by virtual address.
 * @v is current, or about to leave this CPU.  In guest user mode they may not be mapped: then it
 * sets pv.need_update_runstate, and whoever switches to kernel mode calls again.
 */
void runstate_publish(struct vcpu *v);
void runstate_get(const struct vcpu *v, struct vcpu_runstate_info *out);
