/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memory_op on the fake machine, with the real core/page.c under it. */
#include "cm.h"

#include <xenabi/memory.h>

#include "core/guest_access.h"
#include "core/page.h"
#include "core/preempt.h"
#include "core/vcpu.h"
#include "hcall/hc_memory.h"
#include "mem/frame.h"
#include "world.h"

#define EXTENT_SHIFT    6
#define GPFN            1000

/* Guest addresses are host addresses; the first page faults. */
#define FAULTS(va)      ((va) < 0x1000)

__attribute__((weak)) bool copy_from_guest(void *dst, guest_ptr_t src, size_t len)
{
    return !FAULTS(src) && memcpy(dst, (void *)src, len);
}
__attribute__((weak)) bool copy_to_guest(guest_ptr_t dst, const void *src, size_t len)
{
    return !FAULTS(dst) && memcpy((void *)dst, src, len);
}
__attribute__((weak)) bool copy_from_guest_index(void *dst, guest_ptr_t base, uint64_t i, size_t size)
{
    return !FAULTS(base) && memcpy(dst, (uint8_t *)base + i * size, size);
}
__attribute__((weak)) bool guest_range_ok(guest_ptr_t va, uint64_t len)
{
    return va < 1UL << 47 && len < 1UL << 47;
}
__attribute__((weak)) void cont_set_arg(struct vcpu *v, unsigned int i, uint64_t value)
{
    v->cont_args[i] = value;
}

/* The other half of memory_op is not under test: it must not be reached by what is. */
long hc_memory_info(unsigned int cmd, guest_ptr_t arg)
{
    return -XEN_ENOSYS;
}

static uint64_t list[64];
static struct xen_memory_reservation res;

static int setup(void **state)
{
    fake_init();
    fake_run(1, 0);
    memset(list, 0, sizeof(list));
    res = (struct xen_memory_reservation){
        .extent_start = (uint64_t)list, .domid = DOMID_SELF };
    return 0;
}

static int teardown(void **state)
{
    fake_exit();
    return 0;
}

static long op(unsigned int cmd, uint64_t start, uint64_t nr)
{
    res.nr_extents = nr;
    return hc_memory_op(cmd | start << EXTENT_SHIFT, (uint64_t)&res, 0, 0);
}

static struct domain *dom(void) { return fake.dom[1]; }

TEST(populate_returns_frames_named_as_asked)
{
    for ( unsigned int i = 0; i < 4; i++ )
        list[i] = GPFN + i;
    CHECK_EQ(op(XENMEM_populate_physmap, 0, 4), 4);
    CHECK_EQ(dom()->tot_pages, 4);
    for ( unsigned int i = 0; i < 4; i++ ) {
        CHECK_EQ(mfn_to_frame(MFN(list[i]))->owner, 1);
        CHECK_EQ(m2p_get(MFN(list[i])), GPFN + i);
    }
    CHECK_EQ(op(XENMEM_decrease_reservation, 0, 4), 4);
    CHECK_EQ(dom()->tot_pages, 0);
}

TEST(extents_before_the_first_are_left_alone)
{
    list[0] = 7;
    CHECK_EQ(op(XENMEM_increase_reservation, 1, 3), 3);
    CHECK_EQ(list[0], 7);
    CHECK_EQ(dom()->tot_pages, 2);
    CHECK_EQ(m2p_get(MFN(list[1])), M2P_INVALID);
    CHECK_EQ(op(XENMEM_increase_reservation, 3, 3), 3);
    CHECK_EQ(dom()->tot_pages, 2);
}

TEST(a_limit_ends_the_batch_with_a_short_count)
{
    dom()->max_pages = 3;
    CHECK_EQ(op(XENMEM_increase_reservation, 0, 10), 3);
    CHECK_EQ(dom()->tot_pages, 3);
}

TEST(hostile_requests_do_nothing)
{
    CHECK_EQ(op(XENMEM_increase_reservation, 0, ~0UL), 0);
    res.extent_order = 10;
    CHECK_EQ(op(XENMEM_increase_reservation, 0, 1), 0);
    res.extent_order = 64;
    CHECK_EQ(op(XENMEM_decrease_reservation, 0, 1), 0);
    res.extent_order = 0;
    res.mem_flags = XENMEMF_address_bits(12);
    CHECK_EQ(op(XENMEM_increase_reservation, 0, 1), 0);
    res.mem_flags = 0;
    res.domid = 2;                                      /* somebody else's */
    CHECK_EQ(op(XENMEM_increase_reservation, 0, 1), 0);
    res.domid = 99;
    CHECK_EQ(op(XENMEM_increase_reservation, 0, 1), 0);
    CHECK_EQ(hc_memory_op(XENMEM_increase_reservation, 0, 0, 0), 0);
    CHECK_EQ(dom()->tot_pages, 0);
}

