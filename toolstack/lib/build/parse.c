/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recognising a kernel image: Linux's bzImage (Documentation/x86/boot.rst) with its payload,
 * or an ELF file, possibly packed as a whole.
 */
#include <errno.h>
#include <string.h>

#include "build/le.h"
#include "build/parse.h"

/* Offsets in a bzImage's setup header. */
#define SETUP_SECTS     0x1f1
#define BOOT_FLAG       0x1fe
#define HEADER_MAGIC    0x202
#define PROTOCOL        0x206
#define PAYLOAD_OFFSET  0x248
#define PAYLOAD_LENGTH  0x24c
#define SETUP_END       0x268
#define MIN_PROTOCOL    0x208           /* the first with a payload */

enum desc_packing parse_packing(const uint8_t *p, size_t size)
{
    static const struct {
        enum desc_packing packing;
        uint8_t length;
        uint8_t magic[6];
    } table[] = {
        { PACKING_GZIP,  3, { 0x1f, 0x8b, 0x08 } },
        { PACKING_XZ,    6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
        { PACKING_LZMA,  3, { 0x5d, 0, 0 } },
        { PACKING_ZSTD,  4, { 0x28, 0xb5, 0x2f, 0xfd } },
        { PACKING_LZ4,   4, { 0x02, 0x21, 0x4c, 0x18 } },
        { PACKING_BZIP2, 3, { 'B', 'Z', 'h' } },
        { PACKING_LZO,   4, { 0x89, 'L', 'Z', 'O' } },
    };

    for ( size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++ )
        if ( size >= table[i].length && !memcmp(p, table[i].magic, table[i].length) )
            return table[i].packing;
    return PACKING_NONE;
}

bool parse_is_elf(const uint8_t *p, size_t size)
{
    return size >= 4 && !memcmp(p, "\177ELF", 4);
}

static bool is_bzimage(const uint8_t *p, size_t size)
{
    return size >= SETUP_END && le16(p + BOOT_FLAG) == 0xaa55 &&
           !memcmp(p + HEADER_MAGIC, "HdrS", 4);
}

/* The payload of a bzImage, checked to lie in the file. */
static int bzimage_payload(const uint8_t *file, size_t size, const uint8_t **payload,
                           size_t *length, struct image_error *e)
{
    const uint32_t sectors = file[SETUP_SECTS] ? file[SETUP_SECTS] : 4;
    const size_t setup = (sectors + 1) * 512;
    const size_t offset = le32(file + PAYLOAD_OFFSET);
    const size_t len = le32(file + PAYLOAD_LENGTH);

    if ( le16(file + PROTOCOL) < MIN_PROTOCOL )
        return image_refuse(e, "a bzImage of boot protocol %u.%02u: Xen guests need 2.08 "
                            "(Linux 2.6.25) or later", file[PROTOCOL + 1], file[PROTOCOL]);
    if ( !len )
        return image_refuse(e, "a bzImage without a payload");
    if ( setup > size || offset > size - setup || len > size - setup - offset )
        return image_refuse(e, "a truncated bzImage: %zu bytes, but its payload ends at %zu",
                            size, setup + offset + len);
    *payload = file + setup + offset;
    *length = len;
    return 0;
}

/* The length of p without the zeros at its end. */
static uint64_t trimmed(const uint8_t *p, uint64_t n)
{
    uint64_t word;

    while ( (n & 7) && !p[n - 1] )
        n--;
    if ( n & 7 )
        return n;
    for ( ; n; n -= 8 ) {
        memcpy(&word, p + n - 8, 8);
        if ( word )
            break;
    }
    while ( n && !p[n - 1] )
        n--;
    return n;
}

/* Zeros at a segment's end need neither be kept nor copied: kernels have megabytes of them. */
static void trim_zeros(struct image_desc *d, const uint8_t *source)
{
    for ( uint32_t i = 0; i < d->nr_segments; i++ )
        d->segment[i].filesz = trimmed(source + d->segment[i].offset, d->segment[i].filesz);
}

static int parse_packed(const uint8_t *in, size_t size, const struct parse_output *out,
                        struct image_desc *d, struct image_error *e)
{
    size_t got = 0;
    int rc = parse_unpack(d->packing, in, size, out, &got, e);

    if ( rc )
        return rc;
    if ( !parse_is_elf(out->unpacked, got) )
        return image_refuse(e, "its %s payload holds no ELF file",
                            desc_packing_name(d->packing));
    d->source = SOURCE_UNPACKED;
    d->unpacked_bytes = got;
    rc = parse_elf(out->unpacked, got, d, e);
    if ( !rc )
        trim_zeros(d, out->unpacked);
    return rc;
}

int parse_image(const uint8_t *file, size_t size, const struct parse_output *out,
                struct image_desc *d, struct image_error *e)
{
    const uint8_t *payload = file;
    size_t length = size;
    int rc;

    memset(d, 0, sizeof(*d));
    d->magic = DESC_MAGIC;
    if ( is_bzimage(file, size) ) {
        d->bzimage = 1;
        rc = bzimage_payload(file, size, &payload, &length, e);
        if ( rc )
            return rc;
    }
    d->packing = parse_packing(payload, length);
    if ( d->packing != PACKING_NONE )
        return parse_packed(payload, length, out, d, e);
    if ( !parse_is_elf(payload, length) && d->bzimage )
        return image_refuse(e, "a bzImage whose payload is packed in a way that is not known");
    if ( !parse_is_elf(payload, length) )
        return image_refuse(e, "neither a bzImage nor an ELF file: not a kernel");
    d->source = SOURCE_FILE;
    rc = parse_elf(payload, length, d, e);
    for ( uint32_t i = 0; !rc && i < d->nr_segments; i++ )
        d->segment[i].offset += (uint64_t)(payload - file);
    if ( !rc )
        trim_zeros(d, file);
    return rc;
}
