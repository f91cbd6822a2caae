/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zstd's entropy coding (RFC 8878 chapter 4): FSE tables and Huffman literals. */
#include "boot/unpack/zstd.h"

#define FSE_LOG_MIN   5
#define WEIGHT_LOG_MAX 6
#define WEIGHTS_MAX   255

bool fse_build(struct fse *t, const int16_t *norm, unsigned int nr, unsigned int log)
{
    const unsigned int size = 1u << log, step = (size >> 1) + (size >> 3) + 3;
    uint16_t next[FSE_SYMBOLS];
    unsigned int high = size, pos = 0;

    for ( unsigned int s = 0; s < nr; s++ ) {
        next[s] = norm[s] < 0 ? 1 : norm[s];
        if ( norm[s] < 0 )
            t->e[--high].symbol = s;
    }
    for ( unsigned int s = 0; s < nr; s++ )
        for ( int i = 0; i < norm[s]; i++ ) {
            t->e[pos].symbol = s;
            do
                pos = (pos + step) & (size - 1);
            while ( pos >= high );
        }
    if ( pos != 0 )
        return false;

    for ( unsigned int i = 0; i < size; i++ ) {
        const unsigned int n = next[t->e[i].symbol]++;

        t->e[i].nr_bits = log - highest_bit(n);
        t->e[i].base = (n << t->e[i].nr_bits) - size;
    }
    t->log = log;
    t->valid = true;
    return true;
}

void fse_single(struct fse *t, uint8_t symbol)
{
    t->e[0] = (struct fse_entry){ .symbol = symbol };
    t->log = 0;
    t->valid = true;
}

/* Forward reader for the table descriptions, which are short. */
struct bits_forward {
    const uint8_t *base, *end;
    size_t pos;                         /* in bits */
};

static unsigned int peek_forward(const struct bits_forward *b, unsigned int n)
{
    const uint8_t *p = b->base + b->pos / 8;

    return p < b->end ? load_le64(p, b->end) >> (b->pos % 8) & (BIT(n) - 1) : 0;
}

/* One symbol's share: a number up to @remaining + 1 in just as many bits as needed. */
static int read_share(struct bits_forward *b, unsigned int remaining)
{
    const unsigned int bits = highest_bit(remaining + 1) + 1;
    const unsigned int low_mask = (1u << (bits - 1)) - 1;
    const unsigned int nr_short = (1u << bits) - 1 - (remaining + 1);
    unsigned int value = peek_forward(b, bits);

    if ( (value & low_mask) < nr_short ) {
        b->pos += bits - 1;
        value &= low_mask;
    } else {
        b->pos += bits;
        if ( value > low_mask )
            value -= nr_short;
    }
    return (int)value - 1;
}

bool fse_read(struct fse *t, const uint8_t **p, const uint8_t *end,
              unsigned int max_symbol, unsigned int max_log)
{
    struct bits_forward b = { *p, end, 0 };
    int16_t norm[FSE_SYMBOLS];
    unsigned int nr = 0, repeat;
    const unsigned int log = peek_forward(&b, 4) + FSE_LOG_MIN;
    int remaining = 1 << log;

    t->valid = false;
    if ( log > max_log )
        return false;
    b.pos = 4;

    while ( remaining > 0 && nr <= max_symbol ) {
        const int share = read_share(&b, remaining);

        remaining -= share < 0 ? 1 : share;
        norm[nr++] = share;
        if ( share != 0 )
            continue;
        do {
            repeat = peek_forward(&b, 2);
            b.pos += 2;
            if ( nr + repeat > max_symbol + 1 )
                return false;
            for ( unsigned int i = 0; i < repeat; i++ )
                norm[nr++] = 0;
        } while ( repeat == 3 );
    }

    const size_t bytes = (b.pos + 7) / 8;

    if ( remaining != 0 || bytes > (size_t)(end - *p) )
        return false;
    *p += bytes;
    return fse_build(t, norm, nr, log);
}

