/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The iret hypercall: goes where the frame says, and makes a hostile frame
 * harmless.  The real Xen forces RPL 3, IF on, and VM, IOPL off (it keeps NT); RIP or
 * SS that cannot be loaded end in the failsafe callback or a #GP, as here.
 */
#include "test.h"

extern const char trap_stubs[];

static struct trap_frame frame;
static uint64_t landed_flags, landed_cs, landed_ss;

/* iret with chosen flags to a label here; returns the flags that arrived. */
static uint64_t flags_after_iret(uint64_t flags, uint64_t cs, uint64_t ss)
{
    uint64_t got;

    asm volatile ( "mov %%rsp, %%rdx\n"
                   "push %[ss]; push %%rdx; push %[fl]; push %[cs]\n"
                   "lea 1f(%%rip), %%rdx; push %%rdx\n"
                   "push $0; push $0; push $0; push $0\n"
                   "mov $23, %%eax; syscall; ud2\n"
                   "1: pushf; pop %[got]; mov %%cs, %[csv]; mov %%ss, %[ssv]; cld\n"
                   : [got] "=&r" (got), [csv] "=m" (landed_cs), [ssv] "=m" (landed_ss)
                   : [ss] "r" (ss), [fl] "r" (flags), [cs] "r" (cs)
                   : "rax", "rcx", "rdx", "r11", "memory", "cc" );
    return got;
}

static bool to_hook(struct trap_frame *f)
{
    frame = *f;
    f->rip = f->r12;
    f->rsp = f->r13;
    f->cs = 0xe030;
    f->ss = 0xe02b;
    f->rflags &= ~0x100ul;
    return true;
}

/* iret to a frame that cannot be loaded; the trap that follows is in "frame". */
static void bad_iret(uint64_t rip, uint64_t cs, uint64_t flags, uint64_t rsp, uint64_t ss)
{
    const uint64_t in[5] = { rip, cs, flags, rsp, ss };

    memset(&frame, 0, sizeof(frame));
    trap_hook = to_hook;
    asm volatile ( "mov %%rsp, %%r13; lea 1f(%%rip), %%r12\n"
                   "push 32(%0); push 24(%0); push 16(%0); push 8(%0); push (%0)\n"
                   "push $0; push $0; push $0; push $0\n"
                   "mov $23, %%eax; syscall; ud2\n"
                   "1:\n"
                   :: "b" (in) : "rax", "rcx", "rdx", "r11", "r12", "r13", "memory", "cc" );
    trap_hook = NULL;
}

void test_main(void)
{
    landed_flags = flags_after_iret(0x202, 0xe030, 0xe02b);
    EQ(landed_flags & 0x3202, 0x202);
    EQ(landed_cs, 0xe033);
    EQ(landed_ss, 0xe02b);

    events_off();
    flags_after_iret(0x202, 0xe030, 0xe02b);
    EQ_ROW("IF in the frame turns events on", event_vcpu()->evtchn_upcall_mask, 0);
    flags_after_iret(0x002, 0xe030, 0xe02b);
    EQ_ROW("IF clear turns events off", event_vcpu()->evtchn_upcall_mask, 1);
    EQ_ROW("real IF stays on", flags_after_iret(0x002, 0xe030, 0xe02b) & 0x200, 0x200);

    EQ_ROW("RPL 0 in SS", flags_after_iret(0x202, 0xe030, 0xe028) & 0x202, 0x202);
    EQ(landed_cs & 3, 3);
    EQ_ROW("IOPL dropped", flags_after_iret(0x3202, 0xe030, 0xe02b) & 0x3000, 0);
    /* NT may stay or go; what counts is that no later iret suffers from it. */
    flags_after_iret(0x4202, 0xe030, 0xe02b);
    EQ_ROW("VM dropped", flags_after_iret(0x20202, 0xe030, 0xe02b) & 0x20000, 0);
    EQ_ROW("AC and ID kept", flags_after_iret(0x240202, 0xe030, 0xe02b) & 0x240000, 0x240000);
    EQ_ROW("arithmetic flags kept", flags_after_iret(0xad7, 0xe030, 0xe02b) & 0x8d5, 0x8d5);
    flags_after_iret(0x202, 0xe030, 0xe02b);

    uint64_t stack = (uint64_t)mem_alloc_page() + 4096;

    bad_iret(0x8000000000000000ul, 0xe030, 0x202, stack, 0xe02b);
    console_printf("non-canonical RIP: vector %lu error %#lx rip %#lx\n", frame.vector,
                   frame.error, frame.rip);
    CHECK(frame.vector == TRAP_GP || frame.vector == TRAP_FAILSAFE);
    bad_iret((uint64_t)trap_stubs, 0x1230, 0x202, stack, 0xe02b);
    console_printf("bad CS: vector %lu error %#lx\n", frame.vector, frame.error);
    CHECK(frame.vector == TRAP_GP || frame.vector == TRAP_FAILSAFE);
    bad_iret((uint64_t)trap_stubs, 0xe030, 0x202, stack, 0x1233);
    console_printf("bad SS: vector %lu error %#lx\n", frame.vector, frame.error);
    CHECK(frame.vector == TRAP_GP || frame.vector == TRAP_FAILSAFE || frame.vector == TRAP_SS);
    EQ(mem_va_to_pfn(mem_root()) < start_info->nr_pages, 1);
}
