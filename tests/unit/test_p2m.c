/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The physical map against an array, and the calls that change it. */
#include "cm.h"

#include <xenabi/memory.h>

#include "base/bits.h"
#include "core/gnttab.h"
#include "core/guest_access.h"
#include "core/p2m.h"
#include "core/p2m_fmt.h"
#include "core/page.h"
#include "core/vcpu.h"
#include "hcall/hc_memory.h"
#include "mem/frame.h"
#include "world.h"

#define NR_GFNS     2048

__attribute__((weak)) bool copy_from_guest(void *dst, guest_ptr_t src, size_t len)
{
    return memcpy(dst, (void *)src, len);
}
__attribute__((weak)) bool copy_to_guest(guest_ptr_t dst, const void *src, size_t len)
{
    return memcpy((void *)dst, src, len);
}
__attribute__((weak)) bool copy_from_guest_index(void *dst, guest_ptr_t base, uint64_t i, size_t size)
{
    return memcpy(dst, (uint8_t *)base + i * size, size);
}
__attribute__((weak)) bool copy_to_guest_index(guest_ptr_t base, uint64_t i, const void *src, size_t size)
{
    return memcpy((uint8_t *)base + i * size, src, size);
}
__attribute__((weak)) bool guest_range_ok(guest_ptr_t va, uint64_t len) { return true; }
__attribute__((weak)) void cont_set_arg(struct vcpu *v, unsigned int i, uint64_t value)
{
    v->cont_args[i] = value;
}
long hc_memory_info(unsigned int cmd, guest_ptr_t arg) { return -XEN_ENOSYS; }

static struct domain *d;

static int setup(void **state)
{
    fake_init();
    fake_run(1, 0);
    d = fake.dom[1];
    assert_int_equal(p2m_init(d), 0);
    return 0;
}

static int teardown(void **state)
{
    p2m_free(d);
    fake_exit();
    return 0;
}

static struct { uint64_t mfn; enum p2m_type type; } model[NR_GFNS];

static void check_model(void)
{
    for ( uint64_t gfn = 0; gfn < NR_GFNS; gfn++ ) {
        enum p2m_type type;
        const mfn_t mfn = p2m_lookup(d, gfn, &type);

        assert_int_equal(type, model[gfn].type);
        assert_true(type == P2M_NONE ? mfn_eq(mfn, INVALID_MFN) : mfn.n == model[gfn].mfn);
        assert_int_equal(p2m_covered(d, gfn, 0), type != P2M_NONE);
    }
}

/* Frame numbers below FAKE_FRAMES only: m2p is an array of that size. */
static void changes(bool ept)
{
    uint64_t seed = 1;

    p2m_is_ept = ept;
    memset(model, 0, sizeof(model));
    for ( unsigned int i = 0; i < 3000; i++ ) {
        const unsigned int order = (seed >> 20) % 4 == 0 ? 9 : 0;
        const uint64_t gfn = ((seed >> 30) % NR_GFNS) & ~(BIT(order) - 1);
        const uint64_t mfn = ((seed >> 40) % FAKE_FRAMES) & ~(BIT(order) - 1);
        const enum p2m_type type = (seed >> 60) % P2M_APIC;

        if ( type == P2M_NONE )
            assert_int_equal(p2m_clear(d, gfn, order), 0);
        else
            assert_int_equal(p2m_set(d, gfn, MFN(mfn), order, type), 0);
        for ( uint64_t j = 0; j < BIT(order); j++ ) {
            model[gfn + j].mfn = mfn + j;
            model[gfn + j].type = type;
        }
        if ( i % 100 == 0 )
            check_model();
        seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    }
    check_model();
}

static void test_nested(void **state) { changes(false); }
static void test_ept(void **state) { changes(true); }

static void test_large_pages_stay_large(void **state)
{
    for ( int ept = 0; ept < 2; ept++ ) {
        const uint64_t *t;

        p2m_is_ept = ept;
        assert_int_equal(p2m_set(d, 512, MFN(512), 9, P2M_RAM), 0);
        t = mfn_to_virt(paddr_to_mfn(p2m_root(d)));
        for ( int level = 4; level > 2; level-- ) {
            assert_true(p2m_present(t[0]));
            t = mfn_to_virt(p2m_mfn_of(t[0]));
        }
        assert_true(t[1] & P2M_LARGE);
        assert_int_equal(p2m_set(d, 513, MFN(7), 0, P2M_RAM_RO), 0);
        assert_false(t[1] & P2M_LARGE);
        assert_int_equal(p2m_lookup(d, 514, NULL).n, 514);
        assert_int_equal(p2m_lookup(d, 513, NULL).n, 7);
        assert_int_equal(p2m_clear(d, 512, 9), 0);
        assert_false(p2m_covered(d, 0, 18));
        p2m_free(d);
        assert_int_equal(p2m_init(d), 0);
    }
}

