/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grant tables on the fake machine: statuses, what is held while something is mapped, and
 * long random sequences after which every reference must be accounted for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bits.h"
#include "base/errno.h"
#include "core/gnttab.h"
#include "core/page.h"
#include "fake/world.h"

#define HOST    GNTMAP_host_map
#define DEV     GNTMAP_device_map
#define RO      GNTMAP_readonly
#define BUSY    (GTF_reading | GTF_writing)

static int setup(void **state) { fake_init(); return 0; }
static int teardown(void **state) { fake_exit(); return 0; }

static struct grant_entry_v1 *entry(unsigned int d, grant_ref_t ref)
{
    mfn_t mfn;

    assert_int_equal(gnttab_get_frame(fake.dom[d], ref / 512, &mfn), 0);
    return (struct grant_entry_v1 *)mfn_to_virt(mfn) + ref % 512;
}

static void grant(unsigned int d, grant_ref_t ref, domid_t to, mfn_t mfn, uint16_t flags)
{
    *entry(d, ref) = (struct grant_entry_v1){ GTF_permit_access | flags, to, mfn.n };
}

/* The current domain maps; *@h is the handle on success. */
static int map(unsigned int from, grant_ref_t ref, uint64_t addr, uint32_t flags, grant_handle_t *h)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = addr, .flags = flags, .ref = ref, .dom = from, .status = 99,
    };

    gnttab_map_one(&op);
    *h = op.handle;
    return op.status;
}

static int unmap(grant_handle_t h, uint64_t addr, uint64_t bus)
{
    struct gnttab_unmap_grant_ref op = {
        .host_addr = addr, .dev_bus_addr = bus, .handle = h, .status = 99,
    };
    struct gnttab_batch b = { 0 };

    gnttab_unmap_one(&b, &op);
    gnttab_unmap_flush(&b);
    fake_check_mappings();
    return op.status;
}

static void map_holds_frame_and_entry_until_unmap(void **state)
{
    const mfn_t m = fake_ram(1);
    grant_handle_t h;

    grant(1, 9, 0, m, 0);
    fake_run(0, 0);
    assert_int_equal(map(1, 9, 0x1000, HOST, &h), GNTST_okay);
    assert_true(mfn_eq(fake_mapped(0x1000), m));
    assert_int_equal(fake_refs(m), 1);
    assert_int_equal(fake_types(m), 1);
    assert_int_equal(entry(1, 9)->flags & BUSY, BUSY);
    assert_int_equal(unmap(h, 0x1000, 0), GNTST_okay);
    assert_int_equal(fake.nr_tlb_flushes, 1);
    assert_true(mfn_eq(fake_mapped(0x1000), INVALID_MFN));
    assert_int_equal(fake_refs(m), 0);
    assert_int_equal(fake_types(m), 0);
    assert_int_equal(entry(1, 9)->flags, GTF_permit_access);
    assert_int_equal(unmap(h, 0x1000, 0), GNTST_bad_handle);
}

static void readonly_map_takes_no_type(void **state)
{
    const mfn_t m = fake_ram(1);
    grant_handle_t h, w;

    grant(1, 9, 0, m, GTF_readonly);
    fake_run(0, 0);
    assert_int_equal(map(1, 9, 0x1000, HOST, &w), GNTST_general_error);
    assert_int_equal(map(1, 9, 0x1000, HOST | RO, &h), GNTST_okay);
    assert_int_equal(fake_types(m), 0);
    assert_int_equal(entry(1, 9)->flags & BUSY, GTF_reading);
    assert_int_equal(map(1, 9, 0x2000, HOST, &w), GNTST_general_error);
    /* The granter may lift it: the entry is looked at again for the first writer. */
    entry(1, 9)->flags &= ~GTF_readonly;
    assert_int_equal(map(1, 9, 0x2000, HOST, &w), GNTST_okay);
    assert_int_equal(entry(1, 9)->flags & BUSY, BUSY);
    assert_int_equal(unmap(w, 0x2000, 0), GNTST_okay);
    assert_int_equal(entry(1, 9)->flags & BUSY, GTF_reading);
    assert_int_equal(unmap(h, 0x1000, 0), GNTST_okay);
    assert_int_equal(entry(1, 9)->flags & BUSY, 0);
}

