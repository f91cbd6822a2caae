/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Range sets: sets of 64-bit numbers kept as sorted, disjoint, never adjacent
 * ranges.  Both ends are inclusive, so the whole number space is expressible.
 * The owner's lock guards a set.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct range {
    uint64_t start, end;            /* inclusive */
};

/* Where a set's storage comes from.  @alloc may return NULL. */
struct rangeset_mem {
    void *(*alloc)(size_t bytes);
    void (*free)(void *p, size_t bytes);
};

struct rangeset {
    struct range *ranges;           /* sorted */
    size_t nr, capacity;            /* in ranges */
    const struct rangeset_mem *mem; /* NULL: fixed storage */
};

/* An empty set.  Allocates nothing yet. */
void rangeset_init(struct rangeset *rs, const struct rangeset_mem *mem);

/* Frees the storage and leaves an empty set.  Any number of times. */
void rangeset_destroy(struct rangeset *rs);

/*
 * Add or remove [start, end].  0, -XEN_EINVAL if start > end, -XEN_ENOMEM if the
 * set cannot grow.  On failure the set is as it was.
 */
int must_check rangeset_add(struct rangeset *rs, uint64_t start, uint64_t end);
int must_check rangeset_remove(struct rangeset *rs, uint64_t start, uint64_t end);

/* All of [start, end] is in the set.  False for start > end. */
bool rangeset_contains(const struct rangeset *rs, uint64_t start, uint64_t end);
