/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest hardware guest: from PVH's 32-bit entry into long mode, a hypercall page, a line of
 * text, CPUID, an exception, a timer interrupt of the local APIC that ends HLT, registers, an interrupt
 * that waits for CR8, a second CPU, and off.  Each step says so on the hypervisor's console: "pvh: ...".
 * It powers off if all went well, else crashes.
 */
#include <xen/elfnote.h>

#define HC_XEN_VERSION  17      /* __HYPERVISOR_xen_version */
#define HC_CONSOLE_IO   18      /* __HYPERVISOR_console_io */
#define HC_SCHED_OP     29      /* __HYPERVISOR_sched_op */
#define OP_SHUTDOWN     2       /* SCHEDOP_shutdown */
#define APIC            0xfee00000
#define VECTOR          0x40
#define LOW_GFN         8       /* a page of memory for real mode */
#define OTHER_APIC      2       /* of vCPU 1 */

#ifndef AFTER_TESTS
#define AFTER_TESTS     jmp     3f
#endif

        .macro  say text
        leaq    9f(%rip), %rdx
        movl    $(8f - 9f), %esi
        call    print
        .pushsection .rodata
9:      .ascii  "\text\n"
8:
        .popsection
        .endm

        .text
        .code32
        .globl  _start, off, failed, print, idt
_start:
        cld
        movl    $pd, %edi               /* the first GiB, and the APIC's 2 MiB */
        movl    $0x83, %eax
        movl    $512, %ecx
1:      movl    %eax, (%edi)
        addl    $0x200000, %eax
        addl    $8, %edi
        loop    1b
        movl    $(APIC + 0x9b), pd_apic + (APIC >> 21 & 511) * 8
        movl    $(pd + 3), pdpt
        movl    $(pd_apic + 3), pdpt + 3 * 8
        movl    $(pdpt + 3), pml4
        movl    %cr4, %eax
        orl     $0x20, %eax
        movl    %eax, %cr4
        movl    $pml4, %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx
        rdmsr
        orl     $0x100, %eax
        wrmsr
        movl    %cr0, %eax
        orl     $0x80000000, %eax
        movl    %eax, %cr0
        lgdt    gdtr
        ljmp    $8, $long_mode

        .code64
long_mode:
        movl    $16, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    $stack_top, %esp
        movl    $0x40000000, %edi
1:      movl    %edi, %eax
        addl    $0x100, %edi
        cpuid
        cmpl    $0x566e6558, %ebx       /* "XenV": others' leaves may be before them */
        jne     1b
        leal    -0x100 + 2(%rdi), %eax
        cpuid
        movl    %ebx, %ecx              /* the MSR that fills a hypercall page */
        movl    $hypercall_page, %eax
        xorl    %edx, %edx
        wrmsr
        say     "pvh: long mode and hypercalls"

        movl    $idt, %edi
        movl    $ud_handler, %eax
        movl    $6, %ecx
        call    set_gate
        movl    $irq_handler, %eax
        movl    $VECTOR, %ecx
        call    set_gate
        lidt    idtr(%rip)
        ud2
        say     "pvh: exception"

        movl    $APIC, %edi
        movl    $0x1ff, 0xf0(%rdi)      /* on */
        movl    $0xb, 0x3e0(%rdi)       /* timer: undivided, once */
        movl    $VECTOR, 0x320(%rdi)
        movl    $100000, 0x380(%rdi)
        sti