static void entry_in_use_stays_with_its_grantee(void **state)
{
    const mfn_t m = fake_ram(1), n = fake_ram(1);
    grant_handle_t h, g;

    grant(1, 9, 0, m, 0);
    fake_run(0, 0);
    assert_int_equal(map(1, 9, 0x1000, HOST, &h), GNTST_okay);
    /* The granter rewrites it under the mapping: neither other domains nor another frame. */
    entry(1, 9)->domid = 2;
    entry(1, 9)->frame = n.n;
    fake_run(2, 0);
    assert_int_equal(map(1, 9, 0x1000, HOST | RO, &g), GNTST_general_error);
    fake_run(0, 0);
    assert_int_equal(map(1, 9, 0x2000, HOST | RO, &g), GNTST_okay);
    assert_true(mfn_eq(fake_mapped(0x2000), m));
    assert_int_equal(unmap(h, 0x1000, 0), GNTST_okay);
    assert_int_equal(unmap(g, 0x2000, 0), GNTST_okay);
    assert_int_equal(fake_refs(m) | fake_refs(n), 0);
}

static void hardware_guest_sees_its_own_address(void **state)
{
    const mfn_t m = fake_ram(1);
    struct gnttab_map_grant_ref op = { .host_addr = 0x1000, .flags = HOST | DEV, .ref = 9, .dom = 1 };

    grant(1, 9, 0, m, 0);
    fake_run(0, 0);
    fake.dom[0]->p2m = (void *)1;
    gnttab_map_one(&op);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(op.dev_bus_addr, 0x1000);
    assert_int_equal(unmap(op.handle, 0x1000, mfn_to_paddr(m)), GNTST_bad_dev_addr);
    assert_int_equal(unmap(op.handle, 0x1000, 0x1000), GNTST_okay);
    fake.dom[0]->p2m = NULL;
    assert_int_equal(fake_refs(m), 0);
}

static void bad_map_arguments(void **state)
{
    const mfn_t m = fake_ram(1), foreign = fake_ram(2);
    const struct {
        grant_ref_t ref;
        uint16_t flags;
        domid_t to;
        uint64_t frame;
        uint32_t map_flags;
        uint64_t addr;
        int status;
    } t[] = {
        { 1, GTF_permit_access,   0, m.n,       0,    0x1000, GNTST_bad_gntref },
        { 1, GTF_permit_access,   0, m.n,       RO,   0x1000, GNTST_bad_gntref },
        { 1, GTF_invalid,         0, m.n,       HOST, 0x1000, GNTST_general_error },
        { 1, GTF_accept_transfer, 0, m.n,       HOST, 0x1000, GNTST_general_error },
        { 1, GTF_transitive,      0, m.n,       HOST, 0x1000, GNTST_general_error },
        { 1, GTF_permit_access | GTF_sub_page, 0, m.n, HOST, 0x1000, GNTST_general_error },
        { 1, GTF_permit_access,   2, m.n,       HOST, 0x1000, GNTST_general_error },
        { 1, GTF_permit_access,   DOMID_SELF, m.n, HOST, 0x1000, GNTST_general_error },
        { 1, GTF_permit_access,   0, foreign.n, HOST, 0x1000, GNTST_bad_page },
        { 1, GTF_permit_access,   0, ~0U,       HOST, 0x1000, GNTST_bad_page },
        { 1, GTF_permit_access,   0, FAKE_FRAMES, HOST | RO, 0x1000, GNTST_bad_page },
        { 1, GTF_permit_access,   0, m.n,       HOST, 0,      GNTST_general_error },
        { 1, GTF_permit_access,   0, m.n, HOST | DEV, 0,      GNTST_general_error },
    };
    grant_handle_t h;

    fake_run(0, 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(t); i++ ) {
        *entry(1, t[i].ref) = (struct grant_entry_v1){ t[i].flags, t[i].to, t[i].frame };
        assert_int_equal(map(1, t[i].ref, t[i].addr, t[i].map_flags, &h), t[i].status);
        assert_int_equal(entry(1, t[i].ref)->flags, t[i].flags);
        assert_int_equal(fake_refs(m), 0);
        assert_int_equal(fake_types(m), 0);
    }
    assert_int_equal(map(1, 512, 0x1000, HOST, &h), GNTST_bad_gntref);
    assert_int_equal(map(1, ~0U, 0x1000, HOST, &h), GNTST_bad_gntref);
    assert_int_equal(map(77, 1, 0x1000, HOST, &h), GNTST_bad_domain);
    assert_int_equal(map(DOMID_SELF, 1, 0x1000, HOST, &h), GNTST_bad_domain);
    assert_int_equal(unmap(0, 0x1000, 0), GNTST_bad_handle);
    assert_int_equal(unmap(~0U, 0x1000, 0), GNTST_bad_handle);
}

