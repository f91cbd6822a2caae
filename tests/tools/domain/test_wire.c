/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Batches of store changes against the real daemon, pipelined (store_wire.c) and by libxenstore,
 * and against servers that misbehave.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xenstore.h>

#include <cmocka.h>

#include "ctx/context.h"
#include "device/store.h"

static char dir[64], path[96];
static pid_t daemon_pid;

static int start_daemon(void **state)
{
    strcpy(dir, "/tmp/wire-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/socket", dir);
    setenv("XENSTORED_RUNDIR", dir, 1);
    setenv("XENSTORED_PATH", path, 1);
    daemon_pid = fork();
    if ( !daemon_pid ) {
        execl(XENSTORED, "xenstored", "--no-fork", "--no-domains", NULL);
        _exit(127);
    }
    for ( int i = 0; i < 500 && access(path, F_OK); i++ )
        usleep(10000);
    assert_int_equal(access(path, F_OK), 0);
    return 0;
}

static int stop_daemon(void **state)
{
    char command[96];

    kill(daemon_pid, SIGTERM);
    waitpid(daemon_pid, NULL, 0);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

static void ignore(void *data, enum xn_level level, const char *line)
{
}

static int setup(void **state)
{
    struct xn_ctx *ctx = xn_ctx_new();

    xn_set_log(ctx, XN_DEBUG, ignore, NULL);
    setenv("XENSTORED_PATH", path, 1);
    *state = ctx;
    return 0;
}

static int teardown(void **state)
{
    xn_ctx_free(*state);
    return 0;
}

static void a_batch_is_made_as_a_whole(void **state)
{
    struct xn_ctx *ctx = *state;
    struct store_batch b = { .nr = 0 };
    struct xs_permissions *perms;
    struct xs_handle *xs = xs_open(0);
    unsigned int nr;
    uint64_t n;
    char *text;

    store_dir(&b, (struct store_perms){ 0, 3 }, "/t/dir");
    store_put(&b, "one", "/t/dir/a");
    store_put_number(&b, 18446744073709551615u, "/t/dir/b");
    store_put(&b, "", "/t/dir/deep/er/c");
    store_remove(&b, "/t/dir/never-there/x");
    assert_int_equal(store_commit(ctx, &b, "test"), 0);
    store_batch_free(&b);
    text = store_read(ctx, "/t/%s/a", "dir");
    assert_string_equal(text, "one");
    free(text);
    assert_int_equal(store_read_number(ctx, UINT64_MAX, &n, "/t/dir/b"), 0);
    assert_true(n == UINT64_MAX);
    assert_int_equal(store_read_number(ctx, 7, &n, "/t/dir/b"), -ERANGE);
    assert_int_equal(store_read_number(ctx, 7, &n, "/t/dir/a"), -EINVAL);
    assert_int_equal(store_read_number(ctx, 7, &n, "/t/dir/none"), -ENOENT);
    perms = xs_get_permissions(xs, 0, "/t/dir/deep/er", &nr);   /* inherited */
    assert_int_equal(nr, 2);
    assert_int_equal(perms[1].id, 3);
    assert_int_equal(perms[1].perms, XS_PERM_READ);
    free(perms);
    xs_close(xs);
}

static void many_operations_take_several_pieces(void **state)
{
    struct xn_ctx *ctx = *state;
    struct store_batch b = { .nr = 0 };
    char value[800], **names, *text, paths[401][24], *values[401];
    const char *ptrs[401];
    size_t count;

    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = 0;
    for ( int i = 0; i < 400; i++ )
        store_put(&b, value, "/big/%d/value", i);
    assert_int_equal(store_commit(ctx, &b, "test"), 0);
    store_batch_free(&b);
    for ( int i = 0; i < 401; i++ ) {
        snprintf(paths[i], sizeof(paths[i]), "/big/%d/value", i);
        ptrs[i] = paths[i];
    }
    assert_int_equal(store_read_many(ctx, ptrs, 401, values), 0);
    for ( int i = 0; i < 400; i++ ) {
        assert_string_equal(values[i], value);
        free(values[i]);
    }
    assert_null(values[400]);
    names = store_list(ctx, &count, "/big");
    assert_int_equal(count, 400);
    free(names);
    text = store_read(ctx, "/big/399/value");
    assert_string_equal(text, value);
    free(text);
    store_remove(&b, "/big");
    assert_int_equal(store_commit(ctx, &b, "test"), 0);
    store_batch_free(&b);
    assert_false(store_exists(ctx, "/big"));
}

static void one_bad_operation_undoes_the_rest(void **state)
{
    struct xn_ctx *ctx = *state;
    struct store_batch b = { .nr = 0 };

    store_put(&b, "1", "/half/a");
    store_put(&b, "1", "/half//b");
    store_put(&b, "1", "/half/c");
    assert_int_equal(store_commit(ctx, &b, "half a thing"), -EINVAL);
    assert_non_null(strstr(xn_why(ctx), "half a thing"));
    assert_non_null(strstr(xn_why(ctx), "/half//b"));
    store_batch_free(&b);
    assert_false(store_exists(ctx, "/half"));
    memset(&b, 0, sizeof(b));
    store_put(&b, "1", "/half/a");
    b.no_memory = true;
    assert_int_equal(store_commit(ctx, &b, "half a thing"), -ENOMEM);
    store_batch_free(&b);
    assert_false(store_exists(ctx, "/half"));
}

static atomic_bool stop;

static void *disturb(void *unused)
{
    struct xs_handle *xs = xs_open(0);

    while ( !stop )
        xs_write(xs, 0, "/shared/count", "x", 1);
    xs_close(xs);
    return NULL;
}

static void others_changes_are_outlived(void **state)
{
    struct xn_ctx *ctx = *state;
    pthread_t thread;

    stop = false;
    pthread_create(&thread, NULL, disturb, NULL);
    for ( int i = 0; i < 50; i++ ) {
        struct store_batch b = { .nr = 0 };

        store_remove(&b, "/shared/mine/%d", i - 1);
        for ( int k = 0; k < 50; k++ )
            store_put(&b, "1", "/shared/mine/%d/%d", i, k);
        assert_int_equal(store_commit(ctx, &b, "test"), 0);
        store_batch_free(&b);
    }
    stop = true;
    pthread_join(thread, NULL);
}

static void remove_upwards(struct xn_ctx *ctx, const char *node)
{
    struct store_batch b = { .nr = 0 };

    store_remove_upwards(&b, 1, "%s", node);
    assert_int_equal(store_commit(ctx, &b, "test"), 0);
    store_batch_free(&b);
}

static void check_pruning(struct xn_ctx *ctx)
{
    struct store_batch b = { .nr = 0 };

    store_put(&b, "1", "/up/a/b/c/d");
    store_put(&b, "1", "/up/a/b/e");
    assert_int_equal(store_commit(ctx, &b, "test"), 0);
    store_batch_free(&b);
    remove_upwards(ctx, "/up/a/b/c/d");
    assert_false(store_exists(ctx, "/up/a/b/c"));
    assert_true(store_exists(ctx, "/up/a/b/e"));
    remove_upwards(ctx, "/up/a/b/e");
    assert_false(store_exists(ctx, "/up/a"));
    assert_true(store_exists(ctx, "/up"));
    remove_upwards(ctx, "/up/never/there");
    assert_true(store_exists(ctx, "/up"));
    /* Two in one batch, with a parent in common; what has children stays; others go on. */
    store_put(&b, "1", "/up/a/x/1");
    store_put(&b, "1", "/up/a/y/1");
    store_remove(&b, "/up/a/x/1");
    store_remove(&b, "/up/a/y/1");
    store_prune(&b, 1, "/up/a/x");
    store_prune(&b, 1, "/up/a/y");
    store_put(&b, "1", "/up/kept/child");
    store_prune(&b, 1, "/up/kept");
    assert_int_equal(store_commit(ctx, &b, "test"), 0);
    store_batch_free(&b);
    assert_false(store_exists(ctx, "/up/a"));
    assert_true(store_exists(ctx, "/up/kept/child"));
    store_remove(&b, "/up");
    assert_int_equal(store_commit(ctx, &b, "test"), 0);
    store_batch_free(&b);
}

static void empty_parents_go_with_the_last_child(void **state)
{
    check_pruning(*state);
}

/* The daemon's socket has another name, libxenstore's variable too: by the library alone. */
static void without_a_socket_the_library_does_it(void **state)
{
    struct xn_ctx *ctx = *state;
    struct xs_handle *xs;

    assert_int_equal(ctx_store(ctx, &xs), 0);
    setenv("XENSTORED_PATH", "/nowhere", 1);
    check_pruning(ctx);
    assert_int_equal(ctx->store_fd, -1);
}

static void a_connection_that_was_lost_is_made_again(void **state)
{
    struct xn_ctx *ctx = *state;
    struct store_batch b = { .nr = 0 };
    char *value;

    store_put(&b, "1", "/again");
    for ( int i = 0; i < 3; i++ ) {
        assert_int_equal(store_commit(ctx, &b, "test"), 0);
        assert_true(ctx->store_fd >= 0);
        shutdown(ctx->store_fd, SHUT_RDWR);
        value = store_read(ctx, "/again");
        assert_string_equal(value, "1");
        free(value);
        shutdown(ctx->store_fd, SHUT_RDWR);
    }
    store_batch_free(&b);
}

struct waiting {
    struct xn_ctx *ctx;
    int asked;
};

static int is_there(void *data)
{
    struct waiting *w = data;

    w->asked++;
    return store_exists(w->ctx, "/wait/done");
}

static void *write_later(void *unused)
{
    struct xs_handle *xs = xs_open(0);

    usleep(200000);
    xs_write(xs, 0, "/wait/done", "1", 1);
    xs_close(xs);
    return NULL;
}

static void waiting_is_by_events(void **state)
{
    struct waiting w = { *state, 0 };
    const char *paths[] = { "/wait/done" };
    pthread_t thread;

    assert_int_equal(store_wait(*state, paths, 1, is_there, &w, 100, 0), -ETIMEDOUT);
    w.asked = 0;
    pthread_create(&thread, NULL, write_later, NULL);
    assert_int_equal(store_wait(*state, paths, 1, is_there, &w, 5000, 0), 0);
    assert_true(w.asked < 6);           /* at first, at each event, no busy waiting */
    pthread_join(thread, NULL);
}

/* Servers that misbehave: what they do after accepting. */

static const char *answer;
static size_t answer_len;

static void *serve_badly(void *data)
{
    const int server = *(int *)data;
    char request[4096];
    int fd;

    while ( (fd = accept(server, NULL, NULL)) >= 0 ) {
        if ( recv(fd, request, sizeof(request), 0) > 0 && answer_len )
            send(fd, answer, answer_len, MSG_NOSIGNAL);
        close(fd);
    }
    return NULL;
}

static void a_server_that_misbehaves_is_an_error(void **state)
{
    static const char huge[16] = { 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
    static const char tx[] = "\6\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0" "1";     /* then it hangs up */
    static const char error[] = "\20\0\0\0\0\0\0\0\0\0\0\0\6\0\0\0" "EWHAT";
    static const struct { const char *bytes; size_t len; } cases[] = {
        { "", 0 }, { "abc", 3 }, { huge, 16 }, { tx, sizeof(tx) }, { error, sizeof(error) },
    };
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    struct store_batch b = { .nr = 0 };
    pthread_t thread;
    size_t failed;
    char *value;
    int server;

    snprintf(to.sun_path, sizeof(to.sun_path), "%s/bad", dir);
    server = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(server, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(listen(server, 5), 0);
    setenv("XENSTORED_PATH", to.sun_path, 1);
    pthread_create(&thread, NULL, serve_badly, &server);
    store_put(&b, "1", "/a");
    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ ) {
        answer = cases[i].bytes;
        answer_len = cases[i].len;
        assert_true(store_wire_commit(*state, &b, &failed) < 0);
        value = NULL;
        store_wire_read(*state, &(const char *){ "/a" }, 1, &value);
        assert_null(value);
    }
    shutdown(server, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(server);
    setenv("XENSTORED_PATH", "/nowhere", 1);
    assert_int_equal(store_wire_commit(*state, &b, &failed), -ENOTCONN);
    assert_int_equal(store_commit(*state, &b, "test"), -ENOTCONN);
    assert_non_null(strstr(xn_why(*state), "xenstored"));
    store_batch_free(&b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_batch_is_made_as_a_whole), T(many_operations_take_several_pieces),
        T(one_bad_operation_undoes_the_rest), T(others_changes_are_outlived),
        T(empty_parents_go_with_the_last_child), T(without_a_socket_the_library_does_it),
        T(a_connection_that_was_lost_is_made_again), T(waiting_is_by_events),
        T(a_server_that_misbehaves_is_an_error),
    };

    return cmocka_run_group_tests(tests, start_daemon, stop_daemon);
}
