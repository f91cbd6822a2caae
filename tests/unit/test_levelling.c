/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID in ring 3: making it fault, or taking features out, on processors that are arrays of MSRs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "cpu/levelling.c"          /* each test begins with its variables as at boot */

#define FEATURES    0xc0011004U
#define EXT         0xc0011005U
#define LEAF7       0xc0011002U

struct cpu_features cpu;
static struct pcpu the_cpu;
static struct { uint32_t msr; uint64_t val; } msrs[4];      /* those that are there */
static unsigned int nr_writes;

struct pcpu *this_pcpu(void) { return &the_cpu; }

static uint64_t *msr_of(uint32_t msr)
{
    for ( size_t i = 0; i < ARRAY_SIZE(msrs); i++ )
        if ( msrs[i].msr == msr )
            return &msrs[i].val;
    return NULL;
}

bool rdmsr_safe(uint32_t msr, uint64_t *val)
{
    if ( msr_of(msr) )
        *val = *msr_of(msr);
    return msr_of(msr);
}

bool wrmsr_safe(uint32_t msr, uint64_t val)
{
    assert_non_null(msr_of(msr));
    *msr_of(msr) = val;
    nr_writes++;
    return true;
}

static const struct cpu_policy guest = {
    .basic = { [0] = { .a = 13 }, [1] = { .c = 0x00000201, .d = 0x07000001 } },
    .feat = { [0] = { .b = 0x00000101 } },
    .ext = { [0] = { .a = 0x80000008 }, [1] = { .c = 0x00000001, .d = 0x20000800 } },
};

static int fresh(void **state)
{
    memset(&the_cpu, 0, sizeof(the_cpu));
    memset(msrs, 0, sizeof(msrs));
    cpu.is_amd = true;
    cpuid_level_caps = fault_msr = 0;
    memset(reset, 0, sizeof(reset));
    nr_writes = 0;
    cpuid_host = guest;
    cpuid_host.basic[1].c = 0x80000fff;
    cpuid_host.basic[1].d = 0x17ffffff;
    cpuid_host.feat[0] = (struct cpuid_regs){ 1, 0x00ffffff, 0, 0 };
    cpuid_host.ext[1].c = 0x000000ff;
    cpuid_host.ext[1].d = 0x2fd3fbff;
    return 0;
}

static void nothing_is_touched_where_there_is_nothing(void **state)
{
    msrs[0].msr = FEATURES;             /* reads as 0, as under an emulator */
    cpuid_level_init();
    assert_int_equal(cpuid_level_caps, 0);
    cpuid_level(&guest);
    cpuid_level(NULL);
    assert_int_equal(nr_writes, 0);
}

/* Without OSXSAVE in the register that CPUID shows; the leaf-7 register is none on this processor. */
static void amd_registers_lose_what_the_policy_lacks(void **state)
{
    msrs[0].msr = FEATURES;
    msrs[0].val = 0x80000fff17fffdff;
    msrs[1].msr = EXT;
    msrs[1].val = 0x000000ff2fd3fbff;
    msrs[2].msr = LEAF7;
    msrs[2].val = 0x1234;
    cpuid_host.basic[1].c |= 1U << 27;
    cpuid_level_init();
    assert_int_equal(cpuid_level_caps, XEN_SYSCTL_CPU_LEVELCAP_ecx | XEN_SYSCTL_CPU_LEVELCAP_edx |
                     XEN_SYSCTL_CPU_LEVELCAP_extd_ecx | XEN_SYSCTL_CPU_LEVELCAP_extd_edx);

    cpuid_level(&guest);
    assert_int_equal(msrs[0].val, 0x0000020107000001);
    assert_int_equal(msrs[1].val, 0x0000000120000800);
    cpuid_level(&guest);
    assert_int_equal(nr_writes, 2);
    cpuid_level(NULL);
    assert_int_equal(msrs[0].val, 0x80000fff17fffdff);
    assert_int_equal(msrs[1].val, 0x000000ff2fd3fbff);
    assert_int_equal(msrs[2].val, 0x1234);
}

static void intel_faults_for_guests_only(void **state)
{
    cpu.is_amd = false;
    msrs[0].msr = MSR_PLATFORM_INFO;
    msrs[0].val = BIT(31);
    msrs[1].msr = MSR_MISC_FEATURES;
    msrs[1].val = 2;
    cpuid_level_init();
    assert_int_equal(cpuid_level_caps, XEN_SYSCTL_CPU_LEVELCAP_faulting);
    cpuid_level(NULL);
    assert_int_equal(nr_writes, 0);
    cpuid_level(&guest);
    assert_int_equal(msrs[1].val, 3);
    cpuid_level(&guest);
    assert_int_equal(nr_writes, 1);
    cpuid_level(NULL);
    assert_int_equal(msrs[1].val, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_touched_where_there_is_nothing, fresh),
        cmocka_unit_test_setup(amd_registers_lose_what_the_policy_lacks, fresh),
        cmocka_unit_test_setup(intel_faults_for_guests_only, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
