/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one validator of PV page tables.
 *
 * A frame becomes a page table (FT_L1..FT_L4) when somebody needs it as one: a pin, a
 * base pointer, an entry of a table one level up.  Its present entries are checked then, and each
 * holds from then on what it needs: a reference and, if it maps writable, the writable type (L1);
 * a reference and the type of the level below (L2..L4).  When the last need goes, the entries
 * give all of that back.
 *
 * States of a frame whose `type` is a page-table type:
 *
 *   type_refs > 0                validated: every present entry holds its references
 *   type_refs = 0, FF_PARTIAL    half done, either way: exactly the present entries below
 *                                partial_idx hold theirs.  Nobody uses the table.
 *   type_refs = 0, no flag       nothing is held: as good as FT_NONE, but for TLBs (page.h)
 *
 * Validation interrupted for preemption leaves the second state; whoever asks for the same type goes
 * on upwards from there, whoever asks for another first goes down to zero.  Taking apart a table
 * never fails; if interrupted, the frame is put on d->teardown (linked by aux, one reference held)
 * and finished on the way out to the guest.
 *
 * Levels strictly decrease from table to entry, so recursion is at most four deep: a table that
 * maps itself or an equal (a linear page table) is refused, because its type is in use.
 */
#include "pv/pv_mm.h"

#include "base/assert.h"
#include "core/preempt.h"
#include "cpu/cpu.h"
#include "cpu/pcpu.h"
#include "mem/paging.h"

static inline bool is_table_type(uint8_t t) { return t >= FT_L1 && t <= FT_L4; }
static inline bool is_hyp_slot(uint8_t type, unsigned int i)
{
    return type == FT_L4 && i >= L4_HYP_FIRST && i <= L4_HYP_LAST;
}

/* --- L1 entries ------------------------------------------------------------- */

/* Frames that are no RAM of @d: device memory it was given, another domain's, the M2P table. */
static int l1e_get_other(struct domain *d, struct domain *owner, uint64_t *e)
{
    const mfn_t mfn = pte_mfn(*e);
    struct frame *f;

    if ( !mfn_valid(mfn) ) {
        if ( *e & PTE_ADDR & ~((1ULL << cpu.phys_bits) - 1) )
            return -XEN_EINVAL;
        if ( owner != d && owner != dom_io )
            return -XEN_EINVAL;
        return rangeset_contains(&d->iomem, mfn.n, mfn.n) ? 0 : -XEN_EPERM;
    }
    f = mfn_to_frame(mfn);
    if ( owner == d || f->owner != owner->id || !domain_is_control(d) )
        return -XEN_EINVAL;
    if ( owner == dom_xen && (!(f->flags & FF_RO_SHARE) || (*e & PTE_RW)) )
        return -XEN_EPERM;
    if ( f->refs == 0 || f->refs == ~0U )
        return -XEN_EINVAL;
    if ( (*e & PTE_RW) && !page_type_get_writable(owner, f) )
        return -XEN_EINVAL;
    f->refs++;
    return 0;
}

/*
 * One L1 entry: take what it needs (@owner: whose frames it may map, @d or a foreign domain whose
 * mm_lock is held too) and make it what is really written.  0 or -XEN_EINVAL, -XEN_EPERM.
 */
static inline int l1e_get(struct domain *d, struct domain *owner, uint64_t *e)
{
    const mfn_t mfn = pte_mfn(*e);
    struct frame *f;

    /* Cacheability is the frame's: only who drives devices may map RAM otherwise. */
    *e = (*e | PTE_US) & ~(PTE_G | PTE_GRANT);
    if ( likely(mfn.n < max_mfn) ) {
        f = mfn_to_frame(mfn);
        if ( likely(f->owner == d->id && owner == d) ) {
            if ( unlikely(f->refs == 0 || f->refs == ~0U) )
                return -XEN_EINVAL;
            if ( (*e & PTE_RW) && !page_type_get_writable(d, f) )
                return -XEN_EINVAL;
            if ( unlikely(*e & (PTE_PWT | PTE_PCD | PTE_PAT)) && !domain_is_control(d) )
                *e &= ~(PTE_PWT | PTE_PCD | PTE_PAT);
            f->refs++;
            return 0;
        }
    }
    return l1e_get_other(d, owner, e);
}

