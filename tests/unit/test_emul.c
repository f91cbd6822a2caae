/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions on memory that is not RAM, and string I/O: what reaches the device, in which
 * order, how often, and what an exception or a wait for the device model leaves unchanged.
 */
#include "cm.h"

#include "base/bits.h"
#include "cpu/regs.h"
#include "core/insn.h"
#include "fake/hvm_machine.h"

#define DEV     0x100000
#define R       (m.v.regs)
#define RUN_INSN(...) ({ const uint8_t insn_[] = { __VA_ARGS__ }; machine_run(insn_, sizeof(insn_)); })

static void poke(uint64_t at, uint64_t val, unsigned int bytes)
{
    memcpy(at >= DEV ? m.device + (at - DEV) : m.ram + at, &val, bytes);
}

static uint64_t peek(uint64_t at, unsigned int bytes)
{
    uint64_t val = 0;

    memcpy(&val, at >= DEV ? m.device + (at - DEV) : m.ram + at, bytes);
    return val;
}

static void check_access(unsigned int i, bool is_write, uint64_t addr, unsigned int bytes, uint64_t data)
{
    assert_true(i < m.nr_log);
    CHECK_EQ(m.log[i].is_write, is_write);
    CHECK_EQ(m.log[i].addr, addr);
    CHECK_EQ(m.log[i].bytes, bytes);
    CHECK_EQ(m.log[i].data & insn_mask(bytes), data);
}

TEST(loads_and_stores_reach_the_device_once)
{
    for ( unsigned int waits = 0; waits < 2; waits++ ) {
        machine_reset(8);
        m.waits = waits;
        R.rdi = DEV + 8;
        R.rdx = 0x1122334455667788;
        CHECK_EQ(RUN_INSN(0x89, 0x17), waits);              /* mov %edx,(%rdi) */
        CHECK_EQ(R.rip, 0x1002);
        CHECK_EQ(m.nr_log, 1);
        check_access(0, true, DEV + 8, 4, 0x55667788);
        R.rip = 0x1000;
        CHECK_EQ(RUN_INSN(0x0f, 0xbf, 0x57, 0x02), waits);  /* movswl 2(%rdi),%edx */
        check_access(1, false, DEV + 10, 2, 0x5566);
        CHECK_EQ(R.rdx, 0x5566);
        CHECK_EQ(m.nr_log, 2);
    }
}

TEST(an_update_reads_and_writes_once_each_even_if_both_wait)
{
    machine_reset(8);
    m.waits = true;
    R.rdi = DEV;
    poke(DEV, 0xffffffff, 4);
    CHECK_EQ(RUN_INSN(0x83, 0x07, 0x01), 2);                /* addl $1,(%rdi) */
    CHECK_EQ(m.nr_log, 2);
    check_access(0, false, DEV, 4, 0xffffffff);
    check_access(1, true, DEV, 4, 0);
    CHECK_EQ(R.rflags & 0x8d5, 0x55);
    CHECK_EQ(m.h.io.nr_read + m.h.io.nr_written, 0);
}

TEST(nothing_changes_while_the_device_model_thinks)
{
    static const uint8_t xadd[] = { 0xf0, 0x0f, 0xc1, 0x17 };
    struct cpu_frame before;

    machine_reset(8);
    m.waits = true;
    R.rdi = DEV;
    R.rdx = 5;
    memcpy(m.ram + 0x1000, xadd, sizeof(xadd));
    before = R;
    hvm_emulate_mmio(&m.v, DEV, false);
    assert_true(m.h.io.is_emulated);
    assert_memory_equal(&before, &R, sizeof(before));
    hvm_emulate_again(&m.v);                                /* the read is answered, the write waits */
    assert_true(m.h.io.is_emulated);
    assert_memory_equal(&before, &R, sizeof(before));
    hvm_emulate_again(&m.v);
    assert_false(m.h.io.is_emulated);
    CHECK_EQ(R.rdx, 0);
    CHECK_EQ(R.rip, 0x1004);
    CHECK_EQ(peek(DEV, 4), 5);
}

