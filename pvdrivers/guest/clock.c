/* SPDX-License-Identifier: MIT */
/* System and wall time from the shared pages. */
#include "clock.h"
#include "event.h"
#include "hypercall.h"
#include "lib.h"

uint64_t clock_tsc(void)
{
    uint32_t lo, hi;

    asm volatile ( "lfence; rdtsc" : "=a" (lo), "=d" (hi) :: "memory" );
    return ((uint64_t)hi << 32) | lo;
}

uint64_t clock_now(void)
{
    const volatile struct vcpu_time_info *t = &event_vcpu()->time;
    uint32_t version;
    uint64_t now;

    do {
        version = t->version & ~1u;
        barrier();

        uint64_t delta = clock_tsc() - t->tsc_timestamp;
        const int8_t shift = t->tsc_shift;

        delta = shift < 0 ? delta >> -shift : delta << shift;
        now = t->system_time + (uint64_t)(((unsigned __int128)delta * t->tsc_to_system_mul) >> 32);
        barrier();
    } while ( t->version != version );
    return now;
}

uint64_t clock_wall(void)
{
    const volatile struct shared_info *s = shared_info;
    uint64_t base;
    uint32_t version;

    do {
        version = s->wc_version & ~1u;
        barrier();
        base = (((uint64_t)s->wc_sec_hi << 32) | s->wc_sec) * 1000000000ull + s->wc_nsec;
        barrier();
    } while ( s->wc_version != version );
    return base + clock_now();
}

long clock_set_timer(uint64_t deadline_ns)
{
    return hc_set_timer_op(deadline_ns);
}

void clock_spin(uint64_t ns)
{
    const uint64_t end = clock_now() + ns;

    while ( clock_now() < end )
        asm volatile ( "pause" );
}
