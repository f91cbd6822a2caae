/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel with a HYPERCALL_PAGE note has that page filled before it starts;
 * entry number n is at byte 32 * n.  The real Xen fills it from the loader.
 */
#include "test.h"
#include <xenabi/elfnote.h>

static char page[4096] __attribute__((aligned(4096), section(".data")));

static const struct __attribute__((packed)) {
    uint32_t namesz, descsz, kind;
    char name[4];
    uint64_t desc;
} note __attribute__((used, aligned(4), section(".note.Xen"))) = {
    4, 8, XEN_ELFNOTE_HYPERCALL_PAGE, "Xen", (uint64_t)page
};

static long call2(unsigned int nr, uint64_t a, uint64_t b)
{
    long rc;
    uint64_t rcx = 0x1234, r11 = 0x5678;

    asm volatile ( "mov %[r11], %%r11; call *%[fn]; mov %%r11, %[r11]"
                   : "=a" (rc), "+c" (rcx), [r11] "+b" (r11)
                   : "D" (a), "S" (b), [fn] "r" (page + nr * 32) : "r11", "memory" );
    EQ(rcx, 0x1234);
    EQ(r11, 0x5678);
    return rc;
}

void test_main(void)
{
    CHECK(page[0] != 0);
    EQ(call2(17, 0, 0), hc_xen_version(0, 0));
    EQ(call2(11, 0, 0), -XEN_ENOSYS);
}
