/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest PV guest: no tables, no drivers, one page of code.  The first letter of its
 * command line says what it does: h waits for ever, s spins, p powers off, c crashes (a trap
 * with no handler), t faults with its stack pointer nowhere.  For tests that count domains
 * and frames, where a Linux would only take time.
 */
#include <xen/elfnote.h>

#define BASE            0xffffffff80000000
#define HC_SCHED_OP     29      /* __HYPERVISOR_sched_op */
#define OP_SHUTDOWN     2       /* SCHEDOP_shutdown */
#define OP_POLL         3       /* SCHEDOP_poll */
#define CMD_LINE        128     /* offset of start_info.cmd_line */

        .text
        .globl  _start
        /* in: rsi = start_info */
_start:
        movb    CMD_LINE(%rsi), %al
        cmpb    $'s', %al
        je      spin
        cmpb    $'p', %al
        je      power_off
        cmpb    $'c', %al
        je      crash
        cmpb    $'t', %al
        je      lost_stack
wait:
        movl    $HC_SCHED_OP, %eax
        movl    $OP_POLL, %edi
        leaq    poll(%rip), %rsi
        syscall
        jmp     wait
spin:
        jmp     spin
power_off:
        movl    $HC_SCHED_OP, %eax
        movl    $OP_SHUTDOWN, %edi
        leaq    reason(%rip), %rsi
        syscall
crash:
        ud2
lost_stack:
        movq    $0x1000, %rsp
        pushq   %rax
        jmp     lost_stack

        .data
        .balign 8
poll:                           /* struct sched_poll: no ports, no timeout */
        .quad   0, 0, 0
reason:                         /* struct sched_shutdown: SHUTDOWN_poweroff */
        .long   0

        .macro  note type, kind, value:vararg
        .section .note.Xen, "a", @note
        .balign 4
        .long   4, 2f - 1f, \type
        .asciz  "Xen"
1:      \kind   \value
2:      .balign 4
        .endm

        note XEN_ELFNOTE_GUEST_OS, .asciz, "tiny"
        note XEN_ELFNOTE_XEN_VERSION, .asciz, "xen-3.0"
        note XEN_ELFNOTE_LOADER, .asciz, "generic"
        note XEN_ELFNOTE_PAE_MODE, .asciz, "yes"
        note XEN_ELFNOTE_VIRT_BASE, .quad, BASE
        note XEN_ELFNOTE_PADDR_OFFSET, .quad, BASE
        note XEN_ELFNOTE_ENTRY, .quad, _start
        .section .note.GNU-stack, "", @progbits
