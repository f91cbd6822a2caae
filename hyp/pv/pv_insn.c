/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instruction decoding, one table of what each opcode is followed by (SDM vol 2A ch. 2). */
#include "pv/pv_insn.h"
#include "base/string.h"

#define M       0x10            /* ModRM */
#define B       0x20            /* operates on bytes */
#define I1      0x01            /* immediate of one byte */
#define IZ      0x02            /* of the operand size, 4 at most */
#define OK      0x80            /* known */

static const uint8_t one_byte[256] = {
    [0x08] = OK | M | B, [0x09] = OK | M,               /* or */
    [0x20] = OK | M | B, [0x21] = OK | M,               /* and */
    [0x28] = OK | M | B, [0x29] = OK | M,               /* sub */
    [0x30] = OK | M | B, [0x31] = OK | M,               /* xor */
    [0x00] = OK | M | B, [0x01] = OK | M,               /* add */
    [0x6c] = OK | B, [0x6d] = OK, [0x6e] = OK | B, [0x6f] = OK,     /* ins, outs */
    [0x80] = OK | M | B | I1, [0x81] = OK | M | IZ, [0x83] = OK | M | I1,
    [0x86] = OK | M | B, [0x87] = OK | M,               /* xchg */
    [0x88] = OK | M | B, [0x89] = OK | M,               /* mov */
    [0xa4] = OK | B, [0xa5] = OK, [0xaa] = OK | B, [0xab] = OK,     /* movs, stos */
    [0xc6] = OK | M | B | I1, [0xc7] = OK | M | IZ,
    [0xe4] = OK | B | I1, [0xe5] = OK | I1, [0xe6] = OK | B | I1, [0xe7] = OK | I1,
    [0xec] = OK | B, [0xed] = OK, [0xee] = OK | B, [0xef] = OK,     /* in, out */
    [0xf4] = OK, [0xfa] = OK, [0xfb] = OK,              /* hlt, cli, sti */
};

static const uint8_t two_byte[256] = {
    [0x01] = OK | M, [0x06] = OK, [0x08] = OK, [0x09] = OK,         /* group 7, clts, invd, wbinvd */
    [0x20] = OK | M, [0x21] = OK | M, [0x22] = OK | M, [0x23] = OK | M,     /* mov crN, drN */
    [0x30] = OK, [0x31] = OK, [0x32] = OK, [0x33] = OK, /* wrmsr, rdtsc, rdmsr, rdpmc */
    [0xa2] = OK,                                        /* cpuid */
    [0xab] = OK | M, [0xb3] = OK | M, [0xbb] = OK | M, [0xba] = OK | M | I1,
    [0xb0] = OK | M | B, [0xb1] = OK | M,               /* cmpxchg */
    [0xc0] = OK | M | B, [0xc1] = OK | M,               /* xadd */
    [0xc3] = OK | M,                                    /* movnti */
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

static void prefixes(struct cursor *c, bool is_64bit, struct insn *out)
{
    for ( ; ; ) {
        const uint8_t b = next(c);

        switch ( b ) {
        case 0x66: out->opsize = true; break;
        case 0xf0: out->lock = true; break;
        case 0xf2: case 0xf3: out->rep = b; break;
        case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65: break;
        default:
            if ( is_64bit && (b & 0xf0) == 0x40 ) {
                out->rex = b;
                return;
            }
            if ( c->ok )
                c->p--;
            return;
        }
        if ( !c->ok )
            return;
    }
}

/* The address itself is not needed: the faulting one is in CR2, or there is none. */
static void modrm(struct cursor *c, bool is_64bit, struct insn *out)
{
    const uint8_t b = next(c), mod = b >> 6, rm = b & 7;
    unsigned int disp = mod == 1 ? 1 : mod == 2 ? 4 : 0;

    out->has_modrm = true;
    out->mod = mod;
    out->is_reg = mod == 3;
    out->reg = (b >> 3 & 7) | (out->rex & 4) << 1;
    out->rm = rm | (out->rex & 1) << 3;
    if ( mod == 3 )
        return;
    if ( rm == 4 ) {
        const uint8_t sib = next(c);

        if ( mod == 0 && (sib & 7) == 5 )
            disp = 4;
    } else if ( mod == 0 && rm == 5 ) {
        disp = 4;                           /* RIP-relative, or absolute in 32-bit code */
    }
    (void)is_64bit;
    (void)next_signed(c, disp);
}

bool insn_decode(const uint8_t *bytes, unsigned int nr, bool is_64bit, struct insn *out)
{
    struct cursor c = { bytes, bytes + (nr < INSN_MAX ? nr : INSN_MAX), true };
    uint8_t what, op;

    memset(out, 0, sizeof(*out));
    prefixes(&c, is_64bit, out);
    op = next(&c);
    if ( op == 0x0f ) {
        op = next(&c);
        out->opcode = 0x0f00 | op;
        what = two_byte[op];
    } else {
        out->opcode = op;
        what = one_byte[op];
    }
    if ( !(what & OK) )
        return false;
    out->op_bytes = what & B ? 1 : out->rex & 8 ? 8 : out->opsize ? 2 : 4;
    if ( what & M )
        modrm(&c, is_64bit, out);
    if ( what & I1 )
        out->imm = next_signed(&c, 1);
    if ( what & IZ )
        out->imm = next_signed(&c, out->op_bytes == 2 ? 2 : 4);
    out->len = c.p - bytes;
    return c.ok;
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
    return bytes == 8 ? *insn_reg(r, nr) : *insn_reg(r, nr) & ((1ULL << 8 * bytes) - 1);
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
        *reg = (*reg & ~((1ULL << 8 * bytes) - 1)) | (val & ((1ULL << 8 * bytes) - 1));
}
