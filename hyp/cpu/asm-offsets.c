/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiled to assembly only: each line becomes a constant that .S files may use. */
#include <xenabi/xen.h>

#include "core/vcpu.h"
#include "cpu/pcpu.h"

#define DEFINE(name, value) __asm__ volatile ("\n->" #name " %0" : : "i" (value))
#define FRAME(name, field)  DEFINE(FRAME_##name, offsetof(struct cpu_frame, field))

void asm_offsets(void);
void asm_offsets(void)
{
    DEFINE(FRAME_SIZE, sizeof(struct cpu_frame));
    FRAME(R15, r15); FRAME(R14, r14); FRAME(R13, r13); FRAME(R12, r12); FRAME(RBP, rbp);
    FRAME(RBX, rbx); FRAME(R10, r10); FRAME(R9, r9); FRAME(R8, r8); FRAME(RDX, rdx);
    FRAME(RSI, rsi); FRAME(RDI, rdi); FRAME(RAX, rax); FRAME(RCX, rcx); FRAME(R11, r11);
    FRAME(VECTOR, vector); FRAME(RIP, rip); FRAME(CS, cs); FRAME(RFLAGS, rflags);
    FRAME(RSP, rsp); FRAME(SS, ss);
    DEFINE(VCPU_REGS, offsetof(struct vcpu, regs));
    DEFINE(VCPU_HYP_STACK, offsetof(struct vcpu, hyp_stack));
    DEFINE(VCPU_INFO, offsetof(struct vcpu, vcpu_info));
    DEFINE(VCPU_WORK, offsetof(struct vcpu, work));
    DEFINE(VCPU_FLAGS, offsetof(struct vcpu, flags));
    DEFINE(VCPUF_NMI_ANY, VCPUF_NMI_MASKED | VCPUF_NMI_LATER);
    DEFINE(INFO_PENDING, offsetof(struct vcpu_info, evtchn_upcall_pending));
    DEFINE(INFO_MASK, offsetof(struct vcpu_info, evtchn_upcall_mask));
    DEFINE(VCPU_KERNEL_MODE, offsetof(struct vcpu, pv.kernel_mode));
    DEFINE(VCPU_SYSCALL_MASKS, offsetof(struct vcpu, pv.syscall_masks));
    DEFINE(VCPU_KERNEL_CR3, offsetof(struct vcpu, pv.kernel_cr3));
    DEFINE(VCPU_USER_CR3, offsetof(struct vcpu, pv.user_cr3));
    DEFINE(VCPU_KERNEL_SP, offsetof(struct vcpu, pv.kernel_sp));
    DEFINE(VCPU_SYSCALL_EIP, offsetof(struct vcpu, pv.syscall_eip));
    DEFINE(HYPERCALL_IRET, __HYPERVISOR_iret);
    DEFINE(HYPERCALL_MAX, XENABI_HYPERCALL_MAX);
    DEFINE(ERESTART, XEN_ERESTART);
    DEFINE(PCPU_SIZE, sizeof(struct pcpu));
    DEFINE(PCPU_WORK, offsetof(struct pcpu, work));
    DEFINE(PCPU_CURR, offsetof(struct pcpu, curr));
    DEFINE(PCPU_REGS_TOP, offsetof(struct pcpu, regs_top));
    DEFINE(PCPU_PREEMPT_ASKED, offsetof(struct pcpu, preempt_asked));
    DEFINE(PCPU_SCRATCH, offsetof(struct pcpu, scratch));
    DEFINE(PCPU_CR3, offsetof(struct pcpu, cr3));
    DEFINE(PCPU_TLB_EPOCH, offsetof(struct pcpu, tlb_epoch));
}
