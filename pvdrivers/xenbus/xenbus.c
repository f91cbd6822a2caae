/* SPDX-License-Identifier: MIT */
/*
 * The state machine of both ends: two tables and one function for what stands in them.
 *
 * tests/pvdrivers/test_xenbus.c walks through every interleaving of two ends with restarts of either and shows
 * that both are Connected over the same rings in the end.  A change here belongs there, too.
 */
#include "xenbus/xenbus.h"

#define NR_STATES       9u
#define MAX_STEPS       8u          /* in one run */
#define MAX_TRIES       16u         /* of a transaction */
#define LOG_LINES       10u         /* in a second */

enum action {
    NONE,
    BEGIN,          /* forget the earlier rings; SETUP or OFFER */
    CONNECT,        /* CONNECT */
    RESTART,        /* forget the earlier rings, be Initialising */
    RETRY,          /* the same, once between two connections, if the device is to stay */
    OFFER_ONLINE,   /* BEGIN if the device is to stay, else CLOSED */
    CHANGED,        /* both connected: look at the peer's nodes */
    CLOSING,        /* forget the rings, be Closing */
    CLOSED,         /* forget the rings, be Closed */
};

/*
 * Columns: the peer is Unknown (or gone), Initialising, InitWait, Initialised, Connected, Closing, Closed.
 * The last two, Reconfiguring and Reconfigured, mean nothing here.
 */
static const uint8_t front_table[NR_STATES][NR_STATES] = {
    [XenbusStateUnknown]      = { NONE,   RESTART, BEGIN,  BEGIN, CLOSING, CLOSED, RESTART },
    [XenbusStateInitialising] = { NONE,   NONE,    BEGIN,  BEGIN, CLOSING, CLOSED, NONE },
    [XenbusStateInitialised]  = { CLOSED, NONE,    NONE,   NONE,  CONNECT, CLOSED, CLOSED },
    [XenbusStateConnected]    = { CLOSED, RESTART, BEGIN,  NONE,  CHANGED, CLOSED, CLOSED },
    [XenbusStateClosing]      = { CLOSED, CLOSED,  CLOSED, NONE,  NONE,    CLOSED, CLOSED },
    [XenbusStateClosed]       = { NONE,   RESTART, BEGIN,  NONE,  NONE,    NONE,   RETRY },
};

static const uint8_t back_table[NR_STATES][NR_STATES] = {
    [XenbusStateInitialising] = { BEGIN,  BEGIN,        BEGIN, BEGIN,   BEGIN, BEGIN,   BEGIN },
    [XenbusStateInitWait]     = { NONE,   NONE,         NONE,  CONNECT, NONE,  NONE,    NONE },
    [XenbusStateConnected]    = { CLOSED, BEGIN,        NONE,  NONE,    CHANGED, CLOSING, CLOSED },
    [XenbusStateClosing]      = { CLOSED, OFFER_ONLINE, NONE,  NONE,    NONE,  NONE,    CLOSED },
    [XenbusStateClosed]       = { NONE,   OFFER_ONLINE, NONE,  NONE,    NONE,  NONE,    NONE },
};

/* The back end's folder, in which the toolstack says whether the device is to stay. */
static bool is_online(struct xenbus *bus)
{
    return xenbus_number(bus, bus->is_back ? bus->path : bus->peer_path, "online", 1, 1);
}

/* What a change of state tells the peer besides. */
struct news {
    bool publish;
    enum xenbus_step step;
    const char *error;
};

/* Everything together or nothing; nothing, too, when the folder is gone: a write would bring it back. */
static int write_state(struct xenbus *bus, uint32_t txn, uint8_t state, const struct news *news)
{
    char text[XENBUS_VALUE_MAX];
    int rc = xenbus_read(bus, bus->path, "state", text, sizeof(text));

    if ( rc < 0 )
        return rc;
    if ( news->publish )
    {
        rc = bus->driver->publish(bus, txn, news->step);
        if ( rc )
            return rc;
    }
    if ( news->error )
    {
        rc = xenbus_write(bus, txn, "error", news->error);
        if ( rc )
            return rc;
    }
    if ( bus->driver->direct && !bus->is_back && state == XenbusStateInitialised )
        state = XenbusStateConnected;
    return xenbus_write_number(bus, txn, "state", state);
}

