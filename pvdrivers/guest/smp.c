/* SPDX-License-Identifier: MIT */
/* Start and stop of secondary vCPUs. */
#include "smp.h"
#include <xenabi/arch-x86.h>
#include <xenabi/vcpu.h>
#include "hypercall.h"
#include "lib.h"
#include "mem.h"
#include "trap.h"

extern const char smp_entry[], event_stub[], failsafe_stub[], syscall_stub[];

long smp_start(unsigned int id, void (*fn)(void *), void *arg, void *stack)
{
    static struct vcpu_guest_context c;
    struct trap_info table[TRAP_TABLE_MAX];

    memset(&c, 0, sizeof(c));
    for ( unsigned int i = 0, n = trap_table(table); i < n; i++ )
        c.trap_ctxt[table[i].vector] = table[i];
    *(unsigned int *)stack = id;
    c.flags = VGCF_in_kernel;
    c.user_regs.rip = (uint64_t)smp_entry;
    c.user_regs.rsp = (uint64_t)stack + SMP_STACK_SIZE;
    c.user_regs.rdi = (uint64_t)arg;
    c.user_regs.rsi = (uint64_t)fn;
    c.user_regs.cs = FLAT_KERNEL_CS;
    c.user_regs.ss = FLAT_KERNEL_SS;
    c.user_regs.rflags = 1u << 9;
    c.kernel_ss = FLAT_KERNEL_SS;
    c.kernel_sp = (uint64_t)stack + SMP_STACK_SIZE;
    c.ctrlreg[3] = mem_va_to_mfn(mem_root()) << 12;
    c.event_callback_eip = (uint64_t)event_stub;
    c.failsafe_callback_eip = (uint64_t)failsafe_stub;
    c.syscall_callback_eip = (uint64_t)syscall_stub;

    const long rc = hc_vcpu_op(VCPUOP_initialise, id, HC_PTR(&c));

    return rc ? rc : hc_vcpu_op(VCPUOP_up, id, 0);
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
