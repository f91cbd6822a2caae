/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmu_update, mmuext_op, update_va_mapping, and the entries that grants are mapped by.
 * What may be written is pv_pagetype.c's business; here are batches, foreign domains, and flushes.
 */
#include "pv/pv_mm.h"

#include <xenabi/grant_table.h>

#include "base/assert.h"
#include "base/string.h"
#include "core/guest_access.h"
#include "core/p2m.h"
#include "core/preempt.h"
#include "cpu/asm.h"
#include "cpu/pcpu.h"
#include "plat/tlb.h"

#define MMU_PREEMPTED   0x80000000U     /* in a repeated call's count: *pdone holds what was done */

/* --- Whose tables, whose frames ---------------------------------------------------- */

/* Referenced domain for a foreign id; DOMID_IO and DOMID_XEN for the control domain only. */
static int foreign_get(domid_t id, struct domain **out)
{
    struct domain *self = current->domain;

    if ( id == DOMID_IO || id == DOMID_XEN ) {
        if ( id == DOMID_XEN && !domain_is_control(self) )
            return -XEN_EPERM;
        *out = id == DOMID_IO ? dom_io : dom_xen;
        domain_ref(*out);
        return 0;
    }
    return domain_get_remote(id, out);
}

/*
 * What an earlier operation left to take apart comes first: the guest may count on those frames
 * being plain memory by now.  mm_lock held.  0 or -XEN_ERESTART.
 */
static inline int finish_teardown(struct domain *d)
{
    if ( likely(d->teardown == FRAME_NIL) )
        return 0;
    return pt_teardown_some(d) ? 0 : -XEN_ERESTART;
}

/* --- mmu_update ------------------------------------------------------------------------ */

/* A write to a frame that is no page table: as a plain guest store would be. */
static int write_plain(struct domain *d, struct frame *f, uint64_t ptr, uint64_t val)
{
    uint8_t *p;

    if ( !page_type_get_writable(d, f) )
        return -XEN_EINVAL;
    p = frame_map(frame_to_mfn(f));
    write_once(*(uint64_t *)(p + (ptr & ~PAGE_MASK)), val);
    frame_unmap(p);
    page_type_put_writable(f);
    return 0;
}

static inline int update_entry(struct domain *pt_owner, struct domain *owner, uint64_t ptr, uint64_t val,
                        bool preserve_ad)
{
    const mfn_t mfn = paddr_to_mfn(ptr);
    struct frame *f;

    if ( !mfn_valid(mfn) )
        return -XEN_EINVAL;
    f = mfn_to_frame(mfn);
    if ( f->owner != pt_owner->id || f->refs == 0 )
        return -XEN_EINVAL;
    if ( f->type_refs && f->type >= FT_L1 && f->type <= FT_L4 )
        return pt_write_entry(pt_owner, owner, f, (ptr & ~PAGE_MASK) / 8, val, preserve_ad);
    return write_plain(pt_owner, f, ptr, val);
}

static int update_m2p(struct domain *owner, uint64_t ptr, uint64_t val)
{
    const mfn_t mfn = paddr_to_mfn(ptr);

    if ( !mfn_valid(mfn) || mfn_to_frame(mfn)->owner != owner->id )
        return -XEN_EINVAL;
    m2p_set(mfn, val);
    return 0;
}

/* An entry that names a hardware guest's frame by its own number; 0s where it has none. */
static uint64_t translated(const struct domain *owner, uint64_t val)
{
    const mfn_t mfn = gfn_to_mfn(owner, (val & PTE_ADDR) >> PAGE_SHIFT);

    return (val & ~PTE_ADDR) | (mfn_to_paddr(mfn) & PTE_ADDR);
}

static inline int update_one(struct domain *pt_owner, struct domain *owner, const struct mmu_update *req)
{
    const uint64_t ptr = req->ptr & ~7UL;

    if ( finish_teardown(pt_owner) )
        return -XEN_ERESTART;
    switch ( req->ptr & 7 ) {
    case MMU_NORMAL_PT_UPDATE:
        if ( owner != pt_owner && owner->p2m && (req->val & PTE_P) )
            return update_entry(pt_owner, owner, ptr, translated(owner, req->val), false);
        fallthrough;                            /* frame numbers of PV domains are the machine's */
    case MMU_PT_UPDATE_NO_TRANSLATE: return update_entry(pt_owner, owner, ptr, req->val, false);
    case MMU_PT_UPDATE_PRESERVE_AD:  return update_entry(pt_owner, owner, ptr, req->val, true);
    case MMU_MACHPHYS_UPDATE:        return update_m2p(owner, req->ptr & PAGE_MASK, req->val);
    default:                         return -XEN_ENOSYS;
    }
}

