/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hypercalls of 32-bit code: which there are, registers, and structures made wide and narrow again. */
#include "cm.h"

#include <xenabi/hvm/hvm_op.h>
#include <xenabi/grant_table.h>
#include <xenabi/memory.h>
#include <xenabi/sched.h>
#include <xenabi/vcpu.h>

#include "base/bits.h"
#include "core/guest_access.h"
#include "core/preempt.h"
#include "cpu/pcpu.h"
#include "hcall/hypercall.h"

/* Guest memory from address 0x1000. */
#define GUEST   0x1000UL
static uint8_t mem[4096];
static struct pcpu cpu;
static struct vcpu vcpu;
static int preempt_in;

struct pcpu *this_pcpu(void) { return &cpu; }
void preempt_reset(void) { }
bool preempt_needed(void) { return preempt_in >= 0 && preempt_in-- == 0; }
void hypercall_restart(struct vcpu *v) { assert_int_equal(v->cont_args_set, 0); v->regs.rip -= 2; }

static uint8_t *at(guest_ptr_t va, size_t len)
{
    if ( vcpu.compat_args && range_ok(va - COMPAT_BASE, len, COMPAT_BYTES) )
        return (uint8_t *)vcpu.compat_args + (va - COMPAT_BASE);
    return va >= GUEST && range_ok(va - GUEST, len, sizeof(mem)) ? mem + (va - GUEST) : NULL;
}
bool copy_from_guest(void *dst, guest_ptr_t src, size_t len) { return at(src, len) && memcpy(dst, at(src, len), len); }
bool copy_to_guest(guest_ptr_t dst, const void *src, size_t len)
{
    return at(dst, len) && memcpy(at(dst, len), src, len);
}
bool copy_from_guest_index(void *dst, guest_ptr_t base, uint64_t i, size_t size)
{
    return copy_from_guest(dst, base + i * size, size);
}

/* Handlers, which see what 64-bit code would give them. */
static uint64_t seen[4], pfns[16];
static unsigned int nr_pfns;
static struct xen_add_to_physmap add;
static struct xen_memory_map map;
static struct sched_poll poll;
static long answer;

static long record(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
    const uint64_t a[] = { a1, a2, a3, a4 };

    memcpy(seen, a, sizeof(seen));
    if ( answer == -XEN_ERESTART )
        vcpu.cont_args_set = 1;
    return answer;
}

static long memory_op(uint64_t cmd, uint64_t arg, uint64_t a3, uint64_t a4)
{
    struct xen_memory_reservation r;

    record(cmd, arg, a3, a4);
    switch ( cmd ) {
    case XENMEM_add_to_physmap:
        assert_true(copy_from_guest(&add, arg, sizeof(add)));
        add.idx++;
        assert_true(copy_to_guest(arg, &add, sizeof(add)));
        break;
    case XENMEM_memory_map:
        assert_true(copy_from_guest(&map, arg, sizeof(map)));
        map.nr_entries = 3;
        assert_true(copy_to_guest(arg, &map, sizeof(map)));
        break;
    case XENMEM_populate_physmap:
        assert_true(copy_from_guest(&r, arg, sizeof(r)));
        CHECK_EQ(r.nr_extents, 1);
        CHECK_EQ(r.extent_order, 9);
        CHECK_EQ(r.mem_flags, 5);
        CHECK_EQ(r.domid, DOMID_SELF);
        assert_true(copy_from_guest(&pfns[nr_pfns++], r.extent_start, 8));
        return answer;
    }
    return answer;
}

static long sched_op(uint64_t cmd, uint64_t arg, uint64_t a3, uint64_t a4)
{
    record(cmd, arg, a3, a4);
    if ( cmd == SCHEDOP_poll )
        assert_true(copy_from_guest(&poll, arg, sizeof(poll)));
    return answer;
}

static uint32_t third_arg;
static uint8_t third[64], answer_third[64];
static size_t nr_answer_third;

static long vcpu_op(uint64_t cmd, uint64_t id, uint64_t arg, uint64_t a4)
{
    record(cmd, id, arg, a4);
    if ( vcpu.compat_args )
        assert_true(copy_from_guest(third, arg, 16));
    if ( nr_answer_third )
        assert_true(copy_to_guest(arg, answer_third, nr_answer_third));
    return answer;
}

hypercall_fn *const hypercall_table[XENABI_HYPERCALL_MAX] = {
    [__HYPERVISOR_memory_op] = memory_op, [__HYPERVISOR_sched_op] = sched_op,
    [__HYPERVISOR_xen_version] = record, [__HYPERVISOR_console_io] = record,
    [__HYPERVISOR_event_channel_op] = record, [__HYPERVISOR_hvm_op] = record,
    [__HYPERVISOR_grant_table_op] = record, [__HYPERVISOR_dm_op] = record, [__HYPERVISOR_vcpu_op] = vcpu_op,
    [__HYPERVISOR_vm_assist] = record, [__HYPERVISOR_set_timer_op] = record,
};

