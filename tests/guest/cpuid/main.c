/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID by the forced-emulation prefix, and the hypervisor's own leaves.
 * The real Xen shows a PV kernel no paging feature that it cannot use.
 */
#include "test.h"
#include <xenabi/arch-x86.h>

struct leaf {
    uint32_t a, b, c, d;
};

static struct leaf cpuid(uint32_t leaf, uint32_t sub)
{
    struct leaf r = { .a = leaf, .c = sub };

    asm volatile ( XEN_CPUID : "+a" (r.a), "=b" (r.b), "+c" (r.c), "=d" (r.d) );
    return r;
}

static void basic(void)
{
    const struct leaf l0 = cpuid(0, 0), l1 = cpuid(1, 0), e1 = cpuid(0x80000001, 0);

    CHECK(l0.a >= 1);
    CHECK(l0.b != 0);
    CHECK(l1.d & (1u << 0));            /* FPU */
    CHECK(l1.d & (1u << 5));            /* MSR */
    CHECK(l1.d & (1u << 6));            /* PAE */
    CHECK(l1.d & (1u << 26));           /* SSE2 */
    CHECK(!(l1.d & (1u << 1)));         /* no VME */
    CHECK(!(l1.d & (1u << 3)));         /* no PSE */
    CHECK(!(l1.d & (1u << 13)));        /* no PGE */
    CHECK(!(l1.d & (1u << 17)));        /* no PSE36 */
    CHECK(!(l1.c & (1u << 5)));         /* no VMX */
    CHECK(!(l1.c & (1u << 17)));        /* no PCID */
    CHECK(l1.c & (1u << 31));           /* under a hypervisor */
    CHECK(e1.d & (1u << 29));           /* long mode */
    CHECK(e1.d & (1u << 11));           /* SYSCALL */
    CHECK(e1.d & (1u << 20));           /* NX */
    CHECK(!(e1.d & (1u << 26)));        /* no 1 GiB pages */
    CHECK(!(e1.c & (1u << 2)));         /* no SVM */
    if ( l0.a >= 7 ) {
        const struct leaf l7 = cpuid(7, 0);

        CHECK(!(l7.b & (1u << 7)));     /* no SMEP */
        CHECK(!(l7.b & (1u << 20)));    /* no SMAP */
        CHECK(!(l7.b & (1u << 10)));    /* no INVPCID */
        CHECK(!(l7.c & (1u << 2)));     /* no UMIP */
    }
}

static void hypervisor_leaves(void)
{
    const struct leaf sig = cpuid(0x40000000, 0), ver = cpuid(0x40000001, 0);
    const struct leaf page = cpuid(0x40000002, 0), five = cpuid(0x40000005, 0);

    console_printf("leaves up to %#x; +2 %#x %#x %#x; +5 %#x %#x\n", sig.a, page.a, page.b, page.c,
                   five.a, five.b);
    EQ(sig.b, XEN_CPUID_SIGNATURE_EBX);
    EQ(sig.c, XEN_CPUID_SIGNATURE_ECX);
    EQ(sig.d, XEN_CPUID_SIGNATURE_EDX);
    CHECK(sig.a >= 0x40000002 && sig.a < 0x40000100);
    EQ(ver.a, (4 << 16) | 17);
    EQ(page.a, 1);
    CHECK((page.b & 0xffff0000) == 0x40000000);
    EQ(cpuid(0x40000004, 0).a, 0);
    if ( sig.a >= 0x40000005 )
        CHECK((five.b & 0xff) >= 20 && (five.b & 0xff) <= 52);
}

static void native(void)
{
    uint32_t a = 0x40000000, b, c = 0, d;

    /* A hypervisor that can make CPUID fault shows its own leaves here too. */
    asm volatile ( "cpuid" : "+a" (a), "=b" (b), "+c" (c), "=d" (d) );
    a = 1;
    c = 0;
    asm volatile ( "cpuid" : "+a" (a), "=b" (b), "+c" (c), "=d" (d) );
    CHECK(d & 1);
}

static void other_leaves(void)
{
    /* Leaves beyond the highest: whatever comes, no fault, and no VMX or SVM data. */
    for ( uint32_t l = 0; l < 64; l++ )
        cpuid(l, 0);
    for ( uint32_t l = 0x80000000; l < 0x80000040; l++ )
        cpuid(l, 0);
    const struct leaf svm = cpuid(0x8000000a, 0);

    EQ(svm.a | svm.d, 0);
    EQ(cpuid(0x50000000, 0).a, 0);
}

void test_main(void)
{
    basic();
    hypervisor_leaves();
    native();
    other_leaves();
}
