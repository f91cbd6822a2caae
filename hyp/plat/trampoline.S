/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a started processor begins: real mode, CS:IP = page:0, in a copy of this page below
 * 1 MiB.  smp.c fills the copy's trampoline_args.
 *   in:  nothing
 *   out: trampoline_args.entry called with its stack, long mode, interrupts off
 */
    .section .rodata, "a"
    .balign 16
    .global trampoline_start, trampoline_args, trampoline_end
    .code16
trampoline_start:
    cli
    cld
    mov %cs, %ax
    mov %ax, %ds
    movzwl %ax, %ebx
    shl $4, %ebx                        /* EBX: linear address of this page from here on */
    lgdtl gdt_ptr - trampoline_start
    mov $0x11, %eax                     /* PE, ET; caches on */
    mov %eax, %cr0
    ljmpl *(far32 - trampoline_start)

    .code32
trampoline32:
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $0xa0, %eax                     /* PAE, PGE */
    mov %eax, %cr4
    mov (args_cr3 - trampoline_start)(%ebx), %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx               /* EFER: SCE, LME, NX */
    rdmsr
    or $0x901, %eax
    wrmsr
    mov $0x80010033, %eax               /* PG, WP, NE, ET, MP, PE */
    mov %eax, %cr0
    ljmpl *(far64 - trampoline_start)(%ebx)

    .code64
trampoline64:
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    mov (args_stack - trampoline_start)(%rbx), %rsp
    mov (args_entry - trampoline_start)(%rbx), %rax
    xor %ebp, %ebp
    call *%rax
    ud2

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff            /* 0x08: 32-bit code */
    .quad 0x00cf93000000ffff            /* 0x10: data */
    .quad 0x00af9b000000ffff            /* 0x18: 64-bit code */
gdt_end:

    /* struct trampoline_args of smp.c, which adds the page's address to the relative ones. */
    .balign 8
trampoline_args:
args_entry:     .quad 0
args_stack:     .quad 0
args_cr3:       .long 0
far32:          .long trampoline32 - trampoline_start
                .short 0x08, 0
far64:          .long trampoline64 - trampoline_start
                .short 0x18
gdt_ptr:        .short gdt_end - gdt - 1
                .long gdt - trampoline_start
trampoline_end:
