/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the emulated instructions do to registers, flags and the value in memory (SDM vol 2). */
#include "core/insn.h"

#define CF  0x001
#define PF  0x004
#define ZF  0x040
#define SF  0x080
#define OF  0x800
#define ARITHMETIC  0x8d5UL     /* with AF, 0x10 */

static uint64_t bit_op(enum insn_op op, uint64_t a, unsigned int bit, uint64_t *rflags)
{
    const uint64_t m = 1ULL << bit;

    *rflags = (*rflags & ~(uint64_t)CF) | (a >> bit & 1);
    return op == INSN_BTS ? a | m : op == INSN_BTR ? a & ~m : op == INSN_BTC ? a ^ m : a;
}

uint64_t insn_alu(enum insn_op op, uint64_t a, uint64_t b, unsigned int bytes, uint64_t *rflags)
{
    const uint64_t mask = insn_mask(bytes), c = (op == INSN_ADC || op == INSN_SBB) && (*rflags & CF);
    const unsigned int sign = 8 * bytes - 1;
    uint64_t val, carry = 0, over = 0, flags;       /* carries out of, signs wrong at each bit */

    switch ( op ) {
    case INSN_BT ... INSN_BTC: return bit_op(op, a, b & sign, rflags);
    case INSN_NOT:             return ~a & mask;
    case INSN_ADD: case INSN_ADC: case INSN_INC:
        b = op == INSN_INC ? 1 : b;
        val = a + b + c;
        carry = (a & b) | ((a | b) & ~val);
        over = (a ^ val) & (b ^ val);
        break;
    case INSN_NEG: case INSN_DEC: case INSN_SUB: case INSN_SBB: case INSN_CMP: case INSN_SCAS:
        b = op == INSN_NEG ? a : op == INSN_DEC ? 1 : b;
        a = op == INSN_NEG ? 0 : a;
        val = a - b - c;
        carry = (~a & b) | ((~a | b) & val);
        over = (a ^ b) & (a ^ val);
        break;
    case INSN_AND: case INSN_TEST:
        val = a & b;
        break;
    case INSN_OR:
        val = a | b;
        break;
    case INSN_XOR:
        val = a ^ b;
        break;
    default: return b & mask;
    }
    val &= mask;
    flags = (carry >> sign & CF) | (carry << 1 & 0x10) | (over >> sign & 1 ? OF : 0) |
            (__builtin_parity(val & 0xff) ? 0 : PF) | (val ? 0 : ZF) | (val >> sign & 1 ? SF : 0);
    if ( op == INSN_INC || op == INSN_DEC )
        flags = (flags & ~(uint64_t)CF) | (*rflags & CF);
    *rflags = (*rflags & ~ARITHMETIC) | flags;
    return val;
}

/* Nothing but flags is their result. */
static bool only_flags(enum insn_op op)
{
    return op == INSN_CMP || op == INSN_TEST || op == INSN_BT || op == INSN_SCAS;
}

bool insn_execute(const struct insn *in, struct cpu_frame *r, uint64_t *mem)
{
    const unsigned int bytes = in->op_bytes;
    const uint64_t reg = insn_read_reg(r, in->reg, bytes, in->rex), old = *mem;
    const uint64_t src = in->has_imm ? (uint64_t)in->imm : reg;
    uint64_t val;

    switch ( in->op ) {
    case INSN_MOVSX:
        val = (int64_t)(old << (64 - 8 * in->mem_bytes)) >> (64 - 8 * in->mem_bytes);
        insn_write_reg(r, in->reg, bytes, in->rex, val);
        return false;
    case INSN_XCHG: case INSN_XADD:
        *mem = in->op == INSN_XADD ? insn_alu(INSN_ADD, old, reg, bytes, &r->rflags) : reg;
        insn_write_reg(r, in->reg, bytes, in->rex, old);
        return true;
    case INSN_CMPXCHG:
        val = insn_read_reg(r, 0, bytes, true);
        insn_alu(INSN_CMP, val, old, bytes, &r->rflags);
        if ( val == old )
            *mem = reg;
        else
            insn_write_reg(r, 0, bytes, true, old);
        return true;                        /* the old one too: the processor always writes */
    case INSN_PUSH: case INSN_POP: case INSN_MOVS: case INSN_INS: case INSN_OUTS:
        return true;                        /* copies */
    }
    if ( in->to_reg )
        val = insn_alu(in->op, reg, old, bytes, &r->rflags);
    else
        *mem = val = insn_alu(in->op, old, src, bytes, &r->rflags);
    if ( in->to_reg && !only_flags(in->op) )
        insn_write_reg(r, in->reg, bytes, in->rex, val);
    return !in->to_reg && !only_flags(in->op);
}
