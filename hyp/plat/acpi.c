/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI's static tables (ACPI 6.4 ch. 5), read once at boot and reduced to struct
 * acpi_info.  Tables are firmware's: lengths are checked, a bad checksum is logged and the
 * table is left out.  No AML; sleeping and restarting are in acpi_sleep.c.
 */
#include "plat/acpi.h"

#include "base/le.h"
#include "base/log.h"
#include "base/string.h"
#include "mem/paging.h"

struct acpi_rsdp {
    char     signature[8];
    uint8_t  checksum;
    char     oem[6];
    uint8_t  revision;
    uint32_t rsdt;
    uint32_t length;            /* from revision 2 on */
    uint64_t xsdt;
    uint8_t  checksum_all, reserved[3];
} packed;

struct acpi_header {
    char     signature[4];
    uint32_t length;
    uint8_t  revision, checksum;
    char     oem_id[6], oem_table_id[8];
    uint32_t oem_revision, creator, creator_revision;
} packed;

struct acpi_gas {
    uint8_t  space, bits, offset, access;
    uint64_t address;
} packed;

#define GAS_MEMORY  0
#define GAS_IO      1

struct acpi_fadt {
    struct acpi_header h;
    uint32_t firmware_ctrl, dsdt;
    uint8_t  reserved1[12];
    uint32_t pm1a_evt, pm1b_evt, pm1a_cnt, pm1b_cnt, pm2_cnt, pm_timer, gpe0, gpe1;
    uint8_t  lengths[8];
    uint8_t  reserved3[13];
    uint16_t boot_arch;
    uint8_t  reserved4;
    uint32_t flags;
    struct acpi_gas reset;
    uint8_t  reset_value;
    uint8_t  reserved5[3];
    uint64_t x_firmware_ctrl, x_dsdt;
    struct acpi_gas x_pm1a_evt, x_pm1b_evt, x_pm1a_cnt, x_pm1b_cnt, x_pm2_cnt, x_pm_timer;
} packed;
_Static_assert(offsetof(struct acpi_fadt, boot_arch) == 109, "ACPI 6.4 table 5.9");
_Static_assert(offsetof(struct acpi_fadt, reset) == 116, "ACPI 6.4 table 5.9");
_Static_assert(offsetof(struct acpi_fadt, x_pm_timer) == 208, "ACPI 6.4 table 5.9");

#define FADT_MIN_LENGTH     116         /* revision 1's */
#define FADT_TIMER_32BIT    BIT(8)
#define FADT_RESET          BIT(10)

struct acpi_hpet {
    struct acpi_header h;
    uint32_t block_id;
    struct acpi_gas base;
} packed;

struct acpi_mcfg_entry {
    uint64_t base;
    uint16_t segment;
    uint8_t  bus_start, bus_end;
    uint32_t reserved;
} packed;

struct acpi_info acpi;

static bool sums_to_zero(const void *p, size_t len)
{
    const uint8_t *b = p;
    uint8_t sum = 0;

    while ( len-- )
        sum += *b++;
    return sum == 0;
}

static paddr_t find_rsdp_in(paddr_t start, size_t size)
{
    const uint8_t *area = map_firmware(start, size);

    if ( !area )
        return 0;
    for ( size_t i = 0; i + 20 <= size; i += 16 )
        if ( !memcmp(area + i, "RSD PTR ", 8) && sums_to_zero(area + i, 20) )
            return start + i;
    return 0;
}

/* ACPI 6.4, 5.2.5.1: the first KiB of the extended BIOS area, then the BIOS's. */
static paddr_t find_rsdp(void)
{
    const uint16_t *ebda = map_firmware(0x40e, 2);
    paddr_t pa = 0;

    if ( ebda && *ebda )
        pa = find_rsdp_in((paddr_t)*ebda << 4, 1024);
    return pa ? pa : find_rsdp_in(0xe0000, 0x20000);
}

static void add_cpu(uint32_t apic_id, uint32_t acpi_id, uint32_t flags)
{
    if ( apic_id == ~0U )
        return;
    for ( uint32_t i = 0; i < acpi.nr_cpus; i++ )
        if ( acpi.cpus[i].apic_id == apic_id )
            return;
    if ( acpi.nr_cpus == ARRAY_SIZE(acpi.cpus) ) {
        log_warn("acpi: more than %zu processors\n", ARRAY_SIZE(acpi.cpus));
        return;
    }
    acpi.cpus[acpi.nr_cpus++] = (struct acpi_cpu){ apic_id, acpi_id, flags & 1 };
}

static void madt_ioapic(const uint8_t *e)
{
    if ( acpi.nr_ioapics < ARRAY_SIZE(acpi.ioapics) )
        acpi.ioapics[acpi.nr_ioapics++] =
            (struct acpi_ioapic){ .id = e[2], .gsi_base = get_le32(e + 8), .addr = get_le32(e + 4) };
}

static void madt_override(const uint8_t *e)
{
    const unsigned int polarity = e[8] & 3, trigger = (e[8] >> 2) & 3;

    if ( acpi.nr_overrides < ARRAY_SIZE(acpi.overrides) )
        acpi.overrides[acpi.nr_overrides++] = (struct acpi_override){
            .isa_irq = e[3], .gsi = get_le32(e + 4),
            .level = trigger == 3, .active_low = polarity == 3 };
}