/* Weights coded with two alternating FSE states; returns how many, 0 if malformed. */
static unsigned int read_coded_weights(uint8_t *weights, struct fse *t, const uint8_t *p,
                                       const uint8_t *end, const uint8_t *readable)
{
    struct bits_back b;
    unsigned int state[2], nr = 0;

    if ( !fse_read(t, &p, end, WEIGHT_LOG_MAX * 2, WEIGHT_LOG_MAX) ||
         !bits_open(&b, p, end - p, readable) )
        return 0;
    state[0] = bits_read(&b, t->log);
    state[1] = bits_read(&b, t->log);
    if ( b.pos < 0 )
        return 0;

    for ( unsigned int turn = 0; ; turn ^= 1 ) {
        const struct fse_entry e = t->e[state[turn]];

        if ( nr + 2 > WEIGHTS_MAX )
            return 0;
        weights[nr++] = e.symbol;
        state[turn] = e.base + bits_read(&b, e.nr_bits);
        if ( b.pos < 0 ) {
            weights[nr++] = t->e[state[turn ^ 1]].symbol;
            return nr;
        }
    }
}

/* Table from @nr weights; the last symbol's is not stored but follows from the sum. */
static bool huf_build(struct huf *h, uint8_t *weights, unsigned int nr)
{
    unsigned int start[HUF_BITS_MAX + 2] = { 0 }, sum = 0, pos = 0;

    for ( unsigned int s = 0; s < nr; s++ ) {
        if ( weights[s] > HUF_BITS_MAX )
            return false;
        sum += 1u << weights[s] >> 1;
    }
    if ( !sum )
        return false;

    const unsigned int max_bits = highest_bit(sum) + 1;
    const unsigned int left = (1u << max_bits) - sum;

    if ( max_bits > HUF_BITS_MAX || !is_power_of_two(left) )
        return false;
    weights[nr++] = highest_bit(left) + 1;

    /* Longest codes (weight 1) come first; a symbol fills 2^(weight - 1) entries. */
    for ( unsigned int w = 1; w <= max_bits; w++ ) {
        start[w] = pos;
        for ( unsigned int s = 0; s < nr; s++ )
            if ( weights[s] == w )
                pos += 1u << (w - 1);
    }
    for ( unsigned int s = 0; s < nr; s++ ) {
        const unsigned int w = weights[s];

        for ( unsigned int i = 0; w && i < 1u << (w - 1); i++ )
            h->e[start[w]++] = (struct huf_entry){ s, max_bits + 1 - w };
    }
    h->max_bits = max_bits;
    return true;
}

bool huf_read(struct huf *h, struct fse *scratch, const uint8_t **p, const uint8_t *end,
              const uint8_t *readable)
{
    uint8_t weights[WEIGHTS_MAX + 1];
    unsigned int nr, bytes;

    h->max_bits = 0;
    if ( *p == end )
        return false;

    const uint8_t header = *(*p)++;

    if ( header >= 128 ) {
        nr = header - 127;
        bytes = (nr + 1) / 2;
        if ( (size_t)(end - *p) < bytes )
            return false;
        for ( unsigned int i = 0; i < nr; i++ )
            weights[i] = i % 2 ? (*p)[i / 2] & 15 : (*p)[i / 2] >> 4;
    } else {
        bytes = header;
        if ( (size_t)(end - *p) < bytes )
            return false;
        nr = read_coded_weights(weights, scratch, *p, *p + bytes, readable);
        if ( !nr )
            return false;
    }
    *p += bytes;
    return huf_build(h, weights, nr);
}

bool huf_decode(const struct huf *h, const uint8_t *in, size_t len, const uint8_t *readable,
                uint8_t *out, size_t out_len)
{
    const unsigned int max_bits = h->max_bits, mask = (1u << max_bits) - 1;
    uint8_t *const stop = out + out_len;
    struct bits_back b;

    if ( !bits_open(&b, in, len, readable) )
        return false;

    /* Five codes fit into the 56 bits that one load surely gives. */
    while ( b.pos >= 56 && stop - out >= 5 ) {
        const int64_t at = b.pos - 56;
        const uint64_t w = load_le64(b.base + (at >> 3), readable) >> (at & 7);
        unsigned int left = 56;

        for ( int i = 0; i < 5; i++ ) {
            const struct huf_entry e = h->e[w >> (left - max_bits) & mask];

            *out++ = e.symbol;
            left -= e.nr_bits;
        }
        b.pos -= 56 - left;
    }
    while ( out < stop ) {
        const struct huf_entry e = h->e[bits_read(&b, max_bits)];

        *out++ = e.symbol;
        b.pos += max_bits - e.nr_bits;
    }
    return b.pos == 0;
}
