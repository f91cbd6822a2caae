/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O APIC: turns lines into messages.  The level of a line is hvm->gsi_level, so polarity
 * means nothing here; a pin's own state is its entry: remote IRR is set from the message until the EOI.
 */
#include "hvm/vioapic.h"

#include "hvm/hvm_vcpu.h"

#define WINDOW          0x10            /* the other register is at 0 */
#define REG_ID          0
#define REG_VERSION     1
#define REG_ARBITRATION 2
#define REG_REDIR       0x10
#define VERSION         (0x11 | (VIOAPIC_PINS - 1) << 16)
#define ID_MASK         0x0f000000U

#define RE_MODE         0x700UL
#define RE_EXTINT       0x700UL
#define RE_LOGICAL      0x800UL
#define RE_REMOTE_IRR   0x4000UL
#define RE_LEVEL        0x8000UL
#define RE_MASKED       0x10000UL
#define RE_WRITABLE     0xff0000000001afffUL    /* not delivery status and remote IRR */

void vioapic_reset(struct vioapic *io)
{
    *io = (struct vioapic){ .id = 1U << 24 };
    for ( unsigned int i = 0; i < VIOAPIC_PINS; i++ )
        io->redir[i] = RE_MASKED;
}

void vioapic_send(struct domain *d, unsigned int pin)
{
    uint64_t *entry = &d->hvm->vioapic->redir[pin];
    const uint64_t e = *entry;

    if ( e & (RE_MASKED | RE_REMOTE_IRR) )
        return;
    if ( e & RE_LEVEL )
        *entry |= RE_REMOTE_IRR;
    vlapic_deliver(d, e >> 56, e & RE_LOGICAL, (e & RE_MODE) >> 8, e, e & RE_LEVEL);
}

static void send_if_level(struct domain *d, unsigned int pin)
{
    if ( d->hvm->gsi_level[pin] && (d->hvm->vioapic->redir[pin] & RE_LEVEL) )
        vioapic_send(d, pin);
}

void vioapic_eoi(struct domain *d, uint8_t vector)
{
    struct hvm_domain *h = d->hvm;

    if ( d->vcpu[0] )
        hvm_callback_line(d->vcpu[0]);      /* the guest has dealt with its events: no second interrupt */
    spin_lock(&h->irq_lock);
    for ( unsigned int i = 0; i < VIOAPIC_PINS; i++ ) {
        uint64_t *entry = &h->vioapic->redir[i];

        if ( (uint8_t)*entry == vector ) {
            *entry &= ~RE_REMOTE_IRR;
            send_if_level(d, i);
        }
    }
    spin_unlock(&h->irq_lock);
}

static uint32_t read_window(const struct vioapic *io)
{
    const unsigned int n = io->select - REG_REDIR;

    if ( n < 2 * VIOAPIC_PINS )
        return io->redir[n / 2] >> n % 2 * 32;
    return io->select == REG_VERSION ? VERSION :
           io->select == REG_ID || io->select == REG_ARBITRATION ? io->id : 0;
}

/* An entry that becomes edge-triggered forgets its message: so guests do what needs an EOI register. */
static void write_window(struct domain *d, uint32_t value)
{
    struct vioapic *io = d->hvm->vioapic;
    const unsigned int n = io->select - REG_REDIR, shift = n % 2 * 32;

    if ( io->select == REG_ID )
        io->id = value & ID_MASK;
    if ( n < 2 * VIOAPIC_PINS ) {
        const uint64_t writable = RE_WRITABLE & 0xffffffffUL << shift;
        uint64_t *entry = &io->redir[n / 2];

        *entry = (*entry & ~writable) | ((uint64_t)value << shift & writable);
        if ( !(*entry & RE_LEVEL) )
            *entry &= ~RE_REMOTE_IRR;
        send_if_level(d, n / 2);
        if ( n / 2 == 0 && d->vcpu[0] )     /* maybe the PIC's way is open now */
            vcpu_work(d->vcpu[0], VCPU_WORK_IRQ);
    }
}

uint32_t vioapic_read(struct domain *d, uint32_t offset)
{
    struct hvm_domain *h = d->hvm;
    uint32_t value;

    spin_lock(&h->irq_lock);
    value = offset == 0 ? h->vioapic->select : offset == WINDOW ? read_window(h->vioapic) : 0;
    spin_unlock(&h->irq_lock);
    return value;
}

void vioapic_write(struct domain *d, uint32_t offset, uint32_t value)
{
    struct hvm_domain *h = d->hvm;

    spin_lock(&h->irq_lock);
    if ( offset == 0 )
        h->vioapic->select = value & 0xff;
    else if ( offset == WINDOW )
        write_window(d, value);
    spin_unlock(&h->irq_lock);
}

bool vioapic_passes_extint(const struct vioapic *io)
{
    return (read_once(io->redir[0]) & (RE_MASKED | RE_MODE)) == RE_EXTINT;
}
