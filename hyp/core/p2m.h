/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The physical map of a hardware guest: guest frame number to machine frame, in the form that
 * the processor walks (EPT or nested page tables; the bits are core/p2m_fmt.h's).
 *
 * Changes hold the domain's mm_lock.  Lookups need no lock while the looker has interrupts off
 * and does not wait (spin_poll) before it is done with the frame: whoever takes a frame
 * away clears the entry, flushes every CPU that runs the domain, and only then frees it; a
 * CPU that looks does not answer that flush.  To keep a frame for longer, take a reference
 * under mm_lock.  Tables are freed with the domain, never before.
 *
 * Paravirtual domains have none (d->p2m is NULL): their frame numbers are machine frames.
 */
#pragma once

#include "core/domain.h"
#include "mem/frame.h"

enum p2m_type {
    P2M_NONE,           /* nothing there: MMIO of the device model, or a hole */
    P2M_RAM,            /* a frame that the domain owns, through its allocation */
    P2M_RAM_RO,         /* the same, writes go to the device model (ROM) */
    P2M_SHARED,         /* the hypervisor's page shared with the domain: shared_info, grant frames */
    P2M_GRANT_RW,       /* grant-mapped: the grant map's record holds the references */
    P2M_GRANT_RO,
    P2M_APIC,           /* VT-x's stand-in for the local APIC: to everybody else, nothing there */
    P2M_NR
};

#define P2M_GFN_BITS    36      /* 48 bits of guest-physical addresses */

int must_check p2m_init(struct domain *d);      /* 0, -XEN_ENOMEM */
void p2m_free(struct domain *d);                /* the tables; nothing in them is looked at */

/* @gfn's frame and type; INVALID_MFN and P2M_NONE if there is none.  See above for the lock. */
mfn_t p2m_lookup(const struct domain *d, uint64_t gfn, enum p2m_type *type);

/*
 * Put 2^@order frames from @mfn at @gfn, aligned to the order (0, 9 or 18; the largest pages that
 * alignment allows are used).  What was there is replaced, and not released: the caller looked.
 * m2p is set, except for another domain's frames.  0, -XEN_EINVAL, -XEN_ENOMEM: part of it may be
 * done, p2m_clear undoes that.  mm_lock held.
 */
int must_check p2m_set(struct domain *d, uint64_t gfn, mfn_t mfn, unsigned int order,
                       enum p2m_type type);
/* Take 2^@order entries away.  Splitting a large page may need memory: -XEN_ENOMEM.  mm_lock held. */
int must_check p2m_clear(struct domain *d, uint64_t gfn, unsigned int order);

/* Is there anything in these 2^@order places? */
bool p2m_covered(const struct domain *d, uint64_t gfn, unsigned int order);

/* After changes that took rights away: flush this domain's translations everywhere. */
void p2m_flush(struct domain *d);

/*
 * Has the guest written to @gfn since this was last asked?  Yes if it is in a large page or the processor can't tell.
 * p2m_flush makes what was asked count.  mm_lock held.
 */
bool p2m_take_dirty(struct domain *d, uint64_t gfn);

/* The highest frame number that was ever put in. */
uint64_t p2m_max_gfn(const struct domain *d);
/* The physical address of the root table. */
paddr_t p2m_root(const struct domain *d);
/* Which form entries have, and whether one may be 1 GiB: set at boot, before the first domain that has any. */
extern bool p2m_is_ept, p2m_has_1g;
/* The bit in which the processor tells that a page was written to; 0: it doesn't tell. */
extern uint64_t p2m_dirty_bit;

/*
 * The frame that @d, of whatever kind, calls @gfn: for PV the number itself.  INVALID_MFN if none.
 * mm_lock held, or as p2m_lookup.
 */
static inline mfn_t gfn_to_mfn(const struct domain *d, uint64_t gfn)
{
    return likely(!d->p2m) ? MFN(gfn) : p2m_lookup(d, gfn, NULL);
}
