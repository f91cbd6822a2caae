/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The FIFO format: a 32-bit event word per port in pages that the guest gives, linked
 * into 16 queues per vCPU by priority.
 *
 *   control block (guest)      event words (guest)
 *   ready: bit per queue       [P L . port]->[P L . port]->[P L . 0]
 *   head[q] --------------------^                           ^-- tail[q] (ours)
 *
 * We append: mark the word LINKED, then enter its port into the tail's word, or into head[q]
 * if the queue is empty, and set the ready bit.  The guest takes from the head:
 * in one step it clears LINKED and reads the link.  So the tail's LINKED bit says
 * whether the guest has passed it, and adding the link and learning that is one
 * fetch-and-or: no loop on guest memory.  If LINKED turns out clear, the guest is
 * through with the word, and we take the link away again; only we ever set LINKED.
 * The BUSY bit, meant for appends by compare-and-swap, is thus never set.
 *
 * We never follow a link or a head: a guest that scribbles loses its own events.
 *
 * fifo->lock (F) guards arrays, control blocks, tails and channels' last_* fields, and
 * is held wherever guest pages are touched, so that a reset can take them away.
 */
#include "base/atomic.h"
#include "base/string.h"
#include "core/evtchn_priv.h"
#include "core/p2m.h"
#include "core/page.h"
#include "cpu/pcpu.h"
#include "mem/slab.h"

#define WORDS_PER_PAGE  (PAGE_SIZE / sizeof(event_word_t))
#define NR_PAGES        (EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)

#define WORD_PENDING    (1U << EVTCHN_FIFO_PENDING)
#define WORD_MASKED     (1U << EVTCHN_FIFO_MASKED)
#define WORD_LINKED     (1U << EVTCHN_FIFO_LINKED)
#define WORD_LINK       ((uint32_t)EVTCHN_FIFO_LINK_MASK)

struct evtchn_fifo {
    struct lock   lock;             /*    rank LEAF */
    uint32_t      nr_pages;         /* F */
    event_word_t *page[NR_PAGES];   /* F  mapped, writable references held */
    mfn_t         mfn[NR_PAGES];    /* F */
};

/* A vCPU's queues. */
struct fifo_vcpu {
    struct evtchn_fifo_control_block *cb;   /* F */
    mfn_t         mfn;              /* F */
    evtchn_port_t tail[EVTCHN_FIFO_MAX_QUEUES]; /* F  0: empty, or the last one linked */
};

static event_word_t *fifo_word(const struct evtchn_fifo *f, evtchn_port_t port)
{
    const uint32_t i = port / WORDS_PER_PAGE;

    return i < f->nr_pages ? &f->page[i][port % WORDS_PER_PAGE] : NULL;
}

static uint32_t word_or(event_word_t *w, uint32_t bits)
{
    return __atomic_fetch_or(w, bits, __ATOMIC_SEQ_CST);
}

static uint32_t word_and(event_word_t *w, uint32_t bits)
{
    return __atomic_fetch_and(w, bits, __ATOMIC_SEQ_CST);
}

/* Add @port behind the tail; false if the guest has emptied the queue.  F held. */
static bool fifo_append(struct evtchn_fifo *f, evtchn_port_t tail, evtchn_port_t port)
{
    event_word_t *w = tail ? fifo_word(f, tail) : NULL;

    if ( !w || !(read_once(*w) & WORD_LINKED) )
        return false;
    if ( word_or(w, port) & WORD_LINKED )
        return true;
    word_and(w, ~WORD_LINK);
    return false;
}

/* Link pending @c; returns the vCPU to notify, or NULL.  F held, word not LINKED. */
static struct vcpu *fifo_link(struct domain *d, struct evtchn *c, event_word_t *word)
{
    struct evtchn_fifo *f = d->evtchn->fifo;
    struct vcpu *v = evtchn_vcpu(d, read_once(c->notify_vcpu));
    struct fifo_vcpu *q = v ? v->evtchn_fifo : NULL;
    const uint8_t prio = read_once(c->priority);
    evtchn_port_t tail;

    if ( !q || !q->cb )
        return NULL;

    /* It may still be noted as the tail of the queue that it was on before. */
    if ( c->last_vcpu != v->id || c->last_priority != prio ) {
        struct vcpu *ov = evtchn_vcpu(d, c->last_vcpu);
        struct fifo_vcpu *oq = ov ? ov->evtchn_fifo : NULL;

        if ( oq && oq->tail[c->last_priority] == c->port )
            oq->tail[c->last_priority] = 0;
        c->last_vcpu = v->id;
        c->last_priority = prio;
    }

    word_and(word, ~WORD_LINK);
    tail = q->tail[prio];
    if ( tail == c->port )
        tail = 0;               /* consumed, or it would be LINKED */
    word_or(word, WORD_LINKED);
    q->tail[prio] = c->port;
    if ( fifo_append(f, tail, c->port) )
        return NULL;

