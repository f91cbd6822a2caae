/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI and MSI-X (PCI 3.0, 6.8): the message that a device's entry sends, and its mask.
 *
 * dom0 switches the capability on and off; the address, the data and the masks are ours.
 * It could still write the MSI-X table, which lies in a memory BAR that it maps: it is
 * trusted not to, as with everything that device DMA could do anyway.
 */
#include "plat/pci.h"

#include "base/list.h"
#include "cpu/spinlock.h"
#include "mem/paging.h"
#include "mem/slab.h"

#define PCI_VENDOR          0x00
#define PCI_STATUS          0x06
#define   STATUS_CAP_LIST     0x10
#define PCI_BAR(n)          (0x10 + 4 * (n))
#define PCI_CAP_POINTER     0x34
#define CAP_MSI             0x05
#define CAP_MSIX            0x11
#define MAX_CAPS            48

#define MSI_CONTROL         2
#define   MSI_ENABLE          0x0001
#define   MSI_64BIT           0x0080
#define   MSI_MASKABLE        0x0100
#define MSI_ADDRESS_LOW     4
#define MSI_ADDRESS_HIGH    8
#define MSI_DATA(is_64)     ((is_64) ? 12 : 8)
#define MSI_MASK(is_64)     ((is_64) ? 16 : 12)

#define MSIX_CONTROL        2
#define   MSIX_SIZE           0x07ff
#define   MSIX_ENABLE         0x8000
#define MSIX_TABLE          4
#define MSIX_ENTRY_BYTES    16

struct msi_desc {
    struct list_head list;
    struct pci_sbdf  sbdf;
    struct msi_msg   msg;
    uint32_t         entry;
    uint32_t        *table;         /* the MSI-X entry; NULL: plain MSI */
    uint8_t          pos;           /* of the capability */
    bool             is_64, maskable, masked;
    bool             gone;          /* the device is: hands off */
};

/* Pages that hold MSI-X tables; mappings are for ever, so they are found again here. */
struct table_page {
    struct table_page *next;
    paddr_t  pa;
    uint8_t *va;
};

static struct list_head descs = LIST_HEAD_INIT(descs);
static struct table_page *table_pages;
static struct lock msi_lock = LOCK_INIT(RANK_PIRQ);     /* both of these, and every desc */

static uint8_t find_cap(struct pci_sbdf d, uint8_t id)
{
    uint8_t pos;

    if ( pci_read(d, PCI_VENDOR, 2) == 0xffff || !(pci_read(d, PCI_STATUS, 2) & STATUS_CAP_LIST) )
        return 0;
    pos = pci_read(d, PCI_CAP_POINTER, 1) & 0xfc;
    for ( unsigned int i = 0; i < MAX_CAPS && pos >= 0x40; i++ ) {
        if ( pci_read(d, pos, 1) == id )
            return pos;
        pos = pci_read(d, pos + 1, 1) & 0xfc;
    }
    return 0;
}

/* msi_lock held. */
static uint8_t *map_table_page(paddr_t pa)
{
    struct table_page *t;

    for ( t = table_pages; t; t = t->next )
        if ( t->pa == pa )
            return t->va;
    t = slab_new(struct table_page);
    if ( !t )
        return NULL;
    t->pa = pa;
    t->va = ioremap(pa, PAGE_SIZE);
    if ( !t->va ) {
        slab_free(t);
        return NULL;
    }
    t->next = table_pages;
    table_pages = t;
    return t->va;
}

/* Where BAR @bir points; a virtual function's reads as zero, then @given tells. */
static paddr_t bar_address(struct pci_sbdf d, unsigned int bir, paddr_t given)
{
    const uint32_t low = bir < 6 ? pci_read(d, PCI_BAR(bir), 4) : 1;
    paddr_t pa;

    if ( low & 1 )                  /* an I/O BAR holds no table */
        return 0;
    pa = low & ~0xfU;
    if ( (low & 6) == 4 && bir < 5 )
        pa |= (paddr_t)pci_read(d, PCI_BAR(bir + 1), 4) << 32;
    return pa ? pa : given;
}

/* msi_lock held. */
static int map_msix_entry(struct msi_desc *m, paddr_t given_base)
{
    const uint32_t table = pci_read(m->sbdf, m->pos + MSIX_TABLE, 4);
    const uint32_t size = (pci_read(m->sbdf, m->pos + MSIX_CONTROL, 2) & MSIX_SIZE) + 1;
    const paddr_t base = bar_address(m->sbdf, table & 7, given_base);
    paddr_t pa;
    uint8_t *va;

    if ( m->entry >= size || !base )
        return -XEN_EINVAL;
    pa = base + (table & ~7U) + (paddr_t)m->entry * MSIX_ENTRY_BYTES;
    va = map_table_page(pa & PAGE_MASK);
    if ( !va )
        return -XEN_ENOMEM;
    m->table = (uint32_t *)(va + (pa & ~PAGE_MASK));
    return 0;
}

/* msi_lock held for these four. */
static void write_mask(struct msi_desc *m, bool masked)
{
    m->masked = masked;
    if ( m->gone )
        return;
    if ( m->table ) {
        write_once(m->table[3], (read_once(m->table[3]) & ~1U) | masked);
        (void)read_once(m->table[3]);       /* the write has arrived when this returns */
    } else if ( m->maskable ) {
        const uint16_t reg = m->pos + MSI_MASK(m->is_64);

        pci_write(m->sbdf, reg, 4, (pci_read(m->sbdf, reg, 4) & ~1U) | masked);
    }
}

