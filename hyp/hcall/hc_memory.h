/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to hc_memory.c, hc_memory_info.c and hc_physmap.c. */
#pragma once

#include <xenabi/memory.h>

#include "hcall/hypercall.h"

/*
 * Hardware guests' physical map (hc_physmap.c).  Take away what is at @gfn, RAM with its frame.
 * False: nothing that may be.  mm_lock held.
 */
bool physmap_remove(struct domain *d, uint64_t gfn);
int mem_add_to_physmap(struct vcpu *v, struct domain *d, void *arg);
int mem_add_batch(struct vcpu *v, struct domain *d, void *arg);
int mem_remove_physmap(struct vcpu *v, struct domain *d, void *arg);

/* Every command that does not take a first extent; -XEN_ENOSYS if there is none such. */
long hc_memory_info(unsigned int cmd, guest_ptr_t arg);