    write_once(q->cb->head[prio], c->port);
    return __atomic_fetch_or(&q->cb->ready, 1U << prio, __ATOMIC_SEQ_CST) & (1U << prio) ? NULL : v;
}

static bool raise_fifo(struct domain *d, struct evtchn *c)
{
    struct evtchn_fifo *f = d->evtchn->fifo;
    struct vcpu *v = NULL;
    event_word_t *word;
    bool was_pending;

    spin_lock(&f->lock);
    word = fifo_word(f, c->port);
    if ( word ) {
        const uint32_t old = word_or(word, WORD_PENDING);

        was_pending = old & WORD_PENDING;
        if ( !(old & (WORD_MASKED | WORD_LINKED)) )
            v = fifo_link(d, c, word);
    } else {
        was_pending = c->is_saved;
        c->is_saved = true;
    }
    spin_unlock(&f->lock);

    if ( v )
        evtchn_notify_vcpu(v);
    return !was_pending;
}

static void clear_fifo(struct domain *d, struct evtchn *c)
{
    struct evtchn_fifo *f = d->evtchn->fifo;
    event_word_t *word;

    spin_lock(&f->lock);
    c->is_saved = false;
    word = fifo_word(f, c->port);
    if ( word )
        word_and(word, ~WORD_PENDING);
    spin_unlock(&f->lock);
}

static void unmask_fifo(struct domain *d, struct evtchn *c)
{
    struct evtchn_fifo *f = d->evtchn->fifo;
    struct vcpu *v = NULL;
    event_word_t *word;

    spin_lock(&f->lock);
    word = fifo_word(f, c->port);
    if ( word && (word_and(word, ~WORD_MASKED) & (WORD_PENDING | WORD_LINKED)) == WORD_PENDING )
        v = fifo_link(d, c, word);
    spin_unlock(&f->lock);

    if ( v )
        evtchn_notify_vcpu(v);
}

/* The word of @c, or @absent if its page is not there. */
static uint32_t fifo_read(struct domain *d, const struct evtchn *c, uint32_t absent)
{
    struct evtchn_fifo *f = d->evtchn->fifo;
    const event_word_t *word;
    uint32_t w;

    spin_lock(&f->lock);
    word = fifo_word(f, c->port);
    w = word ? read_once(*word) : absent;
    spin_unlock(&f->lock);
    return w;
}

static bool is_pending_fifo(struct domain *d, const struct evtchn *c)
{
    return fifo_read(d, c, read_once(c->is_saved) ? WORD_PENDING : 0) & WORD_PENDING;
}

static bool is_masked_fifo(struct domain *d, const struct evtchn *c)
{
    return fifo_read(d, c, WORD_MASKED) & WORD_MASKED;
}

static bool is_busy_fifo(struct domain *d, const struct evtchn *c)
{
    return fifo_read(d, c, 0) & WORD_LINKED;
}

const struct evtchn_format evtchn_format_fifo = {
    .max_ports  = EVTCHN_FIFO_NR_CHANNELS,
    .raise      = raise_fifo,
    .clear      = clear_fifo,
    .unmask     = unmask_fifo,
    .is_pending = is_pending_fifo,
    .is_masked  = is_masked_fifo,
    .is_busy    = is_busy_fifo,
};

/* Change a domain with 2-level ports over to queues; what is pending stays so.  E held. */
static void fifo_take_over(struct domain *d)
{
    struct evtchn_table *t = d->evtchn;

    __atomic_store_n(&t->format, &evtchn_format_fifo, __ATOMIC_SEQ_CST);
    for ( uint32_t port = 1; port < t->nr_ports; port++ ) {
        struct evtchn *c = evtchn_get(d, port);

        c->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
        if ( c->state != EVTCHNSTAT_closed && evtchn_format_2l.is_pending(d, c) )
            raise_fifo(d, c);
    }
}

/* Make sure that @d and @v have their structures.  E held. */
static int must_check fifo_prepare(struct domain *d, struct vcpu *v)
{
    struct evtchn_table *t = d->evtchn;

    if ( !t->fifo ) {
        struct evtchn_fifo *f = slab_new(struct evtchn_fifo);

        if ( !f )
            return -XEN_ENOMEM;
        lock_init(&f->lock, RANK_LEAF);
        __atomic_store_n(&t->fifo, f, __ATOMIC_RELEASE);
    }
    if ( !v->evtchn_fifo ) {
        struct fifo_vcpu *q = slab_new(struct fifo_vcpu);

        if ( !q )
            return -XEN_ENOMEM;
        __atomic_store_n(&v->evtchn_fifo, q, __ATOMIC_RELEASE);
    }
    return 0;
}

