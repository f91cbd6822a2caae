/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The front end of a keyboard and pointer against a back end that the test plays, an honest one and others. */
#include "cm.h"
#include "fake.h"
#include "kbd/kbd.h"

#define KBD_FRONT "/local/domain/5/device/vkbd/0"
#define KBD_BACK  "/local/domain/0/backend/vkbd/5/0"
#define LEN       XENKBD_IN_RING_LEN

static struct kbdfront kbd;
static struct xenkbd_page *page;
static int port;
static struct kbd_event seen[200];
static unsigned int nr_seen, notified;
static uint64_t seed = 1;

static void count(void *user) { notified++; }
static void nothing(void *user) { }
static void front_event(void *user) { kbdfront_run(user); }
static void front_watch(void *user) { kbdfront_watch((struct kbdfront *)user); }
static void take(void *owner, const struct kbd_event *e)
{
    assert_ptr_equal(owner, &kbd);
    seen[nr_seen++ % 200] = *e;
}

static void settle(void)
{
    for ( int i = 0; i < 100 && (fake_deliver() || kbd.bus.again); i++ )
        if ( kbd.bus.again )
            kbdfront_watch(&kbd);
}

/* The back end says Connected, and has the page that the front end names. */
static void connect(void)
{
    settle();
    assert_string_equal(fake_get(KBD_FRONT "/state"), "3");
    page = fake_grant_page(atoi(fake_get(KBD_FRONT "/page-gref")));
    port = fake_ops.channel_open(&fake_back, FAKE_FRONT, atoi(fake_get(KBD_FRONT "/event-channel")), NULL);
    assert_true(page && port > 0);
    fake_set(KBD_BACK "/state", "4");
    settle();
    assert_int_equal(kbd.bus.state, XenbusStateConnected);
    nr_seen = notified = 0;
}

static uint64_t number(void *ctx, const void *p)
{
    assert_ptr_equal(ctx, &fake_front);
    assert_ptr_equal(p, kbd.page);
    return 0x123456789a;
}

static void begin(bool absolute, bool can)
{
    fake_reset();
    memset(&kbd, 0, sizeof(kbd));
    kbd.bus.ops = &fake_ops;
    kbd.bus.ctx = &fake_front;
    kbd.config = (struct kbdfront_config){ .absolute = absolute, .event = take, .owner = &kbd };
    fake_back.event = count;
    fake_back.watch = nothing;
    fake_front.event = front_event;
    fake_front.watch = front_watch;
    fake_set(KBD_FRONT "/backend", KBD_BACK);
    fake_set(KBD_FRONT "/backend-id", "0");
    fake_set(KBD_FRONT "/state", "1");
    fake_set(KBD_BACK "/state", "2");
    fake_set(KBD_BACK "/feature-abs-pointer", can ? "1" : "0");
    fake_set(KBD_BACK "/width", "1024");
    fake_set(KBD_BACK "/height", "0");
    assert_int_equal(kbdfront_start(&kbd, KBD_FRONT), 0);
    connect();
}

static void end(void)
{
    fake_kill(&fake_back);
    kbdfront_stop(&kbd);
    assert_true(kbd.lost_pages || fake_is_empty(&fake_front));
}

static void put(const union xenkbd_in_event *e)
{
    memcpy((uint8_t *)page + XENKBD_IN_RING_OFFS + page->in_prod++ % LEN * sizeof(*e), e, sizeof(*e));
}

static void push(void)
{
    fake_ops.channel_notify(&fake_back, port);
    settle();
}

TEST(each_kind_of_event_arrives_or_is_dropped)
{
    static const struct {
        union xenkbd_in_event in;
        bool absolute, arrives;
        struct kbd_event out;
    } t[] = {
        { { .key = { XENKBD_TYPE_KEY, 1, 30 } }, false, true, { KBD_KEY, true, 30, 0, 0, 0 } },
        { { .key = { XENKBD_TYPE_KEY, 0, 30 } }, true, true, { KBD_KEY, false, 30, 0, 0, 0 } },
        { { .key = { XENKBD_TYPE_KEY, 7, KBD_MAX_CODE } }, false, true, { KBD_KEY, true, KBD_MAX_CODE, 0, 0, 0 } },
        { { .key = { XENKBD_TYPE_KEY, 1, KBD_MAX_CODE + 1 } }, false, false, { 0 } },
        { { .key = { XENKBD_TYPE_KEY, 1, ~0u } }, false, false, { 0 } },
        { { .motion = { XENKBD_TYPE_MOTION, -3, 4, 1 } }, false, true, { KBD_MOTION, false, 0, -3, 4, 1 } },
        { { .pos = { XENKBD_TYPE_POS, 5, 0, -1 } }, true, true, { KBD_POSITION, false, 0, 5, 0, -1 } },
        { { .pos = { XENKBD_TYPE_POS, 1024, 1, 0 } }, true, true, { KBD_POSITION, false, 0, 1023, 0, 0 } },
        { { .pos = { XENKBD_TYPE_POS, INT32_MIN, INT32_MAX, 0 } }, true, true, { KBD_POSITION, false, 0, 0, 0, 0 } },
        { { .pos = { XENKBD_TYPE_POS, 5, 0, -1 } }, false, false, { 0 } },      /* not asked for */
        { { .type = XENKBD_TYPE_MTOUCH }, true, false, { 0 } },
        { { .type = XENKBD_TYPE_RESERVED }, true, false, { 0 } },
        { { .type = 0 }, true, false, { 0 } },
        { { .type = 255 }, true, false, { 0 } },
    };

    for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
    {
        begin(t[i].absolute, true);
        put(&t[i].in);
        push();
        assert_int_equal(nr_seen, t[i].arrives);
        assert_int_equal(kbd.nr_dropped, !t[i].arrives);
        if ( t[i].arrives )
            assert_memory_equal(&seen[0], &t[i].out, sizeof(seen[0]));
        assert_int_equal(page->in_cons, 1);
        assert_int_equal(notified, 1);
        end();
    }
}

