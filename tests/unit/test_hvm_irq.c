/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt lines of a hardware guest and its I/O APIC; the real PIC, a local APIC that takes notes. */
#include "cm.h"

#include "base/bits.h"
#include "base/errno.h"
#include "cpu/pcpu.h"
#include "hvm/hvm_vcpu.h"
#include "hvm/vioapic.h"
#include "hvm/vpic.h"
#include "mem/slab.h"

unsigned int nr_cpus = 1;
static struct pcpu cpu;
struct pcpu *this_pcpu(void) { return &cpu; }
struct pcpu *pcpu_get(unsigned int n) { return &cpu; }

static struct hvm_domain hd;
static struct domain dom;
static struct hvm_vcpu hv[2];
static struct vcpu_info info;
static struct vcpu vcpus[2], *vcpu_ptrs[2] = { &vcpus[0], &vcpus[1] };

static struct message { uint32_t dest; bool logical, level; unsigned int mode; uint8_t vector; } last;
static unsigned int nr_messages;
static int apic_vector, acked;
static bool lint0_open;

void *slab_alloc(size_t size) { return calloc(1, size); }
void slab_free(void *p) { free(p); }
void vcpu_work(struct vcpu *v, uint32_t work) { v->work |= work; }
void vlapic_deliver(struct domain *d, uint32_t dest, bool logical, unsigned int mode, uint8_t vector, bool level)
{
    last = (struct message){ dest, logical, level, mode, vector };
    nr_messages++;
}
int vlapic_pending(struct vcpu *v) { return apic_vector; }
void vlapic_ack(struct vcpu *v, uint8_t vector) { acked = vector; }
bool vlapic_accepts_extint(const struct vcpu *v) { return lint0_open; }

static unsigned int sent(void)
{
    const unsigned int nr = nr_messages;

    nr_messages = 0;
    return nr;
}

static uint32_t io_read(uint32_t reg)
{
    vioapic_write(&dom, 0, reg);
    CHECK_EQ(vioapic_read(&dom, 0), reg);
    return vioapic_read(&dom, 0x10);
}

static void io_write(uint32_t reg, uint32_t value)
{
    vioapic_write(&dom, 0, reg);
    vioapic_write(&dom, 0x10, value);
}

static void pin_set(unsigned int pin, uint64_t entry)
{
    io_write(0x10 + 2 * pin + 1, entry >> 32);
    io_write(0x10 + 2 * pin, entry);
}

static uint64_t pin_get(unsigned int pin)
{
    return io_read(0x10 + 2 * pin) | (uint64_t)io_read(0x10 + 2 * pin + 1) << 32;
}

/* All of the PIC open, vectors from 0x30 and 0x38. */
static void pic_open(uint8_t elcr0, uint8_t elcr1)
{
    static const struct { uint16_t port; uint8_t value; } words[] = {
        { 0x20, 0x11 }, { 0x21, 0x30 }, { 0x21, 4 }, { 0x21, 1 },
        { 0xa0, 0x11 }, { 0xa1, 0x38 }, { 0xa1, 2 }, { 0xa1, 1 },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(words); i++ )
        vpic_write(&dom, words[i].port, words[i].value);
    vpic_write(&dom, 0x4d0, elcr0);
    vpic_write(&dom, 0x4d1, elcr1);
}

static int setup(void **state_)
{
    memset(&hd, 0, sizeof(hd));
    memset(vcpus, 0, sizeof(vcpus));
    memset(hv, 0, sizeof(hv));
    memset(&info, 0, sizeof(info));
    dom = (struct domain){ .hvm = &hd, .max_vcpus = 2, .vcpu = vcpu_ptrs };
    for ( unsigned int i = 0; i < 2; i++ )
        vcpus[i] = (struct vcpu){ .id = i, .domain = &dom, .hvm = &hv[i], .vcpu_info = &info };
    hd.emulation = XEN_X86_EMU_ALL;
    CHECK_EQ(hvm_irq_init(&dom), 0);
    nr_messages = 0;
    apic_vector = acked = -1;
    lint0_open = true;
    return 0;
}