static int set_state(struct xenbus *bus, uint8_t state, const struct news news)
{
    int rc = -XEN_EAGAIN;

    for ( unsigned int i = 0; i < MAX_TRIES && rc == -XEN_EAGAIN; i++ )
    {
        uint32_t txn;
        int end;

        rc = bus->ops->store_begin(bus->ctx, &txn);
        if ( rc )
            return rc;
        rc = write_state(bus, txn, state, &news);
        end = bus->ops->store_end(bus->ctx, txn, rc == 0);
        if ( rc )
            return rc == -XEN_EAGAIN ? -XEN_EIO : rc;
        rc = end;
    }
    if ( rc == 0 )
        bus->state = state;
    return rc;
}

static int leave(struct xenbus *bus, uint8_t state)
{
    const int rc = bus->driver->leave(bus);

    return rc ? rc : set_state(bus, state, (struct news){ 0 });
}

static int enter(struct xenbus *bus, enum xenbus_step step, uint8_t state)
{
    const int rc = bus->driver->enter(bus, step);

    return rc ? rc : set_state(bus, state, (struct news){ .publish = true, .step = step });
}

static int act(struct xenbus *bus, enum action action)
{
    int rc = 0;

    if ( bus->closing && (action == BEGIN || action == RESTART || action == RETRY) )
        return 0;
    switch ( action )
    {
    case NONE:
        return 0;
    case CHANGED:
        if ( bus->driver->changed )
            bus->driver->changed(bus);
        return 0;
    case RETRY:
        if ( !bus->retry || !is_online(bus) )
            return 0;
        /* fall through */
    case RESTART:
        rc = leave(bus, XenbusStateInitialising);
        bus->retry &= rc != 0;
        return rc;
    case CLOSING:
        return leave(bus, XenbusStateClosing);
    case CLOSED:
        return leave(bus, XenbusStateClosed);
    case OFFER_ONLINE:
        if ( !is_online(bus) )
            return bus->state == XenbusStateClosed ? 0 : leave(bus, XenbusStateClosed);
        /* fall through */
    case BEGIN:
        rc = bus->driver->leave(bus);
        if ( rc )
            return rc;
        return bus->is_back ? enter(bus, XENBUS_OFFER, XenbusStateInitWait)
                            : enter(bus, XENBUS_SETUP, XenbusStateInitialised);
    case CONNECT:
        rc = enter(bus, XENBUS_CONNECT, XenbusStateConnected);
        bus->retry |= rc == 0;
        return rc;
    }
    return 0;
}

static uint8_t read_state(struct xenbus *bus, const char *folder)
{
    return (uint8_t)xenbus_number(bus, folder, "state", XenbusStateUnknown, NR_STATES - 1);
}

/* Take over the rings as an earlier life of ours left them. */
static int try_resume(struct xenbus *bus)
{
    const uint8_t peer = read_state(bus, bus->peer_path);
    int rc = -XEN_ENOENT;

    if ( peer == XenbusStateConnected || peer == XenbusStateInitialised )
    {
        rc = enter(bus, XENBUS_CONNECT, XenbusStateConnected);
        if ( rc == -XEN_EAGAIN )
            return rc;
    }
    bus->resume = false;
    if ( rc )
        bus->state = XenbusStateInitialising;
    return 0;
}

static enum action action_for(struct xenbus *bus, uint8_t peer)
{
    if ( bus->driver->direct && bus->is_back && peer == XenbusStateConnected )
    {
        if ( bus->state == XenbusStateInitWait )
            return CONNECT;
        if ( bus->state == XenbusStateInitialising )
            return read_state(bus, bus->path) == XenbusStateInitialising ? NONE : RESTART;
    }
    if ( bus->driver->direct && !bus->is_back && peer == XenbusStateInitialising &&
         bus->state == XenbusStateInitialised )
        return RESTART;
    return (bus->is_back ? back_table : front_table)[bus->state][peer];
}

/* One look at both states and what follows from it. */
static int look_and_act(struct xenbus *bus)
{
    if ( bus->leaving )
    {
        const int rc = bus->driver->leave(bus);

        if ( rc )
            return rc;
        bus->leaving = false;
    }
    if ( bus->resume )
        return try_resume(bus);

    /* The toolstack asks a back end to close by writing its state. */
    if ( bus->is_back && bus->state <= XenbusStateConnected && read_state(bus, bus->path) == XenbusStateClosing )
        bus->state = XenbusStateClosing;

    const uint8_t peer = read_state(bus, bus->peer_path);

    return act(bus, action_for(bus, peer));
}

