/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernels for an HVM guest's firmware: which can be placed, where, and the code that finds them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "build/direct.h"
#include "build/le.h"

#define MIB     (1ULL << 20)
#define SETUP   (40 * 512)

static void put(uint8_t *p, uint64_t value, size_t bytes)
{
    for ( size_t i = 0; i < bytes; i++ )
        p[i] = (uint8_t)(value >> 8 * i);
}

/* As Debian's. */
static void make_head(uint8_t *p)
{
    memset(p, 0, DIRECT_HEAD);
    p[0x1f1] = 39;
    put(p + 0x1fe, 0xaa55, 2);
    memcpy(p + 0x202, "HdrS", 4);
    put(p + 0x206, 0x20f, 2);
    p[0x211] = 1;
    put(p + 0x22c, 0x7fffffff, 4);
    p[0x234] = 1;
    put(p + 0x258, 16 * MIB, 8);
    put(p + 0x260, 63 * MIB, 4);
}

static struct direct of_size(uint64_t kernel, uint64_t ramdisk)
{
    return (struct direct){ .kernel.size = kernel, .ramdisk.size = ramdisk };
}

static void places(void **state)
{
    struct direct d = of_size(8 * MIB, 5 * MIB);
    uint8_t head[DIRECT_HEAD];

    make_head(head);
    assert_true(direct_place(head, 128 * MIB, &d));
    assert_int_equal(d.setup_bytes, SETUP);
    assert_true(d.kernel_gpa == 16 * MIB);
    assert_true(d.ramdisk_gpa == 80 * MIB);
    /* Exactly enough: the last 16 MiB are the firmware's. */
    assert_true(direct_place(head, (80 + 5 + 16) * MIB, &d));
    assert_false(direct_place(head, (80 + 5 + 16) * MIB - 1, &d));
    /* A file that is larger than what it says it needs. */
    d = of_size(100 * MIB, 0);
    assert_true(direct_place(head, 256 * MIB, &d));
    assert_true(d.ramdisk_gpa >= 16 * MIB + 100 * MIB - SETUP);
    head[0x1f1] = 0;
    assert_true(direct_place(head, 256 * MIB, &d));
    assert_int_equal(d.setup_bytes, 5 * 512);
}

static void left_to_the_device_model(void **state)
{
    static const struct { uint16_t at, bytes; uint64_t value; } rows[] = {
        { 0x1fe, 2, 0 }, { 0x202, 4, 0 }, { 0x206, 2, 0x209 }, { 0x211, 1, 0 }, { 0x234, 1, 0 },
        { 0x258, 8, MIB }, { 0x258, 8, 1ULL << 40 }, { 0x258, 8, ~0ULL }, { 0x258, 8, 120 * MIB },
        { 0x260, 4, 0xffffffff }, { 0x22c, 4, 70 * MIB }, { 0x22c, 4, 85 * MIB - 2 },
    };
    struct direct d;
    uint8_t head[DIRECT_HEAD];

    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ ) {
        d = of_size(8 * MIB, 5 * MIB);
        make_head(head);
        put(head + rows[i].at, rows[i].value, rows[i].bytes);
        if ( direct_place(head, 128 * MIB, &d) )
            fail_msg("row %zu was placed", i);
    }
    make_head(head);
    d = of_size(SETUP, 0);
    assert_false(direct_place(head, 128 * MIB, &d));
    d = of_size(8 * MIB, ~0ULL);
    assert_false(direct_place(head, 128 * MIB, &d));
    d = of_size(~0ULL, 0);
    assert_false(direct_place(head, 128 * MIB, &d));
    d = of_size(8 * MIB, 0);
    assert_false(direct_place(head, 4 * MIB, &d));
}

/* What the guest will run, taken apart. */
static void stub(void **state)
{
    char path[] = "/tmp/direct-XXXXXX";
    struct direct d = of_size(SETUP + 100, 7 * MIB + 1);
    static uint8_t file[SETUP + 100], got[SETUP + DIRECT_STUB + 1];
    const uint8_t *code = got + SETUP;
    struct xn_ctx *ctx = xn_ctx_new();
    int fd;

    memset(file, 0x5a, sizeof(file));
    make_head(file);
    d.kernel.fd = mkstemp(path);
    unlink(path);
    assert_int_equal(write(d.kernel.fd, file, sizeof(file)), sizeof(file));
    assert_true(direct_place(file, 128 * MIB, &d));
    fd = direct_stub(ctx, &d);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, got, sizeof(got), 0), SETUP + DIRECT_STUB);
    assert_memory_equal(got, file, SETUP);
    assert_memory_equal(code, "\xc7\x86\x18\x02\0\0", 6);
    assert_int_equal(le32(code + 6), d.ramdisk_gpa);
    assert_memory_equal(code + 10, "\xc7\x86\x1c\x02\0\0", 6);
    assert_int_equal(le32(code + 16), 7 * MIB + 1);
    assert_int_equal(code[20], 0xb8);
    assert_int_equal(le32(code + 21), 16 * MIB);
    assert_memory_equal(code + 25, "\xff\xe0", 2);
    close(fd);
    close(d.kernel.fd);
    xn_ctx_free(ctx);
}

static void elf_files_are_refused(void **state)
{
    static const uint8_t file[4 * DIRECT_HEAD] = "\177ELF";
    char path[] = "/tmp/direct-XXXXXX";
    const int fd = mkstemp(path);
    struct xn_ctx *ctx = xn_ctx_new();
    struct direct d = DIRECT_NONE;

    assert_int_equal(write(fd, file, sizeof(file)), sizeof(file));
    assert_int_equal(direct_open(ctx, path, NULL, 128 * MIB, &d), -EINVAL);
    assert_non_null(strstr(xn_why(ctx), "ELF"));
    direct_close(&d);
    /* One byte of it else, and it is the device model's business. */
    assert_int_equal(pwrite(fd, "X", 1, 3), 1);
    assert_int_equal(direct_open(ctx, path, NULL, 128 * MIB, &d), 0);
    assert_int_equal(d.kernel.fd, -1);
    direct_close(&d);
    close(fd);
    unlink(path);
    xn_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places), cmocka_unit_test(left_to_the_device_model), cmocka_unit_test(stub),
        cmocka_unit_test(elf_files_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
