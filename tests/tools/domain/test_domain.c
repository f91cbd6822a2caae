/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains on the fake host: what is in the store of one, that every failing step leaves
 * nothing, what a killed creation leaves, ends and restarts.
 */
#include <errno.h>
#include <fcntl.h>
#include <sanitizer/lsan_interface.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common.h"
#include "domain/create.h"
#include "domain/dom.h"
#include "fake.h"

/* Everything that a domain leaves somewhere: must be as before. */
static void assert_nothing_left(const char *store_before)
{
    char *now = fake_dump();

    assert_int_equal(fake_host.domains, 1);
    assert_int_equal(fake_host.loops, 0);
    assert_string_equal(now, store_before);
    assert_int_equal(count_files(dom_lib_dir), 0);
    assert_int_equal(count_claims(), 0);
    assert_int_equal(count_back_ends(), 0);
    free(now);
}

static void created_domain_is_as_stock_libxl_writes_it(void **state)
{
    struct xn_ctx *ctx = *state;
    uint32_t domid;

    fake_next_domid(2);
    assert_int_equal(create(ctx, FULL_CONFIG, NULL, &domid), 0);
    assert_int_equal(domid, 2);
    assert_matches_file("stock-layout.txt");
    assert_int_equal(fake_host.loops, 0);       /* let go: the back end has it */
    assert_int_equal(fake_store.introduced, 1);
    assert_true(fake_is_running(2));
    assert_int_equal(count_files(dom_lib_dir), 1);
    assert_int_equal(count_claims(), 0);
}

static void destroyed_domain_leaves_nothing(void **state)
{
    struct xn_ctx *ctx = *state;
    char *before = fake_dump();
    uint32_t domid;

    assert_int_equal(create(ctx, FULL_CONFIG, NULL, &domid), 0);
    assert_int_equal(xn_domain_destroy(ctx, domid), 0);
    assert_nothing_left(before);
    assert_true(dom_recently_used(domid));
    assert_int_equal(xn_domain_destroy(ctx, domid), -ESRCH);
    free(before);
}

static void paused_and_dry(void **state)
{
    const struct xn_create_options paused = { .paused = true }, dry = { .dry_run = true };
    struct xn_ctx *ctx = *state;
    char *before = fake_dump();
    uint32_t domid = 0;

    assert_int_equal(create(ctx, FULL_CONFIG, &dry, &domid), 0);
    assert_nothing_left(before);
    assert_int_equal(create(ctx, FULL_CONFIG, &paused, &domid), 0);
    assert_false(fake_is_running(domid));
    free(before);
}

/* Steps by name, for the hook in create.c. */
static const char *const steps[] = {
    "limits", "prepare", "nodes", "userdata", "ports", "claim", "build", "rings", "introduce",
    "devices", "console", "unpause",
};
static const char *failing;

static int fail_step(struct xn_ctx *ctx, const char *step)
{
    return strcmp(step, failing) ? 0 : xn_fail(ctx, EIO, "told to fail");
}

static void any_failing_step_leaves_nothing(void **state)
{
    struct xn_ctx *ctx = *state;
    char *before = fake_dump();

    dom_fault = fail_step;
    for ( size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++ ) {
        failing = steps[i];
        assert_int_equal(create(ctx, FULL_CONFIG, NULL, NULL), -EIO);
        assert_non_null(strstr(xn_why(ctx), "told to fail"));
        assert_nothing_left(before);
    }
    free(before);
}

#define ALL_CALLS "cpuid = \"host,aes=0\"\ncpus = \"1\"\ncpu_weight = 100\ntsc_mode = \"native\"\nrtc_timeoffset = 60\n"

