/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The physical map of a hardware guest: see p2m.h for the rules, p2m_fmt.h for the bits. */
#include "core/p2m.h"

#include "core/p2m_fmt.h"
#include "core/page.h"
#include "mem/heap.h"
#include "mem/slab.h"

#define LEVELS          4
#define BITS            9
#define ENTRIES         512
/* Tables are the hypervisor's memory: this many, and one for each so many frames, are allowed. */
#define TABLES_BASE     1024
#define FRAMES_PER_TABLE 128

struct p2m {
    uint64_t *root;
    uint64_t max_gfn;
    uint64_t nr_tables;
};

bool p2m_is_ept ro_after_init;
bool p2m_has_1g ro_after_init;
uint64_t p2m_dirty_bit ro_after_init = PTE_D;

static unsigned int index_at(uint64_t gfn, unsigned int level)
{
    return (gfn >> (BITS * (level - 1))) & (ENTRIES - 1);
}

static uint64_t *table_at(uint64_t entry) { return mfn_to_virt(p2m_mfn_of(entry)); }

int p2m_init(struct domain *d)
{
    d->p2m = slab_new(struct p2m);
    if ( !d->p2m )
        return -XEN_ENOMEM;
    d->p2m->root = heap_alloc_page();
    return d->p2m->root ? 0 : -XEN_ENOMEM;
}

static void free_table(uint64_t *table, unsigned int level)
{
    for ( unsigned int i = 0; level > 1 && i < ENTRIES; i++ )
        if ( p2m_present(table[i]) && !(table[i] & P2M_LARGE) )
            free_table(table_at(table[i]), level - 1);
    heap_free_page(table);
}

void p2m_free(struct domain *d)
{
    if ( d->p2m && d->p2m->root )
        free_table(d->p2m->root, LEVELS);
    slab_free(d->p2m);
    d->p2m = NULL;
}

mfn_t p2m_lookup(const struct domain *d, uint64_t gfn, enum p2m_type *type)
{
    const uint64_t *table = d->p2m->root;

    if ( type )
        *type = P2M_NONE;
    if ( gfn >> P2M_GFN_BITS )
        return INVALID_MFN;
    for ( unsigned int level = LEVELS; ; level-- ) {
        const uint64_t e = read_once(table[index_at(gfn, level)]);

        if ( !p2m_present(e) || p2m_type_of(e) == P2M_APIC )
            return INVALID_MFN;
        if ( level == 1 || (e & P2M_LARGE) ) {
            if ( type )
                *type = p2m_type_of(e);
            return mfn_add(p2m_mfn_of(e), gfn & (BIT(BITS * (level - 1)) - 1));
        }
        table = table_at(e);
    }
}

bool p2m_take_dirty(struct domain *d, uint64_t gfn)
{
    uint64_t *table = d->p2m->root;

    if ( !p2m_dirty_bit || gfn >> P2M_GFN_BITS )
        return true;
    for ( unsigned int level = LEVELS; ; level-- ) {
        uint64_t *const e = &table[index_at(gfn, level)];

        if ( !p2m_present(*e) || (*e & P2M_LARGE) )
            return p2m_present(*e);
        if ( level == 1 )
            return __atomic_fetch_and(e, ~p2m_dirty_bit, __ATOMIC_RELAXED) & p2m_dirty_bit;
        table = table_at(*e);
    }
}

/* A large page becomes a table of smaller ones that say the same; or an empty table. */
static bool split(struct domain *d, uint64_t *entry, unsigned int level)
{
    const uint64_t old = *entry;
    const unsigned int order = BITS * (level - 2);
    uint64_t *table;

    if ( d->p2m->nr_tables >= TABLES_BASE + d->max_pages / FRAMES_PER_TABLE )
        return false;
    table = heap_alloc_page();
    if ( !table )
        return false;
    for ( unsigned int i = 0; p2m_present(old) && i < ENTRIES; i++ )
        table[i] = p2m_leaf(p2m_is_ept, mfn_add(p2m_mfn_of(old), (uint64_t)i << order), order,
                            p2m_type_of(old));
    d->p2m->nr_tables++;
    __atomic_store_n(entry, p2m_table(p2m_is_ept, virt_to_mfn(table)), __ATOMIC_RELEASE);
    return true;
}

