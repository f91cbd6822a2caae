/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bit maps: arrays of 64-bit words, bit 0 lowest.  Nothing here is atomic (base/atomic.h is); a
 * map shared between CPUs is under its owner's lock.  @nr is always in bits, and bits of the last
 * word beyond @nr count where whole maps are compared or combined.
 */
#pragma once

#include "base/bits.h"

#define BITMAP_WORDS(nr)  (((nr) + 63) / 64)
#define BITMAP_DECLARE(name, nr)  uint64_t name[BITMAP_WORDS(nr)]

static inline bool bitmap_test(const uint64_t *map, size_t bit)
{
    return (map[bit / 64] >> (bit % 64)) & 1;
}

static inline void bitmap_set(uint64_t *map, size_t bit) { map[bit / 64] |= BIT(bit % 64); }

static inline void bitmap_zero(uint64_t *map, size_t nr)
{
    for ( size_t w = 0; w < BITMAP_WORDS(nr); w++ )
        map[w] = 0;
}

/* @dst may be either source. */
static inline void bitmap_and(uint64_t *dst, const uint64_t *a, const uint64_t *b, size_t nr)
{
    for ( size_t w = 0; w < BITMAP_WORDS(nr); w++ )
        dst[w] = a[w] & b[w];
}

static inline bool bitmap_intersects(const uint64_t *a, const uint64_t *b, size_t nr)
{
    uint64_t common = 0;

    for ( size_t w = 0; w < BITMAP_WORDS(nr); w++ )
        common |= a[w] & b[w];
    return common;
}

static inline bool bitmap_subset(const uint64_t *sub, const uint64_t *super, size_t nr)
{
    uint64_t outside = 0;

    for ( size_t w = 0; w < BITMAP_WORDS(nr); w++ )
        outside |= sub[w] & ~super[w];
    return !outside;
}

/* First set bit at or after @start; @nr if there is none. */
static inline size_t bitmap_find_next(const uint64_t *map, size_t nr, size_t start)
{
    for ( size_t bit = start; bit < nr; bit = (bit | 63) + 1 ) {
        const uint64_t word = map[bit / 64] >> (bit % 64);

        if ( word )
            return min(bit + lowest_bit(word), nr);
    }
    return nr;
}

static inline bool bitmap_empty(const uint64_t *map, size_t nr)
{
    return bitmap_find_next(map, nr, 0) >= nr;
}

#define bitmap_for_each(bit, map, nr) \
    for ( (bit) = bitmap_find_next(map, nr, 0); (bit) < (nr); \
          (bit) = bitmap_find_next(map, nr, (bit) + 1) )