static void l1e_put_foreign(struct frame *f, uint64_t e)
{
    struct domain *owner = frame_domain(f);
    const bool held = this_pcpu()->mm_second == owner;

    if ( !held )
        spin_lock_second(&owner->mm_lock);
    if ( e & PTE_RW )
        page_type_put_writable(f);
    f->tlb_stamp = tlb_epoch_now();
    page_put(owner, f);
    if ( !held )
        spin_unlock(&owner->mm_lock);
}

static inline void l1e_put_inline(struct domain *d, uint64_t e)
{
    const mfn_t mfn = pte_mfn(e);
    struct frame *f;

    if ( unlikely(mfn.n >= max_mfn || (e & PTE_GRANT)) )
        return;
    f = mfn_to_frame(mfn);
    if ( likely(f->owner == d->id) ) {
        f->tlb_stamp = tlb_epoch_now();
        if ( e & PTE_RW )
            f->type_refs--;
        page_put(d, f);
    } else if ( f->owner != DOMID_IO ) {
        l1e_put_foreign(f, e);
    }
}

void l1e_put(struct domain *d, uint64_t e) { l1e_put_inline(d, e); }

/* --- Validation ---------------------------------------------------------------- */

/* An entry of a table of level 2..4: a reference and a type of what is below. */
static int lne_get(struct domain *d, uint8_t type, uint64_t *e)
{
    if ( *e & PTE_PSE )
        return -XEN_EINVAL;
    *e = (*e | PTE_US) & ~(PTE_G | PTE_GRANT);
    return pt_get(d, pte_mfn(*e), type - 1);
}

/* Tables are mostly empty: skip eight entries at a time. */
static inline bool any_present8(const uint64_t *t)
{
    return (t[0] | t[1] | t[2] | t[3] | t[4] | t[5] | t[6] | t[7]) & PTE_P;
}

static int validate_l1(struct domain *d, uint64_t *t, unsigned int *pi)
{
    for ( unsigned int i = *pi; i < 512; i++ ) {
        uint64_t e;
        int rc;

        if ( !(i & 7) ) {
            while ( i < 512 && !any_present8(&t[i]) )
                i += 8;
            if ( i == 512 )
                break;
        }
        e = t[i];
        if ( !(e & PTE_P) )
            continue;
        rc = l1e_get(d, d, &e);
        if ( unlikely(rc) ) {
            *pi = i;
            return rc;
        }
        if ( e != t[i] )
            t[i] = e;
    }
    return 0;
}

static int validate_ln(struct domain *d, uint8_t type, uint64_t *t, unsigned int *pi)
{
    for ( unsigned int i = *pi; i < 512; i++ ) {
        uint64_t e = t[i];
        int rc;

        if ( !(e & PTE_P) || is_hyp_slot(type, i) )
            continue;
        rc = i != *pi && preempt_needed() ? -XEN_ERESTART : lne_get(d, type, &e);
        if ( rc ) {
            *pi = i;
            return rc;
        }
        t[i] = e;
    }
    return 0;
}

/* type_refs is 1, so that nothing below can take the frame for something else. */
static int validate(struct domain *d, struct frame *f)
{
    uint64_t *t = frame_map(frame_to_mfn(f));
    unsigned int i = f->flags & FF_PARTIAL ? f->partial_idx : 0;
    int rc;

    f->flags &= ~FF_PARTIAL;
    rc = f->type == FT_L1 ? validate_l1(d, t, &i) : validate_ln(d, f->type, t, &i);
    if ( rc == 0 ) {
        if ( f->type == FT_L4 )
            paging_init_l4(t, d->perdomain_l3);
        f->flags |= FF_VALIDATED;
    } else {
        f->flags |= FF_PARTIAL;
        f->partial_idx = i;
    }
    frame_unmap(t);
    return rc;
}

