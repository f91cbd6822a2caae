/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: a domain lets others map, copy or take over single pages of its own.
 *
 * Version 1 entries only.  Of version 2 there is what is needed to recognise and refuse it.
 */
#ifndef XENABI_GRANT_TABLE_H
#define XENABI_GRANT_TABLE_H

#include <xenabi/types.h>

#define GNTTABOP_map_grant_ref          0
#define GNTTABOP_unmap_grant_ref        1
#define GNTTABOP_setup_table            2
#define GNTTABOP_dump_table             3
#define GNTTABOP_transfer               4
#define GNTTABOP_copy                   5
#define GNTTABOP_query_size             6
#define GNTTABOP_unmap_and_replace      7
#define GNTTABOP_set_version            8
#define GNTTABOP_get_status_frames      9
#define GNTTABOP_get_version            10
#define GNTTABOP_swap_grant_ref         11
#define GNTTABOP_cache_flush            12

/* Entries that keep their meaning over a change of table version. */
#define GNTTAB_NR_RESERVED_ENTRIES      8
#define GNTTAB_RESERVED_CONSOLE         0
#define GNTTAB_RESERVED_XENSTORE        1

/* grant_entry_v1.flags: type in the low two bits. */
#define GTF_invalid                 0U
#define GTF_permit_access           1U
#define GTF_accept_transfer         2U
#define GTF_transitive              3U      /* version 2 only */
#define GTF_type_mask               3U
#define GTF_readonly                (1U << 2)
#define GTF_reading                 (1U << 3)   /* set by the hypervisor while in use */
#define GTF_writing                 (1U << 4)   /* set by the hypervisor while in use */
#define GTF_PWT                     (1U << 5)
#define GTF_PCD                     (1U << 6)
#define GTF_PAT                     (1U << 7)
#define GTF_sub_page                (1U << 8)   /* version 2 only */
#define GTF_transfer_committed      (1U << 2)
#define GTF_transfer_completed      (1U << 3)

/* gnttab_map_grant_ref.flags */
#define GNTMAP_device_map           (1 << 0)
#define GNTMAP_host_map             (1 << 1)
#define GNTMAP_readonly             (1 << 2)
#define GNTMAP_application_map      (1 << 3)    /* user mode may use the mapping */
#define GNTMAP_contains_pte         (1 << 4)    /* host_addr: machine address of the PTE */
#define _GNTMAP_guest_avail0        16          /* flags 16..18 go to the PTE's bits 9..11 */
#define GNTMAP_guest_avail_mask     0xffff0000U

#define GNTCOPY_source_gref         (1 << 0)
#define GNTCOPY_dest_gref           (1 << 1)

#define GNTTAB_CACHE_CLEAN          (1U << 0)
#define GNTTAB_CACHE_INVAL          (1U << 1)
#define GNTTAB_CACHE_SOURCE_GREF    (1U << 31)

/* Status of one operation in a batch. */
#define GNTST_okay                  0
#define GNTST_general_error         (-1)
#define GNTST_bad_domain            (-2)
#define GNTST_bad_gntref            (-3)
#define GNTST_bad_handle            (-4)
#define GNTST_bad_virt_addr         (-5)
#define GNTST_bad_dev_addr          (-6)
#define GNTST_no_device_space       (-7)
#define GNTST_permission_denied     (-8)
#define GNTST_bad_page              (-9)
#define GNTST_bad_copy_arg          (-10)
#define GNTST_address_too_big       (-11)
#define GNTST_eagain                (-12)
#define GNTST_no_space              (-13)

struct grant_entry_v1 {
    uint16_t flags;                 /* GTF_* */
    domid_t  domid;                 /* grantee */
    uint32_t frame;                 /* GFN */
};
ABI_SIZE(grant_entry_v1, 8);