/* In: the count and what was done before; out: what is done now. */
static inline int done_begin(uint64_t *count, uint64_t pdone, uint32_t *done)
{
    *count = (uint32_t)*count;
    *done = 0;
    if ( !(*count & MMU_PREEMPTED) )
        return 0;
    *count &= ~(uint64_t)MMU_PREEMPTED;
    return pdone && !copy_from_guest(done, pdone, sizeof(*done)) ? -XEN_EFAULT : 0;
}

static long done_end(long rc, uint64_t ops, size_t size, uint64_t i, uint64_t count, uint64_t pdone,
                     uint32_t done)
{
    done += i;
    if ( rc == -XEN_ERESTART ) {
        cont_set_arg(current, 0, ops + i * size);
        cont_set_arg(current, 1, (count - i) | MMU_PREEMPTED);
    }
    if ( pdone && !copy_to_guest(pdone, &done, sizeof(done)) && rc == 0 )
        rc = -XEN_EFAULT;
    return rc;
}

/* DOMID_SELF, as nearly always, wants no references; with it both are the caller. */
static int update_owners(uint64_t foreigndom, struct domain **pt_owner, struct domain **owner)
{
    int rc = 0;

    *pt_owner = *owner = current->domain;
    if ( likely(foreigndom == DOMID_SELF) )
        return 0;
    if ( foreigndom >> 16 & 0xffff )
        rc = domain_get_remote((foreigndom >> 16 & 0xffff) - 1, pt_owner);
    else
        domain_ref(*pt_owner);
    if ( rc )
        return rc;
    rc = foreign_get(foreigndom & 0xffff, owner);
    /* Frames of hardware guests never become page tables: the guest writes them as it likes. */
    if ( !rc && (*pt_owner)->p2m ) {
        domain_put(*owner);
        rc = -XEN_EOPNOTSUPP;
    }
    if ( rc )
        domain_put(*pt_owner);
    return rc;
}

/* What kernels do most: one entry of their own. */
static long update_single(struct domain *d, uint64_t ureq)
{
    struct mmu_update req no_auto_init;
    long rc;

    spin_lock(&d->mm_lock);
    rc = copy_from_guest(&req, ureq, sizeof(req)) ? update_one(d, d, &req) : -XEN_EFAULT;
    spin_unlock(&d->mm_lock);
    return rc;
}

long pv_mmu_update(uint64_t ureqs, uint64_t count, uint64_t pdone, uint64_t foreigndom)
{
    struct domain *pt_owner, *owner;
    uint64_t i = 0;
    uint32_t done;
    long rc;

    if ( likely(count == 1 && !pdone && foreigndom == DOMID_SELF) )
        return update_single(current->domain, ureqs);
    rc = done_begin(&count, pdone, &done);
    if ( !rc )
        rc = update_owners(foreigndom, &pt_owner, &owner);
    if ( rc )
        return rc;
    mm_lock_pair(pt_owner, owner);
    for ( ; i < count; i++ ) {
        struct mmu_update req no_auto_init;

        if ( i && preempt_needed() )
            rc = -XEN_ERESTART;
        else if ( !copy_from_guest(&req, ureqs + i * sizeof(req), sizeof(req)) )
            rc = -XEN_EFAULT;
        else
            rc = update_one(pt_owner, owner, &req);
        if ( unlikely(rc) )
            break;
    }
    mm_unlock_pair(pt_owner, owner);
    if ( likely(foreigndom == DOMID_SELF) ) {
        if ( likely(!rc && !pdone) )
            return 0;
    } else {
        domain_put(owner);
        domain_put(pt_owner);
    }
    return done_end(rc, ureqs, sizeof(struct mmu_update), i, count, pdone, done);
}

/* --- Flushes --------------------------------------------------------------------------------- */

/* Flush for the vCPUs of the bitmap at @mask (guest pointer), or all if it is 0; @va ~0: everything. */
static int flush_multi(struct domain *d, uint64_t mask, bool all, uint64_t va)
{
    uint64_t cpus[NR_CPUS / 64] = { 0 }, words[MAX_VCPUS / 64] = { 0 };

    if ( all )
        memcpy(cpus, d->dirty_cpus, sizeof(cpus));
    else if ( !copy_from_guest(words, mask, (d->max_vcpus + 7) / 8) )
        return -XEN_EFAULT;
    for ( unsigned int w = 0; w < MAX_VCPUS / 64; w++ ) {
        for ( uint64_t bits = words[w]; bits; bits &= bits - 1 ) {
            const unsigned int i = w * 64 + lowest_bit(bits);
            struct vcpu *v = i < d->max_vcpus ? d->vcpu[i] : NULL;

            if ( v && test_bit(v->processor, d->dirty_cpus) )
                set_bit(v->processor, cpus);
        }
    }
    if ( va == ~0UL )
        tlb_flush_cpus(cpus);
    else
        tlb_flush_one_cpus(cpus, va);
    return 0;
}

