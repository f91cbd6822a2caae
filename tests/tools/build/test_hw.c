/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hardware guests: where things go in their memory, and the tables that they find there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <xenabi/hvm/hvm_info_table.h>
#include <xenabi/hvm/save.h>
#include <xenabi/hvm/start_info.h>

#include "build/acpi.h"
#include "build/hw_build.h"

#define MIB (1ULL << 20)

static const struct image_desc kernel = { .start_gpa = 16 * MIB, .end_gpa = 48 * MIB + 123 };
static const struct image_desc loader = { .start_gpa = MIB, .end_gpa = MIB + 0x33f40 };

static void layout(const struct image_desc *d, const struct hw_request *r, struct hw_layout *l)
{
    struct image_error e;

    if ( hw_layout(d, r, l, &e) )
        fail_msg("%s", e.text);
}

static void ram_is_all_there_and_below_the_hole_or_above_4_gib(void **state)
{
    static const struct { uint64_t mib, hole, low, high; } rows[] = {
        { 64, 0, 64, 0 }, { 3840, 0, 3840, 0 }, { 3841, 0, 3840, 1 }, { 8192, 0, 3840, 4352 },
        { 8192, 1024, 3072, 5120 }, { 8192, 16, 3840, 4352 }, { 64, 2048, 64, 0 },
    };

    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ ) {
        for ( int firmware = 0; firmware < 2; firmware++ ) {
            const struct hw_request r = {
                .use = firmware ? USE_FIRMWARE : USE_PVH, .memory_kib = rows[i].mib << 10,
                .hole_bytes = rows[i].hole * MIB, .acpi_bytes = firmware ? 0 : 5000,
            };
            uint64_t pages = 0, mapped = 0;
            struct hw_layout l;

            layout(firmware ? &loader : &kernel, &r, &l);
            assert_true(l.low_end == rows[i].low * MIB);
            assert_true(l.high_end == HW_4GIB + rows[i].high * MIB);
            for ( unsigned int k = 0; k < l.nr_ram; k++ )
                pages += l.ram[k].end_gfn - l.ram[k].first_gfn;
            assert_int_equal(pages, (rows[i].mib << 8) - (firmware ? 32 : 0));
            for ( unsigned int k = 0; k < l.nr_map; k++ ) {
                mapped += l.map[k].type == XEN_E820_RAM ? l.map[k].size : 0;
                assert_true(!k || l.map[k].addr >= l.map[k - 1].addr + l.map[k - 1].size);
            }
            assert_true(mapped == rows[i].mib * MIB - (firmware ? MIB : 0));
        }
    }
}

static void what_does_not_fit_is_refused_with_how_much(void **state)
{
    static const struct { struct hw_request r; const char *why; } rows[] = {
        { { .memory_kib = 40 << 10 }, "missing" },
        { { .memory_kib = 64 << 10, .module = { { 16 * MIB } } }, "a ramdisk of 16384 KiB" },
        { { .memory_kib = 64 << 10, .module = { { 9 * MIB }, { 7 * MIB } } },
          "a kernel with its ramdisk of 16384 KiB" },
        { { .memory_kib = 64 << 10, .module = { { ~0ULL } } }, "ramdisk" },
        { { .memory_kib = 64 << 10, .module = { { MIB }, { ~0ULL } } }, "ramdisk" },
        { { .memory_kib = ~0ULL }, "more than a guest" },
        { { .memory_kib = 64 << 10, .hole_bytes = HW_4GIB }, "hole" },
        { { .memory_kib = 64 << 10, .hole_bytes = 4096 }, "hole" },
        { { .memory_kib = 0 }, "missing" },
    };
    struct image_error e;
    struct hw_layout l;

    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ ) {
        struct hw_request r = rows[i].r;

        r.use = USE_PVH;
        assert_int_not_equal(hw_layout(&kernel, &r, &l, &e), 0);
        assert_non_null(strstr(e.text, rows[i].why));
    }
}

