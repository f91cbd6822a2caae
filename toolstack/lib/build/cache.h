/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels that were unpacked once: one file for each content hash, with its description and a
 * checksum of each segment; and small notes from a file's identity (device, inode, size, times)
 * to that hash, so that it need not be hashed again.
 *
 * A directory of root's alone, shared by any number of programs at once: entries appear by
 * rename and are never changed.  Nothing here is ever a failure for the caller: what cannot be
 * read is not there, what cannot be written is not kept.
 */
#ifndef BUILD_CACHE_H
#define BUILD_CACHE_H

#include <sys/stat.h>

#include "build/desc.h"
#include "build/blake2b.h"

#define CACHE_DIR       "/var/cache/xenolith/kernels"
#define CACHE_MAX_BYTES (512ULL << 20)

struct cache {
    int dir;                    /* -1: there is none */
    uint64_t max_bytes;
};

/* What a note or an entry says.  fd: the entry, or -1. */
struct cache_entry {
    struct image_desc desc;
    uint64_t sum[DESC_SEGMENTS];
    int fd;
};

/* Open the cache, making its folder; path NULL: $XENOLITH_CACHE or CACHE_DIR. */
void cache_open(struct cache *c, const char *path);
void cache_close(struct cache *c);

/* The description of a file that is not packed (SOURCE_FILE), by its identity. */
bool cache_find_desc(struct cache *c, const struct stat *st, struct image_desc *d);
void cache_put_desc(struct cache *c, const struct stat *st, const struct image_desc *d);

/* The hash of a file that is packed, by its identity. */
bool cache_find_hash(struct cache *c, const struct stat *st, uint8_t hash[BLAKE2B_BYTES]);
void cache_put_hash(struct cache *c, const struct stat *st, const uint8_t hash[BLAKE2B_BYTES]);

/* An unpacked kernel.  The caller closes e->fd.  Segments' offsets are the entry's own. */
bool cache_find(struct cache *c, const uint8_t hash[BLAKE2B_BYTES], struct cache_entry *e);
/* Keep one whose segments are at source + base + offset. */
void cache_put(struct cache *c, const uint8_t hash[BLAKE2B_BYTES], const struct image_desc *d,
               int source, uint64_t base);
/* It turned out to be corrupt. */
void cache_drop(struct cache *c, const uint8_t hash[BLAKE2B_BYTES]);

/*
 * The checksum of a segment: against accidents, not against malice.  Sums of 64-bit words and
 * sums of those sums (as Fletcher's), so that words that changed places are found too.
 */
struct cache_summer {
    uint64_t a[4], b[4], length;
};
/* All parts but the last have a multiple of 32 bytes. */
void cache_sum_add(struct cache_summer *s, const void *data, size_t size);
uint64_t cache_sum_end(const struct cache_summer *s);
uint64_t cache_sum(const void *data, size_t size);

#endif
