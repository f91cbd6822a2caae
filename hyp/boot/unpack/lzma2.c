/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LZMA2: chunks of LZMA-coded or plain bytes.
 *
 * The output buffer is the dictionary, so a match is a copy within it.  The
 * range decoder reads without a bounds check per bit: one symbol takes at most
 * SYMBOL_MAX bytes of input, which is checked once per symbol, and the last
 * bytes of a chunk are decoded from a padded copy.
 */
#include "boot/unpack/lzma2.h"

#define PROB_BITS     11
#define PROB_HALF     (1 << (PROB_BITS - 1))
#define PROB_SHIFT    5                 /* how fast a probability moves */
#define RANGE_MIN     (1u << 24)
#define SYMBOL_MAX    24                /* 20 is the true bound for a rep or match */
#define MATCH_MIN     2
#define LITERAL_STATES 7                /* states below: the last symbol was a literal */

struct range_decoder {
    uint32_t range, code;
    const uint8_t *in;
};

static always_inline void rc_normalise(struct range_decoder *rd)
{
    if ( rd->range < RANGE_MIN ) {
        rd->range <<= 8;
        rd->code = rd->code << 8 | *rd->in++;
    }
}

static always_inline unsigned int rc_bit(struct range_decoder *rd, lzma_prob *prob)
{
    rc_normalise(rd);

    const uint32_t p = *prob, bound = (rd->range >> PROB_BITS) * p;

    if ( rd->code < bound ) {
        rd->range = bound;
        *prob = p + (((1 << PROB_BITS) - p) >> PROB_SHIFT);
        return 0;
    }
    rd->range -= bound;
    rd->code -= bound;
    *prob = p - (p >> PROB_SHIFT);
    return 1;
}

/* @limit is 1 << bits; the result has that leading one still in. */
static always_inline uint32_t rc_tree(struct range_decoder *rd, lzma_prob *probs, uint32_t limit)
{
    uint32_t node = 1;

    do
        node = node << 1 | rc_bit(rd, &probs[node]);
    while ( node < limit );
    return node;
}

static always_inline uint32_t rc_tree_reverse(struct range_decoder *rd, lzma_prob *probs,
                                              unsigned int bits)
{
    uint32_t node = 1, value = 0;

    for ( unsigned int i = 0; i < bits; i++ ) {
        const unsigned int bit = rc_bit(rd, &probs[node]);

        node = node << 1 | bit;
        value |= bit << i;
    }
    return value;
}

/* Bits that are equally likely, highest first. */
static always_inline uint32_t rc_direct(struct range_decoder *rd, unsigned int bits)
{
    uint32_t value = 0;

    while ( bits-- ) {
        rc_normalise(rd);
        rd->range >>= 1;

        const uint32_t below = 0u - ((rd->code - rd->range) >> 31);

        rd->code -= rd->range & ~below;
        value = value << 1 | (below + 1);
    }
    return value;
}

static always_inline uint8_t decode_literal(struct lzma2 *s, struct range_decoder *rd,
                                            const uint8_t *out)
{
    const size_t pos = out - s->dict;
    const unsigned int prev = pos ? out[-1] : 0;
    lzma_prob *probs = s->probs.literal[((pos & s->lp_mask) << s->lc) + (prev >> (8 - s->lc))];

    if ( s->state < LITERAL_STATES )
        return rc_tree(rd, probs, 0x100);

    /* After a match, the byte that would have continued it is a good guess. */
    unsigned int guess = *(out - s->rep[0] - 1) << 1, offset = 0x100, node = 1;

    do {
        const unsigned int guess_bit = guess & offset;
        const unsigned int bit = rc_bit(rd, &probs[offset + guess_bit + node]);

        node = node << 1 | bit;
        offset &= bit ? guess_bit : ~guess_bit;
        guess <<= 1;
    } while ( node < 0x100 );
    return node;
}

static noinline uint32_t decode_len_call(struct lzma_len *l, struct range_decoder *rd_mem,
                                         unsigned int pos_state)
{
    struct range_decoder rd = *rd_mem;
    uint32_t len;

    if ( !rc_bit(&rd, &l->choice) )
        len = MATCH_MIN - 8 + rc_tree(&rd, l->low[pos_state], 8);
    else if ( !rc_bit(&rd, &l->choice2) )
        len = MATCH_MIN + rc_tree(&rd, l->mid[pos_state], 8);
    else
        len = MATCH_MIN + 16 - 256 + rc_tree(&rd, l->high, 256);
    *rd_mem = rd;
    return len;
}

static noinline uint32_t decode_distance_call(struct lzma_probs *p,
                                              struct range_decoder *rd_mem, uint32_t len)
{
    struct range_decoder rd = *rd_mem;
    const uint32_t slot = rc_tree(&rd, p->dist_slot[min(len - MATCH_MIN, 3u)], 64) - 64;
    uint32_t dist = slot;

