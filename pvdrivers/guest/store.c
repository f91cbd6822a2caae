/* SPDX-License-Identifier: MIT */
/* The configuration store's client: one request at a time, and watches' events in between. */
#include "store.h"
#include <xenabi/errno.h>
#include <xenabi/io/xs_wire.h>
#include <xenabi/xen.h>
#include "event.h"
#include "lib.h"
#include "platform.h"
#include "start.h"

#define NUMBER_MAX 16                   /* a transaction's number as text */

void (*store_event)(const char *path, const char *token);
static struct xenstore_domain_interface *ring;
static bool broken;                     /* an index was impossible: nothing goes any more */

struct text {
    const char *start;
    size_t len;                         /* with its NUL, where the protocol has one */
};

static struct text whole(const char *s)
{
    return (struct text){ s, strlen(s) + 1 };
}

long store_init(void)
{
    if ( guest_is_dom0() || !start_info->store_mfn )
        return -XEN_ENODEV;
    ring = platform->builders_page(start_info->store_mfn);
    return ring ? 0 : -XEN_ENODEV;
}

uint32_t store_port(void)
{
    return ring ? start_info->store_evtchn : 0;
}

/*
 * Move @len bytes into the ring or out of it (@data NULL: nowhere), and wait as often as it must.  An event that
 * comes between the look at the index and the sleep leaves its bit set, and ends the sleep.
 */
static void transfer(bool put, const void *data, size_t len)
{
    char *area = put ? ring->req : ring->rsp;
    uint32_t *own = put ? &ring->req_prod : &ring->rsp_cons;
    const uint32_t *theirs = put ? &ring->req_cons : &ring->rsp_prod;
    const uint32_t port = store_port(), ahead = put ? XENSTORE_RING_SIZE : 0;

    for ( size_t done = 0; done < len && !broken; ) {
        const uint32_t at = *own, place = at % XENSTORE_RING_SIZE;
        const uint32_t there = __atomic_load_n(theirs, __ATOMIC_ACQUIRE) + ahead - at;
        size_t n = there < XENSTORE_RING_SIZE - place ? there : XENSTORE_RING_SIZE - place;

        broken = there > XENSTORE_RING_SIZE;
        if ( there == 0 && !event_clear(port) ) {
            event_send(port);
            event_poll(port, 0);
        }
        if ( there == 0 || broken )
            continue;
        n = n < len - done ? n : len - done;
        if ( put )
            memcpy(area + place, (const char *)data + done, n);
        else if ( data )
            memcpy((char *)data + done, area + place, n);
        done += n;
        __atomic_store_n(own, (uint32_t)(at + n), __ATOMIC_SEQ_CST);
        /* Who found no room for more waits for us. */
        if ( !put && __atomic_load_n(theirs, __ATOMIC_SEQ_CST) - at >= XENSTORE_RING_SIZE )
            event_send(port);
    }
}

/* @len bytes into @size of them, the rest nowhere.  How many were kept. */
static size_t receive(void *buf, size_t size, size_t len)
{
    const size_t keep = len < size ? len : size;

    transfer(false, buf, keep);
    transfer(false, NULL, len - keep);
    return keep;
}

static void receive_event(size_t len)
{
    static char event[XENSTORE_PAYLOAD_MAX + 1];        /* path and token */
    const size_t n = receive(event, sizeof(event) - 1, len);

    event[n] = '\0';
    if ( !broken && strlen(event) < n && store_event )
        store_event(event, event + strlen(event) + 1);
}

void store_poll(void)
{
    struct xsd_sockmsg m = { 0 };

    while ( ring && !broken && read_once(ring->rsp_prod) != ring->rsp_cons ) {
        transfer(false, &m, sizeof(m));
        receive_event(m.len);           /* an answer to nobody has no token */
    }
}

/* The errors a small guest tells apart; everything else is EINVAL. */
static long error_number(const char *name)
{
    static const struct {
        const char *name;
        int error;
    } known[] = {
        { "ENOENT", XEN_ENOENT }, { "EACCES", XEN_EACCES }, { "ENOSPC", XEN_ENOSPC },
        { "EBUSY", XEN_EBUSY }, { "EEXIST", XEN_EEXIST }, { "EAGAIN", XEN_EAGAIN },
        { "E2BIG", XEN_E2BIG }, { "EIO", XEN_EIO },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(known); i++ ) {
        if ( strcmp(name, known[i].name) == 0 )
            return -known[i].error;
    }
    return -XEN_EINVAL;
}

/* The answer's length; -XEN_E2BIG when there is no room for it and a NUL. */
static long request(uint32_t type, uint32_t txn, struct text a, struct text b, char *buf, size_t size)
{
    static uint32_t last_id;
    struct xsd_sockmsg m = { .type = type, .req_id = ++last_id, .tx_id = txn, .len = (uint32_t)(a.len + b.len) };
    char error[16] = { 0 };

    if ( !ring || broken )
        return ring ? -XEN_EIO : -XEN_ENODEV;
    if ( m.len > XENSTORE_PAYLOAD_MAX )
        return -XEN_E2BIG;
    transfer(true, &m, sizeof(m));
    transfer(true, a.start, a.len);
    transfer(true, b.start, b.len);
    event_send(store_port());
    for ( ;; ) {
        transfer(false, &m, sizeof(m));
        if ( broken )
            return -XEN_EIO;
        if ( m.type == XS_WATCH_EVENT )
            receive_event(m.len);
        else if ( m.req_id == last_id )
            break;
        else
            receive(NULL, 0, m.len);
    }
    if ( m.type == XS_ERROR ) {
        receive(error, sizeof(error) - 1, m.len);
        return error_number(error);
    }
    const size_t keep = receive(buf, size - 1, m.len);

    buf[keep] = '\0';
    return broken ? -XEN_EIO : keep == m.len ? (long)keep : -XEN_E2BIG;
}

/* One whose answer is "OK". */
static long order(uint32_t type, uint32_t txn, struct text a, struct text b)
{
    char answer[NUMBER_MAX];
    const long rc = request(type, txn, a, b, answer, sizeof(answer));

    return rc < 0 ? rc : 0;
}

long store_read(uint32_t txn, const char *path, char *buf, size_t size)
{
    const long rc = request(XS_READ, txn, whole(path), (struct text){ 0 }, buf, size);

    return rc >= 0 && (size_t)rc != strlen(buf) ? -XEN_E2BIG : rc;
}

long store_list(const char *path, char *buf, size_t size)
{
    return request(XS_DIRECTORY, 0, whole(path), (struct text){ 0 }, buf, size);
}

long store_write(uint32_t txn, const char *path, const char *value)
{
    return value ? order(XS_WRITE, txn, whole(path), (struct text){ value, strlen(value) })
                 : order(XS_RM, txn, whole(path), (struct text){ 0 });
}

long store_begin(uint32_t *txn)
{
    char number[NUMBER_MAX];
    const long rc = request(XS_TRANSACTION_START, 0, whole(""), (struct text){ 0 }, number, sizeof(number));

    *txn = rc < 0 ? 0 : (uint32_t)parse_number(number);
    return rc < 0 ? rc : *txn ? 0 : -XEN_EINVAL;
}

long store_end(uint32_t txn, bool commit)
{
    return order(XS_TRANSACTION_END, txn, whole(commit ? "T" : "F"), (struct text){ 0 });
}

long store_watch(const char *path, const char *token, bool on)
{
    return order(on ? XS_WATCH : XS_UNWATCH, 0, whole(path), whole(token));
}
