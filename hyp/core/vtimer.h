/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vCPU's own timers: single-shot and periodic, which end in VIRQ_TIMER, and the timeout of SCHEDOP_poll. */
#pragma once

#include "core/vcpu.h"

void vtimer_init(struct vcpu *v);       /* sched_init_vcpu calls; v->processor is set */
void vtimer_kill(struct vcpu *v);       /* for good; returns when none runs */
void vtimer_migrate(struct vcpu *v, unsigned int cpu);      /* they follow their vCPU */
void vtimer_set_periodic(struct vcpu *v, uint64_t period_ns);   /* 0: off */
