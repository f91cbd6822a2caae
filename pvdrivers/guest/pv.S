/* SPDX-License-Identifier: MIT */
/*
 * A paravirtual guest's entry point, and its entries for exceptions and events.
 *
 * The hypervisor enters here with, from the stack pointer up:
 *     rcx, r11, [error code,] rip, cs, rflags, rsp, ss
 * Each stub turns that into struct trap_frame (trap.h) and calls C.  The way
 * back is the iret hypercall, which wants, from the stack pointer up:
 *     rax, r11, rcx, flags, rip, cs, rflags, rsp, ss
 */
        .section .text.start, "ax"
        .globl  _start
_start: cld
        mov     %rsi, start_info(%rip)
        lea     boot_stack + 16384(%rip), %rsp
        lea     platform_pv(%rip), %rdi
        xor     %ebp, %ebp
        call    guest_start
        ud2

        .text
        /* in: vector number, 1 if the hypervisor pushed an error code */
        .macro STUB vec, has_code
        .balign 16
        mov     (%rsp), %rcx
        mov     8(%rsp), %r11
        .if \has_code
        add     $8, %rsp                /* stack: hole for the vector, error code */
        movq    $\vec, (%rsp)
        .else
        movq    $0, 8(%rsp)             /* stack: vector, error code 0 */
        movq    $\vec, (%rsp)
        .endif
        jmp     trap_common
        .endm

        .globl  trap_stubs
        .balign 16
trap_stubs:
        .set    i, 0
        .rept   32
        .if (i == 8) || ((i >= 10) && (i <= 14)) || (i == 17) || (i == 21)
        STUB    i, 1
        .else
        STUB    i, 0
        .endif
        .balign 32
        .set    i, i + 1
        .endr

        /* Callbacks share the exceptions' path under vector numbers of our own. */
        .globl  event_stub, failsafe_stub, syscall_stub, int80_stub
        .balign 32
event_stub: STUB 256, 0
        .balign 32
syscall_stub: STUB 258, 0
        .balign 32
int80_stub: STUB 128, 0
        .balign 32
        /* Failsafe: rcx, r11, ds, es, fs, gs, rip, cs, rflags, rsp, ss. */
failsafe_stub:
        mov     (%rsp), %rcx
        mov     8(%rsp), %r11
        add     $32, %rsp
        movq    $0, 8(%rsp)
        movq    $257, (%rsp)
        jmp     trap_common

        /* The iret hypercall reads the stack and never returns. */
        .globl  pv_trap_exit
pv_trap_exit:
        add     $8, %rsp                /* drop the vector; the error code becomes flags */
        movq    $0, (%rsp)
        push    %rcx
        push    %r11
        push    %rax
        mov     $23, %eax               /* __HYPERVISOR_iret */
        syscall
        ud2

        .globl  pv_hypercall
pv_hypercall:
        syscall
        ret
        .section .note.GNU-stack, "", @progbits
