/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device models of hardware guests: dom0 plays the device model, domain 1 is the guest.  What is asked
 * comes to the right one and back; exactly one thing ends a wait; nothing that a hostile device
 * model writes or sends, at any time, does more than spoil its own guest's values.
 */
#include "cm.h"

#include <xenabi/hvm/dm_op.h>
#include <xenabi/hvm/hvm_op.h>

#include "base/bits.h"
#include "base/errno.h"
#include "core/evtchn.h"
#include "core/guest_ops.h"
#include "core/host_console.h"
#include "core/page.h"
#include "cpu/pcpu.h"
#include "fake/world.h"
#include "hvm/ioreq.h"
#include "hvm/vhpet.h"
#include "hvm/vioapic.h"
#include "hvm/vpic.h"
#include "hvm/vpit.h"

#define GUEST   (fake.dom[1])
#define V       (GUEST->vcpu[0])
#define IO      (V->hvm->io)

static const struct guest_ops hvm_ops = { .dm_notify = ioreq_notify };
static unsigned int nr_works, nr_again;
static char console[2];
static uint8_t pic_value;
static uint32_t ioapic_value, ioapic_offset;

/* What hvm/ioreq.c and hvm_io.c call elsewhere. */
void vcpu_pause_nosync(struct vcpu *v) { atomic_inc(&v->pause_count); }
void vcpu_unpause(struct vcpu *v)
{
    assert_true(atomic_read(&v->pause_count) > 0);
    (void)atomic_dec_and_test(&v->pause_count);
}
void vcpu_work(struct vcpu *v, uint32_t work) { v->work |= work; nr_works++; }
void host_console_write(struct domain *d, const char *s, size_t len) { console[0] = *s; }
void hvm_emulate_again(struct vcpu *v) { nr_again++; }
void hvm_exit_io(struct vcpu *v, uint16_t port, unsigned int bytes, bool is_write, bool is_string, unsigned int len)
{
    const uint64_t mask = BIT(bytes * 8) - 1;
    uint64_t data = v->regs.rax & mask;
    const enum hvm_io_result result = hvm_port_access(v, port, bytes, is_write, &data);

    v->hvm->io.insn_len = len;
    if ( result == IO_WAIT )
        return;
    if ( !is_write )
        v->regs.rax = (bytes == 4 ? 0 : v->regs.rax & ~mask) | (result == IO_DONE ? data : mask);
    v->regs.rip += len;
}
uint8_t vpit_read(struct domain *d, uint16_t port) { return 0; }
void vpit_write(struct domain *d, uint16_t port, uint8_t value) { }
bool vhpet_at(const struct domain *d, uint64_t gpa) { return gpa - VHPET_BASE < VHPET_BYTES; }
uint64_t vhpet_read(struct domain *d, unsigned int offset, unsigned int bytes) { return offset; }
void vhpet_write(struct domain *d, unsigned int offset, unsigned int bytes, uint64_t value) { ioapic_value = value; }
uint32_t vlapic_read(struct vcpu *v, uint32_t offset) { return offset; }
void vlapic_write(struct vcpu *v, uint32_t offset, uint32_t value) { }
bool vlapic_mmio_at(const struct vcpu *v, uint64_t gpa)
{
    return gpa >> PAGE_SHIFT == VLAPIC_DEFAULT_BASE >> PAGE_SHIFT;
}
uint32_t vioapic_read(struct domain *d, uint32_t offset) { return 0x11223344 + offset; }
void vioapic_write(struct domain *d, uint32_t offset, uint32_t value) { ioapic_offset = offset; ioapic_value = value; }
uint8_t vpic_read(struct domain *d, uint16_t port) { return port; }
void vpic_write(struct domain *d, uint16_t port, uint8_t value) { pic_value = value; }

/* The device model's side. */
static struct ioreq *page;
static struct buffered_iopage *ring;
static uint16_t id;
static int dm_port[2], dm_ring_port;

static int dm_bind(uint32_t rport)
{
    struct evtchn_bind_interdomain a = { .remote_dom = 1, .remote_port = rport };

    fake_run(0, 0);
    return evtchn_bind_interdomain(&a) ? -1 : (int)a.local_port;
}

