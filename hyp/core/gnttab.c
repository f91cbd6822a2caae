/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grant tables, version 1.
 *
 *   granter                                   mapper
 *   shared entry (guest writes)               map record, by handle
 *     flags, domid, frame                       granter, ref, mfn, what is mapped where
 *   active entry (ours)  <--- pins -------------'
 *     mfn, grantee, nr_ro, nr_rw
 *
 * The shared entry is looked at only when an active entry gets its first pin, or its
 * first writing one: it is checked and marked in use in one compare-and-swap, and
 * from then on the active entry is the truth.
 *
 * Frames: the map record holds one reference for the host mapping and one for the device
 * mapping, each with the writable type unless read-only; a copy holds its own.  The PTE holds
 * nothing (core/guest_ops.h).  Pins keep the entry marked, not the frame.
 *
 * Locks: the granter's for its entries, the mapper's for its records; never both at once.
 * A record being worked on without a lock is marked busy, and to others is not there.
 */
#include "core/gnttab_priv.h"

#include "base/assert.h"
#include "base/atomic.h"
#include "base/log.h"
#include "core/guest_access.h"
#include "core/guest_ops.h"
#include "core/p2m.h"
#include "core/page.h"
#include "core/preempt.h"
#include "core/vcpu.h"
#include "cpu/pcpu.h"
#include "mem/heap.h"
#include "mem/slab.h"
#include "plat/tlb.h"

#define ENTRIES_PER_FRAME   (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define MAPS_PER_PAGE       (PAGE_SIZE / sizeof(struct gnt_map))
#define HANDLES_PER_FRAME   256             /* what one of the ABI's maptrack frames stands for */
#define MAX_GRANT_FRAMES    (1U << 16)
#define MAX_MAPTRACK_FRAMES (1U << 16)
#define DEFAULT_GRANT_FRAMES    64
#define DEFAULT_MAPTRACK_FRAMES 1024
#define STATUS_RETRIES      5               /* the guest may be changing the entry */
#define PARTS               (GNTMAP_host_map | GNTMAP_device_map)

struct gnt_active {
    uint32_t nr_ro, nr_rw;          /* pins */
    uint32_t mfn;                   /* valid while pinned */
    domid_t  domid;                 /* grantee, while pinned */
};

struct gnt_map {
    struct domain *rd;              /* granter, referenced */
    uint64_t       addr;            /* of the host mapping, as given */
    uint64_t       pte_ma;          /* and where its PTE is */
    grant_ref_t    ref;
    union {
        uint32_t   mfn;
        uint32_t   next_free;       /* free records */
    };
    uint16_t       flags;           /* GNTMAP_*; no PARTS: free */
    bool           is_busy;
};

struct gnttab {
    struct lock    lock;            /*    rank GNTTAB */
    uint32_t       nr_frames;       /* G */
    uint32_t       max_frames;      /* G */
    struct grant_entry_v1 **shared; /* G  NULL entries once the domain is destroyed */
    struct gnt_active **active;     /* G */
    uint32_t       nr_maps;         /* G  records that exist */
    uint32_t       max_maps;        /* G */
    uint32_t       free_map;        /* G  first free record, or NO_MAP */
    uint32_t       next_release;    /*    progress of gnttab_release_mappings */
    struct gnt_map **map_page;      /* G  allocated at the first map */
};

#define NO_MAP  (~0U)

/* The granter's side. */

static struct gnt_active *active_entry(const struct gnttab *gt, grant_ref_t ref)
{
    return &gt->active[ref / ENTRIES_PER_FRAME][ref % ENTRIES_PER_FRAME];
}

/* NULL when the domain has been destroyed.  G held, @ref checked. */
static struct grant_entry_v1 *shared_entry(const struct gnttab *gt, grant_ref_t ref)
{
    struct grant_entry_v1 *page = gt->shared[ref / ENTRIES_PER_FRAME];

    return page ? &page[ref % ENTRIES_PER_FRAME] : NULL;
}

