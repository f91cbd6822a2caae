/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scheduler's settings: affinity, weights and caps, control calls, the debug key. */
#include "core/sched.h"
#include "core/sched_priv.h"

#include <xenabi/domctl.h>
#include <xenabi/sysctl.h>
#include <xenabi/vcpu.h>
#include "base/bitmap.h"
#include "base/log.h"
#include "base/string.h"
#include "core/shared_info.h"
#include "cpu/pcpu.h"
#include "kern/clock.h"

/* The lock is held; a waiting vCPU is placed anew, one that runs is asked to choose. */
static void apply_affinity(struct sched_unit *u)
{
    struct vcpu *v = u->v;
    BITMAP_DECLARE(both, NR_CPUS);

    bitmap_and(both, v->hard_affinity, v->soft_affinity, NR_CPUS);
    bitmap_and(both, both, sched_online, NR_CPUS);
    u->soft_counts = !bitmap_empty(both, NR_CPUS) &&
                     !bitmap_subset(v->hard_affinity, both, NR_CPUS);

    if ( u->queued ) {
        u->target = -1;
        sched_place(u, clock_now_ns());
    } else if ( u->on_cpu && !test_bit(v->processor, v->hard_affinity) ) {
        sched_ask(v->processor);
    }
}

int sched_set_affinity(struct vcpu *v, const uint64_t *hard, const uint64_t *soft)
{
    struct sched_unit *u = v->sched;

    if ( hard && !bitmap_intersects(hard, sched_online, NR_CPUS) )
        return -XEN_EINVAL;

    spin_lock(&sched_lock);
    if ( hard )
        memcpy(u->overridden ? u->saved_affinity : v->hard_affinity, hard,
               sizeof(v->hard_affinity));
    if ( soft )
        memcpy(v->soft_affinity, soft, sizeof(v->soft_affinity));
    apply_affinity(u);
    spin_unlock(&sched_lock);
    return 0;
}

int sched_pin_override(struct vcpu *v, int32_t cpu)
{
    struct sched_unit *u = v->sched;
    int rc = 0;

    if ( cpu >= 0 && (cpu >= NR_CPUS || !test_bit(cpu, sched_online)) )
        return -XEN_EINVAL;

    spin_lock(&sched_lock);
    if ( cpu < 0 ) {
        if ( !u->overridden ) {
            rc = -XEN_ENOENT;
        } else {
            u->overridden = false;
            memcpy(v->hard_affinity, u->saved_affinity, sizeof(v->hard_affinity));
        }
    } else if ( u->overridden ) {
        rc = -XEN_EBUSY;
    } else {
        u->overridden = true;
        memcpy(u->saved_affinity, v->hard_affinity, sizeof(v->hard_affinity));
        memset(v->hard_affinity, 0, sizeof(v->hard_affinity));
        set_bit(cpu, v->hard_affinity);
    }
    if ( rc == 0 )
        apply_affinity(u);
    spin_unlock(&sched_lock);
    return rc;
}

/* Weights and caps are a domain's; there is nothing to set for one vCPU of it. */
int sched_domctl(struct domain *d, struct xen_domctl_scheduler_op *op)
{
    int rc = 0;

    if ( op->sched_id != XEN_SCHEDULER_CREDIT2 )
        return -XEN_EINVAL;

    spin_lock(&sched_lock);
    switch ( op->cmd ) {
    case XEN_DOMCTL_SCHEDOP_getinfo:
        op->u.credit2.weight = d->sched_weight;
        op->u.credit2.cap = d->sched_cap;
        break;

    case XEN_DOMCTL_SCHEDOP_putinfo:
        /* 0 and ~0 are how callers say "leave it". */
        if ( op->u.credit2.weight != 0 )
            write_once(d->sched_weight, op->u.credit2.weight);
        if ( op->u.credit2.cap != UINT16_MAX ) {
            d->sched_cap_used_ns = 0;
            write_once(d->sched_cap, op->u.credit2.cap);
        }
        break;

    default:
        rc = -XEN_EINVAL;
        break;
    }
    spin_unlock(&sched_lock);
    return rc;
}

int sched_sysctl(struct xen_sysctl_scheduler_op *op)
{
    uint32_t us;

    if ( op->sched_id != XEN_SCHEDULER_CREDIT2 || op->cpupool_id != 0 )
        return -XEN_EINVAL;

    switch ( op->cmd ) {
    case XEN_SYSCTL_SCHEDOP_putinfo:
        us = op->u.sched_credit2.ratelimit_us;
        if ( us && (us < XEN_SYSCTL_SCHED_RATELIMIT_MIN || us > XEN_SYSCTL_SCHED_RATELIMIT_MAX) )
            return -XEN_EINVAL;
        write_once(sched_ratelimit_ns, (uint64_t)us * 1000);
        return 0;

    case XEN_SYSCTL_SCHEDOP_getinfo:
        op->u.sched_credit2.ratelimit_us = sched_ratelimit_ns / 1000;
        return 0;

    default:
        return -XEN_EINVAL;
    }
}

static uint64_t running_ns(const struct vcpu *v)
{
    struct vcpu_runstate_info info;

    runstate_get(v, &info);
    return info.time[RUNSTATE_running];
}

uint64_t sched_idle_ns(unsigned int cpu) { return running_ns(pcpu_get(cpu)->idle); }

uint64_t sched_domain_ns(const struct domain *d)
{
    const struct vcpu *v;
    uint64_t ns = 0;

    for_each_vcpu ( d, v )
        ns += running_ns(v);
    return ns;
}

void sched_dump(void)
{
    const struct sched_unit *u;

    log_err("scheduler: credit2, ratelimit %lu us, now %lu ns\n", sched_ratelimit_ns / 1000,
            clock_now_ns());
    spin_lock(&sched_lock);
    for ( unsigned int cpu = 0; cpu < nr_cpus; cpu++ ) {
        const struct sched_cpu *c = &sched_cpus[cpu];

        if ( c->curr )
            log_err("cpu%u: %pv credit %ld us%s\n", cpu, c->curr->v, c->curr->credit / 1000,
                    c->asked ? ", about to choose" : "");
        else
            log_err("cpu%u: idle%s\n", cpu, c->asked ? ", about to choose" : "");
    }
    list_for_each_entry ( u, &sched_queue, link )
        log_err("waiting: %pv credit %ld us weight %u cap %u last cpu%u\n", u->v,
                u->credit / 1000, u->v->domain->sched_weight, u->v->domain->sched_cap,
                u->v->processor);
    spin_unlock(&sched_lock);
}
