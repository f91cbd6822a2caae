/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Into an AMD-V guest and out again.  VMRUN keeps of the host: RSP, RIP, RAX, RFLAGS, control
 * registers, EFER, CS SS DS ES, GDTR, IDTR.  VMLOAD and VMSAVE move what it does not: FS, GS, TR, LDTR
 * and the SYSCALL and SYSENTER registers.  All general registers but RAX and RSP are ours to move.
 */
#include "asm-offsets.h"

    .text

/* void svm_run(struct vcpu *v [rdi], paddr_t vmcb [rsi], paddr_t host_vmcb [rdx]); does not return */
    .align 16
    .global svm_run
svm_run:
    mov VCPU_HYP_STACK(%rdi), %rsp
    push %rdx
    push %rdi
    mov %rsi, %rax
    clgi
#define LOAD(reg, name) mov VCPU_REGS + FRAME_##name(%rdi), %reg;
    LOAD(rbx, RBX) LOAD(rcx, RCX) LOAD(rdx, RDX) LOAD(rsi, RSI) LOAD(rbp, RBP) LOAD(r8, R8)
    LOAD(r9, R9) LOAD(r10, R10) LOAD(r11, R11) LOAD(r12, R12) LOAD(r13, R13) LOAD(r14, R14)
    LOAD(r15, R15) LOAD(rdi, RDI)
    sti                             /* or a physical interrupt would not end the guest's turn */
    vmload                          /* between: QEMU lets STI's shadow cover the guest's first instruction */
    vmrun
    cli
    vmsave
    xchg %rdi, (%rsp)
#define SAVE(reg, name) mov %reg, VCPU_REGS + FRAME_##name(%rdi);
    SAVE(rbx, RBX) SAVE(rcx, RCX) SAVE(rdx, RDX) SAVE(rsi, RSI) SAVE(rbp, RBP) SAVE(r8, R8)
    SAVE(r9, R9) SAVE(r10, R10) SAVE(r11, R11) SAVE(r12, R12) SAVE(r13, R13) SAVE(r14, R14)
    SAVE(r15, R15)
    pop %rcx
    SAVE(rcx, RDI)
    pop %rax
    vmload
    stgi
    xor %ebp, %ebp
    call svm_exit                   /* (struct vcpu *) */
    jmp exit_to_guest

    .section .note.GNU-stack, "", @progbits
