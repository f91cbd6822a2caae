/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parts of the virtual platform that are not there yet, each replaced by its file when that comes.
 * Nothing reaches them: hardware guests are not offered until all are there (boot/main.c).
 */
#include "base/errno.h"
#include "hvm/hvm_vcpu.h"
#include "kern/panic.h"

#define MISSING __attribute__((weak))
#define GONE    panic("a part of hvm/ that is not there\n")

MISSING int hvm_set_context(struct vcpu *v, const struct vcpu_hvm_context *c) { return -XEN_EOPNOTSUPP; }
MISSING enum hvm_io_result hvm_port_access(struct vcpu *v, uint16_t port, unsigned int bytes, bool is_write,
                                           uint64_t *data) { return IO_UNHANDLED; }
MISSING enum hvm_io_result hvm_mmio_access(struct vcpu *v, uint64_t gpa, unsigned int bytes, bool is_write,
                                           uint64_t *data) { return IO_UNHANDLED; }
MISSING enum hvm_io_result hvm_port_string(struct vcpu *v, uint16_t port, unsigned int bytes, bool is_write,
                                           uint64_t gpa, uint32_t count, bool df) { return IO_UNHANDLED; }
MISSING void hvm_io_resume(struct vcpu *v) { GONE; }
MISSING int hvm_set_isa_irq(struct domain *d, unsigned int irq, bool level) { return -XEN_EOPNOTSUPP; }
MISSING int hvm_set_pci_intx(struct domain *d, unsigned int dev, unsigned int intx, bool level)
{ return -XEN_EOPNOTSUPP; }
MISSING int hvm_set_pci_link(struct domain *d, unsigned int link, unsigned int isa_irq) { return -XEN_EOPNOTSUPP; }
MISSING int hvm_inject_msi(struct domain *d, uint64_t addr, uint32_t data) { return -XEN_EOPNOTSUPP; }
MISSING int hvm_send_trigger(struct domain *d, uint32_t trigger, uint32_t vcpu) { return -XEN_EOPNOTSUPP; }
