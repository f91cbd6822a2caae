/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pair of 8259A, by its ports and its interrupt acknowledge. */
#include "cm.h"

#include "base/bits.h"
#include "cpu/pcpu.h"
#include "hvm/hvm_vcpu.h"
#include "hvm/vpic.h"

#define M_CMD   0x20
#define M_DATA  0x21
#define S_CMD   0xa0
#define S_DATA  0xa1

unsigned int nr_cpus = 1;
static struct pcpu cpu;
struct pcpu *this_pcpu(void) { return &cpu; }
struct pcpu *pcpu_get(unsigned int n) { return &cpu; }

static struct vpic pic;
static struct hvm_domain hd;
static struct domain dom;
static struct vcpu vcpu0, *vcpus[1] = { &vcpu0 };

void vcpu_work(struct vcpu *v, uint32_t work) { v->work |= work; }

static void out(uint16_t port, uint8_t value) { vpic_write(&dom, port, value); }
static uint8_t in(uint16_t port) { return vpic_read(&dom, port); }
static void line(unsigned int irq, bool level) { vpic_line(&dom, irq, level); }
static void edge(unsigned int irq) { line(irq, true); line(irq, false); }
static int inta(void) { return vpic_vector(&pic, true); }

static void init_both(uint8_t master_icw4, uint8_t slave_icw4)
{
    static const uint8_t words[] = { 0x11, 0x30, 0x04 };

    for ( unsigned int i = 0; i < 3; i++ ) {
        out(i ? M_DATA : M_CMD, words[i]);
        out(i ? S_DATA : S_CMD, i == 1 ? 0x38 : i == 2 ? 2 : words[i]);
    }
    out(M_DATA, master_icw4);
    out(S_DATA, slave_icw4);
}

static int setup(void **state_)
{
    memset(&hd, 0, sizeof(hd));
    memset(&vcpu0, 0, sizeof(vcpu0));
    lock_init(&hd.irq_lock, RANK_VIRQ);
    hd.vpic = &pic;
    dom = (struct domain){ .hvm = &hd, .max_vcpus = 1, .vcpu = vcpus };
    vpic_reset(&pic);
    init_both(1, 1);
    vcpu0.work = 0;
    return 0;
}

TEST(nothing_comes_before_it_is_initialised)
{
    vpic_reset(&pic);
    edge(0);
    CHECK_EQ(inta(), -1);
    CHECK_EQ(in(M_DATA), 0xff);
    out(M_CMD, 0x11);
    edge(1);
    CHECK_EQ(inta(), -1);
    out(M_DATA, 0x55);          /* the lower bits of ICW2 are not used here */
    CHECK_EQ(inta(), -1);
    out(M_DATA, 0x04);
    CHECK_EQ(inta(), -1);
    out(M_DATA, 0x01);
    CHECK_EQ(inta(), 0x51);
    CHECK_EQ(in(M_DATA), 0);
}

TEST(number_of_initialisation_words_is_as_announced)
{
    static const struct { uint8_t icw1; unsigned int words; } rows[] = {
        { 0x10, 2 }, { 0x11, 3 }, { 0x12, 1 }, { 0x13, 2 },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        out(M_CMD, rows[i].icw1);
        out(M_DATA, 0x30);
        for ( unsigned int n = 1; n < rows[i].words; n++ )
            out(M_DATA, 0x01);
        out(M_DATA, 0xa5);
        CHECK_EQ(in(M_DATA), 0xa5);
    }
}

TEST(an_edge_is_kept_until_it_is_taken)
{
    edge(3);
    assert_true(vcpu0.work & VCPU_WORK_IRQ);
    CHECK_EQ(in(M_CMD), 0x08);
    CHECK_EQ(vpic_vector(&pic, false), 0x33);
    CHECK_EQ(inta(), 0x33);
    CHECK_EQ(in(M_CMD), 0);
    out(M_CMD, 0x0b);
    CHECK_EQ(in(M_CMD), 0x08);
    CHECK_EQ(in(M_CMD), 0x08);
    out(M_CMD, 0x20);
    CHECK_EQ(in(M_CMD), 0);
    out(M_CMD, 0x0a);
    line(3, true);
    CHECK_EQ(inta(), 0x33);
    out(M_CMD, 0x20);
    CHECK_EQ(inta(), -1);       /* still up, but that is no edge */
}

TEST(masked_inputs_wait)
{
    out(M_DATA, 0x02);
    edge(1);
    CHECK_EQ(inta(), -1);
    CHECK_EQ(vcpu0.work, 0);
    CHECK_EQ(in(M_CMD), 2);
    out(M_DATA, 0);
    assert_true(vcpu0.work & VCPU_WORK_IRQ);
    CHECK_EQ(inta(), 0x31);
}