static void *dm_map(uint64_t frame)
{
    mfn_t mfn;

    CHECK_EQ(ioreq_frame(GUEST, id, frame, &mfn), 0);
    assert_true(page_hold(GUEST, mfn, true));     /* as a mapping of dom0 does */
    return mfn_to_virt(mfn);
}

static void dm_unmap(void *p) { page_unhold(GUEST, virt_to_mfn(p), true); }

static bool dm_told(int port)
{
    const bool told = test_bit(port, dom0->shared_info->evtchn_pending);

    clear_bit(port, dom0->shared_info->evtchn_pending);
    return told;
}

static void dm_answer(unsigned int vcpu, uint64_t data)
{
    page[vcpu].data = data;
    page[vcpu].bits = (page[vcpu].bits & ~IOREQ_BITS_STATE) | STATE_IORESP_READY;
    CHECK_EQ(evtchn_send(dom0, dm_port[vcpu]), 0);
}

static void dm_start(void)
{
    uint32_t ring_port;

    CHECK_EQ(ioreq_create(GUEST, 0, HVM_IOREQSRV_BUFIOREQ_ATOMIC, &id), 0);
    CHECK_EQ(ioreq_ring_port(GUEST, id, &ring_port), 0);
    ring = dm_map(0);
    page = dm_map(1);
    CHECK_EQ(ioreq_claim(GUEST, id, XEN_DMOP_IO_RANGE_PORT, 0xcf8, 0xcff, true), 0);
    CHECK_EQ(ioreq_claim(GUEST, id, XEN_DMOP_IO_RANGE_PORT, 0x1f0, 0x1f7, true), 0);
    CHECK_EQ(ioreq_claim(GUEST, id, XEN_DMOP_IO_RANGE_MEMORY, 0xa0000, 0xbffff, true), 0);
    CHECK_EQ(ioreq_claim(GUEST, id, XEN_DMOP_IO_RANGE_MEMORY, 0xf0000000, 0xf0000fff, true), 0);
    CHECK_EQ(ioreq_claim(GUEST, id, XEN_DMOP_IO_RANGE_PCI, 0x18, 0x18, true), 0);
    CHECK_EQ(ioreq_enable(GUEST, id, true), 0);
    dm_port[0] = dm_bind(page[0].vp_eport);
    dm_port[1] = dm_bind(page[1].vp_eport);
    dm_ring_port = dm_bind(ring_port);
    for ( int i = 0; i < 2; i++ )
        (void)dm_told(dm_port[i]);
    (void)dm_told(dm_ring_port);
}

static int setup(void **state)
{
    static struct hvm_vcpu hv[2];
    static struct hvm_domain hd;
    static struct vpic vpic;
    static struct vioapic vioapic;

    fake_init();
    memset(hv, 0, sizeof(hv));
    memset(&hd, 0, sizeof(hd));
    hd.vpic = &vpic;
    hd.vioapic = &vioapic;
    GUEST->hvm = &hd;
    GUEST->ops = &hvm_ops;
    for ( int i = 0; i < 2; i++ )
        GUEST->vcpu[i]->hvm = &hv[i];
    nr_works = nr_again = 0;
    console[0] = 0;
    return 0;
}

static int teardown(void **state)
{
    ioreq_free(GUEST);
    fake_exit();
    return 0;
}

static int dm_setup(void **state)
{
    setup(state);
    dm_start();
    return 0;
}

static int dm_teardown(void **state)
{
    ioreq_free(GUEST);
    dm_unmap(page);
    dm_unmap(ring);
    return teardown(state);
}

static void in(uint16_t port, unsigned int bytes)
{
    fake_run(1, 0);
    V->regs.rip = 0x1000;
    V->regs.rax = 0xaaaaaaaabbbbbbbb;
    hvm_exit_io(V, port, bytes, false, false, 2);
}

static bool waits(void) { return atomic_read(&V->pause_count) == 1 && IO.state == HVM_IO_WAITING; }

static void resume(void)
{
    CHECK_EQ(atomic_read(&V->pause_count), 0);
    V->work = 0;
    hvm_io_resume(V);
}

