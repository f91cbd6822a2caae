/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections: taking requests in turns, collecting output, and letting it out when the
 * journal has what it tells of.
 *
 * Fairness is by deficit round robin: a turn adds CREDIT units to what a connection may use, a
 * request takes units by its work, and who is in debt sits turns out.  Output is bounded by
 * not taking requests from those who do not take their replies; events, which others cause,
 * end a socket client that leaves OUT_MAX bytes of them, and are lost to such a domain.
 */
#include "conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "domain.h"
#include "hv.h"
#include "journal.h"
#include "keeper.h"
#include "loop.h"
#include "quota.h"
#include "txn.h"
#include "watch.h"

#define CREDIT       64             /* units a turn; a small request takes one */
#define OUT_STOP     (64u << 10)    /* a socket's output that stops its requests */
#define OUT_MAX      (2u << 20)     /* ... that closes it */
#define RING_OUT_MAX (128u << 10)   /* a domain's output, before events are lost */
#define READ_SIZE    (32u << 10)

struct link conns = { &conns, &conns };
unsigned int nr_conns;
struct txn *conn_holder;
struct conn *conn_handling;
const char *conn_message;
uint32_t conn_message_len;

struct conn *conn_new(enum conn_kind kind, uint16_t id)
{
    struct conn *c = xalloc(sizeof(*c));

    c->kind = kind;
    c->id = c->key = id;
    c->target = DOMID_NONE;
    c->fd = -1;
    c->privileged = id == 0;
    c->domain = domain_get(id);
    c->domain->nr_conns++;
    list_init(&c->ready);
    list_init(&c->dirty);
    list_init(&c->watches);
    list_init(&c->txns);
    list_append(&conns, &c->all);
    nr_conns++;
    return c;
}

struct conn *conn_find(uint16_t key)
{
    for ( struct link *l = conns.next; l != &conns; l = l->next )
        if ( LIST_ENTRY(l, struct conn, all)->key == key )
            return LIST_ENTRY(l, struct conn, all);
    return NULL;
}

struct conn *conn_new_socket(int fd, bool read_only)
{
    struct conn *c = conn_new(CONN_SOCKET, 0);

    c->fd = fd;
    c->key = KEY_SOCKET | fd;
    c->read_only = read_only;
    return c;
}

void conn_end_socket(struct conn *c)
{
    if ( journal_admit(REC_SPACE(0, 0), false) == 0 )
        journal_put(REC_CONN_END, c->key, 0, NULL, NULL, 0);
    journal_seal();             /* before the file can be another connection's */
    keeper_busy(c->fd, false);
    conn_free(c);
}

void conn_reset(struct conn *c)
{
    watch_remove_all(c);
    txn_abort_all(c);
    buf_free(&c->in);
    buf_free(&c->out);
    c->out_new = c->replies = c->lost_events = 0;
    c->conflicts = 0;
}

void conn_free(struct conn *c)
{
    conn_reset(c);
    list_remove(&c->all);
    list_remove(&c->ready);
    list_remove(&c->dirty);
    nr_conns--;
    c->domain->nr_conns--;
    if ( c->fd >= 0 )
        close(c->fd);
    free(c);
}

/* Output. */

static char *put_header(struct conn *c, uint32_t type, uint32_t len)
{
    const struct xsd_sockmsg h = { type, c->req.req_id, c->req.tx_id, len };
    char *p = buf_room(&c->out, sizeof(h) + len);

    memcpy(p, &h, sizeof(h));
    c->out_new += sizeof(h) + len;
    c->replies++;
    conn_make_dirty(c);
    return p + sizeof(h);
}

char *conn_reply_room(struct conn *c, uint32_t len)
{
    return put_header(c, c->req.type, len);
}

void conn_reply(struct conn *c, const void *data, uint32_t len)
{
    char *p;

    if ( len > XENSTORE_PAYLOAD_MAX ) {
        conn_error(c, E2BIG);
        return;
    }
    p = put_header(c, c->req.type, len);
    if ( len )
        memcpy(p, data, len);
}

void conn_ack(struct conn *c)
{
    conn_reply(c, "OK", 3);
}