static uint32_t call(uint32_t nr, uint32_t a1, uint32_t a2)
{
    vcpu.regs.rip = 0x102;
    vcpu.regs.rax = nr;
    vcpu.regs.rbx = 0xaaaaaaaa00000000 | a1;    /* what stands above is nobody's */
    vcpu.regs.rcx = 0xbbbbbbbb00000000 | a2;
    vcpu.regs.rdx = third_arg ? third_arg : 3; vcpu.regs.rsi = 4; vcpu.regs.rdi = 5; vcpu.regs.rbp = 6;
    hypercall_compat(&vcpu);
    assert_null(vcpu.compat_args);
    return vcpu.regs.rax;
}

static uint32_t call3(uint32_t nr, uint32_t a1, uint32_t a2, uint32_t a3)
{
    third_arg = a3;
    return call(nr, a1, a2);
}

static int setup(void **state)
{
    nr_answer_third = third_arg = 0;
    memset(mem, 0, sizeof(mem));
    memset(seen, 0, sizeof(seen));
    cpu.curr = &vcpu;
    answer = 0;
    preempt_in = -1;
    nr_pfns = 0;
    return 0;
}

TEST(registers_are_32_bits)
{
    static const uint64_t expect[4] = { HVMOP_get_param, 0x1008, 3, 4 };

    answer = -XEN_EPERM;
    CHECK_EQ(call(__HYPERVISOR_hvm_op, HVMOP_get_param, 0x1008), (uint32_t)-XEN_EPERM);
    for ( uint64_t i = 0; i < 4; i++ )
        CHECK_EQ(seen[i], expect[i]);
}

TEST(what_is_not_served_is_enosys)
{
    for ( uint32_t nr = 0; nr < 64; nr++ )
        if ( nr != __HYPERVISOR_sched_op && nr != __HYPERVISOR_xen_version && nr != __HYPERVISOR_console_io &&
             nr != __HYPERVISOR_event_channel_op && nr != __HYPERVISOR_hvm_op && nr != __HYPERVISOR_vcpu_op &&
             nr != __HYPERVISOR_vm_assist && nr != __HYPERVISOR_set_timer_op && nr != __HYPERVISOR_grant_table_op )
            CHECK_EQ(call(nr, 0, 0x1000), (uint32_t)-XEN_ENOSYS);
    for ( uint32_t cmd = 2; cmd < 16; cmd++ )           /* what has no form here */
        if ( cmd != GNTTABOP_query_size && cmd != GNTTABOP_set_version && cmd != GNTTABOP_get_version )
            CHECK_EQ(call(__HYPERVISOR_grant_table_op, cmd, 0x1000), (uint32_t)-XEN_ENOSYS);
    CHECK_EQ(call(~0U, 0, 0), (uint32_t)-XEN_ENOSYS);
    CHECK_EQ(seen[1], 0);
}

TEST(structures_become_wide_and_narrow)
{
    const struct { uint16_t domid, size; uint32_t space, idx, gpfn; } a = { DOMID_SELF, 2, 3, 4, 0xfffff };
    const struct { uint32_t nr, buffer; } m = { 7, 0xdeadbeef };
    const struct { uint32_t ports, nr, timeout[2]; } p = { 0x1234, 1, { 0x89abcdef, 0x1234567 } };
    uint32_t w[4];

    memcpy(mem, &a, sizeof(a));
    CHECK_EQ(call(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, GUEST), 0);
    CHECK_EQ(add.domid, DOMID_SELF);
    CHECK_EQ(add.size, 2);
    CHECK_EQ(add.space, 3);
    CHECK_EQ(add.gpfn, 0xfffff);
    memcpy(w, mem, 16);
    CHECK_EQ(w[2], 5);                          /* progress is written back */
    CHECK_EQ(w[3], 0xfffff);

    memcpy(mem + sizeof(mem) - 8, &m, 8);       /* up to the end of what is there */
    CHECK_EQ(call(__HYPERVISOR_memory_op, XENMEM_memory_map, GUEST + sizeof(mem) - 8), 0);
    CHECK_EQ(map.buffer, 0xdeadbeef);
    memcpy(w, mem + sizeof(mem) - 8, 8);
    CHECK_EQ(w[0], 3);
    CHECK_EQ(w[1], 0xdeadbeef);
    CHECK_EQ(call(__HYPERVISOR_memory_op, XENMEM_memory_map, GUEST + sizeof(mem) - 4), (uint32_t)-XEN_EFAULT);

    memcpy(mem, &p, sizeof(p));
    CHECK_EQ(call(__HYPERVISOR_sched_op, SCHEDOP_poll, GUEST), 0);
    CHECK_EQ(poll.ports, 0x1234);
    CHECK_EQ(poll.nr_ports, 1);
    assert_true(poll.timeout == 0x123456789abcdef);
}