TEST(only_own_allocated_frames_can_be_given_back)
{
    const mfn_t theirs = fake_ram(2), mine = fake_ram(1);
    const uint64_t bad[] = { theirs.n, dom()->shared_info_mfn.n, FAKE_FRAMES, ~0UL, ~0UL >> 12 };

    for ( size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ ) {
        list[0] = bad[i];
        CHECK_EQ(op(XENMEM_decrease_reservation, 0, 1), 0);
    }
    list[0] = list[1] = mine.n;                         /* twice the same */
    CHECK_EQ(op(XENMEM_decrease_reservation, 0, 2), 1);
    CHECK_EQ(fake.dom[2]->tot_pages, 1);
}

TEST(the_control_domain_gives_memory_to_others)
{
    fake_run(0, 0);
    res.domid = 1;
    list[0] = GPFN;
    CHECK_EQ(op(XENMEM_populate_physmap, 0, 1), 1);
    CHECK_EQ(dom()->tot_pages, 1);
}

TEST(preemption_leaves_progress_in_the_command)
{
    fake.preempt_in = 1;
    CHECK_EQ(op(XENMEM_increase_reservation, 0, 5), -XEN_ERESTART);
    CHECK_EQ(dom()->tot_pages, 2);
    CHECK_EQ(dom()->vcpu[0]->cont_args[0], XENMEM_increase_reservation | 2 << EXTENT_SHIFT);
    CHECK_EQ(op(XENMEM_increase_reservation, 2, 5), 5);
    CHECK_EQ(dom()->tot_pages, 5);
}

static uint64_t out[64];
static struct xen_memory_exchange ex;

static long exchange(uint64_t nr)
{
    ex = (struct xen_memory_exchange){
        .in = { .extent_start = (uint64_t)list, .nr_extents = nr, .domid = DOMID_SELF },
        .out = { .extent_start = (uint64_t)out, .nr_extents = nr, .domid = DOMID_SELF },
    };
    return hc_memory_op(XENMEM_exchange, (uint64_t)&ex, 0, 0);
}

TEST(exchange_gives_new_frames_for_old_ones)
{
    uint64_t old[3];

    CHECK_EQ(op(XENMEM_increase_reservation, 0, 3), 3);
    memcpy(old, list, sizeof(old));
    for ( unsigned int i = 0; i < 3; i++ )
        out[i] = GPFN + i;
    CHECK_EQ(exchange(3), 0);
    CHECK_EQ(ex.nr_exchanged, 3);
    CHECK_EQ(dom()->tot_pages, 3);
    for ( unsigned int i = 0; i < 3; i++ )
        CHECK_EQ(m2p_get(MFN(out[i])), GPFN + i);
}

TEST(exchange_refuses_frames_in_use_and_keeps_them)
{
    const mfn_t m = fake_ram(1);

    list[0] = m.n;
    assert_true(page_hold(dom(), m, true));
    CHECK_EQ(exchange(1), -XEN_EINVAL);
    CHECK_EQ(ex.nr_exchanged, 0);
    CHECK_EQ(fake_refs(m), 1);
    page_unhold(dom(), m, true);
    CHECK_EQ(dom()->tot_pages, 1);
}

TEST(exchange_without_memory_changes_nothing)
{
    const mfn_t m = fake_ram(1);

    list[0] = m.n;
    fake.alloc_fails_in = 2;                            /* its two lists, then no frame */
    CHECK_EQ(exchange(1), -XEN_ENOMEM);
    fake.alloc_fails_in = -1;
    CHECK_EQ(fake_refs(m), 0);
    CHECK_EQ(dom()->tot_pages, 1);
}

TEST(exchange_of_the_wrong_shape_is_refused)
{
    ex = (struct xen_memory_exchange){
        .in = { .nr_extents = 1, .extent_order = 1, .domid = DOMID_SELF },
        .out = { .nr_extents = 1, .domid = DOMID_SELF } };
    CHECK_EQ(hc_memory_op(XENMEM_exchange, (uint64_t)&ex, 0, 0), -XEN_EINVAL);
    ex.in.extent_order = 30;
    CHECK_EQ(hc_memory_op(XENMEM_exchange, (uint64_t)&ex, 0, 0), -XEN_EPERM);
    ex.in.extent_order = 0;
    ex.nr_exchanged = 2;
    CHECK_EQ(hc_memory_op(XENMEM_exchange, (uint64_t)&ex, 0, 0), -XEN_EINVAL);
    ex.nr_exchanged = 0;
    ex.in.nr_extents = ex.out.nr_extents = ~0UL;
    CHECK_EQ(hc_memory_op(XENMEM_exchange, (uint64_t)&ex, 0, 0), -XEN_EINVAL);
    CHECK_EQ(hc_memory_op(XENMEM_exchange, 0, 0, 0), -XEN_EFAULT);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(populate_returns_frames_named_as_asked),
        T(extents_before_the_first_are_left_alone),
        T(a_limit_ends_the_batch_with_a_short_count),
        T(hostile_requests_do_nothing),
        T(only_own_allocated_frames_can_be_given_back),
        T(the_control_domain_gives_memory_to_others),
        T(preemption_leaves_progress_in_the_command),
        T(exchange_gives_new_frames_for_old_ones),
        T(exchange_refuses_frames_in_use_and_keeps_them),
        T(exchange_without_memory_changes_nothing),
        T(exchange_of_the_wrong_shape_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