static void start_info_leads_to_everything(void **state)
{
    const struct hw_request r = {
        .use = USE_PVH, .memory_kib = 4096 << 10, .module = { { 5 * MIB + 1, NULL } },
        .cmdline = "console=hvc0", .acpi_bytes = 3000,
    };
    const struct hvm_start_info *si;
    const struct hvm_modlist_entry *module;
    const struct hvm_memmap_table_entry *map;
    struct hw_layout l;
    uint8_t *p;

    layout(&kernel, &r, &l);
    p = aligned_alloc(4096, l.info_bytes);
    memset(p, 0xee, l.info_bytes);
    hw_fill_start_info(&l, &r, p);
    si = (void *)p;
    assert_true(si->magic == XEN_HVM_START_MAGIC_VALUE && si->version == 1);
    assert_true(si->nr_modules == 1 && si->rsdp_paddr == HW_ACPI_GPA && !si->reserved);
    assert_string_equal(p + (si->cmdline_paddr - l.info_gpa), "console=hvc0");
    module = (void *)(p + (si->modlist_paddr - l.info_gpa));
    assert_true(module->paddr == l.module[0].gpa && module->size == 5 * MIB + 1);
    assert_true(module->paddr >= kernel.end_gpa && module->paddr % 4096 == 0);
    assert_true(l.info_gpa >= module->paddr + module->size);
    map = (void *)(p + (si->memmap_paddr - l.info_gpa));
    assert_int_equal(si->memmap_entries, 4);
    assert_true(map[0].addr == 0 && map[0].size == HW_RAM_LOW_MAX && map[0].type == 1);
    assert_true(map[1].addr == HW_ACPI_GPA && map[1].size == 4096 && map[1].type == 3);
    assert_true(map[2].addr == 0xfeff0000 && map[2].size == 0x10000 && map[2].type == 2);
    assert_true(map[3].addr == HW_4GIB && map[3].type == 1);
    free(p);
}

/* A PV guest's kernel and ramdisk, for the shim that runs it. */
static void two_modules_follow_each_other(void **state)
{
    const struct hw_request r = {
        .use = USE_PVH, .memory_kib = 256 << 10, .cmdline = "shim",
        .module = { { 5 * MIB + 1, "console=hvc0" }, { 4096, NULL } },
    };
    const struct hvm_start_info *si;
    const struct hvm_modlist_entry *m;
    struct hw_layout l;
    uint8_t *p;

    layout(&kernel, &r, &l);
    p = aligned_alloc(4096, l.info_bytes);
    hw_fill_start_info(&l, &r, p);
    si = (void *)p;
    m = (void *)(p + (si->modlist_paddr - l.info_gpa));
    assert_int_equal(si->nr_modules, 2);
    assert_true(m[0].paddr >= kernel.end_gpa && m[0].size == 5 * MIB + 1);
    assert_string_equal(p + (m[0].cmdline_paddr - l.info_gpa), "console=hvc0");
    assert_true(m[1].paddr == m[0].paddr + 5 * MIB + 4096 && m[1].size == 4096);
    assert_true(!m[1].cmdline_paddr && l.info_gpa == m[1].paddr + 4096);
    assert_string_equal(p + (si->cmdline_paddr - l.info_gpa), "shim");
    free(p);
}

static uint8_t sum_of(const uint8_t *p, size_t n)
{
    uint8_t sum = 0;

    while ( n-- )
        sum += *p++;
    return sum;
}

static void firmware_finds_its_table(void **state)
{
    const struct hw_request r = {
        .use = USE_FIRMWARE, .memory_kib = 5120 << 10, .module = { { 256 << 10, "firmware" } },
    };
    struct hvm_info_table t;
    struct hw_layout l;

    layout(&loader, &r, &l);
    hw_fill_hvm_info(&l, 8, 3, true, &t);
    assert_int_equal(sum_of((uint8_t *)&t, sizeof(t)), 0);
    assert_true(t.nr_vcpus == 8 && t.vcpu_online[0] == 7 && t.apic_mode == 1);
    assert_true(t.low_mem_pgend == 0xf0000 && t.high_mem_pgend == 0x100000 + (1280 << 8));
    assert_true(t.reserved_mem_pgstart == 0xfeff0);
}

/* The table with this signature that the XSDT leads to. */
static const uint8_t *table(const uint8_t *p, const char *signature)
{
    uint64_t gpa;
    const uint8_t *xsdt;
    uint32_t length;

    memcpy(&gpa, p + 24, 8);
    xsdt = p + (gpa - HW_ACPI_GPA);
    memcpy(&length, xsdt + 4, 4);
    assert_memory_equal(xsdt, "XSDT", 4);
    assert_int_equal(sum_of(xsdt, length), 0);
    for ( uint32_t at = 36; at < length; at += 8 ) {
        memcpy(&gpa, xsdt + at, 8);
        if ( !memcmp(p + (gpa - HW_ACPI_GPA), signature, 4) )
            return p + (gpa - HW_ACPI_GPA);
    }
    fail_msg("no %s", signature);
    return NULL;
}

