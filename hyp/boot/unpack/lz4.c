/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lz4 legacy frames, as `lz4 -l` and the kernel's build make them: a magic
 * number, then blocks of at most 8 MiB, each behind its 32-bit length.  There
 * is no end mark: a block that comes out short of 8 MiB is the last, or else
 * the input ends (the kernel's build leaves 4 bytes of its own there).
 */
#include "boot/unpack/unpack_job.h"

#define BLOCK_MAX (8u << 20)
#define MATCH_MIN 4

/* A length: 4 bits of the token, continued in bytes of 255; false if input ends. */
static bool read_length(const uint8_t **in, const uint8_t *end, size_t *len)
{
    uint8_t b;

    if ( *len != 15 )
        return true;
    do {
        if ( *in == end )
            return false;
        b = *(*in)++;
        *len += b;
    } while ( b == 255 );
    return true;
}

/* One block of @len bytes at j->in, which are there. */
static int must_check read_block(struct unpack_job *j, size_t len)
{
    const uint8_t *in = j->in, *const in_end = in + len;
    uint8_t *out = j->out, *const start = out;
    uint8_t *const out_end = out + min(out_left(j), (size_t)BLOCK_MAX);

    for ( ; ; ) {
        if ( in == in_end )
            return unpack_fail(j, "lz4: damaged block");

        const uint8_t token = *in++;
        size_t nr_literals = token >> 4, match = token & 15;

        if ( !read_length(&in, in_end, &nr_literals) || nr_literals > (size_t)(in_end - in) )
            return unpack_fail(j, "lz4: damaged block (literals)");
        if ( nr_literals > (size_t)(out_end - out) )
            return unpack_too_big(j);
        memcpy(out, in, nr_literals);
        in += nr_literals;
        out += nr_literals;
        if ( in == in_end )
            break;                      /* the last sequence has no match */

        if ( in_end - in < 2 )
            return unpack_fail(j, "lz4: damaged block (offset)");

        const size_t dist = get_le16(in);

        in += 2;
        if ( !read_length(&in, in_end, &match) || !dist || dist > (size_t)(out - start) )
            return unpack_fail(j, "lz4: damaged block (match)");
        match += MATCH_MIN;
        if ( match > (size_t)(out_end - out) )
            return unpack_too_big(j);
        out = copy_match(out, out_end, dist, match);
    }
    j->in = in_end;
    j->out = out;
    return 0;
}

int unpack_lz4(struct unpack_job *j, void *scratch)
{
    size_t done;

    (void)scratch;
    j->in += 4;
    do {
        if ( in_left(j) < 4 )
            return unpack_fail(j, "lz4: truncated");

        const size_t len = get_le32(j->in);
        const uint8_t *before = j->out;

        j->in += 4;
        if ( in_left(j) < len )
            return unpack_fail(j, "lz4: truncated");

        const int rc = read_block(j, len);

        if ( rc )
            return rc;
        done = j->out - before;
    } while ( done == BLOCK_MAX && in_left(j) > 4 );
    return 0;
}
