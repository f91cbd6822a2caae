/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm_op: who may, buffers of any size, arguments out of range, and what goes back.  Then random calls,
 * which must change nothing but by the functions below, with arguments that those take.
 */
#include "cm.h"

#include <xenabi/domctl.h>
#include <xenabi/hvm/dm_op.h>
#include <xenabi/hvm/hvm_op.h>

#include "base/bits.h"
#include "core/p2m.h"
#include "cpu/pcpu.h"
#include "hcall/hc_memory.h"
#include "hvm/hvm.h"

#define GUEST   0x10000UL
static uint8_t mem[4096];
static struct pcpu cpu;
static struct domain control = { .is_privileged = true }, guest = { .id = 1, .max_vcpus = 3 }, pv = { .id = 2 };
static struct vcpu vcpu = { .domain = &control };
static int preempt_in, nr_locks, nr_done, refs, answer;
static struct xen_add_to_physmap relocated;
static enum p2m_type types[16];

struct pcpu *this_pcpu(void) { return &cpu; }
bool preempt_needed(void) { return preempt_in >= 0 && preempt_in-- == 0; }
static uint8_t *at(guest_ptr_t va, size_t len)
{
    return va >= GUEST && range_ok(va - GUEST, len, sizeof(mem)) ? mem + (va - GUEST) : NULL;
}
bool copy_from_guest(void *dst, guest_ptr_t src, size_t len) { return at(src, len) && memcpy(dst, at(src, len), len); }
bool copy_to_guest(guest_ptr_t dst, const void *src, size_t len)
{
    return at(dst, len) && memcpy(at(dst, len), src, len);
}
int domain_get_remote(domid_t id, struct domain **out)
{
    *out = id == 1 ? &guest : id == 2 ? &pv : id == DOMID_SELF || id == 0 ? &control : NULL;
    refs += *out != NULL;
    return *out ? 0 : -XEN_ESRCH;
}
void domain_put(struct domain *d) { refs--; }
void spin_lock(struct lock *l) { nr_locks++; }
void spin_unlock(struct lock *l) { nr_locks--; }

/* Each checks what the callers promise. */
static int done(bool is_locked)
{
    CHECK_EQ(nr_locks, is_locked);
    nr_done++;
    return answer;
}
int ioreq_create(struct domain *d, domid_t dm, unsigned int kind, uint16_t *id)
{
    CHECK_EQ(dm, 0);
    *id = 5;
    return done(true);
}
int ioreq_destroy(struct domain *d, uint16_t id) { return done(true); }
int ioreq_enable(struct domain *d, uint16_t id, bool enable) { return done(true); }
int ioreq_claim(struct domain *d, uint16_t id, uint32_t type, uint64_t start, uint64_t end, bool on)
{
    return done(true);
}
int ioreq_ring_port(struct domain *d, uint16_t id, uint32_t *port) { *port = 77; return done(true); }
int hvm_set_isa_irq(struct domain *d, unsigned int irq, bool level) { assert_true(irq < 16); return done(false); }
int hvm_set_pci_intx(struct domain *d, unsigned int dev, unsigned int intx, bool level)
{
    assert_true(dev < 32 && intx < 4);
    return done(false);
}
int hvm_set_pci_link(struct domain *d, unsigned int link, unsigned int irq)
{
    assert_true(link < 4 && irq < 16);
    return done(false);
}
int hvm_inject_msi(struct domain *d, uint64_t addr, uint32_t data) { return done(false); }
void vcpu_work(struct vcpu *v, uint32_t work)
{
    assert_int_equal(work, VCPU_WORK_NMI);
    (void)done(false);
}
void domain_shutdown(struct domain *d, unsigned int reason) { assert_true(reason < 256); (void)done(false); }
int mem_add_to_physmap(struct vcpu *v, struct domain *d, void *arg)
{
    struct xen_add_to_physmap *const a = arg;

    relocated = *a;
    a->idx += a->size;
    a->gpfn += a->size;
    a->size = 0;
    return done(false);
}
mfn_t p2m_lookup(const struct domain *d, uint64_t gfn, enum p2m_type *type)
{
    CHECK_EQ(nr_locks, 1);
    assert_true(gfn < BIT(P2M_GFN_BITS));
    *type = types[gfn % 16];
    return MFN(gfn);
}
int p2m_set(struct domain *d, uint64_t gfn, mfn_t mfn, unsigned int order, enum p2m_type type)
{
    assert_true(type == P2M_RAM || type == P2M_RAM_RO);
    types[gfn % 16] = type;
    return 0;
}
void p2m_flush(struct domain *d) { }
bool p2m_take_dirty(struct domain *d, uint64_t gfn)
{
    CHECK_EQ(nr_locks, 1);
    return gfn % 3 == 0;
}

