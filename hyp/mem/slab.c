/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small objects: one list of free ones for each power of two from 32 to 2048 bytes.
 * A page of objects begins with a header that says their size; larger objects are whole
 * pages behind the same header.
 */
#include "mem/slab.h"
#include "mem/heap.h"
#include "base/assert.h"
#include "base/string.h"
#include "cpu/asm.h"
#include "cpu/spinlock.h"

#define MIN_SHIFT   5
#define MAX_SHIFT   11
#define MAGIC_SMALL 0x51ab
#define MAGIC_PAGES 0x51ac

struct slab_header {            /* 64 bytes: objects stay aligned for XSAVE */
    uint16_t magic;
    uint8_t  shift;             /* of objects, or order of pages */
    uint8_t  pad[61];
};
struct free_object { struct free_object *next; };

static struct free_object *free_list[MAX_SHIFT + 1];
static struct lock slab_lock = LOCK_INIT(RANK_LEAF);

static struct slab_header *header_of(void *p)
{
    return (struct slab_header *)((uintptr_t)p & PAGE_MASK);
}

/* Fills an empty list from a new page: false if there is none. */
static bool slab_grow(unsigned int shift)
{
    uint8_t *page = heap_alloc_page();
    struct slab_header *h = (struct slab_header *)page;

    if ( !page )
        return false;
    h->magic = MAGIC_SMALL;
    h->shift = shift;
    spin_lock(&slab_lock);
    for ( size_t off = sizeof(*h) > 1UL << shift ? sizeof(*h) : 1UL << shift;
          off + (1UL << shift) <= PAGE_SIZE; off += 1UL << shift ) {
        struct free_object *o = (struct free_object *)(page + off);

        o->next = free_list[shift];
        free_list[shift] = o;
    }
    spin_unlock(&slab_lock);
    return true;
}

static void *alloc_pages(size_t size)
{
    unsigned int order = 0;
    struct slab_header *h;

    while ( (PAGE_SIZE << order) < size + sizeof(*h) )
        order++;
    if ( order > HEAP_MAX_ORDER )
        return NULL;
    h = heap_alloc_pages(order);
    if ( !h )
        return NULL;
    h->magic = MAGIC_PAGES;
    h->shift = order;
    return h + 1;
}

void *slab_alloc(size_t size)
{
    unsigned int shift = MIN_SHIFT;
    struct free_object *o;

    if ( size > 1UL << MAX_SHIFT )
        return size <= PAGE_SIZE << HEAP_MAX_ORDER ? alloc_pages(size) : NULL;
    while ( 1UL << shift < size )
        shift++;
    for ( ; ; ) {
        spin_lock(&slab_lock);
        o = free_list[shift];
        if ( o )
            free_list[shift] = o->next;
        spin_unlock(&slab_lock);
        if ( o ) {
            memset(o, 0, 1UL << shift);
            return o;
        }
        if ( !slab_grow(shift) )
            return NULL;
    }
}

void slab_free(void *p)
{
    struct slab_header *h = header_of(p);
    struct free_object *o = p;

    if ( !p )
        return;
    if ( h->magic == MAGIC_PAGES ) {
        h->magic = 0;
        heap_free_pages(h, h->shift);
        return;
    }
    CHECK(h->magic == MAGIC_SMALL);
    spin_lock(&slab_lock);
    o->next = free_list[h->shift];
    free_list[h->shift] = o;
    spin_unlock(&slab_lock);
}
