/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of boot/mb, mb1 and mb2: information as loaders leave it in low memory. */
#include "cm.h"

#include "base/bits.h"
#include "base/errno.h"
#include "boot/mb.h"

#define RAM_BYTES 0x4000

static uint8_t ram[RAM_BYTES];
static struct boot_info info;

static const void *ram_at(void *ctx, uint64_t addr, size_t len)
{
    (void)ctx;
    return range_ok(addr, len, RAM_BYTES) ? ram + addr : NULL;
}

static const struct boot_phys phys = { ram_at, NULL };

static void put32(uint32_t at, uint32_t v)
{
    memcpy(ram + at, &v, 4);
}

static void put64(uint32_t at, uint64_t v)
{
    memcpy(ram + at, &v, 8);
}

static void put_text(uint32_t at, const char *s)
{
    strcpy((char *)ram + at, s);
}

static void check_refused(uint32_t magic, int rc, const char *text)
{
    const char *why = "";

    CHECK_EQ(boot_info_parse(magic, 0x100, &phys, &info, &why), rc);
    if ( !strstr(why, text) )
        fail_msg("\"%s\" does not say \"%s\"", why, text);
}

static void mb1_entry(uint32_t at, uint64_t addr, uint64_t size, uint32_t type)
{
    put32(at, 20);
    put64(at + 4, addr);
    put64(at + 12, size);
    put32(at + 20, type);
}

/* As QEMU's -kernel leaves it: names in front of the options. */
static void mb1_setup(const char *loader, const char *cmdline, const char *module)
{
    memset(ram, 0, sizeof(ram));
    put32(0x100, 1 | 4 | 8 | 64 | 512);
    put32(0x100 + 4, 639);
    put32(0x100 + 8, 1023);
    put32(0x100 + 16, 0x400);
    put_text(0x400, cmdline);
    put32(0x100 + 20, 2);
    put32(0x100 + 24, 0x800);
    put32(0x800, 0x100000);
    put32(0x804, 0x200000);
    put32(0x808, 0x600);
    put_text(0x600, module);
    put32(0x810, 0x200000);
    put32(0x814, 0x200000);
    put32(0x100 + 44, 48);
    put32(0x100 + 48, 0x900);
    mb1_entry(0x900, 0, 0x9fc00, 1);
    mb1_entry(0x918, 0x100000, 0x7f00000, 1);
    put32(0x100 + 64, 0xa00);
    put_text(0xa00, loader);
}

TEST(mb1_from_qemu)
{
    const char *why;

    mb1_setup("qemu", "/build/xenolith dom0_mem=1G  com1", "vmlinuz console=hvc0 ");
    CHECK_EQ(boot_info_parse(MB1_LOADER_MAGIC, 0x100, &phys, &info, &why), 0);
    CHECK_STR(info.loader, "qemu");
    CHECK_STR(info.cmdline, "dom0_mem=1G  com1");
    CHECK_EQ(info.nr_modules, 2);
    CHECK_EQ(info.modules[0].start, 0x100000);
    CHECK_EQ(info.modules[0].end, 0x200000);
    CHECK_STR(info.modules[0].cmdline, "console=hvc0 ");
    CHECK_STR(info.modules[1].cmdline, "");
    CHECK_EQ(info.memory.nr, 2);
    CHECK_EQ(info.memory.e[1].addr, 0x100000);
    CHECK_EQ(info.memory.e[1].size, 0x7f00000);
    CHECK_EQ(info.video.video_type, 0);
}

