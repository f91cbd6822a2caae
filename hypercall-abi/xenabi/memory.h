/* SPDX-License-Identifier: MIT */
/*
 * memory_op: how much memory a domain has, and where.
 */
#ifndef XENABI_MEMORY_H
#define XENABI_MEMORY_H

#include <xenabi/physdev.h>
#include <xenabi/types.h>

#define XENMEM_increase_reservation         0
#define XENMEM_decrease_reservation         1
#define XENMEM_maximum_ram_page             2   /* no argument; the result */
#define XENMEM_current_reservation          3   /* struct xen_memory_domain; pages */
#define XENMEM_maximum_reservation          4   /* struct xen_memory_domain; pages */
#define XENMEM_machphys_mfn_list            5
#define XENMEM_populate_physmap             6
#define XENMEM_add_to_physmap               7
#define XENMEM_memory_map                   9
#define XENMEM_machine_memory_map           10
#define XENMEM_exchange                     11
#define XENMEM_machphys_mapping             12
#define XENMEM_set_memory_map               13
#define XENMEM_maximum_gpfn                 14  /* struct xen_memory_domain */
#define XENMEM_remove_from_physmap          15
#define XENMEM_set_pod_target               16
#define XENMEM_get_pod_target               17
#define XENMEM_get_sharing_freed_pages      18
#define XENMEM_get_sharing_shared_pages     19
#define XENMEM_paging_op                    20
#define XENMEM_access_op                    21
#define XENMEM_sharing_op                   22
#define XENMEM_add_to_physmap_batch         23
#define XENMEM_claim_pages                  24
#define XENMEM_machphys_compat_mfn_list     25
#define XENMEM_get_vnumainfo                26
#define XENMEM_reserved_device_memory_map   27
#define XENMEM_acquire_resource             28

/* xen_memory_reservation.mem_flags */
#define XENMEMF_address_bits(x)             (x)     /* allocate below 2^x bytes; 0: anywhere */
#define XENMEMF_get_address_bits(x)         ((x) & 0xffU)
#define XENMEMF_node(x)                     (((x) + 1) << 8)
#define XENMEMF_get_node(x)                 ((((x) >> 8) - 1) & 0xffU)
#define XENMEMF_populate_on_demand          (1 << 16)
#define XENMEMF_exact_node_request          (1 << 17)
#define XENMEMF_exact_node(n)               (XENMEMF_node(n) | XENMEMF_exact_node_request)
#define XENMEMF_vnode                       (1 << 18)

#define XENMAPSPACE_shared_info             0
#define XENMAPSPACE_grant_table             1
#define XENMAPSPACE_gmfn                    2
#define XENMAPSPACE_gmfn_range              3
#define XENMAPSPACE_gmfn_foreign            4
#define XENMAPSPACE_dev_mmio                5
#define XENMAPIDX_grant_table_status        0x80000000

#define XENMEM_resource_ioreq_server        0
#define XENMEM_resource_grant_table         1
#define XENMEM_resource_vmtrace_buf         2
#define XENMEM_resource_grant_table_id_shared           0
#define XENMEM_resource_grant_table_id_status           1
#define XENMEM_resource_ioreq_server_frame_bufioreq     0
#define XENMEM_resource_ioreq_server_frame_ioreq(n)     (1 + (n))

#define XENMEM_RDM_ALL                      1

struct xen_memory_reservation {
    guest_ptr_t extent_start;       /* array of xen_pfn_t: GFNs in, GFNs or MFNs out */
    xen_ulong_t nr_extents;
    uint32_t    extent_order;       /* 2^order pages each */
    uint32_t    mem_flags;          /* XENMEMF_* */
    domid_t     domid;
};
ABI_SIZE(xen_memory_reservation, 32);

struct xen_memory_exchange {
    struct xen_memory_reservation in;
    struct xen_memory_reservation out;
    xen_ulong_t nr_exchanged;       /* IN 0; OUT extents of in that are gone */
};
ABI_SIZE(xen_memory_exchange, 72);

struct xen_memory_domain {
    domid_t domid;
};
ABI_SIZE(xen_memory_domain, 2);

struct xen_machphys_mfn_list {
    uint32_t    max_extents;        /* IN */
    guest_ptr_t extent_start;       /* OUT array of xen_pfn_t, 2 MiB of table each */
    uint32_t    nr_extents;         /* OUT */
};
ABI_SIZE(xen_machphys_mfn_list, 24);

