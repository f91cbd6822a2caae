/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk in memory with both ends of a block device on it, for the tests. */
#ifndef DISK_H
#define DISK_H

#include "blk/back.h"
#include "blk/front.h"
#include "fake.h"

#define DISK_SECTORS    8192u           /* 4 MiB */
#define FRONT_PATH      "/local/domain/5/device/vbd/51712"
#define BACK_PATH       "/local/domain/0/backend/vbd/5/51712"

struct disk_event {
    uint8_t op;
    uint64_t sector, nr_sectors;
    bool end;                           /* the end of an operation, else its start */
};

extern uint8_t disk_data[DISK_SECTORS * 512];
extern bool disk_async;                 /* operations wait for disk_finish */
extern int disk_status;                 /* what the next operations end with */
extern struct disk_event disk_events[4096];
extern unsigned int disk_nr_events, disk_waiting;

void disk_submit(void *disk, struct blkback_io *io);
void disk_finish(uint64_t *seed);       /* one waiting operation, a random one */
void disk_forget(void);                 /* those that wait are never done: the process is dead */

/* The folders as a toolstack makes them. */
void device_nodes(const char *mode, const char *type);

extern struct blkback back;
extern struct blkfront front;
extern const struct pv_ops *back_ops;
extern struct blkback_config back_config;
extern struct blkfront_config front_config;
extern struct blk_geometry geometry;

void devices_reset(void);               /* defaults for all of the above, a new world */
void back_begin(void);
void front_begin(void);
bool settle(uint64_t *seed);            /* run both until nothing moves; false: it never stopped */
void devices_end(void);                 /* stop both, check that nothing is left */

#endif
