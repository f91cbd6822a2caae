/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two 8259A, as in a PC.  An edge is kept in IRR until it is acknowledged; for a level-triggered
 * input IRR is the line.  The output is never stored but worked out from the registers.
 */
#include "hvm/vpic.h"

#include "hvm/hvm_vcpu.h"

#define CASCADE         2
#define NONE            8               /* instead of an input's number */
#define PORT_ELCR       0x4d0

static const uint8_t elcr_writable[2] = { 0xf8, 0xde };     /* not timer, keyboard, cascade, RTC, FPU */

/* How many inputs come before the first one in @inputs, by priority; 8: there is none. */
static unsigned int rank_of(const struct vpic_chip *c, uint8_t inputs)
{
    const uint8_t turned = inputs >> c->top | inputs << (8 - c->top);

    return turned ? lowest_bit(turned) : NONE;
}

static uint8_t in_service(const struct vpic_chip *c)
{
    return c->masks_specially ? c->isr & ~c->imr : c->isr;
}

/* The input that the chip asks to have served. */
static unsigned int requested(const struct vpic_chip *c)
{
    const unsigned int rank = rank_of(c, c->irr & ~c->imr), serving = rank_of(c, in_service(c));
    const unsigned int input = (rank + c->top) & 7;

    if ( rank == NONE || c->init )
        return NONE;
    return rank < serving || (rank == serving && c->nests_fully && input == CASCADE) ? input : NONE;
}

static void take(struct vpic_chip *c, unsigned int input)
{
    const uint8_t bit = BIT(input);

    if ( !(c->elcr & bit) )
        c->irr &= ~bit;
    if ( !c->auto_eoi )
        c->isr |= bit;
    else if ( c->rotates_on_auto_eoi )
        c->top = (input + 1) & 7;
}

/* The slave's output is the master's input 2. */
static void cascade(struct vpic *p)
{
    const uint8_t bit = BIT(CASCADE);

    if ( requested(&p->chip[1]) != NONE )
        p->chip[0].irr |= bit;
    else
        p->chip[0].irr &= ~bit;
}

int vpic_vector(struct vpic *p, bool ack)
{
    struct vpic_chip *c = &p->chip[0];
    unsigned int input = requested(c);

    if ( input == CASCADE ) {
        if ( ack )
            take(c, input);
        c = &p->chip[1];
        input = requested(c);
    }
    if ( input == NONE )
        return -1;
    if ( ack ) {
        take(c, input);
        cascade(p);
    }
    return c->base + input;
}

static void tell(struct domain *d)
{
    if ( d->vcpu[0] && vpic_vector(d->hvm->vpic, false) >= 0 )
        vcpu_work(d->vcpu[0], VCPU_WORK_IRQ);
}

void vpic_line(struct domain *d, unsigned int irq, bool level)
{
    struct vpic *p = d->hvm->vpic;
    struct vpic_chip *c = &p->chip[irq / 8];
    const uint8_t bit = BIT(irq % 8);

    if ( level )
        c->irr |= bit;
    else if ( c->elcr & bit )
        c->irr &= ~bit;
    cascade(p);
    tell(d);
}

/* OCW2: EOI, specific or not; rotation, with it or not. */
static void command(struct vpic_chip *c, uint8_t value)
{
    const bool rotates = value & 0x80, is_specific = value & 0x40, is_eoi = value & 0x20;
    unsigned int input = value & 7;

    if ( !is_eoi && !is_specific ) {
        c->rotates_on_auto_eoi = rotates;
        return;
    }
    if ( is_eoi && !is_specific ) {
        const unsigned int rank = rank_of(c, in_service(c));

        if ( rank == NONE )
            return;
        input = (rank + c->top) & 7;
    }
    if ( is_eoi )
        c->isr &= ~BIT(input);
    if ( rotates )
        c->top = (input + 1) & 7;
}

static void write_command(struct vpic_chip *c, uint8_t value)
{
    if ( value & 0x10 ) {               /* ICW1: the levels stay, everything else begins anew */
        *c = (struct vpic_chip){
            .irr = c->irr & c->elcr, .elcr = c->elcr, .base = c->base,
            .init = 2, .has_icw4 = value & 1, .is_single = value & 2,
        };
    } else if ( value & 0x08 ) {        /* OCW3 */
        c->polls = value & 4;
        if ( value & 2 )
            c->reads_isr = value & 1;
        if ( value & 0x40 )
            c->masks_specially = value & 0x20;
    } else {
        command(c, value);
    }
}

static void write_data(struct vpic_chip *c, uint8_t value, bool is_master)
{
    switch ( c->init ) {
    case 0:
        c->imr = value;
        return;
    case 2:
        c->base = value & 0xf8;
        c->init = !c->is_single ? 3 : c->has_icw4 ? 4 : 0;
        return;
    case 3:                             /* how they are wired is fixed */
        c->init = c->has_icw4 ? 4 : 0;
        return;
    default:
        c->auto_eoi = value & 2;
        c->nests_fully = (value & 0x10) && is_master;
        c->init = 0;
    }
}

static bool is_elcr(uint16_t port) { return ALIGN_DOWN(port, 2) == PORT_ELCR; }

static unsigned int chip_at(uint16_t port) { return is_elcr(port) ? port & 1 : port >> 7 & 1; }

void vpic_write(struct domain *d, uint16_t port, uint8_t value)
{
    const unsigned int n = chip_at(port);
    struct vpic_chip *c = &d->hvm->vpic->chip[n];

    spin_lock(&d->hvm->irq_lock);
    if ( is_elcr(port) )
        c->elcr = value & elcr_writable[n];
    else if ( port & 1 )
        write_data(c, value, n == 0);
    else
        write_command(c, value);
    cascade(d->hvm->vpic);
    tell(d);
    spin_unlock(&d->hvm->irq_lock);
}

static uint8_t poll(struct vpic_chip *c)
{
    const unsigned int input = requested(c);

    c->polls = false;
    if ( input == NONE )
        return 0;
    take(c, input);
    return 0x80 | input;
}

uint8_t vpic_read(struct domain *d, uint16_t port)
{
    struct vpic_chip *c = &d->hvm->vpic->chip[chip_at(port)];
    uint8_t value;

    spin_lock(&d->hvm->irq_lock);
    value = is_elcr(port) ? c->elcr :
            c->polls ? poll(c) :
            port & 1 ? c->imr :
            c->reads_isr ? c->isr : c->irr;
    cascade(d->hvm->vpic);
    spin_unlock(&d->hvm->irq_lock);
    return value;
}

void vpic_reset(struct vpic *p) { *p = (struct vpic){ .chip[0].imr = 0xff, .chip[1].imr = 0xff }; }