void conn_error(struct conn *c, int error)
{
    static const struct {
        int error;
        const char *name;
    } names[] = {
        { EINVAL, "EINVAL" }, { EACCES, "EACCES" }, { EEXIST, "EEXIST" }, { EISDIR, "EISDIR" },
        { ENOENT, "ENOENT" }, { ENOMEM, "ENOMEM" }, { ENOSPC, "ENOSPC" }, { EIO, "EIO" },
        { ENOTEMPTY, "ENOTEMPTY" }, { ENOSYS, "ENOSYS" }, { EROFS, "EROFS" },
        { EBUSY, "EBUSY" }, { EAGAIN, "EAGAIN" }, { EISCONN, "EISCONN" }, { E2BIG, "E2BIG" },
        { EPERM, "EPERM" },
    };
    const char *name = "EINVAL";
    char *p;

    if ( error < 0 )
        error = -error;
    for ( unsigned int i = 0; i < ARRAY_SIZE(names); i++ )
        if ( names[i].error == error )
            name = names[i].name;
    p = put_header(c, XS_ERROR, strlen(name) + 1);
    strcpy(p, name);
    if ( log_traces() )
        log_line(LOG_LEVEL_TRACE, "%u/%d: error %s", c->id, c->fd, name);
}

void conn_event(struct conn *c, const char *path, uint32_t path_len, const char *token,
                uint32_t token_len)
{
    const struct xsd_sockmsg req = c->req;
    const uint32_t max = c->kind == CONN_RING && !c->privileged ? RING_OUT_MAX : OUT_MAX;
    char *p;

    if ( c->broken || path_len + token_len > XENSTORE_PAYLOAD_MAX )
        return;
    if ( c->out.len > max ) {
        if ( log_allowed() )
            log_warn("domain %u: does not take its watch events: %s", c->id,
                     c->kind == CONN_RING ? "one is lost" : "connection closed");
        c->lost_events++;
        c->broken = c->kind == CONN_SOCKET;
        conn_make_dirty(c);
        return;
    }
    c->req = (struct xsd_sockmsg){ .type = XS_WATCH_EVENT };
    p = put_header(c, XS_WATCH_EVENT, path_len + token_len);
    memcpy(p, path, path_len);
    memcpy(p + path_len, token, token_len);
    c->req = req;
}

/* Input. */

bool conn_is_full(const struct conn *c)
{
    if ( c->kind == CONN_RING && !c->privileged && quota_limit[QUOTA_OUTSTANDING].hard )
        return c->out.len && c->replies >= quota_limit[QUOTA_OUTSTANDING].hard;
    return c->out.len > OUT_STOP;
}

bool conn_held(const struct conn *c)
{
    if ( !conn_holder || c->privileged )
        return false;
    if ( now_ms() < conn_holder->held_until )
        return true;
    conn_holder = NULL;
    return false;
}

static void handle(struct conn *c, const char *msg)
{
    const uint32_t before = c->out.len;

    memcpy(&c->req, msg, sizeof(c->req));
    c->requests++;
    c->credit--;
    conn_handling = c;
    conn_message = msg;
    conn_message_len = sizeof(c->req) + c->req.len;
    request_handle(c, msg + sizeof(c->req));
    conn_handling = NULL;
    c->credit -= (c->req.len + (c->out.len > before ? c->out.len - before : 0)) / 1024;
}

static void break_ring(struct conn *c, int rc)
{
    log_warn("domain %u: %s in its store ring; not served until it reconnects", c->id,
             rc == -EPROTO ? "a message that is too long" : "nonsense indexes");
    ring_set_error(&c->ring, rc == -EPROTO ? XENSTORE_ERROR_PROTO : XENSTORE_ERROR_RINGIDX);
    c->broken = true;
    conn_make_dirty(c);
}

static void serve_ring(struct conn *c)
{
    static char msg[MESSAGE_MAX];

    if ( ring_wants_reset(&c->ring) && !c->resetting ) {
        log_info("domain %u: reconnects", c->id);
        if ( journal_admit(REC_SPACE(0, 0), false) == 0 )
            journal_put(REC_RESET, c->id, 0, NULL, NULL, 0);
        conn_reset(c);
        c->ring.req_cons = c->ring.rsp_prod = 0;
        c->resetting = true;
        conn_make_dirty(c);
        return;
    }
    c->more = false;
    while ( !c->broken ) {
        const uint32_t before = c->ring.req_cons;
        int rc;

        if ( conn_is_full(c) )
            return;             /* output that leaves makes it ready again */
        if ( c->credit <= 0 || conn_held(c) ) {
            c->more = true;
            return;
        }
        rc = ring_read(&c->ring, &c->in, msg);
        if ( rc < 0 )
            break_ring(c, rc);
        if ( c->ring.req_cons != before )
            conn_make_dirty(c);
        if ( rc <= 0 )
            return;
        handle(c, msg);
    }
}

