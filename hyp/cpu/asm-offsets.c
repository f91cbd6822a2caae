/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiled to assembly only: each line becomes a constant that .S files may use. */
#include <xenabi/xen.h>

#include "core/vcpu.h"
#include "cpu/pcpu.h"

#define DEFINE(name, value) __asm__ volatile ("\n->" #name " %0" : : "i" (value))
#define FRAME(name, field)  DEFINE(FRAME_##name, offsetof(struct cpu_frame, field))
#define VCPU(name, field)   DEFINE(VCPU_##name, offsetof(struct vcpu, field))
#define PCPU(name, field)   DEFINE(PCPU_##name, offsetof(struct pcpu, field))

void asm_offsets(void);
void asm_offsets(void)
{
    DEFINE(FRAME_SIZE, sizeof(struct cpu_frame));
    FRAME(R15, r15); FRAME(R14, r14); FRAME(R13, r13); FRAME(R12, r12); FRAME(RBP, rbp);
    FRAME(RBX, rbx); FRAME(R10, r10); FRAME(R9, r9); FRAME(R8, r8); FRAME(RDX, rdx);
    FRAME(RSI, rsi); FRAME(RDI, rdi); FRAME(RAX, rax); FRAME(RCX, rcx); FRAME(R11, r11);
    FRAME(VECTOR, vector); FRAME(RIP, rip); FRAME(CS, cs); FRAME(RFLAGS, rflags);
    FRAME(RSP, rsp); FRAME(SS, ss);
    VCPU(REGS, regs); VCPU(HYP_STACK, hyp_stack); VCPU(INFO, vcpu_info); VCPU(WORK, work); VCPU(FLAGS, flags);
    VCPU(KERNEL_MODE, pv.kernel_mode); VCPU(SYSCALL_MASKS, pv.syscall_masks); VCPU(SYSCALL_EIP, pv.syscall_eip);
    VCPU(KERNEL_CR3, pv.kernel_cr3); VCPU(USER_CR3, pv.user_cr3); VCPU(KERNEL_SP, pv.kernel_sp);
    DEFINE(VCPUF_NMI_ANY, VCPUF_NMI_MASKED | VCPUF_NMI_LATER);
    DEFINE(INFO_PENDING, offsetof(struct vcpu_info, evtchn_upcall_pending));
    DEFINE(INFO_MASK, offsetof(struct vcpu_info, evtchn_upcall_mask));
    DEFINE(HYPERCALL_IRET, __HYPERVISOR_iret);
    DEFINE(HYPERCALL_MAX, XENABI_HYPERCALL_MAX);
    DEFINE(ERESTART, XEN_ERESTART);
    DEFINE(PCPU_SIZE, sizeof(struct pcpu));
    PCPU(WORK, work); PCPU(CURR, curr); PCPU(REGS_TOP, regs_top); PCPU(PREEMPT_ASKED, preempt_asked);
    PCPU(SCRATCH, scratch); PCPU(CR3, cr3); PCPU(TLB_EPOCH, tlb_epoch);
}