/* The entry for @gfn at @level, tables above it made as needed; NULL: no memory. */
static uint64_t *entry_for(struct domain *d, uint64_t gfn, unsigned int to)
{
    uint64_t *table = d->p2m->root;

    for ( unsigned int level = LEVELS; level > to; level-- ) {
        uint64_t *const e = &table[index_at(gfn, level)];

        if ( (!p2m_present(*e) || (*e & P2M_LARGE)) && !split(d, e, level) )
            return NULL;
        table = table_at(*e);
    }
    return &table[index_at(gfn, to)];
}

/* The same leaf values into each part of a table that stays: freeing it would need a flush. */
static int fill(struct domain *d, uint64_t gfn, mfn_t mfn, unsigned int level, enum p2m_type type)
{
    uint64_t *const e = entry_for(d, gfn, level);
    const unsigned int order = BITS * (level - 1);

    if ( !e )
        return -XEN_ENOMEM;
    if ( level > 1 && p2m_present(*e) && !(*e & P2M_LARGE) ) {
        const uint64_t step = BIT(order - BITS);

        for ( unsigned int i = 0; i < ENTRIES; i++ )
            if ( fill(d, gfn + i * step, type ? mfn_add(mfn, i * step) : mfn, level - 1, type) )
                return -XEN_ENOMEM;
        return 0;
    }
    write_once(*e, type == P2M_NONE ? 0 : p2m_leaf(p2m_is_ept, mfn, order, type));
    return 0;
}

static int change(struct domain *d, uint64_t gfn, mfn_t mfn, unsigned int order, enum p2m_type type)
{
    unsigned int level = min(order / BITS, p2m_has_1g ? 2U : 1U) + 1;
    int rc = 0;

    if ( order > 2 * BITS || !range_ok(gfn, BIT(order), BIT(P2M_GFN_BITS)) )
        return -XEN_EINVAL;
    /* Orders between the sizes, or crooked ones: in the largest pieces that fit. */
    while ( level > 1 && (((gfn | (type ? mfn.n : 0)) & (BIT(BITS * (level - 1)) - 1)) != 0 ||
                          BITS * (level - 1) > order) )
        level--;
    for ( uint64_t i = 0; !rc && i < BIT(order); i += BIT(BITS * (level - 1)) )
        rc = fill(d, gfn + i, type ? mfn_add(mfn, i) : mfn, level, type);
    return rc;
}

int p2m_set(struct domain *d, uint64_t gfn, mfn_t mfn, unsigned int order, enum p2m_type type)
{
    const int rc = change(d, gfn, mfn, order, type);

    if ( rc || type == P2M_APIC )
        return rc;
    if ( type != P2M_GRANT_RW && type != P2M_GRANT_RO )
        for ( uint64_t i = 0; i < BIT(order); i++ )
            m2p_set(mfn_add(mfn, i), gfn + i);
    d->p2m->max_gfn = max(d->p2m->max_gfn, gfn + BIT(order) - 1);
    return 0;
}

int p2m_clear(struct domain *d, uint64_t gfn, unsigned int order)
{
    return change(d, gfn, INVALID_MFN, order, P2M_NONE);
}

void p2m_flush(struct domain *d) { tlb_flush_cpus(d->dirty_cpus); }

uint64_t p2m_max_gfn(const struct domain *d) { return d->p2m->max_gfn; }

paddr_t p2m_root(const struct domain *d) { return mfn_to_paddr(virt_to_mfn(d->p2m->root)); }

bool p2m_covered(const struct domain *d, uint64_t gfn, unsigned int order)
{
    const uint64_t end = gfn + BIT(order);

    while ( gfn < end ) {
        const uint64_t *table = d->p2m->root;
        unsigned int level = LEVELS;
        uint64_t e;

        if ( gfn >> P2M_GFN_BITS )
            return false;
        while ( p2m_present(e = read_once(table[index_at(gfn, level)])) ) {
            if ( level == 1 || (e & P2M_LARGE) )
                return true;
            table = table_at(e);
            level--;
        }
        gfn = (gfn | (BIT(BITS * (level - 1)) - 1)) + 1;
    }
    return false;
}
