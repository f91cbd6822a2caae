/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Hyper-V interface: what is offered by which group, pages, time, timers by message, hypercalls. */
#include "cm.h"

#include "base/bits.h"
#include "base/errno.h"
#include "core/p2m.h"
#include "core/sched.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/msr.h"
#include "fake/vclock.h"
#include "hvm/hvm_vcpu.h"
#include "hvm/viridian.h"

#define MS      1000000UL
#define CPUS    3       /* the last is not created */
#define ALL     (HVMPV_feature_mask & ~HVMPV_no_freq)
#define M(x)    (0x40000000U + (x))

static struct hvm_domain hdom;
static struct vcpu vcpus[CPUS];
static struct vcpu *vcpu_list[CPUS];
static struct hvm_vcpu hvcpus[CPUS];
static struct domain dom;
static uint8_t ram[16 * 4096];
static unsigned int nr_flushes, nr_yields, irqs[CPUS][256], code_bytes, apic_written;
static uint64_t apic_value;

struct cpu_features cpu;
bool hvm_read_phys(struct domain *d, uint64_t gpa, void *dst, size_t len)
{
    if ( !range_ok(gpa, len, sizeof(ram)) )
        return false;
    memcpy(dst, ram + gpa, len);
    return true;
}
bool hvm_write_phys(struct domain *d, uint64_t gpa, const void *src, size_t len)
{
    if ( !range_ok(gpa, len, sizeof(ram)) )
        return false;
    memcpy(ram + gpa, src, len);
    return true;
}
void p2m_flush(struct domain *d) { nr_flushes++; }
void sched_yield(struct vcpu *v) { nr_yields++; }
void domain_set_shutdown_code(struct domain *d, unsigned int reason) { d->shutdown_code = reason; }
unsigned int hvm_code_bytes(struct vcpu *v) { return code_bytes; }
uint32_t clock_tsc_khz(void) { return 2500000; }
uint64_t clock_ns_to_tsc(uint64_t ns) { return ns * 5 / 2; }
void hvm_kick(struct vcpu *v) { viridian_deliver(v); }
void vlapic_set_irq(struct vcpu *v, uint8_t vector, bool level)
{
    assert_true(vector >= 16);
    irqs[v->id][vector]++;
}
void vlapic_write(struct vcpu *v, uint32_t offset, uint32_t value)
{
    apic_written = offset;
    apic_value = offset == 0x310 ? (uint64_t)value << 32 : apic_value | value;
}
uint32_t vlapic_read(struct vcpu *v, uint32_t offset) { return offset; }
int vlapic_write_msr(struct vcpu *v, uint32_t msr, uint64_t val) { apic_written = msr; apic_value = val; return 0; }
int vlapic_read_msr(struct vcpu *v, uint32_t msr, uint64_t *val) { *val = msr; return 0; }
uint8_t vlapic_tpr(const struct vcpu *v) { return 0x20; }
void vlapic_set_tpr(struct vcpu *v, uint8_t tpr) { apic_value = tpr; }

static int setup(void **state_)
{
    now = 5000 * MS;
    nr_timers = nr_flushes = nr_yields = apic_written = 0;
    code_bytes = 8;
    memset(ram, 0xee, sizeof(ram));
    memset(irqs, 0, sizeof(irqs));
    memset(&hdom, 0, sizeof(hdom));
    dom = (struct domain){ .id = 1, .max_vcpus = CPUS, .vcpu = vcpu_list, .hvm = &hdom };
    for ( unsigned int i = 0; i < CPUS; i++ ) {
        vcpus[i] = (struct vcpu){ .id = i, .domain = &dom, .hvm = &hvcpus[i] };
        vcpu_list[i] = i < CPUS - 1 ? &vcpus[i] : NULL;
        hvcpus[i].vlapic.base = VLAPIC_DEFAULT_BASE | APIC_BASE_ENABLE;
        hvcpus[i].tsc_offset = 1000;
    }
    return 0;
}

static int enable(uint64_t features)
{
    const int rc = viridian_enable(&dom, features);

    if ( !rc )
        hdom.params[HVM_PARAM_VIRIDIAN] = features;
    return rc;
}

static void stop(void)
{
    for ( unsigned int i = 0; i < CPUS - 1; i++ )
        viridian_stop(&vcpus[i]);
    slab_free(hdom.viridian);
    hdom.viridian = NULL;
}

static int teardown(void **state_)
{
    stop();
    return 0;
}

static uint64_t get(unsigned int v, uint32_t msr)
{
    uint64_t val = 0;

    CHECK_EQ(viridian_read_msr(&vcpus[v], msr, &val), 0);
    return val;
}
static int put(unsigned int v, uint32_t msr, uint64_t val) { return viridian_write_msr(&vcpus[v], msr, val); }

