/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual local APIC's registers, priorities and messages; its timer is test_vlapic_timer.c's. */
#include "vlapic_world.h"

static unsigned int works(uint32_t work)
{
    unsigned int mask = 0;

    for ( unsigned int i = 0; i < NR_VCPUS; i++ ) {
        mask |= vcpus[i].work & work ? 1U << i : 0;
        vcpus[i].work = 0;
    }
    return mask;
}

TEST(after_reset_registers_are_as_the_manual_says)
{
    static const struct { uint32_t offset, value; } want[] = {
        { 0x020, 6U << 24 }, { 0x030, 0x00050014 }, { 0x080, 0 }, { 0x0a0, 0 }, { 0x0d0, 0 },
        { 0x0e0, 0xffffffff }, { 0x0f0, 0xff }, { 0x280, 0 }, { 0x300, 0 }, { 0x310, 0 },
        { 0x320, 0x10000 }, { 0x330, 0x10000 }, { 0x340, 0x10000 }, { 0x350, 0x10000 },
        { 0x360, 0x10000 }, { 0x370, 0x10000 }, { 0x380, 0 }, { 0x390, 0 }, { 0x3e0, 0 },
        { 0x100, 0 }, { 0x170, 0 }, { 0x180, 0 }, { 0x1f0, 0 }, { 0x200, 0 }, { 0x270, 0 },
    };

    for ( uint32_t offset = 0; offset < 0x400; offset += 16 )
        vlapic_write(&vcpus[3], offset, ~0U);
    vlapic_set_irq(&vcpus[3], 0x40, true);
    vlapic_reset(&vcpus[3]);
    for ( unsigned int i = 0; i < ARRAY_SIZE(want); i++ )
        CHECK_EQ(vlapic_read(&vcpus[3], want[i].offset), want[i].value);
    CHECK_EQ(vlapic_pending(&vcpus[3]), -1);
    CHECK_EQ(rdmsr_ok(&vcpus[3], MSR_APIC_BASE), 0xfee00800);
    CHECK_EQ(rdmsr_ok(v0, MSR_APIC_BASE), 0xfee00900);
}

/* What stays of all ones and of zero; in x2APIC mode other bits are refused. */
static const struct { uint32_t offset; bool xapic, x2apic; uint32_t writable, fixed; } plain[] = {
    { 0x080, true,  true,  0xff, 0 },
    { 0x0d0, true,  false, 0xff000000, 0 },
    { 0x0e0, true,  false, 0xf0000000, 0x0fffffff },
    { 0x0f0, true,  true,  0x3ff, 0 },
    { 0x310, true,  false, 0xff000000, 0 },
    { 0x320, true,  true,  0x700ff, 0 },
    { 0x330, true,  true,  0x107ff, 0 },
    { 0x340, true,  true,  0x107ff, 0 },
    { 0x350, true,  true,  0x1a7ff, 0 },
    { 0x360, true,  true,  0x1a7ff, 0 },
    { 0x370, true,  true,  0x100ff, 0 },
    { 0x380, true,  true,  0xffffffff, 0 },
    { 0x3e0, true,  true,  0xb, 0 },
};

TEST(registers_keep_their_writable_bits)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(plain); i++ ) {
        vlapic_write(v0, plain[i].offset, ~0U);
        CHECK_EQ(vlapic_read(v0, plain[i].offset), plain[i].writable | plain[i].fixed);
        vlapic_write(v0, plain[i].offset, 0);
        CHECK_EQ(vlapic_read(v0, plain[i].offset), plain[i].fixed);
        setup(NULL);
    }
}