TEST(an_access_over_a_pages_end_is_made_in_parts)
{
    for ( unsigned int waits = 0; waits < 2; waits++ ) {
        machine_reset(8);
        m.waits = waits;
        R.rdi = DEV + 0xffd;
        R.rdx = 0x8877665544332211;
        RUN_INSN(0x48, 0x87, 0x17);                         /* xchg %rdx,(%rdi) */
        CHECK_EQ(m.nr_log, 8);
        check_access(0, false, DEV + 0xffd, 2, 0);
        check_access(1, false, DEV + 0xfff, 1, 0);
        check_access(2, false, DEV + 0x1000, 4, 0);
        check_access(3, false, DEV + 0x1004, 1, 0);
        check_access(4, true, DEV + 0xffd, 2, 0x2211);
        check_access(7, true, DEV + 0x1004, 1, 0x88);
        CHECK_EQ(peek(DEV + 0xffd, 8), 0x8877665544332211);
        CHECK_EQ(R.rdx, 0);
    }
}

TEST(strings_move_between_memory_and_device)
{
    for ( unsigned int waits = 0; waits < 2; waits++ ) {
        machine_reset(8);
        m.waits = waits;
        for ( unsigned int i = 0; i < 8; i++ )
            m.ram[0x2000 + i] = i + 1;
        R.rsi = 0x2000;
        R.rdi = DEV;
        R.rcx = 2;
        CHECK_EQ(RUN_INSN(0xf3, 0xa5), 2 * waits);          /* rep movsl */
        CHECK_EQ(peek(DEV, 8), 0x0807060504030201);
        CHECK_EQ(R.rcx, 0);
        CHECK_EQ(R.rsi, 0x2008);
        CHECK_EQ(R.rdi, DEV + 8);
        CHECK_EQ(R.rip, 0x1002);

        R.rip = 0x1000;                                     /* device to device, downwards */
        R.rflags |= FLAGS_DF;
        R.rsi = DEV + 6;
        R.rdi = DEV + 0x16;
        R.rcx = 4;
        CHECK_EQ(RUN_INSN(0x66, 0xf3, 0xa5), 8 * waits);
        CHECK_EQ(peek(DEV + 0x10, 8), 0x0807060504030201);
        CHECK_EQ(R.rdi, DEV + 0xe);
        CHECK_EQ(m.is_crashed, false);
    }
}

TEST(compare_and_scan_stop_where_they_should)
{
    machine_reset(8);
    m.waits = true;
    memset(m.ram + 0x2000, 7, 16);
    memset(m.device, 7, 5);
    R.rsi = 0x2000;
    R.rdi = DEV;
    R.rcx = 16;
    RUN_INSN(0xf3, 0xa6);                                   /* repe cmpsb */
    CHECK_EQ(R.rcx, 10);
    CHECK_EQ(R.rdi, DEV + 6);
    CHECK_EQ(R.rflags & 0x8d5, 0);                          /* 7 - 0 */
    R.rip = 0x1000;
    R.rdi = DEV;
    R.rax = 0;
    R.rcx = 16;
    RUN_INSN(0xf2, 0xae);                                   /* repne scasb */
    CHECK_EQ(R.rdi, DEV + 6);
    CHECK_EQ(R.rflags & 0x8d5, 0x44);
    R.rip = 0x1000;
    R.rcx = 0;
    m.nr_log = 0;
    RUN_INSN(0xf3, 0xaa);                                   /* a count of 0 does nothing */
    CHECK_EQ(m.nr_log, 0);
    CHECK_EQ(R.rip, 0x1002);
}