/* --- Straight ----------------------------------------------------------------------------------------- */

TEST(in_waits_and_completes_once)
{
    static const uint64_t rax[5] = { 0, 0xaaaaaaaabbbbbb78, 0xaaaaaaaabbbb5678, 0, 0x12345678 };

    for ( unsigned int bytes = 1; bytes <= 4; bytes *= 2 ) {
        in(0x1f0, bytes);
        assert_true(waits());
        assert_true(dm_told(dm_port[0]));
        CHECK_EQ(page[0].addr, 0x1f0);
        CHECK_EQ(page[0].size, bytes);
        CHECK_EQ(page[0].count, 1);
        CHECK_EQ(page[0].type, IOREQ_TYPE_PIO);
        CHECK_EQ(page[0].bits, STATE_IOREQ_READY | IOREQ_BITS_READ);
        CHECK_EQ(V->regs.rip, 0x1000);
        dm_answer(0, 0xffffffff12345678);
        CHECK_EQ(V->work, VCPU_WORK_IO);
        resume();
        CHECK_EQ(V->regs.rip, 0x1002);
        assert_true(V->regs.rax == rax[bytes]);
        resume();                                   /* once more is nothing */
        CHECK_EQ(V->regs.rip, 0x1002);
    }
}

TEST(out_hands_over_the_value_alone)
{
    fake_run(1, 0);
    V->regs.rax = 0x1122334455667788;
    hvm_exit_io(V, 0x1f7, 1, true, false, 1);
    CHECK_EQ(page[0].data, 0x88);
    CHECK_EQ(page[0].bits, STATE_IOREQ_READY);
    dm_answer(0, 0x99);
    resume();
    assert_true(V->regs.rax == 0x1122334455667788);
}

TEST(unclaimed_reads_ones)
{
    in(0x300, 2);
    assert_true(V->regs.rax == 0xaaaaaaaabbbbffff);
    CHECK_EQ(V->regs.rip, 0x1002);
    in(0x1f6, 4);                                   /* partly claimed is unclaimed */
    CHECK_EQ(V->regs.rax, 0xffffffff);
    CHECK_EQ(ioreq_enable(GUEST, id, false), 0);
    in(0x1f0, 1);
    CHECK_EQ(V->regs.rip, 0x1002);
    CHECK_EQ(nr_works, 0);
}

TEST(configuration_space_goes_by_function)
{
    uint64_t data = 0x80001810;                     /* device 3, register 0x10 */

    fake_run(1, 0);
    CHECK_EQ(hvm_port_access(V, 0xcf8, 4, true, &data), IO_DONE);
    data = 0;
    CHECK_EQ(hvm_port_access(V, 0xcf8, 4, false, &data), IO_DONE);
    CHECK_EQ(data, 0x80001810);
    CHECK_EQ(hvm_port_access(V, 0xcfe, 2, false, &data), IO_WAIT);
    CHECK_EQ(page[0].type, IOREQ_TYPE_PCI_CONFIG);
    assert_true(page[0].addr == (0x18ULL << 32 | 0x12));
    dm_answer(0, 0x5853);
    CHECK_EQ(hvm_port_access(V, 0xcfe, 2, false, &data), IO_DONE);
    CHECK_EQ(data, 0x5853);

    data = 0x80002000;                              /* a function that nobody has: the port's owner */
    CHECK_EQ(hvm_port_access(V, 0xcf8, 4, true, &data), IO_DONE);
    CHECK_EQ(hvm_port_access(V, 0xcfc, 4, false, &data), IO_WAIT);
    CHECK_EQ(page[0].type, IOREQ_TYPE_PIO);
    CHECK_EQ(page[0].addr, 0xcfc);
    dm_answer(0, ~0U);
    CHECK_EQ(hvm_port_access(V, 0xcfc, 4, false, &data), IO_DONE);
}

static enum hvm_io_result string(uint8_t type, uint64_t addr, unsigned int bytes, uint8_t bits, uint32_t count)
{
    const struct ioreq req = {
        .addr = addr, .data = 0x5000, .count = count, .size = bytes, .bits = bits, .type = type,
    };

