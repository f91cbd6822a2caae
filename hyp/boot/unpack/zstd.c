/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zstd frames (RFC 8878), without dictionaries.  The output buffer is the
 * window; the content checksum is verified if there is one.
 */
#include "boot/unpack/zstd.h"

#define BLOCK_MAX (128u << 10)

struct zstd {
    struct fse ll, of, ml;              /* literal lengths, offsets, match lengths */
    struct huf huf;
    struct fse weights;                 /* scratch of huf_read() */
    size_t rep[3];                      /* latest offsets, newest first */
    uint8_t *frame_start;               /* in the output */
    const uint8_t *lit;                 /* literals of this block, in lit_buf or the input */
    size_t lit_len;
    uint8_t lit_buf[BLOCK_MAX];
};

/* One of the three symbol kinds of a sequence. */
struct kind {
    const char *damaged;
    const int16_t *norm;                /* predefined distribution */
    uint8_t nr_norm, norm_log, max_symbol, max_log;
};

static const int16_t ll_norm[36] = {
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1
};
static const int16_t ml_norm[53] = {
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1
};
static const int16_t of_norm[29] = {
    1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1
};

static const struct kind ll_kind = { "zstd: bad literal length table", ll_norm, 36, 6, 35, 9 };
static const struct kind of_kind = { "zstd: bad offset table", of_norm, 29, 5, 31, 8 };
static const struct kind ml_kind = { "zstd: bad match length table", ml_norm, 53, 6, 52, 9 };

/* Length codes: the base and how many extra bits (RFC 8878 3.1.1.3.2.1.1). */
static const uint32_t ll_base[36] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40,
    48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536
};
static const uint8_t ll_extra[36] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3,
    4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
};
static const uint32_t ml_base[53] = {
    3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
    27, 28, 29, 30, 31, 32, 33, 34, 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515,
    1027, 2051, 4099, 8195, 16387, 32771, 65539
};
static const uint8_t ml_extra[53] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
};

size_t unpack_zstd_scratch(void)
{
    return sizeof(struct zstd);
}

/* Literals as they stand or one byte repeated; *@in is at the section's header. */
static int must_check plain_literals(struct zstd *z, struct unpack_job *j,
                                     const uint8_t **in, const uint8_t *end)
{
    const uint8_t *p = *in;
    const unsigned int format = p[0] >> 2 & 3;
    const size_t header = format == 1 ? 2 : format == 3 ? 3 : 1;
    const bool rle = (p[0] & 3) == 1;
    size_t len;

    if ( (size_t)(end - p) < header )
        return unpack_fail(j, "zstd: truncated block");
    len = header == 1 ? p[0] >> 3 : get_le16(p) >> 4;
    if ( header == 3 )
        len |= (size_t)p[2] << 12;
    p += header;

    if ( len > BLOCK_MAX || (size_t)(end - p) < (rle ? 1 : len) )
        return unpack_fail(j, "zstd: bad literals");
    z->lit = rle ? z->lit_buf : p;
    z->lit_len = len;
    if ( rle )
        memset(z->lit_buf, p[0], len);
    *in = p + (rle ? 1 : len);
    return 0;
}

/* The @len bytes at @p as 1 or 4 Huffman streams into z->lit_buf. */
static bool decode_streams(struct zstd *z, struct unpack_job *j, const uint8_t *p, size_t len,
                           bool four)
{
    uint8_t *out = z->lit_buf;
    const uint8_t *sizes = p;
    size_t out_left = z->lit_len;
    const size_t quarter = (z->lit_len + 3) / 4;

    if ( !four )
        return huf_decode(&z->huf, p, len, j->in_end, out, out_left);
    if ( len < 6 || out_left < 6 )
        return false;

    p += 6;
    len -= 6;
    for ( int i = 0; i < 3; i++ ) {
        const size_t size = get_le16(sizes + 2 * i);

        if ( size > len || quarter > out_left ||
             !huf_decode(&z->huf, p, size, j->in_end, out, quarter) )
            return false;
        p += size;
        len -= size;
        out += quarter;
        out_left -= quarter;
    }
    return huf_decode(&z->huf, p, len, j->in_end, out, out_left);
}

