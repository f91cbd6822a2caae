/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory map. */
#include "boot/e820.h"

static uint64_t entry_end(const struct xen_e820_entry *e)
{
    return e->addr + e->size;           /* e820_add() made sure of no overflow */
}

/* Where types overlap, the higher one wins. */
static unsigned int type_rank(uint32_t type)
{
    switch ( type ) {
    case XEN_E820_RAM:      return 1;
    case XEN_E820_ACPI:     return 2;
    case XEN_E820_NVS:      return 3;
    case XEN_E820_UNUSABLE: return 5;
    default:                return 4;
    }
}

int e820_add(struct e820_map *map, uint64_t addr, uint64_t size, uint32_t type)
{
    if ( size > -addr && addr != 0 )
        size = -addr;
    if ( addr + size < addr )
        size--;                         /* the very last byte would make the end 0 */
    if ( !size )
        return 0;
    if ( map->nr >= E820_MAX )
        return -XEN_ENOSPC;
    /* 0 is no type; we use it for "nothing". */
    map->e[map->nr++] = (struct xen_e820_entry){
        .addr = addr, .size = size, .type = type ? type : XEN_E820_RESERVED
    };
    return 0;
}

/* The lowest start or end of an entry above @at; 0 if there is none. */
static uint64_t next_boundary(const struct e820_map *map, uint64_t at)
{
    uint64_t next = 0;

    for ( uint32_t i = 0; i < map->nr; i++ ) {
        const uint64_t start = map->e[i].addr, end = entry_end(&map->e[i]);

        if ( start > at && (!next || start < next) )
            next = start;
        if ( end > at && (!next || end < next) )
            next = end;
    }
    return next;
}

/* The type that @addr has in an unsorted map; 0 if none. */
static uint32_t winning_type(const struct e820_map *map, uint64_t addr)
{
    uint32_t type = 0;
    unsigned int best = 0;

    for ( uint32_t i = 0; i < map->nr; i++ ) {
        const struct xen_e820_entry *e = &map->e[i];

        if ( addr >= e->addr && addr < entry_end(e) && type_rank(e->type) > best ) {
            type = e->type;
            best = type_rank(type);
        }
    }
    return type;
}

/* Append [start, end) or grow the last entry by it. */
static int must_check append(struct e820_map *out, uint64_t start, uint64_t end, uint32_t type)
{
    if ( out->nr ) {
        struct xen_e820_entry *last = &out->e[out->nr - 1];

        if ( last->type == type && entry_end(last) == start ) {
            last->size = end - last->addr;
            return 0;
        }
    }
    return e820_add(out, start, end - start, type);
}

/* Cut RAM entries to whole pages; drop what becomes empty. */
static void trim_ram(struct e820_map *map)
{
    uint32_t kept = 0;

    for ( uint32_t i = 0; i < map->nr; i++ ) {
        struct xen_e820_entry e = map->e[i];

        if ( e.type == XEN_E820_RAM ) {
            const uint64_t end = ALIGN_DOWN(entry_end(&e), PAGE_SIZE);
            uint64_t start;

            if ( !align_up_ok(e.addr, PAGE_SIZE, &start) || start >= end )
                continue;
            e.addr = start;
            e.size = end - start;
        }
        map->e[kept++] = e;
    }
    map->nr = kept;
}

int e820_sanitise(const struct e820_map *in, struct e820_map *out)
{
    uint64_t at = 0, next;
    int rc = 0;

    out->nr = 0;
    for ( ; !rc && (next = next_boundary(in, at)); at = next ) {
        const uint32_t type = winning_type(in, at);

        if ( type )
            rc = append(out, at, next, type);
    }
    trim_ram(out);
    return rc;
}

uint64_t e820_ram_bytes(const struct e820_map *map)
{
    uint64_t bytes = 0;

    for ( uint32_t i = 0; i < map->nr; i++ )
        if ( map->e[i].type == XEN_E820_RAM )
            bytes += map->e[i].size;
    return bytes;
}

int e820_find(const struct e820_map *map, uint64_t size, uint64_t align, uint64_t lo, uint64_t hi,
              uint64_t *addr)
{
    for ( uint32_t i = map->nr; size && i--; ) {
        const struct xen_e820_entry *e = &map->e[i];
        const uint64_t start = max(e->addr, lo), end = min(entry_end(e), hi);

        if ( e->type == XEN_E820_RAM && end >= start && end - start >= size &&
             ALIGN_DOWN(end - size, align) >= start ) {
            *addr = ALIGN_DOWN(end - size, align);
            return 0;
        }
    }
    return -XEN_ENOENT;
}

const char *e820_type_name(uint32_t type)
{
    static const char *const names[] = {
        [XEN_E820_RAM] = "RAM", [XEN_E820_RESERVED] = "reserved", [XEN_E820_ACPI] = "ACPI data",
        [XEN_E820_NVS] = "ACPI NVS", [XEN_E820_UNUSABLE] = "unusable",
    };

    return type < ARRAY_SIZE(names) && names[type] ? names[type] : "unknown";
}
