/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen_version: what the tools and Linux read.  4.17 must be reported, since
 * Debian's wrapper chooses its programs by it; a bad pointer is -EFAULT.
 * pvh: yes
 */
#include "test.h"
#include <xenabi/features.h>
#include <xenabi/version.h>

static char buf[4096];

static void features(void)
{
    static const struct {
        const char *name;
        unsigned int bit, pv;               /* in a hardware guest the other way round */
    } want[] = {
        { "mmu_pt_update_preserve_ad", XENFEAT_mmu_pt_update_preserve_ad, 1 },
        { "gnttab_map_avail_bits", XENFEAT_gnttab_map_avail_bits, 1 },
        { "auto_translated_physmap", XENFEAT_auto_translated_physmap, 0 },
        { "writable_page_tables", XENFEAT_writable_page_tables, 0 },
        { "hvm_callback_vector", XENFEAT_hvm_callback_vector, 0 },
    };
    struct xen_feature_info fi = { .submap_idx = 0 };

    EQ(hc_xen_version(XENVER_get_features, HC_PTR(&fi)), 0);
    console_printf("features %#x\n", fi.submap);
    for ( unsigned int i = 0; i < ARRAY_SIZE(want); i++ )
        EQ_ROW(want[i].name, fi.submap >> want[i].bit & 1, want[i].pv ^ !guest_is_pv());
    CHECK(fi.submap & (1u << XENFEAT_memory_op_vnode_supported));
    CHECK(!(fi.submap & (1u << XENFEAT_supervisor_mode_kernel)));
    EQ(!!(fi.submap & (1u << XENFEAT_dom0)), guest_is_dom0());

    fi.submap_idx = 1;
    EQ(hc_xen_version(XENVER_get_features, HC_PTR(&fi)), -XEN_EINVAL);
    fi.submap_idx = ~0u;
    EQ(hc_xen_version(XENVER_get_features, HC_PTR(&fi)), -XEN_EINVAL);
}

void test_main(void)
{
    EQ(hc_xen_version(XENVER_version, 0), (4 << 16) | 17);
    EQ(hc_xen_version(XENVER_version, BAD_PTR), (4 << 16) | 17);

    EQ(hc_xen_version(XENVER_extraversion, HC_PTR(buf)), 0);
    CHECK(strlen(buf) < 16);
    EQ(hc_xen_version(XENVER_capabilities, HC_PTR(buf)), 0);
    console_printf("capabilities '%s'\n", buf);
    CHECK(strstr(buf, "xen-3.0-x86_64") != NULL);
    CHECK(strlen(buf) < 1024);
    EQ(hc_xen_version(XENVER_compile_info, HC_PTR(buf)), 0);
    EQ(hc_xen_version(XENVER_changeset, HC_PTR(buf)), 0);
    EQ(hc_xen_version(XENVER_guest_handle, HC_PTR(buf)), 0);
    CHECK(hc_xen_version(XENVER_commandline, HC_PTR(buf)) >= 0);
    CHECK(strstr(buf, "dom0_mem") != NULL || !guest_is_dom0());
    EQ(hc_xen_version(XENVER_pagesize, 0), 4096);

    uint64_t start = 0;

    EQ(hc_xen_version(XENVER_platform_parameters, HC_PTR(&start)), 0);
    EQ(start, 0xffff800000000000ul);
    features();

    static const int writers[] = {
        XENVER_extraversion, XENVER_capabilities, XENVER_compile_info, XENVER_changeset,
        XENVER_guest_handle, XENVER_platform_parameters, XENVER_get_features, XENVER_commandline,
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(writers); i++ ) {
        char name[40];

        snprintf(name, sizeof(name), "sub-op %d, bad pointer", writers[i]);
        EQ_ROW(name, hc_xen_version(writers[i], BAD_PTR), -XEN_EFAULT);
        EQ_ROW(name, hc_xen_version(writers[i], HOLE_PTR), -XEN_EFAULT);
    }
    EQ(hc_xen_version(5000, HC_PTR(buf)), -XEN_ENOSYS);
}
