/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hardware guest's interrupt lines: from ISA, PCI INTx, the timers and event upcalls to the two
 * controllers, and what of it a vCPU takes next.
 *
 * Lines 0-15 are the PIC's inputs and the I/O APIC's pins, but that the ISA interrupt 0 is line 2, as
 * the guest's ACPI tables say (the PIC's input 2 is its slave).  16-47 are for PCI devices.  A
 * PCI pin that is asserted holds one of these, and one of four links to an ISA line (for the PIC).
 */
#include "base/atomic.h"
#include "hvm/hvm_vcpu.h"
#include "hvm/vioapic.h"
#include "hvm/vpic.h"
#include "mem/slab.h"

#define LINE_TIMER      2               /* of ISA interrupt 0 */
#define MSI_BASE        0xfee00000U
#define MSI_LOGICAL     0x4U

bool hvm_virtual_irqs ro_after_init;

/* One source more (@on) or less.  irq_lock held. */
static void line_set(struct domain *d, unsigned int line, bool on)
{
    struct hvm_domain *h = d->hvm;

    line = line ? line : LINE_TIMER;
    if ( line >= VIOAPIC_PINS )
        return;
    h->gsi_level[line] += on ? 1 : -1;
    if ( h->gsi_level[line] != on )     /* another source holds it anyway */
        return;
    if ( h->vpic && line < 16 )
        vpic_line(d, line == LINE_TIMER ? 0 : line, on);
    if ( h->vioapic && on )
        vioapic_send(d, line);
}

static void link_set(struct domain *d, unsigned int link, bool on)
{
    struct hvm_domain *h = d->hvm;

    h->pci_link_level[link] += on ? 1 : -1;
    if ( h->pci_link_level[link] == on && h->pci_link_irq[link] )
        line_set(d, h->pci_link_irq[link], on);
}

static void intx_set(struct domain *d, unsigned int dev, unsigned int intx, bool on)
{
    line_set(d, 16 + (((dev << 2) + (dev >> 3) + intx) & 31), on);
    link_set(d, (dev + intx) & 3, on);
}

/* Bit @nr of @map becomes @on.  False: it was. */
static bool change_bit(uint64_t *map, unsigned int nr, bool on)
{
    return (on ? test_and_set_bit(nr, map) : test_and_clear_bit(nr, map)) != on;
}

int hvm_set_isa_irq(struct domain *d, unsigned int isa_irq, bool level)
{
    struct hvm_domain *h = d->hvm;

    if ( isa_irq >= 16 )
        return -XEN_EINVAL;
    spin_lock(&h->irq_lock);
    if ( change_bit(&h->isa_level, isa_irq, level) )
        line_set(d, isa_irq, level);
    spin_unlock(&h->irq_lock);
    return 0;
}

int hvm_set_pci_intx(struct domain *d, unsigned int dev, unsigned int intx, bool level)
{
    struct hvm_domain *h = d->hvm;

    if ( dev >= 32 || intx >= 4 )
        return -XEN_EINVAL;
    spin_lock(&h->irq_lock);
    if ( change_bit(h->pci_intx, dev * 4 + intx, level) )
        intx_set(d, dev, intx, level);
    spin_unlock(&h->irq_lock);
    return 0;
}

int hvm_set_pci_link(struct domain *d, unsigned int link, unsigned int isa_irq)
{
    struct hvm_domain *h = d->hvm;

    if ( link >= 4 || isa_irq >= 16 )
        return -XEN_EINVAL;
    spin_lock(&h->irq_lock);
    if ( h->pci_link_level[link] && h->pci_link_irq[link] )
        line_set(d, h->pci_link_irq[link], false);
    h->pci_link_irq[link] = isa_irq;
    if ( h->pci_link_level[link] && isa_irq )
        line_set(d, isa_irq, true);
    spin_unlock(&h->irq_lock);
    return 0;
}

/* Vector 0, Xen's way to name an event channel instead, is refused. */
int hvm_inject_msi(struct domain *d, uint64_t addr, uint32_t data)
{
    if ( addr >> 20 != MSI_BASE >> 20 || !(uint8_t)data )
        return -XEN_EINVAL;
    vlapic_deliver(d, addr >> 12 & 0xff, addr & MSI_LOGICAL, data >> 8 & 7, data, false);
    return 0;
}

void hvm_gsi_set(struct domain *d, unsigned int gsi, bool on)
{
    spin_lock(&d->hvm->irq_lock);
    line_set(d, gsi, on);
    spin_unlock(&d->hvm->irq_lock);
}

static void callback_set(struct domain *d, uint64_t via, bool on)
{
    const unsigned int type = via >> 56;

    if ( type == HVM_PARAM_CALLBACK_TYPE_GSI && via != 0 && via < VIOAPIC_PINS )
        line_set(d, via, on);
    else if ( type == HVM_PARAM_CALLBACK_TYPE_PCI_INTX )
        intx_set(d, via >> 11 & 31, via & 3, on);
}

void hvm_callback_line(struct vcpu *v)
{
    struct hvm_domain *h = v->domain->hvm;
    uint64_t via = 0;

    if ( read_once(v->vcpu_info->evtchn_upcall_pending) && !v->hvm->upcall_vector )
        via = read_once(h->params[HVM_PARAM_CALLBACK_IRQ]);
    if ( via >> 56 == HVM_PARAM_CALLBACK_TYPE_VECTOR )
        via = 0;
    if ( likely(via == read_once(h->callback_via)) )
        return;
    spin_lock(&h->irq_lock);
    callback_set(v->domain, h->callback_via, false);
    h->callback_via = via;
    callback_set(v->domain, via, true);
    spin_unlock(&h->irq_lock);
}

/* The PIC's, if it is wired through to @v. */
static int extint_vector(struct vcpu *v, bool ack)
{
    struct hvm_domain *h = v->domain->hvm;
    int vector = -1;

    if ( !h->vpic || v->id )
        return -1;
    spin_lock(&h->irq_lock);
    if ( vlapic_accepts_extint(v) || (h->vioapic && vioapic_passes_extint(h->vioapic)) )
        vector = vpic_vector(h->vpic, ack);
    spin_unlock(&h->irq_lock);
    return vector;
}

int hvm_irq_pending(struct vcpu *v)
{
    const int vector = extint_vector(v, false);

    return vector >= 0 || hvm_virtual_irqs ? vector : vlapic_pending(v);
}

int hvm_irq_ack(struct vcpu *v)
{
    int vector = extint_vector(v, true);

    if ( vector < 0 && !hvm_virtual_irqs ) {
        vector = vlapic_pending(v);
        if ( vector >= 0 )
            vlapic_ack(v, vector);
    }
    return vector;
}

int hvm_irq_init(struct domain *d)
{
    struct hvm_domain *h = d->hvm;

    lock_init(&h->irq_lock, RANK_VIRQ);
    if ( h->emulation & XEN_X86_EMU_IOAPIC ) {
        h->vioapic = slab_new(struct vioapic);
        if ( !h->vioapic )
            return -XEN_ENOMEM;
        vioapic_reset(h->vioapic);
    }
    if ( h->emulation & XEN_X86_EMU_PIC ) {
        h->vpic = slab_new(struct vpic);
        if ( !h->vpic )
            return -XEN_ENOMEM;
        vpic_reset(h->vpic);
    }
    return 0;
}

void hvm_irq_free(struct domain *d)
{
    slab_free(d->hvm->vioapic);
    slab_free(d->hvm->vpic);
    d->hvm->vioapic = NULL;
    d->hvm->vpic = NULL;
}
