/* SPDX-License-Identifier: GPL-2.0-or-later */
/* build_pv against a fake hypervisor: what the guest finds, and every call failing in turn. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "build/image.h"
#include "common.h"
#include "fake_hyp.h"
#include "make_image.h"

#define MIB (1U << 20)

static uint8_t elf[IMAGE_ROOM];
static uint8_t ramdisk[300001];
static char *folder;
static struct xn_ctx *ctx;
static struct pv_build b;

static int setup(void **state)
{
    folder = folder_make();
    ctx = xn_ctx_new();
    fake_reset();
    for ( size_t i = 0; i < sizeof(ramdisk); i++ )
        ramdisk[i] = (uint8_t)(i * 13 >> 3);
    file_write(in_folder(folder, "ramdisk"), ramdisk, sizeof(ramdisk));
    b = (struct pv_build){
        .domid = 7, .cmdline = "root=/dev/xvda ro", .memory_kib = 16 << 10, .maxmem_kib = 20 << 10,
        .nr_vcpus = 2, .store_domid = 0, .console_domid = 2, .store_port = 11, .console_port = 12,
    };
    return 0;
}

static int teardown(void **state)
{
    image_close(b.image);
    xn_ctx_free(ctx);
    folder_remove(folder);
    return 0;
}

static void open_kernel(const struct image_spec *s)
{
    file_write(in_folder(folder, "kernel"), elf, make_elf(elf, s));
    if ( image_open_with(ctx, in_folder(folder, "kernel"), "", parse_image, &sandbox_defaults,
                         &b.image) )
        fail_msg("%s", xn_why(ctx));
}

/* The guest's view: its page tables, from CR3 on. */
static uint8_t *at(uint64_t va)
{
    uint64_t e = fake.cr3 << 12 | 1;

    for ( int shift = 39; shift >= 12; shift -= 9 ) {
        assert_true(e & 1);
        memcpy(&e, fake_page((e & 0x000ffffffffff000ULL) >> 12) + (va >> shift & 511) * 8, 8);
    }
    assert_true(e & 1);
    return fake_page((e & 0x000ffffffffff000ULL) >> 12) + (va & 4095);
}

static uint64_t number_at(uint64_t va)
{
    uint64_t v;

    memcpy(&v, at(va), 8);
    return v;
}

static void check_guest(const struct image_spec *s, bool large)
{
    const struct start_info *si;
    const struct shared_info *shared = (struct shared_info *)fake_page(FAKE_SHARED);
    const uint64_t pages = b.memory_kib / 4;

    assert_false(fake.mapped || fake.grants_mapped);
    fake.cr3 = fake.vcpu.ctrlreg[3] >> 12;
    assert_int_equal(fake.cr3, fake.pinned);
    assert_int_equal(fake.nr_populated, pages);
    assert_int_equal(fake.nr_large, large ? pages / 512 : 0);
    si = (struct start_info *)at(fake.vcpu.user_regs.rsi);
    assert_string_equal(si->magic, "xen-3.0-x86_64");
    assert_int_equal(si->nr_pages, pages);
    assert_int_equal(si->shared_info, (uint64_t)FAKE_SHARED << 12);
    assert_int_equal(si->store_evtchn, 11);
    assert_int_equal(si->console.domU.evtchn, 12);
    assert_string_equal((const char *)si->cmd_line, "root=/dev/xvda ro");
    assert_int_equal(b.store_mfn, si->store_mfn);
    assert_int_equal(b.console_mfn, si->console.domU.mfn);
    assert_true(at(si->pt_base) == fake_page(fake.cr3));
    for ( uint64_t i = 0; i < pages; i++ )
        assert_int_equal(fake.pfn_of[number_at(si->mfn_list + i * 8)], i);
    for ( unsigned int i = 0; i < 4096; i++ ) {
        assert_int_equal(fake_page(si->store_mfn)[i], 0);
        assert_int_equal(fake_page(si->console.domU.mfn)[i], 0);
    }

    /* The kernel, and zeros behind it. */
    for ( uint64_t i = 0; i < s->memsz; i += i < s->filesz - 64 ? 61 : 1 )
        assert_int_equal(*at(s->virt_base + s->gpa + i), i < s->filesz ? elf[DATA_AT + i] : 0);

    assert_int_equal(fake.vcpu.user_regs.rip, s->entry);
    assert_int_equal(fake.vcpu.user_regs.cs, FLAT_KERNEL_CS);
    assert_int_equal(fake.vcpu.flags, VGCF_in_kernel | VGCF_online);
    assert_int_equal(fake.vcpu.user_regs.rsp & 4095, 0);
    assert_int_equal(number_at(fake.vcpu.user_regs.rsp - 8), 0);
    assert_int_equal(shared->vcpu_info[0].evtchn_upcall_mask, 1);
    assert_int_equal(shared->vcpu_info[31].evtchn_upcall_mask, 1);
    assert_int_equal(fake.grant[GNTTAB_RESERVED_CONSOLE].domid, 2);
    assert_int_equal(fake.grant[GNTTAB_RESERVED_CONSOLE].frame, si->console.domU.mfn);
    assert_int_equal(fake.grant[GNTTAB_RESERVED_XENSTORE].frame, si->store_mfn);
    assert_int_equal(fake.grant[GNTTAB_RESERVED_XENSTORE].flags, GTF_permit_access);
    assert_int_equal(fake.map.size, 20 * MIB);
}

