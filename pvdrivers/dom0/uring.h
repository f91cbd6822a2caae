/* SPDX-License-Identifier: MIT */
/*
 * One io_uring for all that a back end's process waits for and does with its files: a round is one system call.
 */
#ifndef PV_DOM0_URING_H
#define PV_DOM0_URING_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

enum uring_file { URING_EVENTS, URING_STORE, URING_SIGNALS, URING_DEVICE, URING_FILES };

extern struct io_uring uring;
extern int uring_files[URING_FILES];        /* filled in before uring_open() */

/*
 * A ring that may do the @nr operations of @may, and wait for the first three files, and nothing else; with places for
 * @buffers pieces of memory that are made known to it.  0 or -errno.
 */
int uring_open(const uint8_t *may, unsigned int nr, unsigned int buffers);

/* A place for an operation; NULL: none, even after all was handed over. */
struct io_uring_sqe *uring_operation(void);

/*
 * Hand over what is prepared, and wait until something has ended, unless there is @more to do.  The bits of the first
 * three files that something came on; what else ended goes to @complete.  Negative: we cannot wait any longer.
 */
int uring_turn(bool more, void (*complete)(const struct io_uring_cqe *cqe));

#endif
