/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpacking a kernel's payload: one function for each packing, all from one buffer to another.
 */
#include <errno.h>
#include <string.h>

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "build/parse.h"

#define SLICE           (256U << 10)    /* input between two reports of progress */
#define LZMA_MEMORY     (300ULL << 20)  /* for a dictionary; Linux uses up to 128 MiB */

static void report(const struct parse_output *out, size_t done)
{
    if ( out->progress )
        *out->progress = done;
}

static int too_large(const struct parse_output *out, struct image_error *e)
{
    return image_refuse(e, "it unpacks to more than %zu MiB", out->room >> 20);
}

static int corrupt(const char *packing, const char *how, struct image_error *e)
{
    return image_refuse(e, "its %s payload is corrupt or truncated (%s)", packing, how);
}

static int unpack_gzip(const uint8_t *in, size_t size, const struct parse_output *out,
                       size_t *got, struct image_error *e)
{
    z_stream z = { .next_out = out->unpacked, .avail_out = (uInt)out->room };
    size_t done = 0;
    int rc = inflateInit2(&z, 16 + MAX_WBITS);

    if ( rc != Z_OK )
        return image_refuse(e, "no memory to unpack it");
    while ( rc == Z_OK && (done < size || z.avail_in) ) {
        if ( !z.avail_in ) {
            z.next_in = (Bytef *)(in + done);
            z.avail_in = size - done < SLICE ? (uInt)(size - done) : SLICE;
            done += z.avail_in;
        }
        rc = inflate(&z, Z_NO_FLUSH);
        report(out, done);
        if ( rc == Z_BUF_ERROR || (rc == Z_OK && !z.avail_out) ) {
            inflateEnd(&z);
            return too_large(out, e);
        }
    }
    *got = z.total_out;
    inflateEnd(&z);
    if ( rc == Z_STREAM_END )
        return 0;
    return corrupt("gzip", rc == Z_OK ? "it ends too early" : zError(rc), e);
}

static const char *lzma_reason(lzma_ret rc)
{
    switch ( rc ) {
    case LZMA_MEMLIMIT_ERROR: return "its dictionary is too large";
    case LZMA_MEM_ERROR:      return "no memory";
    case LZMA_FORMAT_ERROR:   return "not this format";
    case LZMA_OPTIONS_ERROR:  return "options that liblzma does not know";
    case LZMA_BUF_ERROR:      return "it ends too early";
    case LZMA_OK:             return "it ends too early";
    default:                  return "bad data";
    }
}

/* xz and the older lzma; what follows the stream is of no interest. */
static int unpack_lzma(bool xz, const uint8_t *in, size_t size, const struct parse_output *out,
                       size_t *got, struct image_error *e)
{
    lzma_stream s = LZMA_STREAM_INIT;
    lzma_ret rc = xz ? lzma_stream_decoder(&s, LZMA_MEMORY, 0)
                     : lzma_alone_decoder(&s, LZMA_MEMORY);
    size_t done = 0;

    s.next_out = out->unpacked;
    s.avail_out = out->room;
    while ( rc == LZMA_OK && (done < size || s.avail_in) ) {
        if ( !s.avail_in ) {
            s.next_in = in + done;
            s.avail_in = size - done < SLICE ? size - done : SLICE;
            done += s.avail_in;
        }
        rc = lzma_code(&s, LZMA_RUN);
        report(out, done);
        if ( rc == LZMA_OK && !s.avail_out )
            break;
    }
    /* lzma without an end mark ends with its input. */
    if ( rc == LZMA_OK && s.avail_out )
        rc = lzma_code(&s, LZMA_FINISH);
    *got = s.total_out;
    lzma_end(&s);
    if ( rc == LZMA_STREAM_END )
        return 0;
    return rc == LZMA_OK && *got == out->room ? too_large(out, e)
                                              : corrupt(xz ? "xz" : "lzma", lzma_reason(rc), e);
}

/* Frame by frame, straight to where it belongs: no window is needed. */
static int unpack_zstd(const uint8_t *in, size_t size, const struct parse_output *out,
                       size_t *got, struct image_error *e)
{
    size_t done = 0;

    *got = 0;
    while ( size - done >= 4 && parse_packing(in + done, size - done) == PACKING_ZSTD ) {
        const size_t frame = ZSTD_findFrameCompressedSize(in + done, size - done);
        size_t n;

        if ( ZSTD_isError(frame) || !frame )
            return corrupt("zstd", "a frame is cut off", e);
        n = ZSTD_decompress(out->unpacked + *got, out->room - *got, in + done, frame);
        if ( ZSTD_isError(n) && ZSTD_getErrorCode(n) == ZSTD_error_dstSize_tooSmall )
            return too_large(out, e);
        if ( ZSTD_isError(n) )
            return corrupt("zstd", ZSTD_getErrorName(n), e);
        *got += n;
        done += frame;
        report(out, done);
    }
    return 0;
}

/* The legacy format of the lz4 tool: blocks of up to 8 MiB, each with its packed size before. */
static int unpack_lz4(const uint8_t *in, size_t size, const struct parse_output *out,
                      size_t *got, struct image_error *e)
{
    size_t done = 4;

    *got = 0;
    while ( size - done >= 4 ) {
        uint32_t block;
        int n;

        memcpy(&block, in + done, 4);
        if ( block == 0x184c2102 ) {                /* another stream begins */
            done += 4;
            continue;
        }
        /* In a bzImage the last four bytes are the unpacked size. */
        if ( size - done == 4 )
            break;
        if ( !block || block > size - done - 4 || block > INT32_MAX )
            return corrupt("lz4", "a block is cut off", e);
        n = LZ4_decompress_safe((const char *)in + done + 4, (char *)out->unpacked + *got,
                                (int)block,
                                out->room - *got > 8U << 20 ? 8 << 20 : (int)(out->room - *got));
        if ( n < 0 && out->room - *got <= 8U << 20 )
            return too_large(out, e);
        if ( n < 0 )
            return corrupt("lz4", "bad data", e);
        *got += (size_t)n;
        done += 4 + block;
        report(out, done);
    }
    return 0;
}

int parse_unpack(enum desc_packing packing, const uint8_t *in, size_t size,
                 const struct parse_output *out, size_t *got, struct image_error *e)
{
    switch ( packing ) {
    case PACKING_GZIP: return unpack_gzip(in, size, out, got, e);
    case PACKING_XZ:   return unpack_lzma(true, in, size, out, got, e);
    case PACKING_LZMA: return unpack_lzma(false, in, size, out, got, e);
    case PACKING_ZSTD: return unpack_zstd(in, size, out, got, e);
    case PACKING_LZ4:  return unpack_lz4(in, size, out, got, e);
    default:
        return image_refuse(e, "it is packed with %s, which is not served: repack it with xz, "
                            "zstd or gzip", desc_packing_name(packing));
    }
}
