/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptor tables of vCPUs in their domain's address slot; private to pv/. */
#ifndef PV_PV_PERDOMAIN_H
#define PV_PV_PERDOMAIN_H

#include "core/vcpu.h"

/* Page 0..15: GDT, 16..31: LDT. */
uint64_t *perdomain_pte(const struct vcpu *v, unsigned int page);
uint64_t perdomain_va(const struct vcpu *v, unsigned int page);

void pv_desc_init(struct vcpu *v);          /* empty tables */
void pv_desc_release(struct vcpu *v);       /* drops the frames; v does not run */
/* A fault at @cr2 in the LDT's pages: true if it is mapped now. */
bool pv_ldt_fault(struct vcpu *v, uint64_t cr2);
void pv_load_debugregs(const struct vcpu *v);

#endif
