/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An opened kernel image, for the rest of the builder.
 */
#ifndef BUILD_IMAGE_H
#define BUILD_IMAGE_H

#include "build/build.h"
#include "build/cache.h"
#include "build/sandbox.h"

struct image {
    char *path, *name;          /* name: "kernel /path", for messages */
    int fd_file;
    struct stat st;
    struct image_desc desc;     /* checked */

    int fd;                     /* where the segments are: fd_file, the child's memory, the cache */
    uint64_t base;              /* to be added to their offsets */

    struct cache cache;
    bool has_hash, from_cache, keep;    /* keep: put it in the cache on closing */
    uint8_t hash[BLAKE2B_BYTES];
    uint64_t sum[DESC_SEGMENTS];        /* only if from_cache */
};

/* As image_open, with another cache and other limits (tests). */
int image_open_with(struct xn_ctx *ctx, const char *path, const char *cache, sandbox_fn *fn,
                    const struct sandbox_limits *limits, struct image **image);

/*
 * Copy segment i, filesz bytes, to memory of the guest's.  A cached copy that turns out to be
 * corrupt is thrown away and the kernel unpacked again.
 */
int image_load(struct xn_ctx *ctx, struct image *image, uint32_t i, void *to);

/* Read exactly size bytes; the reason names the file. */
int image_read(struct xn_ctx *ctx, const char *name, int fd, void *to, size_t size,
               uint64_t offset);

#endif
