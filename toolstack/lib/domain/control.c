/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes to a domain that the hypervisor alone makes: pausing, triggers, the memory limit,
 * scheduling weight.  Where the guest is asked by the store, it is not here.
 */
#include <errno.h>
#include <string.h>

#include "ctx/domctl.h"
#include "ctx/sysctl.h"
#include "domain/dom.h"
#include "xenolith/domain.h"
#include "xenolith/host.h"

int xn_domain_pause(struct xn_ctx *ctx, uint32_t domid)
{
    int rc = hc_pausedomain(ctx, domid);

    return rc ? xn_because(ctx, rc, "pausing domain %u", domid) : 0;
}

int xn_domain_unpause(struct xn_ctx *ctx, uint32_t domid)
{
    int rc = hc_unpausedomain(ctx, domid);

    return rc ? xn_because(ctx, rc, "unpausing domain %u", domid) : 0;
}

int xn_domain_trigger(struct xn_ctx *ctx, uint32_t domid, const char *what, int vcpu)
{
    static const struct {
        const char *name;
        uint32_t trigger;
    } table[] = {
        { "nmi", XEN_DOMCTL_SENDTRIGGER_NMI },
        { "reset", XEN_DOMCTL_SENDTRIGGER_RESET },
        { "init", XEN_DOMCTL_SENDTRIGGER_INIT },
        { "power", XEN_DOMCTL_SENDTRIGGER_POWER },
        { "sleep", XEN_DOMCTL_SENDTRIGGER_SLEEP },
    };

    if ( !strcmp(what, "s3resume") )
        return xn_fail(ctx, EOPNOTSUPP, "trigger s3resume is for HVM guests, which are not "
                       "served yet");
    for ( size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++ ) {
        if ( strcmp(what, table[i].name) )
            continue;
        const int rc = hc_sendtrigger(ctx, domid, table[i].trigger, vcpu < 0 ? 0 : (uint32_t)vcpu);

        if ( !rc )
            return 0;
        return xn_because(ctx, rc, "sending %s to domain %u, vCPU %d", what, domid,
                          vcpu < 0 ? 0 : vcpu);
    }
    return xn_fail(ctx, EINVAL, "there is no trigger \"%s\": want nmi, reset, init, power, sleep "
                   "or s3resume", what);
}

int xn_domain_set_maxmem(struct xn_ctx *ctx, uint32_t domid, uint64_t kib)
{
    struct xn_domain d;
    int rc = xn_domain_info(ctx, domid, &d);

    if ( rc )
        return rc;
    if ( kib < d.pages * 4 ) {
        rc = xn_fail(ctx, EINVAL, "domain %u has %llu KiB now, more than the %llu KiB it is to "
                     "be limited to", domid, (unsigned long long)d.pages * 4,
                     (unsigned long long)kib);
        xn_remedy(ctx, "lower what it has with mem-set first");
        return rc;
    }
    rc = hc_max_mem(ctx, domid, kib + DOM_MAXMEM_SLACK);
    if ( !rc )
        rc = dom_note_maxmem(ctx, &d, kib);
    return rc ? xn_because(ctx, rc, "limiting domain %u to %llu KiB", domid,
                           (unsigned long long)kib) : 0;
}

/* Scheduling. */

/* The scheduler of the pool that a domain is in. */
static int sched_of(struct xn_ctx *ctx, uint32_t domid, uint32_t *sched_id)
{
    struct xen_sysctl_cpupool_op op = { .op = XEN_SYSCTL_CPUPOOL_OP_INFO };
    struct xn_domain d;
    int rc = xn_domain_info(ctx, domid, &d);

    if ( rc )
        return rc;
    op.cpupool_id = d.cpupool;
    rc = hc_cpupool_op(ctx, &op, NULL, 0);
    if ( !rc && op.cpupool_id != d.cpupool )
        rc = xn_fail(ctx, ENOENT, "there is no CPU pool %u", d.cpupool);
    if ( rc )
        return rc;
    *sched_id = op.sched_id;
    if ( op.sched_id != XEN_SCHEDULER_CREDIT && op.sched_id != XEN_SCHEDULER_CREDIT2 )
        return xn_fail(ctx, EOPNOTSUPP, "its pool's scheduler, %s, has no weight and cap",
                       xn_sched_name(op.sched_id));
    return 0;
}

/* credit and credit2 have the same two numbers in the same places. */
int xn_domain_get_sched(struct xn_ctx *ctx, uint32_t domid, struct xn_timing *t)
{
    struct xen_domctl_scheduler_op op = { 0 };
    int rc = sched_of(ctx, domid, &op.sched_id);

    if ( !rc )
        rc = hc_sched_get(ctx, domid, &op);
    if ( rc )
        return xn_because(ctx, rc, "asking for domain %u's scheduling", domid);
    t->weight = op.u.credit2.weight;
    t->cap = op.u.credit2.cap;
    return 0;
}

int xn_domain_set_sched(struct xn_ctx *ctx, uint32_t domid, const struct xn_timing *t)
{
    struct xen_domctl_scheduler_op op = { 0 };
    int rc;

    if ( t->weight != XN_UNSET && (t->weight < 1 || t->weight > 65535) )
        return xn_fail(ctx, EINVAL, "a weight of %ld: want 1 to 65535", t->weight);
    if ( t->cap != XN_UNSET && (t->cap < 0 || t->cap > 65535) )
        return xn_fail(ctx, EINVAL, "a cap of %ld: want 0 (none) to 65535 percent", t->cap);
    rc = sched_of(ctx, domid, &op.sched_id);
    if ( !rc )
        rc = hc_sched_get(ctx, domid, &op);
    if ( t->weight != XN_UNSET )
        op.u.credit2.weight = (uint16_t)t->weight;
    if ( t->cap != XN_UNSET )
        op.u.credit2.cap = (uint16_t)t->cap;
    if ( !rc )
        rc = hc_sched_put(ctx, domid, &op);
    return rc ? xn_because(ctx, rc, "setting domain %u's scheduling", domid) : 0;
}
