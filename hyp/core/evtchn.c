/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels: ports, what they are bound to, and sending.  How a pending port
 * reaches the guest is the format's business (evtchn_2l.c, evtchn_fifo.c); the
 * upcall itself is made on the way out to the guest (entry/).  Locking:
 * evtchn_priv.h.
 */
#include "base/assert.h"
#include "base/atomic.h"
#include "base/log.h"
#include "core/evtchn_priv.h"
#include "core/guest_ops.h"
#include "core/pirq.h"
#include "core/preempt.h"
#include "cpu/pcpu.h"
#include "mem/slab.h"

static bool virq_is_global(uint32_t virq)
{
    return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

/* Life. */

int evtchn_init_domain(struct domain *d)
{
    const uint32_t max_ports = min(d->max_evtchn_port, EVTCHN_FIFO_NR_CHANNELS - 1U) + 1;
    struct evtchn_table *t = slab_alloc(sizeof(*t) + sizeof(t->bucket[0]) *
                                        DIV_ROUND_UP(max_ports, EVTCHN_PER_BUCKET));

    lock_init(&d->evtchn_lock, RANK_EVTCHN);
    if ( !t )
        return -XEN_ENOMEM;
    t->format = &evtchn_format_2l;
    t->max_ports = max_ports;
    t->first_free = 1;
    d->evtchn = t;
    return 0;
}

void evtchn_free_domain(struct domain *d)
{
    struct evtchn_table *t = d->evtchn;

    if ( !t )
        return;
    evtchn_fifo_free(d);
    for ( uint32_t i = 0; i < t->nr_ports / EVTCHN_PER_BUCKET; i++ )
        slab_free(t->bucket[i]);
    slab_free(t);
    d->evtchn = NULL;
}

/* Locks.  An order between domains: by id, and never two alike at once. */

static void lock_pair(struct domain *a, struct domain *b)
{
    struct domain *first = a->id < b->id ? a : b;

    spin_lock(&first->evtchn_lock);
    if ( a != b )
        spin_lock_second(&(first == a ? b : a)->evtchn_lock);
}

static void unlock_pair(struct domain *a, struct domain *b)
{
    spin_unlock(&a->evtchn_lock);
    if ( a != b )
        spin_unlock(&b->evtchn_lock);
}

/* Ports. */

/* Have a bucket with @port in it.  E held. */
static int must_check table_grow(struct domain *d)
{
    struct evtchn_table *t = d->evtchn;
    struct evtchn *b = slab_new_array(struct evtchn, EVTCHN_PER_BUCKET);

    if ( !b )
        return -XEN_ENOMEM;
    for ( uint32_t i = 0; i < EVTCHN_PER_BUCKET; i++ ) {
        b[i].port = t->nr_ports + i;
        b[i].priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
    }
    t->bucket[t->nr_ports / EVTCHN_PER_BUCKET] = b;
    __atomic_store_n(&t->nr_ports, t->nr_ports + EVTCHN_PER_BUCKET, __ATOMIC_RELEASE);
    return 0;
}

/* The lowest port that is free, still closed.  E held.  -XEN_EINVAL, -XEN_ENOSPC, -XEN_ENOMEM. */
static int must_check find_free(struct domain *d, struct evtchn **out)
{
    struct evtchn_table *t = d->evtchn;
    const uint32_t limit = min(t->max_ports, t->format->max_ports);
    bool lowest = true;

    if ( domain_is_dying(d) )
        return -XEN_EINVAL;

    for ( uint32_t port = t->first_free; port < limit; port++ ) {
        struct evtchn *c;

        if ( port >= t->nr_ports ) {
            const int rc = table_grow(d);

            if ( rc )
                return rc;
        }
        c = evtchn_get(d, port);
        if ( c->state == EVTCHNSTAT_closed ) {
            if ( lowest )
                t->first_free = port;
            lowest = false;
            if ( !t->format->is_busy(d, c) ) {
                c->is_saved = false;
                *out = c;
                return 0;
            }
        }
    }
    if ( lowest )
        t->first_free = limit;
    return -XEN_ENOSPC;
}

static void make_free(struct domain *d, struct evtchn *c)
{
    struct evtchn_table *t = d->evtchn;

    t->format->clear(d, c);
    c->state = EVTCHNSTAT_closed;
    c->remote = NULL;
    c->peer = NULL;
    c->notify_vcpu = 0;
    c->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
    if ( c->port < t->first_free )
        t->first_free = c->port;
}

/* Port @port of @d in use, or NULL.  E held. */
static struct evtchn *find_open(const struct domain *d, evtchn_port_t port)
{
    struct evtchn *c = evtchn_get(d, port);

    return c && c->state != EVTCHNSTAT_closed ? c : NULL;
}

/* Raising. */

void evtchn_notify_vcpu(struct vcpu *v)
{
    /* If it was set already, the vCPU has been told, and looks again before it blocks. */
    if ( __atomic_exchange_n(&v->vcpu_info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST) )
        return;
    if ( v->hvm )
        atomic_or32(&v->work, VCPU_WORK_UPCALL);
    vcpu_kick(v);       /* also if current: it may have blocked, and not yet been switched out */
}

/* A vCPU may poll any port of its domain, whoever that port notifies. */
static void wake_pollers(struct domain *d, evtchn_port_t port)
{
    struct vcpu *v;

    for_each_vcpu ( d, v ) {
        const uint32_t polled = read_once(v->poll_port);

        if ( !(read_once(v->flags) & VCPUF_POLLING) || (polled && polled != port) )
            continue;
        vcpu_unblock(v);        /* ends the poll too */
    }
}

static void notify_hyp(struct domain *d, const struct evtchn *c, bool is_closed)
{
    struct vcpu *v = evtchn_vcpu(d, c->notify_vcpu & ~EVTCHN_HYP);

    if ( v )
        d->ops->dm_notify(v, c->port, is_closed);
}

static void evtchn_raise(struct domain *d, struct evtchn *c)
{
    const struct evtchn_table *t = d->evtchn;
    const struct evtchn_format *f = __atomic_load_n(&t->format, __ATOMIC_ACQUIRE);
    bool is_new;

    if ( unlikely(evtchn_is_hyp(c)) ) {
        notify_hyp(d, c, false);
        return;
    }
    is_new = f->raise(d, c);

    /* The guest changed formats meanwhile: it may have looked before we set the bit. */
    if ( unlikely(__atomic_load_n(&t->format, __ATOMIC_SEQ_CST) != f) )
        is_new |= t->format->raise(d, c);
    if ( is_new )
        wake_pollers(d, c->port);
}

int evtchn_send(struct domain *d, evtchn_port_t port)
{
    struct evtchn *c;
    int rc = 0;

    spin_lock(&d->evtchn_lock);
    c = evtchn_get(d, port);
    if ( unlikely(!c) )
        rc = -XEN_EINVAL;
    else if ( likely(c->state == EVTCHNSTAT_interdomain) )
        evtchn_raise(c->remote, c->peer);
    else if ( c->state == EVTCHNSTAT_ipi )
        evtchn_raise(d, c);
    else if ( c->state != EVTCHNSTAT_unbound )      /* unbound: nobody is there to hear it */
        rc = -XEN_EINVAL;
    spin_unlock(&d->evtchn_lock);
    return rc;
}

void evtchn_send_vcpu_virq(struct vcpu *v, uint32_t virq)
{
    struct evtchn *c;
    evtchn_port_t port;

    ASSERT(virq < NR_VIRQS);
    port = read_once(v->virq_port[virq]);
    if ( port == 0 )
        return;
    c = evtchn_get(v->domain, port);
    if ( c && read_once(c->state) == EVTCHNSTAT_virq )
        evtchn_raise(v->domain, c);
}

void evtchn_send_global_virq(uint32_t virq)
{
    struct vcpu *const v = dom0 ? evtchn_vcpu(dom0, 0) : NULL;

    if ( v )
        evtchn_send_vcpu_virq(v, virq);
}

void evtchn_send_pirq(struct domain *d, evtchn_port_t port)
{
    struct evtchn *c = evtchn_get(d, port);

    if ( c && read_once(c->state) == EVTCHNSTAT_pirq )
        evtchn_raise(d, c);
}

/* Binding. */

/* Give a free port of @d the @state, the meaning @what (its union) and the vCPU @id.  E held.  As find_free. */
static int must_check open_locked(struct domain *d, uint8_t state, uint32_t what, uint16_t id, evtchn_port_t *port)
{
    struct evtchn *c;
    const int rc = find_free(d, &c);

    if ( rc )
        return rc;
    c->remote_id = what;
    c->notify_vcpu = id;
    write_once(c->state, state);
    *port = c->port;
    return 0;
}

static int must_check open_port(struct domain *d, uint8_t state, uint32_t what, uint16_t id, evtchn_port_t *port)
{
    int rc;

    spin_lock(&d->evtchn_lock);
    rc = open_locked(d, state, what, id, port);
    spin_unlock(&d->evtchn_lock);
    return rc;
}

int evtchn_alloc_unbound(struct evtchn_alloc_unbound *a)
{
    struct domain *d;
    int rc = domain_get_remote(a->dom, &d);

    if ( rc )
        return rc;
    rc = open_port(d, EVTCHNSTAT_unbound,
                   a->remote_dom == DOMID_SELF ? current->domain->id : a->remote_dom, 0, &a->port);
    domain_put(d);
    return rc;
}

/* Both locks held. */
static int must_check bind_pair(struct domain *ld, struct domain *rd, evtchn_port_t rport,
                                evtchn_port_t *lport)
{
    struct evtchn *lc, *rc_chn;
    int rc = find_free(ld, &lc);

    if ( rc )
        return rc;
    rc_chn = find_open(rd, rport);
    if ( !rc_chn || rc_chn->state != EVTCHNSTAT_unbound || rc_chn->remote_id != ld->id )
        return -XEN_EINVAL;

    domain_ref(rd);
    domain_ref(ld);
    lc->remote = rd;
    lc->peer = rc_chn;
    rc_chn->remote = ld;
    rc_chn->peer = lc;
    lc->state = EVTCHNSTAT_interdomain;
    rc_chn->state = EVTCHNSTAT_interdomain;
    *lport = lc->port;

    /* What the other side sent while it was alone is lost: let us look once. */
    evtchn_raise(ld, lc);
    return 0;
}

int evtchn_bind_interdomain(struct evtchn_bind_interdomain *a)
{
    struct domain *ld = current->domain, *rd;
    int rc;

    rd = domain_get_by_id(a->remote_dom == DOMID_SELF ? ld->id : a->remote_dom);
    if ( !rd )
        return -XEN_ESRCH;

    lock_pair(ld, rd);
    rc = bind_pair(ld, rd, a->remote_port, &a->local_port);
    unlock_pair(ld, rd);
    domain_put(rd);
    return rc;
}

int evtchn_bind_virq(struct evtchn_bind_virq *a)
{
    struct domain *d = current->domain;
    struct vcpu *v = evtchn_vcpu(d, a->vcpu);
    int rc = -XEN_EEXIST;

    if ( a->virq >= NR_VIRQS || (virq_is_global(a->virq) && a->vcpu != 0) )
        return -XEN_EINVAL;
    if ( !v )
        return -XEN_ENOENT;

    spin_lock(&d->evtchn_lock);
    if ( v->virq_port[a->virq] == 0 ) {
        rc = open_locked(d, EVTCHNSTAT_virq, a->virq, v->id, &a->port);
        if ( rc == 0 )
            write_once(v->virq_port[a->virq], a->port);
    }
    spin_unlock(&d->evtchn_lock);
    return rc;
}

int evtchn_bind_ipi(struct evtchn_bind_ipi *a)
{
    struct domain *d = current->domain;

    return evtchn_vcpu(d, a->vcpu) ? open_port(d, EVTCHNSTAT_ipi, 0, a->vcpu, &a->port) : -XEN_ENOENT;
}

int evtchn_bind_pirq(struct evtchn_bind_pirq *a)
{
    struct domain *d = current->domain;
    evtchn_port_t port;
    int rc;

    spin_lock(&d->evtchn_lock);
    /* The interrupt may come as soon as it is bound. */
    rc = open_locked(d, EVTCHNSTAT_pirq, a->pirq, 0, &port);
    if ( rc == 0 ) {
        rc = pirq_bind(d, a->pirq, port);
        if ( rc )
            make_free(d, evtchn_get(d, port));
        else
            a->port = port;
    }
    spin_unlock(&d->evtchn_lock);
    return rc;
}

/* Closing. */

/*
 * Close @c of @d, E held.  An interdomain one needs the peer's lock too: if that is
 * not to be had in order, returns the peer's domain, referenced, with nothing done.
 */
static struct domain *must_check close_locked(struct domain *d, struct evtchn *c,
                                              struct domain *also_locked)
{
    struct vcpu *v;

    switch ( c->state ) {
    case EVTCHNSTAT_virq:
        v = virq_is_global(c->virq) ? evtchn_vcpu(d, 0) : evtchn_vcpu(d, c->notify_vcpu);
        if ( v && v->virq_port[c->virq] == c->port )
            write_once(v->virq_port[c->virq], 0);
        break;
    case EVTCHNSTAT_pirq:
        pirq_unbind(d, c->pirq, c->port);
        break;
    case EVTCHNSTAT_interdomain:
        if ( c->remote != d && c->remote != also_locked ) {
            domain_ref(c->remote);
            return c->remote;
        }
        c->peer->state = EVTCHNSTAT_unbound;
        c->peer->remote_id = d->id;
        c->peer->remote = NULL;
        if ( evtchn_is_hyp(c->peer) )
            notify_hyp(c->remote, c->peer, true);
        c->peer->peer = NULL;
        domain_put(d);          /* the peer's reference; the caller has one */
        domain_put(c->remote);  /* so has the caller for this one */
        break;
    }
    make_free(d, c);
    return NULL;
}

/* @any: the hypervisor's own ports too. */
static int close_port(struct domain *d, evtchn_port_t port, bool any)
{
    struct domain *rd = NULL, *need;
    struct evtchn *c;

    /* Again with both locks, as long as the port is bound to yet another domain. */
    for ( ;; ) {
        if ( rd )
            lock_pair(d, rd);
        else
            spin_lock(&d->evtchn_lock);

        c = find_open(d, port);
        if ( c && !any && evtchn_is_hyp(c) )
            c = NULL;
        need = c ? close_locked(d, c, rd) : NULL;

        unlock_pair(d, rd ? rd : d);
        if ( rd )
            domain_put(rd);
        if ( !c )
            return -XEN_EINVAL;
        if ( !need )
            return 0;
        rd = need;
    }
}

int evtchn_close(struct domain *d, evtchn_port_t port) { return close_port(d, port, false); }

int evtchn_alloc_hyp(struct vcpu *v, domid_t remote, evtchn_port_t *port)
{
    return open_port(v->domain, EVTCHNSTAT_unbound, remote, v->id | EVTCHN_HYP, port);
}

bool evtchn_send_hyp(struct domain *d, evtchn_port_t port)
{
    const struct evtchn *const c = evtchn_get(d, port);
    bool is_bound;

    spin_lock(&d->evtchn_lock);
    is_bound = c && c->state == EVTCHNSTAT_interdomain && evtchn_is_hyp(c);
    if ( is_bound )
        evtchn_raise(c->remote, c->peer);
    spin_unlock(&d->evtchn_lock);
    return is_bound;
}

void evtchn_close_hyp(struct domain *d, evtchn_port_t port)
{
    const struct evtchn *const c = evtchn_get(d, port);

    /* Its domain's end may have closed it, and the guest taken the number. */
    if ( c && evtchn_is_hyp(c) )
        (void)close_port(d, port, true);
}

/*
 * Close every port, bounded.  0 or -XEN_ERESTART.  Nothing is kept between calls: a guest may
 * never repeat the call, and the ports that are closed already are passed quickly.  @any: as close_port.
 */
static int must_check close_all(struct domain *d, bool any)
{
    const struct evtchn_table *t = d->evtchn;
    unsigned int nr_closed = 0;

    for ( uint32_t port = 1; port < t->nr_ports; port++ ) {
        if ( read_once(evtchn_get(d, port)->state) == EVTCHNSTAT_closed )
            continue;
        if ( ++nr_closed % 32 == 0 && preempt_needed() )
            return -XEN_ERESTART;
        (void)close_port(d, port, any);  /* -XEN_EINVAL: another vCPU was quicker */
    }
    return 0;
}

int evtchn_reset(struct domain *d)
{
    struct evtchn_table *t = d->evtchn;
    int rc = close_all(d, false);

    if ( rc )
        return rc;

    spin_lock(&d->evtchn_lock);
    for ( uint32_t port = 1; port < t->nr_ports; port++ ) {
        const struct evtchn *const c = evtchn_get(d, port);

        if ( c->state != EVTCHNSTAT_closed && !evtchn_is_hyp(c) ) {
            spin_unlock(&d->evtchn_lock);
            return -XEN_ERESTART;       /* another vCPU opened one meanwhile */
        }
    }
    __atomic_store_n(&t->format, &evtchn_format_2l, __ATOMIC_SEQ_CST);
    spin_unlock(&d->evtchn_lock);
    evtchn_fifo_reset(d);
    return 0;
}

int evtchn_destroy_domain(struct domain *d)
{
    int rc;

    if ( !d->evtchn )
        return 0;
    rc = close_all(d, true);
    if ( rc )
        return rc;
    evtchn_fifo_reset(d);
    return 0;
}

/* The rest of the calls. */

static void status_fill(const struct evtchn *c, struct evtchn_status *a)
{
    a->status = c->state;
    a->vcpu = c->notify_vcpu & ~EVTCHN_HYP;
    a->u.interdomain.dom = 0;
    a->u.interdomain.port = 0;
    switch ( c->state ) {
    case EVTCHNSTAT_unbound:
        a->u.unbound.dom = c->remote_id;
        break;
    case EVTCHNSTAT_interdomain:
        a->u.interdomain.dom = c->remote->id;
        a->u.interdomain.port = c->peer->port;
        break;
    case EVTCHNSTAT_pirq:
        a->u.pirq = c->pirq;
        break;
    case EVTCHNSTAT_virq:
        a->u.virq = c->virq;
        break;
    }
}

int evtchn_status(struct evtchn_status *a)
{
    struct domain *d;
    struct evtchn *c;
    int rc = domain_get_remote(a->dom, &d);

    if ( rc )
        return rc;

    spin_lock(&d->evtchn_lock);
    c = evtchn_get(d, a->port);
    if ( c )
        status_fill(c, a);
    else
        rc = -XEN_EINVAL;
    spin_unlock(&d->evtchn_lock);
    domain_put(d);
    return rc;
}

int evtchn_bind_vcpu(evtchn_port_t port, uint32_t vcpu)
{
    struct domain *d = current->domain;
    struct evtchn *c;
    int rc = 0;

    if ( !evtchn_vcpu(d, vcpu) )
        return -XEN_ENOENT;

    spin_lock(&d->evtchn_lock);
    c = evtchn_get(d, port);
    switch ( c && !evtchn_is_hyp(c) ? c->state : EVTCHNSTAT_closed ) {
    case EVTCHNSTAT_virq:
        if ( virq_is_global(c->virq) )
            write_once(c->notify_vcpu, vcpu);
        else
            rc = -XEN_EINVAL;
        break;
    case EVTCHNSTAT_unbound: case EVTCHNSTAT_interdomain:
        write_once(c->notify_vcpu, vcpu);
        break;
    case EVTCHNSTAT_pirq:
        if ( c->notify_vcpu != vcpu ) {
            write_once(c->notify_vcpu, vcpu);
            pirq_set_vcpu(d, c->pirq, vcpu);
        }
        break;
    default:
        rc = -XEN_EINVAL;
        break;
    }
    spin_unlock(&d->evtchn_lock);
    return rc;
}

int evtchn_unmask(struct domain *d, evtchn_port_t port)
{
    struct evtchn *c;
    int rc = -XEN_EINVAL;

    spin_lock(&d->evtchn_lock);
    c = find_open(d, port);
    if ( c ) {
        d->evtchn->format->unmask(d, c);
        rc = 0;
    }
    spin_unlock(&d->evtchn_lock);
    return rc;
}

int evtchn_poll(struct domain *d, evtchn_port_t port)
{
    const struct evtchn *c = evtchn_get(d, port);

    return c ? read_once(d->evtchn->format)->is_pending(d, c) : -XEN_EINVAL;
}

static void dump_domain(struct domain *d)
{
    static const char *const names[] = {
        "closed", "unbound", "interdomain", "pirq", "virq", "ipi"
    };
    const struct evtchn_table *t = d->evtchn;

    log_info("%pd: event channels, %s, %u ports known of %u\n", d,
             t->format == &evtchn_format_2l ? "2-level" : "FIFO", t->nr_ports, t->max_ports);
    for ( uint32_t port = 1; port < t->nr_ports; port++ ) {
        const struct evtchn *c = evtchn_get(d, port);

        if ( c->state == EVTCHNSTAT_closed )
            continue;
        log_info("  %4u [%s%s] vcpu %u, %s %u port %u\n", port,
                 t->format->is_pending(d, c) ? "p" : "-", t->format->is_masked(d, c) ? "m" : "-",
                 c->notify_vcpu, names[c->state], c->remote ? c->remote->id : c->remote_id,
                 c->peer ? c->peer->port : 0);
    }
}

void evtchn_dump(void)
{
    struct domain *d;

    for_each_domain ( d ) {
        if ( d->evtchn ) {
            spin_lock(&d->evtchn_lock);
            dump_domain(d);
            spin_unlock(&d->evtchn_lock);
        }
    }
}
