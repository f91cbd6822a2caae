/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptor tables of this CPU: the reserved GDT page, TSS, IDT, IST stacks. */
#pragma once

#include "base/types.h"

struct tss {                    /* SDM vol 3A 7.7 */
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, iomap_base;
} packed;
_Static_assert(sizeof(struct tss) == 104, "hardware layout");

/* Load this CPU's own tables; no guest descriptors.  Once for each CPU. */
void desc_init_cpu(void);

/*
 * Point GDTR to @base, whose page GDT_RESERVED_PAGE is this CPU's gdt_page; the idle
 * form has no guest pages below.
 */
void desc_load_gdt(uint64_t base);
void desc_load_gdt_idle(void);
/* LDT of @entries descriptors at @base; 0 entries: null. */
void desc_load_ldt(uint64_t base, uint32_t entries);
