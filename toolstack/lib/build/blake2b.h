/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BLAKE2b with 32 bytes of digest and no key (RFC 7693). */
#ifndef BUILD_BLAKE2B_H
#define BUILD_BLAKE2B_H

#include <stddef.h>
#include <stdint.h>

#define BLAKE2B_BYTES 32

struct blake2b {
    uint64_t h[8];
    uint64_t length;            /* bytes hashed so far, without those in block */
    size_t have;                /* bytes in block; the last block waits for the end */
    uint8_t block[128];
};

void blake2b_init(struct blake2b *b);
void blake2b_add(struct blake2b *b, const void *data, size_t size);
void blake2b_end(struct blake2b *b, uint8_t digest[BLAKE2B_BYTES]);

#endif
