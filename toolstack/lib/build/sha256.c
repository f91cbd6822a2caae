/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256, by which the cache knows a kernel again (FIPS 180-4, section 6.2).
 */
#include <string.h>

#include "build/sha256.h"

static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t ror(uint32_t x, unsigned int n)
{
    return x >> n | x << (32 - n);
}

/* Round @i on the eight words of state, which move on by one place for the next round. */
static inline void round_of(uint32_t s[8], unsigned int i, uint32_t word)
{
    const uint32_t a = s[-i & 7], b = s[(1 - i) & 7], c = s[(2 - i) & 7];
    const uint32_t e = s[(4 - i) & 7], f = s[(5 - i) & 7], g = s[(6 - i) & 7];
    const uint32_t t = s[(7 - i) & 7] + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) +
                       (g ^ (e & (f ^ g))) + k[i] + word;

    s[(3 - i) & 7] += t;
    s[(7 - i) & 7] = t + (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) | (c & (a | b)));
}

static void hash_block(uint32_t h[8], const uint8_t *p)
{
    uint32_t w[64], s[8];

    for ( unsigned int i = 0; i < 16; i++ ) {
        memcpy(&w[i], p + 4 * i, 4);
        w[i] = __builtin_bswap32(w[i]);
    }
    for ( unsigned int i = 16; i < 64; i++ ) {
        const uint32_t a = w[i - 15], b = w[i - 2];

        w[i] = w[i - 16] + w[i - 7] + (ror(a, 7) ^ ror(a, 18) ^ a >> 3) +
               (ror(b, 17) ^ ror(b, 19) ^ b >> 10);
    }
    memcpy(s, h, sizeof(s));
#pragma GCC unroll 64
    for ( unsigned int i = 0; i < 64; i++ )
        round_of(s, i, w[i]);
    for ( unsigned int i = 0; i < 8; i++ )
        h[i] += s[i];
}

void sha256_init(struct sha256 *s)
{
    static const uint32_t start[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
        0x5be0cd19,
    };

    memcpy(s->h, start, sizeof(start));
    s->length = 0;
}

void sha256_add(struct sha256 *s, const void *data, size_t size)
{
    const uint8_t *p = data;
    const size_t have = s->length % 64;

    s->length += size;
    if ( have ) {
        const size_t n = size < 64 - have ? size : 64 - have;

        memcpy(s->block + have, p, n);
        p += n;
        size -= n;
        if ( have + n < 64 )
            return;
        hash_block(s->h, s->block);
    }
    for ( ; size >= 64; p += 64, size -= 64 )
        hash_block(s->h, p);
    memcpy(s->block, p, size);
}

void sha256_end(struct sha256 *s, uint8_t digest[SHA256_BYTES])
{
    static const uint8_t padding[64] = { 0x80 };
    const uint64_t bits = __builtin_bswap64(s->length * 8);

    sha256_add(s, padding, 1 + (119 - s->length % 64) % 64);
    sha256_add(s, &bits, 8);
    for ( unsigned int i = 0; i < 8; i++ ) {
        const uint32_t word = __builtin_bswap32(s->h[i]);

        memcpy(digest + 4 * i, &word, 4);
    }
}
