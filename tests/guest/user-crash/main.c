/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that goes to user mode without user page tables, or whose kernel
 * stack is not there when a trap comes, ends: the domain alone, with a line
 * in the log.  The real Xen crashes the domain.  how=0, 1, 2 chooses.
 *
 * run: how=0
 * run: how=1
 * run: how=2
 */
#include "test.h"

void test_main(void)
{
    struct trap_frame f = { .rip = 0x400000, .cs = 0xe033, .ss = 0xe02b, .rsp = 0x500000,
                            .rflags = 0x202 };

    console_printf("RESULT: success if the domain ends here\n");
    switch ( test_option("how", 0) ) {
    case 0:
        trap_run_user(&f);
        break;
    case 1:
        asm volatile ( "mov %0, %%rsp; ud2" :: "r" (HOLE_PTR) );
        break;
    case 2:
        asm volatile ( "mov %0, %%rsp; ud2" :: "r" (0xffff82d040000000ul) );
        break;
    }
    EQ_ROW("still here", 1, 0);
}
