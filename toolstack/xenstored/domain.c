/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains: their records, coming, going and dying.
 */
#include "domain.h"

#include <errno.h>
#include <stdlib.h>

#include "conn.h"
#include "hv.h"
#include "journal.h"
#include "store.h"

bool domain_keep_orphans;

static struct domain *table[MAX_DOMID];
static uint16_t table_end;      /* one more than the highest in use */

struct domain *domain_find(uint16_t id)
{
    return id < MAX_DOMID ? table[id] : NULL;
}

struct domain *domain_get(uint16_t id)
{
    struct domain *d = domain_find(id);

    if ( d || id >= MAX_DOMID )
        return d;
    d = xalloc(sizeof(*d));
    d->id = id;
    d->target = DOMID_NONE;
    table[id] = d;
    if ( id >= table_end )
        table_end = id + 1;
    return d;
}

void domain_each(void (*fn)(struct domain *d))
{
    for ( unsigned int id = 0; id < table_end; id++ )
        if ( table[id] )
            fn(table[id]);
}

static void forget(struct domain *d)
{
    table[d->id] = NULL;
    free(d);
}

void domain_reset_all(void)
{
    domain_each(forget);
    table_end = 0;
}

static void tally_add(struct tally *t, uint16_t owner, int nodes, long bytes)
{
    struct domain *d = domain_get(owner);

    if ( d ) {
        d->nodes += nodes;
        d->bytes += bytes;
    }
}

struct tally domain_tally = { tally_add };

bool domain_exists(uint16_t id)
{
    struct domain *d = domain_find(id);
    struct hv_domain info;

    if ( (d && (d->checked || d->introduced)) || id == 0 )
        return true;
    if ( id >= MAX_DOMID || hv_domain(id, &info) )
        return false;
    d = domain_get(id);
    d->checked = true;
    memcpy(d->handle, info.handle, sizeof(d->handle));
    domain_put_record(d);
    return true;
}

void domain_put_record(struct domain *d)
{
    struct rec_domain r = {
        .gfn = d->gfn, .remote_port = d->remote_port, .target = d->target,
        .introduced = d->introduced, .shutdown = d->shutdown,
    };

    if ( !d->introduced && !d->checked )
        return;
    memcpy(r.handle, d->handle, sizeof(r.handle));
    if ( journal_admit(REC_SPACE(0, sizeof(r)), false) == 0 )
        journal_put(REC_DOMAIN, d->id, 0, NULL, &r, sizeof(r));
}

void domain_load(uint16_t id, const struct rec_domain *r)
{
    struct domain *d = domain_get(id);

    if ( !d )
        return;
    d->gfn = r->gfn;
    d->remote_port = r->remote_port;
    d->target = r->target;
    d->introduced = r->introduced;
    d->shutdown = r->shutdown;
    d->checked = true;
    memcpy(d->handle, r->handle, sizeof(d->handle));
    if ( d->introduced && !d->conn )
        d->conn = conn_new(CONN_RING, id);
    if ( d->conn )
        d->conn->target = d->target;
}

/* Rings. */

static void disconnect(struct domain *d)
{
    struct conn *c = d->conn;

    if ( !c )
        return;
    if ( c->port )
        hv_unbind(c->port);
    if ( c->ring.page )
        hv_unmap_ring(c->ring.page, c->ring.by_grant);
    conn_free(c);
    d->conn = NULL;
}

/* Map the page and bind the port.  0 or -errno; on failure nothing is held. */
static int connect_ring(struct domain *d, struct ring *ring, uint32_t *port)
{
    struct xenstore_domain_interface *page;
    int rc;

    page = hv_map_ring(d->id, d->gfn, &ring->by_grant);
    if ( !page )
        return -errno;
    rc = hv_bind(d->id, d->remote_port);
    if ( rc < 0 ) {
        hv_unmap_ring(page, ring->by_grant);
        return rc;
    }
    *port = rc;
    ring_attach(ring, page);
    return 0;
}

static void start_ring(struct domain *d, const struct ring *ring, uint32_t port)
{
    if ( !d->conn )
        d->conn = conn_new(CONN_RING, d->id);
    d->conn->ring = *ring;
    d->conn->port = port;
    d->conn->target = d->target;
    conn_make_ready(d->conn);
    conn_make_dirty(d->conn);
}