    if ( slot >= 4 ) {
        const unsigned int bits = (slot >> 1) - 1;

        dist = (2 | (slot & 1)) << bits;
        if ( slot < 14 ) {
            /* Slots share one array: the trees of bigger slots lie further on. */
            dist += rc_tree_reverse(&rd, &p->dist_special[dist - slot], bits);
        } else {
            dist += rc_direct(&rd, bits - 4) << 4;
            dist += rc_tree_reverse(&rd, p->dist_align, 4);
        }
    }
    *rd_mem = rd;
    return dist;
}

/* The calls work on a copy, so that the caller's own decoder stays in registers. */
static always_inline uint32_t decode_len(struct lzma_len *l, struct range_decoder *rd,
                                         unsigned int pos_state)
{
    struct range_decoder copy = *rd;
    const uint32_t len = decode_len_call(l, &copy, pos_state);

    *rd = copy;
    return len;
}

static always_inline uint32_t decode_distance(struct lzma_probs *p, struct range_decoder *rd,
                                              uint32_t len)
{
    struct range_decoder copy = *rd;
    const uint32_t dist = decode_distance_call(p, &copy, len);

    *rd = copy;
    return dist;
}

/* Bring rep[@i] to the front. */
static always_inline void use_rep(struct lzma2 *s, unsigned int i)
{
    const uint32_t dist = s->rep[i];

    for ( ; i; i-- )
        s->rep[i] = s->rep[i - 1];
    s->rep[0] = dist;
}

/* A repeated distance: updates rep[] and state, returns the length. */
static always_inline uint32_t decode_rep(struct lzma2 *s, struct range_decoder *rd,
                                         unsigned int pos_state)
{
    struct lzma_probs *p = &s->probs;
    const unsigned int state = s->state;

    if ( !rc_bit(rd, &p->is_rep0[state]) ) {
        if ( !rc_bit(rd, &p->is_rep0_long[state][pos_state]) ) {
            s->state = state < LITERAL_STATES ? 9 : 11;
            return 1;
        }
    } else if ( !rc_bit(rd, &p->is_rep1[state]) ) {
        use_rep(s, 1);
    } else {
        use_rep(s, 2 + rc_bit(rd, &p->is_rep2[state]));
    }
    s->state = state < LITERAL_STATES ? 8 : 11;
    return decode_len(&p->rep_len, rd, pos_state);
}

/* A new distance: updates rep[] and state, returns the length. */
static always_inline uint32_t decode_match(struct lzma2 *s, struct range_decoder *rd,
                                           unsigned int pos_state)
{
    const uint32_t len = decode_len(&s->probs.match_len, rd, pos_state);

    for ( int i = 3; i; i-- )
        s->rep[i] = s->rep[i - 1];
    s->rep[0] = decode_distance(&s->probs, rd, len);
    s->state = s->state < LITERAL_STATES ? 7 : 10;
    return len;
}

/*
 * Symbols while input starts at or before @in_last and output is not at
 * @stop.  Returns the new output position, NULL if the data is damaged.
 */
static uint8_t *decode_symbols(struct lzma2 *s, struct range_decoder *rd_mem,
                               const uint8_t *in_last, uint8_t *out, uint8_t *stop)
{
    struct range_decoder rd = *rd_mem;

    while ( out < stop && rd.in <= in_last ) {
        const unsigned int pos_state = (out - s->dict) & s->pos_mask;
        uint32_t len;

        if ( !rc_bit(&rd, &s->probs.is_match[s->state][pos_state]) ) {
            *out = decode_literal(s, &rd, out);
            out++;
            s->state = s->state < 4 ? 0 : s->state < 10 ? s->state - 3 : s->state - 6;
            continue;
        }
        if ( rc_bit(&rd, &s->probs.is_rep[s->state]) )
            len = decode_rep(s, &rd, pos_state);
        else
            len = decode_match(s, &rd, pos_state);

        if ( s->rep[0] >= (size_t)(out - s->dict) || len > (size_t)(stop - out) )
            return NULL;
        out = copy_match(out, stop, (size_t)s->rep[0] + 1, len);
    }
    *rd_mem = rd;
    return out;
}