TEST(leaves_follow_the_groups)
{
    struct cpuid_regs r;

    CHECK_EQ(enable(HVMPV_base_freq), 0);
    viridian_cpuid(&dom, 0x40000000, &r);
    CHECK_EQ(r.a, 0x40000006);
    assert_memory_equal(&r.b, "Micr", 4);
    assert_memory_equal(&r.c, "osof", 4);
    assert_memory_equal(&r.d, "t Hv", 4);
    viridian_cpuid(&dom, 0x40000001, &r);
    assert_memory_equal(&r.a, "Hv#1", 4);
    viridian_cpuid(&dom, 0x40000003, &r);
    CHECK_EQ(r.a, BIT(4) | BIT(5) | BIT(6) | BIT(11));
    CHECK_EQ(r.d, BIT(8));
    viridian_cpuid(&dom, 0x40000005, &r);
    CHECK_EQ(r.a, 64);
    viridian_cpuid(&dom, 0x40000007, &r);
    CHECK_EQ(r.a | r.b | r.c | r.d, 0);
    stop();

    CHECK_EQ(enable(HVMPV_feature_mask), 0);
    viridian_cpuid(&dom, 0x40000003, &r);
    CHECK_EQ(r.a, 0x27e);
    CHECK_EQ(r.d, BIT(3) | BIT(10));
    viridian_cpuid(&dom, 0x40000004, &r);
    CHECK_EQ(r.a, BIT(2) | BIT(3) | BIT(5) | BIT(9) | BIT(10));
    CHECK_EQ(enable(HVMPV_base_freq), -XEN_EEXIST);
}

TEST(groups_that_make_no_sense_are_refused)
{
    CHECK_EQ(enable(HVMPV_time_ref_count), -XEN_EINVAL);
    CHECK_EQ(enable(HVMPV_base_freq | 0x2000), -XEN_EINVAL);
    CHECK_EQ(enable(HVMPV_base_freq | HVMPV_stimer), -XEN_EINVAL);
    assert_null(hdom.viridian);
}

TEST(registers_of_groups_that_are_off_fault)
{
    static const uint32_t msrs[] = { 0x20, 0x21, 0x22, 0x23, 0x80, 0x82, 0x83, 0x84, 0x90, 0x9f, 0xb0, 0xb7,
                                     0x100, 0x105 };
    uint64_t val;

    CHECK_EQ(enable(HVMPV_base_freq | HVMPV_no_freq), 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(msrs); i++ ) {
        CHECK_EQ(viridian_read_msr(&vcpus[0], M(msrs[i]), &val), -XEN_EPERM);
        CHECK_EQ(put(0, M(msrs[i]), 0), -XEN_EPERM);
    }
    stop();
    CHECK_EQ(enable(ALL), 0);
    for ( uint32_t m = 0; m < 0x200; m++ )       /* nothing but a fault may come of any */
        for ( unsigned int k = 0; k < 64; k++ ) {
            (void)!viridian_read_msr(&vcpus[0], M(m), &val);
            (void)!put(0, M(m), BIT(k) | k);
        }
    for ( uint32_t m = 3; m < 0x20; m++ )
        CHECK_EQ(viridian_read_msr(&vcpus[0], M(m), &val), -XEN_EPERM);
    CHECK_EQ(put(0, M(2), 1), -XEN_EPERM);
    CHECK_EQ(put(0, M(0x20), 1), -XEN_EPERM);
    CHECK_EQ(put(0, M(0x22), 1), -XEN_EPERM);
    CHECK_EQ(put(0, M(0x81), 1), -XEN_EPERM);
}

TEST(the_hypercall_page_is_written_where_the_guest_says)
{
    CHECK_EQ(enable(ALL), 0);
    CHECK_EQ(put(0, M(1), 0x3001), 0);
    CHECK_EQ(get(0, M(1)), 0x3000);         /* no system has told its name */
    CHECK_EQ(put(0, M(0), 0x8100000000000001), 0);
    CHECK_EQ(put(0, M(1), 0x3001), 0);
    assert_memory_equal(ram + 0x3000, "\x0d\0\0\0\x80\x0f\x01\xc1\xc3\0", 10);
    CHECK_EQ(ram[0x3fff], 0);
    CHECK_EQ(ram[0x4000], 0xee);
    CHECK_EQ(put(0, M(1), 0x100001), -XEN_EPERM);
    CHECK_EQ(get(0, M(1)), 0x3001);
    cpu.is_amd = true;
    CHECK_EQ(put(0, M(1), 0x4003), 0);
    CHECK_EQ(ram[0x4007], 0xd9);
    cpu.is_amd = false;
    CHECK_EQ(put(0, M(1), 0x5001), 0);      /* locked */
    CHECK_EQ(get(0, M(1)), 0x4003);
    CHECK_EQ(put(0, M(0), 0), 0);
    CHECK_EQ(get(0, M(1)) & 1, 0);
}

