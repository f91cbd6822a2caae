/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bit maps: arrays of 64-bit words, bit 0 lowest.  Nothing here is atomic; a
 * map shared between CPUs is under its owner's lock.  @nr is always in bits,
 * and bits of the last word beyond @nr are ignored on reading.
 */
#ifndef BASE_BITMAP_H
#define BASE_BITMAP_H

#include "base/bits.h"

#define BITMAP_WORDS(nr)  (((nr) + 63) / 64)
#define BITMAP_DECLARE(name, nr)  uint64_t name[BITMAP_WORDS(nr)]

static inline bool bitmap_test(const uint64_t *map, size_t bit)
{
    return (map[bit / 64] >> (bit % 64)) & 1;
}

static inline void bitmap_set(uint64_t *map, size_t bit)
{
    map[bit / 64] |= BIT(bit % 64);
}

static inline void bitmap_clear(uint64_t *map, size_t bit)
{
    map[bit / 64] &= ~BIT(bit % 64);
}

/* Both return the former value. */
static inline bool bitmap_test_and_set(uint64_t *map, size_t bit)
{
    const bool was = bitmap_test(map, bit);

    bitmap_set(map, bit);
    return was;
}

static inline bool bitmap_test_and_clear(uint64_t *map, size_t bit)
{
    const bool was = bitmap_test(map, bit);

    bitmap_clear(map, bit);
    return was;
}

void bitmap_zero(uint64_t *map, size_t nr);
void bitmap_fill(uint64_t *map, size_t nr);
void bitmap_set_range(uint64_t *map, size_t start, size_t len);
void bitmap_clear_range(uint64_t *map, size_t start, size_t len);

/* First set / clear bit at or after @start; @nr if there is none. */
size_t bitmap_find_next(const uint64_t *map, size_t nr, size_t start);
size_t bitmap_find_next_zero(const uint64_t *map, size_t nr, size_t start);

static inline size_t bitmap_find_first(const uint64_t *map, size_t nr)
{
    return bitmap_find_next(map, nr, 0);
}

static inline size_t bitmap_find_first_zero(const uint64_t *map, size_t nr)
{
    return bitmap_find_next_zero(map, nr, 0);
}

/* Start of the first run of @len clear bits, aligned to @align (power of two); @nr if none. */
size_t bitmap_find_zero_run(const uint64_t *map, size_t nr, size_t len, size_t align);

size_t bitmap_weight(const uint64_t *map, size_t nr);
bool bitmap_empty(const uint64_t *map, size_t nr);
bool bitmap_full(const uint64_t *map, size_t nr);
bool bitmap_equal(const uint64_t *a, const uint64_t *b, size_t nr);
bool bitmap_intersects(const uint64_t *a, const uint64_t *b, size_t nr);
bool bitmap_subset(const uint64_t *sub, const uint64_t *super, size_t nr);

/* @dst may be either source. */
void bitmap_copy(uint64_t *dst, const uint64_t *src, size_t nr);
void bitmap_and(uint64_t *dst, const uint64_t *a, const uint64_t *b, size_t nr);
void bitmap_or(uint64_t *dst, const uint64_t *a, const uint64_t *b, size_t nr);
void bitmap_andnot(uint64_t *dst, const uint64_t *a, const uint64_t *b, size_t nr);

#define bitmap_for_each(bit, map, nr) \
    for ( (bit) = bitmap_find_next(map, nr, 0); (bit) < (nr); \
          (bit) = bitmap_find_next(map, nr, (bit) + 1) )

#endif
