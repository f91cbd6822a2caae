/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug registers: by hypercall and by emulated MOV.  The real Xen refuses
 * breakpoints on its own addresses (-EPERM), general detect and reserved
 * control bits, and answers -ENODEV
 * for bad numbers.
 */
#include "test.h"

static volatile uint64_t watched;

static bool seen_db(struct trap_frame *f)
{
    return f->vector == TRAP_DB;
}

void test_main(void)
{
    uint64_t v;

    EQ(hc_get_debugreg(7) & 0xff, 0);
    EQ(hc_set_debugreg(0, (uint64_t)&watched), 0);
    EQ(hc_get_debugreg(0), (uint64_t)&watched);
    EQ(hc_set_debugreg(8, 0) < 0, 1);
    EQ(hc_set_debugreg(~0ul, 0) < 0, 1);
    EQ(hc_get_debugreg(8) < 0, 1);
    EQ_ROW("hypervisor's address", hc_set_debugreg(1, 0xffff82d040000000ul), -XEN_EPERM);
    EQ_ROW("non-canonical", hc_set_debugreg(1, 0x8000000000000000ul), -XEN_EPERM);
    EQ_ROW("DR6 high bits", hc_set_debugreg(6, 1ul << 32), -XEN_EINVAL);
    EQ_ROW("DR7 high bits", hc_set_debugreg(7, 1ul << 32), -XEN_EINVAL);

    trap_hook = seen_db;
    trap_count = 0;
    EQ_ROW("watch writes of 8 bytes", hc_set_debugreg(7, 0x90001), 0);
    watched = 1;
    barrier();
    EQ_ROW("one #DB", trap_count, 1);
    EQ(trap_last.vector, TRAP_DB);
    EQ(hc_get_debugreg(6) & 1, 1);
    EQ(hc_set_debugreg(6, 0), 0);
    EQ(hc_set_debugreg(7, 0), 0);
    trap_count = 0;
    watched = 2;
    barrier();
    EQ_ROW("none when off", trap_count, 0);
    trap_hook = NULL;

    asm volatile ( "mov %%db0, %0" : "=r" (v) );
    EQ(v, (uint64_t)&watched);
    asm volatile ( "mov %0, %%db1" :: "r" (0x1000ul) );
    EQ(hc_get_debugreg(1), 0x1000);
    asm volatile ( "mov %%db7, %0" : "=r" (v) );
    EQ(v & 0xff, 0);
}