/* Give back what the entries below partial_idx hold.  False: interrupted. */
static bool devalidate(struct domain *d, struct frame *f)
{
    uint64_t *t = frame_map(frame_to_mfn(f));
    unsigned int i = f->flags & FF_PARTIAL ? f->partial_idx : 512;
    const unsigned int first = i;

    f->flags &= ~(FF_PARTIAL | FF_VALIDATED);
    f->tlb_stamp = tlb_epoch_now();
    while ( i > 0 ) {
        uint64_t e;

        if ( !(i & 7) ) {
            while ( i && !any_present8(&t[i - 8]) )
                i -= 8;
            if ( !i )
                break;
        }
        e = t[i - 1];
        if ( (e & PTE_P) && !is_hyp_slot(f->type, i - 1) ) {
            if ( f->type == FT_L1 ) {
                l1e_put_inline(d, e);
            } else {
                if ( i != first && preempt_needed() ) {
                    f->flags |= FF_PARTIAL;
                    f->partial_idx = i;
                    return false;
                }
                pt_put(d, pte_mfn(e));
            }
        }
        i--;
    }
    frame_unmap(t);
    return true;
}

/* The list: f->aux is the next frame number + 1, FRAME_NIL for the last, 0 for not listed. */
static void teardown_push(struct domain *d, struct frame *f)
{
    f->aux = d->teardown == FRAME_NIL ? FRAME_NIL : d->teardown + 1;
    d->teardown = frame_to_mfn(f).n;
}

static struct frame *teardown_pop(struct domain *d)
{
    struct frame *f = mfn_to_frame(MFN(d->teardown));

    d->teardown = f->aux == FRAME_NIL ? FRAME_NIL : f->aux - 1;
    f->aux = 0;
    return f;
}

void pt_teardown_later(struct domain *d, struct frame *f)
{
    struct vcpu *v = d->vcpu ? d->vcpu[0] : NULL;

    if ( f->aux )
        return;
    f->refs++;
    teardown_push(d, f);
    if ( current->domain == d )
        v = current;
    if ( v )
        atomic_or32(&v->work, VCPU_WORK_TEARDOWN);
}

bool pt_teardown_some(struct domain *d)
{
    while ( d->teardown != FRAME_NIL ) {
        struct frame *f = teardown_pop(d);      /* what it holds may be listed meanwhile */

        /* It may have found a new use: then there is nothing to take apart. */
        if ( (f->flags & FF_PARTIAL) && f->type_refs == 0 && !devalidate(d, f) ) {
            teardown_push(d, f);
            return false;
        }
        page_put(d, f);
    }
    return true;
}

int pt_type_get(struct domain *d, struct frame *f, uint8_t type)
{
    int rc;

    if ( f->type_refs ) {
        if ( f->type != type || f->type_refs == ~0U )
            return -XEN_EINVAL;
        f->type_refs++;
        return 0;
    }
    if ( !(f->flags & FF_ALLOCATED) )           /* shared, or on its way back to the heap */
        return -XEN_EINVAL;
    if ( f->type != type ) {
        if ( (f->flags & FF_PARTIAL) && !devalidate(d, f) )
            return -XEN_ERESTART;
        if ( f->type != FT_NONE )
            tlb_flush_stale(d->dirty_cpus, f->tlb_stamp);
        f->type = type;
    }
    f->type_refs = 1;
    rc = validate(d, f);
    if ( rc ) {
        f->type_refs = 0;
        if ( rc != -XEN_ERESTART && !devalidate(d, f) )
            pt_teardown_later(d, f);
    }
    return rc;
}

void pt_type_put(struct domain *d, struct frame *f)
{
    if ( --f->type_refs )
        return;
    f->tlb_stamp = tlb_epoch_now();
    if ( is_table_type(f->type) && !devalidate(d, f) )
        pt_teardown_later(d, f);
}

int pt_get(struct domain *d, mfn_t mfn, uint8_t type)
{
    int rc;

    if ( !page_get(d, mfn) )
        return -XEN_EINVAL;
    rc = pt_type_get(d, mfn_to_frame(mfn), type);
    if ( rc )
        page_put(d, mfn_to_frame(mfn));
    return rc;
}

void pt_put(struct domain *d, mfn_t mfn)
{
    struct frame *f = mfn_to_frame(mfn);

    pt_type_put(d, f);
    f->tlb_stamp = tlb_epoch_now();
    page_put(d, f);
}

/* --- Changing one entry ----------------------------------------------------------- */

static void entry_store(uint64_t *p, uint64_t val, bool preserve_ad)
{
    uint64_t old = read_once(*p);

    if ( !preserve_ad ) {
        write_once(*p, val);
        return;
    }
    /* The processor may set A and D in between. */
    while ( !__atomic_compare_exchange_n(p, &old, val | (old & (PTE_A | PTE_D)), false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_RELAXED) )
        ;
}

