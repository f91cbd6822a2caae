/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gzip (RFC 1952) around DEFLATE (RFC 1951).
 *
 * Huffman codes of up to FAST_BITS bits are looked up in one step; longer ones
 * are rare and walk the canonical code lengths.
 */
#include "boot/unpack/crc.h"
#include "boot/unpack/unpack_job.h"

#define CODE_BITS_MAX 15
#define FAST_BITS     10
#define NR_LITLEN     288
#define NR_DIST       32

/* A canonical Huffman code.  @fast is indexed by the next FAST_BITS of input. */
struct huffman {
    uint16_t fast[1 << FAST_BITS];      /* symbol << 4 | length; 0: longer or no code */
    uint16_t nr_of_length[CODE_BITS_MAX + 1];
    uint16_t sorted[NR_LITLEN];         /* symbols by length, then by value */
};

struct inflate {
    struct unpack_job *j;
    uint64_t bits;                      /* lowest bit is next */
    unsigned int nr_bits;
    unsigned int nr_invented;           /* zero bits added after the end of input */
    struct huffman litlen, dist;
    uint8_t lengths[NR_LITLEN + NR_DIST];
    struct crc32_table crc32;
};

size_t unpack_gzip_scratch(void)
{
    return sizeof(struct inflate);
}

/*
 * Have at least 48 bits.  Beyond the input they are zeroes, and used_up() tells
 * whether any of those was consumed: one check per symbol instead of per read.
 */
static always_inline void refill(struct inflate *f)
{
    struct unpack_job *j = f->j;

    while ( f->nr_bits <= 56 ) {
        if ( j->in < j->in_end )
            f->bits |= (uint64_t)*j->in++ << f->nr_bits;
        else
            f->nr_invented += 8;
        f->nr_bits += 8;
    }
}

static bool used_up(const struct inflate *f)
{
    return f->nr_invented > f->nr_bits;
}

/* @n <= 16, and refill() guarantees three such reads. */
static always_inline unsigned int take_bits(struct inflate *f, unsigned int n)
{
    const unsigned int v = f->bits & (BIT(n) - 1);

    f->bits >>= n;
    f->nr_bits -= n;
    return v;
}

/* Fill @h from the code @lengths of @nr symbols; false if they are oversubscribed. */
static bool huffman_build(struct huffman *h, const uint8_t *lengths, unsigned int nr)
{
    uint16_t place[CODE_BITS_MAX + 2] = { 0 };
    uint32_t code = 0, next[CODE_BITS_MAX + 1];
    int left = 1;

    memset(h, 0, sizeof(*h));
    for ( unsigned int s = 0; s < nr; s++ )
        h->nr_of_length[lengths[s]]++;
    h->nr_of_length[0] = 0;

    for ( unsigned int len = 1; len <= CODE_BITS_MAX; len++ ) {
        left = left * 2 - h->nr_of_length[len];
        if ( left < 0 )
            return false;
        code = (code + h->nr_of_length[len - 1]) << 1;
        next[len] = code;
        place[len + 1] = place[len] + h->nr_of_length[len];
    }

    for ( unsigned int s = 0; s < nr; s++ ) {
        const unsigned int len = lengths[s];
        uint32_t reversed = 0;

        if ( !len )
            continue;
        h->sorted[place[len]++] = s;
        if ( len > FAST_BITS )
            continue;
        for ( unsigned int i = 0; i < len; i++ )
            reversed |= (next[len] >> i & 1) << (len - 1 - i);
        next[len]++;
        for ( ; reversed < BIT(FAST_BITS); reversed += BIT(len) )
            h->fast[reversed] = s << 4 | len;
    }
    return true;
}

/* A code longer than FAST_BITS, bit by bit; -1 if there is no such code. */
static int decode_slow(struct inflate *f, const struct huffman *h)
{
    int code = 0, first = 0, index = 0;

    for ( unsigned int len = 1; len <= CODE_BITS_MAX; len++ ) {
        const int nr = h->nr_of_length[len];

        code |= f->bits >> (len - 1) & 1;
        if ( code - first < nr ) {
            take_bits(f, len);
            return h->sorted[index + code - first];
        }
        index += nr;
        first = (first + nr) << 1;
        code <<= 1;
    }
    return -1;
}

