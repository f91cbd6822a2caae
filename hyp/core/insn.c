/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instruction decoding: one table of what each opcode is and is followed by (SDM vol 2A ch. 2). */
#include "core/insn.h"
#include "base/string.h"

/* An entry: INSN_* and these. */
#define OP_MASK 0x00ff
#define M       0x0100          /* ModRM */
#define B       0x0200          /* operates on bytes */
#define I1      0x0400          /* immediate of one byte */
#define IZ      0x0800          /* of the operand size, 4 at most */
#define R       0x1000          /* the register is the destination */
#define D4      0x2000          /* never 8 bytes */
#define N2      0x4000          /* never 2 bytes */
#define RR      0x8000          /* ModRM names two registers, whatever its mod field says */
#define MOFFS   0x10000         /* address instead of ModRM */
#define MEM(n)  ((n) << 20)     /* bytes in memory, if other than the operand size */
#define GROUP(n) ((n) << 24)    /* ModRM.reg says which instruction */

#define OTHER           INSN_OTHER
#define PAIR(nr, what)  [nr] = (what) | B, [(nr) + 1] = (what)
#define ALU(op)         PAIR(8 * (op - INSN_ADD), op | M), PAIR(8 * (op - INSN_ADD) + 2, op | M | R)

static const uint8_t groups[][8] = {
    [1]  = { INSN_ADD, INSN_OR, INSN_ADC, INSN_SBB, INSN_AND, INSN_SUB, INSN_XOR, INSN_CMP },
    [2]  = { INSN_POP },
    [3]  = { INSN_TEST, INSN_TEST, INSN_NOT, INSN_NEG },
    [4]  = { INSN_INC, INSN_DEC },
    [5]  = { INSN_INC, INSN_DEC, 0, 0, 0, 0, INSN_PUSH },
    [8]  = { 0, 0, 0, 0, INSN_BT, INSN_BTS, INSN_BTR, INSN_BTC },
    [11] = { INSN_MOV },
};

static const uint32_t one_byte[256] = {
    ALU(INSN_ADD), ALU(INSN_OR), ALU(INSN_ADC), ALU(INSN_SBB),
    ALU(INSN_AND), ALU(INSN_SUB), ALU(INSN_XOR), ALU(INSN_CMP),
    [0x63] = INSN_MOVSX | M | R | MEM(4),
    PAIR(0x6c, INSN_INS | D4), PAIR(0x6e, INSN_OUTS | D4),
    PAIR(0x80, GROUP(1) | M | IZ), [0x83] = GROUP(1) | M | I1,
    PAIR(0x84, INSN_TEST | M), PAIR(0x86, INSN_XCHG | M), PAIR(0x88, INSN_MOV | M), PAIR(0x8a, INSN_MOV | M | R),
    [0x8f] = GROUP(2) | M,
    PAIR(0xa0, INSN_MOV | MOFFS | R), PAIR(0xa2, INSN_MOV | MOFFS),
    PAIR(0xa4, INSN_MOVS), PAIR(0xa6, INSN_CMPS), PAIR(0xaa, INSN_STOS), PAIR(0xac, INSN_LODS | R),
    PAIR(0xae, INSN_SCAS | R),
    PAIR(0xc6, GROUP(11) | M | IZ),
    PAIR(0xe4, OTHER | I1 | D4), PAIR(0xe6, OTHER | I1 | D4), PAIR(0xec, OTHER | D4), PAIR(0xee, OTHER | D4),
    [0xf4] = OTHER, [0xfa] = OTHER, [0xfb] = OTHER,                 /* hlt, cli, sti */
    PAIR(0xf6, GROUP(3) | M | IZ), [0xfe] = GROUP(4) | M | B, [0xff] = GROUP(5) | M,
};

static const uint32_t two_byte[256] = {
    [0x01] = OTHER | M, [0x06] = OTHER, [0x08] = OTHER, [0x09] = OTHER,     /* group 7, clts, invd, wbinvd */
    [0x20] = OTHER | M | RR, [0x21] = OTHER | M | RR, [0x22] = OTHER | M | RR, [0x23] = OTHER | M | RR,
    [0x30] = OTHER, [0x31] = OTHER, [0x32] = OTHER, [0x33] = OTHER, /* wrmsr, rdtsc, rdmsr, rdpmc */
    [0xa2] = OTHER,                                                 /* cpuid */
    [0xa3] = INSN_BT | M, [0xab] = INSN_BTS | M, [0xb3] = INSN_BTR | M, [0xbb] = INSN_BTC | M,
    [0xba] = GROUP(8) | M | I1,
    PAIR(0xb0, INSN_CMPXCHG | M), PAIR(0xc0, INSN_XADD | M),
    [0xb6] = INSN_MOV | M | R | MEM(1), [0xb7] = INSN_MOV | M | R | MEM(2),
    [0xbe] = INSN_MOVSX | M | R | MEM(1), [0xbf] = INSN_MOVSX | M | R | MEM(2),
    [0xc3] = INSN_MOV | M | N2,                                     /* movnti */
};