static void check_ramdisk(void)
{
    const struct start_info *si = (struct start_info *)at(fake.vcpu.user_regs.rsi);
    const uint64_t first = si->mfn_list;

    assert_int_equal(si->mod_len, sizeof(ramdisk));
    for ( uint64_t i = 0; i < (sizeof(ramdisk) + 4095) / 4096 * 4096; i++ ) {
        const uint8_t want = i < sizeof(ramdisk) ? ramdisk[i] : 0;
        const uint8_t *p = si->flags & SIF_MOD_START_PFN ?
                           fake_page(number_at(first + (si->mod_start + i / 4096) * 8)) + i % 4096 :
                           at(si->mod_start + i);

        assert_int_equal(*p, want);
    }
}

static void plain_kernel(void **state)
{
    open_kernel(&image_plain);
    if ( build_pv(ctx, &b) )
        fail_msg("%s", xn_why(ctx));
    check_guest(&image_plain, true);
    assert_int_equal(fake.stubs, 0);
}

static void kernel_with_all_notes_and_a_ramdisk(void **state)
{
    struct image_spec s = image_plain;

    s.gpa = 0x100678;                               /* neither end at a page's border */
    s.filesz = 0x5433;
    s.memsz = 0x9999;
    s.entry = s.virt_base + s.gpa;
    s.init_p2m = 0x8000000000;
    s.mod_start_pfn = true;
    s.hypercall_page = s.virt_base + 0x103000;
    b.ramdisk_path = in_folder(folder, "ramdisk");
    open_kernel(&s);
    if ( build_pv(ctx, &b) )
        fail_msg("%s", xn_why(ctx));
    check_guest(&s, true);
    check_ramdisk();
    assert_int_equal(fake.pfn_of[fake.stubs], 0x103);
}

static void ramdisk_of_an_old_kernel_is_mapped(void **state)
{
    b.ramdisk_path = in_folder(folder, "ramdisk");
    open_kernel(&image_plain);
    assert_int_equal(build_pv_check(ctx, b.image, b.ramdisk_path, b.memory_kib), 0);
    if ( build_pv(ctx, &b) )
        fail_msg("%s", xn_why(ctx));
    check_guest(&image_plain, true);
    check_ramdisk();
}

static void without_large_pieces_and_without_claims(void **state)
{
    fake.no_large = fake.no_claims = true;
    open_kernel(&image_plain);
    assert_int_equal(build_pv(ctx, &b), 0);
    check_guest(&image_plain, false);
}

static void memory_comes_from_the_nodes_asked_for(void **state)
{
    fake.nr_nodes = 3;
    b.nodes = 1 << 1 | 1 << 2;
    open_kernel(&image_plain);
    assert_int_equal(build_pv(ctx, &b), 0);
    check_guest(&image_plain, true);
    assert_int_equal(fake.flags_seen, XENMEMF_node(1) | XENMEMF_node(2));

    fake_reset();
    b.nodes = 1 << 5;
    assert_int_equal(build_pv(ctx, &b), -EINVAL);
    assert_non_null(strstr(xn_why(ctx), "NUMA"));
}