static int must_check coded_literals(struct zstd *z, struct unpack_job *j,
                                     const uint8_t **in, const uint8_t *end)
{
    const uint8_t *p = *in;
    const unsigned int type = p[0] & 3, format = p[0] >> 2 & 3;
    const unsigned int bits = format < 2 ? 10 : format == 2 ? 14 : 18;
    const size_t header = format < 2 ? 3 : format == 2 ? 4 : 5;

    if ( (size_t)(end - p) < header )
        return unpack_fail(j, "zstd: truncated block");

    const uint64_t h = load_le64(p, end) >> 4;
    const size_t len = h >> bits & (BIT(bits) - 1);

    z->lit = z->lit_buf;
    z->lit_len = h & (BIT(bits) - 1);
    p += header;
    if ( z->lit_len > BLOCK_MAX || len > (size_t)(end - p) )
        return unpack_fail(j, "zstd: bad literals");
    end = p + len;
    *in = end;

    if ( type == 2 && !huf_read(&z->huf, &z->weights, &p, end, j->in_end) )
        return unpack_fail(j, "zstd: bad Huffman table");
    if ( !z->huf.max_bits )
        return unpack_fail(j, "zstd: Huffman table repeated before there was one");
    if ( !decode_streams(z, j, p, end - p, format != 0) )
        return unpack_fail(j, "zstd: bad literals");
    return 0;
}

static int must_check read_table(struct unpack_job *j, struct fse *t, const struct kind *k,
                                 unsigned int mode, const uint8_t **p, const uint8_t *end)
{
    bool ok;

    switch ( mode ) {
    case 0:
        ok = fse_build(t, k->norm, k->nr_norm, k->norm_log);
        break;
    case 1:
        ok = *p < end && **p <= k->max_symbol;
        if ( ok )
            fse_single(t, *(*p)++);
        break;
    case 2:
        ok = fse_read(t, p, end, k->max_symbol, k->max_log);
        break;
    default:
        ok = t->valid;
    }
    return ok ? 0 : unpack_fail(j, k->damaged);
}

/* Turn an offset code's value into a distance and remember it; 0 if malformed. */
static always_inline size_t use_offset(size_t rep[3], size_t value, bool no_literals)
{
    size_t dist;

    if ( value > 3 ) {
        dist = value - 3;
        rep[2] = rep[1];
        rep[1] = rep[0];
    } else {
        const unsigned int i = value - 1 + no_literals;

        dist = i < 3 ? rep[i] : rep[0] - 1;
        if ( i > 1 )
            rep[2] = rep[1];
        if ( i > 0 )
            rep[1] = rep[0];
    }
    rep[0] = dist;
    return dist;
}

/* Append @len literals, which are there; the caller checked the output's room. */
static always_inline void copy_literals(struct zstd *z, struct unpack_job *j, size_t len)
{
    memcpy(j->out, z->lit, len);
    j->out += len;
    z->lit += len;
    z->lit_len -= len;
}

static int must_check run_sequences(struct zstd *z, struct unpack_job *j,
                                    struct bits_back *b, unsigned int nr)
{
    unsigned int ll = bits_read(b, z->ll.log), of = bits_read(b, z->of.log);
    unsigned int ml = bits_read(b, z->ml.log);

    for ( ; ; ) {
        const struct fse_entry l = z->ll.e[ll], o = z->of.e[of], m = z->ml.e[ml];
        const size_t value = BIT(o.symbol) + bits_read(b, o.symbol);
        const size_t match = ml_base[m.symbol] + bits_read(b, ml_extra[m.symbol]);
        const size_t lits = ll_base[l.symbol] + bits_read(b, ll_extra[l.symbol]);
        const size_t dist = use_offset(z->rep, value, lits == 0);

        if ( lits > z->lit_len )
            return unpack_fail(j, "zstd: sequences take more literals than there are");
        if ( lits + match > out_left(j) )
            return unpack_too_big(j);
        copy_literals(z, j, lits);
        if ( !dist || dist > (size_t)(j->out - z->frame_start) )
            return unpack_fail(j, "zstd: offset before the start");
        j->out = copy_match(j->out, j->out_end, dist, match);

        if ( !--nr )
            break;
        ll = l.base + bits_read(b, l.nr_bits);
        ml = m.base + bits_read(b, m.nr_bits);
        of = o.base + bits_read(b, o.nr_bits);
        if ( b->pos < 0 )
            break;
    }
    return b->pos == 0 ? 0 : unpack_fail(j, "zstd: damaged sequences");
}