TEST(long_strings_make_way_and_go_on)
{
    static const uint8_t rep_stosb[] = { 0xf3, 0xaa };

    machine_reset(8);
    R.rdi = DEV;
    R.rax = 0x55;
    R.rcx = 100;
    m.preempt_in = 9;
    memcpy(m.ram + 0x1000, rep_stosb, 2);
    hvm_emulate_mmio(&m.v, DEV, false);
    CHECK_EQ(R.rcx, 90);
    CHECK_EQ(R.rdi, DEV + 10);
    CHECK_EQ(R.rip, 0x1000);
    hvm_emulate_mmio(&m.v, DEV + 10, false);
    CHECK_EQ(R.rcx, 0);
    CHECK_EQ(R.rip, 0x1002);
    CHECK_EQ(peek(DEV + 92, 8), 0x5555555555555555);
    CHECK_EQ(peek(DEV + 100, 1), 0);
}

TEST(a_fault_keeps_what_is_done_and_touches_no_device)
{
    machine_reset(8);
    m.cpl = 3;
    m.bad_page = 3;
    R.rsi = 0x2ffc;
    R.rdi = DEV;
    R.rcx = 4;
    RUN_INSN(0xf3, 0xa5);
    CHECK_EQ(m.vector, VEC_PF);
    CHECK_EQ(m.error, WALK_USER);
    CHECK_EQ(m.cr2, 0x3000);
    CHECK_EQ(R.rcx, 3);
    CHECK_EQ(R.rsi, 0x3000);
    CHECK_EQ(R.rip, 0x1000);
    CHECK_EQ(m.nr_log, 1);

    machine_reset(8);                                       /* the target is looked at before the device is read */
    m.ro_page = 3;
    R.rsi = DEV;
    R.rdi = 0x3000;
    RUN_INSN(0xa4);
    CHECK_EQ(m.vector, VEC_PF);
    CHECK_EQ(m.error, WALK_WRITE);
    CHECK_EQ(m.nr_log, 0);

    machine_reset(8);                                       /* the part behind a page's end */
    m.bad_page = (DEV >> 12) + 1;
    R.rdi = DEV + 0xffe;
    RUN_INSN(0xff, 0x07);
    CHECK_EQ(m.cr2, DEV + 0x1000);
    CHECK_EQ(m.nr_log, 0);
}

TEST(stack_operands)
{
    machine_reset(8);
    m.waits = true;
    R.rsp = 0x3000;
    R.rdi = DEV;
    poke(DEV, 0x1234567890, 8);
    RUN_INSN(0xff, 0x37);                                   /* push (%rdi) */
    CHECK_EQ(R.rsp, 0x2ff8);
    CHECK_EQ(peek(0x2ff8, 8), 0x1234567890);
    R.rip = 0x1000;
    RUN_INSN(0x8f, 0x47, 0x10);                             /* pop 0x10(%rdi) */
    CHECK_EQ(R.rsp, 0x3000);
    CHECK_EQ(peek(DEV + 0x10, 8), 0x1234567890);

    machine_reset(4);                                       /* a 16-bit stack under 32-bit code */
    m.seg[SEG_SS].attr &= ~SEG_ATTR_DB;
    m.seg[SEG_SS].base = 0x4000;
    R.rsp = 0xabc0002;
    R.rdi = DEV;
    poke(DEV, 0x99, 4);
    RUN_INSN(0xff, 0x37);
    CHECK_EQ(m.vector, -1);
    CHECK_EQ(R.rsp, 0xabcfffe);
}

TEST(bit_strings_reach_as_far_as_their_register_says)
{
    machine_reset(8);
    R.rdi = DEV + 0x100;
    R.rdx = -9;
    RUN_INSN(0x48, 0x0f, 0xab, 0x17);                       /* bts %rdx,(%rdi) */
    check_access(1, true, DEV + 0xf8, 8, 1ULL << 55);
    R.rip = 0x1000;
    R.rdx = 0xffff0021;                                     /* 16 bits of it: 33 */
    RUN_INSN(0x66, 0x0f, 0xab, 0x17);
    check_access(3, true, DEV + 0x104, 2, 2);
}