/* --- update_va_mapping --------------------------------------------------------------------------- */

static int flush_after_va(struct domain *d, uint64_t va, uint64_t flags)
{
    const uint64_t mask = flags & ~(uint64_t)UVMF_FLUSHTYPE_MASK;
    const uint64_t type = flags & UVMF_FLUSHTYPE_MASK;

    if ( type != UVMF_TLB_FLUSH && type != UVMF_INVLPG )
        return 0;
    if ( mask != UVMF_LOCAL )
        return flush_multi(d, mask, mask == UVMF_ALL, type == UVMF_INVLPG ? va : ~0UL);
    if ( type == UVMF_INVLPG )
        invlpg(va);
    else
        tlb_flush_local();
    return 0;
}

long pv_update_va_mapping(uint64_t va, uint64_t val, uint64_t flags)
{
    struct vcpu *v = current;
    struct domain *d = v->domain;
    unsigned int idx;
    mfn_t l1;
    long rc;

    if ( !guest_range_ok(va, 1) )
        return -XEN_EINVAL;
    spin_lock(&d->mm_lock);
    rc = finish_teardown(d);
    if ( !rc && !pt_walk(v->pv.kernel_cr3, va, &l1, &idx) )
        rc = -XEN_EINVAL;
    if ( !rc )
        rc = pt_write_entry(d, d, mfn_to_frame(l1), idx, val, false);
    spin_unlock(&d->mm_lock);
    return rc ? rc : flush_after_va(d, va, flags);
}

/* --- mmuext_op --------------------------------------------------------------------------------------- */

static int op_pin(struct domain *d, mfn_t mfn, uint8_t type)
{
    struct frame *f;
    int rc;

    if ( !page_get(d, mfn) )
        return -XEN_EINVAL;
    f = mfn_to_frame(mfn);
    if ( (f->flags & FF_PINNED) && f->type == type && f->type_refs )
        rc = -XEN_EINVAL;               /* already pinned */
    else
        rc = pt_type_get(d, f, type);
    if ( rc ) {
        page_put(d, f);
        return rc;
    }
    f->flags |= FF_PINNED;              /* keeps the reference and the type */
    return 0;
}

int pv_pin(struct domain *d, mfn_t mfn, uint8_t type)
{
    int rc;

    spin_lock(&d->mm_lock);
    rc = op_pin(d, mfn, type);
    spin_unlock(&d->mm_lock);
    return rc;
}

static int op_unpin(struct domain *d, mfn_t mfn)
{
    struct frame *f;

    if ( !mfn_valid(mfn) )
        return -XEN_EINVAL;
    f = mfn_to_frame(mfn);
    if ( f->owner != d->id || !(f->flags & FF_PINNED) )
        return -XEN_EINVAL;
    f->flags &= ~FF_PINNED;
    pt_put(d, mfn);
    return 0;
}

void pv_load_cr3(uint64_t cr3)
{
    this_pcpu()->cr3 = cr3;
    tlb_note_flush();
    write_cr3(cr3);
}

int pv_new_baseptr(struct vcpu *v, mfn_t mfn)
{
    const uint64_t old = v->pv.kernel_cr3;
    int rc;

    if ( mfn_to_paddr(mfn) == old ) {
        tlb_flush_local();
        return 0;
    }
    rc = pt_get(v->domain, mfn, FT_L4);
    if ( rc )
        return rc;
    v->pv.kernel_cr3 = mfn_to_paddr(mfn);
    if ( unlikely(v->pv.ldt_loaded) )
        v->pv.ldt_loaded = pv_ldt_drop(v);
    if ( v->pv.kernel_mode )
        pv_load_cr3(v->pv.kernel_cr3);
    if ( old )
        pt_put(v->domain, paddr_to_mfn(old));
    return 0;
}