struct xen_machphys_mapping {
    xen_ulong_t v_start;
    xen_ulong_t v_end;
    xen_ulong_t max_mfn;
};
ABI_SIZE(xen_machphys_mapping, 24);

struct xen_add_to_physmap {
    domid_t     domid;
    uint16_t    size;               /* pages, gmfn_range only */
    uint32_t    space;              /* XENMAPSPACE_* */
    xen_ulong_t idx;
    xen_pfn_t   gpfn;
};
ABI_SIZE(xen_add_to_physmap, 24);

struct xen_add_to_physmap_batch {
    domid_t  domid;
    uint16_t space;                 /* XENMAPSPACE_* */
    uint16_t size;                  /* entries in each array */
    union {
        domid_t  foreign_domid;     /* gmfn_foreign */
        uint16_t res0;
    } u;
    guest_ptr_t idxs;               /* xen_ulong_t */
    guest_ptr_t gpfns;              /* xen_pfn_t */
    guest_ptr_t errs;               /* OUT int32_t */
};
ABI_SIZE(xen_add_to_physmap_batch, 32);

struct xen_remove_from_physmap {
    domid_t   domid;
    xen_pfn_t gpfn;
};
ABI_SIZE(xen_remove_from_physmap, 16);

struct xen_memory_map {
    uint32_t    nr_entries;         /* IN room; OUT entries written */
    guest_ptr_t buffer;             /* array of struct xen_e820_entry */
};
ABI_SIZE(xen_memory_map, 16);

struct xen_foreign_memory_map {
    domid_t domid;
    struct xen_memory_map map;
};
ABI_SIZE(xen_foreign_memory_map, 24);

/* Entry of a memory map, as INT 15h AX=E820h gives it: ACPI 6.4, 15.1. */
struct xen_e820_entry {
    uint64_t addr;
    uint64_t size;
    uint32_t type;                  /* XEN_E820_* */
} __attribute__((__packed__));
ABI_SIZE(xen_e820_entry, 20);
#define XEN_E820_RAM        1
#define XEN_E820_RESERVED   2
#define XEN_E820_ACPI       3
#define XEN_E820_NVS        4
#define XEN_E820_UNUSABLE   5

struct xen_pod_target {
    uint64_t target_pages;
    uint64_t tot_pages;
    uint64_t pod_cache_pages;
    uint64_t pod_entries;
    domid_t  domid;
};
ABI_SIZE(xen_pod_target, 40);

struct xen_reserved_device_memory {
    xen_pfn_t   start_pfn;
    xen_ulong_t nr_pages;
};
ABI_SIZE(xen_reserved_device_memory, 16);

struct xen_reserved_device_memory_map {
    uint32_t    flags;              /* XENMEM_RDM_ALL */
    uint32_t    nr_entries;         /* IN room; OUT needed */
    guest_ptr_t buffer;             /* array of struct xen_reserved_device_memory */
    union {
        struct physdev_pci_device pci;
    } dev;
};
ABI_SIZE(xen_reserved_device_memory_map, 24);

/* nr_frames 0 with a null frame_list asks for the resource's size. */
struct xen_mem_acquire_resource {
    domid_t     domid;
    uint16_t    type;               /* XENMEM_resource_* */
    uint32_t    id;
    uint32_t    nr_frames;
    uint32_t    pad;                /* must be 0 */
    uint64_t    frame;              /* first frame wanted */
    guest_ptr_t frame_list;         /* PV caller: OUT array of MFNs */
};
ABI_SIZE(xen_mem_acquire_resource, 32);

struct xen_vmemrange {
    uint64_t start;
    uint64_t end;
    uint32_t flags;
    uint32_t nid;
};
ABI_SIZE(xen_vmemrange, 24);

struct xen_vnuma_topology_info {
    domid_t  domid;
    uint16_t pad;
    uint32_t nr_vnodes;
    uint32_t nr_vcpus;
    uint32_t nr_vmemranges;
    union {
        guest_ptr_t h;              /* uint32_t, nr_vnodes squared */
        uint64_t    pad;
    } vdistance;
    union {
        guest_ptr_t h;              /* uint32_t, nr_vcpus */
        uint64_t    pad;
    } vcpu_to_vnode;
    union {
        guest_ptr_t h;              /* struct xen_vmemrange, nr_vmemranges */
        uint64_t    pad;
    } vmemrange;
};
ABI_SIZE(xen_vnuma_topology_info, 40);

#endif