TEST(segments_are_applied_and_checked)
{
    static const struct {
        uint8_t insn[8], len, mode;
        int seg;
        uint16_t attr;
        uint32_t limit;
        uint64_t base, off;
        int vector;
    } rows[] = {
        { { 0x89, 0x17 }, 2, 4, SEG_DS, 0xc93, 0xffff, DEV, 0xfffc, -1 },
        { { 0x89, 0x17 }, 2, 4, SEG_DS, 0xc93, 0xffff, DEV, 0xfffd, VEC_GP },
        { { 0x89, 0x17 }, 2, 4, SEG_DS, 0xc93, 0xffff, DEV, 0xffffffff, VEC_GP },
        { { 0x36, 0x89, 0x17 }, 3, 4, SEG_SS, 0xc93, 7, DEV, 5, VEC_SS },
        { { 0x26, 0x89, 0x17 }, 3, 4, SEG_ES, 0xc91, 7, DEV, 0, VEC_GP },  /* read-only */
        { { 0x26, 0x8b, 0x17 }, 3, 4, SEG_ES, 0xc91, 7, DEV, 0, -1 },
        { { 0x2e, 0x8b, 0x17 }, 3, 4, SEG_CS, 0xc99, 7, DEV, 0, VEC_GP },  /* execute only */
        { { 0x89, 0x17 }, 2, 4, SEG_DS, 0x813, ~0U, DEV, 0, VEC_GP },  /* not present */
        { { 0x89, 0x17 }, 2, 4, SEG_DS, 0xc97, 0xff, DEV, 0xff, VEC_GP },  /* expands down */
        { { 0x89, 0x17 }, 2, 4, SEG_DS, 0xc97, 0xff, DEV, 0x100, -1 },
        { { 0x89, 0x17 }, 2, 4, SEG_DS, 0x097, 0xff, DEV, 0xfffd, VEC_GP },
        { { 0x67, 0x89, 0x17 }, 3, 2, SEG_DS, 0x93, ~0U, DEV - 0x80000000, 0x80000000, -1 },
        { { 0x89, 0x17 }, 2, 8, SEG_DS, 0, 0, 0x5000, DEV, -1 },  /* flat */
        { { 0x65, 0x89, 0x17 }, 3, 8, SEG_GS, 0, 0, DEV, 8, -1 },
        { { 0x89, 0x17 }, 2, 8, SEG_DS, 0x93, ~0U, 0, 0x7ffffffffffd, VEC_GP },
        { { 0x48, 0x89, 0x14, 0x24 }, 4, 8, SEG_SS, 0x93, ~0U, 0, 1ULL << 47, VEC_SS },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        machine_reset(rows[i].mode);
        m.device_size = 0x1000;
        m.seg[rows[i].seg] = (struct hvm_segment){ 0, rows[i].attr, rows[i].limit, rows[i].base };
        R.rdi = R.rsp = rows[i].off;
        machine_run(rows[i].insn, rows[i].len);
        CHECK_EQ(m.vector, rows[i].vector);
        CHECK_EQ(m.is_crashed, false);
        CHECK_EQ(R.rip, rows[i].vector < 0 ? 0x1000 + rows[i].len : 0x1000);
    }
}

TEST(real_mode_writes_through_cs)
{
    machine_reset(2);
    m.h.cr0 = 0;
    m.seg[SEG_CS] = (struct hvm_segment){ .attr = 0x9b, .limit = 0xffff, .base = DEV };
    R.rdx = 0xabcd;
    RUN_INSN(0x2e, 0x89, 0x16, 0x10, 0x00);                 /* mov %dx,%cs:0x10 */
    check_access(0, true, DEV + 0x10, 2, 0xabcd);
}

TEST(nobodys_memory_reads_ones_and_takes_what_is_written)
{
    machine_reset(8);
    R.rdi = 0x10000000;
    R.rdx = 0;
    RUN_INSN(0x48, 0x33, 0x17);                             /* xor (%rdi),%rdx */
    CHECK_EQ(R.rdx, ~0ULL);
    R.rip = 0x1000;
    RUN_INSN(0xc6, 0x07, 0x00);
    CHECK_EQ(R.rip, 0x1003);
    CHECK_EQ(m.nr_log, 0);
}

