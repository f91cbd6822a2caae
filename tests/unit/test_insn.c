/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decoding of the emulated subset: a table of encodings by the processor manual, and noise. */
#include "cm.h"

#include "base/bits.h"
#include "pv/pv_insn.h"

static const struct {
    uint8_t bytes[15], len;
    uint16_t opcode;
    uint8_t op_bytes, reg;
    bool is_reg, lock;
    int64_t imm;
} rows[] = {
    { { 0x48, 0x89, 0x17 }, 3, 0x89, 8, 2, false, false, 0 },                       /* mov %rdx,(%rdi) */
    { { 0x89, 0x17 }, 2, 0x89, 4, 2, false, false, 0 },
    { { 0x66, 0x89, 0x17 }, 3, 0x89, 2, 2, false, false, 0 },
    { { 0x88, 0x17 }, 2, 0x88, 1, 2, false, false, 0 },
    { { 0x4d, 0x89, 0x3c, 0xc9 }, 4, 0x89, 8, 15, false, false, 0 },                /* mov %r15,(%r9,%rcx,8) */
    { { 0x48, 0x89, 0x44, 0x24, 0x08 }, 5, 0x89, 8, 0, false, false, 0 },           /* mov %rax,8(%rsp) */
    { { 0x48, 0x89, 0x84, 0x24, 0, 1, 0, 0 }, 8, 0x89, 8, 0, false, false, 0 },
    { { 0x48, 0x89, 0x05, 1, 2, 3, 4 }, 7, 0x89, 8, 0, false, false, 0 },           /* RIP-relative */
    { { 0x48, 0x89, 0x04, 0x25, 1, 2, 3, 4 }, 8, 0x89, 8, 0, false, false, 0 },     /* absolute */
    { { 0x48, 0xc7, 0x07, 0xff, 0xff, 0xff, 0xff }, 7, 0xc7, 8, 0, false, false, -1 },
    { { 0xc7, 0x07, 0x78, 0x56, 0x34, 0x12 }, 6, 0xc7, 4, 0, false, false, 0x12345678 },
    { { 0x66, 0xc7, 0x07, 0x34, 0x12 }, 5, 0xc7, 2, 0, false, false, 0x1234 },
    { { 0xc6, 0x47, 0x07, 0x80 }, 4, 0xc6, 1, 0, false, false, -128 },
    { { 0x48, 0x83, 0x27, 0xfd }, 4, 0x83, 8, 4, false, false, -3 },                /* andq $-3,(%rdi) */
    { { 0x48, 0x81, 0x0f, 0, 0, 0, 0x80 }, 7, 0x81, 8, 1, false, false, -0x80000000LL },
    { { 0xf0, 0x48, 0x0f, 0xb1, 0x17 }, 5, 0x0fb1, 8, 2, false, true, 0 },          /* lock cmpxchg */
    { { 0xf0, 0x48, 0x0f, 0xba, 0x37, 0x01 }, 6, 0x0fba, 8, 6, false, true, 1 },    /* lock btrq $1 */
    { { 0x48, 0x0f, 0xc3, 0x17 }, 4, 0x0fc3, 8, 2, false, false, 0 },               /* movnti */
    { { 0xf3, 0x48, 0xab }, 3, 0xab, 8, 0, false, false, 0 },                       /* rep stosq */
    { { 0x48, 0x87, 0x17 }, 3, 0x87, 8, 2, false, false, 0 },
    { { 0x0f, 0x22, 0xd8 }, 3, 0x0f22, 4, 3, true, false, 0 },                      /* mov %rax,%cr3 */
    { { 0x41, 0x0f, 0x20, 0xc0 }, 4, 0x0f20, 4, 0, true, false, 0 },                /* mov %cr0,%r8 */
    { { 0x0f, 0x32 }, 2, 0x0f32, 4, 0, false, false, 0 },
    { { 0xe4, 0x61 }, 2, 0xe4, 1, 0, false, false, 0x61 },
    { { 0xed }, 1, 0xed, 4, 0, false, false, 0 },
    { { 0x66, 0xef }, 2, 0xef, 2, 0, false, false, 0 },
    { { 0x65, 0x48, 0x89, 0x17 }, 4, 0x89, 8, 2, false, false, 0 },                 /* with a segment prefix */
};