static void too_little_memory_tells_what_is_missing_and_who_has_it(void **state)
{
    open_kernel(&image_plain);
    for ( int claims = 0; claims < 2; claims++ ) {
        fake_reset();
        fake.no_claims = !claims;
        fake.free_pages = 6 << 8;
        assert_int_equal(build_pv(ctx, &b), -ENOMEM);
        assert_non_null(strstr(xn_why(ctx), claims ? "16 MiB wanted, 6 MiB free, 10 MiB missing"
                                                   : "16 MiB wanted"));
        assert_non_null(strstr(xn_why(ctx), "greedy 300 MiB, a domain without a name 100 MiB"));
    }
    fake_reset();
    fake.free_pages = 6 << 8;
    assert_int_equal(build_check_memory(ctx, 6 << 10), 0);
    assert_int_equal(build_check_memory(ctx, 7 << 10), -ENOMEM);
    assert_non_null(strstr(xn_why(ctx), "1 MiB missing"));
}

static void bad_ramdisks_and_command_lines_are_named(void **state)
{
    static char big[2000];

    open_kernel(&image_plain);
    assert_int_equal(build_pv_check(ctx, b.image, "/no/such", b.memory_kib), -ENOENT);
    assert_non_null(strstr(xn_why(ctx), "ramdisk /no/such: No such file"));
    assert_int_equal(build_pv_check(ctx, b.image, folder, b.memory_kib), -EINVAL);
    file_write(in_folder(folder, "empty"), "", 0);
    assert_int_equal(build_pv_check(ctx, b.image, in_folder(folder, "empty"), b.memory_kib),
                     -EINVAL);
    assert_non_null(strstr(xn_why(ctx), "is empty"));
    assert_int_equal(truncate(in_folder(folder, "empty"), 40 * MIB), 0);
    assert_int_equal(build_pv_check(ctx, b.image, in_folder(folder, "empty"), b.memory_kib),
                     -EINVAL);
    assert_non_null(strstr(xn_why(ctx), "40960 KiB does not fit into 16384 KiB"));
    assert_int_equal(build_pv_check(ctx, b.image, NULL, 1 << 10), -EINVAL);
    memset(big, 'x', sizeof(big) - 1);
    b.cmdline = big;
    assert_int_equal(build_pv(ctx, &b), -EINVAL);
    assert_non_null(strstr(xn_why(ctx), "1999 characters"));
    assert_int_equal(fake.calls, 0);
}

static void every_call_failing_in_turn_leaves_nothing_mapped(void **state)
{
    struct image_spec s = image_plain;
    const size_t files = open_files();
    int calls;

    s.hypercall_page = s.virt_base + 0x103000;
    b.ramdisk_path = in_folder(folder, "ramdisk");
    open_kernel(&s);
    assert_int_equal(build_pv(ctx, &b), 0);
    calls = fake.calls;
    assert_true(calls >= 9);
    for ( int i = 1; i <= calls; i++ ) {
        fake_reset();
        fake.fail_call = i;
        if ( !build_pv(ctx, &b) ) {
            /* Only the claim and the large pieces may fail: there is another way. */
            assert_true(i <= 2);
            check_guest(&s, i == 1);
            continue;
        }
        assert_non_null(strstr(xn_why(ctx), "building domain 7"));
        assert_false(fake.mapped || fake.grants_mapped);
    }
    assert_int_equal(open_files(), files + 1);      /* the kernel */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plain_kernel),
        TEST(kernel_with_all_notes_and_a_ramdisk),
        TEST(ramdisk_of_an_old_kernel_is_mapped),
        TEST(without_large_pieces_and_without_claims),
        TEST(memory_comes_from_the_nodes_asked_for),
        TEST(too_little_memory_tells_what_is_missing_and_who_has_it),
        TEST(bad_ramdisks_and_command_lines_are_named),
        TEST(every_call_failing_in_turn_leaves_nothing_mapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