static void page_tables_are_not_lent_for_writing(void **state)
{
    const mfn_t m = fake_ram(1);
    grant_handle_t h;

    mfn_to_frame(m)->type = FT_L1;
    mfn_to_frame(m)->type_refs = 1;
    grant(1, 1, 0, m, 0);
    fake_run(0, 0);
    assert_int_equal(map(1, 1, 0x1000, HOST, &h), GNTST_bad_page);
    assert_int_equal(map(1, 1, 0x1000, HOST | RO, &h), GNTST_okay);
    assert_int_equal(unmap(h, 0x1000, 0), GNTST_okay);
    mfn_to_frame(m)->type_refs = 0;
}

static void device_part_is_unmapped_apart(void **state)
{
    const mfn_t m = fake_ram(1);
    grant_handle_t h;

    grant(1, 1, 0, m, 0);
    fake_run(0, 0);
    assert_int_equal(map(1, 1, 0x1000, HOST | DEV, &h), GNTST_okay);
    assert_int_equal(fake_refs(m), 2);
    assert_int_equal(unmap(h, 0x1000, 0x1234000), GNTST_bad_dev_addr);
    assert_int_equal(unmap(h, 0, 0), GNTST_okay);           /* nothing asked, nothing done */
    assert_int_equal(unmap(h, 0x1000, 0), GNTST_okay);
    assert_int_equal(fake_refs(m), 1);
    assert_int_equal(entry(1, 1)->flags & BUSY, BUSY);
    assert_int_equal(unmap(h, 0x1000, 0), GNTST_okay);      /* gone already */
    assert_int_equal(fake_refs(m), 1);
    assert_int_equal(unmap(h, 0, mfn_to_paddr(m)), GNTST_okay);
    assert_int_equal(fake_refs(m), 0);
    assert_int_equal(unmap(h, 0, mfn_to_paddr(m)), GNTST_bad_handle);
}

static void unmap_wants_the_address_of_the_map(void **state)
{
    const mfn_t m = fake_ram(1);
    grant_handle_t h1, h2;

    grant(1, 1, 0, m, 0);
    fake_run(0, 0);
    assert_int_equal(map(1, 1, 0x1000, HOST | RO, &h1), GNTST_okay);
    assert_int_equal(map(1, 1, FAKE_PTE_MA + 0x2000, HOST | GNTMAP_contains_pte, &h2), GNTST_okay);
    assert_int_equal(unmap(h1, 0x2000, 0), GNTST_bad_virt_addr);
    assert_int_equal(unmap(h2, 0x1000, 0), GNTST_bad_virt_addr);
    assert_int_equal(unmap(h2, FAKE_PTE_MA + 0x2000, 0), GNTST_okay);
    assert_int_equal(unmap(h1, 0x1000, 0), GNTST_okay);
    assert_int_equal(fake_refs(m), 0);
}

