/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of boot/elf and boot/elf_notes on files made here. */
#include "cm.h"

#include "base/errno.h"
#include "boot/elf.h"
#include "boot/elf_format.h"

#define HYP_START 0xffff800000000000UL
#define HYP_END   0xffff880000000000UL
#define FILE_BYTES 0x3000

/* Where things are in the file made by setup(). */
enum { PH = 64, SH = 0x400, NOTES = 0x800, TEXT_AT = 0x1000 };

static uint8_t file[FILE_BYTES];
static uint32_t notes_len;
static struct elf_image image;
static struct elf_notes notes;
static struct elf_plan plan;

static void put(uint32_t at, uint64_t v, int bytes)
{
    memcpy(file + at, &v, bytes);
}

static void phdr(int i, uint32_t type, uint64_t off, uint64_t paddr, uint64_t filesz,
                 uint64_t memsz)
{
    const uint32_t at = PH + i * P_BYTES;

    put(at + P_TYPE, type, 4);
    put(at + P_OFFSET, off, 8);
    put(at + P_PADDR, paddr, 8);
    put(at + P_FILESZ, filesz, 8);
    put(at + P_MEMSZ, memsz, 8);
    put(at + P_ALIGN, type == PT_NOTE ? 4 : 4096, 8);
}

static void note(uint32_t type, const void *desc, uint32_t len)
{
    const uint32_t at = NOTES + notes_len;

    put(at, 4, 4);
    put(at + 4, len, 4);
    put(at + 8, type, 4);
    memcpy(file + at + 12, "Xen", 4);
    memcpy(file + at + 16, desc, len);
    notes_len += 16 + ((len + 3) & ~3u);
    put(PH + P_FILESZ, notes_len, 8);
}

static void note_number(uint32_t type, uint64_t v)
{
    note(type, &v, 8);
}

static void note_text(uint32_t type, const char *s)
{
    note(type, s, strlen(s) + 1);
}

/* A note segment, text at 16 MiB and data with some zeroes behind it. */
static void setup(void)
{
    memset(file, 0, sizeof(file));
    memcpy(file, "\177ELF\2\1\1", 7);
    put(E_TYPE, TYPE_EXEC, 2);
    put(E_MACHINE, MACHINE_X86_64, 2);
    put(E_ENTRY, 0x1000100, 8);
    put(E_PHOFF, PH, 8);
    put(E_PHENTSIZE, P_BYTES, 2);
    put(E_PHNUM, 3, 2);
    phdr(0, PT_NOTE, NOTES, 0, 0, 0);
    phdr(1, PT_LOAD, TEXT_AT, 0x1000000, 0x1000, 0x1000);
    phdr(2, PT_LOAD, TEXT_AT + 0x1000, 0x1002000, 0x1000, 0x2800);
    notes_len = 0;
}

