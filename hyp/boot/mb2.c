/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiboot 2 information (specification 2.0, section 3.6): a list of tags.  A first
 * pass checks them and finds those that are used; each kind of these has a row in a table.
 */
#include "boot/mb_priv.h"

#define INFO_MAX       (1u << 20)   /* more than any loader builds */
#define TAG_HEADER     8
#define EFI_PAGE_SHIFT 12

enum {
    TAG_END = 0, TAG_CMDLINE = 1, TAG_LOADER = 2, TAG_MODULE = 3, TAG_MEMORY = 4, TAG_MMAP = 6,
    TAG_FRAMEBUFFER = 8, TAG_EFI64 = 12, TAG_OLD_ACPI = 14, TAG_NEW_ACPI = 15, TAG_EFI_MAP = 17,
    TAG_EFI_RUNS = 18, NR_TAGS
};

/* Those that concern us: how many bytes must stand after type and size. */
static const struct {
    uint8_t min_len;
    const char *truncated;
} kinds[NR_TAGS] = {
    [TAG_CMDLINE]     = { 0,  "multiboot2: command line tag is truncated" },
    [TAG_LOADER]      = { 0,  "multiboot2: loader name tag is truncated" },
    [TAG_MODULE]      = { 8,  "multiboot2: module tag is truncated" },
    [TAG_MEMORY]      = { 8,  "multiboot2: basic memory tag is truncated" },
    [TAG_MMAP]        = { 8,  "multiboot2: memory map tag is truncated" },
    [TAG_FRAMEBUFFER] = { 24, "multiboot2: framebuffer tag is truncated" },
    [TAG_EFI64]       = { 8,  "multiboot2: EFI system table tag is truncated" },
    [TAG_OLD_ACPI]    = { 20, "multiboot2: old ACPI tag is truncated" },
    [TAG_NEW_ACPI]    = { 36, "multiboot2: new ACPI tag is truncated" },
    [TAG_EFI_MAP]     = { 8,  "multiboot2: EFI memory map tag is truncated" },
    [TAG_EFI_RUNS]    = { 0,  "multiboot2: EFI boot services tag is truncated" },
};

struct mb2 {
    struct mb_parse *p;
    struct { const uint8_t *b; uint32_t len; } tag[NR_TAGS];    /* the last of each; NULL: none */
};

/* Both map tags start with the entry size and a version; the entries follow. */
static int must_check read_mmap(struct mb2 *m)
{
    const uint32_t size = get_le32(m->tag[TAG_MMAP].b);

    if ( size < 20 )
        return mb_fail(m->p, "multiboot2: bad entry size in the memory map");

    for ( uint32_t at = 8; at < m->tag[TAG_MMAP].len; at += size ) {
        const uint8_t *e = m->tag[TAG_MMAP].b + at;

        if ( m->tag[TAG_MMAP].len - at < size )
            return mb_fail(m->p, "multiboot2: memory map tag is truncated");

        const int rc = mb_add_memory(m->p, get_le64(e), get_le64(e + 8), get_le32(e + 16));

        if ( rc )
            return rc;
    }
    return 0;
}

/* UEFI 2.9 table 7-10: what each type is once boot services have ended. */
static uint32_t e820_type_of_efi(uint32_t type)
{
    switch ( type ) {
    case 1: case 2: case 3: case 4: case 7:     /* loader, boot services, free */
        return XEN_E820_RAM;
    case 8:  return XEN_E820_UNUSABLE;
    case 9:  return XEN_E820_ACPI;
    case 10: return XEN_E820_NVS;
    default: return XEN_E820_RESERVED;
    }
}

static int must_check read_efi_map(struct mb2 *m)
{
    const uint32_t size = get_le32(m->tag[TAG_EFI_MAP].b);

    if ( size < 40 )
        return mb_fail(m->p, "multiboot2: bad entry size in the EFI memory map");

    m->p->out->memory_is_efi = true;
    for ( uint32_t at = 8; at < m->tag[TAG_EFI_MAP].len; at += size ) {
        const uint8_t *e = m->tag[TAG_EFI_MAP].b + at;

        if ( m->tag[TAG_EFI_MAP].len - at < size )
            return mb_fail(m->p, "multiboot2: EFI memory map tag is truncated");

        const uint64_t start = get_le64(e + 8), pages = get_le64(e + 24);

        if ( pages > UINT64_MAX >> EFI_PAGE_SHIFT )
            return mb_fail(m->p, "multiboot2: EFI memory map has an impossible entry");

        const int rc = mb_add_memory(m->p, start, pages << EFI_PAGE_SHIFT,
                                     e820_type_of_efi(get_le32(e)));

        if ( rc )
            return rc;
    }
    return 0;
}

