/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames before there is a heap: taken from the RAM that boot/main.c lists, for page
 * tables, the frame table and the machine-to-phys table; the rest becomes the heap.
 */
#pragma once

#include "base/types.h"

/* Offer free RAM, page aligned.  At most 64 ranges; more are ignored with a warning. */
void boot_alloc_add(paddr_t start, paddr_t end);
/* @nr frames aligned to @align frames (a power of two), zeroed; panics without memory. */
mfn_t boot_alloc_frames(uint64_t nr, uint64_t align);
/* Take [start, end) out of what is free. */
void boot_alloc_remove(paddr_t start, paddr_t end);
bool boot_alloc_active(void);

/*
 * Map the direct map, frame table and machine-to-phys table for RAM [start, end).
 */
void mem_map_ram(paddr_t start, paddr_t end);
/* Then, once: frame-table entries for the holes between. */
void mem_map_holes(void);
/* Hand all that is left to the heap; boot_alloc ends. */
void boot_alloc_finish(void);
/* Unmap the image's start-up part and give its pages to the heap; the caller must not lie in it. */
void boot_discard(void);
/* Give the image's parts their protections; frees nothing. */
void paging_protect_image(void);