TEST(x2apic_refuses_reserved_bits_and_registers)
{
    to_x2apic(v0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(plain); i++ ) {
        const uint32_t msr = 0x800 + plain[i].offset / 16;

        for ( unsigned int b = 0; b < 64; b++ ) {
            const bool ok = plain[i].x2apic && b < 32 && (plain[i].writable >> b & 1);

            CHECK_EQ(vlapic_write_msr(v0, msr, 1ULL << b), ok ? 0 : -XEN_EPERM);
        }
        setup(NULL);
        to_x2apic(v0);
    }
    for ( uint32_t msr = 0x800; msr < 0x900; msr++ ) {
        static const uint8_t readable[] = { 0x02, 0x03, 0x08, 0x0a, 0x0d, 0x0f, 0x28, 0x30, 0x32, 0x33,
                                            0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3e };
        const unsigned int reg = msr - 0x800;
        bool ok = reg >= 0x10 && reg < 0x28;
        uint64_t val;

        for ( unsigned int i = 0; i < ARRAY_SIZE(readable); i++ )
            ok |= readable[i] == reg;
        CHECK_EQ(vlapic_read_msr(v0, msr, &val), ok ? 0 : -XEN_EPERM);
        /* Zero may be written where anything may. */
        ok = ok ? !(reg < 4 || reg == 0x0a || reg == 0x0d || (reg >= 0x10 && reg < 0x28) || reg == 0x39)
                : reg == 0x0b || reg == 0x3f;
        CHECK_EQ(vlapic_write_msr(v0, msr, 0), ok ? 0 : -XEN_EPERM);
    }
    CHECK_EQ(vlapic_write_msr(v0, 0x80b, 1), -XEN_EPERM);
    CHECK_EQ(vlapic_write_msr(v0, 0x828, 1), -XEN_EPERM);
    CHECK_EQ(vlapic_write_msr(v0, 0x830, 0x1000), -XEN_EPERM);
}

TEST(x2apic_msrs_fault_in_xapic_mode)
{
    uint64_t val;

    for ( uint32_t msr = 0x800; msr < 0x900; msr++ ) {
        CHECK_EQ(vlapic_read_msr(v0, msr, &val), -XEN_EPERM);
        CHECK_EQ(vlapic_write_msr(v0, msr, 0), -XEN_EPERM);
    }
}

TEST(modes_change_only_along_the_allowed_ways)
{
    static const uint64_t bits[3] = { 0, APIC_BASE_ENABLE, APIC_BASE_ENABLE | APIC_BASE_X2APIC };
    static const bool ok[3][3] = { { true, true, false }, { true, true, true }, { true, false, true } };

    for ( unsigned int from = 0; from < 3; from++ )
        for ( unsigned int to = 0; to < 3; to++ ) {
            setup(NULL);
            lapic(v0)->base = 0xfee00100 | bits[from];
            CHECK_EQ(vlapic_write_msr(v0, MSR_APIC_BASE, 0xfee00100 | bits[to]), ok[from][to] ? 0 : -XEN_EPERM);
            CHECK_EQ(lapic(v0)->base, 0xfee00100 | bits[ok[from][to] ? to : from]);
        }
    setup(NULL);
    CHECK_EQ(vlapic_write_msr(v0, MSR_APIC_BASE, 0xfee00900 | APIC_BASE_X2APIC >> 1), -XEN_EPERM);
    CHECK_EQ(vlapic_write_msr(v0, MSR_APIC_BASE, 0xfee00901), -XEN_EPERM);
    CHECK_EQ(vlapic_write_msr(v0, MSR_APIC_BASE, 1ULL << 48 | 0xfee00900), -XEN_EPERM);
    CHECK_EQ(vlapic_write_msr(v0, MSR_APIC_BASE, 0xfee00500), -XEN_EPERM);

    assert_true(vlapic_mmio_at(v0, 0xfee00fff));
    assert_false(vlapic_mmio_at(v0, 0xfee01000));
    CHECK_EQ(vlapic_write_msr(v0, MSR_APIC_BASE, 0xd0000900), 0);
    assert_true(vlapic_mmio_at(v0, 0xd0000010));
    assert_false(vlapic_mmio_at(v0, 0xfee00010));
    to_x2apic(v0);
    assert_false(vlapic_mmio_at(v0, 0xd0000010));
    CHECK_EQ(rdmsr_ok(v0, MSR_APIC_BASE), 0xd0000d00);      /* and it is the boot processor still */
}

