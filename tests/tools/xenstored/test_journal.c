/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal: what was sealed comes back, what was not does not, whatever the file's end
 * looks like; and the state through it.
 */
#include "cm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#include "fake.h"

static char dir[64];
static char seen[200000];
static struct conn *root;

static void note(const struct rec *r)
{
    char line[100];

    snprintf(line, sizeof(line), "%u:%.50s ", r->type, r->path_len ? rec_path(r) : "");
    if ( strlen(seen) + strlen(line) < sizeof(seen) )
        strcat(seen, line);
}

static void dump_nothing(void)
{
    journal_put(REC_MKDIR, 0, 0, "/begin", NULL, 0);
}

static int setup(void **state)
{
    strcpy(dir, "/tmp/journal-test-XXXXXX");
    seen[0] = '\0';
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    char command[100];

    journal_close();
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command);
}

static void begin(void)
{
    CHECK_EQ(journal_open(dir, note, dump_nothing), 0);
    CHECK_EQ(journal_compact(), 0);
}

static const char *reopen(void)
{
    journal_close();
    seen[0] = '\0';
    CHECK_EQ(journal_open(dir, note, dump_nothing), 1);
    return seen;
}

TEST(what_is_sealed_comes_back)
{
    begin();
    journal_put(REC_WRITE, 1, 0, "/a", "value", 5);
    journal_put(REC_RM, 0, 0, "/b", NULL, 0);
    journal_seal();
    journal_put(REC_RM, 0, 0, "/not-sealed", NULL, 0);
    CHECK_STR(reopen(), "3:/begin 2:/a 4:/b ");
}

TEST(the_other_file_takes_over_and_leftovers_are_not_seen)
{
    begin();
    for ( int i = 0; i < 50; i++ ) {
        journal_put(REC_RM, 0, 0, "/old", NULL, 0);
        journal_seal();
    }
    CHECK_EQ(journal_compact(), 0);
    CHECK_EQ(journal_compact(), 0);
    journal_put(REC_RM, 0, 0, "/new", NULL, 0);
    journal_seal();
    CHECK_STR(reopen(), "3:/begin 4:/new ");
}

static int open_current(void)
{
    char path[100];

    snprintf(path, sizeof(path), "%s/journal.1", dir);      /* the first epoch's */
    return open(path, O_RDWR);
}

TEST(a_file_of_another_boot_is_not_read)
{
    char image[40];
    int fd;

    begin();
    journal_close();
    fd = open_current();
    CHECK_EQ(pread(fd, image, sizeof(image), 0), sizeof(image));
    image[16] ^= 1;                         /* the boot, and the header's sum with it */
    *(uint64_t *)(image + 24) = hash_block(0, image, 24);
    CHECK_EQ(pwrite(fd, image, sizeof(image), 0), sizeof(image));
    close(fd);
    CHECK_EQ(journal_open(dir, note, dump_nothing), 0);
    CHECK_STR(seen, "");
}

TEST(it_goes_on_when_full)
{
    char value[1000];

    begin();
    memset(value, 'v', sizeof(value));
    for ( int i = 0; i < 5000; i++ ) {
        CHECK_EQ(journal_admit(1100, false), 0);
        journal_put(REC_WRITE, 0, 0, "/a", value, sizeof(value));
        journal_seal();
    }
    CHECK_EQ(journal_stats().capacity, 256 << 10);
    assert_true(journal_stats().epoch > 10);
    assert_non_null(strstr(reopen(), "3:/begin "));
}

/* Cut off or damage the file at every byte of its end: whole batches come back, no others. */
TEST(every_torn_end)
{
    static char image[1000], copy[1000];
    int fd;
    uint32_t end;

    begin();
    for ( int i = 0; i < 5; i++ ) {
        journal_put(REC_RM, 0, 0, "/x", NULL, 0);
        journal_seal();
    }
    end = journal_stats().used;
    fd = open_current();
    CHECK_EQ(pread(fd, image, sizeof(image), 0), sizeof(image));
    for ( uint32_t at = 0; at < end; at++ )
        for ( int how = 0; how < 2; how++ ) {
            uint32_t n;

            memcpy(copy, image, sizeof(image));
            if ( how )
                copy[at] ^= 0x10;
            else
                memset(copy + at, 0, sizeof(copy) - at);
            seen[0] = '\0';
            n = journal_parse(copy, sizeof(copy), note);
            if ( n )
                assert_non_null(strstr(seen, "3:/begin "));
            for ( const char *p = seen; (p = strstr(p, "4:/x ")); p++ )
                n--;
            assert_true(n <= 1);            /* the first batch is the state */
        }
    close(fd);
}