/* The sequences section, [p, end): builds the block's output together with the literals. */
static int must_check read_sequences(struct zstd *z, struct unpack_job *j,
                                     const uint8_t *p, const uint8_t *end)
{
    struct bits_back b;
    unsigned int nr;
    int rc;

    if ( p == end )
        return unpack_fail(j, "zstd: truncated block");
    nr = *p++;
    if ( nr >= 128 ) {
        const size_t more = nr == 255 ? 2 : 1;

        if ( (size_t)(end - p) < more )
            return unpack_fail(j, "zstd: truncated block");
        nr = more == 2 ? get_le16(p) + 0x7f00u : ((nr - 128) << 8) + p[0];
        p += more;
    }

    if ( nr ) {
        if ( p == end || *p & 3 )
            return unpack_fail(j, "zstd: bad sequence tables");

        const uint8_t modes = *p++;

        rc = read_table(j, &z->ll, &ll_kind, modes >> 6, &p, end);
        if ( !rc )
            rc = read_table(j, &z->of, &of_kind, modes >> 4 & 3, &p, end);
        if ( !rc )
            rc = read_table(j, &z->ml, &ml_kind, modes >> 2 & 3, &p, end);
        if ( rc )
            return rc;
        if ( !bits_open(&b, p, end - p, j->in_end) )
            return unpack_fail(j, "zstd: damaged sequences");
        rc = run_sequences(z, j, &b, nr);
        if ( rc )
            return rc;
    } else if ( p != end ) {
        return unpack_fail(j, "zstd: damaged sequences");
    }

    if ( z->lit_len > out_left(j) )
        return unpack_too_big(j);
    copy_literals(z, j, z->lit_len);
    return 0;
}

static int must_check coded_block(struct zstd *z, struct unpack_job *j, size_t len)
{
    const uint8_t *p = j->in, *end = p + len;
    int rc;

    if ( !len )
        return unpack_fail(j, "zstd: truncated block");
    rc = (p[0] & 2) ? coded_literals(z, j, &p, end) : plain_literals(z, j, &p, end);
    if ( !rc )
        rc = read_sequences(z, j, p, end);
    j->in = end;
    return rc;
}

static int must_check read_block(struct zstd *z, struct unpack_job *j, bool *last)
{
    if ( in_left(j) < 3 )
        return unpack_fail(j, "zstd: truncated");

    const uint32_t header = get_le16(j->in) | (uint32_t)j->in[2] << 16;
    const size_t len = header >> 3;
    const unsigned int type = header >> 1 & 3;

    *last = header & 1;
    j->in += 3;
    if ( type == 3 || len > BLOCK_MAX )
        return unpack_fail(j, "zstd: bad block header");
    if ( !type )
        return unpack_stored(j, len, "zstd: truncated");
    if ( in_left(j) < (type == 1 ? 1 : len) )
        return unpack_fail(j, "zstd: truncated");
    if ( type == 2 )
        return coded_block(z, j, len);

    if ( out_left(j) < len )
        return unpack_too_big(j);
    memset(j->out, *j->in++, len);
    j->out += len;
    return 0;
}

/* XXH64 with seed 0. */
#define XXH_1 0x9e3779b185ebca87UL
#define XXH_2 0xc2b2ae3d27d4eb4fUL
#define XXH_3 0x165667b19e3779f9UL
#define XXH_4 0x85ebca77c2b2ae63UL
#define XXH_5 0x27d4eb2f165667c5UL

static always_inline uint64_t rotate_left(uint64_t x, unsigned int n)
{
    return x << n | x >> (64 - n);
}

