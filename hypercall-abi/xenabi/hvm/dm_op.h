/* SPDX-License-Identifier: MIT */
/*
 * dm_op: what a device model asks of the hypervisor.
 *
 * dm_op(domid, nr_bufs, bufs): bufs is an array of struct xen_dm_op_buf, the first holds struct
 * xen_dm_op, others what the operation says.  All results go back into the buffers.
 */
#ifndef XENABI_HVM_DM_OP_H
#define XENABI_HVM_DM_OP_H

#include <xenabi/types.h>

#define XEN_DMOP_create_ioreq_server                1
#define XEN_DMOP_get_ioreq_server_info              2
#define XEN_DMOP_map_io_range_to_ioreq_server       3
#define XEN_DMOP_unmap_io_range_from_ioreq_server   4
#define XEN_DMOP_set_ioreq_server_state             5
#define XEN_DMOP_destroy_ioreq_server               6
#define XEN_DMOP_track_dirty_vram                   7
#define XEN_DMOP_set_pci_intx_level                 8
#define XEN_DMOP_set_isa_irq_level                  9
#define XEN_DMOP_set_pci_link_route                 10
#define XEN_DMOP_modified_memory                    11
#define XEN_DMOP_set_mem_type                       12
#define XEN_DMOP_inject_event                       13
#define XEN_DMOP_inject_msi                         14
#define XEN_DMOP_map_mem_type_to_ioreq_server       15
#define XEN_DMOP_remote_shutdown                    16
#define XEN_DMOP_relocate_memory                    17
#define XEN_DMOP_pin_memory_cacheattr               18
#define XEN_DMOP_set_irq_level                      19
#define XEN_DMOP_nr_vcpus                           20

typedef uint16_t ioservid_t;

struct xen_dm_op_create_ioreq_server {
    uint8_t    handle_bufioreq;     /* HVM_IOREQSRV_BUFIOREQ_* */
    uint8_t    pad[3];
    ioservid_t id;                  /* OUT */
};
ABI_SIZE(xen_dm_op_create_ioreq_server, 6);

#define XEN_DMOP_no_gfns                            1

struct xen_dm_op_get_ioreq_server_info {
    ioservid_t    id;
    uint16_t      flags;            /* XEN_DMOP_no_gfns: the pages are not put into the guest */
    evtchn_port_t bufioreq_port;    /* OUT */
    uint64_t      ioreq_gfn;        /* OUT */
    uint64_t      bufioreq_gfn;     /* OUT */
};
ABI_SIZE(xen_dm_op_get_ioreq_server_info, 24);

#define XEN_DMOP_IO_RANGE_PORT                      0
#define XEN_DMOP_IO_RANGE_MEMORY                    1
#define XEN_DMOP_IO_RANGE_PCI                       2   /* segment << 16 | bus << 8 | device << 3 | function */

struct xen_dm_op_ioreq_server_range {
    ioservid_t id;
    uint16_t   pad;
    uint32_t   type;                /* XEN_DMOP_IO_RANGE_* */
    uint64_t   start;
    uint64_t   end;                 /* inclusive */
};
ABI_SIZE(xen_dm_op_ioreq_server_range, 24);

struct xen_dm_op_set_ioreq_server_state {
    ioservid_t id;
    uint8_t    enabled;
    uint8_t    pad;
};
ABI_SIZE(xen_dm_op_set_ioreq_server_state, 4);

struct xen_dm_op_destroy_ioreq_server {
    ioservid_t id;
    uint16_t   pad;
};
ABI_SIZE(xen_dm_op_destroy_ioreq_server, 4);

/* Buffer 1: OUT bitmap of the pages written since the last call. */
struct xen_dm_op_track_dirty_vram {
    uint32_t nr;                    /* pages; 0: stop */
    uint32_t pad;
    uint64_t first_pfn;
};
ABI_SIZE(xen_dm_op_track_dirty_vram, 16);

struct xen_dm_op_set_pci_intx_level {
    uint16_t domain;
    uint8_t  bus;
    uint8_t  device;
    uint8_t  intx;                  /* 0-3 */
    uint8_t  level;
};
ABI_SIZE(xen_dm_op_set_pci_intx_level, 6);

struct xen_dm_op_set_isa_irq_level {
    uint8_t isa_irq;                /* 0-15 */
    uint8_t level;
};
ABI_SIZE(xen_dm_op_set_isa_irq_level, 2);

struct xen_dm_op_set_pci_link_route {
    uint8_t link;                   /* 0-3 */
    uint8_t isa_irq;                /* 1-15; 0: none */
};
ABI_SIZE(xen_dm_op_set_pci_link_route, 2);

/* Buffer 1: array of struct xen_dm_op_modified_memory_extent. */
struct xen_dm_op_modified_memory {
    uint32_t nr_extents;            /* OUT on error: number of the bad one, from 1 */
    uint32_t opaque;                /* 0 */
};
ABI_SIZE(xen_dm_op_modified_memory, 8);

struct xen_dm_op_modified_memory_extent {
    uint32_t nr;                    /* pages */
    uint32_t pad;
    uint64_t first_pfn;
};
ABI_SIZE(xen_dm_op_modified_memory_extent, 16);

struct xen_dm_op_set_mem_type {
    uint32_t nr;                    /* pages; both count on when the call continues */
    uint16_t mem_type;              /* HVMMEM_* */
    uint16_t pad;
    uint64_t first_pfn;
};
ABI_SIZE(xen_dm_op_set_mem_type, 16);

