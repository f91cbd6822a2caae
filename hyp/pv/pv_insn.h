/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoding of the few instructions that are emulated for PV guests: prefixes, opcode, ModRM
 * with its address, immediate.  Pure: bytes and registers in, description out.
 */
#ifndef PV_PV_INSN_H
#define PV_PV_INSN_H

#include "base/types.h"
#include "cpu/frame.h"

#define INSN_MAX    15

struct insn {
    uint8_t  len;               /* bytes, all of it */
    uint16_t opcode;            /* one byte, or 0x0f00 | byte */
    uint8_t  rex, rep;          /* rep: 0xf2, 0xf3 or 0 */
    bool     lock, opsize;
    bool     has_modrm, is_reg; /* is_reg: rm names a register */
    uint8_t  mod, reg, rm;      /* with REX bits */
    uint8_t  op_bytes;          /* 1, 2, 4, 8 of a general operand; byte opcodes: 1 */
    int64_t  imm;
};

/* False: the bytes are no instruction of the subset, or more than @nr bytes would be needed. */
bool insn_decode(const uint8_t *bytes, unsigned int nr, bool is_64bit, struct insn *out);

/* General register by number; @rex: byte registers 4..7 are SPL..DIL, else AH..BH. */
uint64_t *insn_reg(struct cpu_frame *r, unsigned int nr);
uint64_t insn_read_reg(struct cpu_frame *r, unsigned int nr, unsigned int bytes, bool rex);
/* As the processor writes it: 4 bytes clear the upper half. */
void insn_write_reg(struct cpu_frame *r, unsigned int nr, unsigned int bytes, bool rex, uint64_t val);

#endif