static void acpi_tables_are_whole(void **state)
{
    static const uint32_t counts[] = { 1, 2, 127, 128, 129, 4096 };

    for ( size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++ ) {
        const uint32_t n = counts[i];
        uint8_t *p = malloc(acpi_bytes(n));
        const size_t bytes = acpi_build(p, HW_ACPI_GPA, n);
        const uint8_t *madt, *fadt, *dsdt;
        uint32_t length, found = 0;
        uint64_t gpa;

        assert_true(bytes <= acpi_bytes(n));
        assert_memory_equal(p, "RSD PTR ", 8);
        assert_int_equal(sum_of(p, 20) | sum_of(p, 36), 0);
        fadt = table(p, "FACP");
        madt = table(p, "APIC");
        memcpy(&gpa, fadt + 140, 8);
        dsdt = p + (gpa - HW_ACPI_GPA);
        assert_memory_equal(dsdt, "DSDT", 4);
        memcpy(&length, dsdt + 4, 4);
        assert_int_equal(length, 36 + 10 + n * 32);
        assert_int_equal(sum_of(dsdt, length), 0);
        assert_int_equal(sum_of(fadt, 268), 0);
        memcpy(&length, madt + 4, 4);
        assert_int_equal(sum_of(madt, length), 0);
        for ( uint32_t at = 44; at < length; at += madt[at + 1], found++ ) {
            uint32_t id = madt[at + 3], uid = madt[at + 2];

            if ( madt[at] == 9 ) {
                memcpy(&id, madt + at + 4, 4);
                memcpy(&uid, madt + at + 12, 4);
            }
            assert_true(uid == found && id == 2 * found && (madt[at] == 9) == (id > 254));
        }
        assert_int_equal(found, n);
        free(p);
    }
}

static size_t put(uint8_t *to, size_t at, uint16_t code, uint16_t instance, uint32_t length)
{
    const struct hvm_save_descriptor d = { code, instance, length };

    memcpy(to + at, &d, sizeof(d));
    return at + sizeof(d) + length;
}

static void first_vcpu_starts_flat_and_cached(void **state)
{
    uint8_t now[4096] = { 0 }, *to = NULL;
    struct hvm_save_descriptor d;
    struct hvm_hw_cpu cpu;
    struct hvm_hw_mtrr mtrr;
    uint32_t size, mtrrs = 0;
    size_t n = 0;

    n = put(now, n, HVM_SAVE_CODE_HEADER, 0, sizeof(struct hvm_save_header));
    n = put(now, n, HVM_SAVE_CODE_LAPIC, 0, 24);
    n = put(now, n, HVM_SAVE_CODE_MTRR, 0, sizeof(mtrr));
    n = put(now, n, HVM_SAVE_CODE_MTRR, 1, sizeof(mtrr));
    n = put(now, n, HVM_SAVE_CODE_END, 0, 0);
    size = hw_make_context(now, (uint32_t)n, true, 0x1000280, 0x3001000, &to);
    memcpy(&d, to, sizeof(d));
    assert_true(d.typecode == HVM_SAVE_CODE_HEADER);
    memcpy(&d, to + 32, sizeof(d));
    assert_true(d.typecode == HVM_SAVE_CODE_CPU && d.length == sizeof(cpu));
    memcpy(&cpu, to + 40, sizeof(cpu));
    assert_true(cpu.rip == 0x1000280 && cpu.rbx == 0x3001000 && cpu.cr0 == 0x11 && !cpu.cr4);
    for ( uint32_t at = 40 + sizeof(cpu); at < size; at += d.length ) {
        memcpy(&d, to + at, sizeof(d));
        at += sizeof(d);
        if ( d.typecode != HVM_SAVE_CODE_MTRR )
            continue;
        memcpy(&mtrr, to + at, sizeof(mtrr));
        assert_true(mtrr.msr_mtrr_def_type == 0x806);
        mtrrs++;
    }
    assert_true(mtrrs == 2 && d.typecode == HVM_SAVE_CODE_END);
    free(to);
    /* Garbage, however short, leads nowhere. */
    for ( uint32_t i = 0; i < n; i++ ) {
        uint8_t *part = malloc(i ? i : 1);

        memcpy(part, now, i);
        (void)hw_make_context(part, i, true, 0, 0, &to);
        free(to);
        free(part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ram_is_all_there_and_below_the_hole_or_above_4_gib),
        cmocka_unit_test(what_does_not_fit_is_refused_with_how_much),
        cmocka_unit_test(start_info_leads_to_everything),
        cmocka_unit_test(two_modules_follow_each_other),
        cmocka_unit_test(firmware_finds_its_table), cmocka_unit_test(acpi_tables_are_whole),
        cmocka_unit_test(first_vcpu_starts_flat_and_cached),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