static void replaced_entry_is_left_alone(void **state)
{
    const mfn_t m = fake_ram(1), n = fake_ram(1);
    grant_handle_t h1, h2;

    grant(1, 1, 0, m, 0);
    grant(1, 2, 0, n, 0);
    fake_run(0, 0);
    assert_int_equal(map(1, 1, 0x1000, HOST, &h1), GNTST_okay);
    fake_pte_clear(0x1000);
    assert_int_equal(map(1, 2, 0x1000, HOST, &h2), GNTST_okay);
    assert_int_equal(unmap(h1, 0x1000, 0), GNTST_okay);
    assert_true(mfn_eq(fake_mapped(0x1000), n));
    assert_int_equal(fake_refs(m), 0);
    assert_int_equal(unmap(h2, 0x1000, 0), GNTST_okay);
    assert_int_equal(fake_refs(n), 0);
}

static void maptrack_runs_out_and_recovers(void **state)
{
    const mfn_t m = fake_ram(1);
    static grant_handle_t h[2048];
    unsigned int nr = 0;

    grant(1, 1, 0, m, 0);
    fake_run(0, 0);
    while ( map(1, 1, 0x1000 * (nr % 500 + 1), HOST | RO, &h[nr]) == GNTST_okay )
        nr++;
    assert_true(nr >= 512 && nr < 700);         /* two of the ABI's frames of 256 */
    assert_int_equal(map(1, 1, 0x1000, HOST | RO, &h[nr]), GNTST_no_device_space);
    assert_int_equal(fake_refs(m), nr);
    for ( unsigned int i = 0; i < nr; i++ )
        assert_int_equal(unmap(h[i], 0x1000 * (i % 500 + 1), 0), GNTST_okay);
    assert_int_equal(fake_refs(m), 0);
    assert_int_equal(map(1, 1, 0x1000, HOST | RO, &h[0]), GNTST_okay);
    assert_int_equal(unmap(h[0], 0x1000, 0), GNTST_okay);
}

static void batch_flushes_once(void **state)
{
    const mfn_t m = fake_ram(1);
    struct gnttab_batch b = { 0 };
    grant_handle_t h[100];

    grant(1, 1, 0, m, 0);
    fake_run(0, 0);
    for ( unsigned int i = 0; i < 100; i++ )
        assert_int_equal(map(1, 1, 0x1000 * (i + 1), HOST, &h[i]), GNTST_okay);
    for ( unsigned int i = 0; i < 100; i++ ) {
        struct gnttab_unmap_grant_ref op = { .host_addr = 0x1000 * (i + 1), .handle = h[i] };

        gnttab_unmap_one(&b, &op);
        assert_int_equal(op.status, GNTST_okay);
        /* Not before the flush. */
        assert_int_equal(fake_refs(m), i < GNTTAB_BATCH ? 100 : 100 - GNTTAB_BATCH);
        gnttab_unmap_one(&b, &op);
        assert_int_equal(op.status, GNTST_bad_handle);
    }
    gnttab_unmap_flush(&b);
    assert_int_equal(fake.nr_tlb_flushes, 2);
    assert_int_equal(fake_refs(m), 0);
}

static int copy(struct gnttab_copy op)
{
    gnttab_copy_one(&op);
    return op.status;
}