TEST(lower_priorities_wait_for_the_end)
{
    edge(4);
    CHECK_EQ(inta(), 0x34);
    edge(5);
    edge(4);
    CHECK_EQ(inta(), -1);
    edge(1);
    CHECK_EQ(inta(), 0x31);
    out(M_CMD, 0x20);           /* ends 1 */
    CHECK_EQ(inta(), -1);
    vcpu0.work = 0;
    out(M_CMD, 0x20);           /* ends 4 */
    assert_true(vcpu0.work & VCPU_WORK_IRQ);
    CHECK_EQ(inta(), 0x34);
    out(M_CMD, 0x64);           /* specific */
    CHECK_EQ(inta(), 0x35);
    out(M_CMD, 0x64);           /* not the one in service */
    out(M_CMD, 0x0b);
    CHECK_EQ(in(M_CMD), 0x20);
}

TEST(the_slave_comes_through_input_2)
{
    edge(8);
    edge(3);
    edge(12);
    CHECK_EQ(in(M_CMD), 0x0c);
    CHECK_EQ(in(S_CMD), 0x11);
    CHECK_EQ(inta(), 0x38);
    CHECK_EQ(in(S_CMD), 0x10);
    edge(1);
    CHECK_EQ(inta(), 0x31);
    out(M_CMD, 0x61);
    CHECK_EQ(inta(), -1);
    out(S_CMD, 0x20);
    CHECK_EQ(inta(), -1);       /* the master's bit is still set */
    out(M_CMD, 0x62);
    CHECK_EQ(inta(), 0x3c);
    out(S_CMD, 0x20);
    out(M_CMD, 0x20);
    CHECK_EQ(inta(), 0x33);
}

TEST(a_masked_slave_does_not_ask)
{
    out(S_DATA, 0xff);
    edge(9);
    CHECK_EQ(in(M_CMD), 0);
    out(S_DATA, 0xfd);
    CHECK_EQ(in(M_CMD), 4);
    out(M_DATA, 4);
    CHECK_EQ(inta(), -1);
    out(M_DATA, 0);
    CHECK_EQ(inta(), 0x39);
}

TEST(special_fully_nested_lets_the_slave_interrupt_itself)
{
    for ( unsigned int nests = 0; nests < 2; nests++ ) {
        init_both(nests ? 0x11 : 0x01, 1);
        edge(12);
        CHECK_EQ(inta(), 0x3c);
        edge(3);
        CHECK_EQ(inta(), -1);
        edge(9);
        CHECK_EQ(inta(), nests ? 0x39 : -1);
        edge(14);
        CHECK_EQ(inta(), -1);
    }
}

TEST(level_inputs_follow_their_line)
{
    out(0x4d0, 0xff);
    out(0x4d1, 0xff);
    CHECK_EQ(in(0x4d0), 0xf8);
    CHECK_EQ(in(0x4d1), 0xde);
    line(10, true);
    CHECK_EQ(inta(), 0x3a);
    out(S_CMD, 0x20);
    out(M_CMD, 0x20);
    CHECK_EQ(inta(), 0x3a);     /* nobody has quieted the device */
    line(10, false);
    out(S_CMD, 0x20);
    out(M_CMD, 0x20);
    CHECK_EQ(inta(), -1);
    line(5, true);
    line(5, false);
    CHECK_EQ(inta(), -1);
    line(5, true);              /* levels outlive ICW1, edges do not */
    edge(1);
    out(M_CMD, 0x11);
    CHECK_EQ(in(M_CMD), 0x20);
}

TEST(rotation)
{
    edge(3);
    CHECK_EQ(inta(), 0x33);
    out(M_CMD, 0xa0);           /* rotate on non-specific EOI: 3 is last now */
    edge(3); edge(4); edge(0);
    CHECK_EQ(inta(), 0x34);
    out(M_CMD, 0xe4);           /* on specific: 4 is last */
    CHECK_EQ(inta(), 0x30);
    out(M_CMD, 0x20);
    CHECK_EQ(inta(), 0x33);
    out(M_CMD, 0x20);
    out(M_CMD, 0xc6);           /* set priority: 6 is last, 7 first */
    edge(0); edge(7); edge(6);
    CHECK_EQ(inta(), 0x37);
    out(M_CMD, 0x20);
    CHECK_EQ(inta(), 0x30);
    out(M_CMD, 0x20);
    CHECK_EQ(inta(), 0x36);
}

TEST(automatic_end_of_interrupt)
{
    init_both(3, 3);
    edge(5); edge(12);
    CHECK_EQ(inta(), 0x3c);
    CHECK_EQ(inta(), 0x35);
    out(M_CMD, 0x0b);
    CHECK_EQ(in(M_CMD), 0);
    out(M_CMD, 0x80);           /* rotating */
    edge(5);
    CHECK_EQ(inta(), 0x35);
    edge(5); edge(6);
    CHECK_EQ(inta(), 0x36);
    CHECK_EQ(inta(), 0x35);
    out(M_CMD, 0x00);           /* no more */
    edge(6);
    CHECK_EQ(inta(), 0x36);
    edge(5); edge(6);
    CHECK_EQ(inta(), 0x36);
}

