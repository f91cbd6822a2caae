/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The context: chains of causes, remedies, messages, progress. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xenolith/ctx.h"

static void acts_come_before_their_cause(void **state)
{
    struct xn_ctx *ctx = xn_ctx_new();

    assert_string_equal(xn_why(ctx), "");
    assert_int_equal(xn_fail(ctx, ENOENT, "no %s", "bridge"), -ENOENT);
    assert_string_equal(xn_why(ctx), "no bridge");
    assert_int_equal(xn_because(ctx, -ENOENT, "adding vif %d", 0), -ENOENT);
    xn_remedy(ctx, "make %s", "one");
    xn_because(ctx, -ENOENT, "creating web");
    assert_string_equal(xn_why(ctx), "creating web: adding vif 0: no bridge; make one");
    xn_fail(ctx, EIO, "another");
    assert_string_equal(xn_why(ctx), "another");            /* and no old remedy */
    xn_clear_error(ctx);
    assert_string_equal(xn_why(ctx), "");
    xn_because(ctx, -EIO, "alone");
    assert_string_equal(xn_why(ctx), "alone");
    xn_ctx_free(ctx);
}

static void a_chain_may_quote_itself(void **state)
{
    struct xn_ctx *ctx = xn_ctx_new();

    xn_fail(ctx, EIO, "inner");
    xn_fail(ctx, EIO, "outer (%s)", xn_why(ctx));
    assert_string_equal(xn_why(ctx), "outer (inner)");
    xn_because(ctx, -EIO, "<%s>", xn_why(ctx));
    assert_string_equal(xn_why(ctx), "<outer (inner)>: outer (inner)");
    xn_ctx_free(ctx);
}

static void long_chains_are_cut_at_the_far_end(void **state)
{
    struct xn_ctx *ctx = xn_ctx_new();
    static char text[6000];

    memset(text, 'x', sizeof(text) - 1);
    xn_fail(ctx, EIO, "%s", text);
    assert_true(strlen(xn_why(ctx)) < sizeof(text));
    xn_because(ctx, -EIO, "act");
    assert_memory_equal(xn_why(ctx), "act: xxx", 8);
    xn_because(ctx, -EIO, "%s", text);
    xn_remedy(ctx, "%s", text);
    assert_true(strlen(xn_why(ctx)) < sizeof(text));
    for ( int i = 0; i < 3000; i++ )
        xn_because(ctx, -EIO, "deeper");
    assert_memory_equal(xn_why(ctx), "deeper: deeper: ", 16);
    xn_ctx_free(ctx);
}

struct seen {
    int nr;
    enum xn_level level;
    char line[4096], what[64];
    uint64_t done, total;
};

static void log_it(void *data, enum xn_level level, const char *line)
{
    struct seen *s = data;

    s->nr++;
    s->level = level;
    snprintf(s->line, sizeof(s->line), "%s", line);
}

static void progress_it(void *data, const char *what, uint64_t done, uint64_t total)
{
    struct seen *s = data;

    snprintf(s->what, sizeof(s->what), "%s", what);
    s->done = done;
    s->total = total;
}

static void messages_are_single_lines_up_to_a_level(void **state)
{
    struct xn_ctx *ctx = xn_ctx_new();
    static char text[6000];
    struct seen s = { 0 };

    xn_set_log(ctx, XN_INFO, log_it, &s);
    xn_log(ctx, XN_DEBUG, "unseen");
    assert_int_equal(s.nr, 0);
    xn_log(ctx, XN_INFO, "two\nlines %d", 2);
    assert_string_equal(s.line, "two lines 2");
    assert_int_equal(s.level, XN_INFO);
    memset(text, 'y', sizeof(text) - 1);
    xn_log(ctx, XN_ERROR, "%s", text);
    assert_true(strlen(s.line) > 1000);
    xn_progress(ctx, "unseen", 1, 2);
    xn_set_progress(ctx, progress_it, &s);
    xn_progress(ctx, "unpacking", 3, 4);
    assert_string_equal(s.what, "unpacking");
    assert_true(s.done == 3 && s.total == 4);
    xn_ctx_free(ctx);
}

static void no_context_is_no_crash(void **state)
{
    xn_ctx_free(NULL);
    xn_log(NULL, XN_ERROR, "x");
    xn_progress(NULL, "x", 0, 0);
    xn_remedy(NULL, "x");
    xn_clear_error(NULL);
    assert_int_equal(xn_fail(NULL, EIO, "x"), -EIO);
    assert_int_equal(xn_because(NULL, -EPERM, "x"), -EPERM);
    assert_string_equal(xn_why(NULL), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acts_come_before_their_cause),
        cmocka_unit_test(a_chain_may_quote_itself),
        cmocka_unit_test(long_chains_are_cut_at_the_far_end),
        cmocka_unit_test(messages_are_single_lines_up_to_a_level),
        cmocka_unit_test(no_context_is_no_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