int evtchn_init_control(struct evtchn_init_control *a)
{
    struct domain *d = current->domain;
    struct vcpu *v = evtchn_vcpu(d, a->vcpu);
    const mfn_t mfn = gfn_to_mfn(d, a->control_gfn);
    struct evtchn_table *t = d->evtchn;
    struct fifo_vcpu *q;
    int rc;

    a->link_bits = EVTCHN_FIFO_LINK_BITS;
    memset(a->_pad, 0, sizeof(a->_pad));
    if ( !v )
        return -XEN_ENOENT;
    if ( a->offset % 8 ||
         !range_ok(a->offset, sizeof(struct evtchn_fifo_control_block), PAGE_SIZE) )
        return -XEN_EINVAL;
    if ( !page_hold(d, mfn, true) )
        return -XEN_EINVAL;

    spin_lock(&d->evtchn_lock);
    rc = domain_is_dying(d) ? -XEN_EINVAL : fifo_prepare(d, v);
    if ( rc )
        goto out;

    q = v->evtchn_fifo;
    if ( q->cb ) {
        rc = -XEN_EINVAL;
        goto out;
    }
    spin_lock(&t->fifo->lock);
    memset(q->tail, 0, sizeof(q->tail));
    q->mfn = mfn;
    q->cb = (void *)((uint8_t *)frame_map(mfn) + a->offset);
    spin_unlock(&t->fifo->lock);

    if ( t->format != &evtchn_format_fifo )
        fifo_take_over(d);

 out:
    spin_unlock(&d->evtchn_lock);
    if ( rc )
        page_unhold(d, mfn, true);
    return rc;
}

int evtchn_expand_array(struct evtchn_expand_array *a)
{
    struct domain *d = current->domain;
    const mfn_t mfn = gfn_to_mfn(d, a->array_gfn);
    struct evtchn_table *t = d->evtchn;
    struct evtchn_fifo *f;
    uint32_t first = 0;
    int rc = 0;

    if ( read_once(t->format) != &evtchn_format_fifo )
        return -XEN_EOPNOTSUPP;
    if ( !page_hold(d, mfn, true) )
        return -XEN_EINVAL;

    spin_lock(&d->evtchn_lock);
    f = t->fifo;
    if ( t->format != &evtchn_format_fifo || domain_is_dying(d) ) {
        rc = -XEN_EINVAL;
    } else if ( f->nr_pages >= NR_PAGES ) {
        rc = -XEN_ENOSPC;
    } else {
        spin_lock(&f->lock);
        first = f->nr_pages * WORDS_PER_PAGE;
        f->mfn[f->nr_pages] = mfn;
        f->page[f->nr_pages] = frame_map(mfn);
        f->nr_pages++;
        spin_unlock(&f->lock);
    }

    /* Events that had no word to be noted in. */
    for ( uint32_t i = 0; !rc && i < WORDS_PER_PAGE; i++ ) {
        struct evtchn *c = evtchn_get(d, first + i);

        if ( !c )
            break;
        if ( c->is_saved ) {
            c->is_saved = false;
            raise_fifo(d, c);
        }
    }
    spin_unlock(&d->evtchn_lock);

    if ( rc )
        page_unhold(d, mfn, true);
    return rc;
}

int evtchn_set_priority(const struct evtchn_set_priority *a)
{
    struct domain *d = current->domain;
    struct evtchn *c;
    int rc = -XEN_EINVAL;

    spin_lock(&d->evtchn_lock);
    c = evtchn_get(d, a->port);
    if ( d->evtchn->format != &evtchn_format_fifo ) {
        rc = -XEN_ENOSYS;
    } else if ( c && c->state != EVTCHNSTAT_closed && a->priority <= EVTCHN_FIFO_PRIORITY_MIN ) {
        c->priority = a->priority;
        rc = 0;
    }
    spin_unlock(&d->evtchn_lock);
    return rc;
}

/* References are dropped without evtchn_lock, which ranks above the frames' lock. */
void evtchn_fifo_reset(struct domain *d)
{
    struct evtchn_fifo *f = d->evtchn->fifo;
    struct vcpu *v;

    if ( !f )
        return;

    for_each_vcpu ( d, v ) {
        struct fifo_vcpu *q;

        spin_lock(&d->evtchn_lock);
        spin_lock(&f->lock);
        q = v->evtchn_fifo;
        v->evtchn_fifo = NULL;
        spin_unlock(&f->lock);
        spin_unlock(&d->evtchn_lock);
        if ( q && q->cb ) {
            frame_unmap(q->cb);
            page_unhold(d, q->mfn, true);
        }
        slab_free(q);
    }

    for ( ;; ) {
        mfn_t mfn;

        spin_lock(&f->lock);
        if ( f->nr_pages == 0 ) {
            spin_unlock(&f->lock);
            break;
        }
        f->nr_pages--;
        mfn = f->mfn[f->nr_pages];
        frame_unmap(f->page[f->nr_pages]);
        f->page[f->nr_pages] = NULL;
        spin_unlock(&f->lock);
        page_unhold(d, mfn, true);
    }
}

void evtchn_fifo_free(struct domain *d)
{
    slab_free(d->evtchn->fifo);
    d->evtchn->fifo = NULL;
}
