/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiboot 2 information (specification 2.0, section 3.6): a list of tags, and each kind
 * that we use has a row in a table.  A tag's reader gets its bytes after type and size.
 */
#include "boot/mb_priv.h"

#define INFO_MAX       (1u << 20)   /* more than any loader builds */
#define TAG_HEADER     8
#define EFI_PAGE_SHIFT 12

struct mb2 {
    struct mb_parse *p;
    uint32_t mem_lower, mem_upper;              /* KiB */
    const uint8_t *mmap, *efi_map;              /* tags, read when all have been seen */
    uint32_t mmap_len, efi_map_len;
    bool efi_not_exited;
};

static int tag_cmdline(struct mb2 *m, const uint8_t *b, uint32_t len)
{
    return mb_keep_string(m->p, (const char *)b, len, &m->p->out->cmdline);
}

static int tag_loader(struct mb2 *m, const uint8_t *b, uint32_t len)
{
    return mb_keep_string(m->p, (const char *)b, len, &m->p->out->loader);
}

static int tag_module(struct mb2 *m, const uint8_t *b, uint32_t len)
{
    return mb_add_module(m->p, get_le32(b), get_le32(b + 4), (const char *)b + 8, len - 8);
}

static int tag_memory(struct mb2 *m, const uint8_t *b, uint32_t len)
{
    (void)len;
    m->mem_lower = get_le32(b);
    m->mem_upper = get_le32(b + 4);
    return 0;
}

static int tag_mmap(struct mb2 *m, const uint8_t *b, uint32_t len)
{
    m->mmap = b;
    m->mmap_len = len;
    return 0;
}

static int tag_efi_map(struct mb2 *m, const uint8_t *b, uint32_t len)
{
    m->efi_map = b;
    m->efi_map_len = len;
    return 0;
}

static int tag_framebuffer(struct mb2 *m, const uint8_t *b, uint32_t len)
{
    static const uint8_t no_color[6];
    const bool has_color = len >= 24 + sizeof(no_color);

    mb_set_video(m->p, get_le64(b), get_le32(b + 8), get_le32(b + 12), get_le32(b + 16), b[20], b[21],
                 has_color ? b + 24 : no_color);
    return 0;
}

static int tag_efi64(struct mb2 *m, const uint8_t *b, uint32_t len)
{
    (void)len;
    m->p->out->efi_system_table = get_le64(b);
    return 0;
}

static int tag_efi_not_exited(struct mb2 *m, const uint8_t *b, uint32_t len)
{
    (void)b;
    (void)len;
    m->efi_not_exited = true;
    return 0;
}

/* Both ACPI tags: the newer root pointer wins whatever the order. */
static int tag_rsdp(struct mb2 *m, const uint8_t *b, uint32_t len)
{
    struct boot_info *out = m->p->out;
    const uint32_t take = len >= sizeof(out->rsdp) ? sizeof(out->rsdp) : 20;

    if ( take > out->rsdp_len ) {
        memcpy(out->rsdp, b, take);
        out->rsdp_len = take;
    }
    return 0;
}

static const struct tag_kind {
    uint32_t type, min_len;             /* of the bytes after type and size */
    int (*read)(struct mb2 *m, const uint8_t *b, uint32_t len);
    const char *truncated;
} kinds[] = {
    { 1,  0,  tag_cmdline,        "multiboot2: command line tag is truncated" },
    { 2,  0,  tag_loader,         "multiboot2: loader name tag is truncated" },
    { 3,  8,  tag_module,         "multiboot2: module tag is truncated" },
    { 4,  8,  tag_memory,         "multiboot2: basic memory tag is truncated" },
    { 6,  8,  tag_mmap,           "multiboot2: memory map tag is truncated" },
    { 8,  24, tag_framebuffer,    "multiboot2: framebuffer tag is truncated" },
    { 12, 8,  tag_efi64,          "multiboot2: EFI system table tag is truncated" },
    { 14, 20, tag_rsdp,           "multiboot2: old ACPI tag is truncated" },
    { 15, 36, tag_rsdp,           "multiboot2: new ACPI tag is truncated" },
    { 17, 8,  tag_efi_map,        "multiboot2: EFI memory map tag is truncated" },
    { 18, 0,  tag_efi_not_exited, "multiboot2: EFI boot services tag is truncated" },
};

/* Both map tags start with the entry size and a version; the entries follow. */
static int must_check read_mmap(struct mb2 *m)
{
    const uint32_t size = get_le32(m->mmap);

    if ( size < 20 )
        return mb_fail(m->p, "multiboot2: bad entry size in the memory map");

    for ( uint32_t at = 8; at < m->mmap_len; at += size ) {
        const uint8_t *e = m->mmap + at;

        if ( m->mmap_len - at < size )
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
    case 8:
        return XEN_E820_UNUSABLE;
    case 9:
        return XEN_E820_ACPI;
    case 10:
        return XEN_E820_NVS;
    default:
        return XEN_E820_RESERVED;
    }
}

static int must_check read_efi_map(struct mb2 *m)
{
    const uint32_t size = get_le32(m->efi_map);

    if ( size < 40 )
        return mb_fail(m->p, "multiboot2: bad entry size in the EFI memory map");

    m->p->out->memory_is_efi = true;
    for ( uint32_t at = 8; at < m->efi_map_len; at += size ) {
        const uint8_t *e = m->efi_map + at;

        if ( m->efi_map_len - at < size )
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
    for ( size_t i = 0; i < ARRAY_SIZE(kinds); i++ )
        if ( kinds[i].type == type )
            return len < kinds[i].min_len ? mb_fail(m->p, kinds[i].truncated)
                                          : kinds[i].read(m, b, len);
    return 0;                           /* many kinds do not concern us */
}

static int must_check read_tags(struct mb2 *m, const uint8_t *info, uint32_t total)
{
    uint32_t at = 8;

    for ( ; ; ) {
        if ( !range_ok(at, TAG_HEADER, total) )
            return mb_fail(m->p, "multiboot2: tag list has no end");

        const uint32_t type = get_le32(info + at), size = get_le32(info + at + 4);

        if ( type == 0 )
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
    if ( rc )
        return rc;
    if ( m.efi_not_exited )
        return mb_fail(p, "multiboot2: the loader left EFI boot services running");

    if ( m.mmap )
        return read_mmap(&m);
    if ( m.efi_map )
        return read_efi_map(&m);
    return mb_add_basic_memory(p, m.mem_lower, m.mem_upper);
}
