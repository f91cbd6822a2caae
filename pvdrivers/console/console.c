/* SPDX-License-Identifier: MIT */
/*
 * The page has a ring of bytes each way.  There is no asking for events: each end sends one whenever it moved an
 * index.  Orders: bytes before the index that covers them (release), the peer's index before the bytes (acquire).
 */
#include "console/console.h"
#include "lend/lend.h"

static struct confront *of_bus(struct xenbus *bus)
{
    return (struct confront *)bus;
}

static bool is_ready(const struct confront *f)
{
    return f->page && !f->broken && (!f->has_store || f->bus.state == XenbusStateConnected);
}

/* The back end's index: @distance from ours, at most @limit.  -1: impossible, and that is the end. */
static int64_t check(struct confront *f, uint32_t distance, uint32_t limit)
{
    static const char wrong[] = "the back end's index is impossible";

    if ( distance <= limit )
        return distance;
    f->broken = true;
    if ( f->has_store )
        xenbus_fail(&f->bus, wrong);
    else
        xenbus_log(&f->bus, wrong);
    return -1;
}

static uint32_t least(size_t a, size_t b)
{
    return (uint32_t)(a < b ? a : b);
}

static void move_index(struct confront *f, uint32_t *shared, uint32_t value)
{
    __atomic_store_n(shared, value, __ATOMIC_RELEASE);
    f->bus.ops->channel_notify(f->bus.ctx, (evtchn_port_t)f->port);
}

size_t confront_write(struct confront *f, const void *buf, size_t len)
{
    struct xencons_interface *page = f->page;
    const uint32_t size = sizeof(page->out), at = f->out_prod % size;
    int64_t used;

    if ( !is_ready(f) )
        return 0;
    used = check(f, f->out_prod - __atomic_load_n(&page->out_cons, __ATOMIC_ACQUIRE), size);
    if ( used < 0 || used == size || len == 0 )
        return 0;
    const uint32_t n = least(len, size - (uint32_t)used), first = least(n, size - at);

    __builtin_memcpy(page->out + at, buf, first);
    __builtin_memcpy(page->out, (const uint8_t *)buf + first, n - first);
    f->out_prod += n;
    move_index(f, &page->out_prod, f->out_prod);
    return n;
}

size_t confront_read(struct confront *f, void *buf, size_t size)
{
    struct xencons_interface *page = f->page;
    const uint32_t at = f->in_cons % sizeof(page->in);
    int64_t there;

    if ( !is_ready(f) )
        return 0;
    there = check(f, __atomic_load_n(&page->in_prod, __ATOMIC_ACQUIRE) - f->in_cons, sizeof(page->in));
    if ( there <= 0 || size == 0 )
        return 0;
    const uint32_t n = least(size, (uint32_t)there), first = least(n, sizeof(page->in) - at);

    __builtin_memcpy(buf, page->in + at, first);
    __builtin_memcpy((uint8_t *)buf + first, page->in, n - first);
    f->in_cons += n;
    move_index(f, &page->in_cons, f->in_cons);
    return n;
}

bool confront_unread(const struct confront *f)
{
    const struct xencons_interface *page = f->page;

    return is_ready(f) && __atomic_load_n(&page->out_cons, __ATOMIC_ACQUIRE) != f->out_prod;
}

/* Whoever had the console before, as a loader may have, left its indices in the page. */
void confront_attach(struct confront *f, void *page, int port)
{
    static const char name[] = "the first console";
    const struct xencons_interface *shared = page;

    __builtin_memcpy(f->bus.path, name, sizeof(name));
    f->page = page;
    f->port = port;
    f->out_prod = __atomic_load_n(&shared->out_prod, __ATOMIC_RELAXED);
    f->in_cons = __atomic_load_n(&shared->in_cons, __ATOMIC_RELAXED);
}

/* The page stays until there is another: the back end may be on its way out of it. */
static int leave(struct xenbus *bus)
{
    struct confront *f = of_bus(bus);

    if ( f->port >= 0 )
        bus->ops->channel_close(bus->ctx, (evtchn_port_t)f->port);
    f->port = -1;
    return 0;
}

static void give_up(struct confront *f)
{
    leave(&f->bus);
    lend_drop(&f->bus, &f->page, &f->ref, &f->lost_pages);
}

static int enter(struct xenbus *bus, enum xenbus_step step)
{
    struct confront *f = of_bus(bus);
    int rc;

    if ( step != XENBUS_SETUP )
        return 0;
    give_up(f);
    rc = lend_check_lost(bus, f->lost_pages);
    if ( rc == 0 )
        rc = lend_page(bus, &f->page, &f->ref, false);
    if ( rc == 0 )
        rc = f->port = bus->ops->channel_open(bus->ctx, bus->peer, PV_ANY_PORT, f);
    f->broken = false;
    f->out_prod = f->in_cons = 0;
    return rc < 0 ? rc : 0;
}

static int publish(struct xenbus *bus, uint32_t txn, enum xenbus_step step)
{
    const struct confront *f = of_bus(bus);
    const struct xenbus_node nodes[] = { { "ring-ref", f->ref, true }, { "port", (uint64_t)f->port, true } };

    return step == XENBUS_SETUP ? xenbus_write_nodes(bus, txn, nodes, 2) : 0;
}

static const struct xenbus_driver driver = { .enter = enter, .publish = publish, .leave = leave };

int confront_start(struct confront *f, const char *path)
{
    f->has_store = true;
    f->port = -1;
    f->bus.driver = &driver;
    return xenbus_start(&f->bus, path);
}

void confront_watch(struct confront *f)
{
    xenbus_run(&f->bus);
}

void confront_stop(struct confront *f)
{
    if ( f->has_store )
    {
        give_up(f);
        xenbus_stop(&f->bus);
    }
    f->page = NULL;
}