/* 1 GiB, as the processor may or may not have it in one piece. */
static void test_gigabytes(void **state)
{
    for ( int has = 0; has < 2; has++ ) {
        const uint64_t *t;

        p2m_has_1g = has;
        assert_int_equal(p2m_set(d, BIT(18), MFN(0), 18, P2M_GRANT_RW), 0);
        t = mfn_to_virt(paddr_to_mfn(p2m_root(d)));
        t = mfn_to_virt(p2m_mfn_of(t[0]));
        assert_int_equal(!!(t[1] & P2M_LARGE), has);
        assert_int_equal(p2m_lookup(d, BIT(18) + 12345, NULL).n, 12345);
        p2m_free(d);
        assert_int_equal(p2m_init(d), 0);
    }
}

static void test_beyond_the_map(void **state)
{
    assert_int_equal(p2m_set(d, BIT(P2M_GFN_BITS), MFN(1), 0, P2M_RAM), -XEN_EINVAL);
    assert_int_equal(p2m_set(d, ~0UL, MFN(1), 0, P2M_RAM), -XEN_EINVAL);
    assert_int_equal(p2m_set(d, 0, MFN(1), 19, P2M_RAM), -XEN_EINVAL);
    assert_true(mfn_eq(p2m_lookup(d, ~0UL, NULL), INVALID_MFN));
    assert_false(p2m_covered(d, ~0UL, 0));
    assert_int_equal(p2m_set(d, 5, MFN(2), 0, P2M_APIC), 0);    /* there for the processor only */
    assert_true(mfn_eq(gfn_to_mfn(d, 5), INVALID_MFN));
    assert_true(p2m_covered(d, 5, 0));
    assert_int_equal(p2m_max_gfn(d), 0);
    assert_int_equal(p2m_set(d, BIT(P2M_GFN_BITS) - 1, MFN(1), 0, P2M_SHARED), 0);
    assert_int_equal(p2m_max_gfn(d), BIT(P2M_GFN_BITS) - 1);
}

static uint64_t list[4];

static long reservation(unsigned int op, unsigned int nr, unsigned int order)
{
    struct xen_memory_reservation r = {
        .extent_start = (uint64_t)list, .nr_extents = nr, .extent_order = order, .domid = DOMID_SELF };

    return hc_memory_op(op, (uint64_t)&r, 0, 0);
}

static void test_populate_and_decrease(void **state)
{
    const uint64_t before = d->tot_pages;
    enum p2m_type type;

    list[0] = 100;
    list[1] = 100;
    assert_int_equal(reservation(XENMEM_populate_physmap, 2, 0), 1);    /* twice there: refused */
    assert_int_equal(d->tot_pages, before + 1);
    assert_int_equal(list[0], 100);
    (void)p2m_lookup(d, 100, &type);
    assert_int_equal(type, P2M_RAM);
    list[0] = 101;
    assert_int_equal(reservation(XENMEM_decrease_reservation, 1, 0), 0);
    list[0] = 100;
    assert_int_equal(reservation(XENMEM_decrease_reservation, 2, 0), 1);
    assert_int_equal(d->tot_pages, before);
    assert_false(p2m_covered(d, 0, 18));
}

static void test_populate_without_memory_for_tables(void **state)
{
    const uint64_t before = d->tot_pages;

    for ( int n = 0; n < 4; n++ ) {
        list[0] = 1UL << (30 + n);      /* tables of its own */
        fake.alloc_fails_in = n;
        assert_int_equal(reservation(XENMEM_populate_physmap, 1, 0), 0);
        fake.alloc_fails_in = -1;
        assert_int_equal(d->tot_pages, before);
        assert_false(p2m_covered(d, list[0], 0));
    }
}

static void test_writes_are_seen_once(void **state)
{
    enum p2m_type type;
    mfn_t mfn;

    for ( int ept = 0; ept < 2; ept++ ) {
        p2m_is_ept = ept;
        p2m_dirty_bit = ept ? EPT_D : PTE_D;
        list[0] = 50;
        list[1] = 51;
        assert_int_equal(reservation(XENMEM_populate_physmap, 2, 0), 2);
        mfn = p2m_lookup(d, 50, &type);
        assert_true(p2m_take_dirty(d, 50));         /* new: nobody has looked yet */
        assert_false(p2m_take_dirty(d, 50));
        assert_true(p2m_take_dirty(d, 51));
        assert_false(p2m_take_dirty(d, 52));        /* nothing there */
        assert_true(mfn_eq(p2m_lookup(d, 50, &type), mfn));
        assert_int_equal(type, P2M_RAM);
        assert_int_equal(p2m_set(d, 50, mfn, 0, P2M_RAM), 0);
        assert_true(p2m_take_dirty(d, 50));         /* new again */
        p2m_dirty_bit = 0;                          /* VT-x without dirty bits */
        assert_true(p2m_take_dirty(d, 51));
        assert_true(p2m_take_dirty(d, 51));
        p2m_free(d);
        assert_int_equal(p2m_init(d), 0);
    }
    p2m_is_ept = false;
    p2m_dirty_bit = PTE_D;
}

