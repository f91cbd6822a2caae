/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes, permissions, quotas, transactions and watches as clients see them.
 */
#include "cm.h"
#include "fake.h"

#include <unistd.h>

static struct conn *root, *one, *two;

static int setup(void **state)
{
    fake_start();
    root = fake_conn(0);
    one = fake_conn(1);
    two = fake_conn(2);
    fake_write(root, 0, "/local/domain/1", "");
    fake_perms(root, "/local/domain/1", "n1");
    fake_write(root, 0, "/local/domain/2", "");
    fake_perms(root, "/local/domain/2", "n2");
    return 0;
}

/* Whatever a test did: what is counted is what is there. */
static int teardown(void **state)
{
    const char *said = fake_request(root, XS_CONTROL, 0, "check", 6);
    const int bad = strncmp(said, "OK", 2);

    if ( bad )
        fprintf(stderr, "check: %s\n", said);
    fake_stop();
    return bad;
}

TEST(write_makes_parents_and_read_gives_it_back)
{
    CHECK_STR(fake_write(root, 0, "/a/b/c", "value"), "OK");
    CHECK_STR(fake_read(root, 0, "/a/b/c"), "value");
    CHECK_STR(fake_read(root, 0, "/a/b"), "");
    CHECK_STR(fake_read(root, 0, "/a/x"), "!ENOENT");
    CHECK_STR(fake_request(root, XS_MKDIR, 0, "/a/b/c", 7), "OK");
    CHECK_STR(fake_read(root, 0, "/a/b/c"), "value");
}

