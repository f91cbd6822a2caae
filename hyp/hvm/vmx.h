/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside VT-x's backend: what vmcs.c offers.  SDM vol 3C: chapter 24, appendix A. */
#ifndef HVM_VMX_H
#define HVM_VMX_H

#include "hvm/hvm_vcpu.h"

enum vmx_control { CTL_PIN, CTL_PROC, CTL_EXIT, CTL_ENTRY, CTL_PROC2, NR_CTL };
/* What each control word holds in a new VMCS; immutable after vmx_probe. */
extern uint32_t vmx_controls[NR_CTL];

/* MSRs of the guest that are in the processor while it runs, by no field of the VMCS. */
#define VMX_NR_MSRS 5

struct vmx_vcpu {
    void    *vmcs;
    uint8_t *apic_page;         /* virtual-APIC page: only its TPR is used, which CR8 is part of */
    bool     is_launched;       /* since it was loaded */
    uint32_t proc_controls;     /* as in the VMCS */
    uint64_t msr[VMX_NR_MSRS];  /* while it does not run */
    uint64_t dr6;               /* the same */
};

static inline struct vmx_vcpu *vmx_of(const struct vcpu *v) { return v->hvm->backend; }

/* Boot CPU.  False: *@missing says what VT-x lacks, or where it is switched on; not if there is none. */
bool vmx_probe(const char **missing);
/* Each CPU: enter VMX operation.  0, -XEN_ENOMEM, -XEN_EOPNOTSUPP with a line in the log. */
int must_check vmx_cpu_up(void);

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

#endif