static struct vcpu *vcpus[3] = { &vcpu };

static int setup(void **state)
{
    cpu.curr = &vcpu;
    vcpu.domain = &control;
    guest.hvm = (void *)&guest;
    guest.max_vcpus = 3;
    guest.vcpu = vcpus;
    memset(mem, 0, sizeof(mem));
    for ( unsigned int i = 0; i < 16; i++ )
        types[i] = i == 8 ? P2M_NONE : i == 9 ? P2M_SHARED : P2M_RAM;
    preempt_in = -1;
    nr_done = answer = 0;
    return 0;
}

static int teardown(void **state)
{
    CHECK_EQ(refs, 0);
    CHECK_EQ(nr_locks, 0);
    return 0;
}

/* Array of buffers at the start; the operation at 0x100, room for more at 0x200. */
static struct xen_dm_op *const op = (void *)(mem + 0x100);
static struct xen_dm_op_buf *const buf = (void *)mem;

static long call(domid_t domid, uint32_t nr)
{
    op->op = nr;
    buf[0] = (struct xen_dm_op_buf){ GUEST + 0x100, sizeof(*op) };
    return hc_dm_op(domid, 2, GUEST, 0);
}

TEST(who_and_whom)
{
    CHECK_EQ(call(1, XEN_DMOP_nr_vcpus), 0);
    CHECK_EQ(op->u.nr_vcpus.vcpus, 3);
    CHECK_EQ(call(2, XEN_DMOP_nr_vcpus), -XEN_EINVAL);
    CHECK_EQ(call(0, XEN_DMOP_nr_vcpus), -XEN_EINVAL);
    CHECK_EQ(call(DOMID_SELF, XEN_DMOP_nr_vcpus), -XEN_EINVAL);
    CHECK_EQ(call(9, XEN_DMOP_nr_vcpus), -XEN_ESRCH);
    vcpu.domain = &guest;
    CHECK_EQ(call(1, XEN_DMOP_nr_vcpus), -XEN_EPERM);
}

TEST(buffers)
{
    CHECK_EQ(hc_dm_op(1, 0, GUEST, 0), -XEN_EFAULT);
    CHECK_EQ(hc_dm_op(1, 1, 0, 0), -XEN_EFAULT);
    op->op = XEN_DMOP_inject_msi;
    for ( uint64_t size = 0; size < 64; size++ ) {
        buf[0] = (struct xen_dm_op_buf){ GUEST + 0x100, size };
        CHECK_EQ(hc_dm_op(1, 1, GUEST, 0), size < 8 + 16 ? size < 1 ? -XEN_EOPNOTSUPP : -XEN_EFAULT : 0);
    }
    buf[0] = (struct xen_dm_op_buf){ GUEST + 0x100, ~0UL };
    CHECK_EQ(hc_dm_op(1, ~0UL, GUEST, 0), 0);
    buf[0].h = GUEST + sizeof(mem) - 8;
    CHECK_EQ(hc_dm_op(1, 1, GUEST, 0), -XEN_EFAULT);
    op->pad = 1;
    CHECK_EQ(call(1, XEN_DMOP_nr_vcpus), -XEN_EOPNOTSUPP);
    op->pad = 0;
    CHECK_EQ(call(1, 0), -XEN_EOPNOTSUPP);
    CHECK_EQ(call(1, XEN_DMOP_map_mem_type_to_ioreq_server), -XEN_EOPNOTSUPP);
    CHECK_EQ(call(1, XEN_DMOP_set_irq_level), -XEN_EOPNOTSUPP);
    CHECK_EQ(call(1, 21), -XEN_EOPNOTSUPP);
    CHECK_EQ(call(1, ~0U), -XEN_EOPNOTSUPP);
}

TEST(servers)
{
    CHECK_EQ(call(1, XEN_DMOP_create_ioreq_server), 0);
    CHECK_EQ(op->u.create_ioreq_server.id, 5);
    CHECK_EQ(call(1, XEN_DMOP_get_ioreq_server_info), -XEN_EOPNOTSUPP);     /* wants frames of the guest */
    op->u.get_ioreq_server_info.flags = XEN_DMOP_no_gfns;
    CHECK_EQ(call(1, XEN_DMOP_get_ioreq_server_info), 0);
    CHECK_EQ(op->u.get_ioreq_server_info.bufioreq_port, 77);
    answer = -XEN_ENOENT;
    op->u.get_ioreq_server_info.bufioreq_port = 1;
    CHECK_EQ(call(1, XEN_DMOP_get_ioreq_server_info), -XEN_ENOENT);
    CHECK_EQ(op->u.get_ioreq_server_info.bufioreq_port, 1);
}