struct cursor {
    const uint8_t *p, *end;
    bool ok;
};

static uint8_t next(struct cursor *c)
{
    if ( c->p == c->end ) {
        c->ok = false;
        return 0;
    }
    return *c->p++;
}

static int64_t next_signed(struct cursor *c, unsigned int bytes)
{
    uint64_t v = 0;

    for ( unsigned int i = 0; i < bytes; i++ )
        v |= (uint64_t)next(c) << (8 * i);
    return bytes ? (int64_t)(v << (64 - 8 * bytes)) >> (64 - 8 * bytes) : 0;
}

struct prefixes {
    bool opsize, addrsize;
    uint8_t seg;
};

/* Returns the first byte that is none.  A REX that is not the last one counts for nothing. */
static uint8_t prefixes(struct cursor *c, unsigned int mode, struct insn *out, struct prefixes *pre)
{
    for ( ; ; ) {
        const uint8_t b = next(c);

        if ( mode == 8 && (b & 0xf0) == 0x40 ) {
            out->rex = b;
            continue;
        }
        switch ( b ) {
        case 0x66: pre->opsize = true; break;
        case 0x67: pre->addrsize = true; break;
        case 0xf0: out->lock = true; break;
        case 0xf2: case 0xf3: out->rep = b; break;
        case 0x26: case 0x2e: case 0x36: case 0x3e:     /* flat in 64-bit mode: no change */
            if ( mode != 8 )
                pre->seg = b >> 3 & 3;
            break;
        case 0x64: case 0x65: pre->seg = b & 7; break;
        default: return b;
        }
        out->rex = 0;
    }
}

static void modrm16(struct cursor *c, unsigned int mod, unsigned int rm, struct insn *out)
{
    static const uint8_t base[8] = { 3, 3, 5, 5, 6, 7, 5, 3 };      /* BX BX BP BP SI DI BP BX */
    static const uint8_t index[4] = { 6, 7, 6, 7 };                 /* SI DI SI DI */
    const bool is_absolute = mod == 0 && rm == 6;

    out->base = is_absolute ? INSN_NO_REG : base[rm];
    if ( rm < 4 )
        out->index = index[rm];
    out->disp = next_signed(c, is_absolute ? 2 : mod);
}

static void modrm32(struct cursor *c, unsigned int mode, unsigned int mod, unsigned int rm, struct insn *out)
{
    unsigned int disp = mod == 1 ? 1 : mod == 2 ? 4 : 0;

    if ( rm == 4 ) {
        const uint8_t sib = next(c);

        rm = sib & 7;
        out->scale = sib >> 6;
        out->index = (sib >> 3 & 7) | (out->rex & 2) << 2;
        if ( out->index == 4 )
            out->index = INSN_NO_REG;
        out->base = mod == 0 && rm == 5 ? INSN_NO_REG : rm | (out->rex & 1) << 3;
    } else {
        out->base = mod || rm != 5 ? rm | (out->rex & 1) << 3 : mode == 8 ? INSN_RIP : INSN_NO_REG;
    }
    if ( mod == 0 && rm == 5 )
        disp = 4;
    out->disp = next_signed(c, disp);
}

static void modrm(struct cursor *c, unsigned int mode, bool is_reg, struct insn *out)
{
    const uint8_t b = next(c), mod = b >> 6, rm = b & 7;

    out->is_reg = is_reg || mod == 3;
    out->reg = (b >> 3 & 7) | (out->rex & 4) << 1;
    out->rm = rm | (out->rex & 1) << 3;
    if ( out->is_reg )
        return;
    if ( out->addr_bytes == 2 )
        modrm16(c, mod, rm, out);
    else
        modrm32(c, mode, mod, rm, out);
    if ( out->base == 4 || out->base == 5 )
        out->seg = 2;                       /* stack and frame pointer: SS */
}

