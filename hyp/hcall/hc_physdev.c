/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * physdev_op: a domain that drives hardware asks about and sets up interrupts, PCI devices
 * and its I/O privilege.  Arguments are checked and domains looked up here; the work is
 * core/pirq.c's and plat/'s.
 */
#include <xenabi/physdev.h>

#include "core/pirq.h"
#include "cpu/pcpu.h"
#include "hcall/hypercall.h"
#include "plat/ioapic.h"
#include "plat/irq.h"
#include "plat/pci.h"

#define MAX_IO_PORTS    65536

HC_OP(pd_eoi, physdev_eoi, pirq_eoi(d, a->irq))

static int pd_irq_status_query(struct vcpu *v, struct domain *d, void *arg)
{
    struct physdev_irq_status_query *a = arg;

    if ( a->irq >= NR_PIRQS )
        return -XEN_EINVAL;
    a->flags = pirq_needs_eoi(d, a->irq) ? XENIRQSTAT_needs_eoi : 0;
    return 0;
}

HC_OP(pd_pirq_eoi_gmfn_v2, physdev_pirq_eoi_gmfn, pirq_set_eoi_map(d, a->gmfn))

static int pd_set_iopl(struct vcpu *v, struct domain *d, void *arg)
{
    const struct physdev_set_iopl *a = arg;

    if ( a->iopl > 3 )
        return -XEN_EINVAL;
    v->pv.iopl = a->iopl;
    return 0;
}

static int pd_set_iobitmap(struct vcpu *v, struct domain *d, void *arg)
{
    const struct physdev_set_iobitmap *a = arg;

    if ( a->nr_ports > MAX_IO_PORTS || !guest_range_ok(a->bitmap, DIV_ROUND_UP(a->nr_ports, 8)) )
        return -XEN_EINVAL;
    v->pv.iobmp = a->bitmap;
    v->pv.iobmp_limit = a->nr_ports;
    return 0;
}

HC_OP(pd_apic_read, physdev_apic, ioapic_read_by_address(a->apic_physbase, a->reg, &a->value))

/* Vectors are ours; the guest gets a number to remember. */
static int pd_alloc_irq_vector(struct vcpu *v, struct domain *d, void *arg)
{
    struct physdev_irq *a = arg;

    if ( a->irq >= irq_nr_gsi() )
        return -XEN_EINVAL;
    a->vector = a->irq;
    return 0;
}

HC_OP(pd_map_pirq, physdev_map_pirq, domain_is_dying(d) ? -XEN_ESRCH : pirq_map(d, a))
HC_OP(pd_unmap_pirq, physdev_unmap_pirq, pirq_unmap(d, a->pirq))

static int pd_setup_gsi(struct vcpu *v, struct domain *d, void *arg)
{
    const struct physdev_setup_gsi *a = arg;

    if ( a->gsi < 0 || a->gsi >= (int)irq_nr_gsi() || a->triggering > 1 || a->polarity > 1 )
        return -XEN_EINVAL;
    irq_set_gsi_mode(a->gsi, a->triggering, a->polarity);
    return 0;
}

static int pd_mmcfg_reserved(struct vcpu *v, struct domain *d, void *arg)
{
    const struct physdev_pci_mmcfg_reserved *a = arg;

    if ( !(a->flags & XEN_PCI_MMCFG_RESERVED) )
        return -XEN_EINVAL;
    return pci_mmcfg_reserved(a->address, a->segment, a->start_bus, a->end_bus);
}

HC_OP(pd_pci_device_add, physdev_pci_device_add,
      pci_device_add((struct pci_sbdf){ a->seg, a->bus, a->devfn }))

HC_OP(pd_pci_device_remove, physdev_pci_device,
      pci_device_remove((struct pci_sbdf){ a->seg, a->bus, a->devfn }))

HC_OP(pd_restore_msi_ext, physdev_pci_device,
      msi_restore((struct pci_sbdf){ a->seg, a->bus, a->devfn }))

HC_OP(pd_prepare_msix, physdev_pci_device,
      msix_prepare((struct pci_sbdf){ a->seg, a->bus, a->devfn }))

#define BACK        HC_COPY_BACK
#define BACK_ALWAYS (HC_COPY_BACK | HC_COPY_BACK_ERR)
#define OP(name, fn, type, flags, perm) \
    [PHYSDEVOP_##name] = { fn, sizeof(struct physdev_##type), flags, perm }

/*
 * Not served, -XEN_ENOSYS: the older forms of calls that are here, apic_write (entries are set by map_pirq
 * and setup_gsi), get_free_pirq, dbgp_op (no EHCI debug port), free_irq_vector, IRQ_UNMASK_NOTIFY.
 */
static const struct hc_op physdev_ops[] = {
    OP(eoi,               pd_eoi,                eoi,               0,           PERM_ANY),
    OP(irq_status_query,  pd_irq_status_query,   irq_status_query,  BACK,        PERM_ANY),
    OP(pirq_eoi_gmfn_v2,  pd_pirq_eoi_gmfn_v2,   pirq_eoi_gmfn,     0,           PERM_ANY),
    OP(set_iopl,          pd_set_iopl,           set_iopl,          0,           PERM_ANY),
    OP(set_iobitmap,      pd_set_iobitmap,       set_iobitmap,      0,           PERM_ANY),
    OP(apic_read,         pd_apic_read,          apic,              BACK,        PERM_HARDWARE),
    OP(alloc_irq_vector,  pd_alloc_irq_vector,   irq,               BACK,        PERM_HARDWARE),
    OP(map_pirq,          pd_map_pirq,           map_pirq,          HC_DOMAIN | BACK_ALWAYS, PERM_HARDWARE),
    OP(unmap_pirq,        pd_unmap_pirq,         unmap_pirq,        HC_DOMAIN, PERM_HARDWARE),
    OP(setup_gsi,         pd_setup_gsi,          setup_gsi,         0,           PERM_HARDWARE),
    OP(pci_mmcfg_reserved, pd_mmcfg_reserved,     pci_mmcfg_reserved, 0,           PERM_HARDWARE),
    OP(pci_device_add,    pd_pci_device_add,     pci_device_add,    0,           PERM_HARDWARE),
    OP(pci_device_remove, pd_pci_device_remove,  pci_device,        0,           PERM_HARDWARE),
    OP(restore_msi_ext,   pd_restore_msi_ext,    pci_device,        0,           PERM_HARDWARE),
    OP(prepare_msix,      pd_prepare_msix,       pci_device,        0,           PERM_HARDWARE),
    OP(release_msix,      pd_prepare_msix,       pci_device,        0,           PERM_HARDWARE),
};

HC_CALL(physdev_op, hc_dispatch(current, physdev_ops, ARRAY_SIZE(physdev_ops), (uint32_t)a1, a2))