TEST(encodings_decode_and_need_all_their_bytes)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        struct insn in;

        assert_true(insn_decode(rows[i].bytes, 15, true, &in));
        CHECK_EQ(in.len, rows[i].len);
        CHECK_EQ(in.opcode, rows[i].opcode);
        CHECK_EQ(in.op_bytes, rows[i].op_bytes);
        CHECK_EQ(in.reg, rows[i].reg);
        CHECK_EQ(in.is_reg, rows[i].is_reg);
        CHECK_EQ(in.lock, rows[i].lock);
        CHECK_EQ(in.imm, rows[i].imm);
        for ( unsigned int n = 0; n < rows[i].len; n++ )
            assert_false(insn_decode(rows[i].bytes, n, true, &in));
    }
}

TEST(what_is_not_emulated_is_refused)
{
    static const uint8_t bad[][15] = {
        { 0x90 }, { 0xc3 }, { 0xcc }, { 0x0f, 0x05 }, { 0x0f, 0x0b }, { 0x8b, 0x07 }, { 0xff, 0x07 },
        { 0xc5, 0xf8, 0x77 }, { 0x62, 0xf1, 0x7c }, { 0x0f, 0x38, 0xf0, 0x07 },
        { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66 },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ ) {
        struct insn in;

        assert_false(insn_decode(bad[i], 15, true, &in));
    }
}

TEST(noise_never_reads_or_claims_more_than_there_is)
{
    uint64_t seed = 42;

    for ( unsigned int i = 0; i < 500000; i++ ) {
        const unsigned int n = next_random(&seed) % 17;
        uint8_t *bytes = malloc(n + 1);         /* of exact size, for the address sanitizer */
        struct insn in;

        bytes = realloc(bytes, n ? n : 1);
        for ( unsigned int j = 0; j < n; j++ )
            bytes[j] = next_random(&seed);
        if ( insn_decode(bytes, n, next_random(&seed) & 1, &in) ) {
            assert_true(in.len >= 1 && in.len <= n && in.len <= INSN_MAX);
            assert_true(in.op_bytes == 1 || in.op_bytes == 2 || in.op_bytes == 4 || in.op_bytes == 8);
            assert_true(in.reg < 16 && in.rm < 16);
        }
        free(bytes);
    }
}

TEST(registers_are_written_as_the_processor_does)
{
    struct cpu_frame r;

    memset(&r, 0xff, sizeof(r));
    insn_write_reg(&r, 0, 4, false, 0x12345678);
    CHECK_EQ(r.rax, 0x12345678);
    insn_write_reg(&r, 0, 2, false, 0xaaaabbbb);
    CHECK_EQ(r.rax, 0x1234bbbb);
    insn_write_reg(&r, 4, 1, false, 0x1cc);             /* AH */
    CHECK_EQ(r.rax, 0x1234ccbb);
    insn_write_reg(&r, 4, 1, true, 0xdd);               /* SPL */
    CHECK_EQ(r.rsp, 0xffffffffffffffddULL);
    CHECK_EQ(insn_read_reg(&r, 4, 1, false), 0xcc);
    CHECK_EQ(insn_read_reg(&r, 0, 2, false), 0xccbb);
    insn_write_reg(&r, 15, 8, true, 1);
    CHECK_EQ(r.r15, 1);
}

TESTS(RUN(encodings_decode_and_need_all_their_bytes),
      RUN(what_is_not_emulated_is_refused),
      RUN(noise_never_reads_or_claims_more_than_there_is),
      RUN(registers_are_written_as_the_processor_does))
