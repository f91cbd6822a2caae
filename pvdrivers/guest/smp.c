/* SPDX-License-Identifier: MIT */
/* Start and stop of secondary vCPUs. */
#include "smp.h"
#include <xenabi/vcpu.h>
#include "hypercall.h"
#include "platform.h"

long smp_start(unsigned int id, void (*fn)(void *), void *arg, void *stack)
{
    *(unsigned int *)stack = id;
    return platform->start_vcpu(id, fn, arg, stack);
}

void smp_stop(void)
{
    for ( ; ; )
        hc_vcpu_op(VCPUOP_down, smp_id(), 0);
}

unsigned int smp_count(void)
{
    unsigned int n = 0;

    while ( n < SMP_MAX && hc_vcpu_op(VCPUOP_is_up, n, 0) >= 0 )
        n++;
    return n;
}
