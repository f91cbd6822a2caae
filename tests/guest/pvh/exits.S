/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tiny hardware guest, which then measures what leaving it costs: for each row the TSC's
 * advance over ROUNDS times, left as pairs (total, name's address) on the last page of its image.
 * Under QEMU's -icount a tick is an instruction.
 */
#define AFTER_TESTS     jmp     exits
#include "../../system/tiny/pvh.S"
#include "exits.h"

SELF            = 0x30                  /* vectors: CR8 is 2 by now */
ALARM           = 0x31
APIC_BASE_MSR   = 0x1b
X2APIC          = 0x400                 /* in that */
X2APIC_EOI      = 0x80b
X2APIC_SELF     = 0x83f
DEADLINE_MSR    = 0x6e0
NO_MSR          = 0x12345
PORT            = DM_PORT               /* in strings the preprocessor's names are none */
MEMORY          = DM_MEMORY
AHEAD           = 200000                /* of the TSC: how far away the alarm is set */
TO_SELF         = 0x40000
BY_DEADLINE     = 0x40000

        .macro  measure name, body
        movl    $8f, %r15d
        leaq    7f(%rip), %r13
        call    run
        .pushsection .rodata
8:      .asciz  "\name"
        .popsection
        .pushsection .text, 1
7:      \body
        ret
        .popsection
        .endm

        .text
xen_version = hypercall_page + 32 * HC_XEN_VERSION
run:                                    /* r13: what, r15: its name */
        movl    $WARM_UP, %ebp
1:      call    *%r13
        decl    %ebp
        jnz     1b
        call    now
        movq    %rax, %r12
        movl    $ROUNDS, %ebp
2:      call    *%r13
        decl    %ebp
        jnz     2b
        call    now
        subq    %r12, %rax
report: movq    %rax, (%r14)
        movq    %r15, 8(%r14)
        addq    $16, %r14
        ret

now:    rdtsc
        shlq    $32, %rdx
        orq     %rdx, %rax
        ret

exits:
        movl    $FIGURES, %r14d
        movl    $idt, %edi
        movl    $refused, %eax
        movl    $13, %ecx
        call    set_gate
        movl    $on_self, %eax
        movl    $SELF, %ecx
        call    set_gate
        movl    $on_alarm, %eax
        movl    $ALARM, %ecx
        call    set_gate

        measure "loop, part of every row", "nop"
        measure "RDTSC", "rdtsc"
        measure "CPUID", "xorl %eax, %eax; cpuid"
        measure "hypercall (xen_version)", "xorl %edi, %edi; call xen_version"
        measure "port read, the hypervisor's (PIC)", "inb $0x21, %al"
        measure "port write, nobody's", "outb %al, $0xe0"
        measure "MSR read (APIC base)", "movl $APIC_BASE_MSR, %ecx; rdmsr"
        measure "MSR write (TSC deadline)", "xorl %eax, %eax; xorl %edx, %edx; movl $DEADLINE_MSR, %ecx; wrmsr"
        measure "MSR refused, #GP handled", "movl $NO_MSR, %ecx; rdmsr"
        movl    $DM_MEMORY + 0x9b, pd_apic
        measure "port read, a device model's", "movl $PORT, %edx; inl %dx, %eax"
        measure "64 of them by REP INSL", "movl $PORT, %edx; movl $version, %edi; movl $64, %ecx; rep insl"
        measure "memory read, a device model's", "movl $MEMORY, %eax; movl (%rax), %eax"
        measure "64 of them by REP MOVSL", "movl $MEMORY, %esi; movl $version, %edi; movl $64, %ecx; rep movsl"
        movl    $APIC, %edi
        measure "APIC register read", "movl 0x80(%rdi), %eax"
        measure "interrupt to self, to its EOI", "movl $TO_SELF + SELF, 0x300(%rdi); sti; nop; nop; cli"
        measure "the same, in HLT", "movl $TO_SELF + SELF, 0x300(%rdi); sti; hlt; cli"

        movl    $BY_DEADLINE + ALARM, 0x320(%rdi)   /* the APIC's timer: when the TSC gets there */
        xorl    %ebx, %ebx
        movl    $ROUNDS, %ebp
3:      call    now
        addq    $AHEAD, %rax
        subq    %rax, %rbx
        movq    %rax, %rdx
        shrq    $32, %rdx
        movl    $DEADLINE_MSR, %ecx
        wrmsr
        sti
        hlt
4:      cli
        decl    %ebp
        jnz     3b
        movq    %rbx, %rax
        movl    $alarm_name, %r15d
        call    report

        movl    $APIC_BASE_MSR, %ecx
        rdmsr
        orl     $X2APIC, %eax
        wrmsr
        movl    $idt, %edi
        movl    $on_self_by_msr, %eax
        movl    $SELF, %ecx
        call    set_gate
        measure "interrupt to self in x2APIC mode", "call self_by_msr"
        jmp     3f
        .pushsection .rodata
alarm_name:
        .asciz  "HLT till a timer's interrupt: late by"
        .popsection

on_alarm:
        call    now
        addq    %rax, %rbx
        leaq    4b(%rip), %rax          /* QEMU may take it between STI and HLT, if another exit came there */
        movq    %rax, (%rsp)
on_self:
        movl    $0, 0xb0(%rdi)          /* EOI */
        iretq
self_by_msr:
        movl    $SELF, %eax
        xorl    %edx, %edx
        movl    $X2APIC_SELF, %ecx
        wrmsr
        sti
        nop
        nop
        cli
        ret
on_self_by_msr:
        movl    $X2APIC_EOI, %ecx
        xorl    %eax, %eax
        xorl    %edx, %edx
        wrmsr
        iretq
refused:
        addq    $8, %rsp                /* the error code */
        addq    $2, (%rsp)
        iretq
3:
        movl    $OP_SHUTDOWN, %edi
        leaq    reason(%rip), %rsi
        call    hypercall_page + 32 * HC_SCHED_OP