static int teardown(void **state_)
{
    CHECK_EQ(cpu.lock_depth, 0);
    hvm_irq_free(&dom);
    assert_null(hd.vioapic);
    return 0;
}

TEST(io_apic_registers)
{
    CHECK_EQ(io_read(0), 0x01000000);
    CHECK_EQ(io_read(1), 0x002f0011);
    CHECK_EQ(io_read(2), 0x01000000);
    io_write(0, 0xffffffff);
    CHECK_EQ(io_read(0), 0x0f000000);
    io_write(1, 0);
    CHECK_EQ(io_read(1), 0x002f0011);
    CHECK_EQ(io_read(3), 0);
    for ( unsigned int pin = 0; pin < 48; pin++ ) {
        CHECK_EQ(pin_get(pin), 0x10000);
        pin_set(pin, ~0ULL);
        CHECK_EQ(pin_get(pin), 0xff0000000001afff);     /* not delivery status, not remote IRR */
        pin_set(pin, 0x10000);
    }
    io_write(0x10 + 96, 5);
    CHECK_EQ(io_read(0x10 + 96), 0);
    CHECK_EQ(io_read(0xff), 0);
    vioapic_write(&dom, 0x20, 5);
    CHECK_EQ(vioapic_read(&dom, 0x20), 0);
    CHECK_EQ(sent(), 0);
}

TEST(edges_are_sent_each_time_and_lost_while_masked)
{
    pin_set(5, 0x0300000000000855);
    for ( unsigned int i = 0; i < 3; i++ ) {
        CHECK_EQ(hvm_set_isa_irq(&dom, 5, true), 0);
        CHECK_EQ(sent(), 1);
        assert_true(last.dest == 3 && last.logical && !last.level && last.mode == 0 && last.vector == 0x55);
        CHECK_EQ(hvm_set_isa_irq(&dom, 5, true), 0);
        CHECK_EQ(hvm_set_isa_irq(&dom, 5, false), 0);
        CHECK_EQ(sent(), 0);
    }
    pin_set(5, 0x10055);
    CHECK_EQ(hvm_set_isa_irq(&dom, 5, true), 0);
    pin_set(5, 0x00455);
    CHECK_EQ(sent(), 0);
    CHECK_EQ(hvm_set_isa_irq(&dom, 5, false), 0);
    CHECK_EQ(hvm_set_isa_irq(&dom, 5, true), 0);
    CHECK_EQ(sent(), 1);
    CHECK_EQ(last.mode, 4);
    assert_false(last.logical);
}

TEST(levels_are_sent_until_the_line_is_quiet)
{
    pin_set(20, 0x0000000000008066);
    hvm_gsi_set(&dom, 20, true);
    CHECK_EQ(sent(), 1);
    assert_true(last.level);
    CHECK_EQ(pin_get(20), 0xc066);
    hvm_gsi_set(&dom, 20, true);               /* a second source */
    CHECK_EQ(sent(), 0);
    vioapic_eoi(&dom, 0x67);
    CHECK_EQ(sent(), 0);
    vioapic_eoi(&dom, 0x66);
    CHECK_EQ(sent(), 1);
    hvm_gsi_set(&dom, 20, false);
    vioapic_eoi(&dom, 0x66);
    CHECK_EQ(sent(), 1);
    hvm_gsi_set(&dom, 20, false);
    vioapic_eoi(&dom, 0x66);
    CHECK_EQ(sent(), 0);
    CHECK_EQ(pin_get(20), 0x8066);
}

TEST(a_level_is_sent_when_its_pin_is_unmasked)
{
    hvm_gsi_set(&dom, 20, true);
    pin_set(20, 0x18066);
    CHECK_EQ(sent(), 0);
    pin_set(20, 0x8066);
    CHECK_EQ(sent(), 1);
    pin_set(20, 0x18066);                   /* masked in between */
    vioapic_eoi(&dom, 0x66);
    CHECK_EQ(pin_get(20), 0x18066);
    CHECK_EQ(sent(), 0);
    pin_set(20, 0x8066);
    CHECK_EQ(sent(), 1);
    /* Edge and back: the way to end it without an EOI. */
    pin_set(20, 0x10066);
    CHECK_EQ(pin_get(20), 0x10066);
    pin_set(20, 0x8066);
    CHECK_EQ(sent(), 1);
}