static uint64_t page_time(uint64_t tsc)
{
    uint64_t scale, offset;

    memcpy(&scale, ram + 0x2008, 8);
    memcpy(&offset, ram + 0x2010, 8);
    return (uint64_t)(((unsigned __int128)tsc * scale) >> 64) + offset;
}

TEST(reference_time_by_register_and_by_page_agree)
{
    CHECK_EQ(enable(ALL), 0);
    now += 123 * MS;
    CHECK_EQ(get(1, M(0x20)), 1230000);
    CHECK_EQ(put(0, M(0x21), 0x2001), 0);
    CHECK_EQ(*(uint32_t *)(ram + 0x2000), 1);
    for ( unsigned int i = 0; i < 1000; i++ ) {
        const uint64_t t = page_time(clock_ns_to_tsc(now) + 1000), ref = get(0, M(0x20));

        assert_true(t + 1 >= ref && t <= ref + 1);
        now += 777777777;
    }
    CHECK_EQ(get(0, M(0x22)), 2500000000UL);
    CHECK_EQ(get(0, M(0x23)), 100000000);
    CHECK_EQ(get(1, M(2)), 1);
}

TEST(the_local_apic_by_register)
{
    CHECK_EQ(enable(ALL), 0);
    CHECK_EQ(put(0, M(0x71), 0x01000000000c4030), 0);
    CHECK_EQ(apic_written, 0x300);
    CHECK_EQ(apic_value, 0x01000000000c4030);
    CHECK_EQ(get(0, M(0x71)), 0x31000000300);
    CHECK_EQ(put(0, M(0x70), 0), 0);
    CHECK_EQ(apic_written, 0xb0);
    CHECK_EQ(put(0, M(0x72), 0x30), 0);
    CHECK_EQ(apic_value, 0x30);
    CHECK_EQ(get(0, M(0x72)), 0x20);
    hvcpus[0].vlapic.base |= APIC_BASE_X2APIC;
    CHECK_EQ(put(0, M(0x71), 0x100000030), 0);
    CHECK_EQ(apic_written, 0x830);
    CHECK_EQ(put(0, M(0x70), 0), 0);
    CHECK_EQ(apic_written, 0xb0);
}

static void synic_on(unsigned int v)
{
    CHECK_EQ(put(v, M(0x83), 0x6001), 0);
    CHECK_EQ(put(v, M(0x80), 1), 0);
    CHECK_EQ(put(v, M(0x93), 0xd1), 0);
}

TEST(interrupts_with_automatic_eoi_are_refused)
{
    CHECK_EQ(enable(ALL), 0);
    CHECK_EQ(get(0, M(0x90)), 0x10000);
    CHECK_EQ(put(0, M(0x93), 0x200d1), -XEN_EPERM);
    CHECK_EQ(put(0, M(0x93), 0x0f), -XEN_EPERM);
    CHECK_EQ(put(0, M(0x93), 0x30000), 0);
    CHECK_EQ(put(0, M(0x93), 0xd1), 0);
    CHECK_EQ(get(0, M(0x93)), 0xd1);
    CHECK_EQ(get(0, M(0x81)), 1);
}

TEST(one_shot_timers_send_a_message)
{
    const uint8_t *slot = ram + 0x6000 + 3 * 256;

    CHECK_EQ(enable(ALL), 0);
    synic_on(1);
    CHECK_EQ(put(1, M(0xb2), 3 << 16 | 8), 0);      /* automatic enable */
    CHECK_EQ(put(1, M(0xb3), get(1, M(0x20)) + 10000), 0);
    CHECK_EQ(get(1, M(0xb2)) & 1, 1);
    run_to(now + MS - 100);
    CHECK_EQ(irqs[1][0xd1], 0);
    run_to(now + 100);
    CHECK_EQ(irqs[1][0xd1], 1);
    CHECK_EQ(get(1, M(0xb2)) & 1, 0);
    CHECK_EQ(*(uint32_t *)slot, 0x80000010);
    CHECK_EQ(slot[4], 24);
    CHECK_EQ(slot[5], 0);
    CHECK_EQ(*(uint32_t *)(slot + 16), 1);
    CHECK_EQ(*(uint64_t *)(slot + 24), 10000);
    CHECK_EQ(*(uint64_t *)(slot + 32), 10000);

    /* The slot is still full: the second waits until the guest asks. */
    CHECK_EQ(put(1, M(0xb3), 1), 0);                /* long ago */
    run_to(now);
    CHECK_EQ(irqs[1][0xd1], 1);
    CHECK_EQ(slot[5], 1);
    memset(ram + 0x6000 + 3 * 256, 0, 4);
    CHECK_EQ(put(1, M(0x84), 0), 0);
    CHECK_EQ(irqs[1][0xd1], 2);
    CHECK_EQ(*(uint32_t *)slot, 0x80000010);
    CHECK_EQ(put(1, M(0xb3), 0), 0);
    CHECK_EQ(get(1, M(0xb2)) & 1, 0);
}

