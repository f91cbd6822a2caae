/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSR policy: the three bases are the guest's, EFER and APIC_BASE are seen as
 * they should be, and the processor's real controls are neither read nor
 * written.  The real Xen raises #GP for what a guest may not touch.
 */
#include "test.h"

#define MSR_APIC_BASE       0x1b
#define MSR_SYSENTER_CS     0x174
#define MSR_EFER            0xc0000080u
#define MSR_STAR            0xc0000081u
#define MSR_LSTAR           0xc0000082u
#define MSR_FS_BASE         0xc0000100u
#define MSR_GS_BASE         0xc0000101u
#define MSR_KERNEL_GS_BASE  0xc0000102u

static uint64_t rdmsr(uint32_t msr, uint64_t *ex)
{
    uint32_t lo = 0, hi = 0;
    uint64_t bad = 0;

    /* RAX carries both the low half and, after a fault, TRAP_SEEN. */
    asm volatile ( "1: rdmsr\n mov %%eax, %%ebx\n xor %%eax, %%eax\n2:\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (bad), "=b" (lo), "=d" (hi) : "c" (msr), "0" (0ul), "1" (0), "2" (0)
                   : "memory" );
    *ex = bad;
    return ((uint64_t)hi << 32) | lo;
}

static uint64_t wrmsr(uint32_t msr, uint64_t v)
{
    uint64_t bad;

    asm volatile ( "1: wrmsr\n xor %%eax, %%eax\n2:\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (bad) : "c" (msr), "0" (v & 0xffffffff), "d" (v >> 32) : "memory" );
    return bad;
}

static void bases(void)
{
    static const uint32_t base[] = { MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE };
    uint64_t ex;

    for ( unsigned int i = 0; i < ARRAY_SIZE(base); i++ ) {
        EQ(wrmsr(base[i], 0xffff900000001000ul), 0);
        EQ(rdmsr(base[i], &ex), 0xffff900000001000ul);
        EQ(ex, 0);
        EQ_ROW("non-canonical base", wrmsr(base[i], 0x8000000000000000ul), TRAP_SEEN(TRAP_GP, 0));
        EQ(rdmsr(base[i], &ex), 0xffff900000001000ul);
        EQ(wrmsr(base[i], 0), 0);
    }
}

void test_main(void)
{
    uint64_t ex, v;

    bases();
    v = rdmsr(MSR_EFER, &ex);
    EQ(ex, 0);
    EQ_ROW("EFER: long mode on", v & 0x500, 0x500);
    EQ_ROW("EFER: no SVME", v & 0x1000, 0);

    static const uint32_t unknown[] = { 0x12345678, 0xc0011fff, 0x40000001, 0xffffffff };

    for ( unsigned int i = 0; i < ARRAY_SIZE(unknown); i++ ) {
        rdmsr(unknown[i], &ex);
        EQ_ROW("unknown MSR read", ex, TRAP_SEEN(TRAP_GP, 0));
        EQ_ROW("unknown MSR write", wrmsr(unknown[i], 0), TRAP_SEEN(TRAP_GP, 0));
    }

    /* Writes to the real controls must have no effect; a #GP or silence are both fine. */
    static const uint32_t control[] = {
        MSR_LSTAR, MSR_STAR, MSR_SYSENTER_CS, MSR_APIC_BASE, 0x10, 0x277, 0x1d9, 0xc0010117,
        0xc0000084, 0x3a, 0x480, 0xc0000103, 0xda0,
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(control); i++ ) {
        v = rdmsr(control[i], &ex);
        console_printf("msr %#x: read %#lx %s", control[i], v, ex ? "#GP" : "");
        v = wrmsr(control[i], 0x1234);
        console_printf(", write %s\n", v ? "#GP" : "quiet");
    }
    EQ(wrmsr(MSR_EFER, 0), wrmsr(MSR_EFER, 0));
    v = rdmsr(MSR_EFER, &ex);
    EQ_ROW("EFER unchanged", v & 0x500, 0x500);
    CHECK(hc_xen_version(0, 0) > 0);
}