2:      hlt
        cmpl    $0, ticks(%rip)
        je      2b
        cli
        say     "pvh: timer interrupt"

        movl    $0x1234, %eax
        movq    %rax, %db0
        movq    %db0, %rax
        cmpl    $0x1234, %eax
        jne     failed
        movl    $2, %eax
        movq    %rax, %cr8
        movq    %cr8, %rax
        cmpl    $2, %eax
        jne     failed
        movl    $APIC, %edi
        cmpl    $0x20, 0x80(%rdi)       /* the same register */
        jne     failed
        say     "pvh: registers"

        movl    $1, %edi                /* XENVER_extraversion */
        movl    $version, %esi
        call    hypercall_page + 32 * HC_XEN_VERSION
        cmpl    $0x6f6e6578, version + 3
        jne     5f                      /* not ".7-xenolith": Xen makes QEMU 7.2 abort here */
        movl    $VECTOR >> 4, %eax      /* CR8 holds back an interrupt of its own class */
        movq    %rax, %cr8
        movl    ticks(%rip), %ebp
        movl    $APIC, %edi
        movl    $0x40000 + VECTOR, 0x300(%rdi)
        sti
        cpuid
        cmpl    %ebp, ticks(%rip)
        jne     failed
        movl    $2, %eax
        movq    %rax, %cr8              /* comes at once */
        nop
        cmpl    %ebp, ticks(%rip)
        cli
        je      failed
        say     "pvh: task priority"
5:
        movl    $(LOW_GFN << 12), %edi  /* the other CPU counts its starts and halts for good */
        leaq    ap_code(%rip), %rsi
        movl    $(ap_end - ap_code), %ecx
        rep     movsb
        movl    $0x4500, %ebx           /* INIT */
        call    to_other
        movl    $(0x4600 + LOW_GFN), %ebx
        call    to_other                /* SIPI */
        call    to_other                /* as usual a second: not taken any more */
        cmpl    $1, starts
        jne     failed
        movl    $0x4500, %ebx
        call    to_other
        movl    $(0x4600 + LOW_GFN), %ebx
        call    to_other
        cmpl    $2, starts
        jne     failed
        say     "pvh: second CPU"
        AFTER_TESTS
failed:
        movl    $3, reason(%rip)        /* SHUTDOWN_crash */
off:
3:      movl    $OP_SHUTDOWN, %edi
        leaq    reason(%rip), %rsi
        call    hypercall_page + 32 * HC_SCHED_OP
4:      hlt
        jmp     4b

print:                                  /* rdx: text, esi: length */
        xorl    %edi, %edi              /* CONSOLEIO_write */
        call    hypercall_page + 32 * HC_CONSOLE_IO
        ret                             /* a release build of Xen refuses: no matter */

to_other:                               /* ebx: what, by the ICR; and give it time to act on it */
        movl    $APIC, %edi
        movl    $(OTHER_APIC << 24), 0x310(%rdi)
        movl    %ebx, 0x300(%rdi)
        movl    $1000, %ebp
1:      xorl    %edi, %edi              /* SCHEDOP_yield */
        call    hypercall_page + 32 * HC_SCHED_OP
        decl    %ebp
        jnz     1b
        ret

        .code16
ap_code:
        lock incl %cs:(starts - (LOW_GFN << 12))
1:      cli
        hlt
        jmp     1b
ap_end:
starts = (LOW_GFN << 12) + 1024
        .code64

set_gate:                               /* eax: handler, ecx: vector, edi: table */
        shll    $4, %ecx
        addl    %edi, %ecx
        movw    %ax, (%rcx)
        movw    $8, 2(%rcx)
        movw    $0x8e00, 4(%rcx)
        shrl    $16, %eax
        movw    %ax, 6(%rcx)
        ret

ud_handler:
        addq    $2, (%rsp)
        iretq

irq_handler:
        pushq   %rdi
        incl    ticks(%rip)
        movl    $APIC, %edi
        movl    $0, 0xb0(%rdi)          /* EOI */
        popq    %rdi
        iretq

        .data
        .balign 8
gdt:    .quad   0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdtr:   .word   . - gdt - 1
        .long   gdt
idtr:   .word   VECTOR * 16 + 15
        .quad   idt
ticks:  .long   0
reason: .long   0                       /* SHUTDOWN_poweroff */

        .bss
        .balign 4096
version:
        .skip   4096
hypercall_page:
        .skip   4096
pml4:   .skip   4096
pdpt:   .skip   4096
pd:     .skip   4096
pd_apic:
        .skip   4096
idt:    .skip   4096
        .skip   4096
stack_top:

        .section .note.Xen, "a", @note
        .balign 4
        .long   4, 4, XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .long   _start
        .section .note.GNU-stack, "", @progbits
