/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paravirtual guests: what hcall/, entry/ and boot/ may call in this folder. */
#pragma once

#include <xenabi/xen.h>
#include <xenabi/arch-x86.h>
#include "core/vcpu.h"
#include "cpu/asm.h"

/* Life. */
extern const struct guest_ops pv_guest_ops;     /* core/guest_ops.h */

/* VCPUOP_initialise, setvcpucontext: check and take over; -XEN_EINVAL leaves it uninitialised. */
int must_check pv_set_context(struct vcpu *v, const struct vcpu_guest_context *c);
void pv_get_context(struct vcpu *v, struct vcpu_guest_context *c);      /* v paused */

/* Page tables (pv_mmu.c, pv_pagetype.c); hypercall bodies over private copies or guest arrays. */
long pv_mmu_update(uint64_t ureqs, uint64_t count, uint64_t pdone, uint64_t foreigndom);
long pv_mmuext_op(uint64_t uops, uint64_t count, uint64_t pdone, uint64_t foreigndom);
/* As MMUEXT_PIN_*_TABLE; @type FT_L1..FT_L4.  0, -XEN_EINVAL, -XEN_ERESTART (call again). */
int must_check pv_pin(struct domain *d, mfn_t mfn, uint8_t type);
long pv_update_va_mapping(uint64_t va, uint64_t val, uint64_t flags);
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

/* Descriptors, debug registers, segment bases of the current vCPU (pv_desc.c).  XEN_E*. */
int must_check pv_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned int entries);
int must_check pv_update_descriptor(struct vcpu *v, uint64_t ma, uint64_t desc);
int must_check pv_set_debugreg(struct vcpu *v, unsigned int reg, uint64_t value);
int must_check pv_set_segment_base(struct vcpu *v, unsigned int which, uint64_t base);

/* MSR policy (pv_msr.c).  0, or -XEN_EPERM: the guest gets #GP. */
int must_check msr_guest_read(struct vcpu *v, uint32_t msr, uint64_t *val);
int must_check msr_guest_write(struct vcpu *v, uint32_t msr, uint64_t val);

/* Fill a guest's hypercall page: 32 bytes of stub for each number (pv_msr.c). */
void pv_hypercall_page(void *page);
/* That of frame @mfn: 0, or -XEN_EACCES if it is no writable frame of @d. */
int must_check pv_install_hypercall_page(struct domain *d, mfn_t mfn);