struct gnttab_map_grant_ref {
    uint64_t       host_addr;       /* IN */
    uint32_t       flags;           /* IN  GNTMAP_* */
    grant_ref_t    ref;             /* IN */
    domid_t        dom;             /* IN  granter */
    int16_t        status;          /* OUT GNTST_* */
    grant_handle_t handle;          /* OUT */
    uint64_t       dev_bus_addr;    /* OUT machine address of the page */
};
ABI_SIZE(gnttab_map_grant_ref, 32);

struct gnttab_unmap_grant_ref {
    uint64_t       host_addr;       /* IN  0: leave the host mapping */
    uint64_t       dev_bus_addr;    /* IN  0: leave the device mapping */
    grant_handle_t handle;          /* IN */
    int16_t        status;          /* OUT */
};
ABI_SIZE(gnttab_unmap_grant_ref, 24);

struct gnttab_setup_table {
    domid_t     dom;                /* IN */
    uint32_t    nr_frames;          /* IN  512 entries each */
    int16_t     status;             /* OUT */
    guest_ptr_t frame_list;         /* OUT array of xen_pfn_t */
};
ABI_SIZE(gnttab_setup_table, 24);

struct gnttab_dump_table {
    domid_t dom;
    int16_t status;
};
ABI_SIZE(gnttab_dump_table, 4);

struct gnttab_transfer {
    xen_pfn_t   mfn;
    domid_t     domid;
    grant_ref_t ref;
    int16_t     status;
};
ABI_SIZE(gnttab_transfer, 24);

struct gnttab_copy_ptr {
    union {
        grant_ref_t ref;
        xen_pfn_t   gmfn;
    } u;
    domid_t  domid;
    uint16_t offset;                /* bytes in the page */
};
ABI_SIZE(gnttab_copy_ptr, 16);

struct gnttab_copy {
    struct gnttab_copy_ptr source;  /* IN */
    struct gnttab_copy_ptr dest;    /* IN */
    uint16_t len;                   /* IN  bytes; neither side crosses its page's end */
    uint16_t flags;                 /* IN  GNTCOPY_*: which side is a reference */
    int16_t  status;                /* OUT */
};
ABI_SIZE(gnttab_copy, 40);
ABI_OFFSET(gnttab_copy, dest, 16);
ABI_OFFSET(gnttab_copy, len, 32);

struct gnttab_query_size {
    domid_t  dom;                   /* IN */
    uint32_t nr_frames;             /* OUT */
    uint32_t max_nr_frames;         /* OUT */
    int16_t  status;                /* OUT */
};
ABI_SIZE(gnttab_query_size, 16);

struct gnttab_unmap_and_replace {
    uint64_t       host_addr;       /* IN */
    uint64_t       new_addr;        /* IN  its mapping moves to host_addr */
    grant_handle_t handle;          /* IN */
    int16_t        status;          /* OUT */
};
ABI_SIZE(gnttab_unmap_and_replace, 24);

struct gnttab_set_version {
    uint32_t version;               /* IN, OUT the version in force */
};
ABI_SIZE(gnttab_set_version, 4);

struct gnttab_get_status_frames {
    uint32_t    nr_frames;
    domid_t     dom;
    int16_t     status;
    guest_ptr_t frame_list;         /* array of uint64_t */
};
ABI_SIZE(gnttab_get_status_frames, 16);

struct gnttab_get_version {
    domid_t  dom;                   /* IN */
    uint16_t pad;
    uint32_t version;               /* OUT */
};
ABI_SIZE(gnttab_get_version, 8);

struct gnttab_swap_grant_ref {
    grant_ref_t ref_a;
    grant_ref_t ref_b;
    int16_t     status;
};
ABI_SIZE(gnttab_swap_grant_ref, 12);

struct gnttab_cache_flush {
    union {
        uint64_t    dev_bus_addr;
        grant_ref_t ref;
    } a;
    uint16_t offset;
    uint16_t length;
    uint32_t op;                    /* GNTTAB_CACHE_* */
};
ABI_SIZE(gnttab_cache_flush, 16);

#endif