static int add(unsigned int space, uint64_t idx, uint64_t gpfn)
{
    struct xen_add_to_physmap a = { .domid = DOMID_SELF, .space = space, .idx = idx, .gpfn = gpfn };

    return mem_add_to_physmap(current, d, &a);
}

static unsigned int nr_invalidated;
void ioreq_invalidate(struct domain *of) { nr_invalidated++; }

static void test_add_to_physmap(void **state)
{
    const uint64_t before = d->tot_pages;
    enum p2m_type type;
    mfn_t mfn;

    list[0] = 50;
    list[1] = 51;
    assert_int_equal(reservation(XENMEM_populate_physmap, 2, 0), 2);
    mfn = p2m_lookup(d, 50, NULL);
    d->hvm = (struct hvm_domain *)&type;    /* a device model is told of a frame that moves, or goes */
    assert_int_equal(add(XENMAPSPACE_gmfn, 50, 51), 0);     /* 51's frame goes, 50's comes there */
    assert_int_equal(nr_invalidated, 1);
    assert_int_equal(d->tot_pages, before + 1);
    assert_true(mfn_eq(p2m_lookup(d, 51, NULL), mfn));
    assert_false(p2m_covered(d, 50, 0));
    assert_int_equal(add(XENMAPSPACE_gmfn, 51, 51), 0);
    assert_int_equal(add(XENMAPSPACE_gmfn, 50, 52), -XEN_EINVAL);
    assert_int_equal(nr_invalidated, 1);
    assert_int_equal(add(XENMAPSPACE_shared_info, 0, 51), 0);
    assert_int_equal(d->tot_pages, before);
    assert_int_equal(nr_invalidated, 2);
    assert_true(mfn_eq(p2m_lookup(d, 51, &type), d->shared_info_mfn));
    assert_int_equal(type, P2M_SHARED);
    assert_int_equal(add(XENMAPSPACE_shared_info, 1, 51), -XEN_EINVAL);
    assert_int_equal(add(XENMAPSPACE_grant_table, 0, 60), 0);
    assert_int_equal(add(XENMAPSPACE_grant_table, 1000, 61), -XEN_EINVAL);
    assert_int_equal(add(XENMAPSPACE_grant_table, 1UL << 31, 61), -XEN_EOPNOTSUPP);
    assert_int_equal(add(XENMAPSPACE_gmfn, 60, 62), -XEN_EINVAL);       /* not RAM */
    assert_int_equal(add(XENMAPSPACE_gmfn_foreign, 1, 62), -XEN_EOPNOTSUPP);
    assert_int_equal(nr_invalidated, 2);
    d->hvm = NULL;
}

/* Machine frames are no business of a hardware guest. */
static void test_frames_are_named_by_their_place(void **state)
{
    struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 2, .frame_list = (guest_ptr_t)list };
    const uint64_t before = d->tot_pages;

    assert_int_equal(add(XENMAPSPACE_grant_table, 0, 60), 0);
    assert_int_equal(gnttab_setup_table(&op), 0);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(list[0], 60);
    assert_int_equal(list[1], ~0UL);
    assert_int_equal(add(XENMAPSPACE_grant_table, 0, 70), 0);
    assert_int_equal(gnttab_setup_table(&op), 0);
    assert_int_equal(list[0], 70);
    assert_int_equal(p2m_clear(d, 70, 0), 0);
    assert_int_equal(gnttab_setup_table(&op), 0);
    assert_int_equal(list[0], ~0UL);

    list[0] = 5;
    assert_int_equal(reservation(XENMEM_increase_reservation, 1, 0), 0);
    assert_int_equal(list[0], 5);
    assert_int_equal(d->tot_pages, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        T(test_nested),
        T(test_ept),
        T(test_large_pages_stay_large),
        T(test_gigabytes),
        T(test_beyond_the_map),
        T(test_populate_and_decrease),
        T(test_populate_without_memory_for_tables),
        T(test_writes_are_seen_once),
        T(test_add_to_physmap),
        T(test_frames_are_named_by_their_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
