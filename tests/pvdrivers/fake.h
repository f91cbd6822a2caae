/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine of two domains in one process, for the drivers' tests: pages of a memory file, so that a grant that is
 * mapped is a second mapping and one that is unmapped faults; channels; a store with watches and transactions.
 * Everything is counted, so that a test can end with fake_check_empty().
 */
#ifndef FAKE_H
#define FAKE_H

#include "pv.h"

#define FAKE_FRONT      5u          /* domain numbers */
#define FAKE_BACK       0u

struct fake_end {
    domid_t domid;
    void (*event)(void *user);      /* what an event or a watch calls, with the user that was given */
    void (*watch)(void *user);
};

extern struct fake_end fake_front, fake_back;       /* a driver's ctx */
extern const struct pv_ops fake_ops;                /* with grant_copy */
extern const struct pv_ops fake_ops_map;            /* without */

/* Injected faults: the n-th next call fails (0: never). */
extern unsigned int fake_fail_alloc, fake_fail_grant, fake_fail_map, fake_fail_copy, fake_fail_txn;
extern char fake_log[256];          /* the last line */
extern unsigned int fake_logs;
extern uint64_t fake_time_ns;

void fake_reset(void);
bool fake_deliver(void);            /* one round of events and watches; false: there was nothing */
void fake_kill(struct fake_end *e); /* as the system does when a process or a domain dies: no word to anybody */
bool fake_is_empty(const struct fake_end *e);       /* it has nothing allocated, lent, mapped, bound, watched */
void fake_check_empty(void);        /* neither has; the pages that tests allocated count, too */
unsigned int fake_channels(void);

/* The store, from a test. */
const char *fake_get(const char *path);             /* NULL: none */
void fake_set(const char *path, const char *value); /* NULL: remove it and all below */
void fake_set_number(const char *path, uint64_t value);

/* Grants, from a test that plays one end. */
void *fake_grant_page(grant_ref_t ref);             /* NULL: not lent */

#endif
