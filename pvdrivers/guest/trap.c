/* SPDX-License-Identifier: MIT */
/* Routing of exceptions and callbacks; the assembly half is in trap.S. */
#include "trap.h"
#include <xenabi/arch-x86.h>
#include <xenabi/xen.h>
#include "console.h"
#include "event.h"
#include "hypercall.h"
#include "lib.h"
#include "platform.h"
#include "smp.h"
#include "start.h"
#include <xenabi/sched.h>

void trap_dispatch(struct trap_frame *f);
void trap_enter_user(struct trap_frame *f, uint64_t *save_sp);
void __attribute__((noreturn)) trap_leave_user(uint64_t sp);

struct extable_entry {
    uint64_t insn, fixup;
};
extern const struct extable_entry extable_start[], extable_end[];

bool (*trap_hook)(struct trap_frame *f);
void (*trap_syscall)(struct trap_frame *f);
struct trap_frame trap_last;
volatile unsigned int trap_count;

static struct trap_frame user_frame;
static uint64_t user_save_sp;       /* not 0: user mode is running under trap_run_user */
/* Of the size and alignment that smp_id wants; user mode is for vCPU 0. */
static char user_trap_stack[SMP_STACK_SIZE] __attribute__((aligned(SMP_STACK_SIZE)));

uint64_t trap_cr2(void)
{
    return platform->fault_address();
}

static bool fixed_up(struct trap_frame *f)
{
    for ( const struct extable_entry *e = extable_start; e < extable_end; e++ ) {
        if ( e->insn == f->rip ) {
            f->rip = e->fixup;
            f->rax = TRAP_SEEN(f->vector, f->error);
            return true;
        }
    }
    return false;
}

static void __attribute__((noreturn)) unexpected(const struct trap_frame *f)
{
    console_printf("guest: unexpected trap %lu error %#lx at %#lx, rsp %#lx, cr2 %#lx\n",
                   f->vector, f->error, f->rip, f->rsp, f->vector == TRAP_PF ? trap_cr2() : 0);
    guest_shutdown(SHUTDOWN_crash);
}

void trap_dispatch(struct trap_frame *f)
{
    if ( f->vector == TRAP_EVENT ) {
        event_upcall();
        return;
    }
    trap_last = *f;
    trap_count++;
    if ( (f->cs & 3) == 3 && user_save_sp ) {
        const uint64_t sp = user_save_sp;

        user_frame = *f;
        user_save_sp = 0;
        trap_leave_user(sp);
    }
    if ( f->vector == TRAP_SYSCALL && trap_syscall ) {
        trap_syscall(f);
        return;
    }
    if ( f->vector < 32 && fixed_up(f) )
        return;
    if ( trap_hook && trap_hook(f) )
        return;
    unexpected(f);
}

void trap_init(void)
{
    platform->traps();
}

struct trap_frame *trap_run_user(struct trap_frame *f)
{
    hc_stack_switch(FLAT_KERNEL_SS, (uint64_t)user_trap_stack + SMP_STACK_SIZE);
    user_frame = *f;
    trap_enter_user(&user_frame, &user_save_sp);
    return &user_frame;
}

uint64_t try_read(const void *va, uint64_t *value)
{
    uint64_t ex, v = 0;

    asm volatile ( "1: mov (%2), %1\n2:\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (ex), "+r" (v) : "r" (va), "0" (0ul) : "memory" );
    *value = v;
    return ex;
}

uint64_t try_write(void *va, uint64_t value)
{
    uint64_t ex;

    TRY(ex, "mov %[val], (%[va])", [val] "r" (value), [va] "r" (va));
    return ex;
}