TEST(ids_in_both_modes)
{
    for ( unsigned int i = 0; i < NR_VCPUS; i++ ) {
        vlapic_write(&vcpus[i], 0x20, 0x55000000);
        CHECK_EQ(vlapic_read(&vcpus[i], 0x20), i * 2 << 24);
        to_x2apic(&vcpus[i]);
        CHECK_EQ(rdmsr_ok(&vcpus[i], 0x802), i * 2);
        CHECK_EQ(rdmsr_ok(&vcpus[i], 0x80d), 1U << i * 2);
    }
    CHECK_EQ(x2apic_ldr(0x123), 0x12 << 16 | 8);
}

TEST(bytes_of_a_register_can_be_read_and_odd_places_are_zero)
{
    vlapic_write(v0, 0xf0, 0x1a5);
    CHECK_EQ(vlapic_read(v0, 0xf1), 1);
    CHECK_EQ(vlapic_read(v0, 0xf4), 0);
    vlapic_write(v0, 0xf4, 0);
    vlapic_write(v0, 0xf1, 0);
    CHECK_EQ(vlapic_read(v0, 0xf0), 0x1a5);
}

TEST(bad_offsets_are_errors_told_once)
{
    static const uint32_t bad[] = { 0x000, 0x010, 0x040, 0x070, 0x0c0, 0x290,
                                    0x2f0, 0x3a0, 0x3d0, 0x3f0, 0x400, 0xff0 };

    for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ ) {
        setup(NULL);
        vlapic_write(v0, 0x370, 0x33);
        if ( i % 2 )
            CHECK_EQ(vlapic_read(v0, bad[i]), 0);
        else
            vlapic_write(v0, bad[i], 1);
        CHECK_EQ(vlapic_read(v0, 0x280), 0);        /* shown from the next write on */
        CHECK_EQ(got(0x33), 1);
        vlapic_read(v0, bad[i]);
        CHECK_EQ(got(0x33), 0);
        vlapic_write(v0, 0x280, 0);
        CHECK_EQ(vlapic_read(v0, 0x280), 0x80);
        vlapic_write(v0, 0x280, 0);
        CHECK_EQ(vlapic_read(v0, 0x280), 0);
    }
}

TEST(an_error_vector_that_is_an_error_itself_ends)
{
    vlapic_write(v0, 0x370, 5);
    vlapic_read(v0, 0x400);
    vlapic_write(v0, 0x280, 0);
    CHECK_EQ(vlapic_read(v0, 0x280), 0xc0);
}

TEST(disabling_by_software_masks_the_local_vectors)
{
    for ( uint32_t offset = 0x320; offset <= 0x370; offset += 16 )
        vlapic_write(v0, offset, 0x40);
    vlapic_set_irq(v0, 0x80, false);
    vlapic_write(v0, 0xf0, 0xff);
    for ( uint32_t offset = 0x320; offset <= 0x370; offset += 16 ) {
        CHECK_EQ(vlapic_read(v0, offset), 0x10040);
        vlapic_write(v0, offset, 0x41);
        CHECK_EQ(vlapic_read(v0, offset), 0x10041);
    }
    CHECK_EQ(vlapic_pending(v0), 0x80);             /* what came before stays */
    vlapic_deliver(&dom, 0, false, MODE_FIXED, 0x90, false);
    CHECK_EQ(got(0x90), 0);
    vlapic_write(v0, 0xf0, 0x1ff);
    CHECK_EQ(vlapic_read(v0, 0x320), 0x10041);
    vlapic_deliver(&dom, 0, false, MODE_FIXED, 0x90, false);
    CHECK_EQ(got(0x90), 1);
}

