/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading kernel images: every form, and everything that can be wrong with one. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make_image.h"

static uint8_t elf[IMAGE_ROOM], packed[IMAGE_ROOM], whole[IMAGE_ROOM], unpacked[IMAGE_ROOM];

/* A copy of exactly this size, so that reading beyond it is found. */
static int parse(const uint8_t *image, size_t size, size_t room, struct image_desc *d,
                 struct image_error *e)
{
    const struct parse_output out = { .unpacked = unpacked, .room = room };
    uint8_t *copy = malloc(size ? size : 1);
    int rc;

    memcpy(copy, image, size);
    e->text[0] = '\0';
    rc = parse_image(copy, size, &out, d, e);
    if ( !rc )
        rc = desc_check(d, d->source == SOURCE_FILE ? size : d->unpacked_bytes, e);
    if ( !rc )
        rc = desc_check_use(d, USE_PV, e);
    free(copy);
    return rc;
}

static void check_plain(const struct image_desc *d, const uint8_t *source)
{
    assert_int_equal(d->nr_segments, 1);
    assert_int_equal(d->segment[0].gpa, 0x100000);
    assert_int_equal(d->segment[0].filesz, 0x10000);
    assert_int_equal(d->segment[0].memsz, 0x20000);
    assert_int_equal(d->start_gpa, 0x100000);
    assert_int_equal(d->end_gpa, 0x120000);
    assert_true(d->virt_base == image_plain.virt_base && d->entry == image_plain.entry);
    assert_string_equal(d->guest_os, "test");
    assert_memory_equal(source + d->segment[0].offset, elf + DATA_AT, 0x10000);
}

static void every_packing_in_and_out_of_a_bzimage(void **state)
{
    const enum desc_packing all[] = {
        PACKING_GZIP, PACKING_XZ, PACKING_LZMA, PACKING_ZSTD, PACKING_LZ4,
    };
    const size_t size = make_elf(elf, &image_plain);
    struct image_desc d;
    struct image_error e;

    for ( size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++ ) {
        const size_t n = make_packed(packed, all[i], elf, size);

        memset(unpacked, 0, sizeof(unpacked));
        assert_int_equal(parse(packed, n, sizeof(unpacked), &d, &e), 0);
        assert_true(d.packing == all[i] && d.source == SOURCE_UNPACKED && !d.bzimage);
        check_plain(&d, unpacked);

        memset(unpacked, 0, sizeof(unpacked));
        if ( parse(whole, make_bzimage(whole, packed, n), sizeof(unpacked), &d, &e) )
            fail_msg("%s: %s", desc_packing_name(all[i]), e.text);
        assert_true(d.packing == all[i] && d.source == SOURCE_UNPACKED && d.bzimage);
        check_plain(&d, unpacked);
    }
}

static void plain_elf_in_and_out_of_a_bzimage(void **state)
{
    const size_t size = make_elf(elf, &image_plain);
    struct image_desc d;
    struct image_error e;

    assert_int_equal(parse(elf, size, 0, &d, &e), 0);
    assert_true(d.source == SOURCE_FILE && d.packing == PACKING_NONE);
    check_plain(&d, elf);
    assert_int_equal(parse(whole, make_bzimage(whole, elf, size), 0, &d, &e), 0);
    check_plain(&d, whole);
}

static void every_truncation_is_refused(void **state)
{
    const enum desc_packing all[] = {
        PACKING_NONE, PACKING_GZIP, PACKING_XZ, PACKING_LZMA, PACKING_ZSTD, PACKING_LZ4,
    };
    const size_t size = make_elf(elf, &image_plain);
    struct image_desc d;
    struct image_error e;

    for ( size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++ ) {
        size_t n = size;

        if ( all[i] == PACKING_NONE )
            memcpy(packed, elf, size);
        else
            n = make_packed(packed, all[i], elf, size);
        for ( size_t cut = 1; cut < n; cut += cut < 64 ? 1 : 997 ) {
            /* The last bytes of lzma and lz4 streams may be no loss. */
            if ( (all[i] == PACKING_LZMA || all[i] == PACKING_GZIP) && cut < 16 )
                continue;
            if ( !parse(packed, n - cut, sizeof(unpacked), &d, &e) )
                fail_msg("%s without its last %zu bytes was taken", desc_packing_name(all[i]), cut);
            assert_true(e.text[0]);
        }
        n = make_bzimage(whole, packed, n);
        for ( size_t cut = 1; cut < n; cut += 1013 )
            assert_int_not_equal(parse(whole, n - cut, sizeof(unpacked), &d, &e), 0);
    }
}

