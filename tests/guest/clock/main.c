/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PV clock never steps back, over many hypercalls and a second of time;
 * the wall clock is plausible.  The same on the real Xen.
 * timing: 1
 * pvh: yes
 */
#include "test.h"
#include <xenabi/sched.h>

void test_main(void)
{
    const struct vcpu_time_info *t = &event_vcpu()->time;
    uint64_t last = clock_now(), back = 0;
    const uint64_t start = last, tsc = clock_tsc();

    CHECK(start > 0);
    CHECK((t->version & 1) == 0);
    CHECK(t->tsc_to_system_mul != 0);
    while ( last < start + 1200000000ul ) {
        const uint64_t now = clock_now();

        back += now < last;
        last = now;
        if ( (now & 0xff) == 0 )
            hc_sched_op(SCHEDOP_yield, 0);
    }
    EQ_ROW("steps back", back, 0);
    CHECK(clock_tsc() > tsc);
    console_printf("wall %lu s, system %lu ns\n", clock_wall() / 1000000000, clock_now());
    CHECK(clock_wall() / 1000000000 > 1600000000ul);
    CHECK(shared_info->wc_version != 0 || shared_info->wc_sec != 0);
}