bool insn_decode(const uint8_t *bytes, unsigned int nr, unsigned int mode, struct insn *out)
{
    struct cursor c = { bytes, bytes + (nr < INSN_MAX ? nr : INSN_MAX), true };
    struct prefixes pre = { .seg = INSN_NO_REG };
    uint32_t what;

    memset(out, 0, sizeof(*out));
    out->base = out->index = INSN_NO_REG;
    out->seg = 3;
    out->opcode = prefixes(&c, mode, out, &pre);
    if ( out->opcode == 0x0f ) {
        out->opcode = 0x0f00 | next(&c);
        what = two_byte[out->opcode & 0xff];
    } else {
        what = one_byte[out->opcode];
    }
    if ( !what || (out->opcode == 0x63 && mode != 8) )
        return false;

    out->op_bytes = what & B ? 1 : (out->rex & 8) ? (what & D4 ? 4 : 8) :
                    pre.opsize != (mode == 2) && !(what & N2) ? 2 : 4;
    out->addr_bytes = pre.addrsize ? (mode == 4 ? 2 : 4) : mode;
    out->to_reg = what & R;
    if ( what & M )
        modrm(&c, mode, what & RR, out);
    if ( what & MOFFS )
        out->disp = next_signed(&c, out->addr_bytes);
    out->op = what >> 24 ? groups[what >> 24][out->reg & 7] : what & OP_MASK;
    if ( mode == 8 && out->op_bytes == 4 && (out->op == INSN_PUSH || out->op == INSN_POP) )
        out->op_bytes = 8;
    out->mem_bytes = what >> 20 & 7 ? what >> 20 & 7 : out->op_bytes;
    out->has_imm = (what & I1) || ((what & IZ) && out->op != INSN_NOT && out->op != INSN_NEG);
    if ( out->has_imm )
        out->imm = next_signed(&c, what & I1 ? 1 : out->op_bytes < 4 ? out->op_bytes : 4);
    if ( pre.seg != INSN_NO_REG )
        out->seg = pre.seg;
    out->len = c.p - bytes;
    return c.ok && out->op != INSN_NONE;
}

uint64_t insn_address(const struct insn *in, struct cpu_frame *r)
{
    uint64_t a = in->disp;

    if ( in->base == INSN_RIP )
        a += r->rip + in->len;
    else if ( in->base != INSN_NO_REG )
        a += *insn_reg(r, in->base);
    if ( in->index != INSN_NO_REG )
        a += *insn_reg(r, in->index) << in->scale;
    return a & insn_mask(in->addr_bytes);
}

uint64_t *insn_reg(struct cpu_frame *r, unsigned int nr)
{
    static const uint8_t at[16] = {
        offsetof(struct cpu_frame, rax), offsetof(struct cpu_frame, rcx), offsetof(struct cpu_frame, rdx),
        offsetof(struct cpu_frame, rbx), offsetof(struct cpu_frame, rsp), offsetof(struct cpu_frame, rbp),
        offsetof(struct cpu_frame, rsi), offsetof(struct cpu_frame, rdi), offsetof(struct cpu_frame, r8),
        offsetof(struct cpu_frame, r9), offsetof(struct cpu_frame, r10), offsetof(struct cpu_frame, r11),
        offsetof(struct cpu_frame, r12), offsetof(struct cpu_frame, r13), offsetof(struct cpu_frame, r14),
        offsetof(struct cpu_frame, r15),
    };

    return (uint64_t *)((uint8_t *)r + at[nr & 15]);
}

uint64_t insn_read_reg(struct cpu_frame *r, unsigned int nr, unsigned int bytes, bool rex)
{
    if ( bytes == 1 && !rex && nr >= 4 && nr < 8 )
        return *insn_reg(r, nr - 4) >> 8 & 0xff;
    return bytes == 8 ? *insn_reg(r, nr) : *insn_reg(r, nr) & insn_mask(bytes);
}

void insn_write_reg(struct cpu_frame *r, unsigned int nr, unsigned int bytes, bool rex, uint64_t val)
{
    uint64_t *reg = insn_reg(r, nr);

    if ( bytes == 1 && !rex && nr >= 4 && nr < 8 ) {
        reg = insn_reg(r, nr - 4);
        *reg = (*reg & ~0xff00ULL) | (val & 0xff) << 8;
        return;
    }
    if ( bytes == 8 )
        *reg = val;
    else if ( bytes == 4 )
        *reg = (uint32_t)val;
    else
        *reg = (*reg & ~insn_mask(bytes)) | (val & insn_mask(bytes));
}
