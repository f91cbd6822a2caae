/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vcpus: 2
 * limit: 30
 *
 * Two vCPUs use the vector registers and yield all the time: neither ever
 * sees the other's values.  Pinned by nobody, on the real Xen too.
 */
#include "test.h"
#include <xenabi/sched.h>

#define ROUNDS 3000

static char stack[SMP_STACK_SIZE] __attribute__((aligned(SMP_STACK_SIZE)));
static volatile unsigned int wrong[2];
static volatile unsigned int done;

/* XMM0 and x87's ST0 carry a value of their own over each yield. */
static void loop(unsigned int id)
{
    const uint64_t mine = 0xabcd000000000000ul + id;

    asm volatile ( "fninit" );
    for ( unsigned int i = 0; i < ROUNDS; i++ ) {
        uint64_t v = mine + i * 2, st;

        asm volatile ( "movq %0, %%xmm0; fildll %1" :: "r" (v), "m" (v) );
        hc_sched_op(SCHEDOP_yield, 0);
        asm volatile ( "movq %%xmm0, %0; fistpll %1" : "=r" (st), "=m" (v) );
        if ( st != mine + i * 2 || v != mine + i * 2 )
            wrong[id]++;
    }
}

static void second(void *arg)
{
    (void)arg;
    loop(1);
    done = 1;
    smp_stop();
}

void test_main(void)
{
    if ( smp_count() < 2 )
        test_error("needs two vCPUs");
    EQ(smp_start(1, second, NULL, stack), 0);
    loop(0);
    const uint64_t limit = clock_now() + 10000000000ul;

    while ( !done && clock_now() < limit )
        hc_sched_op(SCHEDOP_yield, 0);
    EQ(done, 1);
    EQ(wrong[0], 0);
    EQ(wrong[1], 0);
}
