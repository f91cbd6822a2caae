/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core dump of a guest that build_pv made on the fake hypervisor, read back. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <xenabi/elfnote.h>

#include "build/image.h"
#include "common.h"
#include "fake_hyp.h"
#include "make_image.h"
#include "xenolith/domain.h"

static uint8_t elf[IMAGE_ROOM];
static char *folder, *dump;
static struct xn_ctx *ctx;
static struct pv_build b;
static const uint8_t *file;
static size_t size;

static void build_guest(void)
{
    fake_reset();
    fake.online = 5;
    if ( build_pv(ctx, &b) )
        fail_msg("%s", xn_why(ctx));
    /* Half of it was never written. */
    for ( uint64_t mfn = 0; mfn < FAKE_MFNS; mfn++ )
        if ( fake.pfn_of[mfn] != ~0ULL && fake.pfn_of[mfn] > 2048 && fake.pfn_of[mfn] % 3 )
            memset(fake_page(mfn), 0, 4096);
    fake.calls = 0;
}

static int setup(void **state)
{
    folder = folder_make();
    dump = strdup(in_folder(folder, "core"));
    ctx = xn_ctx_new();
    b = (struct pv_build){ .domid = 7, .memory_kib = 16 << 10, .nr_vcpus = 3 };
    file_write(in_folder(folder, "kernel"), elf, make_elf(elf, &image_plain));
    if ( image_open_with(ctx, in_folder(folder, "kernel"), "", parse_image, &sandbox_defaults,
                         &b.image) )
        return -1;
    build_guest();
    return 0;
}

static int teardown(void **state)
{
    image_close(b.image);
    xn_ctx_free(ctx);
    folder_remove(folder);
    free(dump);
    return 0;
}

static void map_dump(void)
{
    struct stat st;
    int fd = open(dump, O_RDONLY);

    assert_int_equal(fstat(fd, &st), 0);
    size = (size_t)st.st_size;
    file = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
}

static const Elf64_Shdr *section(const char *name)
{
    const Elf64_Ehdr *h = (const Elf64_Ehdr *)file;
    const Elf64_Shdr *s = (const Elf64_Shdr *)(file + h->e_shoff);
    const char *strings = (const char *)file + s[h->e_shstrndx].sh_offset;

    for ( unsigned int i = 1; i < h->e_shnum; i++ ) {
        assert_true(s[i].sh_offset + s[i].sh_size <= size);
        if ( !strcmp(strings + s[i].sh_name, name) )
            return &s[i];
    }
    fail_msg("no section %s", name);
    return NULL;
}

static void check_notes(uint64_t nr_vcpus, uint64_t nr_pages)
{
    static const struct {
        uint32_t type, size;
    } want[] = {
        { XEN_ELFNOTE_DUMPCORE_NONE, 0 }, { XEN_ELFNOTE_DUMPCORE_HEADER, 32 },
        { XEN_ELFNOTE_DUMPCORE_XEN_VERSION, 1280 }, { XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION, 8 },
    };
    const Elf64_Shdr *s = section(".note.Xen");
    const uint8_t *p = file + s->sh_offset;

    for ( unsigned int i = 0; i < 4; i++ ) {
        const Elf64_Nhdr *h = (const Elf64_Nhdr *)p;
        uint64_t head[4];

        assert_int_equal(h->n_type, want[i].type);
        assert_int_equal(h->n_descsz, want[i].size);
        assert_memory_equal(p + sizeof(*h), "Xen", 4);
        p += sizeof(*h) + 4;
        if ( i == 1 ) {
            memcpy(head, p, sizeof(head));
            assert_int_equal(head[0], 0xf00febed);
            assert_int_equal(head[1], nr_vcpus);
            assert_int_equal(head[2], nr_pages);
            assert_int_equal(head[3], 4096);
        }
        p += h->n_descsz;
    }
    assert_true(p == file + s->sh_offset + s->sh_size);
}

static void all_of_a_guest_is_found_in_its_dump(void **state)
{
    const struct vcpu_guest_context *vcpu;
    const uint64_t *p2m;
    struct stat st;

    if ( xn_domain_dump_core(ctx, 7, dump) )
        fail_msg("%s", xn_why(ctx));
    assert_false(fake.mapped);
    map_dump();
    assert_int_equal(((const Elf64_Ehdr *)file)->e_type, ET_CORE);
    check_notes(2, 4096);
    assert_int_equal(section(".xen_prstatus")->sh_size, 2 * sizeof(*vcpu));
    vcpu = (const struct vcpu_guest_context *)(file + section(".xen_prstatus")->sh_offset);
    assert_int_equal(vcpu[0].user_regs.rip, image_plain.entry);
    assert_int_equal(vcpu[1].user_regs.rax, 2);
    assert_memory_equal(file + section(".xen_shared_info")->sh_offset, fake_page(FAKE_SHARED), 4096);
    assert_int_equal(section(".xen_p2m")->sh_size, 4096 * 16);
    assert_int_equal(section(".xen_pages")->sh_offset % 4096, 0);
    p2m = (const uint64_t *)(file + section(".xen_p2m")->sh_offset);
    for ( uint64_t i = 0; i < 4096; i++ ) {
        assert_int_equal(p2m[2 * i], i);
        assert_int_equal(fake.pfn_of[p2m[2 * i + 1]], i);
        assert_memory_equal(file + section(".xen_pages")->sh_offset + i * 4096,
                            fake_page(p2m[2 * i + 1]), 4096);
    }
    assert_int_equal(stat(dump, &st), 0);
    assert_true((uint64_t)st.st_blocks * 512 < size * 3 / 4);
    assert_int_equal(st.st_mode & 0777, 0600);
    munmap((void *)file, size);
}

static void every_call_failing_in_turn_leaves_no_file(void **state)
{
    const size_t files = open_files();
    int calls;

    assert_int_equal(xn_domain_dump_core(ctx, 7, dump), 0);
    calls = fake.calls;
    assert_true(calls > 20);
    for ( int i = 1; i <= calls; i++ ) {
        unlink(dump);
        fake.calls = 0;
        fake.fail_call = i;
        assert_int_equal(xn_domain_dump_core(ctx, 7, dump), -EIO);
        assert_int_equal(access(dump, F_OK), -1);
        assert_false(fake.mapped);
    }
    assert_int_equal(open_files(), files);
}

static void a_full_disk_is_told(void **state)
{
    assert_int_equal(xn_domain_dump_core(ctx, 7, "/dev/full"), -ENOSPC);
    assert_non_null(strstr(xn_why(ctx), "writing /dev/full: No space left"));
    assert_int_equal(access("/dev/full", F_OK), 0);
    assert_int_equal(xn_domain_dump_core(ctx, 7, "/no/such/place"), -ENOENT);
    assert_non_null(strstr(xn_why(ctx), "cannot write /no/such/place"));
}

static void lies_in_the_machine_to_physical_table_are_survived(void **state)
{
    unsigned int n = 0;

    for ( uint64_t mfn = 0; mfn < FAKE_MFNS; mfn++ )
        if ( fake.pfn_of[mfn] != ~0ULL )
            fake.pfn_of[mfn] = n++ % 2 ? 5 : ~1ULL;
    assert_int_equal(xn_domain_dump_core(ctx, 7, dump), 0);
    map_dump();
    check_notes(2, n / 2);
    munmap((void *)file, size);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_of_a_guest_is_found_in_its_dump),
        TEST(every_call_failing_in_turn_leaves_no_file),
        TEST(a_full_disk_is_told),
        TEST(lies_in_the_machine_to_physical_table_are_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
