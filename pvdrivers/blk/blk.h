/* SPDX-License-Identifier: MIT */
/*
 * Block devices: what both ends share.
 *
 * Sectors on the wire are 512 bytes, whatever the device's own are: that is what Linux does and what the
 * protocol's later text says.  A device with sectors of 4096 takes requests only in multiples of that.
 */
#ifndef PV_BLK_H
#define PV_BLK_H

#include "pv.h"
#include <xenabi/io/blkif.h>

#define BLK_SECTOR          512u
#define BLK_MAX_QUEUES      8u
#define BLK_MAX_RING_ORDER  4u          /* 16 pages, 512 requests */
#define BLK_MAX_SEGMENTS    256u
#define BLK_SEGMENTS        BLKIF_MAX_SEGMENTS_PER_REQUEST
#define BLK_SEGS_PER_PAGE   (PV_PAGE / sizeof(struct blkif_request_segment))
#define BLK_PROTOCOL        "x86_64-abi"

enum blk_op { BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_BARRIER, BLK_DISCARD };

struct blk_vec {
    void *base;
    size_t len;                         /* bytes; laid out like a struct iovec */
};

struct blk_geometry {
    uint64_t sectors;                   /* of 512 bytes */
    uint32_t sector_size;               /* 512 or 4096: the smallest that can be read or written */
    uint32_t physical_sector_size;      /* the smallest that is efficient */
    uint32_t discard_granularity;       /* bytes */
    uint32_t discard_alignment;         /* bytes */
    bool read_only, cdrom, removable;
    bool can_flush, can_discard, can_discard_secure;
};

/* A slot of the ring, before anybody knows which kind of request it is. */
union blk_request {
    uint8_t operation;
    struct blkif_request rw;
    struct blkif_request_discard discard;
    struct blkif_request_indirect indirect;
};

/* [sector, sector + nr) lies on the device and is made of its sectors.  Safe for any numbers. */
static inline bool blk_range_ok(const struct blk_geometry *g, uint64_t sector, uint64_t nr)
{
    const uint64_t per = g->sector_size / BLK_SECTOR;

    return sector <= g->sectors && nr <= g->sectors - sector && sector % per == 0 && nr % per == 0;
}

static inline bool blk_segment_ok(const struct blk_geometry *g, uint8_t first, uint8_t last)
{
    const uint32_t per = g->sector_size / BLK_SECTOR;

    return first <= last && last < PV_PAGE / BLK_SECTOR && first % per == 0 && (last + 1u) % per == 0;
}

#endif
