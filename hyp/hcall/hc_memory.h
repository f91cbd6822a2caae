/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to hc_memory.c and hc_memory_info.c. */
#ifndef HCALL_HC_MEMORY_H
#define HCALL_HC_MEMORY_H

#include <xenabi/memory.h>

#include "hcall/hypercall.h"

/* Every command that does not take a first extent; -XEN_ENOSYS if there is none such. */
long hc_memory_info(unsigned int cmd, guest_ptr_t arg);

#endif
