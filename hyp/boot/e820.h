/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory map: from the firmware's (unsorted, overlapping) entries to a
 * sorted one without overlaps, and questions about it.  Pure.
 */
#pragma once

#include <xenabi/memory.h>

#include "base/types.h"

#define E820_MAX 256            /* entries; EFI maps of big machines have over 100 */

struct e820_map {
    uint32_t nr;
    struct xen_e820_entry e[E820_MAX];
};

/*
 * Append a range as the firmware gives it; @size 0 is ignored, and a range past the
 * top of the address space is cut there.  0, or -XEN_ENOSPC if the map is full.
 */
int must_check e820_add(struct e820_map *map, uint64_t addr, uint64_t size, uint32_t type);

/*
 * Make @out from @in: sorted, overlaps given to the type that is less usable (unusable,
 * then unknown types and reserved, NVS, ACPI, RAM), touching entries of a type merged.
 * Entries other than RAM keep their bytes; RAM is cut to whole pages.
 * 0, or -XEN_ENOSPC: @out holds the lowest E820_MAX entries.
 */
int must_check e820_sanitise(const struct e820_map *in, struct e820_map *out);

/* On a sanitised map only: */

/* Bytes of RAM. */
uint64_t e820_ram_bytes(const struct e820_map *map);

/*
 * The highest place for @size bytes of RAM, aligned to @align (a power of two), within
 * [lo, hi).  0, or -XEN_ENOENT if there is none.
 */
int must_check e820_find(const struct e820_map *map, uint64_t size, uint64_t align,
                         uint64_t lo, uint64_t hi, uint64_t *addr);

const char *e820_type_name(uint32_t type);
