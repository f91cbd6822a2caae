/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decoding of the emulated subset: a table of encodings by the processor manual, and noise. */
#include "cm.h"

#include "base/bits.h"
#include "core/insn.h"

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

        assert_true(insn_decode(rows[i].bytes, 15, 8, &in));
        CHECK_EQ(in.len, rows[i].len);
        CHECK_EQ(in.opcode, rows[i].opcode);
        CHECK_EQ(in.op_bytes, rows[i].op_bytes);
        CHECK_EQ(in.reg, rows[i].reg);
        CHECK_EQ(in.is_reg, rows[i].is_reg);
        CHECK_EQ(in.lock, rows[i].lock);
        CHECK_EQ(in.imm, rows[i].imm);
        for ( unsigned int n = 0; n < rows[i].len; n++ )
            assert_false(insn_decode(rows[i].bytes, n, 8, &in));
    }
}

TEST(what_is_not_emulated_is_refused)
{
    static const uint8_t bad[][15] = {
        { 0x90 }, { 0xc3 }, { 0xcc }, { 0x0f, 0x05 }, { 0x0f, 0x0b }, { 0xff, 0x17 }, { 0xf6, 0x27 },
        { 0xc6, 0x4f, 0, 0 }, { 0x0f, 0xba, 0x1f, 0 }, { 0x8f, 0x49, 0, 0 },
        { 0xc5, 0xf8, 0x77 }, { 0x62, 0xf1, 0x7c }, { 0x0f, 0x38, 0xf0, 0x07 },
        { 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66 },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ ) {
        struct insn in;

        assert_false(insn_decode(bad[i], 15, 8, &in));
    }
}

/* Where the operand in memory is: registers hold 0x1000 times their number. */
static const struct {
    uint8_t bytes[15], mode, len, seg;
    uint64_t address;
} places[] = {
    { { 0x8b, 0x07 }, 8, 2, 3, 0x7000 },                                    /* (%rdi) */
    { { 0x8b, 0x44, 0x24, 0xf8 }, 8, 4, 2, 0x3ff8 },                        /* -8(%rsp) */
    { { 0x8b, 0x45, 0x08 }, 8, 3, 2, 0x5008 },                              /* 8(%rbp) */
    { { 0x41, 0x8b, 0x45, 0x08 }, 8, 4, 3, 0xd008 },                        /* 8(%r13) */
    { { 0x65, 0x8b, 0x45, 0x08 }, 8, 4, 5, 0x5008 },                        /* %gs:8(%rbp) */
    { { 0x3e, 0x8b, 0x45, 0x08 }, 8, 4, 2, 0x5008 },                        /* %ds means nothing in 64-bit mode */
    { { 0x4b, 0x8b, 0x04, 0xe1 }, 8, 4, 3, 0x9000 + 8 * 0xc000 },           /* (%r9,%r12,8) */
    { { 0x8b, 0x04, 0x65, 0, 1, 0, 0 }, 8, 7, 3, 0x100 },                   /* index 4: none */
    { { 0x8b, 0x05, 0xf0, 0xff, 0xff, 0xff }, 8, 6, 3, 0xfff0000000000000 + 6 - 16 },   /* RIP-relative */
    { { 0x67, 0x8b, 0x05, 0xf0, 0xff, 0xff, 0xff }, 8, 7, 3, 0xfffffff7 },  /* EIP-relative */
    { { 0x8b, 0x05, 0xf0, 0xff, 0xff, 0xff }, 4, 6, 3, 0xfffffff0 },        /* absolute in 32-bit mode */
    { { 0x67, 0x8b, 0x47, 0xff }, 8, 4, 3, 0x6fff },
    { { 0xa0, 1, 2, 3, 4, 5, 6, 7, 8 }, 8, 9, 3, 0x0807060504030201 },
    { { 0x67, 0xa1, 1, 2, 3, 4 }, 8, 6, 3, 0x04030201 },
    { { 0x26, 0xa3, 1, 2, 3, 4 }, 4, 6, 0, 0x04030201 },
    { { 0xa2, 1, 2 }, 2, 3, 3, 0x0201 },
    { { 0x8b, 0x00 }, 2, 2, 3, 0x9000 },                                    /* (%bx,%si) */
    { { 0x8b, 0x03 }, 2, 2, 2, 0xc000 },                                    /* (%bp,%di) */
    { { 0x8b, 0x46, 0x80 }, 2, 3, 2, 0x4f80 },                              /* -128(%bp) */
    { { 0x2e, 0x8b, 0x06, 0x34, 0x12 }, 2, 5, 1, 0x1234 },                  /* %cs:0x1234 */
    { { 0x8b, 0x87, 0x00, 0xf0 }, 2, 4, 3, 0x2000 },                        /* wraps at 64 KiB */
    { { 0x67, 0x66, 0x8b, 0x87, 0, 0, 0, 0xf0 }, 2, 8, 3, 0xf0007000 },     /* 32-bit in 16-bit code */
    { { 0x67, 0x8b, 0x47, 0x01 }, 4, 4, 3, 0x3001 },                        /* 16-bit in 32-bit code */
};

TEST(addresses_are_the_processors)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(places); i++ ) {
        struct cpu_frame r = { .rip = 0xfff0000000000000 };
        struct insn in;

        for ( unsigned int n = 0; n < 16; n++ )
            *insn_reg(&r, n) = n * 0x1000;
        assert_true(insn_decode(places[i].bytes, 15, places[i].mode, &in));
        CHECK_EQ(in.len, places[i].len);
        CHECK_EQ(in.seg, places[i].seg);
        CHECK_EQ(insn_address(&in, &r), places[i].address);
    }
}

