/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains that the store knows: those introduced, and those that own or may use a node.
 */
#ifndef XENSTORED_DOMAIN_H
#define XENSTORED_DOMAIN_H

#include "tree.h"

struct conn;

struct domain {
    uint16_t id;
    uint16_t target;                /* DOMID_NONE */
    bool introduced;
    bool shutdown;                  /* seen and announced */
    bool dying;                     /* its ring is gone already */
    bool checked;                   /* handle is known */
    uint8_t handle[16];             /* the hypervisor's: another one is another domain */
    uint64_t gfn;
    uint32_t remote_port;
    struct conn *conn;              /* its ring; NULL unless introduced */
    uint32_t nr_conns;              /* connections that speak for it */
    long nodes, bytes;              /* of nodes that it owns */
    unsigned long other_bytes;      /* of watches and transactions */
    uint32_t warned_soft, warned_hard;
};

/* In the journal. */
struct rec_domain {
    uint64_t gfn;
    uint32_t remote_port;
    uint16_t target;
    uint8_t introduced, shutdown;
    uint8_t handle[16];
};

extern struct tally domain_tally;               /* counts for good */

struct domain *domain_find(uint16_t id);        /* NULL if unknown */
struct domain *domain_get(uint16_t id);         /* makes it known */
void domain_each(void (*fn)(struct domain *d));
void domain_reset_all(void);                    /* forget them; for tests */

/* Does the hypervisor have it?  Makes it known if so. */
bool domain_exists(uint16_t id);

/* 0 or -errno.  A domain that is introduced already gets its ring mapped anew. */
int must_check domain_introduce(uint16_t id, uint64_t gfn, uint32_t port);
int must_check domain_introduce_own(void);      /* dom0's kernel */
/* Its ring, watches, nodes and rights go. */
void domain_release(struct domain *d);
void domain_set_target(struct domain *d, uint16_t target);
void domain_resume(struct domain *d);

/* Look which domains have shut down or are gone, and tell those who watch for it. */
void domain_check_all(void);

/* After recovery: map the rings of those that still live, let go of the others. */
void domain_reconnect_all(void);
/* At the end, before others take over: rings stay as they are. */
void domain_put_record(struct domain *d);
void domain_load(uint16_t id, const struct rec_domain *r);

extern bool domain_keep_orphans;                /* -K */

#endif