/* Check that entry @s lends to @grantee, and mark it in use.  GNTST_*. */
static int16_t mark_in_use(struct grant_entry_v1 *s, domid_t grantee, bool readonly)
{
    uint32_t *word = (uint32_t *)s;         /* flags and domid, aligned */
    const uint32_t mark = GTF_reading | (readonly ? 0 : GTF_writing);

    for ( unsigned int i = 0; i < STATUS_RETRIES; i++ ) {
        uint32_t old = __atomic_load_n(word, __ATOMIC_ACQUIRE);

        if ( (old & GTF_type_mask) != GTF_permit_access || (old & GTF_sub_page) ||
             old >> 16 != grantee || (!readonly && (old & GTF_readonly)) )
            return GNTST_general_error;
        if ( __atomic_compare_exchange_n(word, &old, old | mark, false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_RELAXED) )
            return GNTST_okay;
    }
    return GNTST_general_error;
}

int16_t gnttab_pin(struct domain *rd, domid_t grantee, grant_ref_t ref, bool readonly,
                   unsigned int nr, mfn_t *mfn)
{
    struct gnttab *gt = rd->gnttab;
    struct gnt_active *a;
    struct grant_entry_v1 *s;
    int16_t st = GNTST_okay;
    bool is_used;

    spin_lock(&gt->lock);
    if ( ref >= gt->nr_frames * ENTRIES_PER_FRAME ) {
        st = GNTST_bad_gntref;
        goto out;
    }
    a = active_entry(gt, ref);
    s = shared_entry(gt, ref);
    is_used = a->nr_ro || a->nr_rw;
    if ( !s || domain_is_dying(rd) || (is_used && a->domid != grantee) ) {
        st = GNTST_general_error;
        goto out;
    }
    if ( !is_used || (!readonly && !a->nr_rw) ) {
        st = mark_in_use(s, grantee, readonly);
        if ( st != GNTST_okay )
            goto out;
        if ( !is_used ) {
            a->mfn = gfn_to_mfn(rd, read_once(s->frame)).n;
            a->domid = grantee;
        }
    }
    if ( readonly )
        a->nr_ro += nr;
    else
        a->nr_rw += nr;
    *mfn = MFN(a->mfn);
 out:
    spin_unlock(&gt->lock);
    return st;
}

void gnttab_unpin(struct domain *rd, grant_ref_t ref, bool readonly, unsigned int nr)
{
    struct gnttab *gt = rd->gnttab;
    struct gnt_active *a;
    struct grant_entry_v1 *s;
    uint16_t clear = 0;

    spin_lock(&gt->lock);
    a = active_entry(gt, ref);
    s = shared_entry(gt, ref);
    if ( readonly ) {
        ASSERT(a->nr_ro >= nr);
        a->nr_ro -= nr;
    } else {
        ASSERT(a->nr_rw >= nr);
        a->nr_rw -= nr;
        if ( a->nr_rw == 0 )
            clear |= GTF_writing;
    }
    if ( a->nr_ro == 0 && a->nr_rw == 0 )
        clear |= GTF_reading;
    if ( s && clear )
        __atomic_fetch_and(&s->flags, (uint16_t)~clear, __ATOMIC_SEQ_CST);
    spin_unlock(&gt->lock);
}

/* The mapper's side. */

static struct gnt_map *map_record(const struct gnttab *gt, grant_handle_t h)
{
    return &gt->map_page[h / MAPS_PER_PAGE][h % MAPS_PER_PAGE];
}

/* G held.  One more page of records, all free. */
static bool maps_grow(struct gnttab *gt)
{
    struct gnt_map *page;

    if ( gt->nr_maps >= gt->max_maps )
        return false;
    if ( !gt->map_page ) {
        gt->map_page = slab_new_array(struct gnt_map *, DIV_ROUND_UP(gt->max_maps, MAPS_PER_PAGE));
        if ( !gt->map_page )
            return false;
    }
    page = heap_alloc_page();
    if ( !page )
        return false;
    for ( uint32_t i = 0; i < MAPS_PER_PAGE; i++ )
        page[i].next_free = i + 1 < MAPS_PER_PAGE ? gt->nr_maps + i + 1 : gt->free_map;
    gt->free_map = gt->nr_maps;
    gt->map_page[gt->nr_maps / MAPS_PER_PAGE] = page;
    gt->nr_maps += MAPS_PER_PAGE;
    return true;
}

