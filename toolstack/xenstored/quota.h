/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of what an unprivileged domain may use.  A hard limit refuses; a soft one warns
 * once, naming the domain and the quota, until use has fallen to nine tenths of it.
 */
#ifndef XENSTORED_QUOTA_H
#define XENSTORED_QUOTA_H

#include "util.h"

enum quota {
    QUOTA_NODES,            /* nodes owned */
    QUOTA_NODE_SIZE,        /* bytes of name, value and permissions of one node */
    QUOTA_WATCHES,
    QUOTA_TRANSACTIONS,     /* open at the same time */
    QUOTA_OUTSTANDING,      /* replies and events not taken yet, before requests wait */
    QUOTA_TXN_NODES,        /* nodes that one transaction may touch */
    QUOTA_MEMORY,           /* bytes of nodes, watches, transactions and replies */
    QUOTA_PERMS,            /* permissions of one node */
    QUOTA_PATH,             /* characters of an absolute path */
    NR_QUOTAS
};

struct quota_limit {
    const char *name;
    unsigned long hard, soft;   /* 0: none */
};
extern struct quota_limit quota_limit[NR_QUOTAS];

struct domain;

/* May @d, holding @used already, hold @more?  Warns when the answer is no, or the limit soft. */
bool quota_allows(struct domain *d, enum quota q, unsigned long used, unsigned long more);

/* "name=value" or name and value apart.  False: no such quota, or not a number. */
bool quota_set(const char *name, const char *value, bool soft);
bool quota_parse(const char *assignment, bool soft);

#endif