TEST(a_processor_that_delivers_is_told_what_others_changed)
{
    uint16_t status = 0;

    (void)vlapic_changes(v0, &status);
    CHECK_EQ(vlapic_changes(v0, &status), 0);
    vlapic_set_irq(v0, 0x45, false);
    vlapic_set_irq(v0, 0x91, false);
    CHECK_EQ(vlapic_changes(v0, &status), 1U << 2 | 1U << 4);
    CHECK_EQ(status, 0x91);
    CHECK_EQ(vlapic_changes(v0, &status), 0);
    vlapic_set_irq(v0, 0x52, true);                     /* TMR is new, too */
    CHECK_EQ(vlapic_changes(v0, &status), VLAPIC_MODE | 1U << 2);
    vlapic_ack(v0, 0x91);
    vlapic_set_irq(v0, 0x52, true);
    CHECK_EQ(vlapic_changes(v0, &status), 1U << 2);
    CHECK_EQ(status, 0x9152);
    vlapic_write(v0, 0xb0, 0);                          /* an EOI that was ours to do */
    assert_true(vlapic_changes(v0, &status) != 0);
    CHECK_EQ(status, 0x52);
    to_x2apic(v0);
    CHECK_EQ(vlapic_changes(v0, &status), VLAPIC_MODE);
    vlapic_set_irq(v0, 0x61, false);
    vlapic_reset(v0);
    CHECK_EQ(vlapic_changes(v0, &status), VLAPIC_MODE);
    CHECK_EQ(status, 0);
    /* The guest sent itself one, which only the processor saw. */
    *word_of(lapic(v0), REG_IRR, 0x77) |= 1U << 0x77 % 32;
    CHECK_EQ(vlapic_pending(v0), -1);
    hvm_virtual_irqs = true;
    CHECK_EQ(vlapic_pending(v0), 0x77);
    hvm_virtual_irqs = false;
}

TEST(priorities_are_classes_of_sixteen)
{
    vlapic_set_irq(v0, 0x45, false);
    vlapic_set_irq(v0, 0x4f, false);
    CHECK_EQ(vlapic_read(v0, 0x220), 1U << 5 | 1U << 15);
    CHECK_EQ(vlapic_pending(v0), 0x4f);
    vlapic_write(v0, 0x80, 0x3f);
    CHECK_EQ(vlapic_read(v0, 0xa0), 0x3f);
    CHECK_EQ(vlapic_pending(v0), 0x4f);
    vlapic_write(v0, 0x80, 0x40);
    CHECK_EQ(vlapic_pending(v0), -1);
    CHECK_EQ(vlapic_waits_for_tpr(v0), 4);
    CHECK_EQ(vlapic_tpr(v0), 0x40);
    vlapic_set_tpr(v0, 0x20);
    vlapic_ack(v0, 0x4f);
    CHECK_EQ(vlapic_read(v0, 0x120), 1U << 15);
    CHECK_EQ(vlapic_read(v0, 0x220), 1U << 5);
    CHECK_EQ(vlapic_read(v0, 0xa0), 0x40);
    CHECK_EQ(vlapic_pending(v0), -1);               /* same class */
    vlapic_set_irq(v0, 0x51, false);
    CHECK_EQ(vlapic_pending(v0), 0x51);
    vlapic_ack(v0, 0x51);
    CHECK_EQ(vlapic_read(v0, 0xa0), 0x50);
    vlapic_write(v0, 0xb0, 0);                      /* ends 0x51 */
    CHECK_EQ(vlapic_pending(v0), -1);
    CHECK_EQ(vlapic_read(v0, 0xa0), 0x40);
    vlapic_write(v0, 0xb0, 0x1234);                 /* ends 0x4f: now the other may come */
    CHECK_EQ(vlapic_pending(v0), 0x45);
    CHECK_EQ(vlapic_read(v0, 0xa0), 0x20);
    CHECK_EQ(last_eoi, -1);
    vlapic_ack(v0, 0x45);
    vlapic_write(v0, 0xb0, 0);
    vlapic_write(v0, 0xb0, 0);                      /* none in service */
}