TEST(names)
{
    static const struct {
        const char *path, *want;
    } rows[] = {
        { "/", "" }, { "/tool", "" }, { "", "!EINVAL" }, { "//", "!EINVAL" }, { "/a/", "!EINVAL" },
        { "/a//b", "!EINVAL" }, { "/a b", "!EINVAL" }, { "/\xff", "!EINVAL" }, { "/.", "!EINVAL" },
        { "@releaseDomain", "!EINVAL" }, { "/A-z_0@9", "!ENOENT" }, { "rel", "!ENOENT" },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
        CHECK_STR(fake_read(root, 0, rows[i].path), rows[i].want);
}

TEST(a_path_may_be_3072_long_and_a_relative_one_2048)
{
    char path[4000] = "/";

    memset(path + 1, 'a', 3072);
    path[3072] = '\0';
    CHECK_STR(fake_read(root, 0, path), "!ENOENT");
    path[3072] = 'a';
    path[3073] = '\0';
    CHECK_STR(fake_read(root, 0, path), "!EINVAL");
    path[2049] = '\0';
    CHECK_STR(fake_read(root, 0, path + 1), "!ENOENT");
    path[2049] = 'a';
    path[2050] = '\0';
    CHECK_STR(fake_read(root, 0, path + 1), "!EINVAL");
}

TEST(bodies_that_are_not_what_the_request_wants)
{
    static const struct {
        uint32_t type;
        const char *body;
        uint32_t len;
        const char *want;
    } rows[] = {
        { XS_READ, "/tool", 5, "!EINVAL" }, { XS_READ, "", 0, "!EINVAL" },
        { XS_READ, "/tool\0x", 8, "!EINVAL" }, { XS_WRITE, "/tool", 5, "!EINVAL" },
        { XS_WATCH, "/a", 3, "!EINVAL" }, { XS_WATCH, "/a\0t\0x", 7, "!EINVAL" },
        { XS_WATCH, "@bogus\0t", 9, "!EINVAL" }, { XS_UNWATCH, "/a\0t", 5, "!ENOENT" },
        { XS_TRANSACTION_END, "T", 2, "!ENOENT" }, { XS_TRANSACTION_END, "X", 2, "!EINVAL" },
        { XS_SET_PERMS, "/tool\0q0", 9, "!EINVAL" }, { XS_SET_PERMS, "/tool\0r", 8, "!EINVAL" },
        { XS_SET_PERMS, "/tool", 6, "!EINVAL" }, { XS_SET_PERMS, "/tool\0r99999", 13, "!EINVAL" },
        { XS_INTRODUCE, "1", 2, "!EINVAL" }, { XS_INTRODUCE, "0\0" "1\0" "1", 6, "!EINVAL" },
        { XS_RELEASE, "77", 3, "!ENOENT" }, { XS_RELEASE, "x", 2, "!EINVAL" },
        { XS_RELEASE, "0", 2, "!EINVAL" }, { XS_RESUME, "77", 3, "!ENOENT" },
        { XS_GET_DOMAIN_PATH, "5", 2, "/local/domain/5" },
        { XS_GET_DOMAIN_PATH, "-5", 3, "!EINVAL" }, { XS_IS_DOMAIN_INTRODUCED, "5", 2, "F" },
        { XS_DIRECTORY_PART, "/", 2, "!EINVAL" }, { XS_CONTROL, "bogus", 6, "!EINVAL" },
        { XS_RM, "/", 2, "!EINVAL" }, { XS_RM, "/no/such", 9, "!ENOENT" },
        { XS_RM, "/nosuch", 8, "OK" }, { 20, "", 0, "!ENOSYS" }, { 23, "", 0, "!ENOSYS" },
        { XS_WATCH_EVENT, "", 0, "!ENOSYS" }, { XS_ERROR, "", 0, "!ENOSYS" },
        { XS_INVALID, "", 0, "!ENOSYS" }, { ~0u, "", 0, "!ENOSYS" },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ )
        CHECK_STR(fake_request(root, rows[i].type, 0, rows[i].body, rows[i].len), rows[i].want);
    CHECK_STR(fake_read(root, 99, "/tool"), "!ENOENT");
}

TEST(children_are_listed_in_order_and_too_many_in_parts)
{
    char path[32], all[XENSTORE_PAYLOAD_MAX];
    unsigned int n = 0, offset = 0, parts = 0;
    bool end = false;

    for ( int i = 0; i < 3000; i++ ) {
        sprintf(path, "/many/%d", (i * 7919) % 3000);
        fake_write(root, 0, path, "");
    }
    CHECK_STR(fake_request(root, XS_DIRECTORY, 0, "/many", 6), "!E2BIG");
    for ( ; !end; parts++ ) {
        const int len = sprintf(path, "/many%c%u", 0, offset) + 1;
        const char *p = fake_request(root, XS_DIRECTORY_PART, 0, path, len);

        memcpy(all, p, fake_len);
        for ( p = all + strlen(all) + 1; p < all + fake_len; p += strlen(p) + 1 ) {
            if ( !*p ) {
                end = true;
                break;
            }
            sprintf(path, "%u", n++);
            CHECK_STR(p, path);
            offset += strlen(p) + 1;
        }
    }
    CHECK_EQ(n, 3000);
    assert_true(parts > 3);
    fake_rm(root, 0, "/many");
}

/* Permissions. */

TEST(a_domain_gets_only_what_it_is_given)
{
    fake_write(root, 0, "/x/y", "secret");
    CHECK_STR(fake_read(one, 0, "/x/y"), "!EACCES");
    CHECK_STR(fake_read(one, 0, "/x/none"), "!EACCES");
    CHECK_STR(fake_write(one, 0, "/x/y", "1"), "!EACCES");
    CHECK_STR(fake_rm(one, 0, "/x/y"), "!EACCES");
    CHECK_STR(fake_perms(one, "/x/y", "n1"), "!EACCES");
    fake_perms(root, "/x/y", "n0 r1");
    CHECK_STR(fake_read(one, 0, "/x/y"), "secret");
    CHECK_STR(fake_read(two, 0, "/x/y"), "!EACCES");
    CHECK_STR(fake_write(one, 0, "/x/y", "1"), "!EACCES");
    CHECK_STR(fake_write(one, 0, "/x/y/z", "1"), "!EACCES");
    fake_perms(root, "/x/y", "n0 b1");
    CHECK_STR(fake_write(one, 0, "/x/y/z", "1"), "OK");
    CHECK_STR(fake_read(two, 0, "/x/y/z"), "!EACCES");
    fake_perms(root, "/x/y", "r0 n1");
    CHECK_STR(fake_read(two, 0, "/x/y"), "secret");
    CHECK_STR(fake_read(one, 0, "/x/y"), "!EACCES");
}

TEST(an_owner_sets_permissions_but_gives_nothing_away)
{
    CHECK_STR(fake_write(one, 0, "data/k", "v"), "OK");
    CHECK_STR(fake_read(root, 0, "/local/domain/1/data/k"), "v");
    CHECK_STR(fake_request(root, XS_GET_PERMS, 0, "/local/domain/1/data/k", 23), "n1");
    CHECK_STR(fake_perms(one, "data/k", "n1 r2"), "OK");
    CHECK_STR(fake_read(two, 0, "/local/domain/1/data/k"), "v");
    CHECK_STR(fake_perms(one, "data/k", "n2"), "!EPERM");
    CHECK_STR(fake_perms(two, "/local/domain/1/data/k", "n2"), "!EACCES");
}

TEST(a_target_lends_its_rights)
{
    fake_write(one, 0, "mine", "v");
    CHECK_STR(fake_read(two, 0, "/local/domain/1/mine"), "!EACCES");
    two->target = 1;
    CHECK_STR(fake_read(two, 0, "/local/domain/1/mine"), "v");
}

TEST(privileged_requests_are_refused_to_others)
{
    CHECK_STR(fake_request(one, XS_INTRODUCE, 0, "3\0" "1\0" "1", 6), "!EACCES");
    CHECK_STR(fake_request(one, XS_RELEASE, 0, "1", 2), "!EACCES");
    CHECK_STR(fake_request(one, XS_CONTROL, 0, "help", 5), "!EACCES");
    CHECK_STR(fake_request(one, XS_SET_TARGET, 0, "1\0" "0", 4), "!EACCES");
    CHECK_STR(fake_perms(one, "@releaseDomain", "r0"), "!EACCES");
    root->read_only = true;
    CHECK_STR(fake_write(root, 0, "/a", "b"), "!EROFS");
    CHECK_STR(fake_read(root, 0, "/tool"), "");
    root->read_only = false;
}

/* A domain that is gone. */

TEST(nothing_is_inherited_with_a_number)
{
    fake_write(one, 0, "own", "v");
    fake_write(root, 0, "/shared", "s");
    fake_perms(root, "/shared", "n0 r1 b2");
    fake_perms(root, "@releaseDomain", "n0 r1");
    store_forget_domain(1, false, true);
    CHECK_STR(fake_read(one, 0, "/local/domain/1/own"), "!EACCES");
    CHECK_STR(fake_read(root, 0, "/local/domain/1/own"), "!ENOENT");
    CHECK_STR(fake_read(one, 0, "/shared"), "!EACCES");
    CHECK_STR(fake_read(two, 0, "/shared"), "s");
    fake_request(root, XS_GET_PERMS, 0, "@releaseDomain", 15);
    CHECK_EQ(fake_len, 3);
    CHECK_EQ(one->domain->nodes, 0);
}

TEST(orphans_can_be_kept_but_not_owned)
{
    fake_write(one, 0, "own", "v");
    store_forget_domain(1, true, true);
    CHECK_STR(fake_read(root, 0, "/local/domain/1/own"), "v");
    CHECK_STR(fake_read(one, 0, "/local/domain/1/own"), "!EACCES");
    CHECK_EQ(one->domain->nodes, 0);
}

/* Quotas. */

TEST(nodes_are_limited_and_come_free_again)
{
    char path[32];
    int n = 0;

    for ( ; n < 2000; n++ ) {
        sprintf(path, "n%d", n);
        if ( strcmp(fake_write(one, 0, path, ""), "OK") )
            break;
    }
    CHECK_EQ(n, 999);           /* and the one it has already */
    CHECK_STR(fake_write(one, 0, path, ""), "!ENOSPC");
    CHECK_STR(fake_write(root, 0, "/local/domain/1/more", ""), "OK");
    fake_rm(root, 0, "/local/domain/1/more");
    CHECK_STR(fake_rm(one, 0, "n0"), "OK");
    CHECK_STR(fake_write(one, 0, path, ""), "OK");
    fake_rm(root, 0, "/local/domain/1");
    CHECK_EQ(one->domain->nodes, 0);
}

TEST(node_size_permissions_and_memory_are_limited)
{
    char big[3000];
    const unsigned long was = quota_limit[QUOTA_MEMORY].hard;

    memset(big, 'x', sizeof(big));
    big[2040] = '\0';
    CHECK_STR(fake_write(one, 0, "ok", big), "OK");
    big[2040] = 'x';
    big[2060] = '\0';
    CHECK_STR(fake_write(one, 0, "big", big), "!ENOSPC");
    CHECK_STR(fake_write(root, 0, "/big", big), "OK");
    CHECK_STR(fake_perms(one, "ok", "n1 r2 r3 r4 r5"), "OK");
    CHECK_STR(fake_perms(one, "ok", "n1 r2 r3 r4 r5 r6"), "!ENOSPC");
    quota_limit[QUOTA_MEMORY].hard = 4000;
    CHECK_STR(fake_write(one, 0, "more", "x"), "OK");
    big[2060] = 'x';
    big[2000] = '\0';
    CHECK_STR(fake_write(one, 0, "more", big), "!ENOSPC");
    quota_limit[QUOTA_MEMORY].hard = was;
}

TEST(watches_and_transactions_are_limited)
{
    char token[16];

    for ( int i = 0; i < 128; i++ ) {
        sprintf(token, "%d", i);
        CHECK_STR(fake_watch(one, "x", token), "OK");
    }
    CHECK_STR(fake_watch(one, "x", "more"), "!E2BIG");
    CHECK_STR(fake_watch(one, "x", "3"), "!EEXIST");
    for ( int i = 0; i < 10; i++ )
        assert_true(fake_begin(one) > 0);
    CHECK_STR(fake_request(one, XS_TRANSACTION_START, 0, "", 1), "!ENOSPC");
    CHECK_STR(fake_request(one, XS_RESET_WATCHES, 0, "", 1), "OK");
    CHECK_STR(fake_watch(one, "x", "more"), "OK");
    CHECK_EQ(one->nr_txns, 0);
    assert_true(one->domain->other_bytes < 200);
}

TEST(a_transaction_touches_so_many_nodes_and_no_more)
{
    const uint32_t t = fake_begin(one);
    char path[32];
    int n = 0;

    for ( ; n < 2000; n++ ) {
        sprintf(path, "/nothing/%d", n);
        if ( strcmp(fake_read(one, t, path), "!EACCES") )
            break;
    }
    CHECK_EQ(n, 1024);
    CHECK_STR(fake_read(one, t, path), "!ENOSPC");
}

TEST(a_transaction_cannot_overdraw_the_nodes)
{
    char path[32];
    const uint32_t t = fake_begin(one);
    int n = 0;

    quota_limit[QUOTA_NODES].hard = 50;
    for ( ; n < 100; n++ ) {
        sprintf(path, "n%d", n);
        if ( strcmp(fake_write(one, t, path, ""), "OK") )
            break;
    }
    CHECK_EQ(n, 49);
    fake_write(one, 0, "other", "");
    CHECK_STR(fake_end(one, t), "!ENOSPC");
    quota_limit[QUOTA_NODES].hard = 1000;
    CHECK_EQ(one->domain->nodes, 2);
}

/* Transactions. */

TEST(a_transaction_is_alone_until_it_ends)
{
    const uint32_t t = fake_begin(root);

    fake_write(root, 0, "/t/a", "0");
    CHECK_STR(fake_read(root, t, "/t/a"), "!ENOENT");
    fake_write(root, t, "/t2/b", "1");
    CHECK_STR(fake_read(root, 0, "/t2/b"), "!ENOENT");
    CHECK_STR(fake_request(root, XS_TRANSACTION_START, t, "", 1), "!EBUSY");
    CHECK_STR(fake_end(root, t), "!EAGAIN");      /* /t/a came */
    CHECK_STR(fake_read(root, 0, "/t2/b"), "!ENOENT");
    CHECK_STR(fake_end(root, t), "!ENOENT");
}

/* Between start and end of a transaction with @in, somebody does @out. */
static const char *clash(void (*in)(uint32_t t), void (*out)(uint32_t t))
{
    uint32_t t;

    fake_rm(root, 0, "/t");
    fake_write(root, 0, "/t/a", "a");
    fake_write(root, 0, "/t/b", "b");
    fake_write(root, 0, "/t/d/e", "e");
    t = fake_begin(root);
    in(t);
    fake_write(root, t, "/t/result", "r");
    out(0);
    return fake_end(root, t);
}

static void read_a(uint32_t t) { fake_read(root, t, "/t/a"); }
static void write_a(uint32_t t) { fake_write(root, t, "/t/a", "x"); }
static void write_b(uint32_t t) { fake_write(root, t, "/t/b", "x"); }
static void rm_a(uint32_t t) { fake_rm(root, t, "/t/a"); }
static void rm_d(uint32_t t) { fake_rm(root, t, "/t/d"); }
static void rm_t(uint32_t t) { fake_rm(root, t, "/t"); }
static void write_f(uint32_t t) { fake_write(root, t, "/t/d/f", "x"); }
static void read_f(uint32_t t) { fake_read(root, t, "/t/d/f"); }
static void list_d(uint32_t t) { fake_request(root, XS_DIRECTORY, t, "/t/d", 5); }
static void list_t(uint32_t t) { fake_request(root, XS_DIRECTORY, t, "/t", 3); }
static void write_e(uint32_t t) { fake_write(root, t, "/t/d/e", "x"); }
static void write_g(uint32_t t) { fake_write(root, t, "/t/d/g", "x"); }
static void perms_a(uint32_t t) { fake_request(root, XS_SET_PERMS, t, "/t/a\0r0", 8); }
static void get_perms_a(uint32_t t) { fake_request(root, XS_GET_PERMS, t, "/t/a", 5); }
static void perms_d(uint32_t t) { fake_request(root, XS_SET_PERMS, t, "/t/d\0r0", 8); }
static void write_d(uint32_t t) { fake_write(root, t, "/t/d", "x"); }

TEST(only_real_conflicts_are_conflicts)
{
    static const struct {
        void (*in)(uint32_t t), (*out)(uint32_t t);
        const char *want;
    } rows[] = {
        { read_a, read_a, "OK" }, { read_a, write_a, "!EAGAIN" }, { read_a, write_b, "OK" },
        { write_a, write_b, "OK" }, { write_a, write_a, "!EAGAIN" }, { write_a, rm_a, "!EAGAIN" },
        { rm_a, write_a, "!EAGAIN" }, { rm_a, write_b, "OK" }, { read_a, rm_t, "!EAGAIN" },
        { rm_d, write_f, "!EAGAIN" }, { rm_d, write_e, "!EAGAIN" }, { rm_d, write_a, "OK" },
        { list_d, write_f, "!EAGAIN" }, { list_d, write_e, "OK" }, { list_t, write_f, "OK" },
        { write_f, write_g, "OK" }, { write_f, write_f, "!EAGAIN" }, { read_f, write_f, "!EAGAIN" },
        { read_f, write_g, "OK" }, { write_f, rm_d, "!EAGAIN" }, { perms_a, write_a, "!EAGAIN" },
        { read_a, perms_a, "!EAGAIN" }, { get_perms_a, perms_a, "!EAGAIN" },
        { write_f, perms_d, "!EAGAIN" }, { write_f, write_d, "OK" }, { list_d, write_d, "OK" },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        const char *got = clash(rows[i].in, rows[i].out);

        if ( strcmp(got, rows[i].want) )
            fprintf(stderr, "row %u\n", i);
        CHECK_STR(got, rows[i].want);
        CHECK_STR(fake_read(root, 0, "/t/result"), strcmp(rows[i].want, "OK") ? "!ENOENT" : "r");
    }
}

TEST(a_look_alone_never_fails)
{
    const uint32_t t = fake_begin(root);

    fake_read(root, t, "/tool");
    fake_write(root, 0, "/tool", "x");
    CHECK_STR(fake_read(root, t, "/tool"), "");
    CHECK_STR(fake_end(root, t), "OK");
}

TEST(an_aborted_transaction_leaves_nothing)
{
    const uint32_t t = fake_begin(root);

    fake_write(root, t, "/t/a", "x");
    CHECK_STR(fake_request(root, XS_TRANSACTION_END, t, "F", 2), "OK");
    CHECK_STR(fake_read(root, 0, "/t/a"), "!ENOENT");
}

TEST(a_transaction_from_before_a_restart_ends_in_eagain)
{
    txn_load(root, 5);
    CHECK_STR(fake_read(root, 5, "/tool"), "");
    CHECK_STR(fake_write(root, 5, "/tool", "x"), "OK");
    CHECK_STR(fake_end(root, 5), "!EAGAIN");
    CHECK_STR(fake_read(root, 0, "/tool"), "");
}

TEST(a_domain_s_endless_transaction_lets_go_and_fails)
{
    const uint32_t t = fake_begin(one), u = fake_begin(root);

    fake_write(one, t, "k", "1");
    fake_write(root, u, "/k", "1");
    fake_write(root, 0, "/tool", "new");
    txn_find(one, t)->started -= TXN_MAX_MS;
    txn_find(root, u)->started -= TXN_MAX_MS;
    txn_expire(one);
    txn_expire(root);
    assert_ptr_equal(txn_find(one, t)->base, store.root);
    CHECK_STR(fake_end(one, t), "!EAGAIN");
    CHECK_STR(fake_end(root, u), "OK");
}

TEST(a_transaction_that_fails_too_often_holds_domains_up_for_a_moment)
{
    uint32_t t;

    for ( int i = 0; i < 3; i++ ) {
        t = fake_begin(root);
        assert_false(conn_held(one));
        fake_read(root, t, "/local/domain/1");
        fake_write(root, t, "/k", "1");
        fake_write(one, 0, "/local/domain/1", "x");
        CHECK_STR(fake_end(root, t), "!EAGAIN");
    }
    t = fake_begin(root);
    assert_true(conn_held(one));
    assert_false(conn_held(root));
    usleep(70000);
    assert_false(conn_held(one));
    fake_write(root, t, "/k", "1");
    CHECK_STR(fake_end(root, t), "OK");
    t = fake_begin(root);
    assert_false(conn_held(one));
}

/* Watches. */

TEST(watchers_hear_of_what_is_at_and_below)
{
    CHECK_STR(fake_watch(root, "/w", "t"), "OK");
    CHECK_STR(fake_event(root), "/w t");
    fake_write(root, 0, "/w/a/b", "1");
    CHECK_STR(fake_event(root), "/w/a/b t");
    fake_write(root, 0, "/wx", "1");
    assert_null(fake_event(root));
    fake_rm(root, 0, "/w/a");
    CHECK_STR(fake_event(root), "/w/a t");
    fake_rm(root, 0, "/w");
    CHECK_STR(fake_event(root), "/w t");
    assert_null(fake_event(root));
    CHECK_STR(fake_request(root, XS_UNWATCH, 0, "/w\0t", 5), "OK");
    fake_write(root, 0, "/w", "1");
    assert_null(fake_event(root));
}

TEST(watchers_hear_when_what_is_above_goes)
{
    fake_write(root, 0, "/w/a/b", "1");
    fake_watch(root, "/w/a/b", "deep");
    fake_watch(root, "/w/a/none", "none");
    fake_event(root);
    fake_event(root);
    fake_rm(root, 0, "/w");
    CHECK_STR(fake_event(root), "/w/a/b deep");
    assert_null(fake_event(root));
}

TEST(the_root_is_watched_like_any_other)
{
    fake_watch(root, "/", "t");
    CHECK_STR(fake_event(root), "/ t");
    fake_write(root, 0, "/w/a", "1");
    CHECK_STR(fake_event(root), "/w/a t");
    fake_write(root, 0, "/", "1");
    CHECK_STR(fake_event(root), "/ t");
}

TEST(relative_watches_tell_relative_paths)
{
    fake_watch(one, "data", "t");
    CHECK_STR(fake_event(one), "data t");
    fake_write(root, 0, "/local/domain/1/data/x", "1");
    CHECK_STR(fake_event(one), "data/x t");
    fake_write(one, 0, "data2", "1");
    assert_null(fake_event(one));
    fake_rm(root, 0, "/local/domain/1/data");
    CHECK_STR(fake_event(one), "data t");
    assert_null(fake_event(one));
    fake_write(one, 0, "data/y", "1");
    CHECK_STR(fake_event(one), "data/y t");
}

TEST(depth_limits_what_is_told)
{
    const char deep[] = "/w\0t\0" "1";

    CHECK_STR(fake_request(root, XS_WATCH, 0, deep, sizeof(deep)), "OK");
    fake_event(root);
    fake_write(root, 0, "/w/a/b", "1");
    assert_null(fake_event(root));
    fake_write(root, 0, "/w/a", "1");
    CHECK_STR(fake_event(root), "/w/a t");
    fake_write(root, 0, "/w", "1");
    CHECK_STR(fake_event(root), "/w t");
    CHECK_STR(fake_request(root, XS_WATCH, 0, "/w\0u\0x", 7), "!EINVAL");
}

TEST(a_watcher_does_not_learn_what_it_may_not_read)
{
    fake_watch(one, "/w", "t");
    fake_event(one);
    fake_write(root, 0, "/w/a", "1");
    assert_null(fake_event(one));
    fake_perms(root, "/w/a", "n0 r1");
    CHECK_STR(fake_event(one), "/w/a t");
    fake_write(root, 0, "/w/a", "2");
    CHECK_STR(fake_event(one), "/w/a t");
    fake_rm(root, 0, "/w/a");
    CHECK_STR(fake_event(one), "/w/a t");
}

TEST(special_watches_need_permission)
{
    fake_watch(one, "@releaseDomain", "t");
    fake_watch(root, "@releaseDomain", "r");
    fake_event(one);
    fake_event(root);
    watch_fire_special(WATCH_RELEASE);
    assert_null(fake_event(one));
    CHECK_STR(fake_event(root), "@releaseDomain r");
    CHECK_STR(fake_perms(root, "@releaseDomain", "n0 r1"), "OK");
    watch_fire_special(WATCH_RELEASE);
    CHECK_STR(fake_event(one), "@releaseDomain t");
}

TEST(watches_fire_when_a_transaction_ends_well_and_once)
{
    uint32_t t;

    fake_watch(two, "/local/domain/2", "t");
    fake_event(two);
    t = fake_begin(two);
    fake_write(two, t, "k", "1");
    fake_write(two, t, "k", "2");
    fake_write(two, t, "l", "2");
    assert_null(fake_event(two));
    CHECK_STR(fake_end(two, t), "OK");
    CHECK_STR(fake_event(two), "/local/domain/2/k t");
    CHECK_STR(fake_event(two), "/local/domain/2/l t");
    assert_null(fake_event(two));
    t = fake_begin(two);
    fake_write(two, t, "k", "3");
    fake_request(two, XS_TRANSACTION_END, t, "F", 2);
    assert_null(fake_event(two));
}

TEST(control_commands)
{
    CHECK_STR(fake_request(root, XS_CONTROL, 0, "quota\0set\0nodes\0" "77", 19), "OK");
    CHECK_EQ(quota_limit[QUOTA_NODES].hard, 77);
    CHECK_STR(fake_request(root, XS_CONTROL, 0, "quota\0set\0bogus\0" "77", 19), "!EINVAL");
    quota_limit[QUOTA_NODES].hard = 1000;
    assert_non_null(strstr(fake_request(root, XS_CONTROL, 0, "quota", 6), "watches: 128"));
    assert_non_null(strstr(fake_request(root, XS_CONTROL, 0, "help", 5), "quota"));
    assert_non_null(strstr(fake_request(root, XS_CONTROL, 0, "stats", 6), "connections 3"));
    assert_non_null(strstr(fake_request(root, XS_CONTROL, 0, "quota\0" "1", 8), "nodes: 1"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(write_makes_parents_and_read_gives_it_back), T(names),
        T(a_path_may_be_3072_long_and_a_relative_one_2048),
        T(bodies_that_are_not_what_the_request_wants),
        T(children_are_listed_in_order_and_too_many_in_parts),
        T(a_domain_gets_only_what_it_is_given),
        T(an_owner_sets_permissions_but_gives_nothing_away), T(a_target_lends_its_rights),
        T(privileged_requests_are_refused_to_others), T(nothing_is_inherited_with_a_number),
        T(orphans_can_be_kept_but_not_owned), T(nodes_are_limited_and_come_free_again),
        T(node_size_permissions_and_memory_are_limited), T(watches_and_transactions_are_limited),
        T(a_transaction_touches_so_many_nodes_and_no_more),
        T(a_transaction_cannot_overdraw_the_nodes), T(a_transaction_is_alone_until_it_ends),
        T(only_real_conflicts_are_conflicts), T(a_look_alone_never_fails),
        T(an_aborted_transaction_leaves_nothing),
        T(a_transaction_from_before_a_restart_ends_in_eagain),
        T(a_domain_s_endless_transaction_lets_go_and_fails),
        T(a_transaction_that_fails_too_often_holds_domains_up_for_a_moment),
        T(watchers_hear_of_what_is_at_and_below), T(watchers_hear_when_what_is_above_goes),
        T(the_root_is_watched_like_any_other), T(relative_watches_tell_relative_paths),
        T(depth_limits_what_is_told), T(a_watcher_does_not_learn_what_it_may_not_read),
        T(special_watches_need_permission),
        T(watches_fire_when_a_transaction_ends_well_and_once), T(control_commands),
    };

    log_options.daemon = false;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