static int must_check read_tag(struct mb2 *m, uint32_t type, const uint8_t *b, uint32_t len)
{
    if ( type >= NR_TAGS || !kinds[type].truncated )
        return 0;                       /* many kinds do not concern us */
    if ( len < kinds[type].min_len )
        return mb_fail(m->p, kinds[type].truncated);
    if ( type == TAG_MODULE )
        return mb_add_module(m->p, get_le32(b), get_le32(b + 4), (const char *)b + 8, len - 8);
    m->tag[type].b = b;
    m->tag[type].len = len;
    return 0;
}

/* What is told by one tag. */
static int must_check use_tags(struct mb2 *m)
{
    static const uint8_t no_color[6];
    struct boot_info *const out = m->p->out;
    const uint8_t *const fb = m->tag[TAG_FRAMEBUFFER].b, *const efi = m->tag[TAG_EFI64].b;
    const unsigned int acpi = m->tag[TAG_NEW_ACPI].b ? TAG_NEW_ACPI : TAG_OLD_ACPI;
    int rc = 0;

    if ( m->tag[TAG_EFI_RUNS].b )
        return mb_fail(m->p, "multiboot2: the loader left EFI boot services running");
    if ( m->tag[TAG_CMDLINE].b )
        rc = mb_keep_string(m->p, (const char *)m->tag[TAG_CMDLINE].b, m->tag[TAG_CMDLINE].len, &out->cmdline);
    if ( !rc && m->tag[TAG_LOADER].b )
        rc = mb_keep_string(m->p, (const char *)m->tag[TAG_LOADER].b, m->tag[TAG_LOADER].len, &out->loader);
    if ( efi )
        out->efi_system_table = get_le64(efi);
    if ( m->tag[acpi].b ) {
        out->rsdp_len = m->tag[acpi].len >= sizeof(out->rsdp) ? sizeof(out->rsdp) : 20;
        memcpy(out->rsdp, m->tag[acpi].b, out->rsdp_len);
    }
    if ( fb )
        mb_set_video(m->p, get_le64(fb), get_le32(fb + 8), get_le32(fb + 12), get_le32(fb + 16), fb[20], fb[21],
                     m->tag[TAG_FRAMEBUFFER].len >= 24 + sizeof(no_color) ? fb + 24 : no_color);
    return rc;
}

static int must_check read_tags(struct mb2 *m, const uint8_t *info, uint32_t total)
{
    uint32_t at = 8;

    for ( ; ; ) {
        if ( !range_ok(at, TAG_HEADER, total) )
            return mb_fail(m->p, "multiboot2: tag list has no end");

        const uint32_t type = get_le32(info + at), size = get_le32(info + at + 4);

        if ( type == TAG_END )
            return 0;
        if ( size < TAG_HEADER || size > total - at )
            return mb_fail(m->p, "multiboot2: a tag is longer than the information");

        const int rc = read_tag(m, type, info + at + TAG_HEADER, size - TAG_HEADER);

        if ( rc )
            return rc;
        at = ALIGN_UP(at + size, 8);    /* no overflow: both are below INFO_MAX */
    }
}

int mb2_parse(struct mb_parse *p, uint64_t addr)
{
    struct mb2 m = { .p = p };
    const uint8_t *info = mb_at(p, addr, 8);
    int rc;

    if ( !info )
        return mb_fail(p, "multiboot2: information is outside memory");

    const uint32_t total = get_le32(info);

    if ( total < 16 || total > INFO_MAX )
        return mb_fail(p, "multiboot2: impossible size of the information");
    info = mb_at(p, addr, total);
    if ( !info )
        return mb_fail(p, "multiboot2: information is outside memory");

    rc = read_tags(&m, info, total);
    if ( !rc )
        rc = use_tags(&m);
    if ( rc )
        return rc;

    if ( m.tag[TAG_MMAP].b )
        return read_mmap(&m);
    if ( m.tag[TAG_EFI_MAP].b )
        return read_efi_map(&m);
    if ( !m.tag[TAG_MEMORY].b )
        return 0;
    return mb_add_basic_memory(p, get_le32(m.tag[TAG_MEMORY].b), get_le32(m.tag[TAG_MEMORY].b + 4));
}
