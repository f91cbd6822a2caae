/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buddy allocator.  Free blocks are kept by zone (the width of their highest address)
 * and order; a block never crosses a zone, because it is aligned to its size.  A free
 * block's first frame carries FF_HEAP_HEAD and its order; links are frame numbers.
 *
 * Frames given back dirty are scrubbed before anyone gets them: by idle CPUs, or at
 * the latest when they are handed out.
 */
#include "mem/heap.h"
#include "base/assert.h"
#include "base/string.h"
#include "cpu/asm.h"
#include "cpu/spinlock.h"

#define NR_ZONES    40          /* zone z: frame numbers of z significant bits */

static struct lock heap_lock = LOCK_INIT(RANK_HEAP);
static uint32_t free_head[NR_ZONES + 1][HEAP_MAX_ORDER + 1];
static uint32_t zone_orders[NR_ZONES + 1];      /* bit set: list is not empty */
static uint64_t zone_free[NR_ZONES + 1];
static uint64_t nr_free, nr_total, nr_dirty, nr_claimed;
static bool lists_ready;

uint64_t max_mfn;

static unsigned int zone_of(uint64_t mfn) { return mfn ? highest_bit(mfn) + 1 : 0; }

static void list_add(uint64_t mfn, unsigned int order)
{
    const unsigned int z = zone_of(mfn);
    struct frame *f = mfn_to_frame(MFN(mfn));

    f->flags = (f->flags & FF_DIRTY) | FF_HEAP_HEAD;
    f->order = order;
    frame_list_add(&free_head[z][order], f);
    zone_orders[z] |= 1U << order;
}

static void list_del(uint64_t mfn, unsigned int order)
{
    const unsigned int z = zone_of(mfn);
    struct frame *f = mfn_to_frame(MFN(mfn));

    frame_list_del(&free_head[z][order], f);
    if ( free_head[z][order] == FRAME_NIL )
        zone_orders[z] &= ~(1U << order);
    f->flags &= ~FF_HEAP_HEAD;
}

static void lists_init(void)
{
    for ( unsigned int z = 0; z <= NR_ZONES; z++ )
        for ( unsigned int o = 0; o <= HEAP_MAX_ORDER; o++ )
            free_head[z][o] = FRAME_NIL;
    lists_ready = true;
}

static bool is_free_block(uint64_t mfn, unsigned int order)
{
    const struct frame *f;

    if ( !mfn_valid(MFN(mfn)) )
        return false;
    f = mfn_to_frame(MFN(mfn));
    return (f->flags & FF_HEAP_HEAD) && f->owner == DOMID_INVALID && f->order == order;
}

/* Put a block on its list, merged with free buddies.  Every frame's owner is DOMID_INVALID. */
static void block_free(uint64_t mfn, unsigned int order)
{
    const unsigned int z = zone_of(mfn);

    zone_free[z] += 1ULL << order;
    nr_free += 1ULL << order;
    while ( order < HEAP_MAX_ORDER ) {
        const uint64_t buddy = mfn ^ (1ULL << order);

        if ( zone_of(buddy) != z || !is_free_block(buddy, order) )
            break;
        list_del(buddy, order);
        mfn &= buddy;
        order++;
    }
    list_add(mfn, order);
}

void heap_add(mfn_t start, mfn_t end)
{
    uint64_t mfn = start.n;

    spin_lock(&heap_lock);
    if ( !lists_ready )
        lists_init();
    nr_total += end.n - start.n;
    while ( mfn < end.n ) {
        unsigned int order = mfn ? min(lowest_bit(mfn), (unsigned int)HEAP_MAX_ORDER) : 0;

        while ( mfn + (1ULL << order) > end.n )
            order--;
        for ( uint64_t i = 0; i < 1ULL << order; i++ ) {
            struct frame *f = mfn_to_frame(MFN(mfn + i));

            memset(f, 0, sizeof(*f));
            f->owner = DOMID_INVALID;
            f->flags = FF_DIRTY;
        }
        nr_dirty += 1ULL << order;
        block_free(mfn, order);
        mfn += 1ULL << order;
    }
    spin_unlock(&heap_lock);
}

/* The first frame of a free block of at least @order in zones up to @top; FRAME_NIL: none. */
static uint32_t find_block(unsigned int order, unsigned int top, unsigned int *found)
{
    for ( int z = top; z >= 0; z-- ) {
        const uint32_t orders = zone_orders[z] & ~((1U << order) - 1);

        if ( orders ) {
            *found = lowest_bit(orders);
            return free_head[z][*found];
        }
    }
    return FRAME_NIL;
}

