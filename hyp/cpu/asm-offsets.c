/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiled to assembly only: each line becomes a constant that .S files may use. */
#include <xenabi/xen.h>
#include <xenabi/errno.h>

#include "core/vcpu.h"
#include "cpu/pcpu.h"

#define DEFINE(name, value) __asm__ volatile ("\n->" #name " %0" : : "i" (value))

void asm_offsets(void);
void asm_offsets(void)
{
    DEFINE(FRAME_SIZE, sizeof(struct cpu_frame));
    DEFINE(FRAME_R15, offsetof(struct cpu_frame, r15));
    DEFINE(FRAME_R14, offsetof(struct cpu_frame, r14));
    DEFINE(FRAME_R13, offsetof(struct cpu_frame, r13));
    DEFINE(FRAME_R12, offsetof(struct cpu_frame, r12));
    DEFINE(FRAME_RBP, offsetof(struct cpu_frame, rbp));
    DEFINE(FRAME_RBX, offsetof(struct cpu_frame, rbx));
    DEFINE(FRAME_R10, offsetof(struct cpu_frame, r10));
    DEFINE(FRAME_R9, offsetof(struct cpu_frame, r9));
    DEFINE(FRAME_R8, offsetof(struct cpu_frame, r8));
    DEFINE(FRAME_RDX, offsetof(struct cpu_frame, rdx));
    DEFINE(FRAME_RSI, offsetof(struct cpu_frame, rsi));
    DEFINE(FRAME_RDI, offsetof(struct cpu_frame, rdi));
    DEFINE(FRAME_RAX, offsetof(struct cpu_frame, rax));
    DEFINE(FRAME_RCX, offsetof(struct cpu_frame, rcx));
    DEFINE(FRAME_R11, offsetof(struct cpu_frame, r11));
    DEFINE(FRAME_ERROR, offsetof(struct cpu_frame, error_code));
    DEFINE(FRAME_VECTOR, offsetof(struct cpu_frame, vector));
    DEFINE(FRAME_RIP, offsetof(struct cpu_frame, rip));
    DEFINE(FRAME_CS, offsetof(struct cpu_frame, cs));
    DEFINE(FRAME_RFLAGS, offsetof(struct cpu_frame, rflags));
    DEFINE(FRAME_RSP, offsetof(struct cpu_frame, rsp));
    DEFINE(FRAME_SS, offsetof(struct cpu_frame, ss));
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
