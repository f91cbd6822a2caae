/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of domains: see page.h for the rules. */
#include "core/page.h"
#include "core/guest_ops.h"
#include "mem/heap.h"

/* False: beyond @max frames. */
static bool assign(struct domain *d, mfn_t mfn, unsigned int order, uint64_t max)
{
    bool ok;

    spin_lock(&d->mm_lock);
    ok = d->tot_pages + (1ULL << order) <= max;
    if ( ok && d->page_list == FRAME_NIL )
        domain_ref(d);          /* frames keep their domain; page_release drops it */
    for ( uint64_t i = 0; ok && i < 1ULL << order; i++ ) {
        struct frame *f = mfn_to_frame(mfn_add(mfn, i));

        f->owner = d->id;
        f->refs = 1;
        f->type = FT_NONE;
        f->type_refs = 0;
        f->flags = FF_ALLOCATED;
        f->tlb_stamp = tlb_epoch_now();
        frame_list_add(&d->page_list, f);
    }
    if ( ok )
        d->tot_pages += 1ULL << order;
    spin_unlock(&d->mm_lock);
    return ok;
}

void page_assign(struct domain *d, mfn_t mfn, unsigned int order)
{
    (void)assign(d, mfn, order, UINT64_MAX);
}

mfn_t page_alloc(struct domain *d, unsigned int order, unsigned int bits, bool nolimit)
{
    const uint64_t nr = 1ULL << order, max = nolimit ? UINT64_MAX : d->max_pages;
    mfn_t mfn;

    /* Cheaper than to scrub first and give back; what counts is the look under the lock. */
    if ( read_once(d->tot_pages) + nr > max || domain_is_dying(d) )
        return INVALID_MFN;
    mfn = heap_alloc(order, bits, 0);
    if ( mfn_eq(mfn, INVALID_MFN) )
        return mfn;
    if ( !assign(d, mfn, order, max) ) {
        heap_free(mfn, order, false);
        return INVALID_MFN;
    }
    if ( d->outstanding_claim )
        heap_claim_used(&d->outstanding_claim, nr);
    return mfn;
}

/* The last reference is gone.  Nothing maps the frame; stale translations go now. */
void page_release(struct domain *d, struct frame *f)
{
    const mfn_t mfn = frame_to_mfn(f);

    tlb_flush_stale(d->dirty_cpus, f->tlb_stamp);
    if ( f->flags & FF_XENHEAP ) {
        heap_free(mfn, 0, true);
        domain_put(d);          /* page_unshare_xenheap's */
        return;
    }
    frame_list_del(&d->page_list, f);
    m2p_set(mfn, M2P_INVALID);
    heap_free(mfn, 0, true);
    if ( d->page_list == FRAME_NIL )
        domain_put(d);
}

bool page_drop_allocation(struct domain *d, struct frame *f)
{
    if ( !(f->flags & FF_ALLOCATED) )
        return false;
    if ( f->flags & FF_PARTIAL )
        d->ops->teardown_frame(d, f);
    f->flags &= ~FF_ALLOCATED;
    d->tot_pages--;
    page_put(d, f);
    return true;
}

bool page_writable_slow(struct domain *d, struct frame *f)
{
    if ( f->flags & (FF_RO_SHARE | FF_PARTIAL) )
        return false;
    if ( f->type_refs )
        return false;
    if ( f->type != FT_NONE && f->type != FT_WRITABLE )
        tlb_flush_stale(d->dirty_cpus, f->tlb_stamp);
    f->type = FT_WRITABLE;
    f->type_refs = 1;
    return true;
}

bool page_hold(struct domain *d, mfn_t mfn, bool writable)
{
    bool ok;

    spin_lock(&d->mm_lock);
    ok = page_get(d, mfn);
    if ( ok && writable && !page_type_get_writable(d, mfn_to_frame(mfn)) ) {
        page_put(d, mfn_to_frame(mfn));
        ok = false;
    }
    spin_unlock(&d->mm_lock);
    return ok;
}

void page_unhold(struct domain *d, mfn_t mfn, bool writable)
{
    struct frame *f = mfn_to_frame(mfn);

    spin_lock(&d->mm_lock);
    if ( writable )
        page_type_put_writable(f);
    f->tlb_stamp = tlb_epoch_now();
    page_put(d, f);
    spin_unlock(&d->mm_lock);
}

void page_share_xenheap(struct domain *d, void *va, bool read_only)
{
    struct frame *f = mfn_to_frame(virt_to_mfn(va));

    spin_lock(&d->mm_lock);
    f->owner = d->id;
    f->refs = 1;
    f->type = FT_NONE;
    f->type_refs = 0;
    f->flags = FF_XENHEAP | (read_only ? FF_RO_SHARE : 0);
    f->tlb_stamp = tlb_epoch_now();
    d->xenheap_pages++;
    spin_unlock(&d->mm_lock);
}

void page_unshare_xenheap(struct domain *d, void *va)
{
    struct frame *f = mfn_to_frame(virt_to_mfn(va));

    spin_lock(&d->mm_lock);
    d->xenheap_pages--;
    domain_ref(d);              /* whoever maps it still keeps the domain; page_release drops it */
    page_put(d, f);
    spin_unlock(&d->mm_lock);
}
