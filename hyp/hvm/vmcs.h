/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside VT-x's backend: the fields of a VMCS, its bits, and what vmcs.c offers vmx.c and vmx_exit.c.
 * SDM vol 3C: chapter 24 the VMCS, appendix A capabilities, B field encodings, C exit reasons.
 */
#pragma once

#include "hvm/hvm_vcpu.h"

/* Fields. */
#define VPID                    0x0000
#define GUEST_SELECTOR(seg)     (0x0800 + 2 * (seg))    /* in enum hvm_seg's order, without the tables */
#define GUEST_INTERRUPT_STATUS  0x0810
#define HOST_SELECTOR(seg)      (0x0c00 + 2 * (seg))    /* ES to GS */
#define HOST_TR_SELECTOR        0x0c0c
#define MSR_BITMAP              0x2004
#define TSC_OFFSET              0x2010
#define VIRTUAL_APIC_PAGE       0x2012
#define APIC_ACCESS_PAGE        0x2014
#define EPT_POINTER             0x201a
#define EOI_EXITS(n)            (0x201c + 2 * (n))
#define XSS_EXIT_BITMAP         0x202c
#define GUEST_PHYSICAL_ADDRESS  0x2400
#define VMCS_LINK_POINTER       0x2800
#define GUEST_DEBUGCTL          0x2802
#define GUEST_PAT               0x2804
#define GUEST_EFER              0x2806
#define GUEST_PDPTE(n)          (0x280a + 2 * (n))
#define HOST_PAT                0x2c00
#define HOST_EFER               0x2c02
#define PIN_CONTROLS            0x4000
#define PROC_CONTROLS           0x4002
#define EXCEPTION_BITMAP        0x4004
#define EXIT_CONTROLS           0x400c
#define ENTRY_CONTROLS          0x4012
#define ENTRY_EVENT             0x4016
#define ENTRY_EVENT_ERROR       0x4018
#define ENTRY_INSN_LEN          0x401a
#define TPR_THRESHOLD           0x401c
#define PROC2_CONTROLS          0x401e
#define PLE_GAP                 0x4020
#define PLE_WINDOW              0x4022
#define INSTRUCTION_ERROR       0x4400
#define EXIT_REASON             0x4402
#define EXIT_EVENT              0x4404
#define EXIT_EVENT_ERROR        0x4406
#define VECTORING_EVENT         0x4408
#define VECTORING_ERROR         0x440a
#define EXIT_INSN_LEN           0x440c
#define GUEST_LIMIT(seg)        (0x4800 + 2 * (seg))
#define GUEST_ACCESS(seg)       (0x4814 + 2 * (seg))
#define GUEST_INTERRUPTIBILITY  0x4824
#define GUEST_SYSENTER_CS       0x482a
#define CR0_MASK                0x6000
#define CR4_MASK                0x6002
#define CR0_SHADOW              0x6004
#define CR4_SHADOW              0x6006
#define EXIT_QUALIFICATION      0x6400
#define GUEST_CR0               0x6800
#define GUEST_CR3               0x6802
#define GUEST_CR4               0x6804
#define GUEST_BASE(seg)         (0x6806 + 2 * (seg))
#define GUEST_DR7               0x681a
#define GUEST_RSP               0x681c
#define GUEST_RIP               0x681e
#define GUEST_RFLAGS            0x6820
#define GUEST_PENDING_DEBUG     0x6822
#define GUEST_SYSENTER_ESP      0x6824
#define GUEST_SYSENTER_EIP      0x6826
#define HOST_CR0                0x6c00
#define HOST_CR3                0x6c02
#define HOST_CR4                0x6c04
#define HOST_TR_BASE            0x6c0a
#define HOST_GDTR_BASE          0x6c0c
#define HOST_IDTR_BASE          0x6c0e
#define HOST_RSP                0x6c14
#define HOST_RIP                0x6c16

