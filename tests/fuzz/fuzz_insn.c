/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: our instruction decoder beside Zydis, in the three modes and at every offset of the
 * input.  What ours knows must have the same length, instruction, operand sizes,
 * address and immediate there; what Zydis finds of the subset, ours must know.
 */
#include "fuzz.h"

#include <Zydis/Zydis.h>

#include "core/insn.h"

static struct {
    const uint8_t *bytes;
    size_t len;
    unsigned int mode;
} now;

/* MUST, and which instruction it is about. */
static void tell(const char *what, int line)
{
    fprintf(stderr, "fuzz_insn.c:%d: %s does not hold for", line, what);
    for ( size_t i = 0; i < now.len && i < INSN_MAX; i++ )
        fprintf(stderr, " %02x", now.bytes[i]);
    fprintf(stderr, " in %u-bit mode\n", now.mode * 8);
    abort();
}
#undef MUST
#define MUST(cond) ((cond) ? (void)0 : tell(#cond, __LINE__))

static const struct {
    ZydisMnemonic mnemonic;
    uint8_t op;
} subset[] = {
#define ROW(name) { ZYDIS_MNEMONIC_##name, INSN_##name }
#define ROW4(name) { ZYDIS_MNEMONIC_##name##B, INSN_##name }, { ZYDIS_MNEMONIC_##name##W, INSN_##name }, \
                   { ZYDIS_MNEMONIC_##name##D, INSN_##name }, { ZYDIS_MNEMONIC_##name##Q, INSN_##name }
    ROW(MOV), { ZYDIS_MNEMONIC_MOVZX, INSN_MOV }, { ZYDIS_MNEMONIC_MOVNTI, INSN_MOV }, ROW(MOVSX),
    { ZYDIS_MNEMONIC_MOVSXD, INSN_MOVSX }, ROW(TEST), ROW(NOT), ROW(NEG), ROW(INC), ROW(DEC), ROW(ADD), ROW(OR),
    ROW(ADC), ROW(SBB), ROW(AND), ROW(SUB), ROW(XOR), ROW(CMP), ROW(XCHG), ROW(CMPXCHG), ROW(XADD), ROW(BT),
    ROW(BTS), ROW(BTR), ROW(BTC), ROW(PUSH), ROW(POP), ROW4(STOS), ROW4(LODS), ROW4(SCAS), ROW4(MOVS), ROW4(CMPS),
    { ZYDIS_MNEMONIC_INSB, INSN_INS }, { ZYDIS_MNEMONIC_INSW, INSN_INS }, { ZYDIS_MNEMONIC_INSD, INSN_INS },
    { ZYDIS_MNEMONIC_OUTSB, INSN_OUTS }, { ZYDIS_MNEMONIC_OUTSW, INSN_OUTS }, { ZYDIS_MNEMONIC_OUTSD, INSN_OUTS },
};

static struct {
    unsigned int mode;
    ZydisMachineMode machine;
    ZydisStackWidth stack;
} modes[] = {
    { 8, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64 },
    { 4, ZYDIS_MACHINE_MODE_LONG_COMPAT_32, ZYDIS_STACK_WIDTH_32 },
    { 2, ZYDIS_MACHINE_MODE_LONG_COMPAT_16, ZYDIS_STACK_WIDTH_16 },
};

struct theirs {
    ZydisDecodedInstruction in;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
};

static unsigned int op_of(const struct theirs *z)
{
    for ( size_t i = 0; i < sizeof(subset) / sizeof(subset[0]); i++ )
        if ( subset[i].mnemonic == z->in.mnemonic )
            return subset[i].op;
    return INSN_NONE;
}

/* The operand in memory that is written in the instruction; strings have theirs hidden, MOVS its source second. */
static const ZydisDecodedOperand *memory_of(const struct theirs *z)
{
    const unsigned int op = op_of(z);
    unsigned int skip = op == INSN_MOVS;

    for ( unsigned int i = 0; i < z->in.operand_count; i++ )
        if ( z->op[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
             (op >= INSN_STOS || z->op[i].visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN) && !skip-- )
            return &z->op[i];
    return NULL;
}

/* Ours is to know it: an instruction of the subset with a general operand in memory. */
static bool must_be_known(const struct theirs *z)
{
    const unsigned int op = op_of(z);
    const ZydisDecodedOperand *m = memory_of(z);

    if ( op == INSN_NONE || !m || z->in.opcode_map > ZYDIS_OPCODE_MAP_0F ||
         z->in.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY )
        return false;
    if ( z->in.opcode == 0x82 || (op == INSN_MOVS && z->in.opcode_map == ZYDIS_OPCODE_MAP_0F) )
        return false;                   /* 80's alias of 32-bit code; MOVSD of SSE */
    for ( unsigned int i = 0; i < z->in.operand_count; i++ )
        if ( z->op[i].type == ZYDIS_OPERAND_TYPE_REGISTER && z->op[i].visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT &&
             ZydisRegisterGetClass(z->op[i].reg.value) == ZYDIS_REGCLASS_SEGMENT )
            return false;               /* MOV of segment registers */
    return true;
}

static uint8_t number(ZydisRegister r)
{
    if ( r == ZYDIS_REGISTER_NONE )
        return INSN_NO_REG;
    if ( r == ZYDIS_REGISTER_RIP || r == ZYDIS_REGISTER_EIP )
        return INSN_RIP;
    if ( r >= ZYDIS_REGISTER_SPL && r <= ZYDIS_REGISTER_DIL )
        return r - ZYDIS_REGISTER_SPL + 4;
    return ZydisRegisterGetId(r);
}

static void compare_memory(const struct insn *in, const struct theirs *z, const ZydisDecodedOperand *m)
{
    MUST(in->mem_bytes * 8 == m->size);
    MUST(in->addr_bytes * 8 == z->in.address_width);
    if ( in->op == INSN_STOS || in->op == INSN_SCAS || in->op == INSN_INS )
        return;                         /* always ES:rDI */
    MUST(in->seg == m->mem.segment - ZYDIS_REGISTER_ES);
    if ( in->op >= INSN_STOS )
        return;
    MUST(in->base == number(m->mem.base));
    MUST(in->index == number(m->mem.index));
    if ( m->mem.index != ZYDIS_REGISTER_NONE )
        MUST(1 << in->scale == (m->mem.scale ? m->mem.scale : 1));
    MUST(((in->disp ^ (m->mem.disp.has_displacement ? m->mem.disp.value : 0)) & insn_mask(in->addr_bytes)) == 0);
}

static void compare_operands(const struct insn *in, const struct theirs *z)
{
    bool has_imm = false;

    for ( unsigned int i = 0; i < z->in.operand_count_visible; i++ ) {
        const ZydisDecodedOperand *o = &z->op[i];

        if ( o->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && in->op != INSN_OTHER ) {
            has_imm = true;
            MUST(((o->imm.value.u ^ in->imm) & insn_mask(in->opcode == 0x0fba ? 1 : in->op_bytes)) == 0);
        } else if ( o->type == ZYDIS_OPERAND_TYPE_REGISTER && o->encoding == ZYDIS_OPERAND_ENCODING_MODRM_REG &&
                    in->op != INSN_OTHER ) {
            const bool high = o->reg.value >= ZYDIS_REGISTER_AH && o->reg.value <= ZYDIS_REGISTER_BH;

            MUST(o->size == in->op_bytes * 8);
            MUST(high == (in->op_bytes == 1 && !in->rex && in->reg >= 4));
            if ( in->op_bytes > 1 )
                MUST(in->reg == number(o->reg.value));
            MUST(in->to_reg == (i == 0 && in->op != INSN_XCHG && in->op != INSN_TEST));
        }
    }
    MUST(in->op == INSN_OTHER || in->has_imm == has_imm);
}

static void one(const uint8_t *bytes, size_t len, unsigned int m)
{
    static ZydisDecoder decoder[3];
    static bool is_ready[3];
    struct theirs z;
    struct insn in;
    bool is_theirs;
    const bool is_ours = insn_decode(bytes, len, modes[m].mode, &in);

    now.bytes = bytes;
    now.len = len;
    now.mode = modes[m].mode;
    if ( !is_ready[m] )
        MUST(ZYAN_SUCCESS(ZydisDecoderInit(&decoder[m], modes[m].machine, modes[m].stack)));
    is_ready[m] = true;
    is_theirs = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder[m], bytes, len, &z.in, z.op));
    if ( !is_theirs )
        return;                         /* what the processor refuses does not come to us */
    MUST(is_ours || !must_be_known(&z));
    if ( !is_ours )
        return;
    MUST(in.len == z.in.length);
    MUST((in.op == INSN_OTHER) == (op_of(&z) == INSN_NONE || (in.opcode & 0xfffc) == 0x0f20));
    if ( in.op == INSN_OTHER )
        return;
    MUST(in.op == op_of(&z));
    compare_operands(&in, &z);
    const ZydisDecodedOperand *mem = memory_of(&z);

    MUST(in.is_reg == !mem);
    if ( mem )
        compare_memory(&in, &z, mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    for ( size_t at = 0; at < len && at < 4096; at++ )
        for ( unsigned int m = 0; m < 3; m++ )
            one(data + at, len - at, m);
    return 0;
}