TEST(dirty_video_memory_is_a_map)
{
    op->u.track_dirty_vram.nr = 1001;
    op->u.track_dirty_vram.first_pfn = 3;
    buf[1] = (struct xen_dm_op_buf){ GUEST + 0x200, 125 };
    CHECK_EQ(call(1, XEN_DMOP_track_dirty_vram), -XEN_EINVAL);
    buf[1].size = 126;
    CHECK_EQ(call(1, XEN_DMOP_track_dirty_vram), 0);
    for ( unsigned int i = 0; i < 126 * 8; i++ )
        CHECK_EQ(mem[0x200 + i / 8] >> i % 8 & 1, i < 1001 && i % 3 == 0);
    CHECK_EQ(mem[0x200 + 126], 0);
    buf[1] = (struct xen_dm_op_buf){ 0, ~0UL };
    CHECK_EQ(call(1, XEN_DMOP_track_dirty_vram), -XEN_EFAULT);
    op->u.track_dirty_vram.nr = ~0U;
    CHECK_EQ(call(1, XEN_DMOP_track_dirty_vram), -XEN_EINVAL);
    op->u.track_dirty_vram.nr = 0;
    CHECK_EQ(call(1, XEN_DMOP_track_dirty_vram), 0);
}

TEST(memory_types_stop_and_go_on)
{
    op->u.set_mem_type = (struct xen_dm_op_set_mem_type){ .nr = 6, .mem_type = HVMMEM_ram_ro, .first_pfn = 1 };
    preempt_in = 3;
    CHECK_EQ(call(1, XEN_DMOP_set_mem_type), -XEN_ERESTART);
    CHECK_EQ(op->u.set_mem_type.nr, 2);
    CHECK_EQ(op->u.set_mem_type.first_pfn, 5);
    CHECK_EQ(call(1, XEN_DMOP_set_mem_type), 0);
    for ( unsigned int i = 0; i < 8; i++ )
        CHECK_EQ(types[i], i >= 1 && i <= 6 ? P2M_RAM_RO : P2M_RAM);
    op->u.set_mem_type = (struct xen_dm_op_set_mem_type){ .nr = 1, .mem_type = HVMMEM_ram_rw, .first_pfn = 9 };
    CHECK_EQ(call(1, XEN_DMOP_set_mem_type), -XEN_EINVAL);
    op->u.set_mem_type = (struct xen_dm_op_set_mem_type){ .nr = 1, .mem_type = HVMMEM_mmio_dm, .first_pfn = 8 };
    CHECK_EQ(call(1, XEN_DMOP_set_mem_type), 0);
    op->u.set_mem_type = (struct xen_dm_op_set_mem_type){ .nr = 2, .first_pfn = BIT(P2M_GFN_BITS) - 1 };
    CHECK_EQ(call(1, XEN_DMOP_set_mem_type), -XEN_EINVAL);
}

TEST(relocation_in_parts)
{
    op->u.relocate_memory = (struct xen_dm_op_relocate_memory){
        .size = 0x10001, .src_gfn = 0x1000, .dst_gfn = 0x90000
    };
    CHECK_EQ(call(1, XEN_DMOP_relocate_memory), -XEN_ERESTART);
    CHECK_EQ(relocated.size, 0xffff);
    CHECK_EQ(op->u.relocate_memory.size, 2);
    CHECK_EQ(call(1, XEN_DMOP_relocate_memory), 0);
    CHECK_EQ(relocated.idx, 0x10fff);
    CHECK_EQ(relocated.gpfn, 0x9ffff);
    CHECK_EQ(relocated.domid, 1);
}

TEST(any_call)
{
    uint64_t seed = 3;

    for ( unsigned int i = 0; i < 300000; i++ ) {
        for ( unsigned int j = 0; j < sizeof(*op); j += 8 ) {
            const uint64_t r = next_random(&seed);
            const uint64_t few = (r >> 40) & 0x1f0f030303030303;
            const uint64_t word = r % 4 == 0 ? 0 : r % 4 == 1 ? r >> 58 : r % 4 == 2 ? few : r;

            memcpy((uint8_t *)op + j, &word, 8);
        }
        op->pad = 0;
        buf[1] = (struct xen_dm_op_buf){ GUEST + next_random(&seed) % 8192, next_random(&seed) >> (i % 64) };
        preempt_in = i % 8;
        answer = i % 3 ? 0 : -XEN_EINVAL;
        (void)call(1, next_random(&seed) % 24);
        CHECK_EQ(refs, 0);
        CHECK_EQ(nr_locks, 0);
    }
    assert_true(nr_done > 10000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TESTS(T(who_and_whom), T(buffers), T(servers), T(dirty_video_memory_is_a_map), T(memory_types_stop_and_go_on),
      T(relocation_in_parts), T(any_call))
