/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layout of a guest's memory, and its page tables, found again by walking them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "build/layout.h"

#define MIB     256ULL                      /* pages */
#define BASE    0xffffffff80000000ULL
#define RW      2

static struct image_desc kernel(uint64_t start, uint64_t end, uint32_t notes)
{
    struct image_desc d = {
        .magic = DESC_MAGIC, .nr_segments = 1, .virt_base = BASE, .entry = BASE + start,
        .start_gpa = start, .end_gpa = end, .notes = notes, .init_p2m = 0x8000000000ULL,
    };

    d.segment[0] = (struct desc_segment){ .gpa = start, .memsz = end - start };
    return d;
}

static uint64_t mfn_of(uint64_t pfn)
{
    return 0x40000 + pfn * 3;               /* anything that tells them apart */
}

struct world {
    struct pv_layout l;
    uint64_t *p2m, *main, *extra;
};

static void build(struct world *w, const struct image_desc *d, uint64_t nr_pages,
                  uint64_t ramdisk)
{
    struct image_error e;

    if ( layout_pv(d, nr_pages, ramdisk, &w->l, &e) )
        fail_msg("%s", e.text);
    w->p2m = malloc(nr_pages * 8);
    for ( uint64_t i = 0; i < nr_pages; i++ )
        w->p2m[i] = mfn_of(i);
    w->main = calloc(w->l.main.nr, 4096);
    w->extra = calloc(w->l.p2m.nr + 1, 4096);
    layout_tables(&w->l, w->p2m, w->main, w->extra);
}

static void drop(struct world *w)
{
    free(w->p2m);
    free(w->main);
    free(w->extra);
}

/* The table in machine frame mfn, which must be one of the two groups. */
static uint64_t *table(const struct world *w, uint64_t mfn)
{
    const uint64_t pfn = (mfn - 0x40000) / 3;

    assert_int_equal(mfn, mfn_of(pfn));
    if ( pfn >= w->l.main.first_pfn && pfn < w->l.main.first_pfn + w->l.main.nr )
        return w->main + (pfn - w->l.main.first_pfn) * 512;
    assert_true(pfn >= w->l.p2m.first_pfn && pfn < w->l.p2m.first_pfn + w->l.p2m.nr);
    return w->extra + (pfn - w->l.p2m.first_pfn) * 512;
}

/* The leaf for va, 0 if it is not mapped. */
static uint64_t walk(const struct world *w, uint64_t va)
{
    uint64_t e = mfn_of(w->l.main.first_pfn) << 12 | 1;

    for ( int shift = 39; shift >= 12; shift -= 9 ) {
        if ( !(e & 1) )
            return 0;
        e = table(w, (e & 0x000ffffffffff000ULL) >> 12)[va >> shift & 511];
    }
    return e;
}

static void check_main(const struct world *w)
{
    const struct pv_layout *l = &w->l;

    for ( uint64_t pfn = 0; pfn < l->main.pages; pfn++ ) {
        const uint64_t e = walk(w, layout_va(l, pfn));
        const bool is_table = pfn >= l->main.first_pfn && pfn < l->main.first_pfn + l->main.nr;

        if ( pfn >= l->nr_pages ) {
            assert_int_equal(e, 0);
            continue;
        }
        assert_int_equal((e & 0x000ffffffffff000ULL) >> 12, mfn_of(pfn));
        assert_int_equal(e & 7, is_table ? 5 : 7);
    }
    assert_int_equal(walk(w, layout_va(l, l->main.pages)), 0);
    assert_int_equal(walk(w, l->virt_base - 4096), 0);
}

