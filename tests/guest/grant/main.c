/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grant tables: set-up, mapping our own grants, flags, and bad references.
 * The real Xen keeps GTF_reading and GTF_writing while a map lasts, and gives
 * a read-only grant no writable map.  DOMID_SELF is no granter.
 * (The real Xen also has version 2 tables; a hypervisor that refuses
 * set_version(2) is right too.)
 * A hardware guest maps at frames of its own, where the real Xen moves a page that is mapped by its owner: see pair.
 * pvh: yes
 */
#include "test.h"
#include <guest/grant.h>

#define MAP_VA 0x10000000000ul
#define RW     GNTMAP_host_map
#define RO     (GNTMAP_host_map | GNTMAP_readonly)

static uint16_t me;

static void mapping(void)
{
    char *page = mem_alloc_page();
    const uint64_t mfn = mem_va_to_mfn(page);
    const long ref = grant_give(me, mfn, false), ro = grant_give(me, mfn, true);
    uint32_t h1, h2, h;
    uint64_t *pte = mem_entry(mem_root(), MAP_VA, 1);

    page[0] = 'g';
    EQ(grant_map(me, ref, MAP_VA, RW, &h1), GNTST_okay);
    EQ(*(volatile char *)MAP_VA, 'g');
    EQ(try_write((void *)MAP_VA, 'h'), 0);
    EQ(page[0], 'h');
    EQ(grant_table[ref].flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing);
    EQ_ROW("in use: cannot end", grant_end(ref), 0);
    EQ(grant_map(me, ref, MAP_VA + 4096, RO, &h2), GNTST_okay);
    EQ(try_write((void *)(MAP_VA + 4096), 1), TRAP_SEEN(TRAP_PF, 3));
    EQ_ROW("a handle of another address", grant_unmap(MAP_VA, h2) < 0, 1);
    EQ(grant_unmap(MAP_VA, h1), GNTST_okay);
    EQ(*pte & PTE_P, 0);
    EQ_ROW("the reader stays", grant_table[ref].flags & (GTF_reading | GTF_writing), GTF_reading);
    EQ(grant_unmap(MAP_VA, h1), GNTST_bad_handle);
    EQ(grant_unmap(MAP_VA + 4096, h2), GNTST_okay);
    EQ(grant_table[ref].flags & (GTF_reading | GTF_writing), 0);
    EQ(grant_end(ref), 1);
    EQ_ROW("ended", grant_map(me, ref, MAP_VA, RW, &h) < 0, 1);

    EQ_ROW("writable map of a read-only grant", grant_map(me, ro, MAP_VA, RW, &h) < 0, 1);
    EQ(grant_map(me, ro, MAP_VA, RO, &h), GNTST_okay);
    EQ(try_write((void *)MAP_VA, 1), TRAP_SEEN(TRAP_PF, 3));
    EQ(grant_unmap(MAP_VA, h), GNTST_okay);
    EQ(grant_end(ro), 1);
}

static void by_pte(void)
{
    char *page = mem_alloc_page();
    const long ref = grant_give(me, mem_va_to_mfn(page), false);
    uint64_t *pte = mem_entry(mem_root(), MAP_VA, 1);
    uint32_t h;

    page[0] = 'p';
    EQ(grant_map(me, ref, mem_entry_maddr(pte), RW | GNTMAP_contains_pte |
                 GNTMAP_application_map | (1u << _GNTMAP_guest_avail0), &h), GNTST_okay);
    EQ(*(volatile char *)MAP_VA, 'p');
    EQ_ROW("available bit", (*pte >> 9) & 7, 1);
    EQ(grant_unmap(mem_entry_maddr(pte), h), GNTST_okay);
    EQ(*pte & PTE_P, 0);
    EQ_ROW("a PTE in a data page", grant_map(me, ref, mem_va_to_mfn(page) << 12,
           RW | GNTMAP_contains_pte, &h) < 0, 1);
    EQ(grant_end(ref), 1);
}