#define XEN_DMOP_EVENT_ext_int                      0
#define XEN_DMOP_EVENT_nmi                          2
#define XEN_DMOP_EVENT_hw_exc                       3
#define XEN_DMOP_EVENT_sw_int                       4
#define XEN_DMOP_EVENT_pri_sw_exc                   5   /* ICEBP */
#define XEN_DMOP_EVENT_sw_exc                       6   /* INT3, INTO */

struct xen_dm_op_inject_event {
    uint32_t vcpuid;
    uint8_t  vector;
    uint8_t  type;                  /* XEN_DMOP_EVENT_* */
    uint8_t  insn_len;
    uint8_t  pad0;
    uint32_t error_code;            /* ~0: none */
    uint32_t pad1;
    uint64_t cr2;                   /* of a page fault */
};
ABI_SIZE(xen_dm_op_inject_event, 24);

struct xen_dm_op_inject_msi {
    uint32_t data;
    uint32_t pad;
    uint64_t addr;
};
ABI_SIZE(xen_dm_op_inject_msi, 16);

#define XEN_DMOP_IOREQ_MEM_ACCESS_READ              (1U << 0)
#define XEN_DMOP_IOREQ_MEM_ACCESS_WRITE             (1U << 1)

struct xen_dm_op_map_mem_type_to_ioreq_server {
    ioservid_t id;
    uint16_t   type;
    uint32_t   flags;
    uint64_t   opaque;              /* 0 */
};
ABI_SIZE(xen_dm_op_map_mem_type_to_ioreq_server, 16);

struct xen_dm_op_remote_shutdown {
    uint32_t reason;                /* SHUTDOWN_* */
};
ABI_SIZE(xen_dm_op_remote_shutdown, 4);

struct xen_dm_op_relocate_memory {
    uint32_t size;                  /* pages; all three count on when the call continues */
    uint32_t pad;
    uint64_t src_gfn;
    uint64_t dst_gfn;
};
ABI_SIZE(xen_dm_op_relocate_memory, 24);

#define XEN_DMOP_MEM_CACHEATTR_UC                   0
#define XEN_DMOP_MEM_CACHEATTR_WC                   1
#define XEN_DMOP_MEM_CACHEATTR_WT                   4
#define XEN_DMOP_MEM_CACHEATTR_WP                   5
#define XEN_DMOP_MEM_CACHEATTR_WB                   6
#define XEN_DMOP_MEM_CACHEATTR_UCM                  7
#define XEN_DMOP_DELETE_MEM_CACHEATTR               (~(uint32_t)0)

struct xen_dm_op_pin_memory_cacheattr {
    uint64_t start;                 /* frames, both inclusive */
    uint64_t end;
    uint32_t type;                  /* XEN_DMOP_MEM_CACHEATTR_* */
    uint32_t pad;
};
ABI_SIZE(xen_dm_op_pin_memory_cacheattr, 24);

struct xen_dm_op_set_irq_level {    /* not on x86 */
    uint32_t irq;
    uint8_t  level;
    uint8_t  pad[3];
};
ABI_SIZE(xen_dm_op_set_irq_level, 8);

struct xen_dm_op_nr_vcpus {
    uint32_t vcpus;                 /* OUT */
};
ABI_SIZE(xen_dm_op_nr_vcpus, 4);

struct xen_dm_op {
    uint32_t op;                    /* XEN_DMOP_* */
    uint32_t pad;
    union {
        struct xen_dm_op_create_ioreq_server          create_ioreq_server;
        struct xen_dm_op_get_ioreq_server_info        get_ioreq_server_info;
        struct xen_dm_op_ioreq_server_range           map_io_range_to_ioreq_server;
        struct xen_dm_op_ioreq_server_range           unmap_io_range_from_ioreq_server;
        struct xen_dm_op_set_ioreq_server_state       set_ioreq_server_state;
        struct xen_dm_op_destroy_ioreq_server         destroy_ioreq_server;
        struct xen_dm_op_track_dirty_vram             track_dirty_vram;
        struct xen_dm_op_set_pci_intx_level           set_pci_intx_level;
        struct xen_dm_op_set_isa_irq_level            set_isa_irq_level;
        struct xen_dm_op_set_irq_level                set_irq_level;
        struct xen_dm_op_set_pci_link_route           set_pci_link_route;
        struct xen_dm_op_modified_memory              modified_memory;
        struct xen_dm_op_set_mem_type                 set_mem_type;
        struct xen_dm_op_inject_event                 inject_event;
        struct xen_dm_op_inject_msi                   inject_msi;
        struct xen_dm_op_map_mem_type_to_ioreq_server map_mem_type_to_ioreq_server;
        struct xen_dm_op_remote_shutdown              remote_shutdown;
        struct xen_dm_op_relocate_memory              relocate_memory;
        struct xen_dm_op_pin_memory_cacheattr         pin_memory_cacheattr;
        struct xen_dm_op_nr_vcpus                     nr_vcpus;
    } u;
};
ABI_SIZE(xen_dm_op, 32);

struct xen_dm_op_buf {
    guest_ptr_t h;
    xen_ulong_t size;               /* bytes */
};
ABI_SIZE(xen_dm_op_buf, 16);

#endif