static void any_failing_call_leaves_nothing(void **state)
{
    static const struct { const char *call; int skip; } calls[] = {
        { "createdomain", 0 }, { "max_vcpus", 0 }, { "max_mem", 0 }, { "pin", 0 },
        { "sched", 0 }, { "loop", 0 }, { "loop", 1 }, { "alloc_unbound", 0 },
        { "alloc_unbound", 1 }, { "claim_pages", 0 }, { "build_pv", 0 }, { "image", 0 },
        { "link", 0 }, { "unpause", 0 }, { "settscinfo", 0 }, { "settimeoffset", 0 },
        { "set_cpu_policy", 0 },
    };
    struct xn_ctx *ctx = *state;
    char *before = fake_dump();

    for ( size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++ ) {
        fake_host.fail = calls[i].call;
        fake_host.fail_skip = calls[i].skip;
        fake_host.fail_with = EPROTO;
        assert_int_equal(create(ctx, FULL_CONFIG ALL_CALLS, NULL, NULL),
                         -EPROTO);
        assert_null(fake_host.fail);
        assert_non_null(strstr(xn_why(ctx), calls[i].call));
        assert_nothing_left(before);
    }
    free(before);
}

static void a_refusing_store_leaves_nothing(void **state)
{
    static const char *const where[] = {
        "/local/domain/1", "/vm/", "/libxl/1/", "backend/vbd/1/51712", "backend/vif/1/0/mac",
        "/store/ring-ref", "/hotplug-status",
    };
    struct xn_ctx *ctx = *state;
    char *before = fake_dump();

    for ( size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++ ) {
        fake_next_domid(1);
        unlink_history();
        fake_store.refuse = where[i];
        fake_store.refuse_with = ENOSPC;
        assert_int_equal(create(ctx, FULL_CONFIG, NULL, NULL), -ENOSPC);
        assert_non_null(strstr(xn_why(ctx), "No space"));
        fake_store.refuse = NULL;
        assert_nothing_left(before);
    }
    free(before);
}

static void a_back_end_that_gives_up_is_named(void **state)
{
    struct xn_ctx *ctx = *state;
    char *before;

    fake_set("2 device broke", "/local/domain/0/error/backend/vbd/1/51712/error");
    fake_host.back_ends_refuse = true;
    assert_true(create(ctx, FULL_CONFIG, NULL, NULL) < 0);
    assert_non_null(strstr(xn_why(ctx), "xvda"));
    assert_non_null(strstr(xn_why(ctx), "device broke"));
    fake_host.back_ends_refuse = false;
    before = fake_dump();
    assert_null(strstr(before, "device broke"));
    assert_nothing_left(before);
    free(before);
}

static void conflicts_are_tried_again(void **state)
{
    struct xn_ctx *ctx = *state;
    uint32_t domid;

    fake_store.conflicts = 6;
    assert_int_equal(create(ctx, TINY_CONFIG, NULL, &domid), 0);
    assert_int_equal(fake_store.conflicts, 0);
    assert_int_equal(xn_domain_destroy(ctx, domid), 0);
}

static void names_are_unique(void **state)
{
    struct xn_ctx *ctx = *state;
    uint32_t one, two, found;

    assert_int_equal(create(ctx, TINY_CONFIG, NULL, &one), 0);
    assert_int_equal(create(ctx, TINY_CONFIG, NULL, NULL), -EEXIST);
    assert_non_null(strstr(xn_why(ctx), "tiny is in use by domain 1"));
    assert_int_equal(create(ctx, "name=\"second\"\n" TINY_REST, NULL, &two), 0);
    fake_set("7", "/local/domain/2/name");      /* as older tools allowed */
    assert_int_equal(xn_domain_find(ctx, "tiny", &found), 0);
    assert_int_equal(found, one);
    assert_int_equal(xn_domain_find(ctx, "2", &found), 0);      /* the id */
    assert_int_equal(found, two);
    assert_int_equal(xn_domain_find(ctx, "7", &found), 0);      /* no such id: the name */
    assert_int_equal(found, two);
    assert_int_equal(xn_domain_find(ctx, "8", &found), -ESRCH);
    assert_int_equal(xn_domain_rename(ctx, two, "tiny"), -EEXIST);
    assert_int_equal(xn_domain_rename(ctx, two, "a b"), -EINVAL);
    assert_int_equal(xn_domain_rename(ctx, two, "other"), 0);
    assert_string_equal(fake_get("/local/domain/2/name"), "other");
    assert_int_equal(xn_domain_rename(ctx, two, "other"), 0);
    assert_int_equal(xn_domain_rename(ctx, 0, "x"), -EPERM);
    /* A name that a dead domain left is nobody's. */
    fake_set("ghost", "/local/domain/9/name");
    assert_int_equal(xn_domain_find(ctx, "ghost", &found), -ESRCH);
}

