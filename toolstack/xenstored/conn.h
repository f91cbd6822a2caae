/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection: a client of the socket, or a domain's ring.  Requests are handled in rounds:
 * every connection with something to do gets its turn, replies collect in its output, the
 * journal is sealed, and only then output leaves.
 */
#ifndef XENSTORED_CONN_H
#define XENSTORED_CONN_H

#include <xenabi/io/xs_wire.h>

#include "ring.h"
#include "util.h"

#define MESSAGE_MAX (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)

enum conn_kind {
    CONN_SOCKET,
    CONN_RING,
    CONN_TEST,              /* output stays for the caller to look at */
};

struct domain;

struct conn {
    struct link all, ready, dirty;
    enum conn_kind kind;
    uint16_t key;           /* its name in the journal */
    uint16_t id;            /* of the domain that it speaks for */
    uint16_t target;        /* whose rights it has, too; DOMID_NONE */
    bool privileged;
    bool read_only;
    bool broken;            /* to be closed at the end of the round; a ring stays, unserved */
    bool resetting;         /* a ring that begins anew at the end of the round */
    bool waits_input, waits_output;     /* what the socket is polled for */
    bool more;              /* has input left after its turn */
    int fd;
    struct domain *domain;
    struct ring ring;
    uint32_t port;

    struct buf in;          /* the start of a message */
    struct buf out;
    uint32_t out_new;       /* bytes at its end that are not in the journal */
    uint32_t replies;       /* in it, since it was empty */
    uint32_t lost_events;
    int credit;             /* work that it may still have done in this round */

    struct link watches, txns;
    uint32_t nr_watches, nr_txns, last_txn;
    uint32_t conflicts;     /* transactions that failed in a row */
    uint64_t requests;

    struct xsd_sockmsg req; /* being answered */
};

extern struct link conns;           /* all */
extern unsigned int nr_conns;

struct conn *conn_find(uint16_t key);
/* A client of the socket @fd, whom the journal knows. */
struct conn *conn_new_socket(int fd, bool read_only);
/* It has ended: as conn_free, and the journal knows. */
void conn_end_socket(struct conn *c);
struct conn *conn_new(enum conn_kind kind, uint16_t id);
void conn_free(struct conn *c);
/* Watches and transactions go, and what was half read or written. */
void conn_reset(struct conn *c);

/* Replies to c->req. */
void conn_reply(struct conn *c, const void *data, uint32_t len);
char *conn_reply_room(struct conn *c, uint32_t len);        /* to be filled in at once */
void conn_ack(struct conn *c);
void conn_error(struct conn *c, int error);                 /* positive or negative */
void conn_event(struct conn *c, const char *path, uint32_t path_len, const char *token,
                uint32_t token_len);

/* Put on the lists: something to read, something to write. */
void conn_make_ready(struct conn *c);
void conn_make_dirty(struct conn *c);

/* One turn; and output, once the journal is sealed. */
void conn_serve(struct conn *c);
void conn_put_record(struct conn *c);
void conn_flush(struct conn *c);
bool conn_is_full(const struct conn *c);    /* takes no more requests until output has left */

/* Do other connections' changes have to wait for a transaction that failed too often? */
bool conn_held(const struct conn *c);
extern struct txn *conn_holder;

/*
 * The request at work, which the journal, if it has to be begun anew meanwhile, must hold as one
 * that is still to be handled.  So whoever handles it asks for room before changing anything,
 * and once.
 */
extern struct conn *conn_handling;
extern const char *conn_message;    /* with its header */
extern uint32_t conn_message_len;

/* In the journal, followed by @in bytes of a half-read message and @out of new output. */
struct rec_ring {
    uint32_t req_cons;
    uint32_t rsp_prod;      /* where the first byte of all output belongs */
    uint32_t in, out, out_all;
};

/* request.c: answer the message in c->req. */
void request_handle(struct conn *c, const char *body);

#endif