static void what_unpacks_to_too_much_is_refused(void **state)
{
    const enum desc_packing all[] = {
        PACKING_GZIP, PACKING_XZ, PACKING_LZMA, PACKING_ZSTD, PACKING_LZ4,
    };
    const size_t size = make_elf(elf, &image_plain);
    struct image_desc d;
    struct image_error e;

    for ( size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++ ) {
        const size_t n = make_packed(packed, all[i], elf, size);

        for ( size_t room = 0; room < size; room += 8191 ) {
            memset(unpacked, 0xa5, sizeof(unpacked));
            assert_int_not_equal(parse(packed, n, room, &d, &e), 0);
            for ( size_t k = room; k < sizeof(unpacked); k += 11 )
                assert_int_equal(unpacked[k], 0xa5);
        }
        if ( !strstr(e.text, "unpacks to more than") && !strstr(e.text, "corrupt") )
            fail_msg("%s: %s", desc_packing_name(all[i]), e.text);
    }
}

/* One thing wrong with an otherwise good kernel. */
struct bad {
    const char *name, *want;
    struct image_spec change;       /* fields that are not 0 replace image_plain's */
    unsigned int at, size;          /* or these bytes of the file */
    uint64_t value;
};

#define PHDR(field) (sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, field))
#define EHDR(field) offsetof(Elf64_Ehdr, field)
#define FIELD(name, want, at, size, value) { name, want, { 0 }, at, size, value }

static const struct bad table[] = {
    FIELD("32-bit", "machine 62", EI_CLASS, 1, ELFCLASS32),
    FIELD("class 0", "another kind", EI_CLASS, 1, 0),
    FIELD("big endian", "another kind", EI_DATA, 1, ELFDATA2MSB),
    FIELD("arm", "machine 183", EHDR(e_machine), 2, EM_AARCH64),
    FIELD("relocatable", "executable", EHDR(e_type), 2, ET_REL),
    FIELD("no phdr", "program headers", EHDR(e_phnum), 2, 0),
    FIELD("many phdrs", "program headers", EHDR(e_phnum), 2, 0xffff),
    FIELD("phdr size", "program headers", EHDR(e_phentsize), 2, 32),
    FIELD("phdrs beyond", "truncated", EHDR(e_phoff), 8, ~0ULL),
    FIELD("phdrs wrap", "truncated", EHDR(e_phoff), 8, 0ULL - 56),
    FIELD("offset beyond", "truncated", PHDR(p_offset), 8, 1ULL << 40),
    FIELD("offset wraps", "truncated", PHDR(p_offset), 8, ~0ULL - 0xffff),
    FIELD("filesz beyond", "truncated", PHDR(p_filesz), 8, 0x11000),
    FIELD("filesz > memsz", "segment of", PHDR(p_memsz), 8, 0x1000),
    FIELD("memsz huge", "segment of", PHDR(p_memsz), 8, ~0ULL),
    FIELD("paddr huge", "segment of", PHDR(p_paddr), 8, ~0ULL - 0xfff),
    FIELD("nothing to load", "nothing to load", PHDR(p_type), 4, PT_NULL),
    FIELD("notes beyond", "notes are beyond", PHDR(p_offset) + 56, 8, 1ULL << 50),
    FIELD("notes garbage", "notes are garbage", NOTES_AT, 4, 0xffffffff),
    FIELD("note's size", "notes are garbage", NOTES_AT + 4, 4, 0xfffffff0),
    { "no notes", "CONFIG_XEN_PV", .change = { .no_notes = true } },
    { "pvh only", "type=\"pvh\"", .change = { .only_phys32 = true } },
    { "pvh only, with more", "type=\"pvh\"", .change = { .phys32 = true, .no_entry = true } },
    { "version", "xen-3.0", .change = { .xen_version = "xen-2.0" } },
    { "loader", "loader", .change = { .loader = "special" } },
    { "auto-translated", "auto_translated_physmap",
      .change = { .features = "!auto_translated_physmap" } },
    { "supervisor", "supervisor_mode_kernel", .change = { .features = "x|!supervisor_mode_kernel" } },
    { "dom0 only", "dom0", .change = { .features = "!dom0|pae_pgdir_above_4gb" } },
    { "unknown feature", "warp_drive", .change = { .features = "pae_pgdir_above_4gb|!warp_drive" } },
    { "entry outside", "entry point", .change = { .entry = 0xffffffff80200000 } },
    { "base not aligned", "VIRT_BASE", .change = { .virt_base = 0xffffffff80001000 } },
    { "base in the hypervisor", "not a guest's",
      .change = { .virt_base = 0xffff800000000000, .entry = 0xffff800000100010 } },
    { "base not canonical", "not a guest's",
      .change = { .virt_base = 0x0001000000000000, .entry = 0x0001000000100010 } },
    { "base at the top", "not a guest's",
      .change = { .virt_base = 0xffffffffffc00000, .entry = 0xffffffffffd00010 } },
    { "p2m in the hypervisor", "INIT_P2M", .change = { .init_p2m = 0xffff810000000000 } },
    { "p2m not aligned", "INIT_P2M", .change = { .init_p2m = 0x8000001000 } },
    { "hypercall page outside", "hypercall page",
      .change = { .hypercall_page = 0xffffffff80400000 } },
    { "hypercall page crooked", "hypercall page",
      .change = { .hypercall_page = 0xffffffff80100010 } },
};

