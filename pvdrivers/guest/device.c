/* SPDX-License-Identifier: MIT */
/*
 * The drivers' embedding in this runtime.  A driver's ctx is its struct device, so an event or a watch leads to the
 * device, and who has several queues looks at all of them.  Ports stay masked: we sleep in a poll that wakes for them
 * nevertheless, and no driver runs in an interrupt.
 */
#include "device.h"
#include <xenabi/xen.h>
#include "clock.h"
#include "console.h"
#include "event.h"
#include "grant.h"
#include "lib.h"
#include "mem.h"
#include "start.h"
#include "store.h"

struct device {
    struct xenbus *bus;                 /* NULL: free */
    const struct device_kind *kind;
    bool event, watch;                  /* due */
};

static struct device devices[DEVICE_MAX];
static struct {
    evtchn_port_t port;                 /* 0: free */
    struct device *device;
} channels[DEVICE_CHANNELS];

/* ------------------------------------------------------------------ what drivers call */

static void *op_pages_alloc(void *ctx, unsigned int nr)
{
    return mem_alloc_pages(nr);
}

static void op_pages_free(void *ctx, void *pages, unsigned int nr)
{
    mem_free_pages(pages, nr);
}

static int op_grant_give(void *ctx, domid_t peer, void *page, bool readonly, grant_ref_t *ref)
{
    const long rc = grant_give(peer, mem_va_to_mfn(page), readonly);

    if ( rc < 0 )
        return (int)rc;
    *ref = (grant_ref_t)rc;
    return 0;
}

static int op_grant_end(void *ctx, grant_ref_t ref)
{
    return grant_end(ref) ? 0 : -XEN_EBUSY;
}

static int op_channel_open(void *ctx, domid_t peer, evtchn_port_t remote, void *user)
{
    for ( unsigned int i = 0; i < DEVICE_CHANNELS; i++ ) {
        if ( channels[i].port )
            continue;

        const long port = remote == PV_ANY_PORT ? event_alloc_unbound(DOMID_SELF, peer)
                                                : event_bind_interdomain(peer, remote);

        if ( port > 0 ) {
            channels[i].port = (evtchn_port_t)port;
            channels[i].device = ctx;
        }
        return (int)port;
    }
    return -XEN_ENOSPC;
}

static void op_channel_close(void *ctx, evtchn_port_t port)
{
    event_close(port);
    for ( unsigned int i = 0; i < DEVICE_CHANNELS; i++ ) {
        if ( channels[i].port == port )
            channels[i].port = 0;
    }
}

static void op_channel_notify(void *ctx, evtchn_port_t port)
{
    event_send(port);
}

static int op_store_read(void *ctx, uint32_t txn, const char *path, char *buf, size_t size)
{
    return (int)store_read(txn, path, buf, size);
}

static int op_store_write(void *ctx, uint32_t txn, const char *path, const char *value)
{
    return (int)store_write(txn, path, value);
}

static int op_store_begin(void *ctx, uint32_t *txn)
{
    return (int)store_begin(txn);
}

static int op_store_end(void *ctx, uint32_t txn, bool commit)
{
    return (int)store_end(txn, commit);
}

/* The token of a device's watches is its number. */
static int op_store_watch(void *ctx, const char *path, bool on, void *user)
{
    char token[8];

    snprintf(token, sizeof(token), "%u", (unsigned int)((struct device *)ctx - devices));
    return (int)store_watch(path, token, on);
}

static uint64_t op_now_ns(void *ctx)
{
    return shared_info ? clock_now() : 0;
}

static void op_log(void *ctx, const char *line)
{
    console_printf("%s\n", line);
}

const struct pv_ops device_ops = {
    .pages_alloc = op_pages_alloc, .pages_free = op_pages_free, .grant_give = op_grant_give,
    .grant_end = op_grant_end, .channel_open = op_channel_open, .channel_close = op_channel_close,
    .channel_notify = op_channel_notify, .store_read = op_store_read, .store_write = op_store_write,
    .store_begin = op_store_begin, .store_end = op_store_end, .store_watch = op_store_watch,
    .now_ns = op_now_ns, .log = op_log,
};

/* ------------------------------------------------------------------ what calls drivers */

static void note_watch(const char *path, const char *token)
{
    const uint64_t i = parse_number(token);

    if ( i < DEVICE_MAX )
        devices[i].watch = true;
}

/* False: there was nothing to do. */
static bool run_devices(void)
{
    const uint32_t console = console_port(), store = store_port();
    bool any = console && event_clear(console);

    if ( store )
        event_clear(store);
    store_poll();
    for ( unsigned int i = 0; i < DEVICE_CHANNELS; i++ ) {
        if ( channels[i].port && event_clear(channels[i].port) )
            channels[i].device->event = true;
    }
    for ( struct device *d = devices; d < devices + DEVICE_MAX; d++ ) {
        if ( !d->bus || !(d->watch || d->event || d->bus->again) )
            continue;
        any = true;
        if ( d->watch ) {
            d->watch = false;
            d->kind->watch(d->bus);
        }
        d->event = false;
        if ( d->bus && d->kind->run(d->bus) )
            d->event = true;
    }
    return any;
}

static void sleep_until(uint64_t deadline_ns)
{
    uint32_t ports[DEVICE_CHANNELS + 2];
    unsigned int n = 0;

    for ( unsigned int i = 0; i < DEVICE_CHANNELS; i++ ) {
        if ( channels[i].port )
            ports[n++] = channels[i].port;
    }
    if ( store_port() )
        ports[n++] = store_port();
    if ( console_port() )
        ports[n++] = console_port();
    event_poll_any(ports, n, deadline_ns);
}

bool device_wait(uint64_t deadline_ns)
{
    while ( !run_devices() ) {
        if ( deadline_ns && clock_now() >= deadline_ns )
            return false;
        sleep_until(deadline_ns);
    }
    return true;
}

/* The @nr-th name below the folder of @kind, as a path. */
static int find(const struct device_kind *kind, unsigned int nr, char path[XENBUS_PATH_MAX])
{
    char names[1024];
    const long len = store_list(kind->folder, names, sizeof(names));

    if ( len < 0 )
        return (int)len;
    for ( const char *name = names; name < names + len; name += strlen(name) + 1 ) {
        if ( nr-- == 0 )
            return snprintf(path, XENBUS_PATH_MAX, "%s/%s", kind->folder, name) < (int)XENBUS_PATH_MAX
                ? 0 : -XEN_ENAMETOOLONG;
    }
    return -XEN_ENOENT;
}

int device_start(const struct device_kind *kind, struct xenbus *bus, unsigned int nr)
{
    char path[XENBUS_PATH_MAX];
    struct device *d = devices;
    int rc = (int)grant_init();

    if ( rc == 0 )
        rc = find(kind, nr, path);
    while ( rc == 0 && d->bus ) {
        if ( ++d == devices + DEVICE_MAX )
            rc = -XEN_ENOSPC;
    }
    if ( rc )
        return rc;
    store_event = note_watch;
    *d = (struct device){ .bus = bus, .kind = kind, .event = true };
    bus->ops = &device_ops;
    bus->ctx = d;
    rc = kind->start(bus, path);
    if ( rc )
        d->bus = NULL;
    return rc;
}

void device_forget(struct xenbus *bus)
{
    for ( struct device *d = devices; d < devices + DEVICE_MAX; d++ ) {
        if ( d->bus == bus )
            d->bus = NULL;
    }
}
