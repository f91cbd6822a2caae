/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The I/O APIC of a hardware guest (82093AA, but with 48 pins): pin n is GSI n. */
#pragma once

#include "base/types.h"

struct domain;

#define VIOAPIC_BASE    0xfec00000UL    /* one page */
#define VIOAPIC_PINS    48

struct vioapic {                /* V */
    uint32_t select;            /* register that the window shows */
    uint32_t id;                /* as read: bits 24-27 */
    uint64_t redir[VIOAPIC_PINS];
};

void vioapic_reset(struct vioapic *io);

/* Four bytes at @offset from VIOAPIC_BASE.  Take irq_lock. */
uint32_t vioapic_read(struct domain *d, uint32_t offset);
void vioapic_write(struct domain *d, uint32_t offset, uint32_t value);
/* A local APIC has finished with @vector, which came as level-triggered.  Takes irq_lock. */
void vioapic_eoi(struct domain *d, uint8_t vector);

/* Line @pin has become active: its message, unless masked or sent already.  irq_lock held. */
void vioapic_send(struct domain *d, unsigned int pin);
/* Pin 0 passes the PIC's output on to the processor. */
bool vioapic_passes_extint(const struct vioapic *io);
