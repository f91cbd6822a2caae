/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bit maps: the operations that walk more than one word.
 */
#include "base/bitmap.h"

/* Mask of the bits of word @w that are below @nr. */
static uint64_t valid_mask(size_t w, size_t nr)
{
    const size_t left = nr - w * 64;

    return left >= 64 ? ~0UL : BIT(left) - 1;
}

void bitmap_zero(uint64_t *map, size_t nr)
{
    for ( size_t w = 0; w < BITMAP_WORDS(nr); w++ )
        map[w] = 0;
}

void bitmap_fill(uint64_t *map, size_t nr)
{
    for ( size_t w = 0; w < BITMAP_WORDS(nr); w++ )
        map[w] = valid_mask(w, nr);
}

static void change_range(uint64_t *map, size_t start, size_t len, bool set)
{
    while ( len ) {
        const size_t off = start % 64, n = min(len, 64 - off);
        const uint64_t mask = (n == 64 ? ~0UL : BIT(n) - 1) << off;

        if ( set )
            map[start / 64] |= mask;
        else
            map[start / 64] &= ~mask;
        start += n;
        len -= n;
    }
}

void bitmap_set_range(uint64_t *map, size_t start, size_t len)
{
    change_range(map, start, len, true);
}

void bitmap_clear_range(uint64_t *map, size_t start, size_t len)
{
    change_range(map, start, len, false);
}

/* @flip is 0 to look for ones, all ones to look for zeroes. */
static size_t find_next(const uint64_t *map, size_t nr, size_t start, uint64_t flip)
{
    if ( start >= nr )
        return nr;

    size_t w = start / 64;
    uint64_t word = (map[w] ^ flip) & (~0UL << (start % 64));

    while ( !word ) {
        if ( ++w >= BITMAP_WORDS(nr) )
            return nr;
        word = map[w] ^ flip;
    }
    return min(w * 64 + lowest_bit(word), nr);
}

size_t bitmap_find_next(const uint64_t *map, size_t nr, size_t start)
{
    return find_next(map, nr, start, 0);
}

size_t bitmap_find_next_zero(const uint64_t *map, size_t nr, size_t start)
{
    return find_next(map, nr, start, ~0UL);
}

size_t bitmap_find_zero_run(const uint64_t *map, size_t nr, size_t len, size_t align)
{
    size_t start = 0;

    while ( range_ok(start, len, nr) ) {
        const size_t used = bitmap_find_next(map, nr, start);

        if ( used >= nr || used - start >= len )
            return start;
        start = ALIGN_UP(bitmap_find_next_zero(map, nr, used), align);
    }
    return nr;
}

size_t bitmap_weight(const uint64_t *map, size_t nr)
{
    size_t n = 0;

    for ( size_t w = 0; w < BITMAP_WORDS(nr); w++ )
        n += popcount64(map[w] & valid_mask(w, nr));
    return n;
}

bool bitmap_empty(const uint64_t *map, size_t nr)
{
    return bitmap_find_next(map, nr, 0) >= nr;
}

bool bitmap_full(const uint64_t *map, size_t nr)
{
    return bitmap_find_next_zero(map, nr, 0) >= nr;
}

bool bitmap_equal(const uint64_t *a, const uint64_t *b, size_t nr)
{
    for ( size_t w = 0; w < BITMAP_WORDS(nr); w++ )
        if ( (a[w] ^ b[w]) & valid_mask(w, nr) )
            return false;
    return true;
}

bool bitmap_intersects(const uint64_t *a, const uint64_t *b, size_t nr)
{
    for ( size_t w = 0; w < BITMAP_WORDS(nr); w++ )
        if ( a[w] & b[w] & valid_mask(w, nr) )
            return true;
    return false;
}

bool bitmap_subset(const uint64_t *sub, const uint64_t *super, size_t nr)
{
    for ( size_t w = 0; w < BITMAP_WORDS(nr); w++ )
        if ( sub[w] & ~super[w] & valid_mask(w, nr) )
            return false;
    return true;
}

void bitmap_copy(uint64_t *dst, const uint64_t *src, size_t nr)
{
    for ( size_t w = 0; w < BITMAP_WORDS(nr); w++ )
        dst[w] = src[w] & valid_mask(w, nr);
}

void bitmap_and(uint64_t *dst, const uint64_t *a, const uint64_t *b, size_t nr)
{
    for ( size_t w = 0; w < BITMAP_WORDS(nr); w++ )
        dst[w] = a[w] & b[w] & valid_mask(w, nr);
}

void bitmap_or(uint64_t *dst, const uint64_t *a, const uint64_t *b, size_t nr)
{
    for ( size_t w = 0; w < BITMAP_WORDS(nr); w++ )
        dst[w] = (a[w] | b[w]) & valid_mask(w, nr);
}

void bitmap_andnot(uint64_t *dst, const uint64_t *a, const uint64_t *b, size_t nr)
{
    for ( size_t w = 0; w < BITMAP_WORDS(nr); w++ )
        dst[w] = a[w] & ~b[w] & valid_mask(w, nr);
}
