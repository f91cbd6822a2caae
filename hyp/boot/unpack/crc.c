/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checksums.  CRC-32 takes eight bytes a step, since a kernel is tens of MiB
 * and boot may run under emulation; CRC-64 is not used for kernels and is plain.
 */
#include "boot/unpack/crc.h"

#include "boot/unpack/unpack_job.h"

#define CRC32_POLY 0xedb88320u
#define CRC64_POLY 0xc96c5795d7870f42UL

void crc32_init(struct crc32_table *table)
{
    for ( unsigned int n = 0; n < 256; n++ ) {
        uint32_t c = n;

        for ( int bit = 0; bit < 8; bit++ )
            c = c >> 1 ^ (c & 1 ? CRC32_POLY : 0);
        table->t[0][n] = c;
    }
    for ( int k = 1; k < 8; k++ )
        for ( unsigned int n = 0; n < 256; n++ ) {
            const uint32_t c = table->t[k - 1][n];

            table->t[k][n] = c >> 8 ^ table->t[0][c & 0xff];
        }
}

uint32_t crc32(const struct crc32_table *table, const uint8_t *p, size_t len)
{
    const uint32_t (*t)[256] = table->t;
    uint32_t c = ~0u;

    for ( ; len >= 8; len -= 8, p += 8 ) {
        c ^= get_le32(p);
        c = t[7][c & 0xff] ^ t[6][c >> 8 & 0xff] ^ t[5][c >> 16 & 0xff] ^ t[4][c >> 24] ^
            t[3][p[4]] ^ t[2][p[5]] ^ t[1][p[6]] ^ t[0][p[7]];
    }
    while ( len-- )
        c = c >> 8 ^ t[0][(c ^ *p++) & 0xff];
    return ~c;
}

void crc64_init(struct crc64_table *table)
{
    for ( unsigned int n = 0; n < 256; n++ ) {
        uint64_t c = n;

        for ( int bit = 0; bit < 8; bit++ )
            c = c >> 1 ^ (c & 1 ? CRC64_POLY : 0);
        table->t[n] = c;
    }
}

uint64_t crc64(const struct crc64_table *table, const uint8_t *p, size_t len)
{
    uint64_t c = ~0UL;

    while ( len-- )
        c = c >> 8 ^ table->t[(c ^ *p++) & 0xff];
    return ~c;
}