void xenbus_run(struct xenbus *bus)
{
    bus->again = false;
    for ( unsigned int i = 0; i < MAX_STEPS; i++ )
    {
        const uint8_t before = bus->state;
        const bool resuming = bus->resume;
        const int rc = look_and_act(bus);

        if ( rc == -XEN_EAGAIN )
        {
            bus->again = true;
            return;
        }
        if ( rc )
        {
            char text[XENBUS_VALUE_MAX];

            xenbus_format(text, sizeof(text), "giving up in state %: error %", before, (uint64_t)-rc);
            xenbus_fail(bus, text);
            return;
        }
        if ( bus->state == before && bus->resume == resuming )
            return;
    }
    bus->again = true;
}

int xenbus_start(struct xenbus *bus, const char *path)
{
    char text[XENBUS_VALUE_MAX];
    uint64_t peer;
    int rc;

    if ( pv_length(path) >= sizeof(bus->path) )
        return -XEN_ENAMETOOLONG;
    __builtin_memcpy(bus->path, path, pv_length(path) + 1);
    rc = xenbus_read(bus, path, bus->is_back ? "frontend" : "backend", bus->peer_path, sizeof(bus->peer_path));
    if ( rc < 0 )
        return rc;
    rc = xenbus_read(bus, path, bus->is_back ? "frontend-id" : "backend-id", text, sizeof(text));
    if ( rc < 0 )
        return rc;
    if ( !xenbus_parse(text, &peer) || peer > 0x7fef )
        return -XEN_EINVAL;
    bus->peer = (domid_t)peer;

    bus->state = XenbusStateInitialising;
    bus->retry = true;
    bus->resume = bus->is_back && read_state(bus, path) == XenbusStateConnected;
    if ( !bus->is_back && read_state(bus, path) != XenbusStateInitialising )
        bus->state = XenbusStateUnknown;        /* says it anew, or makes the back end close first */
    rc = bus->ops->store_watch(bus->ctx, bus->peer_path, true, bus);
    if ( rc == 0 && bus->is_back )
        rc = bus->ops->store_watch(bus->ctx, bus->path, true, bus);
    if ( rc )
        return rc;
    xenbus_run(bus);
    return 0;
}

int xenbus_announce(struct xenbus *bus, enum xenbus_step what)
{
    return set_state(bus, bus->state, (struct news){ .publish = true, .step = what });
}

void xenbus_close(struct xenbus *bus)
{
    bus->closing = true;
    if ( bus->state == XenbusStateInitialised || bus->state == XenbusStateConnected )
        leave(bus, XenbusStateClosing);
    else if ( bus->state != XenbusStateClosing )
        leave(bus, XenbusStateClosed);
    xenbus_run(bus);
}

bool xenbus_is_closed(struct xenbus *bus)
{
    const uint8_t peer = read_state(bus, bus->peer_path);

    return bus->state == XenbusStateClosed && peer != XenbusStateConnected && peer != XenbusStateClosing;
}

void xenbus_stop(struct xenbus *bus)
{
    bus->ops->store_watch(bus->ctx, bus->peer_path, false, bus);
    if ( bus->is_back )
        bus->ops->store_watch(bus->ctx, bus->path, false, bus);
}

void xenbus_log(struct xenbus *bus, const char *text)
{
    char line[XENBUS_PATH_MAX + 128];
    const uint64_t now = bus->ops->now_ns(bus->ctx);
    size_t n = pv_length(bus->path), len = pv_length(text);

    if ( now - bus->logged_ns >= 1000000000u || bus->logged_ns == 0 )
    {
        bus->logged_ns = now ? now : 1;
        bus->nr_logged = 0;
    }
    if ( bus->nr_logged++ >= LOG_LINES )
    {
        bus->suppressed++;
        return;
    }
    if ( len > sizeof(line) - n - 3 )
        len = sizeof(line) - n - 3;
    __builtin_memcpy(line, bus->path, n);
    line[n++] = ':';
    line[n++] = ' ';
    __builtin_memcpy(line + n, text, len);
    line[n + len] = '\0';
    bus->ops->log(bus->ctx, line);
}

void xenbus_fail(struct xenbus *bus, const char *text)
{
    xenbus_log(bus, text);
    bus->retry = false;
    bus->leaving = bus->driver->leave(bus) != 0;
    bus->again |= bus->leaving;
    set_state(bus, bus->is_back ? XenbusStateClosing : XenbusStateClosed, (struct news){ .error = text });
}