static always_inline int decode_symbol(struct inflate *f, const struct huffman *h)
{
    const unsigned int e = h->fast[f->bits & (BIT(FAST_BITS) - 1)];

    if ( !e )
        return decode_slow(f, h);
    take_bits(f, e & 15);
    return e >> 4;
}

/* Symbol 257 + i: length; symbol i: distance (RFC 1951 3.2.5). */
static const uint16_t length_base[29] = {
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31,
    35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258
};
static const uint16_t dist_base[30] = {
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769,
    1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577
};

static unsigned int length_extra_bits(unsigned int i)
{
    return i < 8 || i == 28 ? 0 : i / 4 - 1;
}

static int must_check inflate_match(struct inflate *f, unsigned int i)
{
    struct unpack_job *j = f->j;

    if ( i >= ARRAY_SIZE(length_base) )
        return unpack_fail(j, "gzip: bad length code");

    const size_t len = length_base[i] + take_bits(f, length_extra_bits(i));
    const unsigned int d = decode_symbol(f, &f->dist);

    if ( d >= ARRAY_SIZE(dist_base) )
        return unpack_fail(j, "gzip: bad distance code");

    const size_t dist = dist_base[d] + take_bits(f, d < 4 ? 0 : d / 2 - 1);

    if ( dist > (size_t)(j->out - j->out_start) )
        return unpack_fail(j, "gzip: distance before the start");
    if ( len > out_left(j) )
        return unpack_too_big(j);
    j->out = copy_match(j->out, j->out_end, dist, len);
    return 0;
}

static int must_check inflate_symbols(struct inflate *f)
{
    struct unpack_job *j = f->j;

    for ( ; ; ) {
        refill(f);
        if ( used_up(f) )
            return unpack_fail(j, "gzip: truncated");

        const int s = decode_symbol(f, &f->litlen);

        if ( s < 0 )
            return unpack_fail(j, "gzip: bad code");
        if ( s == 256 )
            return 0;
        if ( s < 256 ) {
            if ( j->out == j->out_end )
                return unpack_too_big(j);
            *j->out++ = s;
            continue;
        }

        const int rc = inflate_match(f, s - 257);

        if ( rc )
            return rc;
    }
}

static int must_check inflate_stored(struct inflate *f)
{
    struct unpack_job *j = f->j;

    /* To the byte boundary, and whole bytes back to the input. */
    take_bits(f, f->nr_bits % 8);
    if ( used_up(f) )
        return unpack_fail(j, "gzip: truncated");
    j->in -= (f->nr_bits - f->nr_invented) / 8;
    f->bits = f->nr_bits = f->nr_invented = 0;

    if ( in_left(j) < 4 )
        return unpack_fail(j, "gzip: truncated");

    const uint16_t len = get_le16(j->in), inverse = get_le16(j->in + 2);

    if ( (len ^ inverse) != 0xffff )
        return unpack_fail(j, "gzip: bad stored block");
    j->in += 4;
    return unpack_stored(j, len, "gzip: truncated");
}

static int must_check fixed_codes(struct inflate *f)
{
    for ( unsigned int s = 0; s < NR_LITLEN; s++ )
        f->lengths[s] = s < 144 ? 8 : s < 256 ? 9 : s < 280 ? 7 : 8;
    memset(f->lengths + NR_LITLEN, 5, NR_DIST);
    if ( !huffman_build(&f->litlen, f->lengths, NR_LITLEN) ||
         !huffman_build(&f->dist, f->lengths + NR_LITLEN, NR_DIST) )
        return unpack_fail(f->j, "gzip: bad code lengths");
    return 0;
}

/* @nr code lengths, themselves coded with f->litlen. */
static int must_check read_lengths(struct inflate *f, unsigned int nr)
{
    struct unpack_job *j = f->j;
    unsigned int i = 0;

    while ( i < nr ) {
        unsigned int repeat;
        uint8_t value = 0;

        refill(f);
        if ( used_up(f) )
            return unpack_fail(j, "gzip: truncated");

        const int s = decode_symbol(f, &f->litlen);

        if ( s < 0 || s > 18 || (s == 16 && !i) )
            return unpack_fail(j, "gzip: bad code lengths");
        if ( s < 16 ) {
            f->lengths[i++] = s;
            continue;
        }
        if ( s == 16 ) {
            value = f->lengths[i - 1];
            repeat = 3 + take_bits(f, 2);
        } else {
            repeat = s == 17 ? 3 + take_bits(f, 3) : 11 + take_bits(f, 7);
        }
        if ( repeat > nr - i )
            return unpack_fail(j, "gzip: bad code lengths");
        memset(f->lengths + i, value, repeat);
        i += repeat;
    }
    return 0;
}