static void copy_moves_bytes_and_leaves_nothing(void **state)
{
    const mfn_t src = fake_ram(1), dst = fake_ram(0);
    uint8_t *s = mfn_to_virt(src), *d = mfn_to_virt(dst);

    for ( unsigned int i = 0; i < PAGE_SIZE; i++ )
        s[i] = i * 7;
    grant(1, 3, 0, src, GTF_readonly);
    fake_run(0, 0);
    assert_int_equal(copy((struct gnttab_copy){
        .source = { .u.ref = 3, .domid = 1, .offset = 4000 },
        .dest = { .u.gmfn = dst.n, .domid = DOMID_SELF, .offset = 10 },
        .len = 96, .flags = GNTCOPY_source_gref }), GNTST_okay);
    assert_memory_equal(d + 10, s + 4000, 96);
    assert_int_equal(d[9], 0);
    assert_int_equal(d[106], 0);
    assert_int_equal(entry(1, 3)->flags, GTF_permit_access | GTF_readonly);
    assert_int_equal(fake_refs(src) | fake_refs(dst) | fake_types(dst), 0);

    grant(1, 4, 0, src, 0);
    memset(d, 0x55, PAGE_SIZE);
    assert_int_equal(copy((struct gnttab_copy){
        .source = { .u.gmfn = dst.n, .domid = DOMID_SELF },
        .dest = { .u.ref = 4, .domid = 1 },
        .len = PAGE_SIZE, .flags = GNTCOPY_dest_gref }), GNTST_okay);
    assert_memory_equal(d, s, PAGE_SIZE);
    assert_int_equal(entry(1, 4)->flags, GTF_permit_access);
    assert_int_equal(fake_refs(src) | fake_types(src) | fake_refs(dst), 0);

    /* Both sides from others, and overlapping within one page. */
    grant(2, 8, 0, fake_ram(2), 0);
    fake_run(0, 0);
    assert_int_equal(copy((struct gnttab_copy){
        .source = { .u.ref = 4, .domid = 1 }, .dest = { .u.ref = 8, .domid = 2 },
        .len = 1, .flags = GNTCOPY_source_gref | GNTCOPY_dest_gref }), GNTST_okay);
    assert_int_equal(copy((struct gnttab_copy){
        .source = { .u.gmfn = dst.n, .domid = DOMID_SELF, .offset = 0 },
        .dest = { .u.gmfn = dst.n, .domid = DOMID_SELF, .offset = 100 },
        .len = 3000 }), GNTST_okay);
}

static void bad_copy_arguments(void **state)
{
    const mfn_t src = fake_ram(1), dst = fake_ram(0), other = fake_ram(2);
    const struct gnttab_copy good = {
        .source = { .u.ref = 3, .domid = 1 }, .dest = { .u.gmfn = dst.n, .domid = DOMID_SELF },
        .len = 100, .flags = GNTCOPY_source_gref,
    };
    struct gnttab_copy op;

    grant(1, 3, 0, src, GTF_readonly);
    fake_run(0, 0);
    assert_int_equal(copy(good), GNTST_okay);
#define BAD(change, expected) \
    do { op = good; change; assert_int_equal(copy(op), expected); } while ( 0 )
    BAD(op.len = 4097, GNTST_bad_copy_arg);
    BAD(op.len = 65535, GNTST_bad_copy_arg);
    BAD(op.source.offset = 3997, GNTST_bad_copy_arg);
    BAD(op.dest.offset = 3997, GNTST_bad_copy_arg);
    BAD(op.dest.offset = 65535, GNTST_bad_copy_arg);
    BAD(op.source.domid = 77, GNTST_bad_domain);
    BAD(op.source.u.ref = 4, GNTST_general_error);
    BAD(op.source.u.ref = ~0U, GNTST_bad_gntref);
    BAD(op.dest.domid = 1, GNTST_permission_denied);
    BAD(op.dest.u.gmfn = other.n, GNTST_bad_page);
    BAD(op.dest.u.gmfn = ~0UL, GNTST_bad_page);
    BAD(op.flags = GNTCOPY_source_gref | GNTCOPY_dest_gref; op.dest = op.source, GNTST_general_error);
    BAD(op.flags = 0; op.source.domid = DOMID_SELF; op.source.u.gmfn = src.n, GNTST_bad_page);
    grant(1, 5, 0, other, 0);
    fake_run(0, 0);
    BAD(op.source.u.ref = 5, GNTST_bad_page);
#undef BAD
    assert_int_equal(entry(1, 5)->flags, GTF_permit_access);
    assert_int_equal(fake_refs(src) | fake_refs(dst) | fake_refs(other), 0);
    assert_int_equal(entry(1, 3)->flags, GTF_permit_access | GTF_readonly);
}

