/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Xen notes in an ELF kernel, from PT_NOTE segments or else from SHT_NOTE sections. */
#include "boot/elf_format.h"

/* What a note's contents are and where they go in struct elf_notes. */
static const struct note_kind {
    enum { UNUSED, NUMBER, TEXT, FEATURE_LIST } kind;
    size_t offset;
} kinds[XEN_ELFNOTE_MAX + 1] = {
    [XEN_ELFNOTE_ENTRY]          = { NUMBER, offsetof(struct elf_notes, entry) },
    [XEN_ELFNOTE_HYPERCALL_PAGE] = { NUMBER, offsetof(struct elf_notes, hypercall_page) },
    [XEN_ELFNOTE_VIRT_BASE]      = { NUMBER, offsetof(struct elf_notes, virt_base) },
    [XEN_ELFNOTE_PADDR_OFFSET]   = { NUMBER, offsetof(struct elf_notes, paddr_offset) },
    [XEN_ELFNOTE_GUEST_OS]       = { TEXT, offsetof(struct elf_notes, guest_os) },
    [XEN_ELFNOTE_GUEST_VERSION]  = { TEXT, offsetof(struct elf_notes, guest_version) },
    [XEN_ELFNOTE_FEATURES]       = { FEATURE_LIST, 0 },
    [XEN_ELFNOTE_HV_START_LOW]   = { NUMBER, offsetof(struct elf_notes, hv_start_low) },
    [XEN_ELFNOTE_INIT_P2M]       = { NUMBER, offsetof(struct elf_notes, init_p2m) },
    [XEN_ELFNOTE_MOD_START_PFN]  = { NUMBER, offsetof(struct elf_notes, mod_start_pfn) },
};

static const char *const features[] = {
    "writable_page_tables", "writable_descriptor_tables", "auto_translated_physmap",
    "supervisor_mode_kernel", "pae_pgdir_above_4gb", "mmu_pt_update_preserve_ad", "highmem_assist",
    "gnttab_map_avail_bits", "hvm_callback_vector", "hvm_safe_pvclock", "hvm_pirqs", "dom0",
    "memory_op_vnode_supported", "linux_rsdp_unrestricted", "not_direct_mapped", "direct_mapped",
};

/* Names separated by '|'; '!' in front: required.  Unknown names matter only if required. */
static int must_check read_feature_list(const char *s, size_t len, const char **why)
{
    for ( size_t at = 0, n; at < len && s[at]; at += n + 1 ) {
        const bool required = s[at] == '!';
        size_t i = 0;

        at += required;
        for ( n = 0; at + n < len && s[at + n] && s[at + n] != '|'; n++ )
            ;
        while ( i < ARRAY_SIZE(features) && (strlen(features[i]) != n || memcmp(features[i], s + at, n) != 0) )
            i++;

        if ( i == ARRAY_SIZE(features) && required && n )
            return elf_fail(why, "kernel notes: FEATURES requires a feature that is not known");
        if ( at + n >= len || !s[at + n] )
            break;
    }
    return 0;
}

static bool read_number(const uint8_t *p, size_t len, uint64_t *out)
{
    if ( len != 1 && len != 2 && len != 4 && len != 8 )
        return false;
    *out = 0;
    for ( size_t i = 0; i < len; i++ )
        *out |= (uint64_t)p[i] << (8 * i);
    return true;
}

static int must_check read_note(struct elf_notes *out, uint32_t type, const uint8_t *desc,
                                size_t len, const char **why)
{
    void *to;

    if ( type > XEN_ELFNOTE_MAX )
        return 0;
    out->has |= BIT(type);
    to = (uint8_t *)out + kinds[type].offset;

    switch ( kinds[type].kind ) {
    case NUMBER:
        return read_number(desc, len, to) ? 0 : elf_fail(why, "kernel notes: a number has an impossible length");
    case TEXT:
        memset(to, 0, ELF_NOTE_TEXT);
        memcpy(to, desc, strnlen((const char *)desc, min(len, (size_t)ELF_NOTE_TEXT - 1)));
        return 0;
    case FEATURE_LIST:
        return read_feature_list((const char *)desc, len, why);
    default:
        return 0;
    }
}

/* All notes in @len bytes at file offset @off; @align is 4, or 8 for some newer owners. */
static int must_check read_note_area(const struct elf_image *e, struct elf_notes *out,
                                     uint64_t off, uint64_t len, uint64_t align,
                                     const char **why)
{
    if ( !range_ok(off, len, e->len) )
        return elf_fail(why, "kernel ELF is truncated (notes)");

    const uint8_t *p = e->data + off;
    uint64_t at = 0;

    if ( align != 8 )
        align = 4;
    while ( range_ok(at, 12, len) ) {
        const uint32_t name_len = get_le32(p + at), desc_len = get_le32(p + at + 4);
        const uint64_t name = at + 12, desc = ALIGN_UP(name + name_len, align);

        if ( !range_ok(desc, desc_len, len) )
            return elf_fail(why, "kernel ELF: a note is longer than its segment");
        if ( name_len == 4 && !memcmp(p + name, "Xen", 4) ) {
            const int rc = read_note(out, get_le32(p + at + 8), p + desc, desc_len, why);

            if ( rc )
                return rc;
        }
        at = ALIGN_UP(desc + desc_len, align);
    }
    return 0;
}

/* The tables that can tell of notes: how many entries, and in one its type, place and alignment. */
static const struct note_table {
    const uint8_t *(*entry)(const struct elf_image *e, uint32_t i);
    uint32_t nr_field, type_field, type, offset_field, size_field, align_field;
    const char *truncated;
} segments = { elf_phdr, E_PHNUM, P_TYPE, PT_NOTE, P_OFFSET, P_FILESZ, P_ALIGN,
               "kernel ELF is truncated (program headers)" },
  sections = { elf_shdr, E_SHNUM, S_TYPE, SHT_NOTE, S_OFFSET, S_SIZE, S_ALIGN,
               "kernel ELF is truncated (section headers)" };

static int must_check notes_in(const struct elf_image *e, const struct note_table *t, struct elf_notes *out,
                               const char **why)
{
    int rc = 0;

    for ( uint32_t i = 0; !rc && i < get_le16(e->data + t->nr_field); i++ ) {
        const uint8_t *h = t->entry(e, i);

        if ( !h )
            return elf_fail(why, t->truncated);
        if ( get_le32(h + t->type_field) == t->type )
            rc = read_note_area(e, out, get_le64(h + t->offset_field), get_le64(h + t->size_field),
                                get_le64(h + t->align_field), why);
    }
    return rc;
}

int elf_read_notes(const struct elf_image *image, struct elf_notes *out, const char **why)
{
    int rc;

    memset(out, 0, sizeof(*out));
    rc = notes_in(image, &segments, out, why);
    if ( !rc && !out->has )
        rc = notes_in(image, &sections, out, why);
    if ( rc )
        return rc;
    if ( !out->has )
        return elf_fail(why, "kernel has no Xen ELF notes (is CONFIG_XEN_PV on?)");
    if ( !ELF_NOTE_PRESENT(out, XEN_ELFNOTE_ENTRY) )
        out->entry = image->entry;
    return 0;
}
