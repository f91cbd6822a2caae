/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpacking of compressed kernels at boot: gzip, xz, zstd and lz4 (legacy
 * frames), each from one buffer into another.  Pure code over untrusted input.
 */
#pragma once

#include <stdint.h>
#include <stddef.h>

#include "base/compiler.h"

/* Scratch memory for tables: under 256 KiB, all of it given back before return. */
struct unpack_alloc {
    void *(*alloc)(void *ctx, size_t bytes);        /* NULL if there is none */
    void (*free)(void *ctx, void *p, size_t bytes);
    void *ctx;
};

/*
 * unpack - decompress the first stream (frame) in @in; what follows it is ignored.
 * @out:    receives at most @out_len bytes; its contents are undefined on failure.
 * @why:    set to a static text on failure.
 * Returns: bytes written; -XEN_EINVAL: damaged or unknown format; -XEN_ENOSPC:
 *          more than @out_len bytes; -XEN_ENOMEM: no scratch memory;
 *          -XEN_EOPNOTSUPP: a valid feature of the format that is not read here.
 */
int64_t must_check unpack(const void *in, size_t len, void *out, size_t out_len,
                          const struct unpack_alloc *mem, const char **why);

/* Name of the format that @in starts with, NULL if unpack() would not know it. */
const char *unpack_format(const void *in, size_t len);
