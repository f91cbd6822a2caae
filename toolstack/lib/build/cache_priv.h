/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cache's files, for cache.c and cache_put.c.
 */
#ifndef BUILD_CACHE_PRIV_H
#define BUILD_CACHE_PRIV_H

#include "build/cache.h"

#define CACHE_NAME          160
#define CACHE_MAGIC         0x33306e726b6e7878ULL   /* changes with the format */
#define CACHE_NOTE_MAGIC    0x33306574746e7878ULL

/* The head of an entry, one page; then each segment from a page's start on. */
struct cache_head {
    uint64_t magic, sum;        /* sum: of this structure with sum 0 */
    uint64_t file_size;
    uint8_t hash[BLAKE2B_BYTES];
    uint64_t segment_sum[DESC_SEGMENTS];
    struct image_desc desc;
};
#define CACHE_HEAD_ROOM 4096
_Static_assert(sizeof(struct cache_head) <= CACHE_HEAD_ROOM, "room for the head");

enum { CACHE_NOTE_DESC = 1, CACHE_NOTE_HASH = 2 };

struct cache_note {
    uint64_t magic, sum;
    uint32_t kind, pad;
    uint8_t hash[BLAKE2B_BYTES];
    struct image_desc desc;
};

void cache_entry_name(char name[CACHE_NAME], const uint8_t hash[BLAKE2B_BYTES]);
void cache_note_name(char name[CACHE_NAME], const struct stat *st);

#endif
