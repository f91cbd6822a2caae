/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scheduler: one policy, weighted fair with caps and affinity, work-conserving.
 * It answers to the credit2 control calls.
 */
#pragma once

#include "core/vcpu.h"

struct xen_domctl_scheduler_op;
struct xen_sysctl_scheduler_op;

void sched_init(void);                              /* boot CPU, before the first vCPU */
/*
 * Makes pcpu->idle and its curr, and takes the CPU into use.  Each CPU on its own stack,
 * or the boot CPU for it; before it first returns from the entry code.
 */
void sched_init_cpu(unsigned int cpu);
/*
 * Chooses v->processor, allows every CPU, and sets up the guest timers (core/vtimer.h).
 * v->domain and v->id are set.  -XEN_ENOMEM: nothing is left behind.
 */
int must_check sched_init_vcpu(struct vcpu *v);
void sched_destroy_vcpu(struct vcpu *v);            /* stopped for good, and not running */
void sched_init_domain(struct domain *d);           /* default weight, no cap */

/* @v became runnable or stopped being so (vcpu.c is the caller).  Any context. */
void sched_wake(struct vcpu *v);
void sched_sleep(struct vcpu *v);           /* does not wait until it is off its CPU */
void sched_yield(struct vcpu *v);           /* @v is current */

/*
 * PCPU_WORK_SCHED: choose who runs here and context_switch() to it.
 *
 * The hand-over between CPUs: a vCPU that leaves a CPU is put into the queue, where others
 * find it, only after context_switch() has returned here.  Its registers are in v->regs all the
 * time, so by then nothing of it is left on this CPU, and is_running is cleared.
 */
void sched_run(void);

/*
 * Affinity changes take effect before they return, apart from a vCPU that is running.
 * NULL: leave as it is.  -XEN_EINVAL: no CPU in use is in @hard.
 */
int must_check sched_set_affinity(struct vcpu *v, const uint64_t *hard, const uint64_t *soft);
/* SCHEDOP_pin_override: @cpu >= 0 pins for a while, < 0 undoes it.  -XEN_EINVAL, -XEN_EBUSY, -XEN_ENOENT. */
int must_check sched_pin_override(struct vcpu *v, int32_t cpu);

/* Control calls.  0, -XEN_EINVAL.  The caller has checked permission and copies back. */
int sched_domctl(struct domain *d, struct xen_domctl_scheduler_op *op);
int sched_sysctl(struct xen_sysctl_scheduler_op *op);

uint64_t sched_idle_ns(unsigned int cpu);   /* time this CPU idled since boot */
uint64_t sched_domain_ns(const struct domain *d);   /* CPU time used by all its vCPUs */
void sched_dump(void);                      /* debug key r */
