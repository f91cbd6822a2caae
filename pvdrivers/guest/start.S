/* SPDX-License-Identifier: MIT */
/*
 * Entry point, and the entries for exceptions and events.
 *
 * The hypervisor enters here with, from the stack pointer up:
 *     rcx, r11, [error code,] rip, cs, rflags, rsp, ss
 * Each stub turns that into struct trap_frame (trap.h) and calls C.  The way
 * back is the iret hypercall, which wants, from the stack pointer up:
 *     rax, r11, rcx, flags, rip, cs, rflags, rsp, ss
 */
        .section .text.start, "ax"
        .globl _start
_start: cld
        mov     %rsi, start_info(%rip)
        lea     boot_stack + 16384(%rip), %rsp
        xor     %ebp, %ebp
        call    guest_start
        ud2

        .bss
        .globl  boot_stack
        .balign 16384
boot_stack: .skip 16384

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

trap_common:
        push    %rax
        push    %rcx
        push    %rdx
        push    %rbx
        push    %rbp
        push    %rsi
        push    %rdi
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        cld
        mov     %rsp, %rdi
        mov     %rsp, %rbx
        and     $-16, %rsp
        call    trap_dispatch
        mov     %rbx, %rsp
        .globl  trap_return
trap_return:                            /* in: rsp = struct trap_frame */
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rdi
        pop     %rsi
        pop     %rbp
        pop     %rbx
        pop     %rdx
        pop     %rcx
        pop     %rax
        add     $8, %rsp                /* drop the vector; the error code becomes flags */
        movq    $0, (%rsp)
        push    %rcx
        push    %r11
        push    %rax
        mov     $23, %eax               /* __HYPERVISOR_iret: reads the stack, never returns */
        syscall
        ud2

        /*
         * void trap_enter_user(struct trap_frame *f, uint64_t *save_sp)
         * Leaves through trap_return; trap_leave_user(sp) comes back to the caller.
         */
        .globl  trap_enter_user, trap_leave_user
trap_enter_user:
        push    %rbp
        push    %rbx
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        mov     %rsp, (%rsi)
        mov     %rdi, %rsp
        jmp     trap_return
trap_leave_user:
        mov     %rdi, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbx
        pop     %rbp
        ret

        /* First code of a secondary vCPU: in rdi = argument, rsi = function; stack is ready. */
        .globl  smp_entry
smp_entry:
        cld
        xor     %ebp, %ebp
        call    *%rsi
        ud2
        .section .note.GNU-stack, "", @progbits
