/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two halves of the zstd decoder share: entropy coding and its bit reader. */
#pragma once

#include "boot/unpack/unpack_job.h"

#define HUF_BITS_MAX  11
#define FSE_LOG_MAX   9
#define FSE_SYMBOLS   64            /* more than any table here has (53 match lengths) */

/*
 * A bit stream that is read from its end to its start.  @pos is the number of
 * bits left; below 0 zeroes are read, and the owner notices afterwards.
 */
struct bits_back {
    const uint8_t *base;
    const uint8_t *readable;        /* end of the whole input: loads may run up to here */
    int64_t pos;
};

struct fse_entry {
    uint16_t base;                  /* next state is base + nr_bits read */
    uint8_t nr_bits, symbol;
};

struct fse {
    unsigned int log;               /* states are [0, 1 << log) */
    bool valid;                     /* may be repeated */
    struct fse_entry e[1 << FSE_LOG_MAX];
};

struct huf {
    unsigned int max_bits;          /* 0: no table yet */
    struct huf_entry {
        uint8_t symbol, nr_bits;
    } e[1 << HUF_BITS_MAX];
};

static always_inline uint64_t load_le64(const uint8_t *p, const uint8_t *readable)
{
    uint64_t w = 0;

    if ( readable - p >= 8 ) {
        __builtin_memcpy(&w, p, 8);
        return w;
    }
    for ( int i = 0; p + i < readable; i++ )
        w |= (uint64_t)p[i] << (8 * i);
    return w;
}

/* The next @n <= 56 bits. */
static always_inline uint64_t bits_read(struct bits_back *b, unsigned int n)
{
    const uint64_t mask = BIT(n) - 1;

    b->pos -= n;
    if ( likely(b->pos >= 0) )
        return load_le64(b->base + (b->pos >> 3), b->readable) >> (b->pos & 7) & mask;
    if ( b->pos <= -(int64_t)n )
        return 0;
    return load_le64(b->base, b->readable) << -b->pos & mask;
}

/* Start on the @len bytes at @p: the last one holds a 1 bit that ends the stream. */
static inline bool bits_open(struct bits_back *b, const uint8_t *p, size_t len,
                             const uint8_t *readable)
{
    if ( !len || !p[len - 1] )
        return false;
    b->base = p;
    b->readable = readable;
    b->pos = (int64_t)(len - 1) * 8 + highest_bit(p[len - 1]);
    return true;
}

/* @norm: shares of the table per symbol, -1 for "less than one"; sums to 1 << @log. */
bool fse_build(struct fse *t, const int16_t *norm, unsigned int nr, unsigned int log);
void fse_single(struct fse *t, uint8_t symbol);

/* Table description at *@p (moved behind it) into @t; false if it is malformed. */
bool fse_read(struct fse *t, const uint8_t **p, const uint8_t *end,
              unsigned int max_symbol, unsigned int max_log);

/* Huffman tree description at *@p (moved behind it) into @h; false if it is malformed. */
bool huf_read(struct huf *h, struct fse *scratch, const uint8_t **p, const uint8_t *end,
              const uint8_t *readable);

/* Exactly @out_len literals from @in; false if the stream is malformed. */
bool huf_decode(const struct huf *h, const uint8_t *in, size_t len, const uint8_t *readable,
                uint8_t *out, size_t out_len);