static void table_grows_up_to_its_limit(void **state)
{
    uint64_t frames[8] = { 0 };
    struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 4, .frame_list = (guest_ptr_t)frames };
    struct gnttab_query_size q = { .dom = 1 };
    mfn_t mfn;

    fake_run(1, 0);
    assert_int_equal(gnttab_query_size(&q), 0);
    assert_int_equal(q.nr_frames, 1);
    assert_int_equal(q.max_nr_frames, 4);
    assert_int_equal(gnttab_setup_table(&op), 0);
    assert_int_equal(op.status, GNTST_okay);
    assert_true(frames[3] && frames[3] != frames[2]);
    assert_int_equal(mfn_to_frame(MFN(frames[3]))->owner, 1);
    op.frame_list = 0;
    assert_int_equal(gnttab_setup_table(&op), -XEN_EFAULT);
    op.frame_list = (guest_ptr_t)frames;
    op.nr_frames = 5;
    assert_int_equal(gnttab_setup_table(&op), 0);
    assert_int_equal(op.status, GNTST_general_error);
    assert_int_equal(gnttab_get_frame(fake.dom[1], 4, &mfn), -XEN_EINVAL);
    assert_int_equal(gnttab_get_frame(fake.dom[1], ~0U, &mfn), -XEN_EINVAL);

    op = (struct gnttab_setup_table){ .dom = 2, .nr_frames = 1, .frame_list = (guest_ptr_t)frames };
    assert_int_equal(gnttab_setup_table(&op), 0);
    assert_int_equal(op.status, GNTST_permission_denied);
    q.dom = 2;
    assert_int_equal(gnttab_query_size(&q), 0);
    assert_int_equal(q.status, GNTST_permission_denied);
    fake_run(0, 0);
    q.dom = 77;
    assert_int_equal(gnttab_query_size(&q), 0);
    assert_int_equal(q.status, GNTST_bad_domain);
}

static void version_one_only(void **state)
{
    struct gnttab_set_version v = { .version = 2 };

    fake_run(1, 0);
    assert_int_equal(gnttab_set_version(&v), -XEN_ENOSYS);
    v.version = 1;
    assert_int_equal(gnttab_set_version(&v), 0);
    v.version = 3;
    assert_int_equal(gnttab_set_version(&v), -XEN_EINVAL);
}

static void mapper_may_die_first(void **state)
{
    const mfn_t m = fake_ram(1);
    grant_handle_t h;

    grant(1, 1, 2, m, 0);
    fake_run(2, 0);
    for ( unsigned int i = 1; i <= 60; i++ )
        assert_int_equal(map(1, 1, i * 0x1000, i & 1 ? HOST : HOST | DEV | RO, &h), GNTST_okay);
    fake.preempt_in = 0;
    fake_destroy_domain(2);
    assert_int_equal(fake_refs(m), 0);
    assert_int_equal(fake_types(m), 0);
    assert_int_equal(entry(1, 1)->flags, GTF_permit_access);
}

static void granter_may_die_first(void **state)
{
    const mfn_t m = fake_ram(1);
    grant_handle_t h, g;

    grant(1, 1, 2, m, 0);
    fake_run(2, 0);
    assert_int_equal(map(1, 1, 0x1000, HOST, &h), GNTST_okay);
    fake_destroy_domain(1);
    fake_run(2, 0);
    assert_int_equal(mfn_to_frame(m)->owner, 1);        /* still there, still its */
    assert_int_equal(map(1, 1, 0x2000, HOST, &g), GNTST_general_error);
    assert_int_equal(unmap(h, 0x1000, 0), GNTST_okay);
    assert_int_equal(mfn_to_frame(m)->owner, DOMID_INVALID);
}