static int op_new_user_baseptr(struct vcpu *v, mfn_t mfn)
{
    const uint64_t old = v->pv.user_cr3;
    int rc;

    if ( mfn_to_paddr(mfn) == old )
        return 0;
    if ( mfn.n ) {
        rc = pt_get(v->domain, mfn, FT_L4);
        if ( rc )
            return rc;
    }
    v->pv.user_cr3 = mfn_to_paddr(mfn);
    if ( old )
        pt_put(v->domain, paddr_to_mfn(old));
    return 0;
}

static int op_set_ldt(struct vcpu *v, uint64_t base, uint32_t entries)
{
    if ( (base & ~PAGE_MASK) || entries > 8192 || !guest_range_ok(base, entries * 8UL) )
        return -XEN_EINVAL;
    if ( entries == v->pv.ldt_entries && (base == v->pv.ldt_base || !entries) )
        return 0;
    v->pv.ldt_loaded = pv_ldt_drop(v);
    v->pv.ldt_base = base;
    v->pv.ldt_entries = entries;
    pv_load_ldt(v);
    return 0;
}

static int op_page(struct domain *d, mfn_t dst, mfn_t src, bool copy)
{
    uint8_t *to;
    int rc = -XEN_EINVAL;

    if ( !page_get(d, dst) )
        return rc;
    if ( page_type_get_writable(d, mfn_to_frame(dst)) ) {
        if ( !copy ) {
            to = frame_map(dst);
            memset(to, 0, PAGE_SIZE);
            frame_unmap(to);
            rc = 0;
        } else if ( page_get(d, src) ) {
            const uint8_t *from = frame_map(src);

            to = frame_map(dst);
            memcpy(to, from, PAGE_SIZE);
            frame_unmap(to);
            frame_unmap(from);
            page_put(d, mfn_to_frame(src));
            rc = 0;
        }
        page_type_put_writable(mfn_to_frame(dst));
    }
    page_put(d, mfn_to_frame(dst));
    return rc;
}

/* Those that change tables: under @d's mm_lock. */
static int mmuext_locked(struct vcpu *v, struct domain *d, const struct mmuext_op *op)
{
    const mfn_t mfn = MFN(op->arg1.mfn);

    switch ( op->cmd ) {
    case MMUEXT_PIN_L1_TABLE ... MMUEXT_PIN_L4_TABLE:
        return op_pin(d, mfn, FT_L1 + (op->cmd - MMUEXT_PIN_L1_TABLE));
    case MMUEXT_UNPIN_TABLE:      return op_unpin(d, mfn);
    case MMUEXT_NEW_BASEPTR:      return pv_new_baseptr(v, mfn);
    case MMUEXT_NEW_USER_BASEPTR: return op_new_user_baseptr(v, mfn);
    case MMUEXT_SET_LDT:          return op_set_ldt(v, op->arg1.linear_addr, op->arg2.nr_ents);
    case MMUEXT_CLEAR_PAGE:       return op_page(d, mfn, mfn, false);
    default:                      return op_page(d, mfn, MFN(op->arg2.src_mfn), true);
    }
}

static int mmuext_one(struct vcpu *v, struct domain *d, const struct mmuext_op *op)
{
    int rc;

    switch ( op->cmd ) {
    case MMUEXT_NEW_BASEPTR: case MMUEXT_NEW_USER_BASEPTR: case MMUEXT_SET_LDT:
        if ( d != v->domain )
            return -XEN_EPERM;
        fallthrough;
    case MMUEXT_PIN_L1_TABLE ... MMUEXT_PIN_L4_TABLE: case MMUEXT_UNPIN_TABLE:
    case MMUEXT_CLEAR_PAGE: case MMUEXT_COPY_PAGE:
        spin_lock(&d->mm_lock);
        rc = finish_teardown(d);
        if ( !rc )
            rc = mmuext_locked(v, d, op);
        spin_unlock(&d->mm_lock);
        return rc;
    case MMUEXT_TLB_FLUSH_LOCAL:
        tlb_flush_local();
        return 0;
    case MMUEXT_INVLPG_LOCAL:
        if ( guest_range_ok(op->arg1.linear_addr, 1) )
            invlpg(op->arg1.linear_addr);
        return 0;
    case MMUEXT_TLB_FLUSH_MULTI:
        return flush_multi(d, op->arg2.vcpumask, false, ~0UL);
    case MMUEXT_INVLPG_MULTI:
        return guest_range_ok(op->arg1.linear_addr, 1)
               ? flush_multi(d, op->arg2.vcpumask, false, op->arg1.linear_addr) : 0;
    case MMUEXT_TLB_FLUSH_ALL:
        return flush_multi(d, 0, true, ~0UL);
    case MMUEXT_INVLPG_ALL:
        return guest_range_ok(op->arg1.linear_addr, 1)
               ? flush_multi(d, 0, true, op->arg1.linear_addr) : 0;
    case MMUEXT_FLUSH_CACHE: case MMUEXT_FLUSH_CACHE_GLOBAL:
        if ( !domain_is_control(d) )
            return -XEN_EACCES;
        wbinvd();
        return op->cmd == MMUEXT_FLUSH_CACHE || nr_cpus == 1 ? 0 : -XEN_EOPNOTSUPP;
    case MMUEXT_MARK_SUPER: case MMUEXT_UNMARK_SUPER:
        return -XEN_EOPNOTSUPP;
    default:
        return -XEN_ENOSYS;
    }
}

