/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device models.  A server is one of them: the ports, memory and PCI functions that it claims, a page
 * with a request for each vCPU, and perhaps a ring for writes that need no answer.
 *
 * A vCPU that asks is paused (once) and hvm_io.state becomes WAITING.  Exactly one of these ends that,
 * under servers->lock: the device model's notification, if the slot says that the answer is there;
 * its closing of the port; the server's being disabled or destroyed.  Whoever it is sets the state to
 * READY or GONE and unpauses; the vCPU finds it on its way in (hvm_io.c).
 *
 * The pages are the device model's to scribble on: the slot is only read for its state and then,
 * once, its data; the ring only for the read pointer.  Nothing read there is an index or a length.
 */
#include "hvm/ioreq.h"

#include <xenabi/hvm/dm_op.h>
#include <xenabi/hvm/hvm_info_table.h>
#include <xenabi/hvm/hvm_op.h>

#include "base/atomic.h"
#include "base/rangeset.h"
#include "core/evtchn.h"
#include "core/page.h"
#include "mem/heap.h"
#include "mem/slab.h"

#define NR_SERVERS      8
#define NR_RANGES_MAX   256         /* of one type, of one server */
#define NR_TYPES        3           /* XEN_DMOP_IO_RANGE_*, the same as IOREQ_TYPE_PIO, COPY, PCI_CONFIG */
_Static_assert(HVM_MAX_VCPUS * sizeof(struct ioreq) <= PAGE_SIZE, "requests are one page");

#define PCI_ADDRESS     0xcf8
#define PCI_DATA        0xcfc
#define VGA_START       0xa0000
#define VGA_END         0xc0000     /* below 2^20, which is what a slot of the ring can name */

struct ioreq_server {
    bool     is_enabled;            /* R */
    struct ioreq *page;             /* I  a slot for each vCPU */
    struct buffered_iopage *ring;   /* I  NULL: none */
    uint32_t ring_write;            /* R  what we know of write_pointer */
    bool     ring_rebase;           /* I  the device model expects the pointers to be kept small */
    evtchn_port_t ring_port;        /* I */
    struct rangeset range[NR_TYPES];    /* R */
    evtchn_port_t port[];           /* I  by vCPU */
};

struct ioreq_servers {
    struct lock lock;               /*    rank IOREQ (R) */
    uint32_t pci_address;           /* R  what the guest wrote to port 0xcf8 */
    struct ioreq_server *server[NR_SERVERS];    /* R, and D */
};

static const struct rangeset_mem range_mem; /* below */

/* --- Life ------------------------------------------------------------------------------------------ */

/* One that nobody can find any more, or half built. */
static void server_free(struct domain *d, struct ioreq_server *s)
{
    for ( uint32_t i = 0; i < d->max_vcpus; i++ )
        evtchn_close_hyp(d, s->port[i]);
    evtchn_close_hyp(d, s->ring_port);
    if ( s->page )
        page_unshare_xenheap(d, s->page);
    if ( s->ring )
        page_unshare_xenheap(d, s->ring);
    for ( unsigned int i = 0; i < NR_TYPES; i++ )
        rangeset_destroy(&s->range[i]);
    slab_free(s);
}

static void *shared_page(struct domain *d)
{
    void *const page = heap_alloc_page();

    if ( page )
        page_share_xenheap(d, page, false);
    return page;
}

static int must_check server_fill(struct domain *d, struct ioreq_server *s, domid_t dm, bool with_ring)
{
    struct vcpu *v;
    int rc = 0;

    for ( unsigned int i = 0; i < NR_TYPES; i++ )
        rangeset_init(&s->range[i], &range_mem);
    s->page = shared_page(d);
    if ( with_ring )
        s->ring = shared_page(d);
    if ( !s->page || (with_ring && !s->ring) )
        return -XEN_ENOMEM;
    for_each_vcpu ( d, v ) {
        if ( with_ring && v->id == 0 )
            rc = evtchn_alloc_hyp(v, dm, &s->ring_port);
        if ( !rc )
            rc = evtchn_alloc_hyp(v, dm, &s->port[v->id]);
        if ( rc )
            break;
        s->page[v->id].vp_eport = s->port[v->id];
    }
    return rc;
}