/* What xen.h says of the start of day. */
static void check_order(const struct pv_layout *l)
{
    uint64_t pfn = l->kernel_pfn + l->kernel_pages;

    if ( l->ramdisk_mapped && l->ramdisk_pages ) {
        assert_int_equal(l->ramdisk_pfn, pfn);
        pfn += l->ramdisk_pages;
    }
    if ( l->p2m_mapped ) {
        assert_int_equal(l->p2m_pfn, pfn);
        pfn += l->p2m_pages;
    }
    assert_int_equal(l->start_info_pfn, pfn++);
    assert_int_equal(l->store_pfn, pfn++);
    assert_int_equal(l->console_pfn, pfn++);
    assert_int_equal(l->main.first_pfn, pfn);
    assert_int_equal(l->stack_pfn, pfn + l->main.nr);
    assert_int_equal(l->main.pages % (4 * MIB), 0);
    assert_true(l->main.pages - (l->stack_pfn + 1) >= MIB / 2);
    assert_true(l->main.pages - (l->stack_pfn + 1) < MIB / 2 + 4 * MIB + 4);
}

static void tiny_guest_as_the_stock_tools_lay_it_out(void **state)
{
    const struct image_desc d = kernel(0x100000, 0x1100a4, 0);
    struct world w;

    build(&w, &d, 8 * MIB, 0);
    assert_int_equal(w.l.p2m_pfn, 0x111);
    assert_int_equal(w.l.start_info_pfn, 0x115);
    assert_int_equal(w.l.console_pfn, 0x117);
    assert_int_equal(w.l.main.first_pfn, 0x118);
    assert_int_equal(w.l.main.nr, 5);
    assert_int_equal(w.l.stack_pfn, 0x11d);
    assert_int_equal(w.l.main.pages, 0x400);
    check_order(&w.l);
    check_main(&w);
    drop(&w);
}

static void every_kernel_size_keeps_the_rules(void **state)
{
    for ( uint64_t kib = 4; kib < 40 << 10; kib += kib < 64 ? 4 : 509 ) {
        const struct image_desc d = kernel(0x1000, 0x1000 + (kib << 10), 0);
        struct world w;

        build(&w, &d, 128 * MIB, kib << 9);
        check_order(&w.l);
        check_main(&w);
        drop(&w);
    }
}

static void p2m_and_ramdisk_of_a_linux_kernel_are_outside(void **state)
{
    const uint64_t sizes[] = { 100 * MIB, 513 * MIB, 1024 * MIB, 1025 * MIB, 4096 * MIB };

    for ( size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++ ) {
        const struct image_desc d = kernel(16 << 20, 74 << 20, NOTE_INIT_P2M | NOTE_MOD_START_PFN);
        struct world w;

        build(&w, &d, sizes[i], 5000001);
        check_order(&w.l);
        check_main(&w);
        assert_int_equal(w.l.ramdisk_pfn, w.l.main.pages);
        assert_int_equal(w.l.ramdisk_pages, 1221);
        assert_int_equal(w.l.p2m_pfn, w.l.ramdisk_pfn + 1221);
        assert_int_equal(w.l.p2m_va, 0x8000000000ULL);
        assert_int_equal(w.l.p2m.first_pfn, w.l.p2m_pfn + w.l.p2m_pages);
        assert_int_equal(w.l.p2m.nr, 2 + (w.l.p2m_pages + 511) / 512);
        for ( uint64_t k = 0; k < w.l.p2m_pages; k++ ) {
            const uint64_t e = walk(&w, w.l.p2m_va + k * 4096);

            assert_int_equal((e & 0x000ffffffffff000ULL) >> 12, mfn_of(w.l.p2m_pfn + k));
            assert_true(e & RW);
        }
        assert_int_equal(walk(&w, w.l.p2m_va + w.l.p2m_pages * 4096), 0);
        drop(&w);
    }
}

static void a_p2m_that_crosses_tables_is_mapped(void **state)
{
    /* 2 MiB before a 1 GiB border, and before a 512 GiB one. */
    const uint64_t places[] = { 0x803fe00000ULL, 0xffffe00000ULL };

    for ( size_t i = 0; i < 2; i++ ) {
        struct image_desc d = kernel(1 << 20, 2 << 20, NOTE_INIT_P2M);
        struct world w;

        d.init_p2m = places[i];
        build(&w, &d, 2048 * MIB, 0);
        assert_int_equal(w.l.p2m_pages, 1024);
        assert_int_equal(w.l.p2m.nr_l2, 2);
        assert_int_equal(w.l.p2m.nr_l3, i ? 2 : 1);
        for ( uint64_t k = 0; k < 1024; k++ )
            assert_int_equal((walk(&w, places[i] + k * 4096) & 0x000ffffffffff000ULL) >> 12,
                             mfn_of(w.l.p2m_pfn + k));
        check_main(&w);
        drop(&w);
    }
}

