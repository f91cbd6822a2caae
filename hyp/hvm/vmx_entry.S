/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Into a guest and out of it by VT-x.  General registers are in v->regs as for every vCPU; the
 * rest of struct cpu_frame (RIP, RFLAGS, RSP) is vmx.c's, by way of the VMCS.
 */
#include "config.h"
#include "asm-offsets.h"

    .text

/* void vmx_enter_guest(struct vcpu *v [rdi], bool is_launched [sil]) */
    .align 16
    .global vmx_enter_guest
vmx_enter_guest:
    test %sil, %sil                 /* POP keeps the flags */
    lea VCPU_REGS(%rdi), %rsp
    .irp reg, r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi
    pop %\reg
    .endr
    jz 1f
    vmresume
    jmp 2f
1:  vmlaunch
    /* Still here: refused.  RSP is &v->regs.error_code. */
2:  lea -(VCPU_REGS + FRAME_VECTOR - 4)(%rsp), %rdi
    mov VCPU_HYP_STACK(%rdi), %rsp
    xor %ebp, %ebp
    call vmx_entry_refused          /* (struct vcpu *) */
    jmp exit_to_guest

/* Every exit.  in: RSP struct pcpu, flags clear, all other registers the guest's. */
    .align 16
    .global vmx_exit_stub
vmx_exit_stub:
    mov PCPU_REGS_TOP(%rsp), %rsp
    sub $(FRAME_SIZE - (FRAME_VECTOR - 4)), %rsp
    .irp reg, rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15
    push %\reg
    .endr
    lea -VCPU_REGS(%rsp), %rdi
    mov VCPU_HYP_STACK(%rdi), %rsp
    xor %ebp, %ebp
    call vmx_exit                   /* (struct vcpu *) */
    jmp exit_to_guest

    .section .note.GNU-stack, "", @progbits