/* Controls that change while a guest lives. */
#define PROC_IRQ_WINDOW         0x00000004U
#define PROC_NMI_WINDOW         0x00400000U
#define PROC_MOV_DR             0x00800000U
#define PROC2_APIC_ACCESSES     0x00000001U
#define PROC2_X2APIC            0x00000010U     /* either this or the first */
#define PROC2_VPID              0x00000020U
#define PROC2_APIC_REGISTERS    0x00000100U
#define PROC2_APIC_PAGE         (PROC2_APIC_ACCESSES | PROC2_APIC_REGISTERS)
#define PROC2_VIRTUAL_IRQS      0x00000200U
#define PROC2_PAUSE_LOOP        0x00000400U
#define PROC2_XSAVES            0x00100000U
#define ENTRY_IA32E             0x00000200U

/* Of an event's word: to be injected, that led to an exit, whose delivery did. */
#define EVENT_NMI_UNBLOCKED     0x00001000U     /* by an IRET that then faulted */
#define EVENT_TYPE(word)        ((word) >> 8 & 7)
#define EVENT_ICEBP             5

#define SHADOW_STI              0x1     /* interruptibility */
#define SHADOW_MOV_SS           0x2
#define BLOCKED_BY_NMI          0x8

#define ACCESS_UNUSABLE         0x10000

enum vmx_control { CTL_PIN, CTL_PROC, CTL_EXIT, CTL_ENTRY, CTL_PROC2, NR_CTL };
/* What each control word holds in a new VMCS; immutable after vmx_probe. */
extern uint32_t vmx_controls[NR_CTL];

/* MSRs of the guest that are in the processor while it runs, by no field of the VMCS. */
#define VMX_NR_MSRS 5

/* Bits of CR0 and CR4 that the guest changes without an exit. */
#define VMX_CR0_OWNED (CR0_MP | CR0_EM | CR0_TS | CR0_WP | CR0_AM)
#define VMX_CR4_OWNED CR4_PGE

struct vmx_vcpu {
    void    *vmcs;
    bool     is_launched;       /* since it was loaded */
    uint32_t proc_controls;     /* as in the VMCS */
    uint64_t msr[VMX_NR_MSRS];  /* while it does not run */
    uint64_t dr6;               /* the same */
};

static inline struct vmx_vcpu *vmx_of(const struct vcpu *v) { return v->hvm->backend; }

uint64_t vmread(uint32_t field);            /* of the VMCS that is loaded; panic, naming the field */
void vmwrite(uint32_t field, uint64_t value);
struct vmx_field { uint32_t field; uint64_t value; };
void vmwrite_all(const struct vmx_field *f, size_t nr);

int must_check vmcs_alloc(struct vmx_vcpu *x);      /* -XEN_ENOMEM */
void vmcs_free(struct vmx_vcpu *x);                 /* loaded nowhere */
/* The VMCS of the vCPU that this CPU runs: loaded at switch_to, cleared at switch_from. */
void vmcs_load(struct vmx_vcpu *x);
void vmcs_clear(struct vmx_vcpu *x);
/*
 * Any vCPU that is current or paused: its VMCS is loaded until vmcs_end, which puts back that of the
 * vCPU that runs here.  No nesting.
 */
void vmcs_begin(struct vmx_vcpu *x);
void vmcs_end(struct vmx_vcpu *x);

/* EPT translations of this root, on this CPU. */
void vmx_flush_ept(uint64_t eptp);

/* Of the vCPU that runs here. */
void vmx_set_proc(struct vmx_vcpu *x, uint32_t bits, bool on);
void vmx_change_interruptibility(uint32_t clear, uint32_t set);

/* vmx_entry.S */
void noreturn vmx_enter_guest(struct vcpu *v, bool is_launched);
extern const uint8_t vmx_exit_stub[];
void vmx_exit(struct vcpu *v);              /* C side of the stub */
void vmx_entry_refused(struct vcpu *v);     /* VMLAUNCH or VMRESUME itself failed */