    return hvm_io_string(V, &req);
}

TEST(string_run_is_one_request)
{
    const uint8_t bits = IOREQ_BITS_READ | IOREQ_BITS_DATA_IS_PTR | IOREQ_BITS_DF;

    fake_run(1, 0);
    CHECK_EQ(string(IOREQ_TYPE_PIO, 0x1f0, 2, bits, 256), IO_WAIT);
    CHECK_EQ(page[0].count, 256);
    CHECK_EQ(page[0].data, 0x5000);
    CHECK_EQ(page[0].bits, STATE_IOREQ_READY | bits);
    dm_answer(0, 0);
    IO.is_emulated = true;
    resume();
    CHECK_EQ(nr_again, 1);
    CHECK_EQ(string(IOREQ_TYPE_PIO, 0x1f0, 2, bits, 256), IO_DONE);
    CHECK_EQ(string(IOREQ_TYPE_PIO, 0x20, 1, bits, 16), IO_UNHANDLED);
    CHECK_EQ(string(IOREQ_TYPE_PIO, 0x3f0, 1, bits, 16), IO_UNHANDLED);
}

TEST(string_run_in_memory_is_one_request_to_who_claims_all_of_it)
{
    uint64_t data = 0;

    fake_run(1, 0);
    CHECK_EQ(string(IOREQ_TYPE_COPY, 0xf0000000, 4, IOREQ_BITS_READ | IOREQ_BITS_DATA_IS_PTR, 1024), IO_WAIT);
    CHECK_EQ(page[0].count, 1024);
    dm_answer(0, 0);
    CHECK_EQ(string(IOREQ_TYPE_COPY, 0xf0000000, 4, IOREQ_BITS_READ | IOREQ_BITS_DATA_IS_PTR, 1024), IO_DONE);
    CHECK_EQ(string(IOREQ_TYPE_COPY, 0xf0000ffc, 4, 0, 2), IO_UNHANDLED);      /* over its end */
    CHECK_EQ(hvm_mmio_access(V, 0xf0000ffc, 4, false, &data), IO_WAIT);         /* so one by one */
    dm_answer(0, 7);
    CHECK_EQ(string(IOREQ_TYPE_COPY, 0xf0000ffc, 4, 0, 2), IO_UNHANDLED);      /* keeps that answer */
    CHECK_EQ(hvm_mmio_access(V, 0xf0000ffc, 4, false, &data), IO_DONE);
    CHECK_EQ(data, 7);
    CHECK_EQ(ioreq_claim(GUEST, id, XEN_DMOP_IO_RANGE_MEMORY, VIOAPIC_BASE, VIOAPIC_BASE + 0xfff, true), 0);
    CHECK_EQ(string(IOREQ_TYPE_COPY, VIOAPIC_BASE, 4, 0, 2), IO_UNHANDLED);    /* our own */
    CHECK_EQ(string(IOREQ_TYPE_COPY, 0xb8000, 2, 0, 2000), IO_WAIT);           /* the ring tells of single writes */
    CHECK_EQ(page[0].count, 2000);
}

TEST(memory_is_asked_and_resumed_by_the_emulator)
{
    uint64_t data = 0;

    fake_run(1, 0);
    CHECK_EQ(hvm_mmio_access(V, 0xf0000008, 8, false, &data), IO_WAIT);
    CHECK_EQ(page[0].type, IOREQ_TYPE_COPY);
    dm_answer(0, 0x1122334455667788);
    IO.is_emulated = true;
    resume();
    CHECK_EQ(nr_again, 1);
    CHECK_EQ(hvm_mmio_access(V, 0xf0000008, 8, false, &data), IO_DONE);
    assert_true(data == 0x1122334455667788);
    CHECK_EQ(hvm_mmio_access(V, 0xf0000ffc, 8, false, &data), IO_UNHANDLED);
    CHECK_EQ(hvm_mmio_access(V, ~0UL - 3, 4, false, &data), IO_UNHANDLED);
    CHECK_EQ(hvm_mmio_access(V, ~0UL - 3, 8, false, &data), IO_UNHANDLED);   /* beyond the end */
}