static void string_io(const uint8_t *insn, unsigned int len, uint16_t port, unsigned int bytes, bool is_write)
{
    memcpy(m.ram + 0x1000, insn, len);
    hvm_emulate_string_io(&m.v, port, bytes, is_write);
    while ( m.h.io.is_emulated )
        hvm_emulate_again(&m.v);
}

TEST(ports_in_strings)
{
    static const uint8_t rep_insw[] = { 0x66, 0xf3, 0x6d }, outsb[] = { 0x26, 0x6e };

    for ( unsigned int waits = 0; waits < 2; waits++ ) {
        machine_reset(8);
        m.waits = waits;
        m.port_value = 0x1111;
        R.rdx = 0x70000 + 0x1f0;
        R.rdi = 0x2ffe;                                     /* RAM, over a page's end */
        R.rcx = 3;
        string_io(rep_insw, sizeof(rep_insw), 0x1f0, 2, false);
        CHECK_EQ(peek(0x2ffe, 8), 0x111311121111);
        CHECK_EQ(R.rcx, 0);
        CHECK_EQ(R.rip, 0x1003);

        R.rip = 0x1000;
        R.rdi = DEV + 4;                                    /* port to device */
        R.rcx = 1;
        string_io(rep_insw, sizeof(rep_insw), 0x1f0, 2, false);
        CHECK_EQ(peek(DEV + 4, 2), 0x1114);

        R.rip = 0x1000;
        R.rsi = DEV + 4;                                    /* device to port */
        string_io(outsb, sizeof(outsb), 0x1f0, 1, true);
        CHECK_EQ(m.log[m.nr_log - 1].is_port, true);
        check_access(m.nr_log - 1, true, 0x1f0, 1, 0x14);
        CHECK_EQ(R.rsi, DEV + 5);
        CHECK_EQ(R.rip, 0x1002);
    }
}

TEST(strings_of_ports_go_to_the_device_model_page_by_page)
{
    static const uint8_t rep_insw[] = { 0x66, 0xf3, 0x6d }, rep_insb16[] = { 0xf3, 0x6c };

    for ( unsigned int waits = 0; waits < 2; waits++ ) {
        machine_reset(8);
        m.waits = waits;
        m.has_strings = true;
        m.port_value = 1;
        R.rdx = 0x1f0;
        R.rdi = 0x2ff9;                                     /* three in the page, one over its end, four */
        R.rcx = 8;
        string_io(rep_insw, sizeof(rep_insw), 0x1f0, 2, false);
        for ( unsigned int i = 0; i < 8; i++ )
            CHECK_EQ(peek(0x2ff9 + 2 * i, 2), i + 1);
        CHECK_EQ(m.nr_log, 3);
        CHECK_EQ(m.log[0].data, 3);
        CHECK_EQ(m.log[2].data, 4);
        CHECK_EQ(R.rcx, 0);
        CHECK_EQ(R.rdi, 0x2ff9 + 16);

        R.rip = 0x1000;                                     /* downwards to the page's start */
        R.rflags |= FLAGS_DF;
        R.rdi = 0x3004;
        R.rcx = 3;
        string_io(rep_insw, sizeof(rep_insw), 0x1f0, 2, false);
        CHECK_EQ(peek(0x3000, 2), 11);
        CHECK_EQ(m.nr_log, 4);
        CHECK_EQ(R.rdi, 0x2ffe);
    }
    machine_reset(2);                                       /* a limit inside the page: up to it, then #GP */
    m.has_strings = true;
    m.port_value = 1;
    m.seg[SEG_ES] = (struct hvm_segment){ 0, 0x93, 1, 0x3000 };
    R.rdx = 0x1f0;
    R.rcx = 5;
    string_io(rep_insb16, sizeof(rep_insb16), 0x1f0, 1, false);
    CHECK_EQ(m.vector, VEC_GP);
    CHECK_EQ(R.rcx, 3);
    CHECK_EQ(R.rdi, 2);
    CHECK_EQ(peek(0x3000, 3), 0x0201);
}

