/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quotas: their table, setting them, and the question whether there is more to be had.
 */
#include "quota.h"

#include <stdlib.h>

#include "domain.h"

struct quota_limit quota_limit[NR_QUOTAS] = {
    [QUOTA_NODES]        = { "nodes", 1000, 0 },
    [QUOTA_NODE_SIZE]    = { "node-size", 2048, 0 },
    [QUOTA_WATCHES]      = { "watches", 128, 0 },
    [QUOTA_TRANSACTIONS] = { "transactions", 10, 0 },
    [QUOTA_OUTSTANDING]  = { "outstanding", 20, 0 },
    [QUOTA_TXN_NODES]    = { "transaction-nodes", 1024, 0 },
    [QUOTA_MEMORY]       = { "memory", (2u << 20) + (1u << 10), 2u << 20 },
    [QUOTA_PERMS]        = { "permissions", 5, 0 },
    [QUOTA_PATH]         = { "path-max", 3072, 0 },
};

static void warn(const struct domain *d, enum quota q, unsigned long value, const char *how)
{
    const struct quota_limit *l = &quota_limit[q];

    if ( log_allowed() )
        log_warn("domain %u: quota %s: %lu is over the %s limit of %lu", d->id, l->name, value,
                 how, how[0] == 's' ? l->soft : l->hard);
}

bool quota_allows(struct domain *d, enum quota q, unsigned long used, unsigned long more)
{
    const struct quota_limit *l = &quota_limit[q];
    const uint32_t bit = 1u << q;
    const unsigned long value = used + more;

    if ( l->soft && value > l->soft && !(d->warned_soft & bit) ) {
        d->warned_soft |= bit;
        warn(d, q, value, "soft");
    } else if ( l->soft && value < l->soft / 10 * 9 )
        d->warned_soft &= ~bit;

    if ( !l->hard || value <= l->hard ) {
        if ( value < l->hard / 10 * 9 )
            d->warned_hard &= ~bit;
        return true;
    }
    if ( !(d->warned_hard & bit) )
        warn(d, q, value, "hard");
    d->warned_hard |= bit;
    return false;
}

static bool set(const char *name, size_t len, const char *value, bool soft)
{
    char *end;
    const unsigned long v = strtoul(value, &end, 10);

    if ( end == value || *end || value[0] == '-' )
        return false;
    for ( struct quota_limit *l = quota_limit; l < quota_limit + NR_QUOTAS; l++ )
        if ( strlen(l->name) == len && !strncmp(l->name, name, len) ) {
            *(soft ? &l->soft : &l->hard) = v;
            return true;
        }
    return false;
}

bool quota_set(const char *name, const char *value, bool soft)
{
    return set(name, strlen(name), value, soft);
}

bool quota_parse(const char *assignment, bool soft)
{
    const char *eq = strchr(assignment, '=');

    return eq && set(assignment, eq - assignment, eq + 1, soft);
}
