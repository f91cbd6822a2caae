/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests out of a ring page and output into it.  Knows nothing of who is on the other side.
 */
#include "ring.h"

#include <errno.h>

#include "conn.h"

#define SIZE XENSTORE_RING_SIZE

#ifndef XENSTORE_SERVER_FEATURE_WATCHDEPTH
#define XENSTORE_SERVER_FEATURE_WATCHDEPTH 4
#endif

void ring_attach(struct ring *r, struct xenstore_domain_interface *page)
{
    r->page = page;
    r->req_cons = read_once(page->req_cons);
    r->rsp_prod = read_once(page->rsp_prod);
    write_once(page->server_features, XENSTORE_SERVER_FEATURE_RECONNECTION |
               XENSTORE_SERVER_FEATURE_ERROR | XENSTORE_SERVER_FEATURE_WATCHDEPTH);
}

static void copy_out(const char *ring, uint32_t index, void *to, uint32_t n)
{
    const uint32_t at = index % SIZE, first = n < SIZE - at ? n : SIZE - at;

    memcpy(to, ring + at, first);
    memcpy((char *)to + first, ring, n - first);
}

static void copy_in(char *ring, uint32_t index, const char *from, uint32_t n)
{
    const uint32_t at = index % SIZE, first = n < SIZE - at ? n : SIZE - at;

    memcpy(ring + at, from, first);
    memcpy(ring, from + first, n - first);
}

static void take(struct ring *r, void *to, uint32_t n)
{
    copy_out(r->page->req, r->req_cons, to, n);
    r->req_cons += n;
}

/* As much of the first @want bytes of a message as is there, into @part; how many came. */
static uint32_t take_part(struct ring *r, struct buf *part, uint32_t want, uint32_t avail)
{
    uint32_t n = want - part->len;

    if ( n > avail )
        n = avail;
    if ( n )
        take(r, buf_room(part, n), n);
    return n;
}

/*
 * A message of which not all is there.  What is there is taken: a Linux guest sends no event
 * for the rest of a message (nor for the next one) unless all before it has been taken.
 */
static int read_part(struct ring *r, struct buf *part, char *msg, uint32_t avail)
{
    struct xsd_sockmsg h;

    if ( part->len < sizeof(h) )
        avail -= take_part(r, part, sizeof(h), avail);
    if ( part->len < sizeof(h) )
        return 0;
    memcpy(&h, buf_data(part), sizeof(h));
    if ( h.len > XENSTORE_PAYLOAD_MAX )
        return -EPROTO;
    take_part(r, part, sizeof(h) + h.len, avail);
    if ( part->len < sizeof(h) + h.len )
        return 0;
    memcpy(msg, buf_data(part), part->len);
    buf_drop(part, part->len);
    return 1;
}

int ring_read(struct ring *r, struct buf *part, char *msg)
{
    const uint32_t avail = read_once(r->page->req_prod) - r->req_cons;
    struct xsd_sockmsg h;

    if ( avail > SIZE )
        return -ERANGE;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if ( part->len || avail < sizeof(h) )
        return read_part(r, part, msg, avail);
    copy_out(r->page->req, r->req_cons, &h, sizeof(h));
    if ( h.len > XENSTORE_PAYLOAD_MAX )
        return -EPROTO;
    if ( sizeof(h) + h.len > avail )
        return read_part(r, part, msg, avail);
    memcpy(msg, &h, sizeof(h));
    copy_out(r->page->req, r->req_cons + sizeof(h), msg + sizeof(h), h.len);
    r->req_cons += sizeof(h) + h.len;
    return 1;
}

bool ring_has_input(const struct ring *r)
{
    return read_once(r->page->req_prod) != r->req_cons;
}

/* One pass of ring_flush: bytes written, or -ERANGE. */
static int flush_once(struct ring *r, struct buf *out, bool *notify)
{
    struct xenstore_domain_interface *page = r->page;
    const uint32_t used = r->rsp_prod - read_once(page->rsp_cons);
    uint32_t n = SIZE - used;

    if ( used > SIZE )
        return -ERANGE;
    if ( n > out->len )
        n = out->len;
    if ( n ) {
        copy_in(page->rsp, r->rsp_prod, buf_data(out), n);
        r->rsp_prod += n;
        buf_drop(out, n);
    }
    __atomic_thread_fence(__ATOMIC_RELEASE);
    if ( read_once(page->rsp_prod) != r->rsp_prod ) {
        write_once(page->rsp_prod, r->rsp_prod);
        *notify = true;
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return n;
}

int ring_flush(struct ring *r, struct buf *out, bool *notify)
{
    struct xenstore_domain_interface *page = r->page;
    int done = 0, n;

    *notify = read_once(page->req_cons) != r->req_cons;
    if ( *notify )
        write_once(page->req_cons, r->req_cons);
    /* Again if room came before the domain could see the ring full: it sends no event then. */
    do {
        n = flush_once(r, out, notify);
        if ( n < 0 )
            return n;
        done += n;
    } while ( n && out->len );
    return done;
}

bool ring_wants_reset(const struct ring *r)
{
    return read_once(r->page->connection) == XENSTORE_RECONNECT;
}

void ring_reset(struct ring *r)
{
    struct xenstore_domain_interface *page = r->page;

    r->req_cons = r->rsp_prod = 0;
    write_once(page->req_cons, 0);
    write_once(page->req_prod, 0);
    write_once(page->rsp_cons, 0);
    write_once(page->rsp_prod, 0);
    write_once(page->error, XENSTORE_ERROR_NONE);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    write_once(page->connection, XENSTORE_CONNECTED);
}

void ring_set_error(struct ring *r, uint32_t error)
{
    write_once(r->page->error, error);
}
