/* SPDX-License-Identifier: MIT */
/*
 * The states through which two ends of a split driver find each other, for both ends.
 *
 * Each end owns a folder in the store with a node "state" and reads the other's.  What to do is looked up in a
 * table by (own state, peer's state); only the present value counts, so missed steps and jumps are harmless.
 * A driver supplies what belongs to its device:
 *
 *      front end                           back end
 *      Initialising  enter(SETUP)          Initialising  enter(OFFER)
 *      Initialised   enter(CONNECT)        InitWait      enter(CONNECT)
 *      Connected     changed()             Connected
 *
 * enter() does the work, publish() writes nodes (in one transaction with the new state, so it may be called
 * again), leave() gives up what enter() made: it may be called at any time, also twice.
 *
 * Restarts.  A back end that finds itself Connected in the store was there before: it enters CONNECT with
 * resume set and takes over the rings as they are.  If that fails, or the peer is not Connected, it offers anew,
 * and a front end in Connected that sees InitWait sets up anew and sends again what was not answered.
 * A front end that finds a peer Connected which it never met makes it close first.
 */
#ifndef PV_XENBUS_H
#define PV_XENBUS_H

#include "pv.h"
#include <xenabi/io/xenbus.h>

#define XENBUS_PATH_MAX     128u
#define XENBUS_VALUE_MAX    64u

enum xenbus_step { XENBUS_SETUP, XENBUS_OFFER, XENBUS_CONNECT };

struct xenbus;

struct xenbus_driver {
    /* 0; -XEN_EAGAIN: not yet, call xenbus_run again later; another error: close. */
    int (*enter)(struct xenbus *bus, enum xenbus_step step);
    int (*publish)(struct xenbus *bus, uint32_t txn, enum xenbus_step step);

    /* 0; -XEN_EAGAIN: something is still in use, the state waits for it. */
    int (*leave)(struct xenbus *bus);

    /* The peer's nodes may have changed while both are Connected.  May be NULL. */
    void (*changed)(struct xenbus *bus);

    /*
     * Network devices: a front end that is ready says Connected in the place of Initialised, without waiting for
     * its back end.  A back end that is new cannot tell old rings from new ones by that: it stays Initialising
     * until the front end is, too.
     */
    bool direct;
};

struct xenbus {
    const struct pv_ops *ops;
    void *ctx;
    const struct xenbus_driver *driver;
    bool is_back;
    bool resume;                    /* enter(CONNECT) takes over from an earlier life */
    bool retry;                     /* front end: worth another try after a close */
    bool again;                     /* something was not ready: call xenbus_run when it may be */
    bool closing;                   /* for good */
    bool leaving;                   /* an error closed us and leave() was not done */
    uint8_t state;                  /* XenbusState*, ours */
    domid_t peer;
    uint32_t suppressed;            /* log lines not shown */
    uint64_t logged_ns;             /* start of the second that nr_logged counts in */
    unsigned int nr_logged;
    char path[XENBUS_PATH_MAX];
    char peer_path[XENBUS_PATH_MAX];
};

/*
 * Read our folder at @path, watch both, and do the first steps.  0, or why there is no such device.
 * Watches call xenbus_run(@user of store_watch, which is @bus).
 */
int xenbus_start(struct xenbus *bus, const char *path);

/* Look at the states and do what is due.  Bounded. */
void xenbus_run(struct xenbus *bus);

/* Publish what belongs to @step once more, and the present state, so that the peer looks. */
int xenbus_announce(struct xenbus *bus, enum xenbus_step step);

/*
 * A front end's end: makes the back end let go of everything.  Some do so only after we are Closed: when
 * xenbus_is_closed() says so they have, and the driver may be stopped without losing pages.
 */
void xenbus_close(struct xenbus *bus);
bool xenbus_is_closed(struct xenbus *bus);

/* Forget the device and leave the store as it is, for a successor.  leave() first. */
void xenbus_stop(struct xenbus *bus);

/* Log @text about this device (ten lines a second at most), note it in the store, and close. */
void xenbus_fail(struct xenbus *bus, const char *text);
void xenbus_log(struct xenbus *bus, const char *text);

/* Nodes of a folder: ours or the peer's.  Names may have one number in them, at '%'. */
int xenbus_read(struct xenbus *bus, const char *folder, const char *name, char *buf, size_t size);

/* A decimal number, or @otherwise if there is none, it is malformed or larger than @max. */
uint64_t xenbus_number(struct xenbus *bus, const char *folder, const char *name, uint64_t otherwise, uint64_t max);
bool xenbus_flag(struct xenbus *bus, const char *folder, const char *name);
int xenbus_write(struct xenbus *bus, uint32_t txn, const char *name, const char *value);
int xenbus_write_number(struct xenbus *bus, uint32_t txn, const char *name, uint64_t value);

/* Several numbers; those that are not wanted are removed, if they are there. */
struct xenbus_node {
    const char *name;
    uint64_t value;
    bool want;
};
int xenbus_write_nodes(struct xenbus *bus, uint32_t txn, const struct xenbus_node *nodes, size_t nr);

/* The name of a node of @queue: below a folder of its own if there are several.  @name may have @k in it. */
void xenbus_queue_node(char name[XENBUS_VALUE_MAX], unsigned int nr_queues, unsigned int queue, const char *node,
                       uint64_t k);

/* @fmt with the first '%' as @a and the second as @b into @buf; what does not fit is cut off and false. */
bool xenbus_format(char *buf, size_t size, const char *fmt, uint64_t a, uint64_t b);

/* @text as a number of decimal digits only. */
bool xenbus_parse(const char *text, uint64_t *value);

#endif