static void no_memory_maps_nothing(void **state)
{
    const mfn_t m = fake_ram(1);
    grant_handle_t h;

    grant(1, 1, 0, m, 0);
    fake_run(0, 0);
    for ( int n = 0; n < 2; n++ ) {
        fake.alloc_fails_in = n;
        assert_int_equal(map(1, 1, 0x1000, HOST, &h), GNTST_no_device_space);
        assert_int_equal(entry(1, 1)->flags, GTF_permit_access);
    }
    fake.alloc_fails_in = -1;
    assert_int_equal(map(1, 1, 0x1000, HOST, &h), GNTST_okay);
    for ( int n = 0; n < 2; n++ ) {
        mfn_t mfn;

        fake.alloc_fails_in = n;
        assert_int_equal(gnttab_get_frame(fake.dom[1], 1, &mfn), -XEN_ENOMEM);
    }
    fake.alloc_fails_in = -1;
}

/* Random sequences: what is mapped is counted by hand and compared with frames and entries. */

#define R_REFS  12
#define R_MAPS  60

struct held {
    bool is_live;
    unsigned int by, from;
    grant_ref_t ref;
    grant_handle_t h;
    uint64_t addr;
    uint32_t flags;             /* of the parts that are left */
};
static struct held held[R_MAPS];
static mfn_t lent[FAKE_DOMAINS][R_REFS];
static uint64_t rng;
static bool hostile;

static uint32_t rnd(uint32_t n)
{
    rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
    return (rng >> 33) % n;
}

static void random_map(struct held *m)
{
    *m = (struct held){
        .by = rnd(FAKE_DOMAINS), .from = rnd(FAKE_DOMAINS), .ref = rnd(R_REFS),
        .addr = 0x1000 * (1 + (m - held)), .flags = 1 + rnd(7),
    };
    fake_run(m->by, rnd(2));
    m->is_live = map(m->from, m->ref, m->addr, m->flags, &m->h) == GNTST_okay;
}

static void random_unmap(struct held *m)
{
    fake_run(m->by, rnd(2));
    if ( rnd(8) == 0 )
        fake_pte_clear(m->addr);
    assert_int_equal(unmap(m->h, m->addr, m->flags & DEV && !hostile
                           ? mfn_to_paddr(lent[m->from][m->ref]) : 0), GNTST_okay);
    m->flags &= ~HOST;
    if ( hostile ? !(m->flags & DEV) : true )
        m->is_live = false;
}

static void random_copy(void)
{
    const unsigned int by = rnd(FAKE_DOMAINS), a = rnd(FAKE_DOMAINS), b = rnd(FAKE_DOMAINS);
    struct gnttab_copy op = {
        .source = { .domid = a, .offset = rnd(5000) }, .dest = { .domid = b, .offset = rnd(5000) },
        .len = rnd(5000), .flags = rnd(4),
    };

    fake_run(by, 0);
    if ( op.flags & GNTCOPY_source_gref )
        op.source.u.ref = rnd(R_REFS + 1);
    else
        op.source.u.gmfn = lent[rnd(8) ? by : a][rnd(R_REFS)].n;
    if ( op.flags & GNTCOPY_dest_gref )
        op.dest.u.ref = rnd(R_REFS + 1);
    else
        op.dest.u.gmfn = lent[rnd(8) ? by : b][rnd(R_REFS)].n;
    gnttab_copy_one(&op);
    assert_in_range(-op.status, 0, 13);
}

