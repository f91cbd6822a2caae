/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xz container (format 1.0.4): stream header, blocks, index, footer.
 * Filters: LZMA2, alone or after x86 BCJ.  Checks: none, CRC-32, CRC-64.
 */
#include "boot/unpack/bcj_x86.h"
#include "boot/unpack/crc.h"
#include "boot/unpack/lzma2.h"

enum { CHECK_NONE = 0, CHECK_CRC32 = 1, CHECK_CRC64 = 4 };
enum { FILTER_X86 = 0x04, FILTER_LZMA2 = 0x21 };

#define HEADER_BYTES 12                 /* stream header and footer alike */

struct xz {
    struct lzma2 lzma2;
    struct crc32_table crc32;
    struct crc64_table crc64;
    unsigned int check;
    /* What the index has to add up to. */
    uint64_t nr_blocks, unpadded_sum, uncompressed_sum;
};

struct block {
    bool has_stored, has_plain, x86;
    uint64_t stored, plain;          /* sizes that the header states */
    uint32_t x86_start;
};

size_t unpack_xz_scratch(void)
{
    return sizeof(struct xz);
}

/* A number of 1 to 9 bytes, 7 bits each, lowest first, at *@p; false if it is malformed. */
static bool read_varint(const uint8_t **p, const uint8_t *end, uint64_t *value)
{
    *value = 0;
    for ( unsigned int shift = 0; shift < 63 && *p < end; shift += 7 ) {
        const uint8_t b = *(*p)++;

        *value |= (uint64_t)(b & 0x7f) << shift;
        if ( !(b & 0x80) )
            return b || !shift;
    }
    return false;
}

static bool all_zero(const uint8_t *p, const uint8_t *end)
{
    for ( ; p < end; p++ )
        if ( *p )
            return false;
    return true;
}

static int must_check stream_header(struct xz *x, struct unpack_job *j)
{
    const uint8_t *h = j->in;

    if ( in_left(j) < HEADER_BYTES )
        return unpack_fail(j, "xz: truncated");
    if ( crc32(&x->crc32, h + 6, 2) != get_le32(h + 8) )
        return unpack_fail(j, "xz: damaged stream header");
    if ( h[6] || h[7] & 0xf0 )
        return unpack_unsupported(j, "xz: unknown stream flags");

    x->check = h[7];
    if ( x->check != CHECK_NONE && x->check != CHECK_CRC32 && x->check != CHECK_CRC64 )
        return unpack_unsupported(j, "xz: only the checks none, crc32 and crc64 are known");
    j->in += HEADER_BYTES;
    return 0;
}

/* One filter's entry at *@p; @last tells whether LZMA2 has to be it. */
static int must_check read_filter(struct unpack_job *j, struct block *b,
                                  const uint8_t **p, const uint8_t *end, bool last)
{
    uint64_t id, props;

    if ( !read_varint(p, end, &id) || !read_varint(p, end, &props) ||
         props > (size_t)(end - *p) )
        return unpack_fail(j, "xz: damaged block header (filters)");

    if ( last && id == FILTER_LZMA2 && props == 1 ) {
        /* The byte is the dictionary size; ours is all of the output. */
    } else if ( !last && id == FILTER_X86 && (props == 0 || props == 4) ) {
        b->x86 = true;
        b->x86_start = props ? get_le32(*p) : 0;
    } else {
        return unpack_unsupported(j, "xz: only the filters lzma2 and x86 are known");
    }
    *p += props;
    return 0;
}

/* @len bytes at j->in, which are there; j->in moves behind them. */
static int must_check block_header(struct xz *x, struct unpack_job *j,
                                   struct block *b, size_t len)
{
    const uint8_t *p = j->in + 2, *end = j->in + len - 4;
    const uint8_t flags = j->in[1];
    const unsigned int nr_filters = (flags & 3) + 1;

    if ( crc32(&x->crc32, j->in, len - 4) != get_le32(end) )
        return unpack_fail(j, "xz: damaged block header");
    if ( flags & 0x3c || nr_filters > 2 )
        return unpack_unsupported(j, "xz: only the filters lzma2 and x86 are known");

    b->has_stored = flags & 0x40;
    b->has_plain = flags & 0x80;
    if ( (b->has_stored && !read_varint(&p, end, &b->stored)) ||
         (b->has_plain && !read_varint(&p, end, &b->plain)) )
        return unpack_fail(j, "xz: damaged block header (sizes)");

    for ( unsigned int i = 0; i < nr_filters; i++ ) {
        const int rc = read_filter(j, b, &p, end, i + 1 == nr_filters);

        if ( rc )
            return rc;
    }
    if ( !all_zero(p, end) )
        return unpack_fail(j, "xz: damaged block header (padding)");
    j->in += len;
    return 0;
}

