/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ring pages in memory, and what a domain can do to them.
 */
#include "cm.h"

#include <errno.h>

#include "conn.h"

static struct xenstore_domain_interface page;
static struct ring ring;
static struct buf part, out;
static char msg[MESSAGE_MAX];

static void start(uint32_t at)
{
    memset(&page, 0, sizeof(page));
    page.req_cons = page.req_prod = page.rsp_cons = page.rsp_prod = at;
    ring = (struct ring){ 0 };
    buf_free(&part);
    buf_free(&out);
    ring_attach(&ring, &page);
}

/* As a domain does it: what fits. */
static uint32_t put(const void *data, uint32_t len)
{
    uint32_t n = 0;

    for ( ; n < len && page.req_prod - page.req_cons < XENSTORE_RING_SIZE; n++ )
        page.req[page.req_prod++ % XENSTORE_RING_SIZE] = ((const char *)data)[n];
    return n;
}

static uint32_t make(char *m, uint32_t len)
{
    const struct xsd_sockmsg h = { XS_WRITE, 1, 0, len };

    memcpy(m, &h, sizeof(h));
    for ( uint32_t i = 0; i < len; i++ )
        m[sizeof(h) + i] = i * 7;
    return sizeof(h) + len;
}

TEST(messages_of_every_size_come_through_wherever_the_ring_stands)
{
    static const uint32_t starts[] = { 0, 1, 1000, 1023, 0xfffffff0 };
    static const uint32_t sizes[] = { 0, 1, 15, 1008, 1009, 2000, 4096 };

    for ( unsigned int s = 0; s < ARRAY_SIZE(starts); s++ )
        for ( unsigned int k = 0; k < ARRAY_SIZE(sizes); k++ ) {
            char m[MESSAGE_MAX];
            const uint32_t len = make(m, sizes[k]);
            uint32_t sent = 0;
            int rc = 0;
            bool notify;

            start(starts[s]);
            for ( int round = 0; rc == 0 && round < 20; round++ ) {
                sent += put(m + sent, len - sent);
                rc = ring_read(&ring, &part, msg);
                CHECK_EQ(ring_flush(&ring, &out, &notify), 0);
                if ( rc == 0 )
                    assert_true(sent < len);
            }
            CHECK_EQ(rc, 1);
            assert_memory_equal(msg, m, len);
            CHECK_EQ(ring_read(&ring, &part, msg), 0);
            CHECK_EQ(page.req_cons, starts[s] + len);
        }
}

TEST(byte_by_byte)
{
    char m[MESSAGE_MAX];
    const uint32_t len = make(m, 40);

    start(1000);
    for ( uint32_t i = 0; i < len; i++ ) {
        CHECK_EQ(ring_read(&ring, &part, msg), 0);
        put(m + i, 1);
    }
    CHECK_EQ(ring_read(&ring, &part, msg), 1);
    assert_memory_equal(msg, m, len);
}

/*
 * A front end as Linux has it: it sends an event only if, after writing, it sees that all
 * before what it wrote has been taken.
 */
static bool linux_put(const void *data, uint32_t n)
{
    const uint32_t before = page.req_prod;

    put(data, n);
    return (int32_t)(before - page.req_cons) <= 0;
}

TEST(the_rest_of_a_message_is_announced)
{
    char m[MESSAGE_MAX];
    const uint32_t len = make(m, 40);
    bool notify;

    start(1000);
    assert_true(linux_put(m, sizeof(struct xsd_sockmsg)));
    CHECK_EQ(ring_read(&ring, &part, msg), 0);
    CHECK_EQ(ring_flush(&ring, &out, &notify), 0);
    assert_true(linux_put(m + sizeof(struct xsd_sockmsg), 20));
    CHECK_EQ(ring_read(&ring, &part, msg), 0);
    /* It writes after the last look and before the flush: no event, so the flush tells. */
    assert_false(linux_put(m + sizeof(struct xsd_sockmsg) + 20, 20));
    CHECK_EQ(ring_flush(&ring, &out, &notify), 0);
    assert_true(ring_has_input(&ring));
    CHECK_EQ(ring_read(&ring, &part, msg), 1);
    assert_memory_equal(msg, m, len);
    CHECK_EQ(ring_flush(&ring, &out, &notify), 0);
    assert_false(ring_has_input(&ring));
}

TEST(nothing_is_taken_before_the_flush)
{
    char m[MESSAGE_MAX];
    const uint32_t len = make(m, 40);
    bool notify;

    start(5);
    put(m, len);
    CHECK_EQ(ring_read(&ring, &part, msg), 1);
    CHECK_EQ(page.req_cons, 5);
    CHECK_EQ(ring_flush(&ring, &out, &notify), 0);
    assert_true(notify);
    CHECK_EQ(page.req_cons, 5 + len);
    CHECK_EQ(ring_flush(&ring, &out, &notify), 0);
    assert_false(notify);
}

TEST(bad_indexes_and_lengths_are_refused)
{
    static const uint32_t far[] = { 1025, 5000, 0x80000000, 0xffffffff };
    char m[MESSAGE_MAX];
    struct xsd_sockmsg h = { XS_READ, 0, 0, 4097 };
    bool notify;

    for ( unsigned int i = 0; i < ARRAY_SIZE(far); i++ ) {
        start(77);
        page.req_prod = 77 + far[i];
        CHECK_EQ(ring_read(&ring, &part, msg), -ERANGE);
        start(77);
        buf_add(&out, "x", 1);
        page.rsp_cons = 77 - far[i];
        CHECK_EQ(ring_flush(&ring, &out, &notify), -ERANGE);
    }
    start(0);
    put(&h, sizeof(h));
    CHECK_EQ(ring_read(&ring, &part, msg), -EPROTO);
    h.len = 0xffffffff;
    start(0);
    put(&h, sizeof(h));
    CHECK_EQ(ring_read(&ring, &part, msg), -EPROTO);
    start(0);
    make(m, 4096);
    put(m, 1024);
    CHECK_EQ(ring_read(&ring, &part, msg), 0);
    CHECK_EQ(part.len, 1024);
    page.req_prod += 2000;
    CHECK_EQ(ring_read(&ring, &part, msg), -ERANGE);
}

TEST(output_waits_for_room)
{
    char big[3000];
    uint32_t got = 0;
    bool notify;

    start(0xfffffe00);
    memset(big, 'o', sizeof(big));
    buf_add(&out, big, sizeof(big));
    CHECK_EQ(ring_flush(&ring, &out, &notify), 1024);
    assert_true(notify);
    CHECK_EQ(ring_flush(&ring, &out, &notify), 0);
    assert_false(notify);
    while ( out.len ) {
        page.rsp_cons += 100;
        got += ring_flush(&ring, &out, &notify);
    }
    CHECK_EQ(got, 3000 - 1024);
}

TEST(a_domain_may_begin_anew)
{
    start(500);
    assert_false(ring_wants_reset(&ring));
    page.connection = XENSTORE_RECONNECT;
    assert_true(ring_wants_reset(&ring));
    ring_reset(&ring);
    CHECK_EQ(page.connection, XENSTORE_CONNECTED);
    CHECK_EQ(page.req_cons | page.req_prod | page.rsp_cons | page.rsp_prod, 0);
    CHECK_EQ(page.server_features, 7);
}

TESTS(RUN(messages_of_every_size_come_through_wherever_the_ring_stands), RUN(byte_by_byte),
      RUN(the_rest_of_a_message_is_announced), RUN(nothing_is_taken_before_the_flush),
      RUN(bad_indexes_and_lengths_are_refused),
      RUN(output_waits_for_room), RUN(a_domain_may_begin_anew))