TEST(own_devices_come_first)
{
    uint64_t data = 0;

    fake_run(1, 0);
    CHECK_EQ(ioreq_claim(GUEST, id, XEN_DMOP_IO_RANGE_PORT, 0, 0xff, true), 0);
    CHECK_EQ(hvm_port_access(V, 0x20, 2, false, &data), IO_DONE);
    CHECK_EQ(data, 0x2120);
    CHECK_EQ(hvm_port_access(V, 0x21, 4, false, &data), IO_DONE);
    CHECK_EQ(data, 0xffffff21);
    data = 0x1234;
    CHECK_EQ(hvm_port_access(V, 0x4d0, 2, true, &data), IO_DONE);
    CHECK_EQ(pic_value, 0x12);
    data = 'x';
    CHECK_EQ(hvm_port_access(V, 0xe9, 1, true, &data), IO_DONE);
    CHECK_STR(console, "x");
    CHECK_EQ(hvm_mmio_access(V, VIOAPIC_BASE + 0x10, 4, false, &data), IO_DONE);
    CHECK_EQ(data, 0x11223354);
    CHECK_EQ(hvm_mmio_access(V, VIOAPIC_BASE + 0x11, 1, false, &data), IO_DONE);
    CHECK_EQ(data, 0x33);
    CHECK_EQ(hvm_mmio_access(V, VIOAPIC_BASE + 0x12, 4, false, &data), IO_DONE);
    CHECK_EQ(data, 0x33581122);
    data = 7;
    CHECK_EQ(hvm_mmio_access(V, VIOAPIC_BASE, 1, true, &data), IO_DONE);
    CHECK_EQ(ioapic_value, 7);
    CHECK_EQ(hvm_mmio_access(V, VLAPIC_DEFAULT_BASE + 0x30, 4, false, &data), IO_DONE);
    CHECK_EQ(data, 0x30);
    CHECK_EQ(hvm_mmio_access(V, VHPET_BASE + 0xf0, 8, false, &data), IO_DONE);
    CHECK_EQ(data, 0xf0);
    CHECK_EQ(hvm_mmio_access(V, VHPET_BASE + VHPET_BYTES - 4, 8, false, &data), IO_UNHANDLED);
    GUEST->hvm->vpic = NULL;                        /* PVH has none */
    CHECK_EQ(hvm_port_access(V, 0x20, 1, false, &data), IO_WAIT);
    dm_answer(0, 0);
}

/* --- The ring --------------------------------------------------------------------------------------------- */

static enum hvm_io_result vga(uint64_t addr, unsigned int bytes, uint64_t data)
{
    fake_run(1, 0);
    return hvm_mmio_access(V, addr, bytes, true, &data);
}

TEST(ring_takes_writes_to_the_vga)
{
    CHECK_EQ(vga(0xb8002, 2, 0x720), IO_DONE);
    assert_true(dm_told(dm_ring_port));
    assert_false(dm_told(dm_port[0]));
    CHECK_EQ(ring->write_pointer, 1);
    CHECK_EQ(ring->buf_ioreq[0].type, IOREQ_TYPE_COPY);
    CHECK_EQ(ring->buf_ioreq[0].addr_high << 4 | ring->buf_ioreq[0].bits >> 4, 0xb8002);
    CHECK_EQ(ring->buf_ioreq[0].bits & 0xf, 1 << BUF_IOREQ_SIZE_SHIFT);
    CHECK_EQ(ring->buf_ioreq[0].data, 0x720);
    CHECK_EQ(vga(0xbfff8, 8, 0x1122334455667788), IO_DONE);
    CHECK_EQ(ring->write_pointer, 3);
    CHECK_EQ(ring->buf_ioreq[1].data, 0x55667788);
    CHECK_EQ(ring->buf_ioreq[2].data, 0x11223344);
    CHECK_EQ(vga(0xbfffc, 8, 0), IO_UNHANDLED);
    CHECK_EQ(IO.state, HVM_IO_NONE);
    ioreq_invalidate(GUEST);
    CHECK_EQ(ring->buf_ioreq[3].type, IOREQ_TYPE_INVALIDATE);
}