TEST(isa_interrupt_0_is_pin_2_and_the_pics_input_0)
{
    pic_open(0, 0);
    pin_set(0, 0x44);
    pin_set(2, 0x42);
    CHECK_EQ(hvm_set_isa_irq(&dom, 0, true), 0);
    CHECK_EQ(sent(), 1);
    CHECK_EQ(last.vector, 0x42);
    CHECK_EQ(hvm_irq_pending(&vcpus[0]), 0x30);
    CHECK_EQ(hvm_set_isa_irq(&dom, 0, false), 0);
    hvm_gsi_set(&dom, 2, true);
    CHECK_EQ(sent(), 1);
    hvm_gsi_set(&dom, 0, false);
    hvm_gsi_set(&dom, 0, true);
    CHECK_EQ(sent(), 1);
}

TEST(pci_pins_have_their_own_lines)
{
    unsigned int users[48] = { 0 };

    for ( unsigned int dev = 0; dev < 32; dev++ )
        for ( unsigned int pin = 0; pin < 4; pin++ ) {
            const unsigned int gsi = 16 + ((dev * 4 + dev / 8 + pin) % 32);

            CHECK_EQ(hvm_set_pci_intx(&dom, dev, pin, true), 0);
            CHECK_EQ(hvm_set_pci_intx(&dom, dev, pin, true), 0);
            CHECK_EQ(hd.gsi_level[gsi], ++users[gsi]);
        }
    for ( unsigned int gsi = 0; gsi < 48; gsi++ )
        CHECK_EQ(hd.gsi_level[gsi], gsi < 16 ? 0 : 4);
    for ( unsigned int link = 0; link < 4; link++ )
        CHECK_EQ(hd.pci_link_level[link], 32);
    CHECK_EQ(hvm_set_pci_intx(&dom, 32, 0, true), -XEN_EINVAL);
    CHECK_EQ(hvm_set_pci_intx(&dom, 0, 4, true), -XEN_EINVAL);
    CHECK_EQ(hvm_set_pci_intx(&dom, ~0U, 0, true), -XEN_EINVAL);
    CHECK_EQ(hvm_set_isa_irq(&dom, 16, true), -XEN_EINVAL);
    CHECK_EQ(hvm_set_pci_link(&dom, 4, 0), -XEN_EINVAL);
    CHECK_EQ(hvm_set_pci_link(&dom, 0, 16), -XEN_EINVAL);
    hvm_gsi_set(&dom, 48, true);
    hvm_gsi_set(&dom, ~0U, true);
}

TEST(links_lead_pci_to_the_pic)
{
    pic_open(0x20, 0x0c);
    CHECK_EQ(hvm_set_pci_intx(&dom, 3, 1, true), 0);        /* link A */
    CHECK_EQ(hvm_irq_pending(&vcpus[0]), -1);
    CHECK_EQ(hvm_set_pci_link(&dom, 0, 5), 0);
    CHECK_EQ(hvm_irq_pending(&vcpus[0]), 0x35);
    CHECK_EQ(hvm_set_pci_link(&dom, 0, 10), 0);
    CHECK_EQ(hvm_irq_pending(&vcpus[0]), 0x3a);
    CHECK_EQ(hd.gsi_level[5], 0);
    CHECK_EQ(hvm_set_pci_link(&dom, 1, 10), 0);
    CHECK_EQ(hvm_set_pci_intx(&dom, 4, 1, true), 0);        /* link B, the same interrupt */
    CHECK_EQ(hvm_set_pci_intx(&dom, 3, 1, false), 0);
    CHECK_EQ(hvm_irq_pending(&vcpus[0]), 0x3a);
    CHECK_EQ(hvm_set_pci_link(&dom, 1, 0), 0);
    CHECK_EQ(hvm_irq_pending(&vcpus[0]), -1);
    CHECK_EQ(hvm_set_pci_intx(&dom, 4, 1, false), 0);
    for ( unsigned int gsi = 0; gsi < 48; gsi++ )
        CHECK_EQ(hd.gsi_level[gsi], 0);
}

