/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running the parser of kernel images where it can do no harm: a child with no files, no
 * capabilities, no root, hardly any system call, little memory and little time.
 */
#ifndef BUILD_SANDBOX_H
#define BUILD_SANDBOX_H

#include "build/parse.h"
#include "ctx/context.h"

struct sandbox_limits {
    unsigned int cpu_seconds;   /* of the child */
    unsigned int wall_ms;       /* until the parent ends it */
    size_t unpacked_max;        /* bytes of output, a multiple of 4 KiB */
    size_t memory_max;          /* bytes of memory besides, for dictionaries and the like */
};

extern const struct sandbox_limits sandbox_defaults;

/* What runs in the child: parse_image, or a test's own. */
typedef int sandbox_fn(const uint8_t *file, size_t size, const struct parse_output *out,
                       struct image_desc *d, struct image_error *e);

/*
 * Have fn read the file of size bytes behind fd, called name in messages.  0: d is what it
 * wrote, already checked (desc_check), and *out_fd, if d->source is SOURCE_UNPACKED, the memory
 * with what it unpacked, from DESC_ROOM on (else -1).  On failure nothing is left.
 */
int sandbox_parse(struct xn_ctx *ctx, const char *name, int fd, uint64_t size, sandbox_fn *fn,
                  const struct sandbox_limits *limits, struct image_desc *d, int *out_fd);

/*
 * sandbox_child.c: the child's part.  Gives up everything but fd_report; never returns.  The
 * exit status: 0 with the description in out's first DESC_ROOM bytes, 1 with the reason in
 * fd_report, 2 likewise if it could not be confined.
 */
struct sandbox_job {
    int fd_file, fd_out, fd_report;
    uint64_t file_size;
    sandbox_fn *fn;
    const struct sandbox_limits *limits;
};
void sandbox_child(const struct sandbox_job *job) __attribute__((noreturn));

/* Where in the first DESC_ROOM bytes the child tells how far it is. */
#define SANDBOX_PROGRESS (DESC_ROOM - 8)

#endif