TEST(file_name_is_stripped_as_the_loader_puts_it)
{
    static const struct { const char *loader, *given, *want; } rows[] = {
        { "qemu", "kernel a b", "a b" }, { "qemu", "kernel", "" }, { "qemu", "", "" },
        { "GRUB 2.06-13+deb12u1", "a b", "a b" }, { "GRUB 2.12", "placeholder a b", "a b" },
        { "GRUB 2.12", " placeholder", "" }, { "GRUB 2.12", "placeholders a", "placeholders a" },
        { "GNU GRUB 0.97", "/xen.gz  a", "a" }, { "", "/xen.gz\ta", "a" },
    };
    const char *why;

    for ( size_t i = 0; i < ARRAY_SIZE(rows); i++ ) {
        mb1_setup(rows[i].loader, rows[i].given, rows[i].given);
        CHECK_EQ(boot_info_parse(MB1_LOADER_MAGIC, 0x100, &phys, &info, &why), 0);
        CHECK_STR(info.cmdline, rows[i].want);
        CHECK_STR(info.modules[0].cmdline, rows[i].want);
    }
}

TEST(mb1_without_a_map_uses_the_two_sizes)
{
    const char *why;

    mb1_setup("qemu", "", "");
    put32(0x100, 1);
    CHECK_EQ(boot_info_parse(MB1_LOADER_MAGIC, 0x100, &phys, &info, &why), 0);
    CHECK_EQ(info.memory.nr, 2);
    CHECK_EQ(info.memory.e[0].size, 639 << 10);
    CHECK_EQ(info.memory.e[1].addr, 1 << 20);
    put32(0x100, 0);
    check_refused(MB1_LOADER_MAGIC, -XEN_EINVAL, "no memory map");
}

TEST(mb1_framebuffer)
{
    static const uint8_t color[6] = { 16, 8, 8, 8, 0, 8 };
    const char *why;

    mb1_setup("qemu", "", "");
    put32(0x100, 1 | 1 << 12);
    put64(0x100 + 88, 0xfd000000);
    put32(0x100 + 96, 4096);
    put32(0x100 + 100, 1024);
    put32(0x100 + 104, 768);
    ram[0x100 + 108] = 32;
    ram[0x100 + 109] = 1;
    memcpy(ram + 0x100 + 110, color, 6);
    CHECK_EQ(boot_info_parse(MB1_LOADER_MAGIC, 0x100, &phys, &info, &why), 0);
    CHECK_EQ(info.video.video_type, XEN_VGATYPE_VESA_LFB);
    CHECK_EQ(info.video.u.vesa_lfb.lfb_base, 0xfd000000);
    CHECK_EQ(info.video.u.vesa_lfb.width, 1024);
    CHECK_EQ(info.video.u.vesa_lfb.red_pos, 16);
    CHECK_EQ(info.video.u.vesa_lfb.blue_size, 8);
}

TEST(mb1_bad_pointers_are_refused_by_name)
{
    static const struct { uint32_t at, value; const char *text; } rows[] = {
        { 0x100 + 16, RAM_BYTES, "command line has no end" },
        { 0x100 + 16, 0xffffffff, "command line has no end" },
        { 0x100 + 64, RAM_BYTES + 1, "loader name has no end" },
        { 0x100 + 24, RAM_BYTES - 15, "module list is outside" },
        { 0x804, 0xfffff, "ends before it starts" },
        { 0x808, 0xfffffff0, "module's command line has no end" },
        { 0x100 + 44, RAM_BYTES, "memory map is outside" },
        { 0x100 + 44, 47, "memory map is truncated" },
        { 0x918, 21, "memory map is truncated" },
        { 0x900, 0xffffffff, "memory map is truncated" },
        { 0x900, 0, "memory map is truncated" },
    };

    for ( size_t i = 0; i < ARRAY_SIZE(rows); i++ ) {
        mb1_setup("qemu", "x a", "y b");
        put32(rows[i].at, rows[i].value);
        check_refused(MB1_LOADER_MAGIC, -XEN_EINVAL, rows[i].text);
    }
    mb1_setup("qemu", "x a", "y b");
    put32(0x100 + 20, 17);
    check_refused(MB1_LOADER_MAGIC, -XEN_ENOSPC, "more than 16 modules");
    check_refused(0x12345678, -XEN_EINVAL, "not started by a multiboot loader");
}

static uint32_t tag_end;

