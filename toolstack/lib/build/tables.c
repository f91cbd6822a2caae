/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page tables that a PV guest starts with.  Leaves are 4 KiB; a page table is mapped
 * read-only, everything else writable.  User access is set throughout: a 64-bit PV kernel runs
 * in ring 3 (xenabi/arch-x86.h).
 */
#include "build/layout.h"

#define ENTRIES     512
#define PTE_P       0x001ULL
#define PTE_RW      0x002ULL
#define PTE_US      0x004ULL
#define PTE_A       0x020ULL
#define PTE_D       0x040ULL
#define TABLE       (PTE_P | PTE_RW | PTE_US | PTE_A)

static uint64_t entry(uint64_t mfn, uint64_t flags)
{
    return mfn << 12 | flags;
}

static bool is_table(const struct pv_layout *l, uint64_t pfn)
{
    return (pfn >= l->main.first_pfn && pfn - l->main.first_pfn < l->main.nr) ||
           (pfn >= l->p2m.first_pfn && pfn - l->p2m.first_pfn < l->p2m.nr);
}

/*
 * Tables of one level lie side by side, so an entry's place follows from its address: entry
 * number (va >> shift), counted from the start of the first of these tables.
 */
static uint64_t *slot(uint64_t *tables, const struct pv_tables *t, uint64_t first_table,
                      uint64_t va, unsigned int shift)
{
    const uint64_t mask = (1ULL << 48) - 1;
    const uint64_t start = ((t->va & mask) >> shift) & ~(uint64_t)(ENTRIES - 1);

    return tables + first_table * ENTRIES + (((va & mask) >> shift) - start);
}

/* Link @count tables, the first of them number @first, into the level above. */
static void link_level(const struct pv_tables *t, const uint64_t *p2m, uint64_t *tables,
                       uint64_t first_above, uint64_t first, uint64_t count, unsigned int shift)
{
    for ( uint64_t i = 0; i < count; i++ ) {
        const uint64_t mfn = p2m[t->first_pfn + first + i];

        *slot(tables, t, first_above, t->va + (i << shift), shift) = entry(mfn, TABLE);
    }
}

/* Map t->pages guest frames from @pfn on. */
static void map_pages(const struct pv_layout *l, const struct pv_tables *t, uint64_t pfn,
                      const uint64_t *p2m, uint64_t *tables)
{
    uint64_t *pte = slot(tables, t, t->nr - t->nr_l1, t->va, 12);

    for ( uint64_t i = 0; i < t->pages && pfn + i < l->nr_pages; i++ )
        pte[i] = entry(p2m[pfn + i],
                       PTE_P | PTE_US | PTE_A | PTE_D | (is_table(l, pfn + i) ? 0 : PTE_RW));
}

void layout_tables(const struct pv_layout *l, const uint64_t *p2m_list, uint64_t *main,
                   uint64_t *p2m)
{
    const struct pv_tables *m = &l->main, *p = &l->p2m;

    link_level(m, p2m_list, main, 0, 1, m->nr_l3, 39);
    link_level(m, p2m_list, main, 1, 1 + m->nr_l3, m->nr_l2, 30);
    link_level(m, p2m_list, main, 1 + m->nr_l3, 1 + m->nr_l3 + m->nr_l2, m->nr_l1, 21);
    map_pages(l, m, 0, p2m_list, main);
    if ( !p->nr )
        return;
    /* The list's own tables hang below the same L4. */
    for ( uint64_t i = 0; i < p->nr_l3; i++ )
        main[(((p->va >> 39) & (ENTRIES - 1)) + i) % ENTRIES] =
            entry(p2m_list[p->first_pfn + i], TABLE);
    link_level(p, p2m_list, p2m, 0, p->nr_l3, p->nr_l2, 30);
    link_level(p, p2m_list, p2m, p->nr_l3, p->nr_l3 + p->nr_l2, p->nr_l1, 21);
    map_pages(l, p, l->p2m_pfn, p2m_list, p2m);
}