TEST(a_record_that_is_not_one)
{
    char space[200];
    struct rec *r = (struct rec *)space;
    const uint32_t size = rec_make(space, REC_WRITE, 0, 0, "/abc", "xyz", 3);

    assert_non_null(rec_first(space, size));
    for ( uint32_t len = 0; len < size; len++ )
        assert_null(rec_first(space, len));
    r->len = 3;
    assert_null(rec_first(space, size));
    r->len = 0xffffffff;
    assert_null(rec_first(space, size));
    rec_make(space, REC_WRITE, 0, 0, "/abc", "xyz", 3);
    r->path_len = 100;
    assert_null(rec_first(space, size));
    r->path_len = 0xfffffff0;
    assert_null(rec_first(space, size));
    r->path_len = 3;                        /* no NUL there */
    assert_null(rec_first(space, size));
}

/* The state through it. */

static void start_store(void)
{
    fake_start();
    root = fake_conn(0);
}

static void restart_store(void)
{
    journal_seal();
    fake_stop();
    journal_close();
    start_store();
    CHECK_EQ(journal_open(dir, state_apply, state_dump), 1);
    CHECK_EQ(journal_compact(), 0);
}

TEST(nodes_permissions_and_specials_survive)
{
    char path[40];

    start_store();
    CHECK_EQ(journal_open(dir, state_apply, state_dump), 0);
    CHECK_EQ(journal_compact(), 0);
    for ( int i = 0; i < 3000; i++ ) {
        sprintf(path, "/many/%d/x", i);
        CHECK_STR(fake_write(root, 0, path, path), "OK");
    }
    fake_perms(root, "/many/77/x", "n0 r5 w6");
    fake_perms(root, "@releaseDomain", "n0 r3");
    fake_rm(root, 0, "/many/78");
    fake_rm(root, 0, "/tool");
    restart_store();
    CHECK_STR(fake_read(root, 0, "/many/2999/x"), "/many/2999/x");
    CHECK_STR(fake_read(root, 0, "/many/78"), "!ENOENT");
    CHECK_STR(fake_read(root, 0, "/tool"), "!ENOENT");
    fake_request(root, XS_GET_PERMS, 0, "/many/77/x", 11);
    CHECK_EQ(fake_len, 9);
    fake_request(root, XS_GET_PERMS, 0, "@releaseDomain", 15);
    CHECK_EQ(fake_len, 6);
    fake_write(root, 0, "/after", "1");
    restart_store();
    CHECK_STR(fake_read(root, 0, "/after"), "1");
    CHECK_STR(fake_read(root, 0, "/many/2999/x"), "/many/2999/x");
    CHECK_EQ(strncmp(fake_request(root, XS_CONTROL, 0, "check", 6), "OK", 2), 0);
    fake_stop();
}

TEST(a_committed_transaction_survives_and_an_open_one_does_not)
{
    uint32_t t, u;

    start_store();
    CHECK_EQ(journal_open(dir, state_apply, state_dump), 0);
    CHECK_EQ(journal_compact(), 0);
    t = fake_begin(root);
    u = fake_begin(root);
    fake_write(root, t, "/done/a", "1");
    fake_write(root, u, "/open/a", "1");
    CHECK_STR(fake_end(root, t), "OK");
    restart_store();
    CHECK_STR(fake_read(root, 0, "/done/a"), "1");
    CHECK_STR(fake_read(root, 0, "/open"), "!ENOENT");
    fake_stop();
}

