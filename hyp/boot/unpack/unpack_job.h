/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What unpack.c and the decoders share; not for anyone else. */
#pragma once

#include <stdbool.h>

#include "base/bits.h"
#include "base/errno.h"
#include "base/le.h"
#include "base/string.h"
#include "boot/unpack/unpack.h"

struct unpack_job {
    const uint8_t *in, *in_end;     /* what is left to read */
    uint8_t *out, *out_end;         /* what is left to write */
    uint8_t *out_start;
    const char *why;                /* set with every failure */
};

/* Each starts at its magic number, with zeroed scratch of the size given in unpack.c. */
int unpack_gzip(struct unpack_job *j, void *scratch);
int unpack_xz(struct unpack_job *j, void *scratch);
int unpack_zstd(struct unpack_job *j, void *scratch);
int unpack_lz4(struct unpack_job *j, void *scratch);

size_t unpack_gzip_scratch(void);
size_t unpack_xz_scratch(void);
size_t unpack_zstd_scratch(void);

static inline int must_check unpack_fail(struct unpack_job *j, const char *why)
{
    j->why = why;
    return -XEN_EINVAL;
}

static inline int must_check unpack_unsupported(struct unpack_job *j, const char *why)
{
    j->why = why;
    return -XEN_EOPNOTSUPP;
}

static inline int must_check unpack_too_big(struct unpack_job *j)
{
    j->why = "output is larger than the room for it";
    return -XEN_ENOSPC;
}

static inline size_t in_left(const struct unpack_job *j)
{
    return j->in_end - j->in;
}

static inline size_t out_left(const struct unpack_job *j)
{
    return j->out_end - j->out;
}

/* The next @len bytes as they are; @truncated: what to say if they are not all there. */
static inline int must_check unpack_stored(struct unpack_job *j, size_t len, const char *truncated)
{
    if ( in_left(j) < len )
        return unpack_fail(j, truncated);
    if ( out_left(j) < len )
        return unpack_too_big(j);
    memcpy(j->out, j->in, len);
    j->in += len;
    j->out += len;
    return 0;
}

static inline void put_le32(uint8_t *p, uint32_t v)
{
    for ( int i = 0; i < 4; i++ )
        p[i] = v >> (8 * i);
}

/*
 * Repeat @len bytes from @dist bytes back.  The caller has checked that
 * 1 <= @dist <= bytes written, and that @len bytes are free before @end.
 */
static always_inline uint8_t *copy_match(uint8_t *out, const uint8_t *end,
                                         size_t dist, size_t len)
{
    const uint8_t *from = out - dist;
    uint8_t *const stop = out + len;

    /* Whole words may run up to 7 bytes past the match, not past the buffer. */
    if ( dist >= 8 && (size_t)(end - stop) >= 8 ) {
        do {
            __builtin_memcpy(out, from, 8);
            out += 8;
            from += 8;
        } while ( out < stop );
        return stop;
    }
    while ( out < stop )
        *out++ = *from++;
    return stop;
}
