/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_op, the part that moves frames: giving them to a domain, taking them back,
 * exchanging them.  Questions and settings are in hc_memory_info.c.
 *
 * The upper bits of the command say with which extent to begin.  Tools may use that; we
 * put progress there when a call is repeated.  The result is the number of extents done,
 * fewer than asked for if one failed: that is how the ABI reports it.
 */
#include "hcall/hc_memory.h"

#include "core/p2m.h"
#include "core/page.h"
#include "cpu/pcpu.h"
#include "hvm/hvm.h"
#include "mem/heap.h"

#define EXTENT_SHIFT        6       /* command below, first extent above */
#define CMD_MASK            (BIT(EXTENT_SHIFT) - 1)
#define MAX_ORDER_GUEST     9       /* frames per extent, as a power of two */
#define MAX_ORDER_CONTROL   12      /* bounded by the time to clear them */

struct extents {
    struct xen_memory_reservation r;
    struct domain *d;
    unsigned int bits;              /* addresses below 2^bits; 64: any */
};

typedef bool extent_fn(const struct extents *x, uint64_t i);

static unsigned int max_order(void)
{
    return current->domain->is_privileged ? MAX_ORDER_CONTROL : MAX_ORDER_GUEST;
}

static mfn_t alloc_extent(const struct extents *x)
{
    return page_alloc(x->d, x->r.extent_order, x->bits, false);
}

static void name_extent(mfn_t mfn, unsigned int order, uint64_t gpfn)
{
    for ( uint64_t i = 0; i < BIT(order); i++ )
        m2p_set(mfn_add(mfn, i), gpfn == M2P_INVALID ? gpfn : gpfn + i);
}

static bool increase_one(const struct extents *x, uint64_t i)
{
    /* A hardware guest names frames by where they are in its map: it populates. */
    const mfn_t mfn = x->d->p2m ? INVALID_MFN : alloc_extent(x);

    if ( mfn_eq(mfn, INVALID_MFN) )
        return false;
    name_extent(mfn, x->r.extent_order, M2P_INVALID);
    return !x->r.extent_start || copy_to_guest_index(x->r.extent_start, i, &mfn.n, sizeof(mfn.n));
}

/* @d's own RAM that it still holds the allocation of.  mm_lock held. */
static struct frame *owned_frame(struct domain *d, mfn_t mfn)
{
    struct frame *f;

    if ( !mfn_valid(mfn) )
        return NULL;
    f = mfn_to_frame(mfn);
    if ( f->owner != d->id || (f->flags & FF_XENHEAP) || !(f->flags & FF_ALLOCATED) )
        return NULL;
    return f;
}

static bool release_frame(struct domain *d, mfn_t mfn)
{
    struct frame *const f = owned_frame(d, mfn);

    if ( !f )
        return false;
    m2p_set(mfn, M2P_INVALID);
    /* If the guest still maps it, the frame goes when the last mapping does. */
    return page_drop_allocation(d, f);
}

/* A hardware guest's: into its physical map, or nothing is left of it. */
static bool place_extent(const struct extents *x, uint64_t gfn, mfn_t mfn)
{
    const unsigned int order = x->r.extent_order;
    int rc;

    spin_lock(&x->d->mm_lock);
    rc = p2m_covered(x->d, gfn, order) ? -XEN_EEXIST : p2m_set(x->d, gfn, mfn, order, P2M_RAM);
    if ( rc ) {
        if ( rc != -XEN_EEXIST )
            (void)!p2m_clear(x->d, gfn, order);
        for ( uint64_t i = 0; i < BIT(order); i++ )
            (void)release_frame(x->d, mfn_add(mfn, i));
    }
    spin_unlock(&x->d->mm_lock);
    return !rc;
}

static bool populate_one(const struct extents *x, uint64_t i)
{
    uint64_t gpfn;
    mfn_t mfn;

    if ( !copy_from_guest_index(&gpfn, x->r.extent_start, i, sizeof(gpfn)) )
        return false;
    mfn = alloc_extent(x);
    if ( mfn_eq(mfn, INVALID_MFN) )
        return false;
    if ( x->d->p2m )
        return place_extent(x, gpfn, mfn);
    name_extent(mfn, x->r.extent_order, gpfn);
    return copy_to_guest_index(x->r.extent_start, i, &mfn.n, sizeof(mfn.n));
}

static bool decrease_one(const struct extents *x, uint64_t i)
{
    uint64_t mfn;
    bool ok = true;

    if ( !copy_from_guest_index(&mfn, x->r.extent_start, i, sizeof(mfn)) )
        return false;
    if ( !range_ok(mfn, BIT(x->r.extent_order), x->d->p2m ? BIT(P2M_GFN_BITS) : max_mfn) )
        return false;

    spin_lock(&x->d->mm_lock);
    for ( uint64_t j = 0; ok && j < BIT(x->r.extent_order); j++ )
        ok = x->d->p2m ? physmap_remove(x->d, mfn + j) : release_frame(x->d, MFN(mfn + j));
    spin_unlock(&x->d->mm_lock);
    return ok;
}