/* No room: changes that grow the store are refused, everything else goes on. */
TEST(a_full_file_system_refuses_growth_and_loses_nothing)
{
    const struct rlimit small = { 256 << 10, RLIM_INFINITY };
    struct rlimit was;
    char path[40], value[1000];
    const char *said = "";
    int n = 0, kept;

    signal(SIGXFSZ, SIG_IGN);
    start_store();
    CHECK_EQ(journal_open(dir, state_apply, state_dump), 0);
    CHECK_EQ(journal_compact(), 0);
    getrlimit(RLIMIT_FSIZE, &was);
    setrlimit(RLIMIT_FSIZE, &small);
    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    for ( ; n < 1000; n++ ) {
        sprintf(path, "/full/%d", n);
        said = fake_write(root, 0, path, value);
        journal_seal();
        if ( strcmp(said, "OK") )
            break;
    }
    CHECK_STR(said, "!ENOSPC");
    assert_true(n > 100 && n < 300);
    CHECK_STR(fake_read(root, 0, path), "!ENOENT");
    CHECK_STR(fake_read(root, 0, "/full/0"), value);
    for ( int i = 0; i < 20000; i++ )       /* far more than the file holds */
        CHECK_STR(fake_rm(root, 0, "/nothing"), "OK");
    CHECK_STR(fake_rm(root, 0, "/full/0"), "OK");
    CHECK_STR(fake_rm(root, 0, "/full/1"), "OK");
    CHECK_STR(fake_write(root, 0, "/small", "1"), "OK");
    kept = n;
    restart_store();
    CHECK_STR(fake_read(root, 0, "/small"), "1");
    CHECK_STR(fake_read(root, 0, "/full/0"), "!ENOENT");
    sprintf(path, "/full/%d", kept - 1);
    CHECK_STR(fake_read(root, 0, path), value);
    setrlimit(RLIMIT_FSIZE, &was);
    usleep(250000);
    for ( n = 0; n < 1000; n++ ) {
        sprintf(path, "/full/%d", n);
        CHECK_STR(fake_write(root, 0, path, value), "OK");
    }
    restart_store();
    CHECK_STR(fake_read(root, 0, "/full/999"), value);
    fake_stop();
}

/* A domain's write, which comes when the journal is nearly full, so that it begins anew. */
static struct conn *write_into_a_full_journal(struct xenstore_domain_interface *page)
{
    static const char body[] = "/local/domain/3/k\0a value that is long enough not to fit any more";
    const struct xsd_sockmsg h = { XS_WRITE, 1, 0, sizeof(body) - 1 };
    struct domain *d = domain_get(3);
    struct conn *c = conn_new(CONN_RING, 3);
    uint64_t epoch;

    memset(page, 0, sizeof(*page));
    c->ring.page = page;
    d->conn = c;
    d->introduced = d->checked = true;
    fake_write(root, 0, "/local/domain/3", "");
    fake_perms(root, "/local/domain/3", "n3");
    while ( journal_stats().used < journal_stats().capacity - 100 ) {
        journal_put(REC_RM, 0, 0, "/none", NULL, 0);
        journal_seal();
    }
    epoch = journal_stats().epoch;
    memcpy(page->req, &h, sizeof(h));
    memcpy(page->req + sizeof(h), body, h.len);
    page->req_prod = sizeof(h) + h.len;
    conn_serve(c);
    CHECK_EQ(journal_stats().epoch, epoch + 1);
    CHECK_EQ(c->out.len, sizeof(h) + 3);
    return c;
}

TEST(a_request_that_the_journal_began_anew_in_is_still_to_be_handled)
{
    static struct xenstore_domain_interface page;
    struct conn *c;

    for ( int sealed = 0; sealed < 2; sealed++ ) {
        start_store();
        (void)!journal_open(dir, state_apply, state_dump);
        CHECK_EQ(journal_compact(), 0);
        c = write_into_a_full_journal(&page);
        if ( sealed ) {                     /* the round ends */
            conn_put_record(c);
            journal_seal();
        }
        fake_stop();
        journal_close();
        start_store();
        CHECK_EQ(journal_open(dir, state_apply, state_dump), 1);
        c = domain_find(3)->conn;
        CHECK_EQ(c->ring.req_cons, page.req_prod);
        CHECK_EQ(c->in.len, sealed ? 0 : page.req_prod);
        CHECK_EQ(c->out.len, sealed ? sizeof(struct xsd_sockmsg) + 3 : 0);
        CHECK_EQ(fake_read(root, 0, "/local/domain/3/k")[0], sealed ? 'a' : '!');
        if ( !sealed ) {                    /* and now it is */
            c->ring.page = &page;
            conn_serve(c);
            CHECK_EQ(fake_read(root, 0, "/local/domain/3/k")[0], 'a');
        }
        fake_stop();
        journal_close();
        CHECK_EQ(system("rm /tmp/journal-test-*/journal.*"), 0);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_is_sealed_comes_back), T(a_file_of_another_boot_is_not_read),
        T(the_other_file_takes_over_and_leftovers_are_not_seen),
        T(it_goes_on_when_full), T(every_torn_end), T(a_record_that_is_not_one),
        T(nodes_permissions_and_specials_survive),
        T(a_committed_transaction_survives_and_an_open_one_does_not),
        T(a_request_that_the_journal_began_anew_in_is_still_to_be_handled),
        T(a_full_file_system_refuses_growth_and_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
