/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts: vectors, descriptors, and who handles them.  An irq is a GSI (below
 * irq_nr_gsi()) or was allocated for MSI.  Vectors 0x20..0xdf are devices'; the
 * highest are our own (timer, IPIs, spurious).
 */
#pragma once

#include "base/types.h"

#define VEC_DYN_FIRST   0x20
#define VEC_DYN_LAST    0xdf
#define VEC_TIMER       0xf9
#define VEC_KICK        0xfa        /* look at your work bits */
#define VEC_TLB         0xfb
#define VEC_ERROR       0xfe
#define VEC_SPURIOUS    0xff

/* Returns true if the line is to stay masked or un-EOIed until irq_done (a guest handles it). */
typedef bool irq_handler_fn(void *arg);

struct msi_msg { uint64_t address; uint32_t data; };

void irq_init(void);                /* APIC tables parsed */
unsigned int irq_nr_gsi(void);
unsigned int irq_isa_to_gsi(unsigned int isa_irq);   /* by the MADT's overrides */

/* Take over a GSI with @trigger level/edge and polarity; routes it to @cpu, unmasked.  -XEN_EBUSY, -XEN_ENOSPC. */
int must_check irq_request_gsi(unsigned int gsi, bool level, bool active_low, irq_handler_fn *fn, void *arg,
                               unsigned int cpu);
/* Trigger mode and polarity of a GSI from the MADT's overrides, or what irq_set_gsi_mode said. */
void irq_gsi_mode(unsigned int gsi, bool *level, bool *active_low);
void irq_set_gsi_mode(unsigned int gsi, bool level, bool active_low);
/* A vector for MSI; fills the message.  Returns an irq >= irq_nr_gsi(), or -XEN_ENOSPC. */
int must_check irq_alloc_msi(irq_handler_fn *fn, void *arg, unsigned int cpu, struct msi_msg *msg);
void irq_free(unsigned int irq);            /* returns when no handler runs */
void irq_mask(unsigned int irq);
void irq_unmask(unsigned int irq);
void irq_done(unsigned int irq);            /* the guest's EOI for a level interrupt */
/* Move to @cpu.  For MSI fills @msg with what must be written to the device. */
int must_check irq_set_cpu(unsigned int irq, unsigned int cpu, struct msi_msg *msg);
bool irq_is_level(unsigned int irq);

/* Any interrupt vector >= 0x20, from entry/trap.c.  Acknowledges, handles storms and spurious ones. */
void irq_dispatch(uint8_t vector);
void irq_dump(void);                        /* debug key i */
