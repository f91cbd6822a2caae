/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instructions that are emulated for guests of any kind: decoding, the address of the memory
 * operand, and what one does to registers and flags.  Pure: bytes, mode and registers in,
 * description or registers out.  Who uses it fetches the bytes and reaches the memory.
 */
#pragma once

#include "cpu/frame.h"

#define INSN_MAX    15

enum insn_op {
    INSN_NONE,
    INSN_OTHER,                 /* known by length only: see the opcode */
    INSN_MOV,
    INSN_MOVSX,                 /* MOVZX is MOV: the value comes zero-extended */
    INSN_TEST, INSN_NOT, INSN_NEG, INSN_INC,
    INSN_ADD, INSN_OR, INSN_ADC, INSN_SBB, INSN_AND, INSN_SUB, INSN_XOR, INSN_CMP,  /* as encoded */
    INSN_DEC, INSN_XCHG, INSN_CMPXCHG, INSN_XADD,
    INSN_BT, INSN_BTS, INSN_BTR, INSN_BTC,
    INSN_PUSH, INSN_POP,
    INSN_STOS, INSN_LODS, INSN_SCAS, INSN_MOVS, INSN_CMPS, INSN_INS, INSN_OUTS,     /* STOS on: strings */
    INSN_NR
};

#define INSN_NO_REG 0xff
#define INSN_RIP    0xfe

struct insn {
    uint8_t  len;               /* bytes, all of it */
    uint8_t  op;                /* INSN_* */
    uint16_t opcode;            /* one byte, or 0x0f00 | byte */
    uint8_t  rex, rep;          /* rep: 0xf2, 0xf3 or 0 */
    bool     lock;
    bool     is_reg;            /* rm names a register; there is no memory operand */
    bool     to_reg;            /* reg is what is written (or compared with), else memory */
    bool     has_imm;
    uint8_t  reg, rm;           /* with REX bits */
    uint8_t  op_bytes;          /* 1, 2, 4, 8 of a general operand */
    uint8_t  mem_bytes;         /* of the one in memory: fewer for MOVZX, MOVSX */
    uint8_t  addr_bytes;        /* 2, 4, 8 */
    uint8_t  seg;               /* of the operand in memory, by the processor's number: ES CS SS DS FS GS */
    uint8_t  base, index;       /* general registers, INSN_RIP or INSN_NO_REG */
    uint8_t  scale;             /* shift of the index */
    int64_t  disp, imm;
};

static inline uint64_t insn_mask(unsigned int bytes) { return ~0ULL >> (64 - 8 * bytes); }

/*
 * @mode: 2, 4 or 8, the code segment's width.  False: the bytes are no instruction of the subset,
 * or more than @nr bytes would be needed.
 */
bool insn_decode(const uint8_t *bytes, unsigned int nr, unsigned int mode, struct insn *out);

/* Offset of the memory operand in segment in->seg.  r->rip is the instruction's own. */
uint64_t insn_address(const struct insn *in, struct cpu_frame *r);

/* General register by number; @rex: byte registers 4..7 are SPL..DIL, else AH..BH. */
uint64_t *insn_reg(struct cpu_frame *r, unsigned int nr);
uint64_t insn_read_reg(struct cpu_frame *r, unsigned int nr, unsigned int bytes, bool rex);
/* As the processor writes it: 4 bytes clear the upper half. */
void insn_write_reg(struct cpu_frame *r, unsigned int nr, unsigned int bytes, bool rex, uint64_t val);

/* --- What they do (insn_exec.c) ------------------------------------------------------------------ */

/* @a op @b, both of @bytes, and the arithmetic flags in *@rflags. */
uint64_t insn_alu(enum insn_op op, uint64_t a, uint64_t b, unsigned int bytes, uint64_t *rflags);
/*
 * One step of an instruction with one memory operand, whose value is *@mem (zero-extended).  Changes registers
 * and flags, not RIP, addresses and counts.  True: *@mem is to be stored.
 */
bool insn_execute(const struct insn *in, struct cpu_frame *r, uint64_t *mem);