/* What an instruction makes of memory, RAX, RDX and flags. */
static const struct {
    uint8_t bytes[15];
    uint64_t mem, rax, rdx, flags;                  /* before */
    uint64_t mem_after, rax_after, rdx_after, flags_after;
    bool stores;
} effects[] = {
    { { 0x00, 0x17 }, 0xff, 0, 1, 0, 0x00, 0, 1, 0x55, true },                      /* add %dl: ZF AF PF CF */
    { { 0x66, 0x01, 0x17 }, 0x7fff, 0, 1, 1, 0x8000, 0, 1, 0x894, true },           /* addw: OF SF AF PF */
    { { 0x11, 0x17 }, 0xffffffff, 0, 0, 1, 0, 0, 0, 0x55, true },                   /* adcl */
    { { 0x48, 0x19, 0x17 }, 0, 0, ~0ULL, 1, 0, 0, ~0ULL, 0x55, true },              /* sbbq */
    { { 0x80, 0x2f, 0x01 }, 0x80, 0, 0, 0, 0x7f, 0, 0, 0x810, true },               /* subb $1 */
    { { 0x48, 0x83, 0x3f, 0xff }, 5, 0, 0, 0, 6, 0, 0, 0x15, false },               /* cmpq $-1: not stored */
    { { 0x84, 0x17 }, 0x80, 0, 0xff, 1, 0x80, 0, 0xff, 0x80, false },               /* test */
    { { 0xf6, 0x1f }, 0x80, 0, 0, 0, 0x80, 0, 0, 0x881, true },                     /* negb: OF SF CF */
    { { 0xf6, 0x17 }, 0x0f, 0, 0, 0x8d5, 0xf0, 0, 0, 0x8d5, true },                 /* notb: no flags */
    { { 0xff, 0x07 }, 0xffffffff, 0, 0, 1, 0, 0, 0, 0x55, true },                   /* incl keeps CF */
    { { 0xfe, 0x0f }, 0, 0, 0, 0, 0xff, 0, 0, 0x94, true },                         /* decb keeps CF */
    { { 0x48, 0x0f, 0xb1, 0x17 }, 7, 7, 9, 0, 9, 7, 9, 0x44, true },
    { { 0x0f, 0xb1, 0x17 }, 7, ~0ULL, 9, 0, 7, 7, 9, 0x80, true },                  /* miss: EAX is loaded */
    { { 0x0f, 0xc1, 0x17 }, 7, 0, ~0ULL, 0, 6, 0, 7, 0x15, true },                  /* xadd */
    { { 0x0f, 0xba, 0x3f, 0x25 }, 0x20, 0, 0, 0, 0, 0, 0, 1, true },                /* btcl $37: bit 5 */
    { { 0x0f, 0xb6, 0x17 }, 0x80, 0, ~0ULL, 0, 0x80, 0, 0x80, 0, false },           /* movzbl */
    { { 0x66, 0x0f, 0xbe, 0x17 }, 0x80, 0, 0, 0, 0x80, 0, 0xff80, 0, false },       /* movsbw */
    { { 0x48, 0x63, 0x17 }, 0x80000000, 0, 0, 0, 0x80000000, 0, 0xffffffff80000000, 0, false },
    { { 0x2a, 0x37 }, 1, 0, 0x0300, 0, 1, 0, 0x0200, 0, false },                    /* sub mem from %dh */
    { { 0xac }, 0x12, 0xff00, 0, 0, 0x12, 0xff12, 0, 0, false },                    /* lodsb */
    { { 0xae }, 0x12, 0x12, 0, 0, 0x12, 0x12, 0, 0x44, false },                     /* scasb */
};

TEST(instructions_do_what_the_processor_does)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(effects); i++ ) {
        struct cpu_frame r = { .rax = effects[i].rax, .rdx = effects[i].rdx, .rflags = effects[i].flags };
        uint64_t mem = effects[i].mem;
        struct insn in;

        assert_true(insn_decode(effects[i].bytes, 15, 8, &in));
        CHECK_EQ(insn_execute(&in, &r, &mem), effects[i].stores);
        if ( effects[i].stores )
            CHECK_EQ(mem, effects[i].mem_after);
        CHECK_EQ(r.rax, effects[i].rax_after);
        CHECK_EQ(r.rdx, effects[i].rdx_after);
        CHECK_EQ(r.rflags, effects[i].flags_after);
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
        if ( insn_decode(bytes, n, 2 << next_random(&seed) % 3, &in) ) {
            assert_true(in.len >= 1 && in.len <= n && in.len <= INSN_MAX);
            assert_true(in.op_bytes == 1 || in.op_bytes == 2 || in.op_bytes == 4 || in.op_bytes == 8);
            assert_true(in.reg < 16 && in.rm < 16 && in.seg < 6 && in.op < INSN_NR);
            assert_true(in.addr_bytes == 2 || in.addr_bytes == 4 || in.addr_bytes == 8);
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
      RUN(addresses_are_the_processors),
      RUN(instructions_do_what_the_processor_does),
      RUN(noise_never_reads_or_claims_more_than_there_is),
      RUN(registers_are_written_as_the_processor_does))
