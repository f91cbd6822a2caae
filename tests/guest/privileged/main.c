/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Privileged instructions of the kernel: the few that are emulated work, all
 * others are #GP, and none reaches the real processor.  The real Xen shows
 * CR3 as a machine address and drops writes it does not like.
 */
#include "test.h"

#define GP0 TRAP_SEEN(TRAP_GP, 0)

static void control_registers(void)
{
    uint64_t v, ex;

    asm volatile ( "mov %%cr0, %0" : "=r" (v) );
    EQ_ROW("CR0: PE, PG", v & 0x80000001, 0x80000001);
    asm volatile ( "mov %%cr3, %0" : "=r" (v) );
    EQ_ROW("CR3", v >> 12, mem_va_to_mfn(mem_root()));
    asm volatile ( "mov %%cr4, %0" : "=r" (v) );
    EQ_ROW("CR4: PAE", v & 0x20, 0x20);
    asm volatile ( "mov %%cr2, %0" : "=r" (v) );
    try_write((void *)0x123000, 1);
    asm volatile ( "mov %%cr2, %0" : "=r" (v) );
    EQ_ROW("CR2", v, 0x123000);

    /* CR0.TS by CLTS and by MOV; the next FPU use decides. */
    EQ(hc_fpu_taskswitch(1), 0);
    TRY(ex, "fninit");
    EQ_ROW("#NM with TS set", ex, TRAP_SEEN(TRAP_NM, 0));
    TRY(ex, "fninit");
    EQ_ROW("the real Xen clears TS when it delivers #NM", ex, 0);
    EQ(hc_fpu_taskswitch(1), 0);
    asm volatile ( "clts" );
    TRY(ex, "fninit");
    EQ_ROW("after clts", ex, 0);
    asm volatile ( "mov %%cr0, %0" : "=r" (v) );
    TRY(ex, "mov %%rcx, %%cr0", "c" (v | 8));
    EQ_ROW("mov to CR0 with TS", ex, 0);
    TRY(ex, "fninit");
    EQ_ROW("#NM again", ex, TRAP_SEEN(TRAP_NM, 0));
    EQ(hc_fpu_taskswitch(0), 0);
    TRY(ex, "mov %%rcx, %%cr0", "c" (v & ~0x80000000ul));
    EQ_ROW("paging off is refused", ex, GP0);
    TRY(ex, "mov %%rcx, %%cr3", "c" (0x123ul << 12));
    EQ_ROW("a CR3 that is no page table", ex != 0, 1);
    TRY(ex, "mov %%rcx, %%cr8", "c" (0ul));
    EQ_ROW("CR8", ex, GP0);
}

static void others(void)
{
    static uint8_t mem[16];
    uint64_t ex;

    TRY(ex, "lgdt (%%rcx)", "c" (mem));
    EQ_ROW("lgdt", ex, GP0);
    TRY(ex, "lidt (%%rcx)", "c" (mem));
    EQ_ROW("lidt", ex, GP0);
    TRY(ex, "lldt %%cx", "c" (0));
    EQ_ROW("lldt", ex, GP0);
    TRY(ex, "ltr %%cx", "c" (0x28));
    EQ_ROW("ltr", ex, GP0);
    TRY(ex, "lmsw %%cx", "c" (1));
    EQ_ROW("lmsw", ex, GP0);
    TRY(ex, "invd");
    EQ_ROW("invd", ex == 0 || ex == GP0, 1);
    TRY(ex, "wbinvd");
    EQ_ROW("wbinvd", ex == 0 || ex == GP0, 1);
    TRY(ex, "invlpg (%%rcx)", "c" (mem));
    EQ_ROW("invlpg", ex == 0 || ex == GP0, 1);
    TRY(ex, "sysretq");
    EQ_ROW("sysret", ex, GP0);
    TRY(ex, "swapgs");
    EQ_ROW("swapgs", ex, GP0);
}

static void cli_sti(void)
{
    uint64_t ex;

    /* With IOPL 0 these are #GP for ring 3; the real Xen ignores them in the kernel. */
    TRY(ex, "cli");
    EQ_ROW("cli", ex == 0 || ex == GP0, 1);
    TRY(ex, "sti");
    EQ_ROW("sti", ex == 0 || ex == GP0, 1);
}

static void xsetbv(void)
{
    uint64_t cr4, ex, lo, hi;

    asm volatile ( "mov %%cr4, %0" : "=r" (cr4) );
    if ( !(cr4 & (1ul << 18)) ) {
        asm volatile ( "mov %0, %%cr4" :: "r" (cr4 | (1ul << 18)) : "memory" );
        asm volatile ( "mov %%cr4, %0" : "=r" (cr4) );
    }
    if ( !(cr4 & (1ul << 18)) )
        return;
    asm volatile ( "xgetbv" : "=a" (lo), "=d" (hi) : "c" (0) );
    EQ_ROW("x87 on", lo & 1, 1);
    asm volatile ( "1: xsetbv\n xor %%eax, %%eax\n2:\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (ex) : "c" (0), "0" (3ul), "d" (0) : "memory" );
    EQ_ROW("x87 and SSE", ex, 0);
    asm volatile ( "1: xsetbv\n xor %%eax, %%eax\n2:\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (ex) : "c" (0), "0" (0ul), "d" (0) : "memory" );
    EQ_ROW("x87 cannot go", ex, GP0);
    asm volatile ( "1: xsetbv\n xor %%eax, %%eax\n2:\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (ex) : "c" (1), "0" (3ul), "d" (0) : "memory" );
    EQ_ROW("XCR1", ex, GP0);
    asm volatile ( "1: xsetbv\n xor %%eax, %%eax\n2:\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (ex) : "c" (0), "0" (3ul), "d" (0x40000000) : "memory" );
    EQ_ROW("unknown state", ex, GP0);
}

void test_main(void)
{
    control_registers();
    others();
    cli_sti();
    xsetbv();
}
