/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86 branch filter, decoding side.
 *
 * The encoder made the 32-bit operand of E8 (call) and E9 (jmp) absolute when
 * its top byte was 00 or ff.  It skipped an opcode byte which, judging by other
 * opcode bytes shortly before, was probably itself part of an operand; the
 * decoder has to repeat that judgement exactly.
 *
 * @recent has bit n set if the byte n + 1 back was an opcode byte that was not
 * converted; only the last three count, as an operand has four bytes.
 */
#include "boot/unpack/bcj_x86.h"

#include "boot/unpack/unpack_job.h"

static bool is_sign_byte(uint8_t b)
{
    return b == 0x00 || b == 0xff;
}

static bool is_opcode(uint8_t b)
{
    return (b & 0xfe) == 0xe8;
}

/* Number of bytes back to the furthest opcode byte in @recent, 0 if there is none. */
static unsigned int furthest(unsigned int recent)
{
    return recent ? highest_bit(recent) + 1 : 0;
}

static bool is_convertible(const uint8_t *op, unsigned int recent)
{
    if ( recent && (!is_power_of_two(recent) || is_sign_byte(op[4 - furthest(recent)])) )
        return false;
    return is_sign_byte(op[4]);
}

/* @next is the filter's address of the following instruction. */
static uint32_t relative_target(uint32_t operand, uint32_t next, unsigned int recent)
{
    const unsigned int shift = 32 - 8 * furthest(recent);
    uint32_t target = operand - next;

    /*
     * Undo what the encoder did to keep the byte under an earlier opcode's top
     * off 00 and ff.  Two steps bring the low bits back to where they were, so
     * more than one extra round would never end (only damaged data gets there).
     */
    for ( int i = 0; i < 2 && recent && is_sign_byte(target >> (shift - 8)); i++ )
        target = (target ^ (uint32_t)(BIT(shift) - 1)) - next;

    /* The operand is a 25-bit number with its sign copied up. */
    return (target & 0x01000000) ? target | 0xfe000000 : target & 0x01ffffff;
}

/* Nonzero if one of the eight bytes is an opcode byte; its lowest bit is in the first of them. */
static uint64_t opcode_bytes(uint64_t bytes)
{
    const uint64_t ones = 0x0101010101010101, zero_at_opcode = (bytes & ~ones) ^ 0xe8 * ones;

    return (zero_at_opcode - ones) & ~zero_at_opcode & 0x80 * ones;
}

/* The next opcode byte from @i on, or where fewer than eight bytes are left to look at. */
static size_t skip_to_opcode(const uint8_t *buf, size_t len, size_t i, unsigned int *recent)
{
    for ( ; i + 8 <= len; i += 8 ) {
        const uint64_t found = opcode_bytes(get_le64(buf + i));

        if ( found ) {
            const unsigned int skip = lowest_bit(found) / 8;

            *recent = *recent << skip & 7;
            return i + skip;
        }
        *recent = 0;
    }
    return i;
}

void bcj_x86_decode(uint8_t *buf, size_t len, uint32_t start_offset)
{
    unsigned int recent = 0;

    for ( size_t i = skip_to_opcode(buf, len, 0, &recent); i + 5 <= len;
          i = skip_to_opcode(buf, len, i, &recent) ) {
        if ( !is_opcode(buf[i]) ) {
            recent = recent << 1 & 7;
            i++;
        } else if ( !is_convertible(buf + i, recent) ) {
            recent = (recent << 1 | 1) & 7;
            i++;
        } else {
            const uint32_t next = start_offset + (uint32_t)i + 5;

            put_le32(buf + i + 1, relative_target(get_le32(buf + i + 1), next, recent));
            recent = 0;
            i += 5;
        }
    }
}
