/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O APICs' redirection entries, by GSI.  Edge or level, who handles what and when to
 * mask is plat/irq.c's, whose lock guards all of this but ioapic_read_by_address.
 */
#pragma once

#include "base/types.h"

#define IOAPIC_MAX_GSI  512

void ioapic_init(void);                 /* maps all, masks every pin */
/* Before the ExtINT pin is masked: an 8259 that asserts it then leaves a stray interrupt. */
void ioapic_silence_8259(void);
unsigned int ioapic_nr_gsi(void);       /* highest GSI + 1, at most IOAPIC_MAX_GSI */
bool ioapic_has_gsi(unsigned int gsi);

/* Set the entry, masked.  -XEN_EINVAL: no such pin. */
int must_check ioapic_set_entry(unsigned int gsi, uint8_t vector, bool level, bool active_low,
                                uint32_t apic_id);
void ioapic_set_dest(unsigned int gsi, uint32_t apic_id);
void ioapic_mask(unsigned int gsi);
void ioapic_unmask(unsigned int gsi);

/* A register of the I/O APIC at @pa, for dom0 to look at.  -XEN_EINVAL: none there.  Any context. */
int must_check ioapic_read_by_address(paddr_t pa, uint32_t reg, uint32_t *value);
