/* SPDX-License-Identifier: MIT */
/*
 * Block device protocol, x86-64 layout.  Sectors are 512 bytes whatever the device's are.
 */
#ifndef XENABI_IO_BLKIF_H
#define XENABI_IO_BLKIF_H

#include <xenabi/io/ring.h>
#include <xenabi/types.h>

#define BLKIF_OP_READ               0
#define BLKIF_OP_WRITE              1
#define BLKIF_OP_WRITE_BARRIER      2
#define BLKIF_OP_FLUSH_DISKCACHE    3
#define BLKIF_OP_DISCARD            5
#define BLKIF_OP_INDIRECT           6

#define BLKIF_RSP_EOPNOTSUPP        (-2)
#define BLKIF_RSP_ERROR             (-1)
#define BLKIF_RSP_OKAY              0

#define BLKIF_MAX_SEGMENTS_PER_REQUEST          11
#define BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST    8

#define BLKIF_DISCARD_SECURE        (1 << 0)

#define VDISK_CDROM                 0x1
#define VDISK_REMOVABLE             0x2
#define VDISK_READONLY              0x4

struct blkif_request_segment {
    grant_ref_t gref;
    uint8_t     first_sect;         /* 0..7, inclusive */
    uint8_t     last_sect;          /* 0..7, inclusive */
};
ABI_SIZE(blkif_request_segment, 8);

struct blkif_request {
    uint8_t  operation;             /* BLKIF_OP_* */
    uint8_t  nr_segments;
    uint16_t handle;                /* virtual device */
    uint64_t id;                    /* echoed */
    uint64_t sector_number;
    struct blkif_request_segment seg[BLKIF_MAX_SEGMENTS_PER_REQUEST];
};
ABI_SIZE(blkif_request, 112);

struct blkif_request_discard {
    uint8_t  operation;
    uint8_t  flag;                  /* BLKIF_DISCARD_SECURE */
    uint16_t handle;
    uint64_t id;
    uint64_t sector_number;
    uint64_t nr_sectors;
};
ABI_SIZE(blkif_request_discard, 32);

struct blkif_request_indirect {
    uint8_t     operation;
    uint8_t     indirect_op;        /* BLKIF_OP_READ or _WRITE */
    uint16_t    nr_segments;
    uint64_t    id;
    uint64_t    sector_number;
    uint16_t    handle;
    grant_ref_t indirect_grefs[BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST];
};
ABI_SIZE(blkif_request_indirect, 64);

struct blkif_response {
    uint64_t id;
    uint8_t  operation;
    int16_t  status;                /* BLKIF_RSP_* */
};
ABI_SIZE(blkif_response, 16);

union blkif_sring_entry {
    struct blkif_request  req;
    struct blkif_response rsp;
};
ABI_USIZE(blkif_sring_entry, 112);

#endif