/* A free record, busy, or NO_MAP. */
static grant_handle_t map_alloc(struct gnttab *gt)
{
    grant_handle_t h = NO_MAP;

    spin_lock(&gt->lock);
    if ( gt->free_map != NO_MAP || maps_grow(gt) ) {
        struct gnt_map *m;

        h = gt->free_map;
        m = map_record(gt, h);
        gt->free_map = m->next_free;
        m->is_busy = true;
    }
    spin_unlock(&gt->lock);
    return h;
}

/* The frame of a mapping as @ld's devices see it; to a hardware guest that is where it asked for it. */
static uint64_t bus_addr(const struct domain *ld, uint64_t host_addr, mfn_t mfn)
{
    return ld->p2m ? host_addr : mfn_to_paddr(mfn);
}

/* Take @parts out of busy record @h, and free it if nothing is left.  True if freed. */
static bool map_finish(struct gnttab *gt, grant_handle_t h, uint16_t parts)
{
    struct gnt_map *m;
    bool is_free;

    spin_lock(&gt->lock);
    m = map_record(gt, h);
    m->flags &= ~parts;
    m->is_busy = false;
    is_free = !(m->flags & PARTS);
    if ( is_free ) {
        *m = (struct gnt_map){ .next_free = gt->free_map };
        gt->free_map = h;
    }
    spin_unlock(&gt->lock);
    return is_free;
}

/* Map @mfn of @rd, pinned already.  GNTST_*; on failure no frame reference is left. */
static int16_t map_frame(struct domain *rd, mfn_t mfn, const struct gnttab_map_grant_ref *op,
                         uint64_t *pte_ma)
{
    const bool readonly = op->flags & GNTMAP_readonly;
    const uint64_t avail = ((op->flags >> _GNTMAP_guest_avail0) & 7UL) << 9;
    const unsigned int nr = popcount64(op->flags & PARTS);
    unsigned int held = 0;
    int rc = GNTST_okay;

    while ( held < nr && page_hold(rd, mfn, !readonly) )
        held++;
    if ( held < nr )
        rc = GNTST_bad_page;
    else if ( op->flags & GNTMAP_host_map )
        rc = current->domain->ops->grant_map(current, op->host_addr, mfn, op->flags & GNTMAP_contains_pte,
                                             readonly, avail, pte_ma);
    while ( rc != GNTST_okay && held-- )
        page_unhold(rd, mfn, !readonly);
    return rc;
}

static int16_t map_from(struct domain *ld, struct domain *rd, struct gnttab_map_grant_ref *op)
{
    struct gnttab *gt = ld->gnttab;
    const bool readonly = op->flags & GNTMAP_readonly;
    const unsigned int nr_pins = popcount64(op->flags & PARTS);
    const grant_handle_t h = map_alloc(gt);
    struct gnt_map *m;
    uint64_t pte_ma = 0;
    mfn_t mfn;
    int16_t st;

    if ( h == NO_MAP )
        return GNTST_no_device_space;

    st = gnttab_pin(rd, ld->id, op->ref, readonly, nr_pins, &mfn);
    if ( st != GNTST_okay )
        goto err_handle;
    st = map_frame(rd, mfn, op, &pte_ma);
    if ( st != GNTST_okay )
        goto err_pin;

    domain_ref(rd);
    spin_lock(&gt->lock);
    m = map_record(gt, h);
    m->rd = rd;
    m->addr = op->host_addr;
    m->pte_ma = pte_ma;
    m->ref = op->ref;
    m->mfn = mfn.n;
    m->flags = op->flags & (PARTS | GNTMAP_readonly);
    m->is_busy = false;
    spin_unlock(&gt->lock);

    op->handle = h;
    op->dev_bus_addr = bus_addr(ld, op->host_addr, mfn);
    return GNTST_okay;

 err_pin:
    gnttab_unpin(rd, op->ref, readonly, nr_pins);
 err_handle:
    (void)map_finish(gt, h, PARTS);
    return st;
}