/* @in_len compressed bytes at j->in that make @out_len bytes; both are there. */
static int must_check decode_chunk(struct lzma2 *s, struct unpack_job *j,
                                   size_t in_len, size_t out_len)
{
    uint8_t tail[2 * SYMBOL_MAX] = { 0 };
    const uint8_t *in_end = j->in + in_len;
    uint8_t *const stop = j->out + out_len;
    uint8_t *out = j->out;

    if ( in_len < 5 || j->in[0] != 0 )
        return unpack_fail(j, "xz: damaged LZMA chunk (bad start)");

    struct range_decoder rd = {
        .range = ~0u, .in = j->in + 5,
        .code = (uint32_t)j->in[1] << 24 | j->in[2] << 16 | j->in[3] << 8 | j->in[4],
    };

    if ( in_len >= 5 + SYMBOL_MAX ) {
        out = decode_symbols(s, &rd, in_end - SYMBOL_MAX, out, stop);
        if ( !out )
            return unpack_fail(j, "xz: damaged LZMA data (bad match)");
    }

    /* Fewer than SYMBOL_MAX bytes are left, unless the output is complete. */
    const size_t rest = in_end - rd.in;

    if ( rest <= SYMBOL_MAX ) {
        memcpy(tail, rd.in, rest);
        rd.in = tail;
        in_end = tail + rest;
        out = decode_symbols(s, &rd, in_end, out, stop);
        if ( !out )
            return unpack_fail(j, "xz: damaged LZMA data (bad match)");
    }
    if ( out != stop )
        return unpack_fail(j, "xz: damaged LZMA data (input ends early)");

    if ( rd.in < in_end )
        rc_normalise(&rd);
    if ( rd.in != in_end || rd.code != 0 )
        return unpack_fail(j, "xz: damaged LZMA data (input left over)");

    j->in += in_len;
    j->out = out;
    return 0;
}

static void reset_state(struct lzma2 *s)
{
    lzma_prob *p = (lzma_prob *)&s->probs;

    for ( size_t i = 0; i < sizeof(s->probs) / sizeof(*p); i++ )
        p[i] = PROB_HALF;
    s->state = 0;
    for ( size_t i = 0; i < ARRAY_SIZE(s->rep); i++ )
        s->rep[i] = 0;
    s->need_state_reset = false;
}

/* The byte is (pb * 5 + lp) * 9 + lc. */
static bool set_props(struct lzma2 *s, unsigned int byte)
{
    const unsigned int lc = byte % 9, lp = byte / 9 % 5, pb = byte / 45;

    if ( pb > 4 || lc + lp > LZMA_LC_LP_MAX )
        return false;
    s->lc = lc;
    s->lp_mask = BIT(lp) - 1;
    s->pos_mask = BIT(pb) - 1;
    s->need_props = false;
    return true;
}

static int must_check lzma_chunk(struct lzma2 *s, struct unpack_job *j, unsigned int control)
{
    const unsigned int reset = control >> 5 & 3;    /* 1 state, 2 and props, 3 and dictionary */
    const size_t header = reset >= 2 ? 5 : 4;

    if ( in_left(j) < header )
        return unpack_fail(j, "xz: truncated");

    const size_t out_len = ((control & 0x1f) << 16) + (j->in[0] << 8) + j->in[1] + 1;
    const size_t in_len = (j->in[2] << 8) + j->in[3] + 1;

    if ( reset >= 2 && !set_props(s, j->in[4]) )
        return unpack_fail(j, "xz: bad LZMA properties");
    if ( reset )
        reset_state(s);
    if ( s->need_dict_reset || s->need_props || s->need_state_reset )
        return unpack_fail(j, "xz: LZMA chunk without the reset it needs");

    j->in += header;
    if ( in_left(j) < in_len )
        return unpack_fail(j, "xz: truncated");
    if ( out_left(j) < out_len )
        return unpack_too_big(j);
    return decode_chunk(s, j, in_len, out_len);
}

static int must_check plain_chunk(struct lzma2 *s, struct unpack_job *j)
{
    if ( in_left(j) < 2 )
        return unpack_fail(j, "xz: truncated");
    if ( s->need_dict_reset )
        return unpack_fail(j, "xz: first chunk does not reset the dictionary");

    const size_t len = (j->in[0] << 8) + j->in[1] + 1;

    j->in += 2;
    return unpack_stored(j, len, "xz: truncated");
}

int lzma2_decode(struct lzma2 *s, struct unpack_job *j)
{
    s->need_dict_reset = s->need_props = s->need_state_reset = true;

    for ( ; ; ) {
        int rc;

        if ( j->in == j->in_end )
            return unpack_fail(j, "xz: truncated");

        const unsigned int control = *j->in++;

        if ( control == 0 )
            return 0;
        if ( control > 2 && control < 0x80 )
            return unpack_fail(j, "xz: bad LZMA2 control byte");

        if ( control == 1 || control >= 0xe0 ) {
            s->dict = j->out;
            s->need_dict_reset = false;
            /* Old distances point outside the new dictionary: want a reset of the state. */
            s->need_state_reset = true;
        }
        rc = control >= 0x80 ? lzma_chunk(s, j, control) : plain_chunk(s, j);
        if ( rc )
            return rc;
    }
}