static void too_little_memory_says_who_has_it(void **state)
{
    struct xn_ctx *ctx = *state;
    char *before = fake_dump();

    fake_host.free_kib = 5 << 10;
    assert_int_equal(create(ctx, TINY_CONFIG, NULL, NULL), -ENOMEM);
    assert_non_null(strstr(xn_why(ctx), "5 MiB missing"));
    assert_non_null(strstr(xn_why(ctx), "Domain-0 512 MiB"));
    assert_nothing_left(before);
    free(before);
}

static void recently_used_ids_are_passed_over(void **state)
{
    struct xn_ctx *ctx = *state;
    uint32_t domid;

    dom_note_end(ctx, 1);
    dom_note_end(ctx, 2);
    assert_int_equal(create(ctx, TINY_CONFIG, NULL, &domid), 0);
    assert_int_equal(domid, 3);
    assert_int_equal(fake_host.domains, 2);
}

/* As kill -9 at a step: nothing is cleaned up, locks are dropped. */
static jmp_buf killed;

static int die(struct xn_ctx *ctx, const char *step)
{
    if ( !strcmp(step, failing) )
        longjmp(killed, 1);
    return 0;
}

static void kill_at(struct xn_ctx *ctx, const char *step)
{
    failing = step;
    dom_fault = die;
    __lsan_disable();                   /* what a killed process had is not leaked */
    if ( !setjmp(killed) ) {
        create(ctx, FULL_CONFIG, NULL, NULL);
        fail();
    }
    __lsan_enable();
    dom_fault = NULL;
    close_locks();
    fake_host.loops = 0;
    assert_int_equal(fake_host.domains, 2);
}

static void a_killed_creation_is_found_and_removed(void **state)
{
    struct xn_ctx *ctx = *state;
    char *before = fake_dump();
    struct warnings w;
    uint32_t domid;

    for ( size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++ ) {
        kill_at(ctx, steps[i]);
        collect_warnings(ctx, &w);
        assert_int_equal(create(ctx, FULL_CONFIG, NULL, &domid), 0);
        assert_non_null(strstr(w.text, "left over from a create that was killed"));
        assert_int_equal(fake_host.domains, 2);
        assert_int_equal(xn_domain_destroy(ctx, domid), 0);
        assert_nothing_left(before);
    }
    free(before);
}

static void destroy_removes_what_a_killed_creation_left(void **state)
{
    struct xn_ctx *ctx = *state;
    char *before = fake_dump();
    uint32_t domid;

    kill_at(ctx, "build");
    assert_int_equal(xn_domain_find(ctx, "lin", &domid), 0);
    assert_int_equal(xn_domain_destroy(ctx, domid), 0);
    assert_nothing_left(before);
    free(before);
}

static void a_creation_under_way_is_left_alone(void **state)
{
    struct xn_ctx *ctx = *state;
    struct dom_claim claim;
    const uint8_t uuid[16] = { 1 };

    assert_int_equal(dom_claim_take(ctx, &claim, uuid), 0);
    assert_int_equal(dom_claim_state(uuid), DOM_BEING_MADE);
    dom_claim_sweep(ctx);
    assert_int_equal(count_claims(), 1);
    dom_claim_drop(&claim, false);
    assert_int_equal(dom_claim_state(uuid), DOM_FINISHED);
}

static void store_left_by_a_vanished_domain_is_removed(void **state)
{
    struct xn_ctx *ctx = *state;
    char *before = fake_dump();

    fake_set("9", "/local/domain/9/domid");
    fake_set("x", "/vm/11111111-2222-3333-4444-555555555555/name");
    fake_set("/vm/11111111-2222-3333-4444-555555555555", "/local/domain/9/vm");
    fake_set("4", "/local/domain/0/backend/qdisk/9/51712/state");
    assert_int_equal(xn_domain_destroy(ctx, 9), 0);
    assert_nothing_left(before);
    assert_int_equal(xn_domain_destroy(ctx, 0), -EPERM);
    free(before);
}

