/* SPDX-License-Identifier: MIT */
/* Routing of exceptions and callbacks; the assembly half is in start.S. */
#include "trap.h"
#include <xenabi/arch-x86.h>
#include <xenabi/callback.h>
#include <xenabi/xen.h>
#include "console.h"
#include "event.h"
#include "hypercall.h"
#include "lib.h"
#include "smp.h"
#include "start.h"
#include <xenabi/sched.h>

#define STUB_BYTES 32

extern const char trap_stubs[], event_stub[], failsafe_stub[], syscall_stub[], int80_stub[];
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
    return shared_info->vcpu_info[smp_id()].arch.cr2;
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

static long register_callback(uint16_t type, const char *stub)
{
    struct callback_register cb = { .type = type, .address = (uint64_t)stub };

    return hc_callback_op(CALLBACKOP_register, HC_PTR(&cb));
}

unsigned int trap_table(struct trap_info *table)
{
    unsigned int n = 0;

    memset(table, 0, TRAP_TABLE_MAX * sizeof(*table));
    for ( unsigned int vec = 0; vec < 32; vec++ ) {
        /* Vectors that the hypervisor keeps for itself, or never delivers. */
        if ( vec == 9 || vec == 15 || (vec >= 20 && vec != 21) )
            continue;
        table[n].vector = vec;
        /* INT3 and INTO may come from user mode. */
        table[n].flags = vec == TRAP_BP || vec == TRAP_OF ? 3 : 0;
        table[n].cs = FLAT_KERNEL_CS;
        table[n++].address = (uint64_t)trap_stubs + vec * STUB_BYTES;
    }
    table[n].vector = TRAP_INT80;
    table[n].flags = 3;
    table[n].cs = FLAT_KERNEL_CS;
    table[n++].address = (uint64_t)int80_stub;
    return n;
}

void trap_init(void)
{
    struct trap_info table[TRAP_TABLE_MAX];

    trap_table(table);
    hc_set_trap_table(HC_PTR(table));
    register_callback(CALLBACKTYPE_event, event_stub);
    register_callback(CALLBACKTYPE_failsafe, failsafe_stub);
    register_callback(CALLBACKTYPE_syscall, syscall_stub);
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