TEST(end_of_a_level_interrupt_is_told_to_the_io_apic)
{
    vlapic_set_irq(v0, 0x61, true);
    CHECK_EQ(vlapic_read(v0, 0x1b0), 2);
    vlapic_ack(v0, 0x61);
    vlapic_write(v0, 0xb0, 0);
    CHECK_EQ(last_eoi, 0x61);
    last_eoi = -1;
    vlapic_set_irq(v0, 0x61, false);
    CHECK_EQ(vlapic_read(v0, 0x1b0), 0);
    vlapic_ack(v0, 0x61);
    vlapic_write(v0, 0xb0, 0);
    CHECK_EQ(last_eoi, -1);
    hd.vioapic = NULL;
    vlapic_set_irq(v0, 0x61, true);
    vlapic_ack(v0, 0x61);
    vlapic_write(v0, 0xb0, 0);
    CHECK_EQ(last_eoi, -1);
}

TEST(random_interrupts_follow_the_model)
{
    bool irr[256] = { 0 }, isr[256] = { 0 };
    uint64_t seed = 4711;
    unsigned int tpr = 0;

    for ( unsigned int n = 0; n < 20000; n++ ) {
        int top_irr = -1, top_isr = -1, prio, want;
        const unsigned int r = next_random(&seed), vector = 16 + (r >> 8) % 240;

        switch ( r % 8 ) {
        case 0: case 1:
            vlapic_set_irq(v0, vector, false);
            irr[vector] = true;
            break;
        case 2:
            tpr = r >> 16 & 0xff;
            vlapic_set_tpr(v0, tpr);
            break;
        case 3: case 4: case 5:
            if ( vlapic_pending(v0) >= 0 ) {
                const int taken = vlapic_pending(v0);

                vlapic_ack(v0, taken);
                irr[taken] = false;
                isr[taken] = true;
            }
            break;
        default:
            vlapic_write(v0, 0xb0, 0);
            for ( int i = 255; i >= 0; i-- )
                if ( isr[i] ) {
                    isr[i] = false;
                    break;
                }
        }
        for ( int i = 0; i < 256; i++ ) {
            top_irr = irr[i] ? i : top_irr;
            top_isr = isr[i] ? i : top_isr;
            CHECK_EQ(vlapic_read(v0, 0x200 + i / 32 * 16) >> i % 32 & 1, irr[i]);
            CHECK_EQ(vlapic_read(v0, 0x100 + i / 32 * 16) >> i % 32 & 1, isr[i]);
        }
        prio = top_isr / 16 > (int)tpr / 16 ? top_isr / 16 * 16 : (int)tpr;
        want = top_irr / 16 > prio / 16 ? top_irr : -1;
        CHECK_EQ(vlapic_read(v0, 0xa0), prio);
        CHECK_EQ(vlapic_pending(v0), want);
        want = top_irr / 16 > top_isr / 16 && top_irr / 16 <= (int)tpr / 16 ? top_irr / 16 : 0;
        CHECK_EQ(vlapic_waits_for_tpr(v0), want);
    }
}

