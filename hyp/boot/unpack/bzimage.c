/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linux's bzImage: the setup header's fields that tell where the payload is. */
#include "boot/unpack/bzimage.h"

#include "boot/unpack/unpack_job.h"

enum {
    SETUP_SECTS = 0x1f1, BOOT_FLAG = 0x1fe, MAGIC = 0x202, VERSION = 0x206,
    PAYLOAD_OFFSET = 0x248, PAYLOAD_LENGTH = 0x24c, HEADER_END = 0x250
};

#define MIN_VERSION   0x208         /* the first with a payload offset */
#define SECTOR        512
#define UNPACKED_MAX  (1u << 30)    /* a kernel of a GiB is damage, not a kernel */

bool bzimage_is(const void *image, size_t len)
{
    const uint8_t *p = image;

    return len >= HEADER_END && get_le16(p + BOOT_FLAG) == 0xaa55 &&
           !memcmp(p + MAGIC, "HdrS", 4);
}

int bzimage_find(const void *image, size_t len, struct bzimage *out, const char **why)
{
    const uint8_t *p = image;

    if ( !bzimage_is(image, len) ) {
        *why = "not a bzImage";
        return -XEN_EINVAL;
    }
    if ( get_le16(p + VERSION) < MIN_VERSION ) {
        *why = "bzImage is too old (boot protocol below 2.08 has no payload offset)";
        return -XEN_EINVAL;
    }

    const uint32_t sectors = p[SETUP_SECTS] ? p[SETUP_SECTS] : 4;
    const uint64_t start = (uint64_t)(sectors + 1) * SECTOR + get_le32(p + PAYLOAD_OFFSET);
    const uint32_t payload_len = get_le32(p + PAYLOAD_LENGTH);

    if ( !range_ok(start, payload_len, len) ) {
        *why = "bzImage is truncated (its payload lies beyond the end of the file)";
        return -XEN_EINVAL;
    }
    if ( payload_len < 8 ) {
        *why = "bzImage has no payload";
        return -XEN_EINVAL;
    }

    out->payload = p + start;
    out->payload_len = payload_len;
    out->is_plain = !memcmp(out->payload, "\177ELF", 4);

    /* Linux's build appends the size where the format (gzip) has not got it there already. */
    out->unpacked_len = out->is_plain ? payload_len
                                      : get_le32(out->payload + payload_len - 4);
    if ( out->unpacked_len > UNPACKED_MAX || out->unpacked_len == 0 ) {
        *why = "bzImage payload states an impossible size";
        return -XEN_EINVAL;
    }
    return 0;
}
