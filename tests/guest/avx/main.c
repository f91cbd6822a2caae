/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vcpus: 2
 * limit: 30
 *
 * AVX state: once the guest turned it on in XCR0, the upper halves of the YMM registers
 * are a vCPU's own over switches, as fpu-switch shows for the lower ones; and a vCPU
 * that never used them starts with zeros.
 */
#include "test.h"
#include <xenabi/sched.h>

#define ROUNDS 2000

static char stack[SMP_STACK_SIZE] __attribute__((aligned(SMP_STACK_SIZE)));
static volatile unsigned int wrong[2], done, dirty_start;

static void cpuid(uint32_t leaf, uint32_t *a, uint32_t *c)
{
    uint32_t b, d;

    /* The forced-emulation prefix: what the hypervisor says, not the processor. */
    asm volatile ( "ud2a; .ascii \"xen\"; cpuid"
                   : "=a" (*a), "=b" (b), "=c" (*c), "=d" (d) : "0" (leaf), "2" (0) );
}

static void avx_on(void)
{
    uint64_t cr4;

    asm volatile ( "mov %%cr4, %0" : "=r" (cr4) );
    asm volatile ( "mov %0, %%cr4" :: "r" (cr4 | (1ul << 18)) : "memory" );
    asm volatile ( "xsetbv" :: "c" (0), "a" (7), "d" (0) );
}

static void ymm_get(uint64_t v[4]) { asm volatile ( "vmovdqu %%ymm7, (%0)" :: "r" (v) : "memory" ); }
static void ymm_set(const uint64_t v[4]) { asm volatile ( "vmovdqu (%0), %%ymm7" :: "r" (v) : "memory" ); }

static void loop(unsigned int id)
{
    uint64_t v[4], got[4];

    for ( unsigned int i = 0; i < ROUNDS; i++ ) {
        for ( unsigned int j = 0; j < 4; j++ )
            v[j] = (uint64_t)(id + 1) << 60 | (uint64_t)i << 8 | j;
        ymm_set(v);
        hc_sched_op(SCHEDOP_yield, 0);
        ymm_get(got);
        if ( memcmp(v, got, sizeof(v)) )
            wrong[id]++;
    }
}

static void second(void *arg)
{
    uint64_t v[4];

    (void)arg;
    avx_on();
    ymm_get(v);
    dirty_start = (v[0] | v[1] | v[2] | v[3]) != 0;
    loop(1);
    done = 1;
    smp_stop();
}

void test_main(void)
{
    uint32_t a, c;

    if ( smp_count() < 2 )
        test_error("needs two vCPUs");
    cpuid(1, &a, &c);
    if ( !(c >> 26 & 1) || !(c >> 28 & 1) )
        test_skip("no AVX is offered");
    avx_on();
    ymm_set((const uint64_t[]){ ~0ul, ~0ul, ~0ul, ~0ul });
    EQ(smp_start(1, second, NULL, stack), 0);
    loop(0);
    const uint64_t limit = clock_now() + 10000000000ul;

    while ( !done && clock_now() < limit )
        hc_sched_op(SCHEDOP_yield, 0);
    EQ(done, 1);
    EQ(dirty_start, 0);
    EQ(wrong[0], 0);
    EQ(wrong[1], 0);
}
