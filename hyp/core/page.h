/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames that belong to domains: giving, taking back, references.
 *
 * The allocation holds one reference (FF_ALLOCATED); each guest mapping, grant map
 * and hypervisor user of a frame holds one more.  A frame goes back to the heap
 * when the last is dropped.  Every function here wants the owner's mm_lock held
 * unless it says otherwise.
 */
#ifndef CORE_PAGE_H
#define CORE_PAGE_H

#include "core/domain.h"
#include "mem/frame.h"

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

/* One more reference to a frame that @d owns; false if @mfn is not such a frame or dying. */
bool must_check page_get(struct domain *d, mfn_t mfn);
void page_put(struct domain *d, struct frame *f);

/* The same, taking and dropping mm_lock; the owner need not be known for put. */
bool must_check page_get_locked(struct domain *d, mfn_t mfn);
void page_put_unlocked(mfn_t mfn);

/*
 * A reference plus a writable type: what a writable mapping by grant or by the
 * hypervisor needs.  False if the frame is a page table or descriptor page now.
 * These take mm_lock themselves.
 */
bool must_check page_get_writable(struct domain *d, mfn_t mfn);
void page_put_writable(struct domain *d, mfn_t mfn);

/* Share a hypervisor page with @d (shared_info, grant frames): PV guests may map it. */
void page_share_xenheap(struct domain *d, void *va, bool read_only);
/* Undo: true if no guest mapping was left; otherwise the last mapping frees it. */
void page_unshare_xenheap(struct domain *d, void *va);

/* The domain that owns @mfn, referenced (domain_put), or NULL for none or the hypervisor's. */
struct domain *page_owner_get(mfn_t mfn);

#endif