/* Address width from the flags, or 0: it can't be met. */
static unsigned int bits_of(uint32_t mem_flags)
{
    const unsigned int bits = XENMEMF_get_address_bits(mem_flags);

    if ( !bits || bits >= 64 )
        return 64;
    return bits <= PAGE_SHIFT ? 0 : bits;
}

static long reservation_op(unsigned int op, uint64_t start, guest_ptr_t uarg)
{
    static extent_fn *const fns[] = {
        [XENMEM_increase_reservation] = increase_one,
        [XENMEM_decrease_reservation] = decrease_one,
        [XENMEM_populate_physmap]     = populate_one,
    };
    struct extents x;
    uint64_t i = start;
    bool again = false;

    if ( !copy_from_guest(&x.r, uarg, sizeof(x.r)) )
        return start;
    if ( x.r.nr_extents > (~0UL >> EXTENT_SHIFT) || start >= x.r.nr_extents ||
         x.r.extent_order > max_order() )
        return start;
    x.bits = bits_of(x.r.mem_flags);
    if ( !x.bits || (x.r.mem_flags & XENMEMF_populate_on_demand) )
        return start;
    if ( domain_get_remote(x.r.domid, &x.d) )
        return start;

    for ( ; i < x.r.nr_extents; i++ ) {
        if ( i != start && preempt_needed() ) {
            cont_set_arg(current, 0, op | i << EXTENT_SHIFT);
            again = true;
            break;
        }
        if ( !fns[op](&x, i) )
            break;
    }
    if ( op == XENMEM_decrease_reservation && x.d->hvm )
        ioreq_invalidate(x.d);
    domain_put(x.d);
    return again ? -XEN_ERESTART : (long)i;
}

/*
 * Exchange.  A chunk is as many frames as the larger of the two extent orders.  First every
 * old frame gets a second reference (which also finds duplicates), then the new ones are
 * allocated; only then, with nothing left that can fail, are the old ones let go.
 */
struct exchange {
    struct xen_memory_exchange e;
    struct domain *d;
    unsigned int chunk_order;
    unsigned int bits;
    uint64_t *old;                  /* frame numbers of the chunk at hand */
    uint64_t nr_held;               /* of them, those we hold a reference to */
};

static void exchange_unhold(struct exchange *x)
{
    spin_lock(&x->d->mm_lock);
    while ( x->nr_held )
        page_put(x->d, mfn_to_frame(MFN(x->old[--x->nr_held])));
    spin_unlock(&x->d->mm_lock);
}

static bool exchange_hold_one(struct exchange *x, uint64_t mfn)
{
    const struct frame *f;
    bool ok = false;

    spin_lock(&x->d->mm_lock);
    f = owned_frame(x->d, MFN(mfn));
    if ( f && f->refs == 1 && !f->type_refs )
        ok = page_get(x->d, MFN(mfn));
    spin_unlock(&x->d->mm_lock);
    if ( ok )
        x->old[x->nr_held++] = mfn;
    return ok;
}

static int exchange_hold(struct exchange *x, uint64_t chunk)
{
    const unsigned int order = x->e.in.extent_order;
    const uint64_t nr = BIT(x->chunk_order - order);
    uint64_t mfn;

    for ( uint64_t i = 0; i < nr; i++ ) {
        if ( !copy_from_guest_index(&mfn, x->e.in.extent_start, chunk * nr + i, sizeof(mfn)) )
            return -XEN_EFAULT;
        if ( !range_ok(mfn, BIT(order), max_mfn) )
            return -XEN_EINVAL;
        for ( uint64_t j = 0; j < BIT(order); j++ )
            if ( !exchange_hold_one(x, mfn + j) )
                return -XEN_EINVAL;
    }
    return 0;
}

static void exchange_release_old(struct exchange *x)
{
    spin_lock(&x->d->mm_lock);
    for ( uint64_t i = 0; i < x->nr_held; i++ )
        release_frame(x->d, MFN(x->old[i]));
    spin_unlock(&x->d->mm_lock);
    exchange_unhold(x);
}

/* New extents of one chunk: allocate all into @got, or none. */
static int exchange_alloc(struct exchange *x, uint64_t *got, uint64_t nr)
{
    const unsigned int order = x->e.out.extent_order;
    mfn_t mfn;

    for ( uint64_t i = 0; i < nr; i++ ) {
        mfn = page_alloc(x->d, order, x->bits, true);
        if ( mfn_eq(mfn, INVALID_MFN) ) {
            spin_lock(&x->d->mm_lock);
            while ( i-- )
                for ( uint64_t j = 0; j < BIT(order); j++ )
                    release_frame(x->d, MFN(got[i] + j));
            spin_unlock(&x->d->mm_lock);
            return -XEN_ENOMEM;
        }
        got[i] = mfn.n;
    }
    return 0;
}

