/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames that belong to domains: giving, taking back, references, simple types.
 *
 * The allocation holds one reference (FF_ALLOCATED); each guest mapping, grant map
 * and hypervisor user of a frame holds one more.  A frame goes back to the heap
 * when the last is dropped, after CPUs that may hold stale translations have flushed.
 *
 * Type rule: a type may change only when type_refs is zero, and a change flushes every
 * CPU of the owner that has not flushed since the last use of the old type ended (tlb_stamp).
 *
 * Every function here wants the owner's mm_lock held unless it says otherwise.
 */
#pragma once

#include "core/domain.h"
#include "mem/frame.h"
#include "plat/tlb.h"

/*
 * Allocate 2^@order frames for @d and put them on its list with one reference each.
 * @bits as heap_alloc.  Refused beyond d->max_pages unless @nolimit.
 * Returns INVALID_MFN if over the limit or out of memory.  Takes mm_lock itself.
 */
mfn_t must_check page_alloc(struct domain *d, unsigned int order, unsigned int bits, bool nolimit);

/* Hand an already allocated block (heap_alloc) to @d, without limit: dom0's build.  Takes mm_lock. */
void page_assign(struct domain *d, mfn_t mfn, unsigned int order);

/* Drop the allocation's reference if it is still there.  False if it was not. */
bool page_drop_allocation(struct domain *d, struct frame *f);

/* One more reference to a frame that @d owns; false if @mfn is not such a frame. */
static inline bool must_check page_get(struct domain *d, mfn_t mfn)
{
    struct frame *f;

    if ( !mfn_valid(mfn) )
        return false;
    f = mfn_to_frame(mfn);
    if ( f->owner != d->id || f->refs == 0 || f->refs == ~0U )
        return false;
    f->refs++;
    return true;
}

void page_release(struct domain *d, struct frame *f);
static inline void page_put(struct domain *d, struct frame *f)
{
    if ( --f->refs == 0 )
        page_release(d, f);
}

/* The writable type, on a frame that is referenced. */
bool must_check page_writable_slow(struct domain *d, struct frame *f);
static inline bool must_check page_type_get_writable(struct domain *d, struct frame *f)
{
    if ( f->type == FT_WRITABLE && !(f->flags & FF_RO_SHARE) ) {
        f->type_refs++;
        return true;
    }
    return page_writable_slow(d, f);
}
static inline void page_type_put_writable(struct frame *f)
{
    if ( --f->type_refs == 0 )
        f->tlb_stamp = tlb_epoch_now();
}

/*
 * A reference, and the writable type if @writable: what a mapping by grant or by the hypervisor
 * needs.  False if the frame is not @d's, or is a page table or descriptor page now and should be
 * writable.  These take mm_lock themselves.
 */
bool must_check page_hold(struct domain *d, mfn_t mfn, bool writable);
void page_unhold(struct domain *d, mfn_t mfn, bool writable);

/* Share a hypervisor page with @d (shared_info, grant frames): PV guests may map it. */
void page_share_xenheap(struct domain *d, void *va, bool read_only);
/* Undo; the last mapping, or this, frees the page.  Takes mm_lock. */
void page_unshare_xenheap(struct domain *d, void *va);

/* The owner of a domain's frame that is referenced, which keeps the domain too.  No lock needed. */
struct domain *frame_domain(const struct frame *f);
