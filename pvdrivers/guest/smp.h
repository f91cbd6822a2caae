/* SPDX-License-Identifier: MIT */
/* Several virtual CPUs.  Each has a 16 KiB stack whose lowest word is its number. */
#ifndef GUEST_SMP_H
#define GUEST_SMP_H

#include <stdint.h>

#define SMP_STACK_SIZE 16384ul
#define SMP_MAX        32               /* as many as shared_info has room for */

/* Number of the vCPU that runs this. */
static inline unsigned int smp_id(void)
{
    uint64_t sp;

    asm volatile ( "mov %%rsp, %0" : "=r" (sp) );
    return *(unsigned int *)(sp & ~(SMP_STACK_SIZE - 1));
}

/*
 * Start vCPU @id in @fn(@arg), events off, same trap handlers and page tables.
 * @fn must not return.  @stack: SMP_STACK_SIZE bytes, aligned to that.
 * 0 or -XEN_E* of VCPUOP_initialise or VCPUOP_up.
 */
long smp_start(unsigned int id, void (*fn)(void *), void *arg, void *stack);
void __attribute__((noreturn)) smp_stop(void);      /* this vCPU takes itself down */
unsigned int smp_count(void);                       /* vCPUs the domain may have */

#endif