TEST(ring_wraps_in_order_and_full_means_asking)
{
    uint64_t seed = 1, next = 0, seen = 0;

    for ( unsigned int round = 0; round < 20000; round++ ) {
        const unsigned int is_quad = next_random(&seed) % 4 == 0;

        if ( vga(0xa0000, is_quad ? 8 : 4, is_quad ? next | (next + 1) << 32 : next) == IO_DONE ) {
            next += 1 + is_quad;
        } else {
            assert_true(ring->write_pointer - ring->read_pointer >= IOREQ_BUFFER_SLOT_NUM - is_quad);
            dm_answer(0, 0);
            IO.state = HVM_IO_NONE;
        }
        for ( unsigned int n = next_random(&seed) % 3 + (round % 1000 > 500); n-- && seen < next; seen++ ) {
            CHECK_EQ(ring->buf_ioreq[ring->read_pointer % IOREQ_BUFFER_SLOT_NUM].data, (uint32_t)seen);
            ring->read_pointer++;
        }
        assert_true(ring->write_pointer < 3 * IOREQ_BUFFER_SLOT_NUM);
    }
    assert_true(next > 10000);
}

/* --- Who ends a wait --------------------------------------------------------------------------------------- */

TEST(stray_and_repeated_notifications_do_nothing)
{
    CHECK_EQ(evtchn_send(dom0, dm_port[0]), 0);
    page[0].bits = STATE_IORESP_READY;
    CHECK_EQ(evtchn_send(dom0, dm_port[0]), 0);
    CHECK_EQ(nr_works, 0);
    in(0x1f0, 1);
    CHECK_EQ(evtchn_send(dom0, dm_port[0]), 0);     /* not answered yet */
    assert_true(waits());
    page[0].bits = STATE_IORESP_READY;
    CHECK_EQ(evtchn_send(dom0, dm_port[1]), 0);     /* the other vCPU's, the ring's */
    CHECK_EQ(evtchn_send(dom0, dm_ring_port), 0);
    assert_true(waits());
    CHECK_EQ(evtchn_send(dom0, dm_port[0]), 0);
    CHECK_EQ(nr_works, 1);
    page[0].bits = STATE_IORESP_READY;
    CHECK_EQ(evtchn_send(dom0, dm_port[0]), 0);
    CHECK_EQ(nr_works, 1);
    resume();
    CHECK_EQ(V->regs.rip, 0x1002);
}

static void gone(void)
{
    resume();
    CHECK_EQ(nr_works, 1);
    assert_true(V->regs.rax == 0xaaaaaaaabbbbbbff);
    CHECK_EQ(V->regs.rip, 0x1002);
}

TEST(disabled_server_releases)
{
    in(0x1f0, 1);
    CHECK_EQ(ioreq_enable(GUEST, id, false), 0);
    gone();
}

TEST(destroyed_server_releases)
{
    in(0x1f0, 1);
    CHECK_EQ(ioreq_destroy(GUEST, id), 0);
    gone();
    CHECK_EQ(ioreq_destroy(GUEST, id), -XEN_ENOENT);
    CHECK_EQ(evtchn_send(dom0, dm_port[0]), 0);
    in(0x1f0, 1);
    CHECK_EQ(V->regs.rip, 0x1002);
}

TEST(device_model_that_dies_releases_and_is_not_asked_again)
{
    in(0x1f0, 1);
    CHECK_EQ(evtchn_close(dom0, dm_ring_port), 0);
    assert_true(waits());
    CHECK_EQ(evtchn_close(dom0, dm_port[0]), 0);
    gone();
    in(0x1f0, 1);
    CHECK_EQ(V->regs.rip, 0x1002);
    CHECK_EQ(atomic_read(&V->pause_count), 0);
    CHECK_EQ(nr_works, 1);
    CHECK_EQ(vga(0xa0000, 1, 0), IO_DONE);          /* nobody hears that either */
    dm_port[0] = dm_bind(page[0].vp_eport);         /* another one takes over */
    in(0x1f0, 1);
    assert_true(waits());
    dm_answer(0, 0);
}

