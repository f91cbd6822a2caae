/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pair of 8259A interrupt controllers of a hardware guest; its output is vCPU 0's ExtINT. */
#pragma once

#include "base/types.h"

struct domain;

struct vpic_chip {              /* V */
    uint8_t irr, imr, isr;
    uint8_t elcr;               /* inputs that are level-triggered */
    uint8_t base;               /* vector of input 0 */
    uint8_t top;                /* input with the highest priority */
    uint8_t init;               /* the initialisation word that comes next: 2-4; 0: none */
    bool    has_icw4, is_single;
    bool    reads_isr, polls;
    bool    auto_eoi, rotates_on_auto_eoi;
    bool    nests_fully;        /* special fully nested: a slave may interrupt itself (master only) */
    bool    masks_specially;    /* inputs in service that are masked do not hold others back */
};
struct vpic {
    struct vpic_chip chip[2];   /* master, slave: on the master's input 2 */
};

void vpic_reset(struct vpic *p);

/* One byte at ports 0x20, 0x21, 0xa0, 0xa1 or 0x4d0, 0x4d1.  Take irq_lock. */
uint8_t vpic_read(struct domain *d, uint16_t port);
void vpic_write(struct domain *d, uint16_t port, uint8_t value);

/* ISA interrupt @irq (not 2) has changed.  irq_lock held. */
void vpic_line(struct domain *d, unsigned int irq, bool level);

/* The vector that the processor would get, or -1; with @ack it is taken.  irq_lock held. */
int vpic_vector(struct vpic *p, bool ack);