TEST(extint_needs_an_open_way_to_vcpu_0)
{
    pic_open(0, 0);
    CHECK_EQ(hvm_set_isa_irq(&dom, 4, true), 0);
    apic_vector = 0x99;
    CHECK_EQ(hvm_irq_pending(&vcpus[0]), 0x34);
    CHECK_EQ(hvm_irq_pending(&vcpus[1]), 0x99);
    lint0_open = false;
    CHECK_EQ(hvm_irq_pending(&vcpus[0]), 0x99);
    vcpus[0].work = 0;
    pin_set(0, 0x700);                      /* virtual wire by the I/O APIC */
    assert_true(vcpus[0].work & VCPU_WORK_IRQ);
    CHECK_EQ(hvm_irq_pending(&vcpus[0]), 0x34);
    CHECK_EQ(hvm_irq_ack(&vcpus[0]), 0x34);
    CHECK_EQ(acked, -1);
    CHECK_EQ(hvm_irq_ack(&vcpus[0]), 0x99);
    CHECK_EQ(acked, 0x99);
    apic_vector = -1;
    CHECK_EQ(hvm_irq_ack(&vcpus[0]), -1);
}

TEST(a_guest_with_a_local_apic_only)
{
    hvm_irq_free(&dom);
    hd.emulation = XEN_X86_EMU_LAPIC;
    CHECK_EQ(hvm_irq_init(&dom), 0);
    assert_null(hd.vioapic);
    assert_null(hd.vpic);
    CHECK_EQ(hvm_set_isa_irq(&dom, 4, true), 0);
    CHECK_EQ(hvm_set_pci_intx(&dom, 4, 0, true), 0);
    CHECK_EQ(hvm_irq_pending(&vcpus[0]), -1);
    apic_vector = 0x50;
    CHECK_EQ(hvm_irq_pending(&vcpus[0]), 0x50);
    CHECK_EQ(hvm_irq_ack(&vcpus[0]), 0x50);
}

TEST(messages_are_decoded)
{
    static const struct { uint64_t addr; uint32_t data; int rc; struct message m; } rows[] = {
        { 0xfee00000, 0x41, 0, { 0, false, false, 0, 0x41 } },
        { 0xfee05000, 0x4141, 0, { 5, false, false, 1, 0x41 } },
        { 0xfeeff00c, 0xc041, 0, { 0xff, true, false, 0, 0x41 } },
        { 0xfee00000, 0x0400 | 2, 0, { 0, false, false, 4, 2 } },
        { 0xfee00000, 0x4000, -XEN_EINVAL, { 0 } },
        { 0xfed00000, 0x41, -XEN_EINVAL, { 0 } },
        { 0xfef00000, 0x41, -XEN_EINVAL, { 0 } },
        { 0x1fee00000, 0x41, -XEN_EINVAL, { 0 } },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        memset(&last, 0, sizeof(last));
        CHECK_EQ(hvm_inject_msi(&dom, rows[i].addr, rows[i].data), rows[i].rc);
        CHECK_EQ(sent(), rows[i].rc == 0);
        assert_true(last.dest == rows[i].m.dest && last.logical == rows[i].m.logical &&
                    last.mode == rows[i].m.mode && last.vector == rows[i].m.vector && !last.level);
    }
}

static void callback(uint64_t via, bool pending)
{
    hd.params[HVM_PARAM_CALLBACK_IRQ] = via;
    info.evtchn_upcall_pending = pending;
    hvm_callback_line(&vcpus[0]);
}