static void kernel_at_address_0_is_mapped(void **state)
{
    struct image_desc d = kernel(0, 0x20000, 0);
    struct world w;

    d.virt_base = 0;
    build(&w, &d, 32 * MIB, 0);
    check_order(&w.l);
    for ( uint64_t pfn = 0; pfn < w.l.main.pages; pfn++ )
        assert_true(walk(&w, pfn * 4096));
    drop(&w);
}

static void guest_smaller_than_its_mapping_has_no_frames_beyond(void **state)
{
    const struct image_desc d = kernel(0x1000, 0x2000, 0);
    struct world w;

    build(&w, &d, 64, 0);
    assert_true(w.l.main.pages > 64);
    check_main(&w);
    drop(&w);
}

static void what_does_not_fit_is_told_with_what_is_missing(void **state)
{
    const struct image_desc plain = kernel(1 << 20, 20 << 20, 0);
    const struct image_desc modern = kernel(16 << 20, 74 << 20, NOTE_INIT_P2M | NOTE_MOD_START_PFN);
    struct image_desc bad = plain;
    struct image_error e;
    struct pv_layout l;

    assert_int_not_equal(layout_pv(&plain, 10 * MIB, 0, &l, &e), 0);
    assert_non_null(strstr(e.text, "the kernel with its tables"));
    assert_non_null(strstr(e.text, "10240 KiB"));
    assert_int_not_equal(layout_pv(&plain, 32 * MIB, 30 << 20, &l, &e), 0);
    assert_non_null(strstr(e.text, "a ramdisk of 30720 KiB does not fit into 32768 KiB"));
    assert_int_not_equal(layout_pv(&modern, 96 * MIB, 30 << 20, &l, &e), 0);
    assert_non_null(strstr(e.text, "KiB are missing"));
    assert_int_not_equal(layout_pv(&modern, 0, 0, &l, &e), 0);
    assert_int_not_equal(layout_pv(&modern, ~0ULL, 0, &l, &e), 0);
    assert_int_not_equal(layout_pv(&modern, 96 * MIB, ~0ULL, &l, &e), 0);
    bad.notes = NOTE_INIT_P2M;
    bad.init_p2m = 0xffffff8000000000ULL;
    assert_int_not_equal(layout_pv(&bad, 64 * MIB, 0, &l, &e), 0);
    assert_non_null(strstr(e.text, "next to itself"));
}

static void a_little_more_memory_is_enough(void **state)
{
    const struct image_desc d = kernel(16 << 20, 74 << 20, NOTE_INIT_P2M | NOTE_MOD_START_PFN);
    struct image_error e;
    struct pv_layout l;
    uint64_t pages = 64 * MIB;

    while ( layout_pv(&d, pages, 9 << 20, &l, &e) )
        pages++;
    assert_true(pages > 80 * MIB && pages < 90 * MIB);
    assert_true(l.used_pages <= pages && l.used_pages + 4 > pages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiny_guest_as_the_stock_tools_lay_it_out),
        cmocka_unit_test(every_kernel_size_keeps_the_rules),
        cmocka_unit_test(p2m_and_ramdisk_of_a_linux_kernel_are_outside),
        cmocka_unit_test(a_p2m_that_crosses_tables_is_mapped),
        cmocka_unit_test(kernel_at_address_0_is_mapped),
        cmocka_unit_test(guest_smaller_than_its_mapping_has_no_frames_beyond),
        cmocka_unit_test(what_does_not_fit_is_told_with_what_is_missing),
        cmocka_unit_test(a_little_more_memory_is_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
