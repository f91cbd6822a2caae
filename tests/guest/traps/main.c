/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each exception reaches the handler of the trap table with the processor's
 * own frame: fault or trap RIP, error code, CR2, kernel mode as RPL 0 in CS.
 * The real Xen shows a page fault of the kernel, which runs in ring 3, with
 * the user bit of its error code clear.  Not here: INT n through a gate of DPL
 * 0, whose #GP has a wrong error code in QEMU 7.2 (vector * 16 in long mode).
 */
#include "test.h"

static uint64_t ex;
static unsigned int unaligned_storage[4];

static void simple(void)
{
    asm volatile ( "xor %%edx, %%edx; xor %%ecx, %%ecx; xor %%eax, %%eax\n"
                   "1: div %%ecx\n2:\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (ex) :: "rcx", "rdx" );
    EQ_ROW("#DE", ex, TRAP_SEEN(TRAP_DE, 0));

    TRY(ex, "ud2");
    EQ_ROW("#UD", ex, TRAP_SEEN(TRAP_UD, 0));
    TRY(ex, "hlt");
    EQ_ROW("hlt", ex, TRAP_SEEN(TRAP_GP, 0));
    TRY(ex, "mov %%ecx, %%ss", "c" (0x1234 & ~3));
    EQ_ROW("bad SS", ex, TRAP_SEEN(TRAP_GP, 0x1234 & ~3));
    TRY(ex, "mov %%ecx, %%ds", "c" (0xfff8));
    EQ_ROW("bad DS", ex, TRAP_SEEN(TRAP_GP, 0xfff8));
    TRY(ex, "mov (%%rcx), %%dl", "c" (0x8000000000000000ul));
    EQ_ROW("non-canonical read", ex, TRAP_SEEN(TRAP_GP, 0));
}

static void stack_segment(void)
{
    asm volatile ( "mov %%rbp, %%rdx; mov %%rcx, %%rbp\n"
                   "1: mov (%%rbp), %%cl\n2: mov %%rdx, %%rbp\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (ex) : "0" (0ul), "c" (0x8000000000000000ul) : "rdx" );
    /* The emulator raises #GP where a processor raises #SS. */
    CHECK(ex == TRAP_SEEN(TRAP_SS, 0) || ex == TRAP_SEEN(TRAP_GP, 0));
}

static bool step_over(struct trap_frame *f)
{
    return f->vector == TRAP_BP || f->vector == TRAP_DB || f->vector == TRAP_INT80;
}

static void traps_not_faults(void)
{
    uint64_t after;

    trap_hook = step_over;
    asm volatile ( "int3; 1: lea 1b(%%rip), %0" : "=r" (after) :: "memory" );
    EQ_ROW("#BP vector", trap_last.vector, TRAP_BP);
    EQ_ROW("#BP RIP is after the instruction", trap_last.rip, after);
    EQ_ROW("#BP CS shows kernel mode", trap_last.cs & 0xffff, 0xe030);

    asm volatile ( "int $0x80; 1: lea 1b(%%rip), %0" : "=r" (after) :: "memory" );
    EQ_ROW("int 0x80 vector", trap_last.vector, TRAP_INT80);
    EQ_ROW("int 0x80 RIP", trap_last.rip, after);

    /* Single step: one #DB after the instruction that follows POPF. */
    asm volatile ( "pushf; orl $0x100, (%%rsp); popf; nop; 1: lea 1b(%%rip), %0\n"
                   "pushf; andl $~0x100, (%%rsp); popf" : "=r" (after) :: "cc", "memory" );
    EQ_ROW("#DB vector", trap_last.vector, TRAP_DB);
    trap_hook = NULL;
}

static void alignment(void)
{
    uint64_t seen;

    /* In ring 3, EFLAGS.AC counts if CR0.AM is on: the real Xen has it on. */
    asm volatile ( "pushf; orl $0x40000, (%%rsp); popf\n"
                   "1: mov 1(%%rcx), %%edx\n"
                   "2: pushf; andl $~0x40000, (%%rsp); popf\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (seen) : "0" (0ul), "c" (unaligned_storage) : "rdx", "memory", "cc" );
    /* The emulator knows no #AC. */
    CHECK(seen == TRAP_SEEN(TRAP_AC, 0) || seen == 0);
}

static void page_faults(void)
{
    uint64_t v;
    void *ro = mem_alloc_page();

    EQ(try_read((void *)HOLE_PTR, &v), TRAP_SEEN(TRAP_PF, 0));
    EQ(trap_cr2(), HOLE_PTR);
    EQ(try_write((void *)(HOLE_PTR + 8), 1), TRAP_SEEN(TRAP_PF, 2));
    EQ(trap_cr2(), HOLE_PTR + 8);
    EQ(mem_make_readonly(ro), 0);
    EQ(try_read(ro, &v), 0);
    EQ(try_write(ro, 1), TRAP_SEEN(TRAP_PF, 3));
    EQ(trap_cr2(), (uint64_t)ro);
}

static uint64_t resume_at;

static bool redirect(struct trap_frame *f)
{
    f->rip = resume_at;
    return true;
}

static void execute_fault(void)
{
    void *nx = mem_alloc_page();

    *(uint8_t *)nx = 0xc3;
    EQ(mem_set_va(nx, mem_make_pte(mem_va_to_mfn(nx), PTE_RW_PAGE | PTE_NX)), 0);
    trap_hook = redirect;
    asm volatile ( "lea 1f(%%rip), %%rdx; mov %%rdx, %0; jmp *%1; 1:"
                   : "=m" (resume_at) : "r" (nx) : "rdx", "memory" );
    trap_hook = NULL;
    EQ_ROW("fetch from NX", TRAP_SEEN(trap_last.vector, trap_last.error),
           TRAP_SEEN(TRAP_PF, 0x11));
    EQ_ROW("fetch RIP", trap_last.rip, nx);
    EQ(trap_cr2(), (uint64_t)nx);

    trap_hook = redirect;
    asm volatile ( "lea 1f(%%rip), %%rdx; mov %%rdx, %0; jmp *%1; 1:"
                   : "=m" (resume_at) : "r" (HOLE_PTR) : "rdx", "memory" );
    trap_hook = NULL;
    EQ_ROW("fetch from a hole", TRAP_SEEN(trap_last.vector, trap_last.error),
           TRAP_SEEN(TRAP_PF, 0x10));
}

static void hypervisor_addresses(void)
{
    uint64_t v;

    EQ(try_read((void *)M2P_BASE, &v), 0);
    EQ_ROW("write M2P", try_write((void *)M2P_BASE, 1), TRAP_SEEN(TRAP_PF, 3));
    EQ_ROW("read hypervisor", try_read((void *)0xffff82d040000000ul, &v) >> 16,
           TRAP_SEEN(TRAP_PF, 0) >> 16);
    EQ_ROW("write hypervisor", try_write((void *)0xffff82d040000000ul, 1) >> 16,
           TRAP_SEEN(TRAP_PF, 0) >> 16);
    EQ_ROW("read direct map", try_read((void *)0xffff830000000000ul, &v) >> 16,
           TRAP_SEEN(TRAP_PF, 0) >> 16);
}

void test_main(void)
{
    simple();
    stack_segment();
    traps_not_faults();
    alignment();
    page_faults();
    execute_fault();
    hypervisor_addresses();
}