static always_inline uint64_t xxh_round(uint64_t acc, uint64_t w)
{
    return rotate_left(acc + w * XXH_2, 31) * XXH_1;
}

static uint64_t xxh64(const uint8_t *p, size_t len)
{
    const uint8_t *const end = p + len;
    uint64_t h = XXH_5;

    if ( len >= 32 ) {
        uint64_t a[4] = { XXH_1 + XXH_2, XXH_2, 0, 0 - XXH_1 };

        for ( ; end - p >= 32; p += 32 )
            for ( int i = 0; i < 4; i++ )
                a[i] = xxh_round(a[i], get_le64(p + 8 * i));
        h = rotate_left(a[0], 1) + rotate_left(a[1], 7) +
            rotate_left(a[2], 12) + rotate_left(a[3], 18);
        for ( int i = 0; i < 4; i++ )
            h = (h ^ xxh_round(0, a[i])) * XXH_1 + XXH_4;
    }
    h += len;
    for ( ; end - p >= 8; p += 8 )
        h = rotate_left(h ^ xxh_round(0, get_le64(p)), 27) * XXH_1 + XXH_4;
    if ( end - p >= 4 ) {
        h = rotate_left(h ^ get_le32(p) * XXH_1, 23) * XXH_2 + XXH_3;
        p += 4;
    }
    for ( ; p < end; p++ )
        h = rotate_left(h ^ *p * XXH_5, 11) * XXH_1;

    h = (h ^ h >> 33) * XXH_2;
    h = (h ^ h >> 29) * XXH_3;
    return h ^ h >> 32;
}

struct frame {
    bool has_checksum, has_size;
    uint64_t size;
};

static int must_check frame_header(struct unpack_job *j, struct frame *f)
{
    static const uint8_t dict_bytes[4] = { 0, 1, 2, 4 }, size_bytes[4] = { 0, 2, 4, 8 };

    if ( in_left(j) < 5 )
        return unpack_fail(j, "zstd: truncated");

    const uint8_t d = j->in[4];
    const bool single = d & 0x20;
    const size_t nr_dict = dict_bytes[d & 3];
    const size_t nr_size = d >> 6 ? size_bytes[d >> 6] : single;
    const uint8_t *p = j->in + 5;

    if ( d & 0x08 )
        return unpack_unsupported(j, "zstd: reserved bit in the frame header");
    if ( in_left(j) - 5 < !single + nr_dict + nr_size )
        return unpack_fail(j, "zstd: truncated");

    p += !single;                       /* window size: ours is all of the output */
    for ( size_t i = 0; i < nr_dict; i++ )
        if ( *p++ )
            return unpack_unsupported(j, "zstd: needs a dictionary");
    for ( size_t i = 0; i < nr_size; i++ )
        f->size |= (uint64_t)*p++ << (8 * i);
    if ( nr_size == 2 )
        f->size += 256;
    f->has_size = nr_size;
    f->has_checksum = d & 0x04;
    j->in = p;
    return 0;
}

int unpack_zstd(struct unpack_job *j, void *scratch)
{
    struct zstd *z = scratch;
    struct frame f = { 0 };
    bool last = false;
    int rc = frame_header(j, &f);

    if ( rc )
        return rc;
    if ( f.has_size && f.size > out_left(j) )
        return unpack_too_big(j);

    z->frame_start = j->out;
    z->rep[0] = 1;
    z->rep[1] = 4;
    z->rep[2] = 8;
    while ( !last ) {
        rc = read_block(z, j, &last);
        if ( rc )
            return rc;
    }

    const size_t len = j->out - z->frame_start;

    if ( f.has_size && len != f.size )
        return unpack_fail(j, "zstd: size does not match the frame header");
    if ( f.has_checksum ) {
        if ( in_left(j) < 4 )
            return unpack_fail(j, "zstd: truncated");
        if ( (uint32_t)xxh64(z->frame_start, len) != get_le32(j->in) )
            return unpack_fail(j, "zstd: checksum of the contents does not match");
        j->in += 4;
    }
    return 0;
}
