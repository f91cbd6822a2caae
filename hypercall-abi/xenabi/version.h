/* SPDX-License-Identifier: MIT */
/*
 * xen_version: who the hypervisor says it is.  Strings are NUL-terminated within their arrays.
 * Sub-ops return 0 or -XEN_E*, but version and pagesize return the value itself, and build_id
 * the length.
 */
#ifndef XENABI_VERSION_H
#define XENABI_VERSION_H

#include <xenabi/features.h>
#include <xenabi/types.h>

#define XENVER_version              0   /* no argument; major << 16 | minor */
#define XENVER_extraversion         1   /* xen_extraversion_t */
#define XENVER_compile_info         2   /* struct xen_compile_info */
#define XENVER_capabilities         3   /* xen_capabilities_info_t */
#define XENVER_changeset            4   /* xen_changeset_info_t */
#define XENVER_platform_parameters  5   /* struct xen_platform_parameters */
#define XENVER_get_features         6   /* struct xen_feature_info */
#define XENVER_pagesize             7   /* no argument; bytes */
#define XENVER_guest_handle         8   /* xen_domain_handle_t */
#define XENVER_commandline          9   /* xen_commandline_t */
#define XENVER_build_id             10  /* struct xen_build_id; NULL asks for the length */

typedef char xen_extraversion_t[16];
typedef char xen_capabilities_info_t[1024];
typedef char xen_changeset_info_t[64];
typedef char xen_commandline_t[1024];

#define XEN_EXTRAVERSION_LEN        16
#define XEN_CAPABILITIES_INFO_LEN   1024
#define XEN_CHANGESET_INFO_LEN      64

struct xen_compile_info {
    char compiler[64];
    char compile_by[16];
    char compile_domain[32];
    char compile_date[32];
};
ABI_SIZE(xen_compile_info, 144);

struct xen_platform_parameters {
    xen_ulong_t virt_start;             /* HYPERVISOR_VIRT_START */
};
ABI_SIZE(xen_platform_parameters, 8);

struct xen_feature_info {
    uint32_t submap_idx;                /* IN  < XENFEAT_NR_SUBMAPS */
    uint32_t submap;                    /* OUT bit n: feature 32 * submap_idx + n */
};
ABI_SIZE(xen_feature_info, 8);

struct xen_build_id {
    uint32_t len;                       /* IN  bytes in buf */
    uint8_t  buf[];
};
ABI_SIZE(xen_build_id, 4);

#endif