TEST(positions_only_where_both_want_them_and_never_multi_touch)
{
    for ( int way = 0; way < 4; way++ )
    {
        begin(way & 1, way & 2);
        assert_int_equal(kbd.absolute, way == 3);
        assert_true((fake_get(KBD_FRONT "/request-abs-pointer") != NULL) == (way == 3));
        assert_string_equal(fake_get(KBD_FRONT "/request-multi-touch"), "0");
        end();
    }
}

TEST(all_events_arrive_in_order_however_many_come_at_once)
{
    uint32_t sent = 0, got = 0;

    begin(false, false);
    for ( int i = 0; i < 1000; i++ )
    {
        const unsigned int n = next_random(&seed) % (LEN + 1);

        for ( unsigned int k = 0; k < n; k++ )
            put(&(union xenkbd_in_event){ .motion = { XENKBD_TYPE_MOTION, (int32_t)sent++, 0, 0 } });
        nr_seen = notified = 0;
        push();
        assert_int_equal(nr_seen, n);
        assert_int_equal(notified, n != 0);
        for ( unsigned int k = 0; k < n; k++ )
            assert_int_equal(seen[k].x, got++);
    }
    end();
}

TEST(a_wild_index_ends_it)
{
    static const uint32_t wild[] = { LEN + 1, LEN + 2, 0x7fffffff, 0x80000000, ~0u };

    for ( size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++ )
    {
        begin(false, false);
        page->in_prod = wild[i];
        push();
        assert_int_equal(nr_seen, 0);
        assert_string_equal(fake_get(KBD_FRONT "/state"), "6");
        assert_string_equal(fake_get(KBD_FRONT "/error"), "the back end's index is impossible");
        page->in_prod = 1;
        kbdfront_run(&kbd);
        assert_int_equal(nr_seen, 0);
        end();
    }
}

TEST(what_the_back_end_writes_over_our_index_changes_nothing)
{
    begin(false, false);
    put(&(union xenkbd_in_event){ .key = { XENKBD_TYPE_KEY, 1, 1 } });
    push();
    page->in_cons = 77;
    put(&(union xenkbd_in_event){ .key = { XENKBD_TYPE_KEY, 1, 2 } });
    push();
    assert_int_equal(nr_seen, 2);
    assert_int_equal(seen[1].code, 2);
    assert_int_equal(page->in_cons, 2);
    end();
}

TEST(a_back_end_that_starts_anew_gets_a_new_page_and_cannot_collect_them)
{
    begin(false, false);
    for ( int i = 0; i < 200; i++ )
    {
        const char *text = fake_get(KBD_FRONT "/page-gref");
        grant_ref_t ref = text ? atoi(text) : 0;
        void *at;

        if ( i >= 20 && fake_grant_page(ref) )
            fake_ops.grant_map(&fake_back, FAKE_FRONT, &ref, 1, false, &at);
        fake_ops.channel_close(&fake_back, port);
        fake_set(KBD_BACK "/state", "2");
        settle();
        if ( kbd.bus.state != XenbusStateInitialised )
            break;
        connect();
        put(&(union xenkbd_in_event){ .key = { XENKBD_TYPE_KEY, 1, 1 } });
        push();
        assert_int_equal(nr_seen, 1);
    }
    assert_in_range(kbd.lost_pages, 60, 70);
    end();
    fake_kill(&fake_front);
}

TEST(the_pages_number_is_told_only_by_who_knows_it)
{
    char want[24];

    begin(false, false);
    assert_null(fake_get(KBD_FRONT "/page-ref"));
    assert_non_null(fake_get(KBD_FRONT "/page-gref"));
    kbd.config.frame = number;
    fake_set(KBD_BACK "/state", "2");       /* it starts anew */
    connect();
    snprintf(want, sizeof(want), "%llu", 0x123456789aULL);
    assert_string_equal(fake_get(KBD_FRONT "/page-ref"), want);
    assert_non_null(fake_get(KBD_FRONT "/page-gref"));
    end();
    fake_kill(&fake_front);
}

TEST(without_anybody_to_tell_it_does_not_start)
{
    fake_reset();
    memset(&kbd, 0, sizeof(kbd));
    assert_int_equal(kbdfront_start(&kbd, KBD_FRONT), -XEN_EINVAL);
}

TESTS(
    RUN(each_kind_of_event_arrives_or_is_dropped),
    RUN(positions_only_where_both_want_them_and_never_multi_touch),
    RUN(all_events_arrive_in_order_however_many_come_at_once),
    RUN(a_wild_index_ends_it),
    RUN(what_the_back_end_writes_over_our_index_changes_nothing),
    RUN(a_back_end_that_starts_anew_gets_a_new_page_and_cannot_collect_them),
    RUN(the_pages_number_is_told_only_by_who_knows_it),
    RUN(without_anybody_to_tell_it_does_not_start),
)