TEST(a_device_models_memory_is_moved_and_filled_by_the_page)
{
    for ( unsigned int waits = 0; waits < 2; waits++ ) {
        machine_reset(8);
        m.has_strings = true;
        m.waits = waits;
        for ( unsigned int i = 0; i < 16; i++ )
            m.device[i] = i + 1;
        R.rsi = DEV;
        R.rdi = 0x2ff8;                                     /* two, then two in the next page */
        R.rcx = 4;
        CHECK_EQ(RUN_INSN(0xf3, 0xa5), 2 * waits);          /* rep movsl */
        CHECK_EQ(peek(0x2ff8, 8), 0x0807060504030201);
        CHECK_EQ(peek(0x3000, 8), 0x100f0e0d0c0b0a09);
        CHECK_EQ(m.nr_log, 2);
        CHECK_EQ(R.rcx, 0);
        CHECK_EQ(R.rsi, DEV + 16);
        CHECK_EQ(R.rdi, 0x3008);

        R.rip = 0x1000;                                     /* and back, a byte further */
        R.rsi = 0x3000;
        R.rdi = DEV + 0x101;
        R.rcx = 4;
        CHECK_EQ(RUN_INSN(0x66, 0xf3, 0xa5), waits);
        CHECK_EQ(peek(DEV + 0x101, 8), 0x100f0e0d0c0b0a09);

        R.rip = 0x1000;
        R.rdi = DEV + 0x200;
        R.rax = 0x11220741;
        R.rcx = 2000;
        CHECK_EQ(RUN_INSN(0x66, 0xf3, 0xab), waits * 2);    /* rep stosw over a page's end */
        CHECK_EQ(m.nr_log, 5);
        CHECK_EQ(peek(DEV + 0x200, 8), 0x0741074107410741);
        CHECK_EQ(peek(DEV + 0x200 + 3998, 4), 0x0741);
        CHECK_EQ(R.rdi, DEV + 0x200 + 4000);
    }
    machine_reset(8);                                       /* downwards one by one */
    m.has_strings = true;
    R.rflags |= FLAGS_DF;
    R.rdi = DEV + 8;
    R.rcx = 3;
    RUN_INSN(0xf3, 0xaa);
    CHECK_EQ(m.nr_log, 3);
    CHECK_EQ(R.rdi, DEV + 5);
}

TEST(a_plain_mov_of_a_local_apic_register_is_done_where_the_fault_was)
{
    machine_reset(8);
    m.lapic = 0xfee00000;
    m.fault = 0xfee00080;
    m.lapic_reg = 5;
    R.rdi = 0x12345;                                        /* mapped there, for all we know */
    RUN_INSN(0x8b, 0x17);                                   /* mov (%rdi),%edx */
    CHECK_EQ(R.rdx, 0x85);
    CHECK_EQ(R.rip, 0x1002);
    R.rip = 0x1000;
    m.is_write_fault = true;
    RUN_INSN(0xc7, 0x07, 0x90, 0, 0, 0);                    /* movl $0x90,(%rdi) */
    CHECK_EQ(m.lapic_reg, 0x10);
    CHECK_EQ(R.rip, 0x1006);
    CHECK_EQ(m.nr_log, 0);

    R.rip = 0x1000;                                         /* not what faulted: located like any other */
    R.rdi = DEV;
    poke(DEV, 0x77, 4);
    RUN_INSN(0x8b, 0x17);
    CHECK_EQ(R.rdx, 0x77);
    m.is_write_fault = false;
    m.lapic = 0;
    R.rip = 0x1000;
    RUN_INSN(0x8b, 0x17);
    CHECK_EQ(m.nr_log, 2);
}

