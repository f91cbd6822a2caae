/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ends of domains on the fake host: what on_poweroff and the others do, and what the guest is
 * asked by the store.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common.h"
#include "domain/dom.h"
#include "fake.h"

enum { POWEROFF, REBOOT, SUSPEND, CRASH, WATCHDOG, SOFT_RESET };

static void restarted_until_it_stays(void **state)
{
    struct xn_ctx *ctx = *state;
    struct xn_domain d;
    uint32_t domid;

    /* The first two reboot at once, the third is ended from outside. */
    fake_host.end_after_builds = 2;
    fake_host.end_reason = REBOOT;
    assert_int_equal(create(ctx, TINY_CONFIG "on_reboot=\"restart\"\n", NULL, &domid), 0);
    assert_int_equal(xn_domain_rename(ctx, domid, "renamed"), 0);
    alarm(20);
    fake_host.end_after_builds = 3;
    /* The last one powers off. */
    fake_shutdown(domid, REBOOT);
    fake_host.fail = NULL;
    fake_host.end_reason = POWEROFF;
    assert_int_equal(xn_domain_monitor(ctx, domid, NULL), 0);
    alarm(0);
    assert_int_equal(fake_host.builds, 2);
    assert_int_equal(xn_domain_info(ctx, domid, &d), -ESRCH);
    assert_int_equal(fake_host.domains, 1);
    assert_int_equal(count_files(dom_lib_dir), 0);
}

static void each_reason_has_its_action(void **state)
{
    static const struct { unsigned int reason; const char *key; } cases[] = {
        { POWEROFF, "on_poweroff" }, { REBOOT, "on_reboot" }, { CRASH, "on_crash" },
        { WATCHDOG, "on_watchdog" },
    };
    struct xn_ctx *ctx = *state;

    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ ) {
        char text[200];
        uint32_t domid;

        snprintf(text, sizeof(text), TINY_CONFIG "on_poweroff=\"destroy\"\n%s=\"preserve\"\n",
                 i ? cases[i].key : "on_crash");
        assert_int_equal(create(ctx, text, NULL, &domid), 0);
        fake_shutdown(domid, cases[i].reason);
        assert_int_equal(xn_domain_monitor(ctx, domid, NULL), 0);
        assert_int_equal(fake_host.domains, i ? 2 : 1);
        if ( i )
            assert_int_equal(xn_domain_destroy(ctx, domid), 0);
    }
}

static void rename_restart_keeps_both(void **state)
{
    struct xn_ctx *ctx = *state;
    struct xn_domain old, new;
    char *name;
    uint32_t domid, found;

    assert_int_equal(create(ctx, FULL_CONFIG "on_crash=\"rename-restart\"\n", NULL, &domid), 0);
    fake_shutdown(domid, CRASH);
    fake_host.end_after_builds = 2;
    fake_host.end_reason = POWEROFF;
    assert_int_equal(xn_domain_info(ctx, domid, &old), 0);
    assert_int_equal(xn_domain_monitor(ctx, domid, NULL), 0);
    /* The new one has been and gone (poweroff); the old one stays aside. */
    assert_int_equal(fake_host.builds, 2);
    assert_int_equal(fake_host.domains, 2);
    assert_int_equal(xn_domain_find(ctx, "lin", &found), -ESRCH);
    name = xn_domain_name(ctx, domid);
    assert_int_equal(strncmp(name, "lin-20", 6), 0);
    assert_int_equal(xn_domain_info(ctx, domid, &new), 0);
    assert_memory_not_equal(old.uuid, new.uuid, 16);
    assert_int_equal(count_back_ends(), 0);
    free(name);
    assert_int_equal(xn_domain_destroy(ctx, domid), 0);
    assert_int_equal(fake_host.domains, 1);
}

static void an_end_from_outside_ends_the_watch(void **state)
{
    struct xn_ctx *ctx = *state;
    struct xn_domain_config c;
    uint32_t domid;

    assert_int_equal(create(ctx, TINY_CONFIG, NULL, &domid), 0);
    xn_config_init(&c);
    assert_int_equal(xn_domain_destroy(ctx, domid), 0);
    assert_int_equal(xn_domain_monitor(ctx, domid, &c), -ESRCH);
    xn_config_free(&c);
}

static void watching(void **state)
{
    struct xn_ctx *ctx = *state;
    unsigned int reason = 99;
    struct xn_watch *w;
    enum xn_end end;
    uint32_t domid;

    assert_int_equal(create(ctx, TINY_CONFIG, NULL, &domid), 0);
    w = xn_domain_watch(ctx, domid);
    assert_non_null(w);
    assert_int_equal(xn_watch_read(w, &end, &reason), 0);
    assert_int_equal(end, XN_END_NONE);
    fake_shutdown(domid, CRASH);
    assert_int_equal(xn_watch_read(w, &end, &reason), 0);
    assert_int_equal(end, XN_END_SHUTDOWN);
    assert_int_equal(reason, CRASH);
    assert_int_equal(xn_domain_destroy(ctx, domid), 0);
    assert_int_equal(xn_watch_read(w, &end, &reason), 0);
    assert_int_equal(end, XN_END_GONE);
    xn_watch_free(w);
    assert_int_equal(fake_store.handles, 0);
}

static void requests(void **state)
{
    struct xn_ctx *ctx = *state;
    struct xn_domain_config c;
    uint32_t domid;

    assert_int_equal(create(ctx, FULL_CONFIG, NULL, &domid), 0);
    assert_int_equal(xn_domain_set_vcpus(ctx, domid, 4), -ERANGE);
    assert_int_equal(xn_domain_set_vcpus(ctx, domid, 0), -ERANGE);
    assert_int_equal(xn_domain_set_vcpus(ctx, domid, 1), 0);
    assert_string_equal(fake_get("/local/domain/1/cpu/0/availability"), "online");
    assert_string_equal(fake_get("/local/domain/1/cpu/1/availability"), "offline");
    assert_int_equal(xn_domain_set_target(ctx, domid, 129 << 10), -ERANGE);
    assert_int_equal(xn_domain_set_target(ctx, domid, 0), -EINVAL);
    assert_int_equal(xn_domain_set_target(ctx, domid, 64 << 10), 0);
    assert_string_equal(fake_get("/local/domain/1/memory/target"), "65536");
    assert_int_equal(xn_domain_config(ctx, domid, &c), 0);
    assert_int_equal(c.vcpus, 1);
    assert_int_equal(c.memory_kib, 64 << 10);
    xn_config_free(&c);
    assert_int_equal(xn_domain_sysrq(ctx, domid, 'h'), 0);
    assert_string_equal(fake_get("/local/domain/1/control/sysrq"), "h");
    assert_int_equal(xn_domain_ask(ctx, 0, "poweroff"), -EPERM);
    assert_int_equal(xn_domain_ask(ctx, 99, "poweroff"), -ESRCH);
    fake_shutdown(domid, POWEROFF);
    assert_int_equal(xn_domain_ask(ctx, domid, "poweroff"), -EINVAL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(restarted_until_it_stays), T(each_reason_has_its_action), T(rename_restart_keeps_both),
        T(an_end_from_outside_ends_the_watch), T(watching), T(requests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