void gnttab_map_one(struct gnttab_map_grant_ref *op)
{
    struct domain *rd;

    if ( !(op->flags & PARTS) ) {
        op->status = GNTST_bad_gntref;
        return;
    }
    rd = domain_get_by_id(op->dom);
    if ( !rd ) {
        op->status = GNTST_bad_domain;
        return;
    }
    op->status = map_from(current->domain, rd, op);
    domain_put(rd);
}

/* Find record @op->handle and make it ours: copied to @out, busy.  GNTST_*. */
static int16_t map_claim(const struct domain *ld, const struct gnttab_unmap_grant_ref *op,
                         struct gnt_map *out)
{
    struct gnttab *const gt = ld->gnttab;
    struct gnt_map *m;
    int16_t st = GNTST_okay;

    spin_lock(&gt->lock);
    if ( op->handle >= gt->nr_maps ) {
        st = GNTST_bad_handle;
        goto out;
    }
    m = map_record(gt, op->handle);
    if ( m->is_busy || !(m->flags & PARTS) ) {
        st = GNTST_bad_handle;
    } else if ( op->dev_bus_addr && op->dev_bus_addr != bus_addr(ld, m->addr, MFN(m->mfn)) ) {
        st = GNTST_bad_dev_addr;
    } else if ( op->host_addr && (m->flags & GNTMAP_host_map) && op->host_addr != m->addr ) {
        st = GNTST_bad_virt_addr;
    } else {
        m->is_busy = true;
        *out = *m;
    }
 out:
    spin_unlock(&gt->lock);
    return st;
}

void gnttab_unmap_one(struct gnttab_batch *b, struct gnttab_unmap_grant_ref *op)
{
    struct domain *ld = current->domain;
    struct gnt_map m;
    uint16_t parts = 0;

    if ( b->nr == GNTTAB_BATCH )
        gnttab_unmap_flush(b);

    op->status = map_claim(ld, op, &m);
    if ( op->status != GNTST_okay )
        return;

    if ( op->dev_bus_addr )
        parts |= m.flags & GNTMAP_device_map;
    if ( op->host_addr && (m.flags & GNTMAP_host_map) ) {
        ld->ops->grant_unmap(ld, m.pte_ma, MFN(m.mfn));
        parts |= GNTMAP_host_map;
        b->needs_flush = true;
    }
    if ( !parts ) {
        (void)map_finish(ld->gnttab, op->handle, 0);
        return;
    }
    b->e[b->nr++] = (struct gnttab_unmapped){
        .rd = m.rd, .handle = op->handle, .ref = m.ref, .mfn = MFN(m.mfn),
        .parts = parts, .readonly = m.flags & GNTMAP_readonly,
    };
}

/* Drop what the parts of a mapping hold and end them. */
static void unmap_complete(struct domain *ld, const struct gnttab_unmapped *u)
{
    const unsigned int nr_parts = popcount64(u->parts);

    for ( unsigned int i = 0; i < nr_parts; i++ )
        page_unhold(u->rd, u->mfn, !u->readonly);
    gnttab_unpin(u->rd, u->ref, u->readonly, nr_parts);
    if ( map_finish(ld->gnttab, u->handle, u->parts) )
        domain_put(u->rd);
}

void gnttab_unmap_flush(struct gnttab_batch *b)
{
    struct domain *ld = current->domain;

    if ( b->needs_flush )
        tlb_flush_cpus(ld->dirty_cpus);
    for ( uint32_t i = 0; i < b->nr; i++ )
        unmap_complete(ld, &b->e[i]);
    b->nr = 0;
    b->needs_flush = false;
}

/* The table itself. */

