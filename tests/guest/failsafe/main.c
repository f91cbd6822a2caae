/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vcpus: 2
 * limit: 30
 *
 * A selector that was loaded and whose descriptor went away: when the vCPU is switched
 * back to, the hypervisor cannot load it, calls the failsafe callback, and the
 * register is null.  (The real Xen the same.)  stack=1: there is no room for that frame
 * either, which ends the domain and nothing else.  The stack goes before the descriptor
 * does: a switch between the two would deliver the callback where there still is room.
 *
 * run: stack=0
 * run: stack=1
 */
#include "test.h"
#include <xenabi/sched.h>

#define DATA3 0x00cff3000000ffffull

static char stack[SMP_STACK_SIZE] __attribute__((aligned(SMP_STACK_SIZE)));
static volatile unsigned int calls, stop, stopped;

static bool on_failsafe(struct trap_frame *f)
{
    if ( f->vector != TRAP_FAILSAFE )
        return false;
    if ( test_option("stack", 0) )
        test_error("the failsafe callback was called without a stack");
    calls++;
    asm volatile ( "mov %0, %%es" :: "r" (0) );
    return true;
}

/* Takes turns with the first vCPU on the processor, with an ES of its own. */
static void second(void *arg)
{
    (void)arg;
    asm volatile ( "mov %0, %%es" :: "r" (0xe02b) );
    while ( !stop )
        hc_sched_op(SCHEDOP_yield, 0);
    stopped = 1;
    smp_stop();
}

/* Drops the stack, then the descriptor at @maddr, then yields for ever. */
static void without_stack(uint64_t maddr)
{
    asm volatile ( "mov %0, %%rsp\n"
                   "mov %1, %%eax\n"
                   "syscall\n"
                   "1: mov %2, %%eax\n"
                   "xor %%edi, %%edi\n"
                   "xor %%esi, %%esi\n"
                   "syscall\n"
                   "jmp 1b"
                   :: "r" (HOLE_PTR), "i" (__HYPERVISOR_update_descriptor),
                      "i" (__HYPERVISOR_sched_op), "D" (maddr), "S" (0L) : "memory" );
    __builtin_unreachable();
}

void test_main(void)
{
    uint64_t *gdt = mem_alloc_page();
    uint64_t f[16] = { mem_va_to_mfn(gdt) };
    const uint64_t limit = clock_now() + 10000000000ul;

    if ( smp_count() < 2 )
        test_error("needs two vCPUs");
    if ( guest_is_dom0() )
        test_skip("the control domain's vCPUs have a processor each");
    trap_hook = on_failsafe;
    gdt[1] = DATA3;
    EQ(mem_make_readonly(gdt), 0);
    EQ(hc_set_gdt(HC_PTR(f), 512), 0);
    EQ(smp_start(1, second, NULL, stack), 0);
    asm volatile ( "mov %0, %%es" :: "r" (0x0b) );
    if ( test_option("stack", 0) ) {
        console_printf("RESULT: success if the domain ends here\n");
        without_stack((f[0] << 12) + 8);
    }
    EQ(hc_update_descriptor((f[0] << 12) + 8, 0), 0);
    while ( !calls && clock_now() < limit )
        hc_sched_op(SCHEDOP_yield, 0);
    EQ_ROW("called once", calls, 1);

    uint16_t es;

    asm volatile ( "mov %%es, %0" : "=r" (es) );
    EQ(es, 0);
    stop = 1;
    while ( !stopped && clock_now() < limit )
        hc_sched_op(SCHEDOP_yield, 0);
    EQ_ROW("and not again", calls, 1);
}