TEST(only_the_port_access_that_the_processor_allowed_is_made)
{
    static const uint8_t insl[] = { 0x6d }, outsb[] = { 0x6e }, mov[] = { 0x89, 0x17 };

    machine_reset(8);
    R.rdx = 0x60;
    R.rdi = 0x2000;
    string_io(insl, 1, 0x60, 1, false);                     /* other width */
    string_io(insl, 1, 0x64, 4, false);                     /* other port */
    string_io(outsb, 1, 0x60, 1, false);                    /* other way */
    string_io(mov, 2, 0x60, 1, false);
    CHECK_EQ(m.nr_log, 0);
    CHECK_EQ(R.rip, 0x1000);
    assert_false(m.is_crashed);
    RUN_INSN(0x6d);                                         /* nor any by way of memory */
    assert_true(m.is_crashed);
}

TEST(what_is_not_emulated_crashes_a_kernel_and_is_refused_to_a_process)
{
    machine_reset(8);
    R.rdi = DEV;
    RUN_INSN(0x0f, 0x11, 0x07);                             /* movups */
    assert_true(m.is_crashed);
    machine_reset(8);
    m.cpl = 3;
    R.rdi = DEV;
    RUN_INSN(0x0f, 0x11, 0x07);
    assert_false(m.is_crashed);
    CHECK_EQ(m.vector, VEC_UD);
    machine_reset(8);
    RUN_INSN(0x89, 0xd7);                                   /* no operand in memory */
    assert_true(m.is_crashed);
}

TEST(noise_ends_with_an_instruction_an_exception_or_a_crash)
{
    uint64_t seed = 99;

    for ( unsigned int i = 0; i < 200000; i++ ) {
        uint8_t insn[15];

        machine_reset(2 << next_random(&seed) % 3);
        m.waits = next_random(&seed) & 1;
        m.cpl = next_random(&seed) & 1 ? 3 : 0;
        for ( unsigned int n = 0; n < 15; n++ )
            insn[n] = next_random(&seed);
        if ( next_random(&seed) & 3 )
            insn[0] = "\x88\x89\x8a\x8b\xa4\xa5\xa6\xaa\xae\x81\xf7\xff\x0f\x66\x67\xf3"[next_random(&seed) & 15];
        for ( unsigned int n = 0; n < 16; n++ )
            *insn_reg(&R, n) = next_random(&seed) & 1 ? DEV + next_random(&seed) % 0x2000 : next_random(&seed);
        R.rcx &= 31;
        machine_run(insn, sizeof(insn));
        assert_true(m.is_crashed || m.vector >= 0 || (R.rip - 0x1000 >= 1 && R.rip - 0x1000 <= 15));
        CHECK_EQ(m.h.io.nr_read + m.h.io.nr_written, 0);
    }
}

TESTS(RUN(loads_and_stores_reach_the_device_once),
      RUN(an_update_reads_and_writes_once_each_even_if_both_wait),
      RUN(nothing_changes_while_the_device_model_thinks),
      RUN(an_access_over_a_pages_end_is_made_in_parts),
      RUN(strings_move_between_memory_and_device),
      RUN(compare_and_scan_stop_where_they_should),
      RUN(long_strings_make_way_and_go_on),
      RUN(a_fault_keeps_what_is_done_and_touches_no_device),
      RUN(stack_operands),
      RUN(bit_strings_reach_as_far_as_their_register_says),
      RUN(segments_are_applied_and_checked),
      RUN(real_mode_writes_through_cs),
      RUN(nobodys_memory_reads_ones_and_takes_what_is_written),
      RUN(ports_in_strings),
      RUN(strings_of_ports_go_to_the_device_model_page_by_page),
      RUN(a_device_models_memory_is_moved_and_filled_by_the_page),
      RUN(a_plain_mov_of_a_local_apic_register_is_done_where_the_fault_was),
      RUN(only_the_port_access_that_the_processor_allowed_is_made),
      RUN(what_is_not_emulated_crashes_a_kernel_and_is_refused_to_a_process),
      RUN(noise_ends_with_an_instruction_an_exception_or_a_crash))
