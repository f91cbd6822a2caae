/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ring page between a domain and the store.  Everything in the page can be changed by the
 * domain at any moment: our indexes live here, the domain's are read once and checked.
 */
#ifndef XENSTORED_RING_H
#define XENSTORED_RING_H

#include <xenabi/io/xs_wire.h>

#include "util.h"

struct ring {
    struct xenstore_domain_interface *page;
    uint32_t req_cons;      /* ours; the page's follows when the journal is sealed */
    uint32_t rsp_prod;
    bool by_grant;
};

/* Begin with a page in its present state. */
void ring_attach(struct ring *r, struct xenstore_domain_interface *page);

/*
 * The next request into @msg (MESSAGE_MAX bytes).  @part holds the start of one that has not
 * come whole.  1: there is one; 0: not yet; -ERANGE: nonsense in the indexes; -EPROTO: too
 * long.
 */
int must_check ring_read(struct ring *r, struct buf *part, char *msg);

/*
 * Write as much of @out as there is room for, and show the domain what was read and written.
 * Bytes written, or -ERANGE.  *@notify: the domain has to be told.
 */
int must_check ring_flush(struct ring *r, struct buf *out, bool *notify);

/*
 * Is there more to read?  To be asked after ring_flush has shown what was taken: whoever
 * writes to the ring sends an event only if it sees all before that taken.
 */
bool ring_has_input(const struct ring *r);

/* Does the domain ask to begin anew?  Indexes are zero then. */
bool ring_wants_reset(const struct ring *r);
void ring_reset(struct ring *r);
void ring_set_error(struct ring *r, uint32_t error);    /* XENSTORE_ERROR_* */

#endif
