/* SPDX-License-Identifier: MIT */
/*
 * What exceptions and events share, whoever brings them: pv.S and pvh.S come here
 * with the stack at vector, error code, rip, cs, rflags, rsp, ss (struct trap_frame, trap.h).
 */
        .text
        .globl  trap_common
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
        jmp     *trap_exit(%rip)

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
