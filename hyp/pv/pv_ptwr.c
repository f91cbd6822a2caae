/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page faults that are the hypervisor's to mend: stores to the guest's own L1 tables, which it
 * sees read-only, and the first use of an LDT page.
 */
#include "pv/pv_mm.h"

#include "core/guest_access.h"
#include "core/insn.h"
#include "cpu/asm.h"

/* What stores to page tables may be done with: the rest is a page fault. */
#define STORES  (BIT(INSN_MOV) | BIT(INSN_OR) | BIT(INSN_AND) | BIT(INSN_XOR) | BIT(INSN_XCHG) | BIT(INSN_CMPXCHG) | \
                 BIT(INSN_BTS) | BIT(INSN_BTR) | BIT(INSN_BTC) | BIT(INSN_STOS))

static void step_string(struct cpu_frame *r, struct insn *in)
{
    r->rdi += r->rflags & 0x400 ? -(uint64_t)in->op_bytes : in->op_bytes;
    if ( in->rep && --r->rcx )
        in->len = 0;                                        /* stays on it */
}

/*
 * MOV or XCHG of an aligned entry with a register, REX.W and no SIB byte: what kernels change tables
 * with.  False: something else, or refused; nothing was changed.
 */
static bool write_entry_reg(struct vcpu *v, struct frame *f, unsigned int idx, uint64_t entry)
{
    uint64_t code, *reg;
    unsigned int op, mod, rm;

    if ( !copy_from_guest(&code, v->regs.rip, sizeof(code)) )
        return false;
    op = code >> 8 & 0xff;
    mod = code >> 22 & 3;
    rm = code >> 16 & 7;
    if ( (code & 0xf8) != 0x48 || (op != 0x87 && op != 0x89) || mod == 3 || rm == 4 )
        return false;
    reg = insn_reg(&v->regs, (code >> 19 & 7) | (code & 4) << 1);
    if ( op == 0x87 && !(*reg & PTE_P) ) {
        *reg = pt_exchange_absent(v->domain, f, idx, *reg);
    } else {
        if ( pt_write_entry(v->domain, v->domain, f, idx, *reg, false) )
            return false;
        if ( op == 0x87 )
            *reg = entry;
    }
    v->regs.rip += 3 + (mod == 1 ? 1 : mod == 2 || rm == 5 ? 4 : 0);
    return true;
}

/* Emulate the guest's store at @va into entry @idx of L1 table @f.  mm_lock held. */
static noinline bool write_table(struct vcpu *v, struct frame *f, unsigned int idx, uint64_t va)
{
    struct cpu_frame regs = v->regs;
    const uint64_t *t = frame_map(frame_to_mfn(f));
    const uint64_t entry = t[idx];
    const unsigned int shift = (va & 7) * 8;
    uint8_t bytes[INSN_MAX];
    struct insn in;
    uint64_t val, mask;
    unsigned int n = INSN_MAX;

    frame_unmap(t);
    while ( n && !copy_from_guest(bytes, regs.rip, n) )
        n--;                                                /* it may end at a page's end */
    if ( !insn_decode(bytes, n, 8, &in) || in.is_reg || in.addr_bytes != 8 || !(STORES & BIT(in.op)) ||
         (va & 7) + in.op_bytes > 8 || (in.op == INSN_STOS && in.rep && !regs.rcx) )
        return false;
    mask = insn_mask(in.op_bytes) << shift;
    val = (entry & mask) >> shift;
    if ( !insn_execute(&in, &regs, &val) )
        return false;
    if ( in.op == INSN_STOS )
        step_string(&regs, &in);                            /* one step, repeated by the guest */
    val = (entry & ~mask) | (val << shift & mask);
    if ( pt_write_entry(v->domain, v->domain, f, idx, val, in.lock) )
        return false;
    regs.rip += in.len;
    v->regs = regs;
    return true;
}

static bool write_table_any(struct vcpu *v, struct frame *f, uint64_t va)
{
    const unsigned int idx = (va & ~PAGE_MASK) / 8;
    const uint64_t *t = frame_map(frame_to_mfn(f));
    const uint64_t entry = t[idx];

    frame_unmap(t);
    return (!(va & 7) && write_entry_reg(v, f, idx, entry)) || write_table(v, f, idx, va);
}

static bool ptwr(struct vcpu *v, uint64_t va)
{
    struct domain *d = v->domain;
    unsigned int idx;
    bool done = false;
    mfn_t l1;

    spin_lock(&d->mm_lock);
    if ( pt_walk(v->pv.kernel_cr3, va, &l1, &idx) ) {
        const uint64_t *t = frame_map(l1);
        const uint64_t e = t[idx];
        const mfn_t target = pte_mfn(e);

        frame_unmap(t);
        if ( e & PTE_RW ) {
            invlpg(va);                                     /* the TLB was behind */
            done = true;
        } else if ( (e & PTE_P) && mfn_valid(target) ) {
            struct frame *f = mfn_to_frame(target);

            if ( f->owner == d->id && f->type == FT_L1 && f->type_refs )
                done = write_table_any(v, f, va);
        }
    }
    spin_unlock(&d->mm_lock);
    return done;
}

bool pv_fixup_fault(struct vcpu *v, uint64_t cr2, uint32_t error_code)
{
    if ( cr2 >= PERDOMAIN_BASE && cr2 < PERDOMAIN_BASE + (1UL << 39) )
        return v->pv.ldt_entries && pv_ldt_fault(v, cr2);
    if ( (error_code & (PF_PRESENT | PF_WRITE | PF_INSN)) == (PF_PRESENT | PF_WRITE) &&
         v->pv.kernel_mode && guest_range_ok(cr2, 8) )
        return ptwr(v, cr2);
    return false;
}