static void bad_configurations_are_refused(void **state)
{
    static const struct { const char *text, *says; int rc; } cases[] = {
        { "kernel=\"/bin/sh\"\nmemory=8\n", "no name", -EINVAL },
        { "name=\"x\"\nmemory=8\n", "kernel", -EINVAL },
        { "name=\"x\"\nkernel=\"/bin/sh\"\n", "memory", -EINVAL },
        { TINY_CONFIG "bootloader=\"pygrub\"\n", "bootloader", -ENOTSUP },
        { TINY_CONFIG "disk=[\"/nowhere,raw,xvda,rw\"]\n", "/nowhere", -ENOENT },
        { TINY_CONFIG "disk=[\"/dev/null,raw,xvda,rw\"]\n", "neither a file", -EINVAL },
        { TINY_CONFIG "disk=[\"/bin/sh,qcow2,xvda,r\"]\n", "qcow2", -ENOTSUP },
        { TINY_CONFIG "disk=[\"/bin/sh,raw,xvda,r\",\"/bin/sh,raw,xvda,r\"]\n", "two disks",
          -EINVAL },
        { TINY_CONFIG "vif=[\"bridge=nobr\"]\n", "no bridge nobr", -ENODEV },
        { TINY_CONFIG "vif=[\"script=/no/such\"]\n", "/no/such", -ENOENT },
        { TINY_CONFIG "cpus=\"9\"\n", "cpus", -EINVAL },
        { TINY_CONFIG "pool=\"fast\"\n", "pool fast", -ENOENT },
        { TINY_CONFIG "ramdisk=\"/nowhere\"\n", "/nowhere", -ENOENT },
    };
    struct xn_ctx *ctx = *state;
    char *before = fake_dump();

    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ ) {
        const int rc = create(ctx, cases[i].text, NULL, NULL);

        if ( rc != cases[i].rc || !strstr(xn_why(ctx), cases[i].says) )
            fail_msg("%s: %d, %s", cases[i].text, rc, xn_why(ctx));
        assert_nothing_left(before);
    }
    free(before);
}

static void no_console_daemon_is_a_warning(void **state)
{
    struct xn_ctx *ctx = *state;
    struct warnings w;
    uint32_t domid;

    fake_store.console = false;
    collect_warnings(ctx, &w);
    assert_int_equal(create(ctx, TINY_CONFIG, NULL, &domid), 0);
    assert_non_null(strstr(w.text, "xenconsoled"));
}

/* Letters become bits: of the default (its upper half is ones), of the host (all ones), forced. */
static void cpuid_changes_the_policy(void **state)
{
    struct xn_ctx *ctx = *state;
    struct warnings w;
    uint32_t domid;

    collect_warnings(ctx, &w);
    assert_int_equal(create(ctx, TINY_CONFIG "cpuid = [\"1:ecx=x0xxxxxxxxxxxxxxxxxxxxx1xxxxsk0x,"
                            "edx=0000000000000000000000000000000x\", "
                            "\"7,0:ebx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxk\"]\n", NULL, &domid), 0);
    assert_int_equal(fake_policy[1].c, 0x7fff010c);
    assert_int_equal(fake_policy[1].d, 0);
    assert_int_equal(fake_policy[1].a, 0xffff0000);
    assert_int_equal(fake_policy[2].b, 0xffff0001);
    assert_int_equal(fake_policy[0].a, 0xffff0000);
    /* Told of the bit that stays on; nobody asked for bit 31. */
    assert_non_null(strstr(w.text, "bits 0x40000000 of leaf 0x1's ECX"));
    assert_null(strstr(w.text, "EDX"));
    assert_null(strstr(w.text, "0xc0000000"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(created_domain_is_as_stock_libxl_writes_it), T(destroyed_domain_leaves_nothing),
        T(paused_and_dry), T(any_failing_step_leaves_nothing),
        T(any_failing_call_leaves_nothing), T(a_refusing_store_leaves_nothing),
        T(a_back_end_that_gives_up_is_named), T(conflicts_are_tried_again),
        T(names_are_unique), T(too_little_memory_says_who_has_it),
        T(recently_used_ids_are_passed_over), T(a_killed_creation_is_found_and_removed),
        T(destroy_removes_what_a_killed_creation_left), T(a_creation_under_way_is_left_alone),
        T(store_left_by_a_vanished_domain_is_removed), T(bad_configurations_are_refused),
        T(no_console_daemon_is_a_warning), T(cpuid_changes_the_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