int ioreq_create(struct domain *d, domid_t dm, unsigned int kind, uint16_t *id)
{
    struct ioreq_servers *t = d->hvm->servers;
    struct ioreq_server *s;
    unsigned int i = 0;
    int rc;

    if ( kind > HVM_IOREQSRV_BUFIOREQ_ATOMIC || domain_is_dying(d) || d->max_vcpus > HVM_MAX_VCPUS )
        return -XEN_EINVAL;
    if ( !t ) {
        t = slab_new(struct ioreq_servers);
        if ( !t )
            return -XEN_ENOMEM;
        lock_init(&t->lock, RANK_IOREQ);
        __atomic_store_n(&d->hvm->servers, t, __ATOMIC_RELEASE);
    }
    while ( i < NR_SERVERS && t->server[i] )
        i++;
    if ( i == NR_SERVERS )
        return -XEN_ENOSPC;

    s = slab_alloc(sizeof(*s) + d->max_vcpus * sizeof(s->port[0]));
    if ( !s )
        return -XEN_ENOMEM;
    s->ring_rebase = kind == HVM_IOREQSRV_BUFIOREQ_ATOMIC;
    rc = server_fill(d, s, dm, kind != HVM_IOREQSRV_BUFIOREQ_OFF);
    if ( rc ) {
        server_free(d, s);
        return rc;
    }
    spin_lock(&t->lock);
    t->server[i] = s;
    spin_unlock(&t->lock);
    *id = i;
    return 0;
}

/* The wait of @v is over.  R held. */
static void finish(struct vcpu *v, uint8_t state)
{
    v->hvm->io.state = state;
    vcpu_work(v, VCPU_WORK_IO);
    vcpu_unpause(v);
}

/* Whoever waits for @s waits no longer.  R held. */
static void release_waiters(struct domain *d, const struct ioreq_server *s)
{
    struct vcpu *v;

    for_each_vcpu ( d, v )
        if ( v->hvm->io.state == HVM_IO_WAITING && v->hvm->io.server == s )
            finish(v, HVM_IO_GONE);
}

static struct ioreq_server *server_get(const struct domain *d, uint32_t id)
{
    const struct ioreq_servers *const t = d->hvm->servers;

    return t && id < NR_SERVERS ? t->server[id] : NULL;
}

int ioreq_destroy(struct domain *d, uint16_t id)
{
    struct ioreq_servers *const t = d->hvm->servers;
    struct ioreq_server *const s = server_get(d, id);

    if ( !s )
        return -XEN_ENOENT;
    spin_lock(&t->lock);
    t->server[id] = NULL;
    release_waiters(d, s);
    spin_unlock(&t->lock);
    server_free(d, s);
    return 0;
}

void ioreq_destroy_all(struct domain *d)
{
    for ( unsigned int i = 0; i < NR_SERVERS; i++ )
        (void)ioreq_destroy(d, i);
}

void ioreq_free(struct domain *d)
{
    ioreq_destroy_all(d);
    slab_free(d->hvm->servers);
    d->hvm->servers = NULL;
}

int ioreq_enable(struct domain *d, uint16_t id, bool enable)
{
    struct ioreq_servers *const t = d->hvm->servers;
    struct ioreq_server *const s = server_get(d, id);

    if ( !s )
        return -XEN_ENOENT;
    spin_lock(&t->lock);
    s->is_enabled = enable;
    if ( !enable )
        release_waiters(d, s);
    spin_unlock(&t->lock);
    return 0;
}

int ioreq_ring_port(struct domain *d, uint16_t id, uint32_t *port)
{
    const struct ioreq_server *const s = server_get(d, id);

    if ( !s )
        return -XEN_ENOENT;
    *port = s->ring_port;
    return 0;
}

int ioreq_frame(struct domain *d, uint32_t id, uint64_t frame, mfn_t *mfn)
{
    const struct ioreq_server *const s = server_get(d, id);
    const void *page;

    if ( !s )
        return -XEN_ENOENT;
    page = frame == 0 ? (void *)s->ring : frame == 1 ? s->page : NULL;
    if ( !page )
        return -XEN_EINVAL;
    *mfn = virt_to_mfn(page);
    return 0;
}

/* --- Who claims what --------------------------------------------------------------------------------- */

static void mem_free(void *p, size_t bytes) { slab_free(p); }
static void *mem_alloc(size_t bytes)
{
    return bytes <= NR_RANGES_MAX * sizeof(struct range) ? slab_alloc(bytes) : NULL;
}
static const struct rangeset_mem range_mem = { mem_alloc, mem_free };

