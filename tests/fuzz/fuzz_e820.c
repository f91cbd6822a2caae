/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: memory maps; a sanitised one is sorted, and says of each byte the same. */
#include "fuzz.h"

#include "base/bits.h"
#include "boot/e820.h"

#define ENTRY_BYTES 17

static uint64_t entry_end(const struct xen_e820_entry *e)
{
    return e->addr + e->size;
}

/* Is anything in @map at @addr? */
static bool covered(const struct e820_map *map, uint64_t addr)
{
    for ( uint32_t i = 0; i < map->nr; i++ )
        if ( addr >= map->e[i].addr && addr < entry_end(&map->e[i]) )
            return true;
    return false;
}

/* Is all of [start, end) RAM?  Entries that touch are merged, so one has to hold it. */
static bool is_ram(const struct e820_map *map, uint64_t start, uint64_t end)
{
    for ( uint32_t i = 0; i < map->nr; i++ )
        if ( map->e[i].type == XEN_E820_RAM && start >= map->e[i].addr &&
             end <= entry_end(&map->e[i]) )
            return true;
    return false;
}

static void check_sane(const struct e820_map *in, const struct e820_map *out)
{
    for ( uint32_t i = 0; i < out->nr; i++ ) {
        const struct xen_e820_entry *e = &out->e[i];

        MUST(e->size && entry_end(e) > e->addr);
        MUST(!i || entry_end(e - 1) <= e->addr);
        MUST(!i || entry_end(e - 1) != e->addr || (e - 1)->type != e->type);
        MUST(covered(in, e->addr) && covered(in, entry_end(e) - 1));
        if ( e->type == XEN_E820_RAM ) {
            MUST(e->addr % PAGE_SIZE == 0 && e->size % PAGE_SIZE == 0);
            for ( uint32_t k = 0; k < in->nr; k++ )
                MUST(in->e[k].type == XEN_E820_RAM ||
                     !range_overlaps(e->addr, entry_end(e), in->e[k].addr,
                                     entry_end(&in->e[k])));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct e820_map in, out, again;
    uint64_t at, addr, size;

    in.nr = 0;
    for ( ; len >= ENTRY_BYTES; data += ENTRY_BYTES, len -= ENTRY_BYTES ) {
        memcpy(&addr, data, 8);
        memcpy(&size, data + 8, 8);
        if ( e820_add(&in, addr, size, data[16] % 8) )
            break;
    }
    if ( e820_sanitise(&in, &out) )
        return 0;
    check_sane(&in, &out);
    MUST(e820_sanitise(&out, &again) == 0);
    MUST(again.nr == out.nr && !memcmp(again.e, out.e, out.nr * sizeof(out.e[0])));

    if ( in.nr >= 2 ) {
        size = in.e[1].size;
        if ( e820_find(&out, size, PAGE_SIZE, 0, in.e[1].addr, &at) == 0 ) {
            MUST(is_ram(&out, at, at + size));
            MUST(at % PAGE_SIZE == 0 && at + size <= in.e[1].addr);
        }
    }
    return 0;
}