TEST(destinations_by_xapic)
{
    static const struct { uint32_t dest, icr; unsigned int sender, cpus; } rows[] = {
        { 0,    0x41, 3, 0x01 }, { 6,    0x41, 3, 0x08 }, { 14,   0x41, 0, 0x80 },
        { 7,    0x41, 3, 0 },    { 16,   0x41, 3, 0 },    { 0xff, 0x41, 3, 0xff },
        { 0xfe, 0x41, 3, 0 },
        { 0x01, 0x841, 0, 0x01 }, { 0x81, 0x841, 0, 0x81 }, { 0xff, 0x841, 0, 0xff }, { 0, 0x841, 0, 0 },
        { 0x55, 0x40041, 4, 0x10 }, { 0x55, 0x80041, 4, 0xff }, { 0x55, 0xc0041, 4, 0xef },
        { 0,    0xc0841, 0, 0xfe },
    };

    for ( unsigned int i = 0; i < NR_VCPUS; i++ )
        vlapic_write(&vcpus[i], 0xd0, 1U << (24 + i));
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        vlapic_write(&vcpus[rows[i].sender], 0x310, rows[i].dest << 24);
        vlapic_write(&vcpus[rows[i].sender], 0x300, rows[i].icr);
        CHECK_EQ(vlapic_read(&vcpus[rows[i].sender], 0x300), rows[i].icr);
        CHECK_EQ(got(0x41), rows[i].cpus);
    }
    /* Clusters: two of four members each. */
    for ( unsigned int i = 0; i < NR_VCPUS; i++ ) {
        vlapic_write(&vcpus[i], 0xe0, 0);
        vlapic_write(&vcpus[i], 0xd0, (i / 4 << 4 | 1U << i % 4) << 24);
    }
    vlapic_deliver(&dom, 0x13, true, MODE_FIXED, 0x41, false);
    CHECK_EQ(got(0x41), 0x30);
    vlapic_deliver(&dom, 0x08, true, MODE_FIXED, 0x41, false);
    CHECK_EQ(got(0x41), 0x08);
    vlapic_deliver(&dom, 0xf1, true, MODE_FIXED, 0x41, false);
    CHECK_EQ(got(0x41), 0x11);
    vlapic_deliver(&dom, 0xff, true, MODE_FIXED, 0x41, false);
    CHECK_EQ(got(0x41), 0xff);
    vlapic_deliver(&dom, 0xff, false, MODE_FIXED, 0x41, false);
    CHECK_EQ(got(0x41), 0xff);
}

TEST(destinations_by_x2apic)
{
    static const struct { uint64_t icr; unsigned int sender, cpus; } rows[] = {
        { 0x000000041ULL | 6ULL << 32, 0, 0x08 },
        { 0x000000041ULL | 7ULL << 32, 0, 0 },
        { 0x000000041ULL | 0xffULL << 32, 0, 0 },           /* an id like any other */
        { 0x000000041ULL | 0xffffffffULL << 32, 0, 0xff },
        { 0x000000841ULL | 0xffffffffULL << 32, 0, 0xff },
        { 0x000000841ULL | 0x00000011ULL << 32, 0, 0x05 },
        { 0x000000841ULL | 0x00010001ULL << 32, 0, 0 },
        { 0x0000c0041ULL, 2, 0xfb },
        { 0x000080041ULL, 2, 0xff },
        { 0x000040041ULL, 2, 0x04 },
    };

    for ( unsigned int i = 0; i < NR_VCPUS; i++ )
        to_x2apic(&vcpus[i]);
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        CHECK_EQ(vlapic_write_msr(&vcpus[rows[i].sender], 0x830, rows[i].icr), 0);
        CHECK_EQ(rdmsr_ok(&vcpus[rows[i].sender], 0x830), rows[i].icr);
        CHECK_EQ(got(0x41), rows[i].cpus);
    }
    CHECK_EQ(vlapic_write_msr(&vcpus[5], 0x83f, 0x77), 0);
    CHECK_EQ(got(0x77), 0x20);
    vlapic_deliver(&dom, 4, false, MODE_FIXED, 0x41, false);
    CHECK_EQ(got(0x41), 0x04);
    vlapic_deliver(&dom, 0xff, false, MODE_FIXED, 0x41, false);
    CHECK_EQ(got(0x41), 0xff);
}

TEST(absent_and_disabled_receivers_are_passed_over)
{
    vcpu_ptrs[2] = NULL;
    CHECK_EQ(vlapic_write_msr(&vcpus[3], MSR_APIC_BASE, VLAPIC_DEFAULT_BASE), 0);
    vlapic_write(&vcpus[4], 0xf0, 0xff);
    vlapic_write(v0, 0x300, 0xc0041);
    CHECK_EQ(got(0x41), 0xe2);
    works(~0U);
    vlapic_write(v0, 0x300, 0xc0400);               /* an NMI only needs the APIC */
    CHECK_EQ(works(VCPU_WORK_NMI), 0xf2);
}

