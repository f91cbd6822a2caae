/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domU: no
 *
 * The end of the control domain ends the machine: power-off by default, the
 * reason by argument (reason=1 reboots, 3 crashes).  On the real Xen too.
 *
 * run: reason=0
 * run: reason=1
 * run: reason=3
 */
#include "test.h"
#include <xenabi/sched.h>

void test_main(void)
{
    struct sched_shutdown op = { .reason = test_option("reason", SHUTDOWN_poweroff) };

    console_printf("RESULT: success if the domain ends here\n");
    hc_sched_op(SCHEDOP_shutdown, HC_PTR(&op));
    EQ_ROW("still here", 1, 0);
}
