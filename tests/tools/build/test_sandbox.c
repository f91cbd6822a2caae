/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The confined child: what a subverted parser can try, and what the parent makes of it.  Each
 * attack is a function that runs in the child instead of the parser.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "build/sandbox.h"
#include "common.h"
#include "make_image.h"

#define ARGS const uint8_t *f, size_t n, const struct parse_output *o, struct image_desc *d, \
             struct image_error *e

static const struct sandbox_limits quick = {
    .cpu_seconds = 1, .wall_ms = 60000, .unpacked_max = IMAGE_ROOM, .memory_max = 64U << 20,
};
static const struct sandbox_limits patient = {
    .cpu_seconds = 100, .wall_ms = 400, .unpacked_max = IMAGE_ROOM, .memory_max = 64U << 20,
};
static uint8_t elf[IMAGE_ROOM], packed[IMAGE_ROOM];

/* Run fn over a good kernel; the reason is left in ctx. */
static int run_within(struct xn_ctx *ctx, sandbox_fn *fn, const struct sandbox_limits *limits,
                      struct image_desc *d, int *out)
{
    const size_t size = make_packed(packed, PACKING_XZ, elf, make_elf(elf, &image_plain));
    const size_t files = open_files();
    int fd = memfd_create("image", 0), rc;

    assert_int_equal(write(fd, packed, size), (ssize_t)size);
    rc = sandbox_parse(ctx, "kernel x", fd, size, fn, limits, d, out);
    close(fd);
    assert_int_equal(open_files(), files + (rc ? 0 : *out >= 0));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);       /* no child is left */
    return rc;
}

static int run(struct xn_ctx *ctx, sandbox_fn *fn, struct image_desc *d, int *out)
{
    return run_within(ctx, fn, &quick, d, out);
}

static void good_kernel_comes_back(void **state)
{
    struct xn_ctx *ctx = xn_ctx_new();
    struct image_desc d;
    uint8_t data[0x10000];
    int out;

    if ( run(ctx, parse_image, &d, &out) )
        fail_msg("%s", xn_why(ctx));
    assert_true(d.source == SOURCE_UNPACKED && d.packing == PACKING_XZ);
    assert_int_equal(pread(out, data, sizeof(data), DESC_ROOM + (off_t)d.segment[0].offset),
                     sizeof(data));
    assert_memory_equal(data, elf + DATA_AT, sizeof(data));
    close(out);
    xn_ctx_free(ctx);
}

/* Attacks that a system call filter ends. */

static int try_open(ARGS)
{
    return syscall(SYS_open, "/etc/passwd", O_RDONLY) < 0 ? -1 : -1;
}

static int try_socket(ARGS)
{
    return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0) < 0 ? -1 : -1;
}

static int try_fork(ARGS)
{
    return syscall(SYS_fork) < 0 ? -1 : -1;
}

static int try_exec(ARGS)
{
    char *const none[] = { NULL };

    return (int)syscall(SYS_execve, "/bin/sh", none, none);
}

static int try_read(ARGS)
{
    char c;

    return syscall(SYS_read, 0, &c, 1) < 0 ? -1 : -1;
}

static int try_write_elsewhere(ARGS)
{
    for ( int fd = 0; fd < 64; fd++ )
        syscall(SYS_write, fd, "", 0);
    return -1;
}

static int try_kill(ARGS)
{
    return (int)syscall(SYS_kill, 1, 0);
}

static int try_ptrace(ARGS)
{
    return (int)syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
}

static int try_map_code(ARGS)
{
    return (int)syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                        -1, 0);
}

static int try_map_file(ARGS)
{
    return (int)syscall(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, 3, 0);
}

static int try_make_code(ARGS)
{
    return (int)syscall(SYS_mprotect, (uintptr_t)o->unpacked, 4096, PROT_READ | PROT_EXEC);
}

static int try_prctl(ARGS)
{
    return (int)syscall(SYS_prctl, PR_SET_DUMPABLE, 1);
}

static void forbidden_calls_end_the_child(void **state)
{
    sandbox_fn *const all[] = {
        try_open, try_socket, try_fork, try_exec, try_read, try_write_elsewhere, try_kill,
        try_ptrace, try_map_code, try_map_file, try_make_code, try_prctl,
    };
    struct xn_ctx *ctx = xn_ctx_new();
    struct image_desc d;
    int out;

    for ( size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++ ) {
        assert_int_equal(run(ctx, all[i], &d, &out), -EINVAL);
        if ( !strstr(xn_why(ctx), "tried what it must not") )
            fail_msg("attack %zu: %s", i, xn_why(ctx));
    }
    xn_ctx_free(ctx);
}

/* Crashes, and taking too long. */

static int crash(ARGS)
{
    signal(SIGSEGV, SIG_DFL);
    *(volatile int *)16 = 0;
    return 0;
}

static int spin(ARGS)
{
    do {
        *o->progress = *o->progress + 1;
    } while ( *o->progress != ~0ULL );
    return -1;
}

static int quit(ARGS)
{
    _exit(0);
}

static void crash_and_delay_are_told(void **state)
{
    struct xn_ctx *ctx = xn_ctx_new();
    struct image_desc d;
    int out;

    assert_int_equal(run(ctx, crash, &d, &out), -EINVAL);
#ifndef __SANITIZE_ADDRESS__
    assert_non_null(strstr(xn_why(ctx), "crashed"));
#endif
    assert_int_equal(run(ctx, spin, &d, &out), -EINVAL);
    assert_non_null(strstr(xn_why(ctx), "of CPU time"));
    assert_int_equal(run_within(ctx, spin, &patient, &d, &out), -EINVAL);
    assert_non_null(strstr(xn_why(ctx), "seconds to unpack"));
    assert_int_equal(run(ctx, quit, &d, &out), -EINVAL);    /* left nothing, called it success */
    assert_non_null(strstr(xn_why(ctx), "garbage"));
    xn_ctx_free(ctx);
}