static int must_check dynamic_codes(struct inflate *f)
{
    static const uint8_t order[19] = {
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
    };
    const unsigned int nr_litlen = take_bits(f, 5) + 257, nr_dist = take_bits(f, 5) + 1;
    const unsigned int nr_codes = take_bits(f, 4) + 4;

    if ( nr_litlen > 286 || nr_dist > 30 )
        return unpack_fail(f->j, "gzip: bad code counts");

    memset(f->lengths, 0, 19);
    for ( unsigned int i = 0; i < nr_codes; i++ ) {
        refill(f);
        f->lengths[order[i]] = take_bits(f, 3);
    }
    if ( !huffman_build(&f->litlen, f->lengths, 19) )
        return unpack_fail(f->j, "gzip: bad code lengths");

    const int rc = read_lengths(f, nr_litlen + nr_dist);

    if ( rc )
        return rc;
    if ( !huffman_build(&f->litlen, f->lengths, nr_litlen) ||
         !huffman_build(&f->dist, f->lengths + nr_litlen, nr_dist) )
        return unpack_fail(f->j, "gzip: bad code lengths");
    return 0;
}

static int must_check inflate_blocks(struct inflate *f)
{
    bool last;

    do {
        int rc;

        refill(f);
        if ( used_up(f) )
            return unpack_fail(f->j, "gzip: truncated");
        last = take_bits(f, 1);

        switch ( take_bits(f, 2) ) {
        case 0:
            rc = inflate_stored(f);
            break;
        case 1:
            rc = fixed_codes(f);
            if ( !rc )
                rc = inflate_symbols(f);
            break;
        case 2:
            rc = dynamic_codes(f);
            if ( !rc )
                rc = inflate_symbols(f);
            break;
        default:
            rc = unpack_fail(f->j, "gzip: bad block type");
        }
        if ( rc )
            return rc;
    } while ( !last );
    return 0;
}

static bool skip_string(struct unpack_job *j)
{
    while ( j->in < j->in_end )
        if ( !*j->in++ )
            return true;
    return false;
}

static int must_check gzip_header(struct unpack_job *j)
{
    enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, RESERVED = 0xe0 };

    if ( in_left(j) < 10 )
        return unpack_fail(j, "gzip: truncated");

    const uint8_t method = j->in[2], flags = j->in[3];

    if ( method != 8 || flags & RESERVED )
        return unpack_unsupported(j, "gzip: unknown method or flags");
    j->in += 10;

    if ( flags & FEXTRA ) {
        if ( in_left(j) < 2 || in_left(j) - 2 < get_le16(j->in) )
            return unpack_fail(j, "gzip: truncated");
        j->in += 2 + get_le16(j->in);
    }
    if ( (flags & FNAME && !skip_string(j)) || (flags & FCOMMENT && !skip_string(j)) )
        return unpack_fail(j, "gzip: truncated");
    if ( flags & FHCRC ) {
        if ( in_left(j) < 2 )
            return unpack_fail(j, "gzip: truncated");
        j->in += 2;
    }
    return 0;
}

int unpack_gzip(struct unpack_job *j, void *scratch)
{
    struct inflate *f = scratch;
    int rc = gzip_header(j);

    f->j = j;
    if ( !rc )
        rc = inflate_blocks(f);
    if ( rc )
        return rc;

    take_bits(f, f->nr_bits % 8);
    if ( used_up(f) )
        return unpack_fail(j, "gzip: truncated");
    j->in -= (f->nr_bits - f->nr_invented) / 8;
    if ( in_left(j) < 8 )
        return unpack_fail(j, "gzip: truncated");

    const size_t len = j->out - j->out_start;

    crc32_init(&f->crc32);
    if ( crc32(&f->crc32, j->out_start, len) != get_le32(j->in) ||
         (uint32_t)len != get_le32(j->in + 4) )
        return unpack_fail(j, "gzip: checksum of the contents does not match");
    j->in += 8;
    return 0;
}