TEST(special_mask_lets_lower_ones_in)
{
    edge(3);
    CHECK_EQ(inta(), 0x33);
    edge(6);
    out(M_DATA, 0x08);
    CHECK_EQ(inta(), -1);
    out(M_CMD, 0x68);
    CHECK_EQ(inta(), 0x36);
    out(M_CMD, 0x20);           /* the masked one in service is not the one that is ended */
    out(M_CMD, 0x0b);
    CHECK_EQ(in(M_CMD), 0x08);
    out(M_CMD, 0x48);
    edge(6);
    CHECK_EQ(inta(), -1);
}

TEST(polling_acknowledges)
{
    edge(4);
    out(M_CMD, 0x0c);
    CHECK_EQ(in(M_CMD), 0x84);
    CHECK_EQ(in(M_CMD), 0);     /* one read only */
    CHECK_EQ(inta(), -1);
    out(M_CMD, 0x0c);
    CHECK_EQ(in(M_DATA), 0);
    out(M_CMD, 0x0b);
    CHECK_EQ(in(M_CMD), 0x10);
    edge(9);
    out(S_CMD, 0x0c);
    CHECK_EQ(in(S_CMD), 0x81);
    CHECK_EQ(inta(), -1);
}

/* Plain nested mode in words: who is in service keeps all from itself on out. */
TEST(random_requests_follow_the_model)
{
    bool irr[16] = { 0 }, isr[16] = { 0 };
    uint16_t imr = 0;
    uint64_t seed = 99;

    for ( unsigned int n = 0; n < 300000; n++ ) {
        const unsigned int r = next_random(&seed), irq = r >> 8 & 15;
        int slave = -1, want = -1;

        switch ( r % 8 ) {
        case 0: case 1: case 2:
            if ( irq != 2 ) {
                edge(irq);
                irr[irq] = true;
            }
            break;
        case 3:
            imr = r >> 16 & (n % 3 ? 0x3333 : 0xffff);
            out(M_DATA, imr);
            out(S_DATA, imr >> 8);
            break;
        case 4: case 5: {
            const unsigned int chip = irq & 8;

            out(chip ? S_CMD : M_CMD, 0x20);
            for ( unsigned int i = chip; i < chip + 8; i++ )
                if ( isr[i] ) {
                    isr[i] = false;
                    break;
                }
            break;
        }
        default:
            break;
        }
        for ( int i = 8; i < 16 && !isr[i]; i++ )
            if ( irr[i] && !(imr >> i & 1) ) {
                slave = i;
                break;
            }
        for ( int i = 0; i < 8 && !isr[i]; i++ )
            if ( (i == 2 ? slave >= 0 : irr[i]) && !(imr >> i & 1) ) {
                want = i == 2 ? slave : i;
                break;
            }
        CHECK_EQ(vpic_vector(&pic, false), want < 0 ? -1 : 0x30 + want);
        if ( r % 8 >= 6 ) {
            CHECK_EQ(inta(), want < 0 ? -1 : 0x30 + want);
            if ( want >= 0 ) {
                irr[want] = false;
                isr[want] = true;
                isr[2] |= want >= 8;
            }
        }
    }
}

TEST(random_writes_do_no_harm)
{
    static const uint16_t ports[] = { M_CMD, M_DATA, S_CMD, S_DATA, 0x4d0, 0x4d1 };
    uint64_t seed = 5;

    for ( unsigned int n = 0; n < 300000; n++ ) {
        const uint64_t r = next_random(&seed);
        int vector;

        if ( r & 1 )
            out(ports[(r >> 8) % 6], r >> 16);
        else if ( r & 2 )
            in(ports[(r >> 8) % 6]);
        else if ( r & 4 )
            line((r >> 8 & 15) == 2 ? 3 : r >> 8 & 15, r & 8);
        else {
            vector = vpic_vector(&pic, false);
            CHECK_EQ(inta(), vector);
            assert_true(vector >= -1 && vector < 256);
        }
    }
}

#define CASE(name)  cmocka_unit_test_setup(name, setup)

TESTS(
    CASE(nothing_comes_before_it_is_initialised),
    CASE(number_of_initialisation_words_is_as_announced),
    CASE(an_edge_is_kept_until_it_is_taken),
    CASE(masked_inputs_wait),
    CASE(lower_priorities_wait_for_the_end),
    CASE(the_slave_comes_through_input_2),
    CASE(a_masked_slave_does_not_ask),
    CASE(special_fully_nested_lets_the_slave_interrupt_itself),
    CASE(level_inputs_follow_their_line),
    CASE(rotation),
    CASE(automatic_end_of_interrupt),
    CASE(special_mask_lets_lower_ones_in),
    CASE(polling_acknowledges),
    CASE(random_requests_follow_the_model),
    CASE(random_writes_do_no_harm)
)