/* Have at least @nr frames.  G held.  -XEN_EINVAL, -XEN_ENOMEM: with fewer. */
static int must_check table_grow(struct domain *d, uint32_t nr)
{
    struct gnttab *gt = d->gnttab;

    if ( nr > gt->max_frames )
        return -XEN_EINVAL;
    while ( gt->nr_frames < nr ) {
        struct gnt_active *a = slab_new_array(struct gnt_active, ENTRIES_PER_FRAME);
        void *page = a ? heap_alloc_page() : NULL;

        if ( !page ) {
            slab_free(a);
            return -XEN_ENOMEM;
        }
        page_share_xenheap(d, page, false);
        gt->active[gt->nr_frames] = a;
        gt->shared[gt->nr_frames] = page;
        gt->nr_frames++;
    }
    return 0;
}

int gnttab_get_frame(struct domain *d, uint32_t idx, mfn_t *mfn)
{
    struct gnttab *gt = d->gnttab;
    int rc;

    if ( idx == ~0U )
        return -XEN_EINVAL;
    spin_lock(&gt->lock);
    rc = domain_is_dying(d) ? -XEN_EINVAL : table_grow(d, idx + 1);
    if ( rc == 0 )
        *mfn = virt_to_mfn(gt->shared[idx]);
    spin_unlock(&gt->lock);
    return rc;
}

/* GNTST_* for a domain that a table operation names. */
static int16_t find_target(domid_t id, struct domain **d)
{
    switch ( domain_get_remote(id, d) ) {
    case 0:          return GNTST_okay;
    case -XEN_EPERM: return GNTST_permission_denied;
    default:         return GNTST_bad_domain;
    }
}

/* What @d calls its grant frame: a hardware guest where it put it last, all ones if nowhere. */
static uint64_t own_name(const struct domain *d, mfn_t mfn)
{
    const uint64_t gfn = m2p_get(mfn);

    if ( !d->p2m )
        return mfn.n;
    return mfn_eq(p2m_lookup(d, gfn, NULL), mfn) ? gfn : ~0UL;
}

int gnttab_setup_table(struct gnttab_setup_table *op)
{
    struct domain *d;
    int rc = 0;

    op->status = find_target(op->dom, &d);
    if ( op->status != GNTST_okay )
        return 0;

    for ( uint32_t i = 0; i < op->nr_frames; i++ ) {
        uint64_t frame;
        mfn_t mfn;

        if ( gnttab_get_frame(d, i, &mfn) ) {
            op->status = GNTST_general_error;
            break;
        }
        frame = own_name(d, mfn);
        if ( !copy_to_guest_index(op->frame_list, i, &frame, sizeof(frame)) ) {
            rc = -XEN_EFAULT;
            break;
        }
    }
    domain_put(d);
    return rc;
}

int gnttab_query_size(struct gnttab_query_size *op)
{
    struct domain *d;

    op->status = find_target(op->dom, &d);
    if ( op->status != GNTST_okay )
        return 0;
    spin_lock(&d->gnttab->lock);
    op->nr_frames = d->gnttab->nr_frames;
    op->max_nr_frames = d->gnttab->max_frames;
    spin_unlock(&d->gnttab->lock);
    domain_put(d);
    return 0;
}

int gnttab_set_version(struct gnttab_set_version *op)
{
    /* As before there were versions: what guests take as "stay with 1". */
    if ( op->version == 2 )
        return -XEN_ENOSYS;
    return op->version == 1 ? 0 : -XEN_EINVAL;
}

/* Life. */

/* Negative numbers of the ABI ask for the default. */
static uint32_t limit_or(uint32_t asked, uint32_t normal, uint32_t most)
{
    return (int32_t)asked < 0 ? normal : min(asked, most);
}

