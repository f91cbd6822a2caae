/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: multiboot information.  The input is the low memory, the information is at
 * 16; the first byte chooses the protocol.
 */
#include "fuzz.h"

#include "base/bits.h"
#include "boot/mb.h"

struct memory {
    const uint8_t *p;
    size_t len;
};

static const void *memory_at(void *ctx, uint64_t addr, size_t len)
{
    const struct memory *m = ctx;

    return range_ok(addr, len, m->len) ? m->p + addr : NULL;
}

static void check_string(const struct boot_info *info, const char *s)
{
    MUST(s && strlen(s) < BOOT_STRINGS_BYTES);
    MUST(!*s || (s >= info->strings && s < info->strings + BOOT_STRINGS_BYTES));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct boot_info info;
    static struct e820_map clean;
    struct memory m = { data, len };
    const struct boot_phys phys = { memory_at, &m };
    const char *why = NULL;

    if ( !len )
        return 0;
    if ( boot_info_parse(data[0] & 1 ? MB1_LOADER_MAGIC : MB2_LOADER_MAGIC, 16, &phys, &info,
                         &why) ) {
        MUST(why);
        return 0;
    }
    check_string(&info, info.loader);
    check_string(&info, info.cmdline);
    MUST(info.nr_modules <= BOOT_MODULES_MAX);
    for ( uint32_t i = 0; i < info.nr_modules; i++ ) {
        check_string(&info, info.modules[i].cmdline);
        MUST(info.modules[i].start <= info.modules[i].end);
    }
    MUST(info.memory.nr > 0 && info.memory.nr <= E820_MAX);
    if ( e820_sanitise(&info.memory, &clean) )
        MUST(clean.nr == E820_MAX);
    return 0;
}
