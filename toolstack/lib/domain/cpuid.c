/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpuid=: what a guest's processors say they are, below what its type gets on this host.  The
 * hypervisor cuts away what it can't give and what needs something that was turned off.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctx/domctl.h"
#include "ctx/sysctl.h"
#include "domain/dom.h"
#include "domain/machine.h"

#define LEAVES  512
#define MSRS    16

struct policy {
    struct xen_cpuid_leaf leaves[LEAVES];
    struct xen_msr_entry msrs[MSRS];
    uint32_t nr_leaves, nr_msrs;
};

/* The policies that matter: the domain's, the host's, and what is to be changed. */
struct change {
    struct policy now, host, want;
};

static int get(struct xn_ctx *ctx, uint32_t domid, struct policy *p)
{
    p->nr_leaves = LEAVES;
    p->nr_msrs = MSRS;
    if ( domid == DOMID_INVALID )
        return hc_host_cpu_policy(ctx, p->leaves, &p->nr_leaves, p->msrs, &p->nr_msrs);
    return hc_get_cpu_policy(ctx, domid, p->leaves, &p->nr_leaves, p->msrs, &p->nr_msrs);
}

/* What a policy has there; zeros where it has nothing. */
static void registers(const struct policy *p, const struct xn_cpuid *e, uint64_t value[4])
{
    memset(value, 0, 4 * sizeof(*value));
    for ( uint32_t i = 0; e->is_msr && i < p->nr_msrs; i++ )
        if ( p->msrs[i].idx == e->leaf )
            value[0] = p->msrs[i].val;
    for ( uint32_t i = 0; !e->is_msr && i < p->nr_leaves; i++ ) {
        const struct xen_cpuid_leaf *l = &p->leaves[i];

        if ( l->leaf == e->leaf && l->subleaf == e->subleaf )
            memcpy(value, (const uint64_t[]){ l->a, l->b, l->c, l->d }, 4 * sizeof(*value));
    }
}

/* The bits that have one of these letters. */
static uint64_t lettered(const char *bits, const char *letters)
{
    uint64_t mask = 0;

    for ( ; bits && *bits; bits++ )
        mask = mask << 1 | (strchr(letters, *bits) != NULL);
    return mask;
}

static void change_one(struct change *ch, const struct xn_cpuid *e)
{
    struct policy *want = &ch->want;
    uint64_t now[4], host[4];

    registers(&ch->now, e, now);
    registers(&ch->host, e, host);
    for ( int r = 0; r < 4; r++ ) {
        const uint64_t keep = lettered(e->bits[r], "ks");

        if ( e->bits[r] )
            now[r] = (now[r] & ~keep & ~lettered(e->bits[r], "0")) | (host[r] & keep) |
                     lettered(e->bits[r], "1");
    }
    if ( e->is_msr && want->nr_msrs < MSRS )
        want->msrs[want->nr_msrs++] = (struct xen_msr_entry){ .idx = e->leaf, .val = now[0] };
    if ( !e->is_msr && want->nr_leaves < LEAVES )
        want->leaves[want->nr_leaves++] =
            (struct xen_cpuid_leaf){ e->leaf, e->subleaf, now[0], now[1], now[2], now[3] };
}

/* Bits that had to be 0 or 1 and are not. */
static void compare(struct xn_ctx *ctx, const struct policy *got, const struct xn_cpuid *e)
{
    static const char *const names[] = { "EAX", "EBX", "ECX", "EDX" };
    uint64_t value[4], wrong;

    registers(got, e, value);
    for ( int r = 0; r < 4; r++ ) {
        wrong = (value[r] & lettered(e->bits[r], "0")) | (~value[r] & lettered(e->bits[r], "1"));
        if ( wrong && e->is_msr )
            xn_log(ctx, XN_WARN, "cpuid: this host can't give the guest bits 0x%llx of MSR 0x%x as asked "
                   "for", (unsigned long long)wrong, e->leaf);
        else if ( wrong )
            xn_log(ctx, XN_WARN, "cpuid: this host can't give the guest bits 0x%llx of leaf 0x%x's %s as "
                   "asked for", (unsigned long long)wrong, e->leaf, names[r]);
    }
}

static int apply(struct xn_ctx *ctx, uint32_t domid, const struct xn_domain_config *c,
                 struct change *ch)
{
    int rc = get(ctx, domid, &ch->now);

    if ( !rc )
        rc = get(ctx, DOMID_INVALID, &ch->host);
    if ( rc )
        return rc;
    for ( size_t i = 0; i < c->nr_cpuids; i++ )
        change_one(ch, &c->cpuids[i]);
    rc = hc_set_cpu_policy(ctx, domid, ch->want.leaves, ch->want.nr_leaves, ch->want.msrs,
                           ch->want.nr_msrs);
    if ( rc )
        xn_remedy(ctx, "a highest leaf must not be above the host's, and every leaf one that guests have");
    else
        rc = get(ctx, domid, &ch->now);
    for ( size_t i = 0; !rc && i < c->nr_cpuids; i++ )
        compare(ctx, &ch->now, &c->cpuids[i]);
    return rc;
}

int cpuid_apply(struct xn_ctx *ctx, uint32_t domid, const struct xn_domain_config *c)
{
    struct change *ch;
    int rc;

    if ( !c->nr_cpuids )
        return 0;
    ch = calloc(1, sizeof(*ch));
    rc = ch ? apply(ctx, domid, c, ch) : xn_fail(ctx, ENOMEM, "no memory for CPU policies");
    free(ch);
    return rc ? xn_because(ctx, rc, "cpuid= of domain %u", domid) : 0;
}