int domain_introduce(uint16_t id, uint64_t gfn, uint32_t port)
{
    struct domain *d;
    struct ring ring = { 0 };
    uint32_t local = 0;
    bool again;
    int rc;

    if ( id >= MAX_DOMID || !domain_exists(id) )
        return -EINVAL;
    rc = journal_admit(2 * REC_SPACE(0, sizeof(struct rec_domain)) + 256, true);
    if ( rc )
        return rc;
    d = domain_get(id);
    again = d->introduced;
    if ( again && d->remote_port == port && d->gfn == gfn )
        return 0;
    d->gfn = gfn;
    d->remote_port = port;
    if ( again ) {              /* the same domain, come back with another ring */
        disconnect(d);
        journal_put(REC_RELEASE, id, 0, NULL, NULL, 0);
    }
    rc = connect_ring(d, &ring, &local);
    if ( rc ) {
        d->introduced = false;
        return rc;
    }
    d->introduced = true;
    d->shutdown = d->dying = false;
    domain_put_record(d);
    start_ring(d, &ring, local);
    hv_notify(local);
    if ( !again )
        watch_fire_special(WATCH_INTRODUCE);
    return 0;
}

int domain_introduce_own(void)
{
    struct domain *d = domain_get(0);
    struct ring ring = { 0 };
    uint32_t port;
    int rc;

    ring.page = hv_map_own_ring(&port);
    if ( !ring.page )
        return -errno;
    d->checked = true;
    d->remote_port = port;
    rc = hv_bind(0, port);
    if ( rc < 0 )
        return rc;
    d->introduced = true;
    ring_attach(&ring, ring.page);
    domain_put_record(d);
    start_ring(d, &ring, rc);
    hv_notify(rc);
    watch_fire_special(WATCH_INTRODUCE);
    return 0;
}

/* Nothing of it stays; who gets its number next inherits nothing. */
static void gone(struct domain *d)
{
    const uint16_t id = d->id;

    disconnect(d);
    if ( journal_admit(2 * REC_SPACE(0, 0), false) == 0 ) {
        journal_put(REC_RELEASE, id, 0, NULL, NULL, 0);
        journal_put(REC_FORGET, id, domain_keep_orphans, NULL, NULL, 0);
    }
    store_forget_domain(id, domain_keep_orphans, true);
    if ( d->nodes == 0 && !d->nr_conns )
        forget(d);
    else
        d->introduced = d->checked = d->shutdown = d->dying = false;
}

void domain_release(struct domain *d)
{
    const bool was = d->introduced;

    gone(d);
    if ( was )
        watch_fire_special(WATCH_RELEASE);
}

void domain_set_target(struct domain *d, uint16_t target)
{
    d->target = target;
    if ( d->conn )
        d->conn->target = target;
    domain_put_record(d);
}

void domain_resume(struct domain *d)
{
    d->shutdown = false;
    domain_put_record(d);
}

/* Death. */

static bool announce;

static void check(struct domain *d)
{
    struct hv_domain info;

    if ( d->id == 0 || (!d->introduced && !d->checked) )
        return;
    if ( hv_domain(d->id, &info) ||
         memcmp(info.handle, d->handle, sizeof(d->handle)) ) {
        announce = announce || d->introduced;
        log_info("domain %u is gone", d->id);
        gone(d);
        return;
    }
    if ( !d->introduced )
        return;
    if ( (info.shutdown || info.dying) && !d->shutdown ) {
        d->shutdown = true;
        announce = true;
        domain_put_record(d);
    }
    if ( info.dying && d->conn ) {
        disconnect(d);
        d->introduced = false;
        d->dying = true;
        announce = true;
        if ( journal_admit(REC_SPACE(0, 0), false) == 0 )
            journal_put(REC_RELEASE, d->id, 0, NULL, NULL, 0);
    }
}

void domain_check_all(void)
{
    announce = false;
    domain_each(check);
    if ( announce )
        watch_fire_special(WATCH_RELEASE);
}

/* After a restart: the ring goes on where the journal says. */
static void reconnect(struct domain *d)
{
    struct ring ring = { 0 };
    uint32_t port = 0, pushed;
    struct conn *c = d->conn;
    int rc = 0;

    if ( !d->introduced || !c )
        return;
    if ( d->id == 0 ) {
        ring.page = hv_map_own_ring(&port);
        if ( ring.page ) {
            rc = hv_bind(0, port);
            port = rc;
            ring_attach(&ring, ring.page);
        } else
            rc = -errno;
    } else
        rc = connect_ring(d, &ring, &port);
    if ( rc < 0 ) {
        log_warn("domain %u: cannot have its store ring back: %s", d->id, strerror(-rc));
        domain_release(d);
        return;
    }
    pushed = ring.rsp_prod - c->ring.rsp_prod;
    if ( pushed <= c->out.len ) {       /* left after the last record */
        buf_drop(&c->out, pushed);
        c->ring.rsp_prod = ring.rsp_prod;
    }
    ring.req_cons = c->ring.req_cons;
    ring.rsp_prod = c->ring.rsp_prod;
    start_ring(d, &ring, port);
    hv_notify(port);
}

void domain_reconnect_all(void)
{
    domain_check_all();
    domain_each(reconnect);
}