static uint32_t tag(uint32_t type, uint32_t len)
{
    const uint32_t at = ALIGN_UP(tag_end, 8);

    put32(at, type);
    put32(at + 4, len + 8);
    tag_end = at + 8 + len;
    return at + 8;
}

static void tag_text(uint32_t type, const char *s)
{
    const uint32_t at = tag(type, strlen(s) + 1);

    put_text(at, s);
}

static void mb2_begin(void)
{
    memset(ram, 0xaa, sizeof(ram));
    tag_end = 0x108;
}

static void mb2_finish(void)
{
    tag(0, 0);
    put32(0x100, tag_end - 0x100);
    put32(0x104, 0);
}

static uint32_t mb2_setup(void)
{
    uint32_t at;

    mb2_begin();
    tag_text(1, "placeholder loglvl=all");
    tag_text(2, "GRUB 2.06-13+deb12u1");
    at = tag(3, 8 + 20);
    put32(at, 0x100000);
    put32(at + 4, 0x180000);
    put_text(at + 8, "root=/dev/sda1 quiet");
    ram[at + 28] = 0;
    put32(at - 4, 8 + 8 + 21);
    tag_end++;
    at = tag(6, 8 + 2 * 24);
    put32(at, 24);
    put32(at + 4, 0);
    for ( uint64_t i = 0; i < 2; i++ ) {
        put64(at + 8 + i * 24, i << 20);
        put64(at + 16 + i * 24, 0x80000);
        put32(at + 24 + i * 24, 1 + i);
    }
    return at;
}

TEST(mb2_from_grub)
{
    const char *why;
    uint32_t at;

    mb2_setup();
    at = tag(15, 36);
    memcpy(ram + at, "RSD PTR ", 8);
    memset(ram + tag(14, 20), 1, 20);
    put64(tag(12, 8), 0x7fff0000);
    tag(21, 4);
    at = tag(8, 24);
    put64(at, 0xb8000);
    put32(at + 8, 160);
    put32(at + 12, 80);
    put32(at + 16, 25);
    ram[at + 20] = 16;
    ram[at + 21] = 2;
    mb2_finish();
    CHECK_EQ(boot_info_parse(MB2_LOADER_MAGIC, 0x100, &phys, &info, &why), 0);
    CHECK_STR(info.cmdline, "loglvl=all");
    CHECK_EQ(info.nr_modules, 1);
    CHECK_EQ(info.modules[0].end, 0x180000);
    CHECK_STR(info.modules[0].cmdline, "root=/dev/sda1 quiet");
    CHECK_EQ(info.memory.nr, 2);
    CHECK_EQ(info.memory.e[1].addr, 0x100000);
    CHECK_EQ(info.memory.e[1].type, 2);
    assert_false(info.memory_is_efi);
    CHECK_EQ(info.rsdp_len, 36);
    assert_memory_equal(info.rsdp, "RSD PTR ", 8);
    CHECK_EQ(info.efi_system_table, 0x7fff0000);
    CHECK_EQ(info.video.video_type, 0);
}

TEST(mb2_efi_map_stands_in_for_a_missing_one)
{
    static const struct { uint32_t efi, e820; } rows[] = {
        { 0, 2 }, { 1, 1 }, { 2, 1 }, { 3, 1 }, { 4, 1 }, { 5, 2 }, { 6, 2 }, { 7, 1 },
        { 8, 5 }, { 9, 3 }, { 10, 4 }, { 11, 2 }, { 14, 2 }, { 0x80000000, 2 },
    };
    const char *why;
    uint32_t at;

    mb2_begin();
    at = tag(17, 8 + ARRAY_SIZE(rows) * 48);
    put32(at, 48);
    for ( uint32_t i = 0; i < ARRAY_SIZE(rows); i++ ) {
        put32(at + 8 + i * 48, rows[i].efi);
        put64(at + 16 + i * 48, (uint64_t)i << 24);
        put64(at + 32 + i * 48, i + 1);
    }
    mb2_finish();
    CHECK_EQ(boot_info_parse(MB2_LOADER_MAGIC, 0x100, &phys, &info, &why), 0);
    assert_true(info.memory_is_efi);
    CHECK_EQ(info.memory.nr, ARRAY_SIZE(rows));
    for ( uint32_t i = 0; i < ARRAY_SIZE(rows); i++ ) {
        CHECK_EQ(info.memory.e[i].type, rows[i].e820);
        CHECK_EQ(info.memory.e[i].size, (i + 1) << 12);
    }
    put64(at + 32, ~0UL);
    check_refused(MB2_LOADER_MAGIC, -XEN_EINVAL, "impossible entry");
    put32(at, 39);
    check_refused(MB2_LOADER_MAGIC, -XEN_EINVAL, "bad entry size in the EFI");
    put32(at, 47);
    check_refused(MB2_LOADER_MAGIC, -XEN_EINVAL, "EFI memory map");
}

