/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intrusive doubly linked list: a circle through a head that is no entry.
 * Locking is the owner's business.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include "base/bits.h"

struct list_head {
    struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name) { &(name), &(name) }

static inline void list_init(struct list_head *h)
{
    h->next = h->prev = h;
}

/* Also true for an entry that list_del_init() took out. */
static inline bool list_empty(const struct list_head *h)
{
    return h->next == h;
}

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

static inline void list_del_init(struct list_head *e)
{
    e->prev->next = e->next;
    e->next->prev = e->prev;
    list_init(e);
}

static inline void list_move_tail(struct list_head *e, struct list_head *h)
{
    list_del(e);
    list_add_tail(e, h);
}

/* Put all of @from before the end of @h; @from is left empty. */
static inline void list_splice_tail_init(struct list_head *from, struct list_head *h)
{
    if ( list_empty(from) )
        return;

    from->next->prev = h->prev;
    h->prev->next = from->next;
    from->prev->next = h;
    h->prev = from->prev;
    list_init(from);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)

/* NULL if the list is empty. */
#define list_first_entry(h, type, member) \
    (list_empty(h) ? NULL : list_entry((h)->next, type, member))

#define list_last_entry(h, type, member) \
    (list_empty(h) ? NULL : list_entry((h)->prev, type, member))

#define list_for_each(pos, h) \
    for ( (pos) = (h)->next; (pos) != (h); (pos) = (pos)->next )

#define list_for_each_entry(pos, h, member) \
    for ( (pos) = list_entry((h)->next, __typeof__(*(pos)), member); \
          &(pos)->member != (h); \
          (pos) = list_entry((pos)->member.next, __typeof__(*(pos)), member) )

/* @pos may be taken out or freed in the body; @tmp may not. */
#define list_for_each_entry_safe(pos, tmp, h, member) \
    for ( (pos) = list_entry((h)->next, __typeof__(*(pos)), member), \
          (tmp) = list_entry((pos)->member.next, __typeof__(*(pos)), member); \
          &(pos)->member != (h); \
          (pos) = (tmp), \
          (tmp) = list_entry((tmp)->member.next, __typeof__(*(pos)), member) )

#endif
