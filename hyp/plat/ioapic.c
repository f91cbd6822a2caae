/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O APICs (Intel 82093AA): two registers, an index and a window, so every access is two
 * steps under one lock.  The low word of each entry is remembered: masking is one write.
 */
#include "plat/ioapic.h"

#include "base/log.h"
#include "cpu/asm.h"
#include "cpu/spinlock.h"
#include "mem/paging.h"
#include "plat/acpi.h"

#define IOAPIC_INDEX    0x00
#define IOAPIC_WINDOW   0x10

#define REG_VERSION     0x01            /* 23:16: highest entry */
#define REG_ENTRY(pin)  (0x10 + 2 * (pin))
#define ENTRY_ACTIVE_LOW  0x00002000
#define ENTRY_LEVEL       0x00008000
#define ENTRY_MASKED      0x00010000U

#define PIC_VECTORS     0xe0            /* where a stray 8259 interrupt would go: nobody's */

struct ioapic {
    uint8_t     *regs;
    paddr_t      addr;
    unsigned int gsi_base, nr_pins;
};

static struct ioapic ioapics[ARRAY_SIZE(acpi.ioapics)] ro_after_init;
static unsigned int nr_ioapics ro_after_init;
static unsigned int nr_gsi ro_after_init;
static uint32_t entry_low[IOAPIC_MAX_GSI];
static struct lock ioapic_lock = LOCK_INIT(RANK_LEAF);  /* index and window registers */

static uint32_t read_reg(const struct ioapic *io, unsigned int reg)
{
    write_once(*(uint32_t *)(io->regs + IOAPIC_INDEX), reg);
    return read_once(*(uint32_t *)(io->regs + IOAPIC_WINDOW));
}

static void write_reg(const struct ioapic *io, unsigned int reg, uint32_t v)
{
    write_once(*(uint32_t *)(io->regs + IOAPIC_INDEX), reg);
    write_once(*(uint32_t *)(io->regs + IOAPIC_WINDOW), v);
}

static const struct ioapic *find(unsigned int gsi)
{
    for ( unsigned int i = 0; i < nr_ioapics; i++ )
        if ( gsi - ioapics[i].gsi_base < ioapics[i].nr_pins )
            return &ioapics[i];
    return NULL;
}

/* Of the entry's low word keep the bits @keep, and set @set. */
static void write_low(unsigned int gsi, uint32_t keep, uint32_t set)
{
    const struct ioapic *io = find(gsi);

    if ( !io )
        return;
    spin_lock(&ioapic_lock);
    entry_low[gsi] = (entry_low[gsi] & keep) | set;
    write_reg(io, REG_ENTRY(gsi - io->gsi_base), entry_low[gsi]);
    spin_unlock(&ioapic_lock);
}

void ioapic_mask(unsigned int gsi) { write_low(gsi, ~0U, ENTRY_MASKED); }

void ioapic_unmask(unsigned int gsi) { write_low(gsi, ~ENTRY_MASKED, 0); }

void ioapic_set_dest(unsigned int gsi, uint32_t apic_id)
{
    const struct ioapic *io = find(gsi);

    if ( !io )
        return;
    spin_lock(&ioapic_lock);
    write_reg(io, REG_ENTRY(gsi - io->gsi_base) + 1, apic_id << 24);
    spin_unlock(&ioapic_lock);
}

int ioapic_set_entry(unsigned int gsi, uint8_t vector, bool level, bool active_low,
                     uint32_t apic_id)
{
    if ( !ioapic_has_gsi(gsi) )
        return -XEN_EINVAL;

    ioapic_mask(gsi);
    ioapic_set_dest(gsi, apic_id);
    write_low(gsi, 0, vector | ENTRY_MASKED | (level ? ENTRY_LEVEL : 0) |
                      (active_low ? ENTRY_ACTIVE_LOW : 0));
    return 0;
}

bool ioapic_has_gsi(unsigned int gsi) { return find(gsi); }

unsigned int ioapic_nr_gsi(void) { return nr_gsi; }

int ioapic_read_by_address(paddr_t pa, uint32_t reg, uint32_t *value)
{
    for ( unsigned int i = 0; i < nr_ioapics; i++ ) {
        if ( ioapics[i].addr != pa )
            continue;
        if ( reg >= REG_ENTRY(ioapics[i].nr_pins) )
            return -XEN_EINVAL;
        spin_lock(&ioapic_lock);
        *value = read_reg(&ioapics[i], reg);
        spin_unlock(&ioapic_lock);
        return 0;
    }
    return -XEN_EINVAL;
}

/* Both 8259s initialised away from the exceptions' vectors, every line masked. */
void ioapic_silence_8259(void)
{
    static const struct { uint8_t port, value; } init[] = {
        { 0x21, 0xff }, { 0xa1, 0xff },
        { 0x20, 0x11 }, { 0x21, PIC_VECTORS }, { 0x21, 0x04 }, { 0x21, 0x01 },
        { 0xa0, 0x11 }, { 0xa1, PIC_VECTORS + 8 }, { 0xa1, 0x02 }, { 0xa1, 0x01 },
        { 0x21, 0xff }, { 0xa1, 0xff },
    };

    for ( size_t i = 0; i < ARRAY_SIZE(init); i++ )
        outb(init[i].port, init[i].value);
}

void ioapic_init(void)
{
    for ( uint32_t i = 0; i < acpi.nr_ioapics; i++ ) {
        struct ioapic *io = &ioapics[nr_ioapics];

        io->addr = acpi.ioapics[i].addr;
        io->gsi_base = acpi.ioapics[i].gsi_base;
        io->regs = ioremap(io->addr, 0x20);
        if ( !io->regs )
            continue;
        io->nr_pins = ((read_reg(io, REG_VERSION) >> 16) & 0xff) + 1;
        if ( !range_ok(io->gsi_base, io->nr_pins, IOAPIC_MAX_GSI) ) {
            log_warn("ioapic: GSIs from %u on are not supported\n", io->gsi_base);
            continue;
        }
        if ( io->gsi_base + io->nr_pins > nr_gsi )
            nr_gsi = io->gsi_base + io->nr_pins;
        nr_ioapics++;
        for ( unsigned int pin = 0; pin < io->nr_pins; pin++ )
            ioapic_mask(io->gsi_base + pin);
    }
    log_info("ioapic: %u with %u GSIs\n", nr_ioapics, nr_gsi);
}
