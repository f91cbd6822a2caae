/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers that name no hypercall answer -ENOSYS and change nothing.
 * The real Xen does the same, also for numbers it once used.
 */
#include "test.h"

void test_main(void)
{
    static const uint64_t none[] = {
        11, 43, 44, 45, 46, 47, 50, 51, 52, 53, 54, 55, 56, 57, 63, 64, 127, 128, 255, 256,
        1023, 4096, 0x7fffffff, 0x80000000,
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(none); i++ ) {
        char name[40];

        snprintf(name, sizeof(name), "hypercall %lu", none[i]);
        EQ_ROW(name, hypercall(none[i], 1, 2, 3, 4, 5, 6), -XEN_ENOSYS);
    }
    /* Sub-operations that do not exist. */
    EQ(hc_event_channel_op(99, HC_PTR(&none)), -XEN_ENOSYS);
    EQ(hc_sched_op(99, 0), -XEN_ENOSYS);
    EQ(hc_vcpu_op(99, 0, 0), -XEN_ENOSYS);
    EQ(hc_xen_version(99, 0), -XEN_ENOSYS);
    EQ(hc_grant_table_op(99, HC_PTR(&none), 1), -XEN_ENOSYS);
    EQ(hc_memory_op(62, 0), -XEN_ENOSYS);
    EQ(hc_physdev_op(99, HC_PTR(&none)), -XEN_ENOSYS);
    EQ(hc_console_io(99, 0, 0), guest_is_dom0() ? -XEN_ENOSYS : -XEN_EPERM);
    EQ(hc_callback_op(99, 0), -XEN_ENOSYS);
    EQ(hc_tmem_op(0), -XEN_ENOSYS);
    CHECK(hc_xen_version(0, 0) > 0);
}