static int exchange_chunk(struct exchange *x, uint64_t chunk, uint64_t *got)
{
    const unsigned int order = x->e.out.extent_order;
    const uint64_t nr = BIT(x->chunk_order - order);
    uint64_t gpfn;
    int rc;

    x->nr_held = 0;
    rc = exchange_hold(x, chunk);
    if ( !rc )
        rc = exchange_alloc(x, got, nr);
    if ( rc ) {
        exchange_unhold(x);
        return rc;
    }
    exchange_release_old(x);

    for ( uint64_t i = 0; i < nr; i++ ) {
        if ( !copy_from_guest_index(&gpfn, x->e.out.extent_start, chunk * nr + i, sizeof(gpfn)) )
            return -XEN_EFAULT;
        name_extent(MFN(got[i]), order, gpfn);
        if ( !copy_to_guest_index(x->e.out.extent_start, chunk * nr + i, &got[i], sizeof(got[i])) )
            return -XEN_EFAULT;
    }
    return 0;
}

static int exchange_check(struct exchange *x)
{
    const struct xen_memory_reservation *const in = &x->e.in, *const out = &x->e.out;

    if ( in->extent_order > max_order() || out->extent_order > max_order() )
        return -XEN_EPERM;
    if ( x->e.nr_exchanged > in->nr_extents || in->nr_extents > max_mfn ||
         out->nr_extents > max_mfn ||
         in->nr_extents << in->extent_order != out->nr_extents << out->extent_order )
        return -XEN_EINVAL;
    if ( in->domid != out->domid )
        return -XEN_EINVAL;
    /* A bad array must not be found out about when the old frames are gone. */
    if ( !guest_range_ok(in->extent_start, in->nr_extents * sizeof(uint64_t)) ||
         !guest_range_ok(out->extent_start, out->nr_extents * sizeof(uint64_t)) )
        return -XEN_EFAULT;
    x->chunk_order = max(in->extent_order, out->extent_order);
    if ( ((in->nr_extents << in->extent_order) | (x->e.nr_exchanged << in->extent_order)) &
         (BIT(x->chunk_order) - 1) )
        return -XEN_EINVAL;
    x->bits = bits_of(out->mem_flags);
    return x->bits ? 0 : -XEN_ENOMEM;
}

static long exchange_run(struct exchange *x, guest_ptr_t uarg)
{
    const unsigned int order = x->e.in.extent_order;
    const unsigned int per_chunk = x->chunk_order - order;
    const uint64_t nr_chunks = x->e.in.nr_extents >> per_chunk;
    const unsigned int room_order = x->chunk_order > 9 ? x->chunk_order - 9 : 0;
    uint64_t *const got = heap_alloc_pages(room_order);
    long rc = 0;

    x->old = heap_alloc_pages(room_order);
    if ( !x->old || !got )
        rc = -XEN_ENOMEM;
    for ( uint64_t i = x->e.nr_exchanged >> per_chunk; !rc && i < nr_chunks; i++ ) {
        if ( preempt_needed() ) {
            rc = -XEN_ERESTART;
            break;
        }
        rc = exchange_chunk(x, i, got);
        if ( !rc )
            x->e.nr_exchanged = (i + 1) << per_chunk;
    }
    if ( got )
        heap_free_pages(got, room_order);
    if ( x->old )
        heap_free_pages(x->old, room_order);

    /* Progress is in the argument itself: a repeated call reads it from there. */
    if ( !copy_to_guest(uarg + offsetof(struct xen_memory_exchange, nr_exchanged),
                        &x->e.nr_exchanged, sizeof(x->e.nr_exchanged)) )
        rc = -XEN_EFAULT;
    return rc;
}

static long exchange_op(guest_ptr_t uarg)
{
    struct exchange x = { .d = NULL };
    long rc;

    if ( !copy_from_guest(&x.e, uarg, sizeof(x.e)) )
        return -XEN_EFAULT;
    rc = exchange_check(&x);
    if ( rc )
        return rc;
    rc = domain_get_remote(x.e.in.domid, &x.d);
    if ( rc )
        return rc;
    rc = x.d->p2m ? -XEN_EOPNOTSUPP : exchange_run(&x, uarg);
    domain_put(x.d);
    return rc;
}

long hc_memory_op(uint64_t cmd, uint64_t arg, uint64_t a3, uint64_t a4)
{
    const unsigned int op = cmd & CMD_MASK;
    const uint64_t start = cmd >> EXTENT_SHIFT;

    switch ( op ) {
    case XENMEM_increase_reservation: case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap: return reservation_op(op, start, arg);
    case XENMEM_exchange:         return start ? -XEN_EINVAL : exchange_op(arg);
    default:                      return start ? -XEN_EINVAL : hc_memory_info(op, arg);
    }
}
