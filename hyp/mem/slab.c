/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small objects: for each power of two from 32 to 2048 bytes, a list of pages that have room.
 * A page begins with a header: the size of its objects and those that are free.  A page
 * whose last object goes is given back, so that what guests made the hypervisor allocate is
 * all free memory again after them.  Larger objects are whole pages behind the same header.
 */
#include "mem/slab.h"
#include "mem/heap.h"
#include "base/assert.h"
#include "base/list.h"
#include "base/string.h"
#include "cpu/spinlock.h"

#define MIN_SHIFT   5
#define MAX_SHIFT   11
#define MAGIC_SMALL 0x51ab
#define MAGIC_PAGES 0x51ac

struct free_object { struct free_object *next; };

struct slab_page {              /* 64 bytes: objects stay aligned for XSAVE */
    uint16_t magic;
    uint8_t  shift;             /* of objects, or order of pages */
    uint16_t nr_used, nr_objects;
    struct free_object *free;
    struct list_head link;      /* in `partial` while an object is free */
    uint8_t  pad[32];
};
_Static_assert(sizeof(struct slab_page) == 64, "objects behind it stay aligned");

static struct list_head partial[MAX_SHIFT + 1];
static bool lists_ready;
static struct lock slab_lock = LOCK_INIT(RANK_LEAF);

static struct slab_page *page_of(void *p) { return (struct slab_page *)((uintptr_t)p & PAGE_MASK); }

static void lists_init(void)
{
    for ( unsigned int i = 0; i <= MAX_SHIFT; i++ )
        list_init(&partial[i]);
    lists_ready = true;
}

/* A page of free objects, on no list yet; NULL if there is no memory. */
static struct slab_page *page_new(unsigned int shift)
{
    const size_t size = 1UL << shift;
    uint8_t *base = heap_alloc_page();
    struct slab_page *page = (struct slab_page *)base;

    if ( !page )
        return NULL;
    page->magic = MAGIC_SMALL;
    page->shift = shift;
    for ( size_t off = sizeof(*page) > size ? sizeof(*page) : size; off + size <= PAGE_SIZE; off += size ) {
        struct free_object *o = (struct free_object *)(base + off);

        o->next = page->free;
        page->free = o;
        page->nr_objects++;
    }
    return page;
}

static void *alloc_pages(size_t size)
{
    const unsigned int order = order_of(DIV_ROUND_UP(size + sizeof(struct slab_page), PAGE_SIZE));
    struct slab_page *page;

    page = order <= HEAP_MAX_ORDER ? heap_alloc_pages(order) : NULL;
    if ( !page )
        return NULL;
    page->magic = MAGIC_PAGES;
    page->shift = order;
    return page + 1;
}

/* slab_lock held.  NULL: no page has room. */
static struct free_object *take(unsigned int shift)
{
    struct slab_page *page;
    struct free_object *o;

    if ( list_empty(&partial[shift]) )
        return NULL;
    page = list_entry(partial[shift].next, struct slab_page, link);
    o = page->free;
    page->free = o->next;
    if ( ++page->nr_used == page->nr_objects )
        list_del(&page->link);
    return o;
}

void *slab_alloc(size_t size)
{
    unsigned int shift = MIN_SHIFT;
    struct slab_page *new = NULL;
    struct free_object *o;

    if ( size > 1UL << MAX_SHIFT )
        return size <= PAGE_SIZE << HEAP_MAX_ORDER ? alloc_pages(size) : NULL;
    while ( 1UL << shift < size )
        shift++;
    for ( ; ; ) {
        spin_lock(&slab_lock);
        if ( !lists_ready )
            lists_init();
        if ( new )
            list_add(&new->link, &partial[shift]);
        o = take(shift);
        spin_unlock(&slab_lock);
        if ( o )
            break;
        new = page_new(shift);
        if ( !new )
            return NULL;
    }
    memset(o, 0, 1UL << shift);
    return o;
}

static void free_object(struct slab_page *page, struct free_object *o)
{
    bool empty;

    spin_lock(&slab_lock);
    if ( page->nr_used == page->nr_objects )
        list_add(&page->link, &partial[page->shift]);
    o->next = page->free;
    page->free = o;
    empty = --page->nr_used == 0;
    if ( empty )
        list_del(&page->link);
    spin_unlock(&slab_lock);
    if ( empty )
        heap_free_page(page);
}

void slab_free(void *p)
{
    struct slab_page *page = page_of(p);

    if ( !p )
        return;
    if ( page->magic == MAGIC_PAGES ) {
        page->magic = 0;
        heap_free_pages(page, page->shift);
        return;
    }
    CHECK(page->magic == MAGIC_SMALL);
    free_object(page, p);
}