/* Lies. */

static int garbage(ARGS)
{
    memset(d, 0xff, sizeof(*d));
    return 0;
}

static int good(ARGS)
{
    return parse_image(f, n, o, d, e);
}

#define LIE(name, what) static int name(ARGS) { int rc = good(f, n, o, d, e); what; return rc; }
LIE(lie_magic, d->magic++)
LIE(lie_segments, d->nr_segments = DESC_SEGMENTS + 1)
LIE(lie_no_segments, d->nr_segments = 0)
LIE(lie_source, d->source = 7)
LIE(lie_unpacked, d->unpacked_bytes = IMAGE_ROOM + 1ULL)
LIE(lie_unpacked_huge, d->unpacked_bytes = ~0ULL)
LIE(lie_offset, d->segment[0].offset = ~0ULL - 0xffff)
LIE(lie_file, d->source = SOURCE_FILE)
LIE(lie_filesz, d->segment[0].filesz = d->segment[0].memsz = 1ULL << 50)
LIE(lie_empty, d->segment[0].memsz = 0)
LIE(lie_gpa, d->segment[0].gpa = ~0ULL - 0xfff)
LIE(lie_range, d->end_gpa = 0x110000)
LIE(lie_range_empty, d->start_gpa = d->end_gpa)
LIE(lie_overlap, d->nr_segments = 2; d->segment[1] = d->segment[0])
LIE(lie_entry, d->entry = 0)
LIE(lie_base, d->virt_base = 0xffff820000000000)
LIE(lie_hypercall_page, d->notes |= NOTE_HYPERCALL_PAGE; d->hypercall_page = 0x1000)
LIE(lie_notes, d->notes |= 1U << 31)
LIE(lie_text, memset(d->guest_os, 'x', sizeof(d->guest_os)))

static void lies_are_found_out(void **state)
{
    sandbox_fn *const all[] = {
        garbage, lie_magic, lie_segments, lie_no_segments, lie_source, lie_unpacked,
        lie_unpacked_huge, lie_offset, lie_file, lie_filesz, lie_empty, lie_gpa, lie_range,
        lie_range_empty, lie_overlap, lie_entry, lie_base, lie_hypercall_page, lie_notes, lie_text,
    };
    struct xn_ctx *ctx = xn_ctx_new();
    struct image_error e;
    struct image_desc d;
    int out;

    assert_int_equal(run(ctx, good, &d, &out), 0);
    close(out);
    for ( size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++ ) {
        if ( !run(ctx, all[i], &d, &out) ) {
            close(out);
            if ( !desc_check_use(&d, USE_PV, &e) )
                fail_msg("lie %zu was believed", i);
        } else {
            assert_non_null(strstr(xn_why(ctx), "kernel x: "));
        }
    }
    xn_ctx_free(ctx);
}

static int talk(ARGS)
{
    memset(e->text, 'y', sizeof(e->text));
    memcpy(e->text, "one\ntwo\033[2J%s", 13);
    e->text[sizeof(e->text) - 1] = '\0';
    return -1;
}

static int talk_much(ARGS)
{
    /* Its own words, through the pipe, until it is stopped. */
    for ( int fd = 3; fd < 40; fd++ )
        for ( int i = 0; i < 1000; i++ )
            (void)!write(fd, f, 4096 < n ? 4096 : n);
    return -1;
}

static void its_words_are_bounded_and_printable(void **state)
{
    struct xn_ctx *ctx = xn_ctx_new();
    struct image_desc d;
    int out;

    assert_int_equal(run(ctx, talk, &d, &out), -EINVAL);
    assert_non_null(strstr(xn_why(ctx), "kernel x: one?two?[2J%syyy"));
    assert_true(strlen(xn_why(ctx)) < 512);
    assert_int_equal(run(ctx, talk_much, &d, &out), -EINVAL);
    assert_true(strlen(xn_why(ctx)) < 512);
    xn_ctx_free(ctx);
}

/* What is left to it, seen from inside: told through the report. */
static int tell(ARGS)
{
    memcpy(e->text, "told", 5);
    for ( size_t i = 0; i < o->room; i += 4096 )
        o->unpacked[i] = 1;
    return -1;
}

static void it_has_its_room_and_no_more(void **state)
{
    struct xn_ctx *ctx = xn_ctx_new();
    struct image_desc d;
    int out;

    assert_int_equal(run(ctx, tell, &d, &out), -EINVAL);
    assert_non_null(strstr(xn_why(ctx), "told"));
    xn_ctx_free(ctx);
}

static void ignored_children_are_no_trouble(void **state)
{
    struct xn_ctx *ctx = xn_ctx_new();
    struct image_desc d;
    int out;

    signal(SIGCHLD, SIG_IGN);
    assert_int_equal(run(ctx, parse_image, &d, &out), 0);
    close(out);
    assert_int_equal(run(ctx, talk, &d, &out), -EINVAL);
    assert_int_equal(run(ctx, try_open, &d, &out), -EINVAL);
    signal(SIGCHLD, SIG_DFL);
    xn_ctx_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_kernel_comes_back),
        cmocka_unit_test(forbidden_calls_end_the_child),
        cmocka_unit_test(crash_and_delay_are_told),
        cmocka_unit_test(lies_are_found_out),
        cmocka_unit_test(its_words_are_bounded_and_printable),
        cmocka_unit_test(it_has_its_room_and_no_more),
        cmocka_unit_test(ignored_children_are_no_trouble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