/* ACPI 6.4, 5.2.12: entries of type, length and content. */
static void parse_madt(const void *table, uint32_t length)
{
    static const uint8_t min_length[] = { [0] = 8, [1] = 12, [2] = 10, [5] = 12, [9] = 16 };
    const uint8_t *t = table;

    if ( length < 44 )
        return;
    acpi.lapic_addr = get_le32(t + 36);

    for ( uint32_t at = 44; at + 2 <= length && t[at + 1] >= 2; at += t[at + 1] ) {
        const uint8_t *e = t + at;

        if ( e[1] > length - at )
            break;
        if ( e[0] >= ARRAY_SIZE(min_length) || !min_length[e[0]] || e[1] < min_length[e[0]] )
            continue;
        switch ( e[0] ) {
        case 0:
            if ( e[3] != 0xff )
                add_cpu(e[3], e[2], get_le32(e + 4));
            break;
        case 1:
            madt_ioapic(e);
            break;
        case 2:
            madt_override(e);
            break;
        case 5:
            acpi.lapic_addr = get_le64(e + 4);
            break;
        case 9:
            add_cpu(get_le32(e + 4), get_le32(e + 12), get_le32(e + 8));
            break;
        }
    }
}

/* The extended address if there is one and it is an I/O port, else the old field. */
static uint16_t fadt_port(const struct acpi_gas *x, uint32_t old)
{
    if ( x->address && x->space == GAS_IO )
        return x->address;
    return old;
}

static void parse_fadt(const void *table, uint32_t length)
{
    struct acpi_fadt f = { 0 };
    const uint32_t len = length < sizeof(f) ? length : sizeof(f);

    if ( length < FADT_MIN_LENGTH )
        return;
    memcpy(&f, table, len);

    acpi.pm_timer_port = fadt_port(&f.x_pm_timer, f.pm_timer);
    acpi.pm_timer_32bit = f.flags & FADT_TIMER_32BIT;
    acpi.pm1a_cnt_port = fadt_port(&f.x_pm1a_cnt, f.pm1a_cnt);
    acpi.pm1b_cnt_port = fadt_port(&f.x_pm1b_cnt, f.pm1b_cnt);
    if ( (f.flags & FADT_RESET) && f.reset.address && f.reset.space <= 2 ) {
        acpi.reset_space = f.reset.space;
        acpi.reset_value = f.reset_value;
        acpi.reset_addr = f.reset.address;
    }
}

static void parse_hpet(const void *table, uint32_t length)
{
    const struct acpi_hpet *t = table;

    if ( length >= sizeof(*t) && t->base.space == GAS_MEMORY )
        acpi.hpet_addr = t->base.address;
}

static void parse_mcfg(const void *table, uint32_t length)
{
    const struct acpi_mcfg_entry *e = (const void *)((const uint8_t *)table + 44);

    for ( uint32_t at = 44; at + sizeof(*e) <= length && acpi.nr_mcfg < ARRAY_SIZE(acpi.mcfg);
          at += sizeof(*e), e++ )
        acpi.mcfg[acpi.nr_mcfg++] = (struct acpi_mcfg){ e->base, e->segment, e->bus_start, e->bus_end };
}

static const struct {
    char signature[5];
    void (*parse)(const void *table, uint32_t length);
} parsers[] = {
    { "APIC", parse_madt }, { "FACP", parse_fadt }, { "HPET", parse_hpet }, { "MCFG", parse_mcfg },
};

/* Map the whole table at @pa and check it.  NULL: not usable. */
static const struct acpi_header *map_table(paddr_t pa)
{
    const struct acpi_header *h = pa ? map_firmware(pa, sizeof(*h)) : NULL;
    const uint32_t length = h ? h->length : 0;

    if ( length < sizeof(*h) || length > 0x100000 )
        return NULL;
    h = map_firmware(pa, length);
    if ( !h || h->length != length )
        return NULL;
    if ( !sums_to_zero(h, length) ) {
        log_warn("acpi: bad checksum of table %.4s at %#lx\n", h->signature, pa);
        return NULL;
    }
    return h;
}

static void parse_table(paddr_t pa)
{
    const struct acpi_header *peek = pa ? map_firmware(pa, sizeof(*peek)) : NULL;

    for ( size_t i = 0; peek && i < ARRAY_SIZE(parsers); i++ ) {
        if ( !memcmp(peek->signature, parsers[i].signature, 4) ) {
            const struct acpi_header *h = map_table(pa);

            if ( h )
                parsers[i].parse(h, h->length);
        }
    }
}

int acpi_init(paddr_t rsdp)
{
    const struct acpi_rsdp *r;
    const struct acpi_header *root = NULL;
    unsigned int entry_bytes = 8;

    if ( !rsdp )
        rsdp = find_rsdp();
    r = rsdp ? map_firmware(rsdp, sizeof(*r)) : NULL;
    if ( !r || memcmp(r->signature, "RSD PTR ", 8) )
        return -XEN_ENOENT;

    if ( r->revision >= 2 && r->xsdt )
        root = map_table(r->xsdt);
    if ( !root ) {
        root = map_table(r->rsdt);
        entry_bytes = 4;
    }
    if ( !root )
        return -XEN_ENOENT;

    for ( uint32_t at = sizeof(*root); at + entry_bytes <= root->length; at += entry_bytes ) {
        const uint8_t *e = (const uint8_t *)root + at;

        parse_table(entry_bytes == 8 ? get_le64(e) : get_le32(e));
    }
    acpi_sleep_init();
    log_info("acpi: %u processors, %u I/O APICs, HPET %#lx, PM timer %#x\n",
             acpi.nr_cpus, acpi.nr_ioapics, acpi.hpet_addr, acpi.pm_timer_port);
    return 0;
}