static void hostile(void)
{
    char *page = mem_alloc_page();
    const long ref = grant_give(me, mem_va_to_mfn(page), false);
    const long other = grant_give((uint16_t)(me + 1), mem_va_to_mfn(page), false);
    const long nobody = grant_give(me, 0xfffffff, false);
    const long table = grant_give(me, mem_va_to_mfn(mem_root()), false);
    uint32_t h;

    EQ_ROW("for another domain", grant_map(me, other, MAP_VA, RW, &h) < 0, 1);
    EQ_ROW("frame of nobody", grant_map(me, nobody, MAP_VA, RW, &h) < 0, 1);
    if ( guest_is_pv() )
        EQ_ROW("page table", grant_map(me, table, MAP_VA, RW, &h) < 0, 1);
    EQ_ROW("unused reference", grant_map(me, 2000, MAP_VA, RW, &h) < 0, 1);
    EQ_ROW("beyond the table", grant_map(me, 1u << 20, MAP_VA, RW, &h), GNTST_bad_gntref);
    EQ_ROW("all ones", grant_map(me, ~0u, MAP_VA, RW, &h), GNTST_bad_gntref);
    EQ(grant_map(DOMID_SELF, ref, MAP_VA, RW, &h), GNTST_bad_domain);
    EQ_ROW("no such domain", grant_map(77, ref, MAP_VA, RW, &h), GNTST_bad_domain);
    EQ_ROW("no kind of map", grant_map(me, ref, MAP_VA, 0, &h), GNTST_bad_gntref);
    EQ_ROW("no L1 there", grant_map(me, ref, 0x123456789000ul, RW, &h) < 0, 1);
    EQ_ROW("hypervisor's address", grant_map(me, ref, 0xffff82d040000000ul, RW, &h) < 0, 1);
    EQ_ROW("no marks left", grant_table[ref].flags & (GTF_reading | GTF_writing), 0);
    EQ(grant_unmap(MAP_VA, 12345), GNTST_bad_handle);
    EQ(grant_unmap(MAP_VA, ~0u), GNTST_bad_handle);
    EQ(grant_end(ref) && grant_end(other) && grant_end(nobody) && grant_end(table), 1);

    EQ(hc_grant_table_op(GNTTABOP_map_grant_ref, BAD_PTR, 1), -XEN_EFAULT);
    EQ(hc_grant_table_op(GNTTABOP_map_grant_ref, HOLE_PTR, 1), -XEN_EFAULT);
    EQ(hc_grant_table_op(GNTTABOP_map_grant_ref, HC_PTR(page), 0), 0);
    EQ(hc_grant_table_op(GNTTABOP_map_grant_ref, HC_PTR(page), 0x80000000u), -XEN_EINVAL);
}

static void set_up(void)
{
    struct gnttab_query_size q = { .dom = DOMID_SELF };
    struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = 100000 };
    struct gnttab_set_version v = { .version = 3 };
    struct gnttab_get_version g = { .dom = DOMID_SELF };

    EQ(grant_init(), 0);
    EQ(hc_grant_table_op(GNTTABOP_query_size, HC_PTR(&q), 1), 0);
    EQ(q.status, GNTST_okay);
    CHECK(q.nr_frames >= GRANT_FRAMES && q.max_nr_frames >= q.nr_frames);
    console_printf("%u frames of %u\n", q.nr_frames, q.max_nr_frames);
    q.dom = 77;
    EQ(hc_grant_table_op(GNTTABOP_query_size, HC_PTR(&q), 1), 0);
    EQ(q.status, GNTST_bad_domain);
    EQ_ROW("more frames than there may be",
           hc_grant_table_op(GNTTABOP_setup_table, HC_PTR(&s), 1) || s.status, 1);
    EQ(hc_grant_table_op(GNTTABOP_setup_table, HC_PTR(&s), 2) < 0, 1);
    EQ(hc_grant_table_op(GNTTABOP_set_version, HC_PTR(&v), 1), -XEN_EINVAL);
    v.version = 1;
    EQ(hc_grant_table_op(GNTTABOP_set_version, HC_PTR(&v), 1), 0);
    EQ(hc_grant_table_op(GNTTABOP_get_version, HC_PTR(&g), 1), 0);
    EQ(g.version, 1);
    g.dom = 77;
    EQ(hc_grant_table_op(GNTTABOP_get_version, HC_PTR(&g), 1), -XEN_ESRCH);
    EQ(v.version, 1);
}

void test_main(void)
{
    /* A page of address space with tables, for the maps. */
    EQ(mem_map(MAP_VA, 0, 0), 0);
    set_up();
    me = test_domid();
    if ( guest_is_pv() ) {
        mapping();
        by_pte();
    }
    hostile();
}