static void scrub(uint64_t mfn) { rep_stosq(mfn_to_virt(MFN(mfn)), 0, PAGE_SIZE / 8); }

/* The frames are nobody's yet but no longer free: outside the lock. */
static void block_prepare(uint64_t mfn, unsigned int order, bool want_clean)
{
    for ( uint64_t i = 0; i < 1ULL << order; i++ ) {
        struct frame *f = mfn_to_frame(MFN(mfn + i));

        if ( want_clean && (f->flags & FF_DIRTY) )
            scrub(mfn + i);
        f->flags = 0;
        f->order = 0;
    }
}

mfn_t heap_alloc(unsigned int order, unsigned int bits, unsigned int flags)
{
    unsigned int found = 0, top = NR_ZONES;
    uint64_t mfn;

    if ( order > HEAP_MAX_ORDER )
        return INVALID_MFN;
    if ( bits < PAGE_SHIFT + NR_ZONES )
        top = bits > PAGE_SHIFT ? bits - PAGE_SHIFT : 0;

    spin_lock(&heap_lock);
    mfn = find_block(order, top, &found);
    if ( mfn == FRAME_NIL ) {
        spin_unlock(&heap_lock);
        return INVALID_MFN;
    }
    list_del(mfn, found);
    zone_free[zone_of(mfn)] -= 1ULL << order;
    nr_free -= 1ULL << order;
    while ( found > order ) {
        found--;
        list_add(mfn + (1ULL << found), found);
    }
    for ( uint64_t i = 0; i < 1ULL << order; i++ ) {
        struct frame *f = mfn_to_frame(MFN(mfn + i));

        if ( f->flags & FF_DIRTY )
            nr_dirty--;
        f->owner = DOMID_XEN;
    }
    spin_unlock(&heap_lock);
    block_prepare(mfn, order, !(flags & HEAP_NO_SCRUB));
    return MFN(mfn);
}

void heap_free(mfn_t mfn, unsigned int order, bool dirty)
{
    spin_lock(&heap_lock);
    for ( uint64_t i = 0; i < 1ULL << order; i++ ) {
        struct frame *f = mfn_to_frame(mfn_add(mfn, i));

        CHECK(f->owner != DOMID_INVALID);
        f->refs = 0;
        f->type = FT_NONE;
        f->type_refs = 0;
        f->flags = dirty ? FF_DIRTY : 0;
        f->owner = DOMID_INVALID;
    }
    if ( dirty )
        nr_dirty += 1ULL << order;
    block_free(mfn.n, order);
    spin_unlock(&heap_lock);
}

void *heap_alloc_pages(unsigned int order)
{
    const mfn_t mfn = heap_alloc(order, 64, HEAP_NO_SCRUB);

    if ( mfn_eq(mfn, INVALID_MFN) )
        return NULL;
    /* A page given back clean was the hypervisor's own: zero it all the same. */
    rep_stosq(mfn_to_virt(mfn), 0, (PAGE_SIZE << order) / 8);
    return mfn_to_virt(mfn);
}

void heap_free_pages(void *va, unsigned int order)
{
    if ( va )
        heap_free(virt_to_mfn(va), order, true);
}

uint64_t heap_nr_free(void)  { return read_once(nr_free); }
uint64_t heap_nr_total(void) { return read_once(nr_total); }
uint64_t heap_nr_dirty(void) { return read_once(nr_dirty); }
uint64_t heap_nr_claimed(void) { return read_once(nr_claimed); }

uint64_t heap_nr_free_below(unsigned int bits)
{
    const unsigned int top = bits > PAGE_SHIFT ? min(bits - PAGE_SHIFT, (unsigned int)NR_ZONES) : 0;
    uint64_t n = 0;

    for ( unsigned int z = 0; z <= top; z++ )
        n += read_once(zone_free[z]);
    return n;
}

int heap_claim(uint64_t *claim, uint64_t pages)
{
    int rc = 0;

    spin_lock(&heap_lock);
    if ( pages > nr_free - min(nr_claimed - *claim, nr_free) ) {
        rc = -XEN_ENOMEM;
    } else {
        nr_claimed += pages - *claim;
        *claim = pages;
    }
    spin_unlock(&heap_lock);
    return rc;
}

void heap_claim_used(uint64_t *claim, uint64_t pages)
{
    spin_lock(&heap_lock);
    pages = min(pages, *claim);
    *claim -= pages;
    nr_claimed -= pages;
    spin_unlock(&heap_lock);
}