int ioreq_claim(struct domain *d, uint16_t id, uint32_t type, uint64_t start, uint64_t end, bool on)
{
    struct ioreq_server *const s = server_get(d, id);
    int rc;

    if ( !s )
        return -XEN_ENOENT;
    if ( type >= NR_TYPES || start > end )
        return -XEN_EINVAL;
    spin_lock(&d->hvm->servers->lock);
    if ( rangeset_contains(&s->range[type], start, end) )
        rc = on ? -XEN_EEXIST : rangeset_remove(&s->range[type], start, end);
    else
        rc = on ? rangeset_add(&s->range[type], start, end) : -XEN_ENOENT;
    spin_unlock(&d->hvm->servers->lock);
    return rc;
}

/* The server that claims all of it.  R held. */
static struct ioreq_server *server_find(const struct ioreq_servers *t, unsigned int type,
                                        uint64_t start, uint64_t end)
{
    for ( unsigned int i = 0; i < NR_SERVERS; i++ ) {
        struct ioreq_server *const s = t->server[i];

        if ( s && s->is_enabled && rangeset_contains(&s->range[type], start, end) )
            return s;
    }
    return NULL;
}

/* The same for @req, which is made one about configuration space if it is.  R held. */
static struct ioreq_server *server_select(const struct ioreq_servers *t, struct ioreq *req)
{
    const uint64_t last = req->addr + (req->type == IOREQ_TYPE_COPY ? req->count : 1) * req->size - 1;
    const uint64_t sbdf = (t->pci_address >> 8) & 0xffff;

    if ( req->type == IOREQ_TYPE_PIO && req->addr >= PCI_DATA && last < PCI_DATA + 4 &&
         (t->pci_address & BIT(31)) ) {
        struct ioreq_server *const s = server_find(t, XEN_DMOP_IO_RANGE_PCI, sbdf, sbdf);

        if ( s ) {
            req->type = IOREQ_TYPE_PCI_CONFIG;
            req->addr = sbdf << 32 | (t->pci_address & 0xfc) | (req->addr & 3);
            return s;
        }
    }
    return server_find(t, req->type, req->addr, last);
}

/* --- Asking ------------------------------------------------------------------------------------------ */

/* Keep the pointers small: slots are numbered modulo 511, and 2^32 is no multiple of that. */
static void ring_rebase(struct ioreq_server *s, uint32_t read)
{
    uint64_t old = (uint64_t)s->ring_write << 32 | read;
    const uint64_t new = (uint64_t)(s->ring_write - IOREQ_BUFFER_SLOT_NUM) << 32 |
                         (read - IOREQ_BUFFER_SLOT_NUM);

    if ( read >= IOREQ_BUFFER_SLOT_NUM &&
         __atomic_compare_exchange_n((uint64_t *)s->ring, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED) )
        s->ring_write -= IOREQ_BUFFER_SLOT_NUM;
}

/* False: no room.  R held. */
static bool ring_put(struct ioreq_server *s, const struct ioreq *req)
{
    const unsigned int size_log = __builtin_ctz(req->size), nr = req->size == 8 ? 2 : 1;
    uint64_t data = req->data;

    if ( s->ring_rebase )
        ring_rebase(s, read_once(s->ring->read_pointer));
    if ( s->ring_write + nr - read_once(s->ring->read_pointer) > IOREQ_BUFFER_SLOT_NUM )
        return false;
    for ( unsigned int i = 0; i < nr; i++, data >>= 32 )
        s->ring->buf_ioreq[(s->ring_write + i) % IOREQ_BUFFER_SLOT_NUM] = (struct buf_ioreq){
            .type = req->type,
            .bits = size_log << BUF_IOREQ_SIZE_SHIFT | (req->addr & 0xf) << BUF_IOREQ_ADDR_SHIFT,
            .addr_high = req->addr >> 4,
            .data = data,
        };
    s->ring_write += nr;
    __atomic_store_n(&s->ring->write_pointer, s->ring_write, __ATOMIC_RELEASE);
    return true;
}

/* A write to the VGA's window has no effect but in the device model, which does the ring first. */
static bool wants_no_answer(const struct ioreq *req)
{
    return req->type == IOREQ_TYPE_COPY && !(req->bits & IOREQ_BITS_READ) && req->count == 1 &&
           req->addr >= VGA_START && req->addr <= VGA_END - req->size;
}