TEST(upcalls_by_a_line)
{
    const uint64_t intx = 1ULL << 56 | 3 << 11 | 1;         /* 00:03.0, INTB: GSI 29, link A */

    callback(24, true);
    CHECK_EQ(hd.gsi_level[24], 1);
    callback(24, true);
    CHECK_EQ(hd.gsi_level[24], 1);
    callback(25, true);                     /* the parameter is changed meanwhile */
    CHECK_EQ(hd.gsi_level[24], 0);
    CHECK_EQ(hd.gsi_level[25], 1);
    callback(intx, true);
    CHECK_EQ(hd.gsi_level[25], 0);
    CHECK_EQ(hd.gsi_level[29], 1);
    CHECK_EQ(hd.pci_link_level[0], 1);
    CHECK_EQ(hvm_set_pci_intx(&dom, 3, 1, true), 0);        /* the device itself, too */
    CHECK_EQ(hd.gsi_level[29], 2);
    callback(intx, false);
    CHECK_EQ(hd.gsi_level[29], 1);
    CHECK_EQ(hvm_set_pci_intx(&dom, 3, 1, false), 0);
    callback(2ULL << 56 | 24, true);        /* a vector: no line */
    callback(3ULL << 56 | 24, true);
    callback(48, true);
    callback(1ULL << 55, true);
    callback(0, true);
    hv[0].upcall_vector = 0xf3;
    callback(24, true);
    for ( unsigned int gsi = 0; gsi < 48; gsi++ )
        CHECK_EQ(hd.gsi_level[gsi], 0);
}

TEST(an_upcall_that_was_dealt_with_is_not_sent_again)
{
    pin_set(24, 0x80a0);
    callback(24, true);
    CHECK_EQ(sent(), 1);
    info.evtchn_upcall_pending = 0;         /* by the guest, without an exit */
    vioapic_eoi(&dom, 0xa0);
    CHECK_EQ(sent(), 0);
    CHECK_EQ(hd.gsi_level[24], 0);
    callback(24, true);
    CHECK_EQ(sent(), 1);
}

/* The counts always are what the sources add up to; so they can be derived again, silently. */
TEST(random_lines_follow_the_model)
{
    uint64_t seed = 12345;

    for ( unsigned int pin = 0; pin < 48; pin++ )
        pin_set(pin, 0x8000 | (0x40 + pin));
    pic_open(0xf8, 0xde);
    for ( unsigned int n = 0; n < 30000; n++ ) {
        const uint64_t r = next_random(&seed);
        unsigned int gsi[48] = { 0 }, link[4] = { 0 };

        switch ( r & 3 ) {
        case 0:
            CHECK_EQ(hvm_set_isa_irq(&dom, r >> 8 & 15, r & 4), 0);
            break;
        case 1:
            CHECK_EQ(hvm_set_pci_link(&dom, r >> 8 & 3, r >> 16 & 15), 0);
            break;
        default:
            CHECK_EQ(hvm_set_pci_intx(&dom, r >> 8 & 31, r >> 16 & 3, r & 4), 0);
        }
        if ( r & 8 )
            vioapic_eoi(&dom, 0x40 + (r >> 24) % 48);
        for ( unsigned int i = 0; i < 128; i++ )
            if ( hd.pci_intx[i / 64] >> i % 64 & 1 ) {
                gsi[16 + (i / 4 * 4 + i / 32 + i % 4) % 32]++;
                link[(i / 4 + i) % 4]++;
            }
        for ( unsigned int i = 0; i < 16; i++ )
            gsi[i ? i : 2] += hd.isa_level >> i & 1;
        for ( unsigned int i = 0; i < 4; i++ )
            if ( link[i] && hd.pci_link_irq[i] )
                gsi[hd.pci_link_irq[i]]++;
        for ( unsigned int i = 0; i < 48; i++ ) {
            CHECK_EQ(hd.gsi_level[i], gsi[i]);
            if ( gsi[i] )
                assert_true(hd.vioapic->redir[i] & 0x4000);
        }
        CHECK_EQ(hd.gsi_level[0], 0);
    }
}

#define CASE(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)

TESTS(
    CASE(io_apic_registers),
    CASE(edges_are_sent_each_time_and_lost_while_masked),
    CASE(levels_are_sent_until_the_line_is_quiet),
    CASE(a_level_is_sent_when_its_pin_is_unmasked),
    CASE(isa_interrupt_0_is_pin_2_and_the_pics_input_0),
    CASE(pci_pins_have_their_own_lines),
    CASE(links_lead_pci_to_the_pic),
    CASE(extint_needs_an_open_way_to_vcpu_0),
    CASE(a_guest_with_a_local_apic_only),
    CASE(messages_are_decoded),
    CASE(upcalls_by_a_line),
    CASE(an_upcall_that_was_dealt_with_is_not_sent_again),
    CASE(random_lines_follow_the_model)
)