static size_t make_bad(const struct bad *b)
{
    const struct image_spec *c = &b->change;
    struct image_spec s = image_plain;
    size_t size;

    s.no_notes = c->no_notes;
    s.only_phys32 = c->only_phys32;
    s.phys32 = c->phys32;
    s.no_entry = c->no_entry;
    s.init_p2m = c->init_p2m;
    s.hypercall_page = c->hypercall_page;
    s.features = c->features ? c->features : s.features;
    s.xen_version = c->xen_version ? c->xen_version : s.xen_version;
    s.loader = c->loader ? c->loader : s.loader;
    s.virt_base = c->virt_base ? c->virt_base : s.virt_base;
    s.entry = c->entry ? c->entry : s.entry;
    size = make_elf(elf, &s);
    if ( b->size )
        memcpy(elf + b->at, &b->value, b->size);
    return size;
}

static void each_bad_kernel_is_refused_with_its_reason(void **state)
{
    for ( size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++ ) {
        const size_t size = make_bad(&table[i]);
        struct image_desc d;
        struct image_error e;

        if ( !parse(elf, size, 0, &d, &e) )
            fail_msg("%s: taken", table[i].name);
        if ( !strstr(e.text, table[i].want) )
            fail_msg("%s: \"%s\" does not say \"%s\"", table[i].name, e.text, table[i].want);
    }
}

static void what_is_no_kernel_is_refused_by_name(void **state)
{
    static const struct {
        const char *bytes, *want;
        size_t size;
    } files[] = {
        { "", "not a kernel", 0 },
        { "\x7f", "not a kernel", 1 },
        { "\x7f" "ELF", "truncated", 4 },
        { "#!/bin/sh\n", "not a kernel", 10 },
        { "BZh91AY&SY", "bzip2", 10 },
        { "\x89LZO\0\r\n", "lzo", 7 },
        { "\x1f\x8b\x08garbage", "gzip", 10 },
        { "\xfd" "7zXZ\0garbage", "xz", 13 },
        { "\x5d\0\0garbagegarbage", "lzma", 17 },
        { "\x28\xb5\x2f\xfdgarbage", "zstd", 11 },
        { "\x02\x21\x4c\x18garbage", "lz4", 11 },
    };
    struct image_desc d;
    struct image_error e;

    for ( size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++ ) {
        assert_int_not_equal(parse((const uint8_t *)files[i].bytes, files[i].size,
                                   sizeof(unpacked), &d, &e), 0);
        if ( !strstr(e.text, files[i].want) )
            fail_msg("file %zu: \"%s\" does not say \"%s\"", i, e.text, files[i].want);
    }
}