long pv_mmuext_op(uint64_t uops, uint64_t count, uint64_t pdone, uint64_t foreigndom)
{
    struct vcpu *v = current;
    struct domain *d;
    uint64_t i = 0;
    uint32_t done;
    long rc = done_begin(&count, pdone, &done);

    if ( rc )
        return rc;
    d = v->domain;
    if ( unlikely(foreigndom != DOMID_SELF) ) {
        rc = domain_get_remote(foreigndom, &d);
        if ( rc )
            return rc;
        if ( d->p2m ) {
            domain_put(d);
            return -XEN_EOPNOTSUPP;
        }
    }
    for ( ; i < count; i++ ) {
        struct mmuext_op op no_auto_init;

        if ( i && preempt_needed() )
            rc = -XEN_ERESTART;
        else if ( !copy_from_guest(&op, uops + i * sizeof(op), sizeof(op)) )
            rc = -XEN_EFAULT;
        else
            rc = mmuext_one(v, d, &op);
        if ( rc )
            break;
    }
    if ( unlikely(foreigndom != DOMID_SELF) )
        domain_put(d);
    if ( likely(!rc && !pdone) )
        return 0;
    return done_end(rc, uops, sizeof(struct mmuext_op), i, count, pdone, done);
}

/* --- Entries for grants ----------------------------------------------------------------------------------- */

/* The table frame and index named by a machine address, or by a linear one.  mm_lock held. */
static bool grant_entry(struct vcpu *v, uint64_t addr, bool by_pte, mfn_t *l1, unsigned int *idx)
{
    const struct frame *f;

    if ( by_pte ) {
        *l1 = paddr_to_mfn(addr);
        *idx = (addr & ~PAGE_MASK) / 8;
        if ( !mfn_valid(*l1) || (addr & 7) )
            return false;
    } else if ( !guest_range_ok(addr, 1) || !pt_walk(v->pv.kernel_cr3, addr, l1, idx) ) {
        return false;
    }
    f = mfn_to_frame(*l1);
    return f->owner == v->domain->id && f->type == FT_L1 && f->type_refs;
}

int pv_grant_map(struct vcpu *v, uint64_t addr, mfn_t frame, bool by_pte, bool readonly,
                 uint64_t avail_bits, uint64_t *pte_ma)
{
    struct domain *d = v->domain;
    int rc = GNTST_general_error;
    unsigned int idx;
    mfn_t l1;

    spin_lock(&d->mm_lock);
    if ( grant_entry(v, addr, by_pte, &l1, &idx) ) {
        uint64_t *t = frame_map(l1);
        const uint64_t old = t[idx];

        write_once(t[idx], mfn_to_paddr(frame) | PTE_P | PTE_A | PTE_D | PTE_US | PTE_NX | PTE_GRANT |
                           (readonly ? 0 : PTE_RW) | (avail_bits & PTE_AVAIL));
        if ( old & PTE_P )
            l1e_put(d, old);
        frame_unmap(t);
        *pte_ma = mfn_to_paddr(l1) + idx * sizeof(uint64_t);
        rc = GNTST_okay;
    }
    spin_unlock(&d->mm_lock);
    return rc;
}

void pv_grant_unmap(struct domain *d, uint64_t pte_ma, mfn_t frame)
{
    unsigned int idx;
    mfn_t l1;

    spin_lock(&d->mm_lock);
    if ( grant_entry(current, pte_ma, true, &l1, &idx) ) {
        uint64_t *t = frame_map(l1);
        const uint64_t old = t[idx];

        /* Anything else there, or no table: the guest replaced it, and nothing maps the frame. */
        if ( (old & (PTE_P | PTE_GRANT)) == (PTE_P | PTE_GRANT) && mfn_eq(pte_mfn(old), frame) )
            write_once(t[idx], 0);
        frame_unmap(t);
    }
    spin_unlock(&d->mm_lock);
}
