/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: all decompressors, the branch filter and bzImage headers.  The first byte
 * chooses how much room there is for output.
 */
#include "fuzz.h"

#include "boot/unpack/bcj_x86.h"
#include "boot/unpack/bzimage.h"
#include "boot/unpack/unpack.h"

static int live_blocks;

static void *host_alloc(void *ctx, size_t bytes)
{
    live_blocks++;
    return malloc(bytes);
}

static void host_free(void *ctx, void *p, size_t bytes)
{
    live_blocks--;
    free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct unpack_alloc mem = { host_alloc, host_free, NULL };
    struct bzimage b;
    const char *why = NULL;

    if ( !len )
        return 0;

    const size_t room = data[0] & 1 ? 1000 + data[0] : 100000;
    uint8_t *out = malloc(room);
    const int64_t n = unpack(data + 1, len - 1, out, room, &mem, &why);

    MUST(live_blocks == 0);
    MUST(n < 0 ? why != NULL : (uint64_t)n <= room);
    free(out);

    if ( bzimage_find(data + 1, len - 1, &b, &why) == 0 ) {
        MUST(b.payload > data && b.payload_len >= 8);
        MUST(b.payload_len <= (size_t)(data + len - b.payload));
    }

    uint8_t *copy = malloc(len);

    memcpy(copy, data, len);
    bcj_x86_decode(copy, len, -(uint32_t)data[0]);
    free(copy);
    return 0;
}