static void setup_with_notes(void)
{
    setup();
    note_text(XEN_ELFNOTE_GUEST_OS, "linux");
    note_number(XEN_ELFNOTE_VIRT_BASE, 0xffffffff80000000);
    note_number(XEN_ELFNOTE_ENTRY, 0xffffffff81000040);
    note_text(XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb|from_the_future");
    note_number(XEN_ELFNOTE_SUPPORTED_FEATURES, 0x8801);
    note_number(XEN_ELFNOTE_INIT_P2M, 0x8000000000);
}

static int parse_all(const char **why)
{
    int rc = elf_parse(file, sizeof(file), &image, why);

    if ( !rc )
        rc = elf_read_notes(&image, &notes, why);
    return rc ? rc : elf_plan_pv(&image, &notes, HYP_START, HYP_END, &plan, why);
}

static void check_refused(const char *text)
{
    const char *why = "";

    CHECK_EQ(parse_all(&why), -XEN_EINVAL);
    if ( !strstr(why, text) )
        fail_msg("\"%s\" does not say \"%s\"", why, text);
}

TEST(a_good_kernel_is_planned)
{
    const uint32_t one = 1;
    const char *why = "";

    setup_with_notes();
    note(XEN_ELFNOTE_MOD_START_PFN, &one, 4);
    note_text(XEN_ELFNOTE_GUEST_VERSION, "a text that is longer than the room for it");
    note(12345, "x", 1);
    CHECK_EQ(parse_all(&why), 0);
    CHECK_EQ(image.nr_segments, 2);
    CHECK_EQ(image.paddr_start, 0x1000000);
    CHECK_EQ(image.paddr_end, 0x1004800);
    CHECK_EQ(image.segment[1].mem_len, 0x2800);
    CHECK_STR(notes.guest_os, "linux");
    CHECK_EQ(strlen(notes.guest_version), ELF_NOTE_TEXT - 1);
    CHECK_EQ(notes.mod_start_pfn, 1);
    assert_true(ELF_NOTE_PRESENT(&notes, XEN_ELFNOTE_INIT_P2M));
    assert_false(ELF_NOTE_PRESENT(&notes, XEN_ELFNOTE_HYPERCALL_PAGE));
    CHECK_EQ(plan.virt_start, 0xffffffff81000000);
    CHECK_EQ(plan.virt_end, 0xffffffff81004800);
    CHECK_EQ(elf_segment_virt(&image, &plan, 1), 0xffffffff81002000);
}

TEST(paddr_offset_is_taken_off)
{
    const char *why = "";

    setup();
    phdr(1, PT_LOAD, TEXT_AT, 0xffffffff81000000, 0x1000, 0x1000);
    phdr(2, PT_LOAD, TEXT_AT + 0x1000, 0xffffffff81002000, 0x1000, 0x2800);
    note_number(XEN_ELFNOTE_VIRT_BASE, 0xffffffff80000000);
    note_number(XEN_ELFNOTE_PADDR_OFFSET, 0xffffffff80000000);
    note_number(XEN_ELFNOTE_ENTRY, 0xffffffff81000000);
    note_number(XEN_ELFNOTE_HYPERCALL_PAGE, 0xffffffff81002000);
    CHECK_EQ(parse_all(&why), 0);
    CHECK_EQ(plan.virt_start, 0xffffffff81000000);
}

TEST(notes_may_be_in_sections_only)
{
    const char *why = "";

    setup_with_notes();
    put(PH + P_TYPE, 0, 4);
    put(E_SHOFF, SH, 8);
    put(E_SHENTSIZE, S_BYTES, 2);
    put(E_SHNUM, 2, 2);
    put(SH + S_BYTES + S_TYPE, SHT_NOTE, 4);
    put(SH + S_BYTES + S_OFFSET, NOTES, 8);
    put(SH + S_BYTES + S_SIZE, notes_len, 8);
    CHECK_EQ(parse_all(&why), 0);
    CHECK_STR(notes.guest_os, "linux");
    put(E_SHNUM, 0, 2);
    check_refused("no Xen ELF notes (is CONFIG_XEN_PV on?)");
}

TEST(entry_comes_from_the_file_header_without_a_note)
{
    const char *why = "";

    setup();
    note_text(XEN_ELFNOTE_GUEST_OS, "tiny");
    CHECK_EQ(parse_all(&why), 0);
    CHECK_EQ(notes.entry, 0x1000100);
    CHECK_EQ(plan.virt_start, 0x1000000);
}

TEST(damaged_files_are_refused_by_reason)
{
    static const struct { uint32_t at, bytes; uint64_t value; const char *text; } rows[] = {
        { 0, 1, 0, "not an ELF" },
        { E_CLASS, 1, 1, "not a 64-bit x86" },
        { E_MACHINE, 2, 183, "not a 64-bit x86" },
        { E_TYPE, 2, 1, "not an executable" },
        { E_PHOFF, 8, FILE_BYTES - P_BYTES, "program headers" },
        { E_PHOFF, 8, ~0UL - 8, "program headers" },
        { E_PHENTSIZE, 2, 55, "program headers" },
        { E_PHNUM, 2, 0, "nothing to load" },
        { E_PHNUM, 2, 0xffff, "program headers" },
        { PH + P_BYTES + P_FILESZ, 8, 0x1001, "larger in the file" },
        { PH + P_BYTES + P_OFFSET, 8, FILE_BYTES - 0xfff, "beyond the file's end" },
        { PH + P_BYTES + P_OFFSET, 8, ~0UL, "beyond the file's end" },
        { PH + P_BYTES + P_PADDR, 8, ~0UL - 8, "wraps" },
        { PH + P_BYTES + P_MEMSZ, 8, ~0UL, "wraps" },
        { PH + P_BYTES + P_MEMSZ, 8, 0x2001, "overlap" },
        { PH + P_BYTES + P_PADDR, 8, 0x1004000, "overlap" },
        { PH + P_BYTES + P_PADDR, 8, 0x90000000, "more than 2 GiB" },
        { PH + P_OFFSET, 8, FILE_BYTES, "truncated (notes)" },
        { PH + P_FILESZ, 8, ~0UL, "truncated (notes)" },
        { NOTES, 4, 0xffffffff, "note is longer" },
        { NOTES + 4, 4, 0xfffffff0, "note is longer" },
    };

    for ( size_t i = 0; i < ARRAY_SIZE(rows); i++ ) {
        setup_with_notes();
        put(rows[i].at, rows[i].value, rows[i].bytes);
        check_refused(rows[i].text);
    }
}

TEST(impossible_notes_are_refused_by_name)
{
    static const struct { uint32_t type; uint64_t value; const char *text; } rows[] = {
        { XEN_ELFNOTE_ENTRY, 0xffffffff81004800, "ENTRY is outside" },
        { XEN_ELFNOTE_ENTRY, 0, "ENTRY is outside" },
        { XEN_ELFNOTE_VIRT_BASE, 0xffff800000000000, "VIRT_BASE" },
        { XEN_ELFNOTE_VIRT_BASE, 0x800000000000, "VIRT_BASE" },
        { XEN_ELFNOTE_VIRT_BASE, 0xffffffff80000800, "VIRT_BASE" },
        { XEN_ELFNOTE_VIRT_BASE, 0xfffffffffeffe000, "VIRT_BASE" },
        { XEN_ELFNOTE_VIRT_BASE, 0x7fffff000000 - 0x2000, "VIRT_BASE" },
        { XEN_ELFNOTE_PADDR_OFFSET, 0x1000001, "PADDR_OFFSET" },
        { XEN_ELFNOTE_HYPERCALL_PAGE, 0xffffffff81000010, "HYPERCALL_PAGE" },
        { XEN_ELFNOTE_HYPERCALL_PAGE, 0xffffffff81005000, "HYPERCALL_PAGE" },
        { XEN_ELFNOTE_HYPERCALL_PAGE, 0xffffffff80fff000, "HYPERCALL_PAGE" },
        { XEN_ELFNOTE_INIT_P2M, 0x8000000001, "INIT_P2M" },
        { XEN_ELFNOTE_INIT_P2M, HYP_START, "INIT_P2M" },
        { XEN_ELFNOTE_INIT_P2M, 0x900000000000, "INIT_P2M" },
        { XEN_ELFNOTE_HV_START_LOW, HYP_START + 4096, "HV_START_LOW" },
    };

    for ( size_t i = 0; i < ARRAY_SIZE(rows); i++ ) {
        setup_with_notes();
        note_number(rows[i].type, rows[i].value);
        check_refused(rows[i].text);
    }
    setup_with_notes();
    note(XEN_ELFNOTE_ENTRY, "123", 3);
    check_refused("impossible length");
    setup_with_notes();
    note_text(XEN_ELFNOTE_FEATURES, "dom0|!from_the_future");
    check_refused("requires a feature");
}

TEST(any_truncation_is_refused)
{
    const char *why;
    uint8_t *copy;

    setup_with_notes();
    for ( size_t len = 0; len < sizeof(file); len += 7 ) {
        copy = malloc(len ? len : 1);       /* its own block: a read beyond is seen */
        memcpy(copy, file, len);
        why = NULL;
        if ( !elf_parse(copy, len, &image, &why) )
            fail_msg("%zu of %zu bytes were enough", len, sizeof(file));
        assert_non_null(why);
        free(copy);
    }
}

TESTS(RUN(a_good_kernel_is_planned), RUN(paddr_offset_is_taken_off),
      RUN(notes_may_be_in_sections_only), RUN(entry_comes_from_the_file_header_without_a_note),
      RUN(damaged_files_are_refused_by_reason), RUN(impossible_notes_are_refused_by_name),
      RUN(any_truncation_is_refused))
