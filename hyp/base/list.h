/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intrusive doubly linked list: a circle through a head that is no entry.
 * Locking is the owner's business.
 */
#pragma once

#include <stdbool.h>
#include "base/bits.h"

struct list_head {
    struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name) { &(name), &(name) }

static inline void list_init(struct list_head *h) { h->next = h->prev = h; }

static inline bool list_empty(const struct list_head *h) { return h->next == h; }

static inline void list_insert_between(struct list_head *e, struct list_head *prev,
                                       struct list_head *next)
{
    e->prev = prev;
    e->next = next;
    prev->next = e;
    next->prev = e;
}

static inline void list_add(struct list_head *e, struct list_head *h)
{
    list_insert_between(e, h, h->next);
}

static inline void list_add_tail(struct list_head *e, struct list_head *h)
{
    list_insert_between(e, h->prev, h);
}

/* Leaves NULL links, so that a second removal faults instead of corrupting. */
static inline void list_del(struct list_head *e)
{
    e->prev->next = e->next;
    e->next->prev = e->prev;
    e->next = e->prev = NULL;
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)

#define list_for_each_entry(pos, h, member) \
    for ( (pos) = list_entry((h)->next, __typeof__(*(pos)), member); \
          &(pos)->member != (h); \
          (pos) = list_entry((pos)->member.next, __typeof__(*(pos)), member) )
