/* SPDX-License-Identifier: MIT */
/*
 * physdev_op: interrupts, PCI devices and I/O privilege of a domain that drives hardware.
 */
#ifndef XENABI_PHYSDEV_H
#define XENABI_PHYSDEV_H

#include <xenabi/types.h>

#define PHYSDEVOP_IRQ_UNMASK_NOTIFY     4
#define PHYSDEVOP_irq_status_query      5
#define PHYSDEVOP_set_iopl              6
#define PHYSDEVOP_set_iobitmap          7
#define PHYSDEVOP_apic_read             8
#define PHYSDEVOP_apic_write            9
#define PHYSDEVOP_alloc_irq_vector      10
#define PHYSDEVOP_free_irq_vector       11
#define PHYSDEVOP_eoi                   12
#define PHYSDEVOP_map_pirq              13
#define PHYSDEVOP_unmap_pirq            14
#define PHYSDEVOP_manage_pci_add        15
#define PHYSDEVOP_manage_pci_remove     16
#define PHYSDEVOP_pirq_eoi_gmfn_v1      17
#define PHYSDEVOP_restore_msi           19
#define PHYSDEVOP_manage_pci_add_ext    20
#define PHYSDEVOP_setup_gsi             21
#define PHYSDEVOP_get_free_pirq         23
#define PHYSDEVOP_pci_mmcfg_reserved    24
#define PHYSDEVOP_pci_device_add        25
#define PHYSDEVOP_pci_device_remove     26
#define PHYSDEVOP_restore_msi_ext       27
#define PHYSDEVOP_pirq_eoi_gmfn_v2      28
#define PHYSDEVOP_dbgp_op               29
#define PHYSDEVOP_prepare_msix          30
#define PHYSDEVOP_release_msix          31

#define XENIRQSTAT_needs_eoi            (1U << 0)
#define XENIRQSTAT_shared               (1U << 1)

#define MAP_PIRQ_TYPE_MSI               0
#define MAP_PIRQ_TYPE_GSI               1
#define MAP_PIRQ_TYPE_UNKNOWN           2
#define MAP_PIRQ_TYPE_MSI_SEG           3
#define MAP_PIRQ_TYPE_MULTI_MSI         4

#define XEN_PCI_MMCFG_RESERVED          1
#define XEN_PCI_DEV_EXTFN               1
#define XEN_PCI_DEV_VIRTFN              2
#define XEN_PCI_DEV_PXM                 4

#define PHYSDEVOP_DBGP_RESET_PREPARE    1
#define PHYSDEVOP_DBGP_RESET_DONE       2
#define PHYSDEVOP_DBGP_BUS_UNKNOWN      0
#define PHYSDEVOP_DBGP_BUS_PCI          1

struct physdev_eoi {
    uint32_t irq;                   /* PIRQ */
};
ABI_SIZE(physdev_eoi, 4);

/* Bitmap page, one bit per PIRQ: set if the PIRQ needs an EOI call. */
struct physdev_pirq_eoi_gmfn {
    xen_pfn_t gmfn;
};
ABI_SIZE(physdev_pirq_eoi_gmfn, 8);

struct physdev_irq_status_query {
    uint32_t irq;                   /* IN */
    uint32_t flags;                 /* OUT XENIRQSTAT_* */
};
ABI_SIZE(physdev_irq_status_query, 8);

struct physdev_set_iopl {
    uint32_t iopl;                  /* 0..3, of this vCPU */
};
ABI_SIZE(physdev_set_iopl, 4);

struct physdev_set_iobitmap {
    guest_ptr_t bitmap;             /* bit clear: user mode may use the port */
    uint32_t    nr_ports;           /* at most 65536 */
};
ABI_SIZE(physdev_set_iobitmap, 16);

struct physdev_apic {
    uint64_t apic_physbase;         /* of the I/O APIC */
    uint32_t reg;
    uint32_t value;                 /* IN or OUT */
};
ABI_SIZE(physdev_apic, 16);

struct physdev_irq {
    uint32_t irq;
    uint32_t vector;                /* OUT of alloc */
};
ABI_SIZE(physdev_irq, 8);

struct physdev_map_pirq {
    domid_t  domid;
    int32_t  type;                  /* MAP_PIRQ_TYPE_* */
    int32_t  index;                 /* GSI; for MSI a PIRQ-independent index or -1 */
    int32_t  pirq;                  /* IN (-1: any) and OUT */
    int32_t  bus;                   /* _SEG and MULTI_MSI: segment << 16 | bus */
    int32_t  devfn;
    int32_t  entry_nr;              /* MSI-X entry; MULTI_MSI: number of vectors, IN and OUT */
    uint64_t table_base;            /* MSI-X table's physical address; 0: plain MSI */
};
ABI_SIZE(physdev_map_pirq, 40);

struct physdev_unmap_pirq {
    domid_t domid;
    int32_t pirq;
};
ABI_SIZE(physdev_unmap_pirq, 8);

struct physdev_manage_pci {
    uint8_t bus;
    uint8_t devfn;
};
ABI_SIZE(physdev_manage_pci, 2);

struct physdev_restore_msi {
    uint8_t bus;
    uint8_t devfn;
};
ABI_SIZE(physdev_restore_msi, 2);

struct physdev_manage_pci_ext {
    uint8_t  bus;
    uint8_t  devfn;
    uint32_t is_extfn;
    uint32_t is_virtfn;
    struct {
        uint8_t bus;
        uint8_t devfn;
    } physfn;
};
ABI_SIZE(physdev_manage_pci_ext, 16);

struct physdev_setup_gsi {
    int32_t gsi;
    uint8_t triggering;             /* 0 edge, 1 level */
    uint8_t polarity;               /* 0 high, 1 low */
};
ABI_SIZE(physdev_setup_gsi, 8);

struct physdev_get_free_pirq {
    int32_t  type;                  /* MAP_PIRQ_TYPE_* */
    uint32_t pirq;                  /* OUT */
};
ABI_SIZE(physdev_get_free_pirq, 8);

struct physdev_pci_mmcfg_reserved {
    uint64_t address;
    uint16_t segment;
    uint8_t  start_bus;
    uint8_t  end_bus;
    uint32_t flags;                 /* XEN_PCI_MMCFG_RESERVED */
};
ABI_SIZE(physdev_pci_mmcfg_reserved, 16);

struct physdev_pci_device_add {
    uint16_t seg;
    uint8_t  bus;
    uint8_t  devfn;
    uint32_t flags;                 /* XEN_PCI_DEV_* */
    struct {
        uint8_t bus;
        uint8_t devfn;
    } physfn;                       /* with VIRTFN */
    uint32_t optarr[];              /* [0]: proximity domain, with PXM */
};
ABI_SIZE(physdev_pci_device_add, 12);

struct physdev_pci_device {
    uint16_t seg;
    uint8_t  bus;
    uint8_t  devfn;
};
ABI_SIZE(physdev_pci_device, 4);

struct physdev_dbgp_op {
    uint8_t op;                     /* PHYSDEVOP_DBGP_RESET_* */
    uint8_t bus;                    /* PHYSDEVOP_DBGP_BUS_* */
    union {
        struct physdev_pci_device pci;
    } u;
};
ABI_SIZE(physdev_dbgp_op, 6);

#endif
