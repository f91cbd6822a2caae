/* SPDX-License-Identifier: MIT */
/* Pages lent to a peer, and copies from and to pages that it lent. */
#ifndef PV_LEND_H
#define PV_LEND_H

#include "xenbus/xenbus.h"

/* More than these and the device ends: a back end must not collect our memory by reconnecting. */
#define LEND_MAX_LOST 64u

/* Make a page and lend it, unless there is one already.  On failure both are nothing. */
int lend_page(struct xenbus *bus, void **page, grant_ref_t *ref, bool readonly);

/* Take @ref back, if it is one.  False: the peer keeps the page, which *@lost counts then. */
bool lend_end(struct xenbus *bus, grant_ref_t *ref, unsigned int *lost);

/* Take a page of our own back and free it.  One that the peer keeps is nobody's from now on. */
void lend_drop(struct xenbus *bus, void **page, grant_ref_t *ref, unsigned int *lost);

/* -XEN_EBUSY, and a line in the log, when too many were lost. */
int lend_check_lost(struct xenbus *bus, unsigned int lost);

/* The borrower's: do @nr copies, by grant copy or, where there is none, through mappings. */
void lend_copy(struct xenbus *bus, struct pv_copy *copies, unsigned int nr);

#endif
