/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hardware guests (PVH and HVM): what hcall/, entry/ and boot/ may call in this folder.
 */
#pragma once

#include "core/vcpu.h"

/* Boot, CPUs are up: finds VT-x or AMD-V with nested paging and takes it into use; says what there is. */
void hvm_init(void);
void hvm_init_cpu(void);                /* every other CPU, by PCPU_WORK_HVM */
extern bool hvm_available;              /* immutable after hvm_init */
extern const char *hvm_missing;         /* why not: what to switch on and where; NULL if available */
extern const struct guest_ops hvm_guest_ops;

uint32_t hvm_emulation(const struct domain *d);    /* XEN_X86_EMU_* */

/* Check what the tools ask for.  0; -XEN_EOPNOTSUPP, -XEN_EINVAL with a line in the log. */
int must_check hvm_create_check(const struct xen_domctl_createdomain *c);

/* Enter the guest: entry.S's exit path comes here with nothing left to do for @v. */
void noreturn hvm_enter(struct vcpu *v);

/*
 * A hypercall by VMCALL or VMMCALL, made at CPL 0: VCPU_WORK_HYPERCALL asks for hypercall_hvm()
 * (hcall/), which calls hvm_hypercall_done if it is not to be made again.
 */
bool hvm_is_64bit(struct vcpu *v);              /* its code segment is */
void hvm_hypercall_done(struct vcpu *v);        /* RIP behind the instruction */

/* hvm_op's parameters (hvm_param.c).  @by_self: the guest asks, which may not all. */
int must_check hvm_set_param(struct domain *d, uint32_t index, uint64_t value, bool by_self);
int must_check hvm_get_param(struct domain *d, uint32_t index, uint64_t *value, bool by_self);
int must_check hvm_set_upcall_vector(struct vcpu *v, uint8_t vector);

/* gethvmcontext, sethvmcontext (hvm_save.c): records by type.  Domain paused. */
int must_check hvm_save(struct domain *d, void *buf, uint32_t *size);       /* @buf NULL: size only */
int must_check hvm_save_one(struct domain *d, uint32_t type, uint32_t instance, void *buf, uint32_t *size);
int must_check hvm_load(struct domain *d, const void *buf, uint32_t size);

/* Interrupt lines and messages, from the device model and from ourselves (hvm_irq.c).  Any context. */
int must_check hvm_set_isa_irq(struct domain *d, unsigned int irq, bool level);
int must_check hvm_set_pci_intx(struct domain *d, unsigned int dev, unsigned int intx, bool level);
int must_check hvm_set_pci_link(struct domain *d, unsigned int link, unsigned int isa_irq);
int must_check hvm_inject_msi(struct domain *d, uint64_t addr, uint32_t data);

/*
 * Device models (ioreq.c).  domctl_lock held, but for ioreq_invalidate.  @kind: HVM_IOREQSRV_BUFIOREQ_*.
 * -XEN_ENOENT: no such server.
 */
int must_check ioreq_create(struct domain *d, domid_t dm, unsigned int kind, uint16_t *id);
int ioreq_destroy(struct domain *d, uint16_t id);
int must_check ioreq_enable(struct domain *d, uint16_t id, bool enable);
/*
 * Claim a range, or with @on false give it up.  @type: XEN_DMOP_IO_RANGE_*.  -XEN_EEXIST: it has it all;
 * -XEN_ENOENT: not all to give up; -XEN_EINVAL, -XEN_ENOMEM.
 */
int must_check ioreq_claim(struct domain *d, uint16_t id, uint32_t type, uint64_t start, uint64_t end, bool on);
/* Its ring's port; 0: it has none. */
int must_check ioreq_ring_port(struct domain *d, uint16_t id, uint32_t *port);
/* XENMEM_resource_ioreq_server's frames: 0 the ring, 1 the requests. */
#define IOREQ_NR_FRAMES 2
int must_check ioreq_frame(struct domain *d, uint32_t id, uint64_t frame, mfn_t *mfn);
void ioreq_destroy_all(struct domain *d);       /* from relinquish */
void ioreq_free(struct domain *d);              /* last reference gone */
/* Frames were taken out of the physical map: device models shall drop their mappings. */
void ioreq_invalidate(struct domain *d);
/* guest_ops' dm_notify. */
void ioreq_notify(struct vcpu *v, evtchn_port_t port, bool is_closed);

/* Guest memory by linear address of the current, hardware, vCPU (hvm_copy.c); as guest_access.h. */
bool must_check hvm_copy_from_guest(void *dst, guest_ptr_t src, size_t len);
bool must_check hvm_copy_to_guest(guest_ptr_t dst, const void *src, size_t len);