static size_t check_bytes(const struct xz *x)
{
    return x->check == CHECK_NONE ? 0 : x->check == CHECK_CRC32 ? 4 : 8;
}

/* The check value over the block's output, which starts at @out. */
static int must_check verify_check(struct xz *x, struct unpack_job *j, const uint8_t *out)
{
    const size_t len = j->out - out, bytes = check_bytes(x);
    bool ok = true;

    if ( in_left(j) < bytes )
        return unpack_fail(j, "xz: truncated");
    if ( x->check == CHECK_CRC32 )
        ok = crc32(&x->crc32, out, len) == get_le32(j->in);
    else if ( x->check == CHECK_CRC64 )
        ok = crc64(&x->crc64, out, len) == get_le64(j->in);
    if ( !ok )
        return unpack_fail(j, "xz: checksum of the contents does not match");
    j->in += bytes;
    return 0;
}

static int must_check read_block(struct xz *x, struct unpack_job *j)
{
    const size_t header = ((size_t)j->in[0] + 1) * 4;
    const uint8_t *start = j->in;
    uint8_t *const out = j->out;
    struct block b = { 0 };
    int rc;

    if ( in_left(j) < header )
        return unpack_fail(j, "xz: truncated");
    rc = block_header(x, j, &b, header);
    if ( !rc )
        rc = lzma2_decode(&x->lzma2, j);
    if ( rc )
        return rc;

    const size_t stored = j->in - start - header, plain = j->out - out;
    const size_t padding = -stored & 3;

    if ( (b.has_stored && b.stored != stored) || (b.has_plain && b.plain != plain) )
        return unpack_fail(j, "xz: block sizes do not match its header");
    if ( in_left(j) < padding || !all_zero(j->in, j->in + padding) )
        return unpack_fail(j, "xz: bad block padding");
    j->in += padding;

    if ( b.x86 )
        bcj_x86_decode(out, plain, b.x86_start);

    x->nr_blocks++;
    x->unpadded_sum += header + stored + check_bytes(x);
    x->uncompressed_sum += plain;
    return verify_check(x, j, out);
}

/* The index at j->in, compared in sum with the blocks seen; its bytes in *@bytes. */
static int must_check read_index(struct xz *x, struct unpack_job *j, size_t *bytes)
{
    const uint8_t *start = j->in, *p = start + 1, *end = j->in_end;
    uint64_t nr, unpadded, uncompressed, unpadded_sum = 0, uncompressed_sum = 0;

    if ( !read_varint(&p, end, &nr) || nr != x->nr_blocks )
        return unpack_fail(j, "xz: index does not match the blocks");
    for ( ; nr; nr-- ) {
        if ( !read_varint(&p, end, &unpadded) || !read_varint(&p, end, &uncompressed) )
            return unpack_fail(j, "xz: damaged index");
        unpadded_sum += unpadded;
        uncompressed_sum += uncompressed;
    }
    if ( unpadded_sum != x->unpadded_sum || uncompressed_sum != x->uncompressed_sum )
        return unpack_fail(j, "xz: index does not match the blocks");

    const size_t padding = -(p - start) & 3;

    if ( (size_t)(end - p) < padding + 4 || !all_zero(p, p + padding) )
        return unpack_fail(j, "xz: damaged index");
    p += padding;
    if ( crc32(&x->crc32, start, p - start) != get_le32(p) )
        return unpack_fail(j, "xz: damaged index");

    j->in = p + 4;
    *bytes = j->in - start;
    return 0;
}

static int must_check stream_footer(struct xz *x, struct unpack_job *j, size_t index_bytes)
{
    const uint8_t *f = j->in;

    if ( in_left(j) < HEADER_BYTES )
        return unpack_fail(j, "xz: truncated");
    if ( f[10] != 'Y' || f[11] != 'Z' || crc32(&x->crc32, f + 4, 6) != get_le32(f) ||
         ((uint64_t)get_le32(f + 4) + 1) * 4 != index_bytes || f[8] || f[9] != x->check )
        return unpack_fail(j, "xz: damaged stream footer");
    j->in += HEADER_BYTES;
    return 0;
}

int unpack_xz(struct unpack_job *j, void *scratch)
{
    struct xz *x = scratch;
    size_t index_bytes;
    int rc;

    crc32_init(&x->crc32);
    crc64_init(&x->crc64);
    rc = stream_header(x, j);

    while ( !rc && j->in < j->in_end && *j->in != 0 )
        rc = read_block(x, j);
    if ( rc )
        return rc;
    if ( j->in == j->in_end )
        return unpack_fail(j, "xz: truncated");

    rc = read_index(x, j, &index_bytes);
    return rc ? rc : stream_footer(x, j, index_bytes);
}
