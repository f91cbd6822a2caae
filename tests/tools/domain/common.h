/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of this folder share.
 */
#ifndef COMMON_H
#define COMMON_H

#include "xenolith/xenolith.h"

#define TINY_REST   "kernel=\"/bin/sh\"\nmemory=8\n"
#define TINY_CONFIG "name=\"tiny\"\n" TINY_REST

/* The guest "lin" of the observed store, with a second, scripted disk. */
#define FULL_CONFIG \
    "name=\"lin\"\nkernel=\"/guest/vmlinux\"\nramdisk=\"/bin/sh\"\nextra=\"console=hvc0\"\n" \
    "memory=96\nmaxmem=128\nvcpus=2\nmaxvcpus=3\n" \
    "disk=[\"format=raw,vdev=xvda,access=r,target=/bin/sh\"," \
    "\"format=raw,vdev=xvdb,access=r,target=/bin/true\"]\n" \
    "vif=[\"bridge=xenbr0,mac=00:16:3e:17:e9:4e\"]\n"

/* A fresh fake host and a context in *state. */
int setup(void **state);
int teardown(void **state);

/* Read a configuration and create the domain. */
int create(struct xn_ctx *ctx, const char *text, const struct xn_create_options *options,
           uint32_t *domid);

size_t count_files(const char *dir);
size_t count_claims(void);
size_t count_back_ends(void);
/* As after the end of the process that held them. */
void close_locks(void);
void unlink_history(void);

/* The store's nodes are those of a file of this folder, line by line; "*" in it is anything. */
void assert_matches_file(const char *name);

struct warnings {
    char text[4096];
};
void collect_warnings(struct xn_ctx *ctx, struct warnings *w);

/* The directory of the fake host. */
extern char fake_dir[64];

#endif
