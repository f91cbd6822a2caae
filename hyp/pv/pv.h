/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paravirtual guests: what hcall/, entry/ and boot/ may call in this folder. */
#ifndef PV_PV_H
#define PV_PV_H

#include <xenabi/xen.h>
#include <xenabi/arch-x86.h>
#include "core/vcpu.h"
#include "cpu/asm.h"

/* An address that the processor would load into RIP without a fault. */
static inline bool is_canonical(uint64_t va)
{
    return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}

/* Life. */
void pv_init(void);                 /* boot: makes PV guests possible */
int must_check pv_domain_create(struct domain *d);              /* per-domain slot; -XEN_ENOMEM */
void pv_domain_free(struct domain *d);
int must_check pv_vcpu_create(struct vcpu *v);
void pv_vcpu_free(struct vcpu *v);
/* Drop page tables and descriptor references of a dying domain.  0 or -XEN_ERESTART. */
int must_check pv_relinquish(struct domain *d);

/* VCPUOP_initialise, setvcpucontext: check and take over; -XEN_EINVAL leaves it uninitialised. */
int must_check pv_set_context(struct vcpu *v, const struct vcpu_guest_context *c);
void pv_get_context(struct vcpu *v, struct vcpu_guest_context *c);      /* v paused */

/* Switching: registers that are live only while running (segments, bases, debug registers, CR3, GDT). */
void pv_switch_from(struct vcpu *v);
void pv_switch_to(struct vcpu *v);

/* Page tables (pv_mmu.c, pv_pagetype.c); hypercall bodies over private copies or guest arrays. */
long pv_mmu_update(uint64_t ureqs, uint64_t count, uint64_t pdone, uint64_t foreigndom);
long pv_mmuext_op(uint64_t uops, uint64_t count, uint64_t pdone, uint64_t foreigndom);
/* As MMUEXT_PIN_*_TABLE; @type FT_L1..FT_L4.  0, -XEN_EINVAL, -XEN_ERESTART (call again). */
int must_check pv_pin(struct domain *d, mfn_t mfn, uint8_t type);
long pv_update_va_mapping(uint64_t va, uint64_t val, uint64_t flags, domid_t foreigndom);
/*
 * Map/unmap for grants: a PTE by machine address (GNTMAP_contains_pte) or by linear address.
 * GNTST_* results.  The PTE is marked and holds nothing: the frame's references are the map
 * record's, whatever the guest does to the PTE.  @avail_bits: as in a PTE.  Take mm_lock.
 * @pte_ma: the PTE's machine address.  Unmap by that and nothing else, as the guest may have
 * put its table to another linear address meanwhile.
 */
int must_check pv_grant_map(struct vcpu *v, uint64_t addr, mfn_t frame, bool by_pte, bool readonly,
                            uint64_t avail_bits, uint64_t cache_attr, uint64_t *pte_ma);
/* Clear the PTE if it still is that mapping; the caller flushes, then drops the references. */
void pv_grant_unmap(struct domain *d, uint64_t pte_ma, mfn_t frame);

/* True: the page fault was ours to handle (page-table write emulation, LDT demand, spurious). */
bool pv_fixup_fault(struct vcpu *v, uint64_t cr2, uint32_t error_code);
/* A privileged instruction at #GP, the forced-emulation prefix at #UD: true if dealt with. */
bool pv_emulate(struct vcpu *v);
bool pv_emulate_forced(struct vcpu *v);

/* Exceptions and upcalls: put into v->pv.pending; entry/trap.c delivers on the way out. */
void pv_inject(struct vcpu *v, uint8_t vector, bool has_error, uint32_t error_code);
void pv_inject_pf(struct vcpu *v, uint64_t cr2, uint32_t error_code);
/* Work before returning to the guest: builds bounce frames for pending exception, NMI, event. */
void pv_deliver(struct vcpu *v);
void pv_iret(struct vcpu *v);
void pv_syscall(struct vcpu *v);            /* SYSCALL in guest user mode (entry.S) */
void pv_syscall32(struct vcpu *v);
/* The guest's selectors or return address cannot be loaded: its failsafe callback, or its end. */
void pv_failsafe(struct vcpu *v);
void pv_page_fault(struct vcpu *v, uint64_t cr2, uint32_t error_code);
/* INT n at RIP: true if the guest's trap table allows that (and it was delivered). */
bool pv_software_interrupt(struct vcpu *v);
void pv_int80(struct vcpu *v);              /* INT 0x80 was executed */
void pv_toggle_mode(struct vcpu *v);        /* guest kernel <-> user: CR3, GS */

/* Descriptors, debug registers, segment bases of the current vCPU (pv_desc.c).  XEN_E*. */
int must_check pv_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned int entries);
int must_check pv_update_descriptor(struct vcpu *v, uint64_t ma, uint64_t desc);
int must_check pv_set_debugreg(struct vcpu *v, unsigned int reg, uint64_t value);
int must_check pv_set_segment_base(struct vcpu *v, unsigned int which, uint64_t base);

/* What CPUID answers on @v (pv_cpuid.c): its domain's policy, its own state, our own leaves. */
struct cpu_policy;
const struct cpu_policy *pv_cpu_policy(const struct domain *d);
void cpuid_guest(const struct vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid_regs *out);

/* MSR policy (pv_msr.c).  0, or -XEN_EPERM: the guest gets #GP. */
int must_check msr_guest_read(struct vcpu *v, uint32_t msr, uint64_t *val);
int must_check msr_guest_write(struct vcpu *v, uint32_t msr, uint64_t val);

/* Fill a guest's hypercall page: 32 bytes of stub for each number (pv_msr.c). */
void pv_hypercall_page(void *page);

#endif
