/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scheduler: one policy, weighted fair with caps and affinity, work-conserving.
 * It answers to the credit2 control calls.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "core/vcpu.h"

struct xen_domctl_scheduler_op;
struct xen_sysctl_scheduler_op;

void sched_init(void);                              /* boot CPU, before the first vCPU */
void sched_init_cpu(unsigned int cpu);              /* makes pcpu->idle and its curr */
int must_check sched_init_vcpu(struct vcpu *v);     /* chooses v->processor; -XEN_ENOMEM */
void sched_destroy_vcpu(struct vcpu *v);
void sched_init_domain(struct domain *d);

/* @v became runnable or stopped being so (vcpu.c is the caller).  Any context. */
void sched_wake(struct vcpu *v);
void sched_sleep(struct vcpu *v);           /* does not wait until it is off its CPU */
void sched_yield(struct vcpu *v);

/* PCPU_WORK_SCHED: choose who runs here and context_switch() to it. */
void sched_run(void);

/* Affinity changes take effect before they return, apart from a vCPU that is running. */
int must_check sched_set_affinity(struct vcpu *v, const uint64_t *hard, const uint64_t *soft);

/* Control calls.  0, -XEN_EINVAL, -XEN_ENOSYS, -XEN_EOPNOTSUPP, -XEN_EFAULT. */
int sched_domctl(struct domain *d, struct xen_domctl_scheduler_op *op);
int sched_sysctl(struct xen_sysctl_scheduler_op *op);
uint32_t sched_id(void);                    /* XEN_SCHEDULER_* reported: credit2 */

uint64_t sched_idle_ns(unsigned int cpu);   /* time this CPU idled since boot */
uint64_t sched_domain_ns(const struct domain *d);   /* CPU time used by all its vCPUs */
void sched_dump(void);                      /* debug key r */

#endif