TEST(answer_for_another_place_is_dropped)
{
    in(0x1f0, 1);
    dm_answer(0, 5);
    V->regs.rip = 0x2000;
    resume();
    CHECK_EQ(V->regs.rip, 0x2000);
    CHECK_EQ(IO.state, HVM_IO_NONE);
    in(0x1f0, 1);
    dm_answer(0, 5);
    in(0x1f1, 1);                                   /* not what was asked: asked anew */
    assert_true(waits());
    CHECK_EQ(page[0].addr, 0x1f1);
    dm_answer(0, 0);
}

TEST(guest_can_do_nothing_to_the_ports)
{
    const evtchn_port_t port = page[0].vp_eport;
    struct evtchn_status st = { .dom = DOMID_SELF, .port = port };

    fake_run(1, 0);
    CHECK_EQ(evtchn_close(GUEST, port), -XEN_EINVAL);
    CHECK_EQ(evtchn_bind_vcpu(port, 1), -XEN_EINVAL);
    CHECK_EQ(evtchn_reset(GUEST), 0);
    set_bit(port, GUEST->shared_info->evtchn_mask);
    set_bit(port, GUEST->shared_info->evtchn_pending);
    CHECK_EQ(evtchn_unmask(GUEST, port), 0);
    CHECK_EQ(evtchn_status(&st), 0);
    CHECK_EQ(st.vcpu, 0);
    CHECK_EQ(st.status, EVTCHNSTAT_interdomain);
    in(0x1f0, 1);
    assert_true(waits());
    dm_answer(0, 1);
}

/* --- Making and unmaking ------------------------------------------------------------------------------------ */

TEST(eight_servers_and_bad_arguments)
{
    uint16_t n;
    mfn_t mfn;

    CHECK_EQ(ioreq_create(GUEST, 0, 3, &n), -XEN_EINVAL);
    CHECK_EQ(ioreq_destroy(GUEST, 0), -XEN_ENOENT);
    for ( unsigned int i = 0; i < 8; i++ ) {
        CHECK_EQ(ioreq_create(GUEST, 0, HVM_IOREQSRV_BUFIOREQ_OFF, &n), 0);
        CHECK_EQ(n, i);
    }
    CHECK_EQ(ioreq_create(GUEST, 0, 0, &n), -XEN_ENOSPC);
    CHECK_EQ(ioreq_frame(GUEST, 3, 0, &mfn), -XEN_EINVAL);
    CHECK_EQ(ioreq_frame(GUEST, 3, 2, &mfn), -XEN_EINVAL);
    CHECK_EQ(ioreq_frame(GUEST, 0x10003, 1, &mfn), -XEN_ENOENT);
    CHECK_EQ(ioreq_frame(GUEST, 3, 1, &mfn), 0);
    CHECK_EQ(ioreq_claim(GUEST, 8, 0, 1, 2, true), -XEN_ENOENT);
    CHECK_EQ(ioreq_claim(GUEST, 1, 3, 1, 2, true), -XEN_EINVAL);
    CHECK_EQ(ioreq_claim(GUEST, 1, 0, 2, 1, true), -XEN_EINVAL);
    CHECK_EQ(ioreq_claim(GUEST, 1, 1, 0, ~0UL, true), 0);
    CHECK_EQ(ioreq_claim(GUEST, 1, 1, 5, 6, true), -XEN_EEXIST);
    CHECK_EQ(ioreq_claim(GUEST, 1, 1, 5, 6, false), 0);
    CHECK_EQ(ioreq_claim(GUEST, 1, 1, 5, 6, false), -XEN_ENOENT);
    for ( unsigned int i = 0; i < 256; i++ )
        CHECK_EQ(ioreq_claim(GUEST, 2, 1, i * 2, i * 2, true), 0);
    CHECK_EQ(ioreq_claim(GUEST, 2, 1, 0x10000, 0x10000, true), -XEN_ENOMEM);
}

TEST(nothing_is_left_of_one_that_could_not_be_made)
{
    int rc = -1;

    for ( int i = 0; rc; i++ ) {
        fake.alloc_fails_in = i;
        rc = ioreq_create(GUEST, 0, HVM_IOREQSRV_BUFIOREQ_ATOMIC, &id);
        fake.alloc_fails_in = -1;
        assert_true(rc == 0 || rc == -XEN_ENOMEM);
        ioreq_free(GUEST);
        assert_true(i < 20);
    }
}