TEST(delivery_modes)
{
    vlapic_deliver(&dom, 4, false, MODE_NMI, 0, false);
    CHECK_EQ(works(VCPU_WORK_NMI), 0x04);
    /* INIT, and its end, which does nothing */
    vlapic_write(v0, 0x310, 2 << 24);
    vlapic_write(v0, 0x300, 0x8500);
    assert_false(hvcpus[1].init_pending);
    vlapic_write(v0, 0x300, 0xc500);
    assert_true(hvcpus[1].init_pending);
    hvcpus[1].init_pending = false;
    vlapic_write(v0, 0x300, 0x500);
    assert_true(hvcpus[1].init_pending);
    vlapic_write(v0, 0x300, 0x4612);
    assert_true(hvcpus[1].sipi_pending);
    CHECK_EQ(hvcpus[1].sipi_vector, 0x12);
    for ( unsigned int i = 2; i < NR_VCPUS; i++ )
        assert_false(hvcpus[i].init_pending || hvcpus[i].sipi_pending);
    /* SMI, reserved, ExtINT; all but fixed to oneself by shorthand */
    vlapic_write(v0, 0x300, 0x4200);
    vlapic_write(v0, 0x300, 0x4312);
    vlapic_write(v0, 0x300, 0x4712);
    vlapic_write(v0, 0x300, 0x44400);
    vlapic_write(v0, 0x300, 0x44500);
    CHECK_EQ(works(~0U), 0);
    assert_false(hvcpus[0].init_pending);
    CHECK_EQ(vlapic_read(v0, 0x280), 0);
}

TEST(vectors_below_16_are_errors_of_sender_or_receiver)
{
    vlapic_write(v0, 0x370, 0x33);
    vlapic_write(v0, 0x310, 2 << 24);
    vlapic_write(v0, 0x300, 0x4f - 0x40);
    CHECK_EQ(got(0x33), 1);
    CHECK_EQ(got(0x0f), 0);
    vlapic_write(v0, 0x280, 0);
    CHECK_EQ(vlapic_read(v0, 0x280), 0x20);
    vlapic_write(&vcpus[1], 0x370, 0x34);
    vlapic_deliver(&dom, 2, false, MODE_FIXED, 3, false);
    CHECK_EQ(got(0x34), 2);
    vlapic_write(&vcpus[1], 0x280, 0);
    CHECK_EQ(vlapic_read(&vcpus[1], 0x280), 0x40);
}

TEST(lowest_priority_goes_to_one)
{
    for ( unsigned int i = 0; i < NR_VCPUS; i++ ) {
        vlapic_write(&vcpus[i], 0xd0, 1U << (24 + i));
        vlapic_set_tpr(&vcpus[i], 0x80 - i * 0x10);
    }
    vlapic_deliver(&dom, 0xff, true, MODE_LOWEST, 0x91, false);
    CHECK_EQ(got(0x91), 0x80);
    vlapic_deliver(&dom, 0x0e, true, MODE_LOWEST, 0x91, true);
    CHECK_EQ(got(0x91), 0x08);
    CHECK_EQ(vlapic_read(&vcpus[3], 0x1c0), 1U << 17);
    vlapic_set_irq(&vcpus[3], 0xa0, false);
    vlapic_ack(&vcpus[3], 0xa0);                    /* now it is busy */
    vlapic_deliver(&dom, 0x0e, true, MODE_LOWEST, 0x91, false);
    CHECK_EQ(got(0x91), 0x04);
    vlapic_write(&vcpus[2], 0xf0, 0);
    vlapic_deliver(&dom, 0x0e, true, MODE_LOWEST, 0x91, false);
    CHECK_EQ(got(0x91), 0x02);
    vlapic_deliver(&dom, 0, true, MODE_LOWEST, 0x91, false);
    CHECK_EQ(got(0x91), 0);
}