/* A vCPU's structure is the third argument, behind its number. */
TEST(areas_of_vcpus_and_timers)
{
    struct vcpu_register_runstate_memory_area area;
    struct vcpu_runstate_info info;
    uint32_t w[11];

    memset(mem, 0xee, sizeof(mem));
    memcpy(mem + 0x40, &(uint32_t){ 0xc0001234 }, 4);   /* behind it is what the guest left there */
    CHECK_EQ(call3(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 7, GUEST + 0x40), 0);
    CHECK_EQ(seen[0], VCPUOP_register_runstate_memory_area);
    CHECK_EQ(seen[1], 7);
    memcpy(&area, third, sizeof(area));
    CHECK_EQ(area.addr.v, 0xc0001234);

    info = (struct vcpu_runstate_info){ 2, 0x1111111122222222, { 3, 4, 5, 6UL << 32 } };
    memcpy(answer_third, &info, sizeof(info));
    nr_answer_third = sizeof(info);
    CHECK_EQ(call3(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, GUEST + 0x80), 0);
    memcpy(w, mem + 0x80, sizeof(w));
    CHECK_EQ(w[0], 2);
    CHECK_EQ(w[1], 0x22222222);
    CHECK_EQ(w[2], 0x11111111);
    CHECK_EQ(w[3], 3);
    CHECK_EQ(w[10], 6);
    CHECK_EQ(mem[0x80 + sizeof(w)], 0xee);

    nr_answer_third = 0;
    CHECK_EQ(call3(__HYPERVISOR_vcpu_op, VCPUOP_up, 5, 0), 0);
    CHECK_EQ(seen[1], 5);
    call(__HYPERVISOR_set_timer_op, 0x89abcdef, 0x1234567);
    CHECK_EQ(seen[0], 0x123456789abcdef);
}

static void give_extents(uint32_t nr)
{
    const struct { uint32_t start, nr, order, flags; domid_t domid; uint16_t pad; } r = {
        GUEST + 64, nr, 9, 5, DOMID_SELF, 0
    };

    memcpy(mem, &r, sizeof(r));
    for ( uint32_t i = 0; i < 16; i++ )
        memcpy(mem + 64 + i * 4, &(uint32_t){ 0x100 + i }, 4);
}

TEST(extents_one_by_one_and_on_after_a_stop)
{
    uint32_t cmd = XENMEM_populate_physmap;

    give_extents(8);
    answer = 1;
    preempt_in = 2;
    call(__HYPERVISOR_memory_op, cmd, GUEST);
    CHECK_EQ(vcpu.regs.rip, 0x100);
    CHECK_EQ(nr_pfns, 3);
    cmd = vcpu.regs.rbx;
    CHECK_EQ(cmd, XENMEM_populate_physmap | 3 << 6);
    CHECK_EQ(call(__HYPERVISOR_memory_op, cmd, GUEST), 8);
    CHECK_EQ(vcpu.regs.rip, 0x102);
    CHECK_EQ(nr_pfns, 8);
    for ( unsigned int i = 0; i < 8; i++ )
        CHECK_EQ(pfns[i], 0x100 + i);

    answer = 0;                                 /* the first that fails ends it */
    CHECK_EQ(call(__HYPERVISOR_memory_op, XENMEM_populate_physmap | 5 << 6, GUEST), 5);
    answer = -XEN_ERESTART;
    call(__HYPERVISOR_memory_op, XENMEM_populate_physmap, GUEST);
    CHECK_EQ(vcpu.regs.rip, 0x100);
    answer = 1;
    CHECK_EQ(call(__HYPERVISOR_memory_op, XENMEM_populate_physmap, 0xfffffff0), 0);
    give_extents(~0U);
    nr_pfns = 0;
    memcpy(mem, &(uint32_t){ GUEST + sizeof(mem) - 8 }, 4);
    CHECK_EQ(call(__HYPERVISOR_memory_op, XENMEM_populate_physmap, GUEST), 2);
    CHECK_EQ(call(__HYPERVISOR_memory_op, XENMEM_populate_physmap | 0x3ffffffU << 6, GUEST), 0x3ffffff);
}

TEST(restart_repeats_the_instruction)
{
    answer = -XEN_ERESTART;
    call(__HYPERVISOR_event_channel_op, 10, 0x1000);
    CHECK_EQ(vcpu.regs.rip, 0x100);
    CHECK_EQ(vcpu.regs.rax, __HYPERVISOR_event_channel_op);
    CHECK_EQ(vcpu.cont_args_set, 0);
}

#define T(name) cmocka_unit_test_setup(name, setup)
TESTS(T(registers_are_32_bits), T(what_is_not_served_is_enosys), T(structures_become_wide_and_narrow),
      T(areas_of_vcpus_and_timers),
      T(extents_one_by_one_and_on_after_a_stop), T(restart_repeats_the_instruction))
