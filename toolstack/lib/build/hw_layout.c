/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of a hardware guest's memory at its start, and what it finds there about it.
 */
#include <stdio.h>
#include <string.h>

#include <xenabi/hvm/hvm_info_table.h>
#include <xenabi/hvm/start_info.h>

#include "build/hw_layout.h"

#define PAGE            4096ULL
#define MIB             (1ULL << 20)
#define MAX_BYTES       (1ULL << 44)        /* 16 TiB */

/* In the block of start_info: fixed places, texts last. */
#define MODULES_AT      64
#define MAP_AT          128
#define TEXT_AT         512

static uint64_t page_up(uint64_t bytes)
{
    return (bytes + PAGE - 1) & ~(PAGE - 1);
}

static size_t text_bytes(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static void add_ram(struct hw_layout *l, uint64_t first, uint64_t end)
{
    if ( first < end )
        l->ram[l->nr_ram++] = (struct hw_range){ first / PAGE, end / PAGE };
}

static void place_ram(const struct hw_request *r, struct hw_layout *l)
{
    const uint64_t bytes = r->memory_kib / 4 * PAGE;
    uint64_t most = HW_RAM_LOW_MAX;

    if ( r->hole_bytes > HW_4GIB - HW_RAM_LOW_MAX )
        most = HW_4GIB - r->hole_bytes;
    l->low_end = bytes < most ? bytes : most;
    l->high_end = HW_4GIB + bytes - l->low_end;
    if ( r->use == USE_FIRMWARE ) {
        add_ram(l, 0, l->low_end < HW_VGA_START ? l->low_end : HW_VGA_START);
        add_ram(l, HW_VGA_END, l->low_end);
    } else {
        add_ram(l, 0, l->low_end);
    }
    add_ram(l, HW_4GIB, l->high_end);
}

static void add_map(struct hw_layout *l, uint64_t start, uint64_t end, uint32_t type)
{
    if ( start < end )
        l->map[l->nr_map++] = (struct xen_e820_entry){ start, end - start, type };
}

/* In ascending order.  hvmloader makes the first MiB's and the devices' part itself. */
static void make_map(const struct hw_request *r, struct hw_layout *l)
{
    const bool firmware = r->use == USE_FIRMWARE;

    add_map(l, firmware ? MIB : 0, l->low_end, XEN_E820_RAM);
    if ( !firmware ) {
        add_map(l, HW_ACPI_GPA, HW_ACPI_GPA + l->acpi_bytes, XEN_E820_ACPI);
        add_map(l, HW_IOREQ_GFN * PAGE, HW_SPECIAL_END * PAGE, XEN_E820_RESERVED);
    }
    add_map(l, HW_4GIB, l->high_end, XEN_E820_RAM);
}

static int too_little(const struct hw_layout *l, uint64_t end, struct image_error *e)
{
    const unsigned long long has = l->low_end >> 10, need = (end + 1023) >> 10;
    unsigned long long modules = 0;

    for ( unsigned int i = 0; i < l->nr_modules; i++ )
        modules += (l->module[i].bytes + 1023) >> 10;
    if ( modules && need - modules <= has )
        return image_refuse(e, "%s of %llu KiB does not fit into %llu KiB of memory: %llu "
                            "KiB are missing", l->nr_modules > 1 ? "a kernel with its ramdisk"
                            : "a ramdisk", modules, has, need - has);
    return image_refuse(e, "the kernel with what comes with it takes %llu KiB, but there are "
                        "%llu KiB of memory: %llu KiB are missing", need, has, need - has);
}

int hw_layout(const struct image_desc *d, const struct hw_request *r, struct hw_layout *l,
              struct image_error *e)
{
    uint64_t at;

    memset(l, 0, sizeof(*l));
    if ( r->memory_kib > MAX_BYTES >> 10 )
        return image_refuse(e, "%llu GiB of memory are more than a guest can have",
                            (unsigned long long)r->memory_kib >> 20);
    if ( r->hole_bytes > HW_4GIB - 256 * MIB || r->hole_bytes % MIB )
        return image_refuse(e, "a hole of %llu MiB below 4 GiB leaves too little room for memory",
                            (unsigned long long)(r->hole_bytes / MIB));
    for ( unsigned int i = 0; i < HW_MODULES; i++ )
        if ( r->module[i].bytes > MAX_BYTES )
            return image_refuse(e, "a ramdisk of %llu GiB does not fit",
                                (unsigned long long)r->module[i].bytes >> 30);
    if ( r->acpi_bytes > MIB )
        return image_refuse(e, "its ACPI tables do not fit");
    if ( r->use == USE_FIRMWARE && d->start_gpa < MIB )
        return image_refuse(e, "it wants to be loaded at %#llx, below 1 MiB",
                            (unsigned long long)d->start_gpa);
    l->acpi_bytes = page_up(r->acpi_bytes);
    place_ram(r, l);
    make_map(r, l);
    at = page_up(d->end_gpa);
    l->info_bytes = TEXT_AT + text_bytes(r->cmdline);
    for ( ; l->nr_modules < HW_MODULES && r->module[l->nr_modules].bytes; l->nr_modules++ ) {
        const uint64_t bytes = r->module[l->nr_modules].bytes;

        l->module[l->nr_modules].gpa = at;
        l->module[l->nr_modules].bytes = bytes;
        at += page_up(bytes);
        l->info_bytes += text_bytes(r->module[l->nr_modules].cmdline);
    }
    l->info_gpa = at;
    l->info_bytes = page_up(l->info_bytes);
    at += l->info_bytes;
    return at > l->low_end ? too_little(l, at, e) : 0;
}

/* A text behind those before it: its guest-physical address, 0 without one. */
static uint64_t put_text(const struct hw_layout *l, uint8_t *to, size_t *at, const char *text)
{
    const uint64_t gpa = l->info_gpa + *at;

    if ( !text )
        return 0;
    memcpy(to + *at, text, strlen(text) + 1);
    *at += strlen(text) + 1;
    return gpa;
}

void hw_fill_start_info(const struct hw_layout *l, const struct hw_request *r, void *to)
{
    struct hvm_memmap_table_entry map = { 0 };
    struct hvm_modlist_entry module = { 0 };
    struct hvm_start_info si = {
        .magic = XEN_HVM_START_MAGIC_VALUE, .version = 1,
        .memmap_paddr = l->info_gpa + MAP_AT, .memmap_entries = l->nr_map,
        .rsdp_paddr = l->acpi_bytes ? HW_ACPI_GPA : 0,
    };
    uint8_t *const p = to;
    size_t at = TEXT_AT;

    _Static_assert(sizeof(si) <= MODULES_AT && MODULES_AT + HW_MODULES * sizeof(module) <= MAP_AT &&
                   MAP_AT + HW_MAP_MAX * sizeof(map) <= TEXT_AT, "no part reaches the next");
    memset(p, 0, l->info_bytes);
    si.cmdline_paddr = put_text(l, p, &at, r->cmdline);
    for ( unsigned int i = 0; i < l->nr_modules; i++ ) {
        module.paddr = l->module[i].gpa;
        module.size = l->module[i].bytes;
        module.cmdline_paddr = put_text(l, p, &at, r->module[i].cmdline);
        memcpy(p + MODULES_AT + i * sizeof(module), &module, sizeof(module));
    }
    si.nr_modules = l->nr_modules;
    si.modlist_paddr = l->nr_modules ? l->info_gpa + MODULES_AT : 0;
    /* The types have the same numbers. */
    for ( unsigned int i = 0; i < l->nr_map; i++ ) {
        map.addr = l->map[i].addr;
        map.size = l->map[i].size;
        map.type = l->map[i].type;
        memcpy(p + MAP_AT + i * sizeof(map), &map, sizeof(map));
    }
    memcpy(p, &si, sizeof(si));
}

void hw_fill_hvm_info(const struct hw_layout *l, uint32_t nr_vcpus, uint32_t online,
                      bool apic_mode, struct hvm_info_table *t)
{
    const uint8_t *p = (const uint8_t *)t;
    uint8_t sum = 0;

    memset(t, 0, sizeof(*t));
    memcpy(t->signature, "HVM INFO", 8);
    t->length = sizeof(*t);
    t->apic_mode = apic_mode;
    t->nr_vcpus = nr_vcpus;
    t->low_mem_pgend = (uint32_t)(l->low_end / PAGE);
    t->high_mem_pgend = l->high_end > HW_4GIB ? (uint32_t)(l->high_end / PAGE) : 0;
    t->reserved_mem_pgstart = HW_IOREQ_GFN;
    for ( uint32_t i = 0; i < online && i < HVM_MAX_VCPUS; i++ )
        t->vcpu_online[i / 8] |= (uint8_t)(1 << i % 8);
    for ( size_t i = 0; i < sizeof(*t); i++ )
        sum += p[i];
    t->checksum = (uint8_t)-sum;
}