TEST(extint_through_lint0)
{
    assert_false(vlapic_accepts_extint(v0));
    vlapic_write(v0, 0x350, 0x700);
    assert_true(vlapic_accepts_extint(v0));
    vlapic_write(v0, 0x350, 0x10700);
    assert_false(vlapic_accepts_extint(v0));
    vlapic_write(v0, 0x350, 0x30);
    assert_false(vlapic_accepts_extint(v0));
    CHECK_EQ(vlapic_write_msr(v0, MSR_APIC_BASE, VLAPIC_DEFAULT_BASE), 0);
    assert_true(vlapic_accepts_extint(v0));
}

/* Whatever a guest writes: no more interrupts than it may have, no vector below 16, time goes on. */
TEST(random_accesses_do_no_harm)
{
    uint64_t seed = 31337;

    for ( unsigned int n = 0; n < 200000; n++ ) {
        const uint64_t r = next_random(&seed), r2 = next_random(&seed);
        struct vcpu *v = &vcpus[r & 7];
        const uint64_t value = r2 >> (r >> 3 & 63);
        uint64_t val;
        int vector;

        switch ( r >> 10 & 7 ) {
        case 0:
            vlapic_read(v, r >> 20 & 0xfff);
            break;
        case 1: case 2:
            vlapic_write(v, r >> 20 & 0x3f0, value);
            break;
        case 3:
            (void)!vlapic_read_msr(v, 0x800 + (r >> 20 & 0x3f), &val);
            break;
        case 4:
            (void)!vlapic_write_msr(v, 0x800 + (r >> 20 & 0x3f), value);
            break;
        case 5:
            (void)!vlapic_write_msr(v, r & 1 << 20 ? MSR_TSC_DEADLINE : MSR_APIC_BASE,
                                    r & 1 << 20 ? value : VLAPIC_DEFAULT_BASE | (r2 & 0xc00));
            break;
        case 6:
            vlapic_deliver(&dom, value & 0xff, r & 1 << 20, r >> 21 & 7, r >> 24, r & 1 << 30);
            break;
        default:
            assert_true(pass_ns(r2 % 1000000) <= 1000000 / PERIOD_MIN_NS + 1);
        }
        vector = vlapic_pending(v);
        if ( vector >= 0 ) {
            assert_true(vector >= 16);
            vlapic_ack(v, vector);
        }
    }
}

#define CASE(name)  cmocka_unit_test_setup(name, setup)

TESTS(
    CASE(after_reset_registers_are_as_the_manual_says),
    CASE(registers_keep_their_writable_bits),
    CASE(x2apic_refuses_reserved_bits_and_registers),
    CASE(x2apic_msrs_fault_in_xapic_mode),
    CASE(modes_change_only_along_the_allowed_ways),
    CASE(ids_in_both_modes),
    CASE(bytes_of_a_register_can_be_read_and_odd_places_are_zero),
    CASE(bad_offsets_are_errors_told_once),
    CASE(an_error_vector_that_is_an_error_itself_ends),
    CASE(disabling_by_software_masks_the_local_vectors),
    CASE(priorities_are_classes_of_sixteen),
    CASE(a_processor_that_delivers_is_told_what_others_changed),
    CASE(end_of_a_level_interrupt_is_told_to_the_io_apic),
    CASE(random_interrupts_follow_the_model),
    CASE(destinations_by_xapic),
    CASE(destinations_by_x2apic),
    CASE(absent_and_disabled_receivers_are_passed_over),
    CASE(delivery_modes),
    CASE(vectors_below_16_are_errors_of_sender_or_receiver),
    CASE(lowest_priority_goes_to_one),
    CASE(extint_through_lint0),
    CASE(random_accesses_do_no_harm)
)