TEST(mapping_outlives_server_and_domain)
{
    struct domain *const d = GUEST;

    dm_start();
    domain_ref(d);
    fake_destroy_domain(1);                         /* the fake knows no relinquish */
    ioreq_free(d);
    domain_put(d);
    fake_run(0, 0);
    memset(page, 0xff, PAGE_SIZE);
    CHECK_EQ(atomic_read(&d->refs), 2);             /* one for each page */
    page_unhold(d, virt_to_mfn(ring), true);
    page_unhold(d, virt_to_mfn(page), true);
    fake_run(0, 0);
    fake_exit();                                    /* finds what leaked */
}

/* --- Hostile ------------------------------------------------------------------------------------------------- */

TEST(hostile_device_model)
{
    uint64_t seed = 7;

    for ( unsigned int i = 0; i < 200000; i++ ) {
        const uint64_t r = next_random(&seed);
        uint8_t *const target = r & 1 ? (uint8_t *)page : (uint8_t *)ring;
        uint64_t data = r;

        switch ( r >> 8 & 7 ) {
        case 0: case 1:
            for ( unsigned int j = 0; j < 8; j++ )
                target[next_random(&seed) % (r & 2 ? 64 : PAGE_SIZE)] = next_random(&seed);
            break;
        case 2:
            page[0].bits = STATE_IORESP_READY;
            break;
        case 3:
            CHECK_EQ(evtchn_send(dom0, r & 4 ? dm_port[0] : r & 8 ? dm_port[1] : dm_ring_port), 0);
            break;
        case 4:
            if ( r & 0xf0000 )
                break;
            CHECK_EQ(ioreq_enable(GUEST, id, r & 4), 0);
            break;
        case 5:
            if ( !atomic_read(&V->pause_count) )
                (void)vga(0xa0000 + (r >> 16) % 0x1fff8, 1 << (r >> 40) % 4, r);
            break;
        default:
            break;
        }
        if ( atomic_read(&V->pause_count) ) {
            CHECK_EQ(IO.state, HVM_IO_WAITING);
            CHECK_EQ(atomic_read(&V->pause_count), 1);
            continue;
        }
        if ( hvm_mmio_access(V, 0xf0000000 + r % 0x100, 1 << (r >> 60) % 4, r & 0x100, &data) == IO_DONE )
            assert_true(data <= (r & 0x100 ? ~0UL : (r >> 60) % 4 == 3 ? ~0UL : BIT(8 << (r >> 60) % 4) - 1));
    }
}

#define ALONE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define WITH_DM(name) cmocka_unit_test_setup_teardown(name, dm_setup, dm_teardown)

TESTS(
    WITH_DM(in_waits_and_completes_once),
    WITH_DM(out_hands_over_the_value_alone),
    WITH_DM(unclaimed_reads_ones),
    WITH_DM(configuration_space_goes_by_function),
    WITH_DM(string_run_is_one_request),
    WITH_DM(string_run_in_memory_is_one_request_to_who_claims_all_of_it),
    WITH_DM(memory_is_asked_and_resumed_by_the_emulator),
    WITH_DM(own_devices_come_first),
    WITH_DM(ring_takes_writes_to_the_vga),
    WITH_DM(ring_wraps_in_order_and_full_means_asking),
    WITH_DM(stray_and_repeated_notifications_do_nothing),
    WITH_DM(disabled_server_releases),
    WITH_DM(destroyed_server_releases),
    WITH_DM(device_model_that_dies_releases_and_is_not_asked_again),
    WITH_DM(answer_for_another_place_is_dropped),
    WITH_DM(guest_can_do_nothing_to_the_ports),
    ALONE(eight_servers_and_bad_arguments),
    ALONE(nothing_is_left_of_one_that_could_not_be_made),
    WITH_DM(hostile_device_model),
    cmocka_unit_test_setup_teardown(mapping_outlives_server_and_domain, setup, NULL)
)