static int write_l1e(struct domain *d, struct domain *owner, uint64_t *p, uint64_t val, bool preserve_ad)
{
    const uint64_t old = read_once(*p);
    int rc;

    if ( !(val & PTE_P) ) {
        write_once(*p, val);
        if ( old & PTE_P )
            l1e_put_inline(d, old);
        return 0;
    }
    if ( (old & PTE_P) && !((old ^ val) & ~(L1_FLAGS_ONLY | PTE_GRANT)) &&
         !((old ^ val) & (PTE_PWT | PTE_PCD | PTE_PAT)) ) {
        entry_store(p, ((val | PTE_US) & ~(PTE_G | PTE_GRANT)) | (old & PTE_GRANT), preserve_ad);
        return 0;
    }
    rc = l1e_get(d, owner, &val);
    if ( rc )
        return rc;
    entry_store(p, val, preserve_ad);
    if ( old & PTE_P )
        l1e_put_inline(d, old);
    return 0;
}

static int write_lne(struct domain *d, uint8_t type, uint64_t *p, uint64_t val, bool preserve_ad)
{
    const uint64_t old = read_once(*p);
    int rc;

    if ( (val & PTE_P) && (old & PTE_P) && !((old ^ val) & ~LN_FLAGS_ONLY) ) {
        entry_store(p, (val | PTE_US) & ~PTE_GRANT, preserve_ad);
        return 0;
    }
    if ( val & PTE_P ) {
        rc = lne_get(d, type, &val);
        if ( rc )
            return rc;
    }
    entry_store(p, val, preserve_ad && (val & PTE_P));
    if ( old & PTE_P )
        pt_put(d, pte_mfn(old));
    return 0;
}

int pt_write_entry(struct domain *d, struct domain *owner, struct frame *f, unsigned int idx,
                   uint64_t val, bool preserve_ad)
{
    uint64_t *t = frame_map(frame_to_mfn(f));
    int rc;

    if ( f->type == FT_L1 )
        rc = write_l1e(d, owner, &t[idx], val, preserve_ad);
    else if ( is_hyp_slot(f->type, idx) )
        rc = -XEN_EINVAL;
    else
        rc = write_lne(d, f->type, &t[idx], val, preserve_ad);
    frame_unmap(t);
    return rc;
}

uint64_t pt_exchange_absent(struct domain *d, struct frame *f, unsigned int idx, uint64_t val)
{
    uint64_t *t = frame_map(frame_to_mfn(f));
    const uint64_t old = __atomic_exchange_n(&t[idx], val, __ATOMIC_SEQ_CST);

    frame_unmap(t);
    if ( old & PTE_P )
        l1e_put_inline(d, old);
    return old;
}

/* --- Helpers -------------------------------------------------------------------------- */

bool pt_walk(uint64_t l4_paddr, uint64_t va, mfn_t *l1, unsigned int *idx)
{
    mfn_t mfn = paddr_to_mfn(l4_paddr);

    for ( unsigned int shift = 39; shift > PAGE_SHIFT; shift -= 9 ) {
        const uint64_t *t = frame_map(mfn);
        const uint64_t e = t[(va >> shift) & 511];

        frame_unmap(t);
        if ( !(e & PTE_P) || (shift == 39 && is_hyp_slot(FT_L4, (va >> 39) & 511)) )
            return false;
        mfn = pte_mfn(e);
    }
    *l1 = mfn;
    *idx = (va >> PAGE_SHIFT) & 511;
    return true;
}

/*
 * Only the control domain's batches hold two: its own (id 0, so always the first) and one more.
 * A third may be taken then (l1e_put_foreign): holding the first keeps out whoever else could.
 */
void mm_lock_both(struct domain *a, struct domain *b)
{
    if ( b == dom_io ) {
        spin_lock(&a->mm_lock);
        return;
    }
    spin_lock(a->id < b->id ? &a->mm_lock : &b->mm_lock);
    spin_lock_second(a->id < b->id ? &b->mm_lock : &a->mm_lock);
    this_pcpu()->mm_second = b;
}

void mm_unlock_both(struct domain *a, struct domain *b)
{
    spin_unlock(&a->mm_lock);
    if ( b != dom_io ) {
        this_pcpu()->mm_second = NULL;
        spin_unlock(&b->mm_lock);
    }
}