TEST(periodic_timers_keep_going_and_do_not_flood)
{
    uint32_t *const type = (uint32_t *)(ram + 0x6000 + 3 * 256);

    CHECK_EQ(enable(ALL), 0);
    synic_on(0);
    CHECK_EQ(put(0, M(0xb1), 10000), 0);
    CHECK_EQ(put(0, M(0xb0), 3 << 16 | 3), 0);
    for ( unsigned int i = 1; i <= 10; i++ ) {
        run_to(now + MS);
        CHECK_EQ(irqs[0][0xd1], i);
        *type = 0;
    }
    now += 50 * MS;
    run_to(now);
    CHECK_EQ(irqs[0][0xd1], 11);
    CHECK_EQ(put(0, M(0xb1), 1), 0);
    nr_runs = 0;
    run_to(now + 100 * MS);
    assert_in_range(nr_runs, 500, 1001);
    CHECK_EQ(put(0, M(0xb0), 3 << 16 | 2), 0);
    nr_runs = 0;
    run_to(now + 100 * MS);
    CHECK_EQ(nr_runs, 0);
    CHECK_EQ(put(0, M(0xb0), 3), 0);                /* SINT 0: cannot be enabled */
    CHECK_EQ(get(0, M(0xb0)) & 1, 0);
}

static uint64_t call(uint64_t input, uint64_t in)
{
    vcpus[0].regs.rax = VIRIDIAN_HYPERCALL;
    vcpus[0].regs.rcx = input;
    vcpus[0].regs.rdx = in;
    viridian_hypercall(&vcpus[0]);
    return vcpus[0].regs.rax;
}

TEST(hypercalls)
{
    static const uint64_t ipi[2] = { 0x31, ~0UL }, bad[2] = { 15, 1 };

    CHECK_EQ(enable(ALL), 0);
    CHECK_EQ(call(2, 0x1000), 0);
    CHECK_EQ(call(3 | 5UL << 32, 0x1000), 5UL << 32);
    CHECK_EQ(nr_flushes, 2);
    CHECK_EQ(call(8 | BIT(16), 5), 0);
    CHECK_EQ(nr_yields, 1);
    CHECK_EQ(call(0x5c, 0), 2);
    CHECK_EQ(call(0x13, 0), 2);
    memcpy(ram + 0x1ff0, ipi, sizeof(ipi));
    memcpy(ram, bad, sizeof(bad));
    CHECK_EQ(call(0xb, 0x1ff0), 0);
    CHECK_EQ(irqs[0][0x31], 1);
    CHECK_EQ(irqs[1][0x31], 1);
    CHECK_EQ(irqs[2][0x31], 0);
    CHECK_EQ(call(0xb, 0), 5);
    CHECK_EQ(call(0xb, 0x1000000), 5);
    CHECK_EQ(call(0xb, ~7UL), 5);
    vcpus[0].regs.r8 = 2;
    CHECK_EQ(call(0xb | BIT(16), 0x32), 0);
    CHECK_EQ(irqs[1][0x32], 1);
    CHECK_EQ(irqs[0][0x32], 0);

    code_bytes = 4;
    vcpus[0].regs.rax = VIRIDIAN_HYPERCALL | 3;
    vcpus[0].regs.rdx = 7;
    viridian_hypercall(&vcpus[0]);
    CHECK_EQ(vcpus[0].regs.rax, 0);
    CHECK_EQ(vcpus[0].regs.rdx, 7);
    stop();
    CHECK_EQ(enable(HVMPV_base_freq), 0);
    code_bytes = 8;
    CHECK_EQ(call(2, 0x1000), 2);
}

TEST(a_crash_is_told)
{
    CHECK_EQ(enable(ALL), 0);
    CHECK_EQ(get(0, M(0x105)), BIT(63));
    CHECK_EQ(put(0, M(0x104), 99), 0);
    CHECK_EQ(get(0, M(0x104)), 99);
    CHECK_EQ(put(0, M(0x105), BIT(63)), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TESTS(T(leaves_follow_the_groups), T(groups_that_make_no_sense_are_refused),
      T(registers_of_groups_that_are_off_fault), T(the_hypercall_page_is_written_where_the_guest_says),
      T(reference_time_by_register_and_by_page_agree), T(the_local_apic_by_register),
      T(interrupts_with_automatic_eoi_are_refused), T(one_shot_timers_send_a_message),
      T(periodic_timers_keep_going_and_do_not_flood), T(hypercalls), T(a_crash_is_told))
