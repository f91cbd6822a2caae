/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiboot 1 information (specification 0.6.96, section 3.3). */
#include "boot/mb_priv.h"

#define INFO_BYTES     116
#define MODULE_BYTES   16
#define STRING_MAX     4096         /* they have no length; a longer one is refused */

enum {
    HAS_MEMORY = 1 << 0, HAS_CMDLINE = 1 << 2, HAS_MODULES = 1 << 3, HAS_MMAP = 1 << 6,
    HAS_LOADER = 1 << 9, HAS_FRAMEBUFFER = 1 << 12
};

/* Offsets in the information structure. */
enum {
    MEM_LOWER = 4, MEM_UPPER = 8, CMDLINE = 16, MODS_COUNT = 20, MODS_ADDR = 24,
    MMAP_LENGTH = 44, MMAP_ADDR = 48, LOADER_NAME = 64,
    FB_ADDR = 88, FB_PITCH = 96, FB_WIDTH = 100, FB_HEIGHT = 104, FB_BPP = 108,
    FB_TYPE = 109, FB_COLOR = 110
};

/* The NUL-terminated text at @addr; NULL if it does not end within STRING_MAX bytes. */
static const char *string_at(struct mb_parse *p, uint64_t addr)
{
    for ( size_t n = 0; n < STRING_MAX; n++ ) {
        const char *c = mb_at(p, addr + n, 1);

        if ( !c )
            return NULL;
        if ( !*c )
            return mb_at(p, addr, n + 1);
    }
    return NULL;
}

static int must_check read_modules(struct mb_parse *p, const uint8_t *info)
{
    const uint32_t nr = get_le32(info + MODS_COUNT), addr = get_le32(info + MODS_ADDR);

    for ( uint32_t i = 0; i < nr; i++ ) {
        const uint8_t *m = mb_at(p, addr + (uint64_t)i * MODULE_BYTES, MODULE_BYTES);

        if ( !m )
            return mb_fail(p, "multiboot: module list is outside memory");

        const uint32_t text = get_le32(m + 8);
        const char *cmdline = text ? string_at(p, text) : "";

        if ( !cmdline )
            return mb_fail(p, "multiboot: a module's command line has no end");

        const int rc = mb_add_module(p, get_le32(m), get_le32(m + 4), cmdline, STRING_MAX);

        if ( rc )
            return rc;
    }
    return 0;
}

static int must_check read_mmap(struct mb_parse *p, const uint8_t *info)
{
    const uint32_t len = get_le32(info + MMAP_LENGTH);
    const uint8_t *map = mb_at(p, get_le32(info + MMAP_ADDR), len);
    uint32_t at = 0;

    if ( !map )
        return mb_fail(p, "multiboot: memory map is outside memory");

    while ( at < len ) {
        /* An entry's size field does not count itself. */
        if ( len - at < 24 || get_le32(map + at) < 20 || get_le32(map + at) > len - at - 4 )
            return mb_fail(p, "multiboot: memory map is truncated");

        const int rc = mb_add_memory(p, get_le64(map + at + 4), get_le64(map + at + 12),
                                     get_le32(map + at + 20));

        if ( rc )
            return rc;
        at += 4 + get_le32(map + at);
    }
    return 0;
}

static int must_check read_string(struct mb_parse *p, uint32_t addr, const char **to,
                                  const char *why)
{
    const char *s = string_at(p, addr);

    return s ? mb_keep_string(p, s, STRING_MAX, to) : mb_fail(p, why);
}

int mb1_parse(struct mb_parse *p, uint64_t addr)
{
    const uint8_t *info = mb_at(p, addr, INFO_BYTES);
    int rc = 0;

    if ( !info )
        return mb_fail(p, "multiboot: information is outside memory");

    const uint32_t flags = get_le32(info);

    if ( flags & HAS_LOADER )
        rc = read_string(p, get_le32(info + LOADER_NAME), &p->out->loader,
                         "multiboot: loader name has no end");
    if ( !rc && flags & HAS_CMDLINE )
        rc = read_string(p, get_le32(info + CMDLINE), &p->out->cmdline,
                         "multiboot: command line has no end");
    if ( !rc && flags & HAS_MODULES )
        rc = read_modules(p, info);
    if ( !rc && flags & HAS_MMAP )
        rc = read_mmap(p, info);
    else if ( !rc && flags & HAS_MEMORY )
        rc = mb_add_basic_memory(p, get_le32(info + MEM_LOWER), get_le32(info + MEM_UPPER));
    if ( !rc && flags & HAS_FRAMEBUFFER )
        mb_set_video(p, get_le64(info + FB_ADDR), get_le32(info + FB_PITCH), get_le32(info + FB_WIDTH),
                     get_le32(info + FB_HEIGHT), info[FB_BPP], info[FB_TYPE], info + FB_COLOR);
    return rc;
}