static void scribble(void)
{
    struct grant_entry_v1 *e = entry(rnd(FAKE_DOMAINS), rnd(R_REFS));

    switch ( rnd(4) ) {
    case 0: e->flags = rnd(65536); break;
    case 1: e->domid = rnd(FAKE_DOMAINS); break;
    case 2: e->frame = rnd(2) ? rnd(FAKE_FRAMES) : rng; break;
    case 3: e->flags = GTF_permit_access; break;
    }
}

static void check_counts(void)
{
    for ( unsigned int d = 0; d < FAKE_DOMAINS; d++ ) {
        for ( grant_ref_t r = 0; r < R_REFS; r++ ) {
            uint32_t refs = 0, types = 0;

            for ( unsigned int i = 0; i < R_MAPS; i++ ) {
                const struct held *m = &held[i];
                const uint32_t parts = !!(m->flags & HOST) + !!(m->flags & DEV);

                if ( !m->is_live || m->from != d || m->ref != r )
                    continue;
                refs += parts;
                types += m->flags & RO ? 0 : parts;
            }
            assert_int_equal(fake_refs(lent[d][r]), refs);
            assert_int_equal(fake_types(lent[d][r]), types);
            assert_int_equal(!!(entry(d, r)->flags & GTF_reading), refs != 0);
            assert_int_equal(!!(entry(d, r)->flags & GTF_writing), types != 0);
        }
    }
    fake_check_mappings();
}

static void random_round(int seed)
{
    rng = seed;
    memset(held, 0, sizeof(held));
    for ( unsigned int d = 0; d < FAKE_DOMAINS; d++ ) {
        for ( grant_ref_t r = 0; r < R_REFS; r++ ) {
            lent[d][r] = fake_ram(d);
            grant(d, r, rnd(FAKE_DOMAINS), lent[d][r], rnd(3) ? 0 : GTF_readonly);
        }
    }
    for ( int i = 0; i < 2000; i++ ) {
        struct held *m = &held[rnd(R_MAPS)];

        if ( rnd(4) == 0 )
            random_copy();
        else if ( m->is_live )
            random_unmap(m);
        else
            random_map(m);
        if ( hostile && rnd(3) == 0 )
            scribble();
        if ( !hostile && i % 16 == 0 )
            check_counts();
    }
    fake_check_mappings();
    /* Half of the domains die with their mappings; what is left must add up to nothing. */
    for ( unsigned int d = FAKE_DOMAINS - 1; d > 1; d-- )
        fake_destroy_domain(d);
    for ( unsigned int i = 0; i < R_MAPS; i++ )
        if ( held[i].is_live && held[i].by < 2 && !hostile )
            random_unmap(&held[i]);
}

static void rounds(void)
{
    const char *n = getenv("TEST_ROUNDS");

    for ( int i = 0; i < (n ? atoi(n) : 20); i++ ) {
        random_round(i);
        fake_exit();
        fake_init();
    }
}

static void random_operations_account_for_every_reference(void **state)
{
    hostile = false;
    rounds();
}

static void scribbled_entries_leak_nothing(void **state)
{
    hostile = true;
    rounds();
    hostile = false;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(map_holds_frame_and_entry_until_unmap),
        T(readonly_map_takes_no_type),
        T(entry_in_use_stays_with_its_grantee),
        T(hardware_guest_sees_its_own_address),
        T(bad_map_arguments),
        T(page_tables_are_not_lent_for_writing),
        T(device_part_is_unmapped_apart),
        T(unmap_wants_the_address_of_the_map),
        T(replaced_entry_is_left_alone),
        T(maptrack_runs_out_and_recovers),
        T(batch_flushes_once),
        T(copy_moves_bytes_and_leaves_nothing),
        T(bad_copy_arguments),
        T(table_grows_up_to_its_limit),
        T(version_one_only),
        T(mapper_may_die_first),
        T(granter_may_die_first),
        T(no_memory_maps_nothing),
        T(random_operations_account_for_every_reference),
        T(scribbled_entries_leak_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
