/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Range sets in one sorted array.  Sets are small (tens of ranges) and change
 * rarely, so moving the tail costs less than a tree's code.
 */
#include "base/rangeset.h"

#include "base/errno.h"
#include "base/string.h"

#define FIRST_CAPACITY 8

void rangeset_init(struct rangeset *rs, const struct rangeset_mem *mem)
{
    *rs = (struct rangeset){ .mem = mem };
}

void rangeset_destroy(struct rangeset *rs)
{
    if ( rs->mem && rs->ranges ) {
        rs->mem->free(rs->ranges, rs->capacity * sizeof(struct range));
        rs->ranges = NULL;
        rs->capacity = 0;
    }
    rs->nr = 0;
}

/* Index of the first range whose end is at or above @value; nr if none. */
static size_t first_ending_at(const struct rangeset *rs, uint64_t value)
{
    size_t i = 0;

    while ( i < rs->nr && rs->ranges[i].end < value )
        i++;
    return i;
}

/* Make room for one more range, or fail with nothing changed. */
static int must_check reserve_one(struct rangeset *rs)
{
    if ( rs->nr < rs->capacity )
        return 0;
    if ( !rs->mem )
        return -XEN_ENOMEM;

    const size_t capacity = rs->capacity ? rs->capacity * 2 : FIRST_CAPACITY;
    struct range *bigger = rs->mem->alloc(capacity * sizeof(struct range));

    if ( !bigger )
        return -XEN_ENOMEM;
    if ( rs->ranges ) {
        memcpy(bigger, rs->ranges, rs->nr * sizeof(struct range));
        rs->mem->free(rs->ranges, rs->capacity * sizeof(struct range));
    }
    rs->ranges = bigger;
    rs->capacity = capacity;
    return 0;
}

/* Replace ranges [first, last) by @nr_new <= 2 ranges; room was reserved. */
static void replace(struct rangeset *rs, size_t first, size_t last,
                    const struct range *new, size_t nr_new)
{
    if ( rs->nr > last )
        memmove(&rs->ranges[first + nr_new], &rs->ranges[last],
                (rs->nr - last) * sizeof(struct range));
    for ( size_t i = 0; i < nr_new; i++ )
        rs->ranges[first + i] = new[i];
    rs->nr = rs->nr - (last - first) + nr_new;
}

int rangeset_add(struct rangeset *rs, uint64_t start, uint64_t end)
{
    if ( start > end )
        return -XEN_EINVAL;

    /* A neighbour that touches is merged: look one number further on both sides. */
    const size_t first = first_ending_at(rs, start ? start - 1 : 0);
    size_t last = first;
    struct range merged = { start, end };

    for ( ; last < rs->nr; last++ ) {
        const struct range *r = &rs->ranges[last];

        if ( end != UINT64_MAX && r->start > end + 1 )
            break;
        if ( r->start < merged.start )
            merged.start = r->start;
        if ( r->end > merged.end )
            merged.end = r->end;
    }

    if ( first == last ) {
        const int rc = reserve_one(rs);

        if ( rc )
            return rc;
    }
    replace(rs, first, last, &merged, 1);
    return 0;
}

int rangeset_remove(struct rangeset *rs, uint64_t start, uint64_t end)
{
    if ( start > end )
        return -XEN_EINVAL;

    const size_t first = first_ending_at(rs, start);
    struct range rest[2];
    size_t last = first, nr_rest = 0;

    for ( ; last < rs->nr && rs->ranges[last].start <= end; last++ ) {
        const struct range *r = &rs->ranges[last];

        if ( r->start < start )
            rest[nr_rest++] = (struct range){ r->start, start - 1 };
        if ( r->end > end )
            rest[nr_rest++] = (struct range){ end + 1, r->end };
    }

    if ( nr_rest > last - first ) {
        const int rc = reserve_one(rs);

        if ( rc )
            return rc;
    }
    if ( last > first )
        replace(rs, first, last, rest, nr_rest);
    return 0;
}

bool rangeset_contains(const struct rangeset *rs, uint64_t start, uint64_t end)
{
    const size_t i = first_ending_at(rs, end);

    return start <= end && i < rs->nr && rs->ranges[i].start <= start;
}