/* R held. */
static void slot_fill(struct vcpu *v, struct ioreq_server *s, const struct ioreq *req)
{
    struct ioreq *const slot = &s->page[v->id];

    v->hvm->io.server = s;
    v->hvm->io.state = HVM_IO_WAITING;
    vcpu_pause_nosync(v);
    slot->addr = req->addr;
    slot->data = req->data;
    slot->count = req->count;
    slot->size = req->size;
    slot->vp_eport = s->port[v->id];
    slot->type = req->type;
    __atomic_store_n(&slot->bits, req->bits | STATE_IOREQ_READY, __ATOMIC_RELEASE);
}

/* Nobody hears @v's request.  False: it has been ended meanwhile, and hvm_io_resume comes. */
static bool take_back(struct vcpu *v)
{
    struct ioreq_servers *const t = v->domain->hvm->servers;
    bool is_mine;

    spin_lock(&t->lock);
    is_mine = v->hvm->io.state == HVM_IO_WAITING;
    if ( is_mine ) {
        v->hvm->io.state = HVM_IO_NONE;
        vcpu_unpause(v);
    }
    spin_unlock(&t->lock);
    return is_mine;
}

enum hvm_io_result ioreq_send(struct vcpu *v, struct ioreq *req)
{
    struct domain *const d = v->domain;
    struct ioreq_servers *const t = __atomic_load_n(&d->hvm->servers, __ATOMIC_ACQUIRE);
    enum hvm_io_result result = IO_WAIT;
    struct ioreq_server *s;
    evtchn_port_t port = 0;

    if ( !t )
        return IO_UNHANDLED;
    if ( req->type == IOREQ_TYPE_PIO && req->addr == PCI_ADDRESS && req->size == 4 &&
         !(req->bits & IOREQ_BITS_DATA_IS_PTR) ) {
        /* Device models get configuration accesses whole; they need not know the address. */
        if ( req->bits & IOREQ_BITS_READ )
            req->data = read_once(t->pci_address);
        else
            write_once(t->pci_address, (uint32_t)req->data);
        return IO_DONE;
    }

    spin_lock(&t->lock);
    s = server_select(t, req);
    if ( !s || !s->port[v->id] ) {
        result = IO_UNHANDLED;
    } else if ( s->ring && wants_no_answer(req) && ring_put(s, req) ) {
        result = IO_DONE;
        port = s->ring_port;
    } else {
        slot_fill(v, s, req);
        port = s->port[v->id];
    }
    spin_unlock(&t->lock);

    if ( port && !evtchn_send_hyp(d, port) && result == IO_WAIT && take_back(v) )
        result = IO_UNHANDLED;
    return result;
}

void ioreq_notify(struct vcpu *v, evtchn_port_t port, bool is_closed)
{
    struct ioreq_servers *const t = v->domain->hvm->servers;
    struct hvm_io *const io = &v->hvm->io;

    spin_lock(&t->lock);
    if ( io->state == HVM_IO_WAITING && io->server->port[v->id] == port ) {
        struct ioreq *const slot = &io->server->page[v->id];

        if ( (__atomic_load_n(&slot->bits, __ATOMIC_ACQUIRE) & IOREQ_BITS_STATE) == STATE_IORESP_READY ) {
            io->req.data = read_once(slot->data);
            write_once(slot->bits, STATE_IOREQ_NONE);
            finish(v, HVM_IO_READY);
        } else if ( is_closed ) {
            finish(v, HVM_IO_GONE);
        }
    }
    spin_unlock(&t->lock);
}

void ioreq_invalidate(struct domain *d)
{
    static const struct ioreq req = { .type = IOREQ_TYPE_INVALIDATE, .size = 4, .data = ~0U };
    struct ioreq_servers *const t = __atomic_load_n(&d->hvm->servers, __ATOMIC_ACQUIRE);

    for ( unsigned int i = 0; t && i < NR_SERVERS; i++ ) {
        evtchn_port_t port = 0;
        struct ioreq_server *s;

        spin_lock(&t->lock);
        s = t->server[i];
        if ( s && s->is_enabled && s->ring && ring_put(s, &req) )
            port = s->ring_port;
        spin_unlock(&t->lock);
        if ( port )
            (void)evtchn_send_hyp(d, port);
    }
}
