/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC-32 (IEEE 802.3) and CRC-64 (ECMA-182), both reflected, as gzip and xz use them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct crc32_table {
    uint32_t t[8][256];         /* t[k]: a byte followed by k zero bytes */
};

struct crc64_table {
    uint64_t t[256];
};

void crc32_init(struct crc32_table *table);
uint32_t crc32(const struct crc32_table *table, const uint8_t *p, size_t len);

void crc64_init(struct crc64_table *table);
uint64_t crc64(const struct crc64_table *table, const uint8_t *p, size_t len);