int gnttab_init_domain(struct domain *d, uint32_t max_grant_frames, uint32_t max_maptrack_frames)
{
    struct gnttab *gt = slab_new(struct gnttab);
    int rc = -XEN_ENOMEM;

    if ( !gt )
        return rc;
    lock_init(&gt->lock, RANK_GNTTAB);
    gt->max_frames = limit_or(max_grant_frames, DEFAULT_GRANT_FRAMES, MAX_GRANT_FRAMES);
    gt->max_maps = HANDLES_PER_FRAME *
                   limit_or(max_maptrack_frames, DEFAULT_MAPTRACK_FRAMES, MAX_MAPTRACK_FRAMES);
    gt->free_map = NO_MAP;
    gt->shared = slab_new_array(struct grant_entry_v1 *, max(gt->max_frames, 1U));
    gt->active = slab_new_array(struct gnt_active *, max(gt->max_frames, 1U));
    d->gnttab = gt;
    if ( gt->shared && gt->active ) {
        spin_lock(&gt->lock);
        rc = table_grow(d, min(gt->max_frames, 1U));
        spin_unlock(&gt->lock);
    }
    if ( rc )
        gnttab_free_domain(d);
    return rc;
}

int gnttab_release_mappings(struct domain *d)
{
    struct gnttab *gt = d->gnttab;

    if ( !gt )
        return 0;
    for ( ; gt->next_release < gt->nr_maps; gt->next_release++ ) {
        const struct gnt_map *m = map_record(gt, gt->next_release);
        struct gnttab_unmapped u;

        if ( gt->next_release % 32 == 31 && preempt_needed() )
            return -XEN_ERESTART;
        if ( !(m->flags & PARTS) )
            continue;
        u = (struct gnttab_unmapped){
            .rd = m->rd, .handle = gt->next_release, .ref = m->ref, .mfn = MFN(m->mfn),
            .parts = m->flags & PARTS, .readonly = m->flags & GNTMAP_readonly,
        };
        /* It never runs again, so what its tables still say maps nothing. */
        unmap_complete(d, &u);
    }
    return 0;
}

void gnttab_destroy_domain(struct domain *d)
{
    struct gnttab *gt = d->gnttab;

    for ( uint32_t i = 0; gt && i < gt->nr_frames; i++ ) {
        struct grant_entry_v1 *page;

        spin_lock(&gt->lock);
        page = gt->shared[i];
        gt->shared[i] = NULL;
        spin_unlock(&gt->lock);
        if ( page )
            page_unshare_xenheap(d, page);
    }
}

void gnttab_free_domain(struct domain *d)
{
    struct gnttab *gt = d->gnttab;

    if ( !gt )
        return;
    gnttab_destroy_domain(d);       /* one that was never destroyed: creation failed */
    for ( uint32_t i = 0; i < gt->nr_frames; i++ )
        slab_free(gt->active[i]);
    for ( uint32_t i = 0; i < gt->nr_maps / MAPS_PER_PAGE; i++ )
        heap_free_page(gt->map_page[i]);
    slab_free(gt->map_page);
    slab_free(gt->active);
    slab_free(gt->shared);
    slab_free(gt);
    d->gnttab = NULL;
}

static void dump_domain(const struct domain *d)
{
    const struct gnttab *gt = d->gnttab;
    uint32_t nr_used = 0;

    log_info("%pd: grant table, %u of %u frames, %u map records\n", d, gt->nr_frames,
             gt->max_frames, gt->nr_maps);
    for ( uint32_t i = 0; i < gt->nr_maps; i++ )
        nr_used += (map_record(gt, i)->flags & PARTS) != 0;
    log_info("  maps %u frames of others\n", nr_used);
    for ( uint32_t ref = 0; ref < gt->nr_frames * ENTRIES_PER_FRAME; ref++ ) {
        const struct gnt_active *a = active_entry(gt, ref);

        if ( a->nr_ro || a->nr_rw )
            log_info("  ref %u: mfn %#x to d%u, %u ro %u rw\n", ref, a->mfn, a->domid, a->nr_ro,
                     a->nr_rw);
    }
}

void gnttab_dump(void)
{
    struct domain *d;

    for_each_domain ( d ) {
        if ( d->gnttab ) {
            spin_lock(&d->gnttab->lock);
            dump_domain(d);
            spin_unlock(&d->gnttab->lock);
        }
    }
}