/* Handle the whole messages in @len bytes; how many bytes those were. */
static uint32_t serve_bytes(struct conn *c, const char *p, uint32_t len)
{
    const char *start = p;
    struct xsd_sockmsg h;

    c->more = false;
    while ( !c->broken && len >= sizeof(h) ) {
        memcpy(&h, p, sizeof(h));
        if ( h.len > XENSTORE_PAYLOAD_MAX ) {
            log_info("socket %d: message of %u bytes; connection closed", c->fd, h.len);
            c->broken = true;
            conn_make_dirty(c);
            break;
        }
        if ( len < sizeof(h) + h.len || conn_is_full(c) )
            break;
        if ( c->credit <= 0 ) {
            c->more = true;
            break;
        }
        handle(c, p);
        p += sizeof(h) + h.len;
        len -= sizeof(h) + h.len;
    }
    return p - start;
}

static void serve_socket(struct conn *c)
{
    static char bytes[READ_SIZE];
    ssize_t n = 0;
    uint32_t done;

    keeper_busy(c->fd, true);
    if ( c->in.len < MESSAGE_MAX && !conn_is_full(c) ) {
        n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if ( n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ) {
            c->broken = true;
            conn_make_dirty(c);
            return;
        }
    }
    if ( c->in.len == 0 && n > 0 ) {
        done = serve_bytes(c, bytes, n);
        buf_add(&c->in, bytes + done, n - done);
        return;
    }
    if ( n > 0 )
        buf_add(&c->in, bytes, n);
    done = serve_bytes(c, buf_data(&c->in), c->in.len);
    buf_drop(&c->in, done);
}

void conn_serve(struct conn *c)
{
    c->credit += CREDIT;
    if ( c->credit > CREDIT )
        c->credit = CREDIT;
    if ( c->kind == CONN_RING )
        serve_ring(c);
    else if ( c->kind == CONN_SOCKET )
        serve_socket(c);
    if ( c->more )
        conn_make_ready(c);
}

void conn_make_ready(struct conn *c)
{
    if ( list_empty(&c->ready) )
        list_append(&loop_ready, &c->ready);
}

void conn_make_dirty(struct conn *c)
{
    if ( list_empty(&c->dirty) )
        list_append(&loop_dirty, &c->dirty);
}

/* Leaving. */

void conn_put_record(struct conn *c)
{
    struct rec_ring r = {
        .req_cons = c->ring.req_cons,
        .rsp_prod = c->ring.rsp_prod,
        .in = c->in.len,
        .out = c->out_new,
        .out_all = c->out.len,
    };
    static struct buf b;

    if ( c->kind == CONN_SOCKET )
        keeper_busy(c->fd, true);       /* it is not known what a send that is cut short sends */
    if ( c->kind != CONN_RING || !journal_is_open() ||
         journal_admit(REC_SPACE(0, sizeof(r) + r.in + r.out), false) )
        return;
    r.out = c->out_new;     /* the whole output went into a new file: nothing new is left */
    b.len = b.start = 0;
    buf_add(&b, &r, sizeof(r));
    buf_add(&b, buf_data(&c->in), r.in);
    buf_add(&b, buf_data(&c->out) + c->out.len - r.out, r.out);
    journal_put(REC_RING, c->id, 0, NULL, b.p, b.len);
    c->out_new = 0;
}

static void flush_ring(struct conn *c)
{
    bool notify = false;
    const bool was_full = conn_is_full(c);
    int rc;

    if ( c->resetting ) {               /* the journal knows now */
        c->resetting = c->broken = false;
        ring_reset(&c->ring);
        conn_make_ready(c);
        hv_notify(c->port);
        return;
    }
    rc = ring_flush(&c->ring, &c->out, &notify);
    if ( rc < 0 && !c->broken )
        break_ring(c, rc);
    if ( notify || rc < 0 )
        hv_notify(c->port);
    if ( !c->out.len )
        c->replies = 0;
    if ( !c->broken && !conn_is_full(c) && (was_full || ring_has_input(&c->ring)) )
        conn_make_ready(c);
}

static void flush_socket(struct conn *c)
{
    const bool was_full = conn_is_full(c);

    if ( c->out.len && !c->waits_output ) {
        const ssize_t n = send(c->fd, buf_data(&c->out), c->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if ( n > 0 )
            buf_drop(&c->out, n);
        else if ( errno != EAGAIN && errno != EINTR )
            c->broken = true;
    }
    c->out_new = 0;
    if ( !c->out.len ) {
        c->replies = 0;
        keeper_busy(c->fd, c->in.len != 0);
    }
    if ( was_full && !conn_is_full(c) && c->in.len )
        conn_make_ready(c);
    loop_poll(c, !conn_is_full(c), c->out.len != 0);
}

void conn_flush(struct conn *c)
{
    if ( c->kind == CONN_RING )
        flush_ring(c);
    else if ( c->kind == CONN_SOCKET && !c->broken )
        flush_socket(c);
    if ( c->kind == CONN_SOCKET && c->broken )
        conn_end_socket(c);
}