TEST(mb2_each_short_tag_is_refused_by_name)
{
    static const struct { uint32_t type, len; const char *text; } rows[] = {
        { 3, 7, "module tag" }, { 4, 7, "basic memory tag" }, { 6, 7, "memory map tag" },
        { 8, 23, "framebuffer tag" }, { 12, 7, "EFI system table tag" }, { 14, 19, "old ACPI" },
        { 15, 35, "new ACPI" }, { 17, 7, "EFI memory map tag" },
    };

    for ( size_t i = 0; i < ARRAY_SIZE(rows); i++ ) {
        mb2_setup();
        tag(rows[i].type, rows[i].len);
        mb2_finish();
        check_refused(MB2_LOADER_MAGIC, -XEN_EINVAL, rows[i].text);
    }
}

TEST(mb2_bad_sizes_are_refused)
{
    const uint32_t map = mb2_setup();

    mb2_finish();
    put32(map, 23);
    check_refused(MB2_LOADER_MAGIC, -XEN_EINVAL, "memory map tag is truncated");
    put32(map, 0);
    check_refused(MB2_LOADER_MAGIC, -XEN_EINVAL, "bad entry size");
    put32(map, 24);
    put32(map - 4, 7);
    check_refused(MB2_LOADER_MAGIC, -XEN_EINVAL, "a tag is longer");
    put32(map - 4, 0xffffffff);
    check_refused(MB2_LOADER_MAGIC, -XEN_EINVAL, "a tag is longer");
    put32(map - 4, 64);
    put32(0x100, map - 8 - 0x100);
    check_refused(MB2_LOADER_MAGIC, -XEN_EINVAL, "has no end");
    put32(0x100, 15);
    check_refused(MB2_LOADER_MAGIC, -XEN_EINVAL, "impossible size");
    put32(0x100, RAM_BYTES);
    check_refused(MB2_LOADER_MAGIC, -XEN_EINVAL, "outside memory");
    mb2_setup();
    tag(18, 0);
    mb2_finish();
    check_refused(MB2_LOADER_MAGIC, -XEN_EINVAL, "boot services running");
}

TEST(too_much_text_is_refused)
{
    mb2_begin();
    for ( int i = 0; i < 3; i++ ) {
        const uint32_t at = tag(3, 8 + 3000);

        put64(at, 0);
        memset(ram + at + 8, 'x', 3000);
    }
    mb2_finish();
    check_refused(MB2_LOADER_MAGIC, -XEN_ENOSPC, "longer than 8 KiB");
}

TESTS(RUN(mb1_from_qemu), RUN(file_name_is_stripped_as_the_loader_puts_it),
      RUN(mb1_without_a_map_uses_the_two_sizes), RUN(mb1_framebuffer),
      RUN(mb1_bad_pointers_are_refused_by_name), RUN(mb2_from_grub),
      RUN(mb2_efi_map_stands_in_for_a_missing_one), RUN(mb2_each_short_tag_is_refused_by_name),
      RUN(mb2_bad_sizes_are_refused), RUN(too_much_text_is_refused))