static void write_msg(struct msi_desc *m)
{
    if ( m->gone )
        return;
    if ( m->table ) {
        write_once(m->table[0], (uint32_t)m->msg.address);
        write_once(m->table[1], (uint32_t)(m->msg.address >> 32));
        write_once(m->table[2], m->msg.data);
        return;
    }
    pci_write(m->sbdf, m->pos + MSI_ADDRESS_LOW, 4, m->msg.address);
    if ( m->is_64 )
        pci_write(m->sbdf, m->pos + MSI_ADDRESS_HIGH, 4, m->msg.address >> 32);
    pci_write(m->sbdf, m->pos + MSI_DATA(m->is_64), 2, m->msg.data);
}

static void set_enable(struct msi_desc *m, bool on)
{
    const uint16_t reg = m->pos + (m->table ? MSIX_CONTROL : MSI_CONTROL);
    const uint16_t bit = m->table ? MSIX_ENABLE : MSI_ENABLE;
    uint16_t control;

    if ( m->gone )
        return;
    control = pci_read(m->sbdf, reg, 2);
    if ( on != !!(control & bit) )
        pci_write(m->sbdf, reg, 2, control ^ bit);
}

static struct msi_desc *find_desc(struct pci_sbdf d, bool is_msix, unsigned int entry)
{
    struct msi_desc *m;

    list_for_each_entry(m, &descs, list)
        if ( pci_same(m->sbdf, d) && !m->gone && !m->table == !is_msix && m->entry == entry )
            return m;
    return NULL;
}

int msi_setup(struct pci_sbdf d, unsigned int entry, paddr_t msix_table_base,
              const struct msi_msg *msg, struct msi_desc **out)
{
    const bool is_msix = msix_table_base;
    const uint8_t pos = find_cap(d, is_msix ? CAP_MSIX : CAP_MSI);
    struct msi_desc *m;
    int rc = 0;

    if ( !pos )
        return -XEN_ENODEV;
    if ( !is_msix && entry )
        return -XEN_EINVAL;
    m = slab_new(struct msi_desc);
    if ( !m )
        return -XEN_ENOMEM;
    m->sbdf = d;
    m->msg = *msg;
    m->entry = entry;
    m->pos = pos;

    spin_lock(&msi_lock);
    if ( find_desc(d, is_msix, entry) ) {
        rc = -XEN_EBUSY;
    } else if ( is_msix ) {
        rc = map_msix_entry(m, msix_table_base);
    } else {
        const uint16_t control = pci_read(d, pos + MSI_CONTROL, 2);

        m->is_64 = control & MSI_64BIT;
        m->maskable = control & MSI_MASKABLE;
    }
    if ( !rc ) {
        write_mask(m, true);
        write_msg(m);
        list_add_tail(&m->list, &descs);
    }
    spin_unlock(&msi_lock);
    if ( rc )
        slab_free(m);
    else
        *out = m;
    return rc;
}

void msi_teardown(struct msi_desc *m)
{
    spin_lock(&msi_lock);
    write_mask(m, true);
    if ( !m->table )
        set_enable(m, false);
    list_del(&m->list);
    spin_unlock(&msi_lock);
    slab_free(m);
}

void msi_teardown_device(struct pci_sbdf d)
{
    struct msi_desc *m;

    spin_lock(&msi_lock);
    list_for_each_entry(m, &descs, list) {
        if ( pci_same(m->sbdf, d) && !m->gone ) {
            write_mask(m, true);
            m->gone = true;
        }
    }
    spin_unlock(&msi_lock);
}

void msi_write(struct msi_desc *m, const struct msi_msg *msg)
{
    spin_lock(&msi_lock);
    m->msg = *msg;
    if ( m->masked || (!m->table && !m->maskable) ) {
        write_msg(m);
    } else {
        /* Address and data change one after the other: nothing may be sent in between. */
        write_mask(m, true);
        write_msg(m);
        write_mask(m, false);
    }
    spin_unlock(&msi_lock);
}

void msi_mask(struct msi_desc *m)
{
    spin_lock(&msi_lock);
    write_mask(m, true);
    spin_unlock(&msi_lock);
}

void msi_unmask(struct msi_desc *m)
{
    spin_lock(&msi_lock);
    write_mask(m, false);
    set_enable(m, true);
    spin_unlock(&msi_lock);
}

int msi_restore(struct pci_sbdf d)
{
    struct msi_desc *m;

    if ( pci_read(d, PCI_VENDOR, 2) == 0xffff )
        return -XEN_ENODEV;
    spin_lock(&msi_lock);
    list_for_each_entry(m, &descs, list) {
        if ( !pci_same(m->sbdf, d) || m->gone )
            continue;
        write_msg(m);
        write_mask(m, m->masked);
        set_enable(m, true);
    }
    spin_unlock(&msi_lock);
    return 0;
}

int msix_prepare(struct pci_sbdf d)
{
    struct msi_desc *m;
    int rc = 0;

    if ( !find_cap(d, CAP_MSIX) )
        return -XEN_ENODEV;
    spin_lock(&msi_lock);
    list_for_each_entry(m, &descs, list)
        if ( pci_same(m->sbdf, d) && m->table && !m->gone )
            rc = -XEN_EBUSY;
    spin_unlock(&msi_lock);
    return rc;
}

bool msi_owns_register(struct pci_sbdf d, uint16_t reg, unsigned int bytes)
{
    const struct msi_desc *m;
    bool owns = false;

    spin_lock(&msi_lock);
    m = find_desc(d, false, 0);
    if ( m ) {
        const uint16_t start = m->pos + MSI_ADDRESS_LOW;
        const uint16_t end =
            m->pos + (m->maskable ? MSI_MASK(m->is_64) + 4 : MSI_DATA(m->is_64) + 2);

        owns = range_overlaps(reg, reg + bytes, start, end);
    }
    spin_unlock(&msi_lock);
    return owns;
}
