/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI configuration space: by ports 0xcf8 and 0xcfc for the first 256 bytes of segment 0, by
 * memory (ECAM) for the rest once dom0 has confirmed the window; and the list of devices
 * that dom0 reported.  Buses are not scanned here: dom0 does that.
 */
#include "plat/pci.h"

#include "base/list.h"
#include "base/log.h"
#include "cpu/asm.h"
#include "cpu/spinlock.h"
#include "mem/paging.h"
#include "mem/slab.h"
#include "plat/acpi.h"

#define CONFIG_ADDRESS      0xcf8
#define CONFIG_DATA         0xcfc
#define CONFIG_ENABLE       0x80000000U
#define ECAM_BUS_BYTES      0x100000ULL

struct ecam_window {
    paddr_t  base;              /* of bus 0, even if that is not in the window */
    uint16_t segment;
    uint8_t  bus_start, bus_end;
    bool     usable;            /* dom0 found it reserved */
    uint8_t *bus[256];          /* mapped at first use */
};

struct pci_dev {
    struct list_head list;
    struct pci_sbdf  sbdf;
};

static struct ecam_window *windows[ARRAY_SIZE(acpi.mcfg)];
static struct list_head devices = LIST_HEAD_INIT(devices);
static struct lock dev_lock = LOCK_INIT(RANK_PIRQ);         /* `devices` */
static struct lock config_lock = LOCK_INIT(RANK_LEAF);      /* the address port */

void pci_init(void)
{
    uint32_t saved = inl(CONFIG_ADDRESS);

    outl(CONFIG_ADDRESS, CONFIG_ENABLE);
    if ( inl(CONFIG_ADDRESS) != CONFIG_ENABLE )
        log_warn("pci: the configuration ports do not answer\n");
    outl(CONFIG_ADDRESS, saved);
}

static uint8_t *ecam_address(struct pci_sbdf d, uint16_t reg)
{
    for ( size_t i = 0; i < ARRAY_SIZE(windows); i++ ) {
        struct ecam_window *w = windows[i];

        if ( !w || !w->usable || w->segment != d.segment || d.bus < w->bus_start ||
             d.bus > w->bus_end )
            continue;
        if ( !w->bus[d.bus] )
            w->bus[d.bus] = ioremap(w->base + d.bus * ECAM_BUS_BYTES, ECAM_BUS_BYTES);
        return w->bus[d.bus] ? w->bus[d.bus] + ((uint32_t)d.devfn << 12 | reg) : NULL;
    }
    return NULL;
}

/* The data port with the address selected; the address port's old value in *@saved.  config_lock held. */
static uint16_t select_port(struct pci_sbdf d, uint16_t reg, uint32_t *saved)
{
    *saved = inl(CONFIG_ADDRESS);
    outl(CONFIG_ADDRESS,
         CONFIG_ENABLE | (uint32_t)d.bus << 16 | (uint32_t)d.devfn << 8 | (reg & 0xfc));
    return CONFIG_DATA + (reg & 3);
}

static bool by_ports(struct pci_sbdf d, uint16_t reg) { return d.segment == 0 && reg < 256; }

uint32_t pci_read(struct pci_sbdf d, uint16_t reg, unsigned int bytes)
{
    uint32_t v, saved;
    uint8_t *p;

    if ( by_ports(d, reg) ) {
        spin_lock(&config_lock);
        v = port_in(select_port(d, reg, &saved), bytes);
        outl(CONFIG_ADDRESS, saved);
        spin_unlock(&config_lock);
        return v;
    }
    p = reg < 4096 ? ecam_address(d, reg) : NULL;
    if ( !p )
        return ~0U;
    return bytes == 1 ? read_once(*p) : bytes == 2 ? read_once(*(uint16_t *)p) : read_once(*(uint32_t *)p);
}

void pci_write(struct pci_sbdf d, uint16_t reg, unsigned int bytes, uint32_t value)
{
    uint32_t saved;
    uint8_t *p;

    if ( by_ports(d, reg) ) {
        spin_lock(&config_lock);
        port_out(select_port(d, reg, &saved), bytes, value);
        outl(CONFIG_ADDRESS, saved);
        spin_unlock(&config_lock);
        return;
    }
    p = reg < 4096 ? ecam_address(d, reg) : NULL;
    if ( !p )
        return;
    if ( bytes == 1 )
        write_once(*p, value);
    else if ( bytes == 2 )
        write_once(*(uint16_t *)p, value);
    else
        write_once(*(uint32_t *)p, value);
}

int pci_mmcfg_reserved(paddr_t base, uint16_t segment, uint8_t bus_start, uint8_t bus_end)
{
    for ( uint32_t i = 0; i < acpi.nr_mcfg; i++ ) {
        struct ecam_window *w = windows[i];

        if ( acpi.mcfg[i].base != base || acpi.mcfg[i].segment != segment ||
             acpi.mcfg[i].bus_start != bus_start || bus_end > acpi.mcfg[i].bus_end )
            continue;
        if ( !w ) {
            w = slab_new(struct ecam_window);
            if ( !w )
                return -XEN_ENOMEM;
            w->base = base;
            w->segment = segment;
            w->bus_start = bus_start;
            windows[i] = w;
        }
        w->bus_end = bus_end;
        w->usable = true;
        return 0;
    }
    return -XEN_ENODEV;
}

/* dev_lock held. */
static struct pci_dev *find_device(struct pci_sbdf d)
{
    struct pci_dev *p;

    list_for_each_entry(p, &devices, list)
        if ( pci_same(p->sbdf, d) )
            return p;
    return NULL;
}

int pci_device_add(struct pci_sbdf d)
{
    struct pci_dev *p, *new = slab_new(struct pci_dev);

    if ( !new )
        return -XEN_ENOMEM;
    spin_lock(&dev_lock);
    p = find_device(d);
    if ( !p ) {
        new->sbdf = d;
        list_add_tail(&new->list, &devices);
    }
    spin_unlock(&dev_lock);
    if ( p )
        slab_free(new);
    return 0;
}

int pci_device_remove(struct pci_sbdf d)
{
    struct pci_dev *p;

    msi_teardown_device(d);
    spin_lock(&dev_lock);
    p = find_device(d);
    if ( p )
        list_del(&p->list);
    spin_unlock(&dev_lock);
    if ( !p )
        return -XEN_ENODEV;
    slab_free(p);
    return 0;
}

bool pci_device_known(struct pci_sbdf d)
{
    bool known;

    spin_lock(&dev_lock);
    known = find_device(d);
    spin_unlock(&dev_lock);
    return known;
}
