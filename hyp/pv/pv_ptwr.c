/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page faults that are the hypervisor's to mend: stores to the guest's own L1 tables, which it
 * sees read-only, and the first use of an LDT page.
 */
#include "pv/pv_mm.h"

#include "base/bits.h"
#include "base/errno.h"
#include "core/guest_access.h"
#include "cpu/asm.h"
#include "pv/pv_insn.h"
#include "pv/pv_perdomain.h"

static uint64_t parity(uint64_t v)
{
    return __builtin_parity(v & 0xff) ? 0 : 1UL << 2;
}

/* ZF, SF, PF of a result; CF and OF clear (SDM vol 1 3.4.3.1). */
static void set_logic_flags(struct cpu_frame *r, uint64_t val, unsigned int bytes)
{
    val &= bytes == 8 ? ~0UL : (1UL << 8 * bytes) - 1;
    r->rflags &= ~0x8d5UL;
    r->rflags |= parity(val) | (val ? 0 : 1UL << 6) | (val >> (8 * bytes - 1) & 1) << 7;
}

/* All six arithmetic flags of @a - @b, as CMP sets them. */
static void set_compare_flags(struct cpu_frame *r, uint64_t a, uint64_t b, unsigned int bytes)
{
    const uint64_t mask = bytes == 8 ? ~0UL : (1UL << 8 * bytes) - 1;
    const unsigned int sign = 8 * bytes - 1;

    a &= mask;
    b &= mask;
    set_logic_flags(r, a - b, bytes);
    r->rflags |= (a < b) | ((a ^ b ^ (a - b)) & 0x10) | (((a ^ b) & (a ^ (a - b))) >> sign & 1) << 11;
}

static uint64_t logic(unsigned int kind, uint64_t a, uint64_t b)
{
    return kind == 1 ? a | b : kind == 4 ? a & b : a ^ b;
}

/*
 * The value that @in stores over @old (both of in->op_bytes), registers and flags changed as the
 * instruction does.  False: an instruction that is not emulated.
 */
static bool store_value(struct cpu_frame *r, const struct insn *in, uint64_t old, uint64_t *val)
{
    const unsigned int bytes = in->op_bytes;
    const uint64_t mask = bytes == 8 ? ~0UL : (1UL << 8 * bytes) - 1;
    uint64_t src = in->has_modrm ? insn_read_reg(r, in->reg, bytes, in->rex) : 0;
    unsigned int kind, bit;

    switch ( in->opcode ) {
    case 0x88: case 0x89: case 0x0fc3:                      /* mov, movnti */
        *val = src;
        return true;
    case 0xc6: case 0xc7:
        *val = in->imm;
        return (in->reg & 7) == 0;
    case 0xaa: case 0xab:                                   /* stos: one step, repeated by the guest */
        if ( in->rep && !r->rcx )
            return false;
        *val = r->rax;
        return true;
    case 0x86: case 0x87:                                   /* xchg */
        insn_write_reg(r, in->reg, bytes, in->rex, old);
        *val = src;
        return true;
    case 0x0fb0: case 0x0fb1:                               /* cmpxchg */
        set_compare_flags(r, r->rax, old, bytes);
        if ( ((r->rax ^ old) & mask) == 0 ) {
            *val = src;
        } else {
            insn_write_reg(r, 0, bytes, true, old);
            *val = old;
        }
        return true;
    case 0x08: case 0x09: case 0x20: case 0x21: case 0x30: case 0x31:
        *val = logic(in->opcode >> 3, old, src);
        set_logic_flags(r, *val, bytes);
        return true;
    case 0x80: case 0x81: case 0x83:
        kind = in->reg & 7;
        if ( kind != 1 && kind != 4 && kind != 6 )
            return false;
        *val = logic(kind, old, in->imm);
        set_logic_flags(r, *val, bytes);
        return true;
    case 0x0fba:
        kind = in->reg & 7;
        src = in->imm;
        goto bit_op;
    case 0x0fab: kind = 5; goto bit_op;
    case 0x0fb3: kind = 6; goto bit_op;
    case 0x0fbb: kind = 7; goto bit_op;
    bit_op:
        bit = src & (8 * bytes - 1);
        if ( kind < 5 )
            return false;
        r->rflags = (r->rflags & ~1UL) | (old >> bit & 1);
        *val = kind == 5 ? old | 1UL << bit : kind == 6 ? old & ~(1UL << bit) : old ^ 1UL << bit;
        return true;
    default:
        return false;
    }
}

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
    if ( !insn_decode(bytes, n, true, &in) || in.is_reg || (va & 7) + in.op_bytes > 8 )
        return false;
    mask = (in.op_bytes == 8 ? ~0UL : (1UL << 8 * in.op_bytes) - 1) << shift;
    if ( !store_value(&regs, &in, (entry & mask) >> shift, &val) )
        return false;
    if ( in.opcode == 0xaa || in.opcode == 0xab )
        step_string(&regs, &in);
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
