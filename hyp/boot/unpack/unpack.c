/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chooses the decoder by magic number and gives it its scratch memory. */
#include "boot/unpack/unpack.h"

#include "boot/unpack/unpack_job.h"

static size_t no_scratch(void)
{
    return 0;
}

static const struct format {
    const char *name;
    uint8_t magic[6], magic_len;
    int (*decode)(struct unpack_job *j, void *scratch);
    size_t (*scratch)(void);
} formats[] = {
    { "gzip", { 0x1f, 0x8b }, 2, unpack_gzip, unpack_gzip_scratch },
    { "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, unpack_xz, unpack_xz_scratch },
    { "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, unpack_zstd, unpack_zstd_scratch },
    { "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4, unpack_lz4, no_scratch },
};

static const struct format *find_format(const void *in, size_t len)
{
    for ( size_t i = 0; i < ARRAY_SIZE(formats); i++ )
        if ( len >= formats[i].magic_len &&
             !memcmp(in, formats[i].magic, formats[i].magic_len) )
            return &formats[i];
    return NULL;
}

const char *unpack_format(const void *in, size_t len)
{
    const struct format *f = find_format(in, len);

    return f ? f->name : NULL;
}

int64_t unpack(const void *in, size_t len, void *out, size_t out_len,
               const struct unpack_alloc *mem, const char **why)
{
    const struct format *f = find_format(in, len);
    struct unpack_job j = {
        .in = in, .in_end = (const uint8_t *)in + len,
        .out = out, .out_end = (uint8_t *)out + out_len, .out_start = out,
    };
    void *scratch = NULL;

    if ( !f ) {
        *why = "unknown compression (gzip, xz, zstd and lz4 are read)";
        return -XEN_EINVAL;
    }

    const size_t bytes = f->scratch();

    if ( bytes ) {
        scratch = mem->alloc(mem->ctx, bytes);
        if ( !scratch ) {
            *why = "no memory for the decompressor's tables";
            return -XEN_ENOMEM;
        }
        memset(scratch, 0, bytes);
    }

    const int rc = f->decode(&j, scratch);

    if ( bytes )
        mem->free(mem->ctx, scratch, bytes);
    if ( rc ) {
        *why = j.why;
        return rc;
    }
    return j.out - j.out_start;
}