static void bad_bzimages_are_refused(void **state)
{
    static const struct {
        const char *want;
        unsigned int at, size;
        uint32_t value;
    } changes[] = {
        { "boot protocol 2.07", 0x206, 2, 0x0207 },
        { "without a payload", 0x24c, 4, 0 },
        { "truncated", 0x24c, 4, 0xffffffff },
        { "truncated", 0x248, 4, 0xffffffff },
        { "truncated", 0x1f1, 1, 255 },
        { "not known", 0x248, 4, 0x3c },
    };
    const size_t size = make_elf(elf, &image_plain);
    const size_t n = make_packed(packed, PACKING_XZ, elf, size);
    struct image_desc d;
    struct image_error e;

    for ( size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++ ) {
        const size_t all = make_bzimage(whole, packed, n);

        memcpy(whole + changes[i].at, &changes[i].value, changes[i].size);
        assert_int_not_equal(parse(whole, all, sizeof(unpacked), &d, &e), 0);
        if ( !strstr(e.text, changes[i].want) )
            fail_msg("change %zu: %s", i, e.text);
    }
}

static void every_flipped_byte_of_the_headers_is_survived(void **state)
{
    struct image_desc d;
    struct image_error e;

    for ( size_t at = 0; at < 0x400; at++ ) {
        for ( unsigned int bit = 0; bit < 8; bit++ ) {
            const size_t size = make_elf(elf, &image_plain);

            elf[at] ^= (uint8_t)(1 << bit);
            if ( parse(elf, 0x2000 + size / 2, 0, &d, &e) )
                assert_true(e.text[0]);
        }
    }
}

static void notes_of_sections_and_special_notes_are_found(void **state)
{
    struct image_spec s = image_plain;
    struct image_desc d;
    struct image_error e;

    s.sections_only = true;
    s.init_p2m = 0x8000000000;
    s.hypercall_page = 0xffffffff80101000;
    s.mod_start_pfn = true;
    assert_int_equal(parse(elf, make_elf(elf, &s), 0, &d, &e), 0);
    assert_true(d.notes == (NOTE_INIT_P2M | NOTE_HYPERCALL_PAGE | NOTE_MOD_START_PFN | NOTE_ENTRY |
                            NOTE_VIRT_BASE | NOTE_ANY));
    assert_true(d.init_p2m == s.init_p2m && d.hypercall_page == s.hypercall_page);
    assert_int_equal(d.required, 1);
    assert_int_equal(d.supported, 1 | 1 << 4);
}

static void zeros_at_the_end_of_a_segment_are_left_out(void **state)
{
    const size_t size = make_elf(elf, &image_plain);
    struct image_desc d;
    struct image_error e;

    memset(elf + DATA_AT + 0x1235, 0, 0x10000 - 0x1235);
    assert_int_equal(parse(elf, size, 0, &d, &e), 0);
    assert_int_equal(d.segment[0].filesz, 0x1235);
    assert_int_equal(d.segment[0].memsz, 0x20000);
    memset(elf + DATA_AT, 0, 0x10000);
    assert_int_equal(parse(elf, size, 0, &d, &e), 0);
    assert_int_equal(d.segment[0].filesz, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_packing_in_and_out_of_a_bzimage),
        cmocka_unit_test(plain_elf_in_and_out_of_a_bzimage),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(what_unpacks_to_too_much_is_refused),
        cmocka_unit_test(each_bad_kernel_is_refused_with_its_reason),
        cmocka_unit_test(what_is_no_kernel_is_refused_by_name),
        cmocka_unit_test(bad_bzimages_are_refused),
        cmocka_unit_test(every_flipped_byte_of_the_headers_is_survived),
        cmocka_unit_test(notes_of_sections_and_special_notes_are_found),
        cmocka_unit_test(zeros_at_the_end_of_a_segment_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
