/* SPDX-License-Identifier: MIT */
/*
 * What the drivers need from the system that they are linked into, as one table of functions.
 *
 * All are called with the embedding's own @ctx, from inside a driver's functions, and must not call back
 * into the driver.  Errors are negative XEN_E*.  A driver that only has front ends leaves the three of the
 * borrower NULL, one that only has back ends the two of the lender.
 *
 * Besides these a freestanding program supplies memcpy, memmove, memset and memcmp, as the compiler demands.
 */
#ifndef PV_PV_H
#define PV_PV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xenabi/errno.h>
#include <xenabi/types.h>

#define PV_PAGE 4096u

#define PV_NO_GRANT     0u          /* reference 0 is reserved: never handed out */
#define PV_ANY_PORT     0u

/* Text, without a library. */
static inline size_t pv_length(const char *text)
{
    size_t n = 0;

    while ( text[n] )
        n++;
    return n;
}

static inline bool pv_same(const char *a, const char *b)
{
    while ( *a && *a == *b )
        a++, b++;
    return *a == *b;
}

/* One copy between our memory and a page that @peer lent.  Neither side crosses a page. */
struct pv_copy {
    void *local;
    grant_ref_t ref;
    uint16_t offset, len;
    bool to_peer;
    int status;                     /* OUT: 0 or -XEN_E* */
};

struct pv_ops {
    /* @nr pages next to each other, zeroed; NULL when there are none. */
    void *(*pages_alloc)(void *ctx, unsigned int nr);
    void (*pages_free)(void *ctx, void *pages, unsigned int nr);

    /*
     * The lender's side.  grant_end: 0, the peer has lost it; -XEN_EBUSY, the peer has it mapped and
     * nothing changed.
     */
    int (*grant_give)(void *ctx, domid_t peer, void *page, bool readonly, grant_ref_t *ref);
    int (*grant_end)(void *ctx, grant_ref_t ref);

    /* The borrower's side: all of @nr pages next to each other, or none.  grant_copy may be NULL: no copies here. */
    int (*grant_map)(void *ctx, domid_t peer, const grant_ref_t *refs, unsigned int nr, bool readonly, void **at);
    void (*grant_unmap)(void *ctx, void *at, unsigned int nr);
    void (*grant_copy)(void *ctx, domid_t peer, struct pv_copy *copies, unsigned int nr);

    /*
     * An event channel to @peer: its port @remote, or, with PV_ANY_PORT, one for it to bind.  The local port
     * or an error.  Its events come to @user: the driver says which function is to be called then.
     */
    int (*channel_open)(void *ctx, domid_t peer, evtchn_port_t remote, void *user);
    void (*channel_close)(void *ctx, evtchn_port_t port);
    void (*channel_notify)(void *ctx, evtchn_port_t port);

    /*
     * The store.  @txn 0: none.  store_read: the length, the text ends in NUL; -XEN_ENOENT; -XEN_E2BIG.
     * store_write: @value NULL removes.  store_end: -XEN_EAGAIN when somebody else was quicker.
     * store_watch: from now on (or no more) @user is told of changes at and below @path, once at first.
     */
    int (*store_read)(void *ctx, uint32_t txn, const char *path, char *buf, size_t size);
    int (*store_write)(void *ctx, uint32_t txn, const char *path, const char *value);
    int (*store_begin)(void *ctx, uint32_t *txn);
    int (*store_end)(void *ctx, uint32_t txn, bool commit);
    int (*store_watch)(void *ctx, const char *path, bool on, void *user);

    uint64_t (*now_ns)(void *ctx);                  /* any origin, never back */
    void (*log)(void *ctx, const char *line);       /* without a newline; the drivers limit the rate */
};

#endif
