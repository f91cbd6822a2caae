/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI configuration space, by MCFG or ports, and the devices that dom0 reported; MSI and MSI-X. */
#pragma once

#include "plat/irq.h"

struct pci_sbdf { uint16_t segment; uint8_t bus, devfn; };

static inline bool pci_same(struct pci_sbdf a, struct pci_sbdf b)
{
    return a.segment == b.segment && a.bus == b.bus && a.devfn == b.devfn;
}

void pci_init(void);
uint32_t pci_read(struct pci_sbdf d, uint16_t reg, unsigned int bytes);
void pci_write(struct pci_sbdf d, uint16_t reg, unsigned int bytes, uint32_t value);

/* PHYSDEVOP_pci_mmcfg_reserved: dom0 confirms an ECAM window.  0, -XEN_ENODEV. */
int must_check pci_mmcfg_reserved(paddr_t base, uint16_t segment, uint8_t bus_start, uint8_t bus_end);
int must_check pci_device_add(struct pci_sbdf d);       /* 0 also if known */
int must_check pci_device_remove(struct pci_sbdf d);    /* its MSIs are masked and freed first; -XEN_ENODEV */
bool pci_device_known(struct pci_sbdf d);

/*
 * MSI (msi.c): make entry @entry of @d's MSI (table_base 0) or MSI-X table deliver @msg, masked until
 * msi_unmask.  -XEN_ENODEV: no such device or capability, -XEN_EINVAL, -XEN_EBUSY.
 */
struct msi_desc;
int must_check msi_setup(struct pci_sbdf d, unsigned int entry, paddr_t msix_table_base,
                         const struct msi_msg *msg, struct msi_desc **out);
void msi_teardown(struct msi_desc *m);
void msi_write(struct msi_desc *m, const struct msi_msg *msg);
void msi_mask(struct msi_desc *m);
void msi_unmask(struct msi_desc *m);
int must_check msi_restore(struct pci_sbdf d);          /* PHYSDEVOP_restore_msi_ext */
/* prepare_msix, release_msix: -XEN_ENODEV without MSI-X, -XEN_EBUSY if entries are in use. */
int must_check msix_prepare(struct pci_sbdf d);
/* The device goes away: mask its entries; their owners still call msi_teardown. */
void msi_teardown_device(struct pci_sbdf d);
/* True if a write would touch the address, data or mask that we put into an MSI capability: dom0's is dropped. */
bool msi_owns_register(struct pci_sbdf d, uint16_t reg, unsigned int bytes);
