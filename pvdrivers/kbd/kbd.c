/* SPDX-License-Identifier: MIT */
/*
 * The page has a ring of events each way; this one is for those to us.  There is no asking for notifications: the back
 * end sends one whenever it moved its index.  Orders: the back end's index before the events (acquire), the
 * events before our index that frees them (release).
 */
#include "kbd/kbd.h"
#include "lend/lend.h"
#include "ring/ring.h"

static struct kbdfront *of_bus(struct xenbus *bus)
{
    return (struct kbdfront *)bus;
}

static int32_t within(int32_t v, uint32_t size)
{
    return v < 0 ? 0 : (uint32_t)v < size ? v : (int32_t)size - 1;
}

/* False: not one that we know and asked for. */
static bool translate(const struct kbdfront *f, const union xenkbd_in_event *in, struct kbd_event *out)
{
    switch ( in->type )
    {
    case XENKBD_TYPE_KEY:
        *out = (struct kbd_event){ .kind = KBD_KEY, .pressed = in->key.pressed, .code = in->key.keycode };
        return out->code <= KBD_MAX_CODE;
    case XENKBD_TYPE_MOTION:
        *out = (struct kbd_event){ .kind = KBD_MOTION, .x = in->motion.rel_x, .y = in->motion.rel_y,
                                   .z = in->motion.rel_z };
        return true;
    case XENKBD_TYPE_POS:
        *out = (struct kbd_event){ .kind = KBD_POSITION, .x = within(in->pos.abs_x, f->width),
                                   .y = within(in->pos.abs_y, f->height), .z = in->pos.rel_z };
        return f->absolute;
    default:
        return false;
    }
}

void kbdfront_run(struct kbdfront *f)
{
    struct xenkbd_page *page = f->page;
    uint32_t nr;

    if ( f->bus.again )
        xenbus_run(&f->bus);
    if ( !page || f->bus.state != XenbusStateConnected )
        return;
    nr = __atomic_load_n(&page->in_prod, __ATOMIC_ACQUIRE) - f->in_cons;
    if ( nr > XENKBD_IN_RING_LEN )
    {
        xenbus_fail(&f->bus, "the back end's index is impossible");
        return;
    }
    for ( uint32_t i = 0; i < nr; i++ )
    {
        const union xenkbd_in_event *ring = (const void *)((const uint8_t *)page + XENKBD_IN_RING_OFFS);
        union xenkbd_in_event in;
        struct kbd_event out;

        ring_copy(&in, &ring[f->in_cons++ % XENKBD_IN_RING_LEN], sizeof(in));
        __atomic_store_n(&page->in_cons, f->in_cons, __ATOMIC_RELEASE);
        if ( !translate(f, &in, &out) )
        {
            f->nr_dropped++;
            continue;
        }
        f->nr_events++;
        f->config.event(f->config.owner, &out);
    }
    if ( nr )
        f->bus.ops->channel_notify(f->bus.ctx, (evtchn_port_t)f->port);
}

/* The page stays until there is another: the back end may be on its way out of it. */
static int leave(struct xenbus *bus)
{
    struct kbdfront *f = of_bus(bus);

    if ( f->port >= 0 )
        bus->ops->channel_close(bus->ctx, (evtchn_port_t)f->port);
    f->port = -1;
    return 0;
}

static void give_up(struct kbdfront *f)
{
    leave(&f->bus);
    lend_drop(&f->bus, &f->page, &f->ref, &f->lost_pages);
}

static int enter(struct xenbus *bus, enum xenbus_step step)
{
    struct kbdfront *f = of_bus(bus);
    int rc;

    f->width = (uint32_t)xenbus_number(bus, bus->peer_path, "width", 800, KBD_MAX_SIZE);
    f->height = (uint32_t)xenbus_number(bus, bus->peer_path, "height", 600, KBD_MAX_SIZE);
    f->width += f->width == 0;
    f->height += f->height == 0;
    if ( step != XENBUS_SETUP )
        return 0;
    give_up(f);
    f->absolute = f->config.absolute && xenbus_flag(bus, bus->peer_path, "feature-abs-pointer");
    rc = lend_check_lost(bus, f->lost_pages);
    if ( rc == 0 )
        rc = lend_page(bus, &f->page, &f->ref, false);
    if ( rc == 0 )
        rc = f->port = bus->ops->channel_open(bus->ctx, bus->peer, PV_ANY_PORT, f);
    f->in_cons = 0;
    return rc < 0 ? rc : 0;
}

static int publish(struct xenbus *bus, uint32_t txn, enum xenbus_step step)
{
    const struct kbdfront *f = of_bus(bus);
    const uint64_t frame = f->config.frame ? f->config.frame(bus->ctx, f->page) : 0;
    const struct xenbus_node nodes[] = {
        { "page-gref", f->ref, true },
        { "page-ref", frame, f->config.frame != NULL },
        { "event-channel", (uint64_t)f->port, true },
        { "request-abs-pointer", 1, f->absolute },
        { "request-multi-touch", 0, true },
    };

    return step == XENBUS_SETUP ? xenbus_write_nodes(bus, txn, nodes, sizeof(nodes) / sizeof(nodes[0])) : 0;
}

static const struct xenbus_driver driver = { .enter = enter, .publish = publish, .leave = leave };

int kbdfront_start(struct kbdfront *f, const char *path)
{
    if ( !f->config.event )
        return -XEN_EINVAL;
    f->port = -1;
    f->bus.driver = &driver;
    return xenbus_start(&f->bus, path);
}

void kbdfront_watch(struct kbdfront *f)
{
    xenbus_run(&f->bus);
    kbdfront_run(f);
}

void kbdfront_stop(struct kbdfront *f)
{
    give_up(f);
    xenbus_stop(&f->bus);
    f->bus.state = XenbusStateClosed;
}
