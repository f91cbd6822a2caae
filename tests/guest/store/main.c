/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration store from an unprivileged domain: our own name and
 * number, a value of ours there and back, no way into others' nodes;
 * transactions, watches, names of a folder.
 * pvh: yes
 */
#include "test.h"
#include <guest/store.h>

static unsigned int events[2];          /* by token */
static char event_path[64];

static void count_event(const char *path, const char *token)
{
    events[parse_number(token) & 1]++;
    snprintf(event_path, sizeof(event_path), "%s", path);
}

/* Events come with answers to requests, or by themselves: wait for those of @token. */
static bool wait_events(unsigned int token, unsigned int nr)
{
    const uint64_t end = clock_now() + 5000000000ul;

    while ( events[token] < nr && clock_now() < end ) {
        event_clear(store_port());
        store_poll();
        if ( events[token] < nr )
            event_poll(store_port(), end);
    }
    return events[token] == nr;
}

static void check_watches(void)
{
    store_event = count_event;
    EQ(store_watch("data/w", "0", true), 0);
    CHECK(wait_events(0, 1));
    EQ(store_watch("data/w/x", "1", true), 0);
    CHECK(wait_events(1, 1));
    EQ(store_write(0, "data/w/y", "1"), 0);
    CHECK(wait_events(0, 2));
    EQ(strcmp(event_path, "data/w/y"), 0);
    EQ(store_write(0, "data/w/x", "1"), 0);
    CHECK(wait_events(0, 3));
    CHECK(wait_events(1, 2));
    EQ(store_watch("data/w", "0", false), 0);
    EQ(store_write(0, "data/w/x", "2"), 0);
    CHECK(wait_events(1, 3));
    EQ(events[0], 3);
    /* More of them than the ring holds, while nobody looks. */
    for ( unsigned int i = 0; i < 100; i++ )
        EQ(store_write(0, "data/w/x", "3"), 0);
    CHECK(wait_events(1, 103));
    EQ(store_watch("data/w/x", "1", false), 0);
    EQ(store_watch("data/w/x", "1", false), -XEN_ENOENT);
}

static void check_transactions(void)
{
    char buf[16];
    uint32_t a, b;

    EQ(store_begin(&a), 0);
    EQ(store_write(a, "data/t", "1"), 0);
    EQ(store_read(a, "data/t", buf, sizeof(buf)), 1);
    EQ(store_read(0, "data/t", buf, sizeof(buf)), -XEN_ENOENT);
    EQ(store_end(a, false), 0);
    EQ(store_read(0, "data/t", buf, sizeof(buf)), -XEN_ENOENT);

    EQ(store_begin(&a), 0);
    EQ(store_begin(&b), 0);
    CHECK(a != b);
    EQ(store_write(a, "data/t", "a"), 0);
    EQ(store_read(b, "data/t", buf, sizeof(buf)), -XEN_ENOENT);
    EQ(store_write(b, "data/t", "b"), 0);
    EQ(store_end(a, true), 0);
    EQ(store_end(b, true), -XEN_EAGAIN);
    EQ(store_read(0, "data/t", buf, sizeof(buf)), 1);
    EQ(buf[0], 'a');
    EQ(store_end(b, true), -XEN_ENOENT);
}

static void check_names(void)
{
    static const char names[] = "one\0two\0three";       /* in the order of their making, or not */
    char buf[64];
    unsigned int seen = 0;

    for ( const char *n = names; n < names + sizeof(names); n += strlen(n) + 1 ) {
        snprintf(buf, sizeof(buf), "data/d/%s", n);
        EQ(store_write(0, buf, ""), 0);
    }
    const long len = store_list("data/d", buf, sizeof(buf));

    EQ(len, sizeof(names));
    for ( const char *n = buf; n < buf + len; n += strlen(n) + 1 )
        seen |= strcmp(n, "one") == 0 ? 1 : strcmp(n, "two") == 0 ? 2 : strcmp(n, "three") == 0 ? 4 : 8;
    EQ(seen, 7);
    EQ(store_list("data/d/one", buf, sizeof(buf)), 0);
    EQ(store_list("data/none", buf, sizeof(buf)), -XEN_ENOENT);
    EQ(store_list("data/d", buf, 8), -XEN_E2BIG);
}

void test_main(void)
{
    char buf[64], big[600];

    if ( guest_is_dom0() )
        test_skip("the store's server is not there yet for a lone control domain");
    EQ(store_init(), 0);
    CHECK(store_read(0, "domid", buf, sizeof(buf)) > 0);
    CHECK(parse_number(buf) > 0);
    CHECK(store_read(0, "name", buf, sizeof(buf)) > 0);
    EQ(store_read(0, "no-such-node", buf, sizeof(buf)), -XEN_ENOENT);
    EQ(store_write(0, "data/test", "value"), 0);
    EQ(store_read(0, "data/test", buf, sizeof(buf)), 5);
    EQ(strcmp(buf, "value"), 0);
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    EQ_ROW("longer than our buffer", store_write(0, "data/test", big), 0);
    EQ(store_read(0, "data/test", buf, sizeof(buf)), -XEN_E2BIG);
    for ( unsigned int i = 0; i < 50; i++ )
        EQ(store_read(0, "data/test", big, sizeof(big)), 599);
    EQ(store_write(0, "data/test", NULL), 0);
    EQ(store_read(0, "data/test", buf, sizeof(buf)), -XEN_ENOENT);
    EQ(store_read(0, "/local/domain/0/name", buf, sizeof(buf)) < 0, 1);
    EQ(store_write(0, "/local/domain/0/name", "x") < 0, 1);
    EQ(store_write(0, "/tool/x", "x") < 0, 1);
    check_watches();
    check_transactions();
    check_names();
}
