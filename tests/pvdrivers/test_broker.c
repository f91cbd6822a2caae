/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The broker between a back end that does as it likes and the store; then honest back ends through it. */
#include "cm.h"
#include "broker_world.h"
#include "disk.h"
#include "wire.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STATE   DEVICE_BACK "/state"

static char answer[XENSTORE_PAYLOAD_MAX + 1];

static void begin(void)
{
    fake_reset();
    fake_set(STATE, "2");
    fake_set(DEVICE_FRONT "/state", "3");
    world_open(DEVICE_BACK, DEVICE_FRONT);
    assert_true(broker_begin(&broker));
    world_serve();
}

static void end(void)
{
    assert_int_equal(store_wrong, 0);
    world_close();
}

static int ask(uint32_t type, uint32_t txn, const char *path, const char *rest, size_t len)
{
    return store_ask(&client, type, txn, path, rest, len, answer);
}

static uint32_t begin_txn(void)
{
    assert_true(ask(XS_TRANSACTION_START, 0, "", NULL, 0) > 0);
    return (uint32_t)strtoul(answer, NULL, 10);
}

TEST(what_back_ends_need_passes)
{
    begin();
    assert_int_equal(ask(XS_READ, 0, STATE, NULL, 0), 1);
    assert_string_equal(answer, "2");
    assert_int_equal(ask(XS_READ, 0, DEVICE_FRONT "/state", NULL, 0), 1);
    assert_string_equal(answer, "3");
    assert_int_equal(ask(XS_READ, 0, DEVICE_FRONT "/queue-0/ring-ref", NULL, 0), -XEN_ENOENT);
    assert_true(ask(XS_WRITE, 0, STATE, "4", 1) > 0);
    assert_string_equal(fake_get(STATE), "4");
    assert_true(ask(XS_RM, 0, STATE, NULL, 0) > 0);
    assert_null(fake_get(STATE));
    assert_true(ask(XS_WATCH, 0, DEVICE_FRONT, "t", 2) > 0);
    assert_int_equal(store_fired(&client), 0);
    store_send(XS_WATCH_EVENT, DEVICE_FRONT "\0t", sizeof(DEVICE_FRONT) + 2);
    assert_int_equal(poll(&(struct pollfd){ client.events, POLLIN, 0 }, 1, 10000), 1);
    assert_int_equal(store_fired(&client), 1);
    assert_int_equal(store_fired(&client), 0);
    assert_true(ask(XS_UNWATCH, 0, DEVICE_FRONT, "t", 2) > 0);
    end();
}

#define BODY(text)      text, sizeof(text) - 1
static const struct refused {
    uint32_t type;
    const char *body;
    uint32_t len;
    const char *why;
} refused[] = {
    /* Others' folders: above, beside, with the same beginning. */
    { XS_READ, BODY("/\0"), "EACCES" },
    { XS_READ, BODY("/local/domain/0/backend/xenblk/5\0"), "EACCES" },
    { XS_READ, BODY("/local/domain/0/backend/xenblk/5/5171\0"), "EACCES" },
    { XS_READ, BODY(DEVICE_BACK "x/state\0"), "EACCES" },
    { XS_READ, BODY(DEVICE_BACK "2/params\0"), "EACCES" },
    { XS_READ, BODY("/local/domain/0/backend/xenblk/6/51712/params\0"), "EACCES" },
    { XS_READ, BODY(DEVICE_FRONT "8/state\0"), "EACCES" },
    { XS_READ, BODY("/local/domain/5/name\0"), "EACCES" },
    { XS_READ, BODY("/vm/0000/uuid\0"), "EACCES" },
    { XS_READ, BODY("/tool/xenstored\0"), "EACCES" },
    /* Paths that are not quite paths. */
    { XS_READ, BODY("\0"), "EACCES" },
    { XS_READ, BODY("state\0"), "EACCES" },
    { XS_READ, BODY("device/vbd/51712/state\0"), "EACCES" },
    { XS_READ, BODY("/" STATE "\0"), "EACCES" },
    { XS_READ, BODY(DEVICE_BACK "//state\0"), "EACCES" },
    { XS_READ, BODY(DEVICE_BACK "/\0"), "EACCES" },
    { XS_READ, BODY(DEVICE_BACK "/../51728/params\0"), "EACCES" },
    { XS_READ, BODY(DEVICE_BACK "/..\0"), "EACCES" },
    { XS_READ, BODY(DEVICE_BACK "/./state\0"), "EACCES" },
    { XS_READ, BODY(DEVICE_BACK "/st\x01te\0"), "EACCES" },
    { XS_READ, BODY(DEVICE_BACK "/st\xe4te\0"), "EACCES" },
    { XS_READ, BODY(DEVICE_BACK "/a b\0"), "EACCES" },
    { XS_WATCH, BODY("@releaseDomain\0t\0"), "EACCES" },
    { XS_WATCH, BODY("/local\0t\0"), "EACCES" },
    { XS_UNWATCH, BODY("/local\0t\0"), "EACCES" },
    /* Nodes that are not a back end's to write. */
    { XS_WRITE, BODY(DEVICE_FRONT "/state\0" "4"), "EACCES" },
    { XS_WRITE, BODY(DEVICE_BACK "\0" "x"), "EACCES" },
    { XS_WRITE, BODY(DEVICE_BACK "/frontend\0" "/"), "EACCES" },
    { XS_WRITE, BODY(DEVICE_BACK "/frontend-id\0" "0"), "EACCES" },
    { XS_WRITE, BODY(DEVICE_BACK "/params\0" "/etc/shadow"), "EACCES" },
    { XS_WRITE, BODY(DEVICE_BACK "/mode\0" "w"), "EACCES" },
    { XS_WRITE, BODY(DEVICE_BACK "/online\0" "1"), "EACCES" },
    { XS_WRITE, BODY(DEVICE_BACK "/vifname\0" "eth0"), "EACCES" },
    { XS_WRITE, BODY(DEVICE_BACK "/state/x\0" "1"), "EACCES" },
    { XS_WRITE, BODY(DEVICE_BACK "/states\0" "1"), "EACCES" },
    { XS_WRITE, BODY(DEVICE_BACK "/stat\0" "1"), "EACCES" },
    { XS_WRITE, BODY("/local/domain/0/backend/vbd/5/51712/state\0" "4"), "EACCES" },
    { XS_RM, BODY(DEVICE_BACK "\0"), "EACCES" },
    { XS_RM, BODY(DEVICE_BACK "/params\0"), "EACCES" },
    { XS_RM, BODY(DEVICE_FRONT "\0"), "EACCES" },
    { XS_RM, BODY("/\0"), "EACCES" },
    /* Values that a terminal might not like. */
    { XS_WRITE, BODY(DEVICE_BACK "/error\0" "\x1b[2J"), "EINVAL" },
    { XS_WRITE, BODY(DEVICE_BACK "/error\0" "a\0b"), "EINVAL" },
    /* Requests that are not whole, or more than that. */
    { XS_READ, BODY(STATE), "EINVAL" },
    { XS_READ, BODY(""), "EINVAL" },
    { XS_READ, BODY(STATE "\0" "more"), "EINVAL" },
    { XS_RM, BODY(STATE "\0" "more"), "EINVAL" },
    { XS_WRITE, BODY(STATE), "EINVAL" },
    { XS_WATCH, BODY(STATE), "EINVAL" },
    { XS_WATCH, BODY(STATE "\0"), "EINVAL" },
    { XS_WATCH, BODY(STATE "\0" "t"), "EINVAL" },
    { XS_WATCH, BODY(STATE "\0" "a\0b\0"), "EINVAL" },
    { XS_WATCH, BODY(STATE "\0" "12345678901234567\0"), "EINVAL" },
    { XS_TRANSACTION_START, BODY(""), "EINVAL" },
    { XS_TRANSACTION_START, BODY("x\0"), "EINVAL" },
    { XS_TRANSACTION_END, BODY("T\0"), "EINVAL" },
    /* Other requests. */
    { XS_CONTROL, BODY("print\0" "x\0"), "ENOSYS" },
    { XS_DIRECTORY, BODY("/local\0"), "ENOSYS" },
    { XS_GET_PERMS, BODY(STATE "\0"), "ENOSYS" },
    { XS_SET_PERMS, BODY(STATE "\0" "n0\0"), "ENOSYS" },
    { XS_MKDIR, BODY(STATE "\0"), "ENOSYS" },
    { XS_INTRODUCE, BODY("1\0" "1\0" "1\0"), "ENOSYS" },
    { XS_RELEASE, BODY("5\0"), "ENOSYS" },
    { XS_SET_TARGET, BODY("5\0" "0\0"), "ENOSYS" },
    { XS_RESUME, BODY("5\0"), "ENOSYS" },
    { XS_RESET_WATCHES, BODY("\0"), "ENOSYS" },
    { XS_WATCH_EVENT, BODY(STATE "\0" "t\0"), "ENOSYS" },
    { XS_ERROR, BODY("EIO\0"), "ENOSYS" },
    { 20, BODY("5\0"), "ENOSYS" },
    { XS_INVALID, BODY("\0"), "ENOSYS" },
    { 0xffffffff, BODY("\0"), "ENOSYS" },
};

/* A message as it is; what comes back, its type in *type. */
static ssize_t raw(uint32_t type, uint32_t txn, const char *body, uint32_t len, uint32_t *back)
{
    uint8_t packet[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
    struct xsd_sockmsg m = { .type = type, .req_id = 77, .tx_id = txn, .len = len };
    ssize_t n;

    memcpy(packet, &m, sizeof(m));
    memcpy(packet + sizeof(m), body, len);
    assert_true(send(client.requests, packet, sizeof(m) + len, MSG_NOSIGNAL) > 0);
    n = recv(client.requests, packet, sizeof(packet), 0);
    if ( n <= 0 )
        return n;
    memcpy(&m, packet, sizeof(m));
    assert_int_equal(n, sizeof(m) + m.len);
    assert_int_equal(m.req_id, 77);
    memcpy(answer, packet + sizeof(m), m.len);
    answer[m.len] = '\0';
    *back = m.type;
    return n;
}

TEST(everything_else_is_refused_and_the_store_hears_nothing)
{
    uint32_t type;

    begin();
    for ( size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++ )
    {
        const struct refused *r = &refused[i];

        assert_true(raw(r->type, 0, r->body, r->len, &type) > 0);
        if ( type != XS_ERROR || strcmp(answer, r->why) )
            fail_msg("row %zu: type %u, %s", i, type, answer);
    }
    assert_int_equal(store_asked, 0);
    assert_int_equal(ask(XS_READ, 0, STATE, NULL, 0), 1);
    end();
}

TEST(a_path_or_a_value_may_be_long_but_not_too_long)
{
    static char text[XENSTORE_PAYLOAD_MAX];
    uint32_t type;

    begin();
    memset(text, 'a', sizeof(text));
    assert_true(ask(XS_WRITE, 0, DEVICE_BACK "/error", text, 256) > 0);
    assert_int_equal(ask(XS_WRITE, 0, DEVICE_BACK "/error", text, 257), -XEN_EINVAL);
    memcpy(text, DEVICE_BACK "/", sizeof(DEVICE_BACK));
    text[BROKER_PATH - 1] = '\0';
    assert_int_equal(ask(XS_READ, 0, text, NULL, 0), -XEN_ENOENT);
    text[BROKER_PATH - 1] = 'a';
    text[BROKER_PATH] = '\0';
    assert_int_equal(ask(XS_READ, 0, text, NULL, 0), -XEN_EACCES);
    text[BROKER_PATH] = 'a';
    assert_true(raw(XS_READ, 0, text, sizeof(text), &type) > 0);        /* as large as may be, without an end */
    assert_string_equal(answer, "EINVAL");
    text[sizeof(text) - 1] = '\0';
    assert_true(raw(XS_READ, 0, text, sizeof(text), &type) > 0);
    assert_string_equal(answer, "EACCES");
    assert_int_equal(ask(XS_READ, 0, text, "", 1), -XEN_E2BIG);
    end();
}

TEST(one_transaction_at_a_time_and_no_other)
{
    uint32_t txn, type;

    begin();
    for ( uint32_t t = 1; t < 100; t++ )
        assert_int_equal(ask(XS_READ, t, STATE, NULL, 0), -XEN_EINVAL);
    assert_int_equal(store_asked, 0);
    txn = begin_txn();
    assert_int_equal(ask(XS_TRANSACTION_START, 0, "", NULL, 0), -XEN_EBUSY);
    assert_int_equal(ask(XS_TRANSACTION_START, txn, "", NULL, 0), -XEN_EINVAL);
    assert_int_equal(ask(XS_READ, txn + 1, STATE, NULL, 0), -XEN_EINVAL);
    assert_int_equal(ask(XS_TRANSACTION_END, txn + 1, "T", NULL, 0), -XEN_EINVAL);
    assert_int_equal(ask(XS_TRANSACTION_END, txn, "X", NULL, 0), -XEN_EINVAL);
    assert_int_equal(ask(XS_TRANSACTION_END, txn, "", NULL, 0), -XEN_EINVAL);
    assert_int_equal(ask(XS_TRANSACTION_END, txn, "T", "T", 2), -XEN_EINVAL);
    assert_true(raw(XS_TRANSACTION_END, txn, "T", 1, &type) > 0);
    assert_string_equal(answer, "EINVAL");
    assert_true(ask(XS_WRITE, txn, STATE, "4", 1) > 0);
    fake_fail_txn = 1;
    assert_int_equal(ask(XS_TRANSACTION_END, txn, "T", NULL, 0), -XEN_EAGAIN);
    assert_int_equal(ask(XS_READ, txn, STATE, NULL, 0), -XEN_EINVAL);   /* over all the same */
    txn = begin_txn();
    assert_true(ask(XS_WRITE, txn, STATE, "4", 1) > 0);
    assert_true(ask(XS_TRANSACTION_END, txn, "T", NULL, 0) > 0);
    assert_string_equal(fake_get(STATE), "4");
    txn = begin_txn();
    assert_true(ask(XS_WRITE, txn, STATE, "5", 1) > 0);
    assert_true(ask(XS_TRANSACTION_END, txn, "F", NULL, 0) > 0);
    assert_string_equal(fake_get(STATE), "4");
    end();
}

TEST(watches_are_few)
{
    char token[8];

    begin();
    assert_int_equal(ask(XS_UNWATCH, 0, DEVICE_FRONT, "0", 2), -XEN_ENOENT);
    for ( unsigned int i = 0; i < BROKER_WATCHES + 3; i++ )
    {
        snprintf(token, sizeof(token), "%u", i);
        assert_int_equal(ask(XS_WATCH, 0, DEVICE_FRONT, token, strlen(token) + 1),
                         i < BROKER_WATCHES ? 3 : -XEN_EBUSY);
    }
    assert_true(ask(XS_UNWATCH, 0, DEVICE_FRONT, "0", 2) > 0);
    assert_true(ask(XS_WATCH, 0, DEVICE_FRONT, "0", 2) > 0);
    assert_int_equal(ask(XS_WATCH, 0, DEVICE_FRONT, "1", 2), -XEN_EBUSY);
    end();
}

TEST(a_folder_that_was_removed_stays_so)
{
    uint32_t txn;

    begin();
    fake_set(DEVICE_BACK, NULL);
    assert_int_equal(ask(XS_WRITE, 0, STATE, "4", 1), -XEN_ENOENT);
    txn = begin_txn();
    assert_int_equal(ask(XS_WRITE, txn, STATE, "4", 1), -XEN_ENOENT);
    assert_true(ask(XS_TRANSACTION_END, txn, "T", NULL, 0) > 0);
    assert_null(fake_get(STATE));
    end();
}

TEST(a_flood_of_events_costs_nothing)
{
    int n = 0;

    begin();
    for ( int i = 0; i < 100000; i++ )
        store_send(XS_WATCH_EVENT, DEVICE_FRONT "\0t", sizeof(DEVICE_FRONT) + 2);
    assert_int_equal(ask(XS_READ, 0, STATE, NULL, 0), 1);       /* behind all of them */
    while ( store_fired(&client) == 1 )
        n++;
    assert_in_range(n, 1, 2);
    end();
}

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

TEST(requests_come_at_a_bounded_rate)
{
    uint64_t since;

    begin();
    since = now_ms();
    for ( unsigned int i = 0; i < BROKER_TOKENS + 20; i++ )
        assert_int_equal(ask(i & 1 ? XS_READ : XS_CONTROL, 0, STATE, NULL, 0), i & 1 ? 1 : -XEN_EIO);
    assert_true(now_ms() - since >= 19 * BROKER_FILL_MS);
    end();
}

TEST(who_does_not_take_the_answers_is_let_go)
{
    const struct xsd_sockmsg m = { .type = XS_READ, .len = 0 };
    const struct timeval patience = { .tv_sec = 10 };
    const int room = 4096;
    unsigned int i = 0;

    begin();
    setsockopt(broker.client, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    setsockopt(client.requests, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    while ( i < BROKER_TOKENS && send(client.requests, &m, sizeof(m), MSG_NOSIGNAL) > 0 )
        i++;
    assert_true(world_ended(10000));
    end();
}

TEST(packets_that_are_no_messages_end_it)
{
    static const struct { size_t bytes; uint32_t len; } packets[] = {
        { 0, 0 }, { 1, 0 }, { 15, 0 }, { 16, 1 }, { 17, 0 }, { 20, 5 }, { 20, 3 }, { 16, 0xffffffff },
        { 17, 0xfffffff1 }, { 16 + XENSTORE_PAYLOAD_MAX + 1, XENSTORE_PAYLOAD_MAX + 1 },
        { 16 + XENSTORE_PAYLOAD_MAX, XENSTORE_PAYLOAD_MAX + 1 }, { 60000, 60000 - 16 },
    };
    static uint8_t bytes[60000];

    for ( size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++ )
    {
        const struct xsd_sockmsg m = { .type = XS_READ, .len = packets[i].len };

        begin();
        memcpy(bytes, &m, sizeof(m));
        memcpy(bytes + sizeof(m), STATE, sizeof(STATE));
        assert_int_equal(send(client.requests, bytes, packets[i].bytes, MSG_NOSIGNAL), packets[i].bytes);
        assert_true(world_ended(10000));
        assert_int_equal(store_fired(&client), -1);
        assert_int_equal(ask(XS_READ, 0, STATE, NULL, 0), -XEN_EIO);
        assert_int_equal(store_asked, 0);
        end();
    }
}

TEST(it_ends_with_its_back_end)
{
    begin();
    begin_txn();                                /* with something open, */
    ask(XS_WATCH, 0, DEVICE_FRONT, "t", 2);
    shutdown(client.requests, SHUT_WR);
    assert_true(world_ended(10000));
    end();

    begin();                                    /* or with an answer on the way to nobody */
    const struct xsd_sockmsg m = { .type = XS_READ, .len = 0 };

    assert_int_equal(send(client.requests, &m, sizeof(m), 0), sizeof(m));
    shutdown(client.requests, SHUT_RDWR);
    assert_true(world_ended(10000));
    end();
}

TEST(without_a_store_it_stays_and_says_so)
{
    begin();
    store_cut();
    assert_int_equal(ask(XS_READ, 0, STATE, NULL, 0), -XEN_EIO);
    assert_int_equal(ask(XS_WRITE, 0, STATE, "4", 1), -XEN_EIO);
    assert_int_equal(ask(XS_READ, 0, "/local", NULL, 0), -XEN_EACCES);
    assert_false(world_ended(0));
    end();

    /* In the middle of a message. */
    for ( size_t n = 1; n < sizeof(struct xsd_sockmsg) + 8; n += 5 )
    {
        const struct { struct xsd_sockmsg m; char body[8]; } part = { .m = { .type = XS_WATCH_EVENT, .len = 100 } };

        begin();
        assert_int_equal(send(store_end, &part, n, MSG_NOSIGNAL), n);
        store_cut();
        assert_int_equal(ask(XS_READ, 0, STATE, NULL, 0), -XEN_EIO);
        assert_int_equal(ask(XS_READ, 0, STATE, NULL, 0), -XEN_EIO);
        assert_int_equal(store_fired(&client), 0);
        assert_false(world_ended(0));
        end();
    }
}

TEST(a_store_that_talks_nonsense_is_no_store)
{
    const struct xsd_sockmsg m = { .type = XS_WATCH_EVENT, .len = XENSTORE_PAYLOAD_MAX + 1 };

    begin();
    assert_int_equal(send(store_end, &m, sizeof(m), MSG_NOSIGNAL), sizeof(m));
    assert_int_equal(ask(XS_READ, 0, STATE, NULL, 0), -XEN_EIO);
    end();
}

TEST(it_starts_for_a_back_end_only)
{
    static const struct { const char *back, *front; } none[] = {
        { "", DEVICE_FRONT }, { "/", DEVICE_FRONT }, { DEVICE_BACK "/", DEVICE_FRONT }, { DEVICE_BACK, NULL },
        { DEVICE_BACK, "" }, { DEVICE_BACK, "/" }, { DEVICE_BACK, "device/vbd/51712" }, { DEVICE_BACK, "//" },
        { DEVICE_BACK, "/local/" },
    };

    for ( size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++ )
    {
        fake_reset();
        world_open(none[i].back, none[i].front);
        assert_false(broker_begin(&broker));
        world_close();
    }
}

/* ------------------------------------------------------------------ honest back ends */

static int read_by_broker(void *ctx, uint32_t txn, const char *path, char *buf, size_t size)
{
    const int rc = ask(XS_READ, txn, path, NULL, 0);

    if ( rc >= (int)size )
        return -XEN_E2BIG;
    if ( rc >= 0 )
        memcpy(buf, answer, (size_t)rc + 1);
    return rc;
}

static int write_by_broker(void *ctx, uint32_t txn, const char *path, const char *value)
{
    const int rc = ask(value ? XS_WRITE : XS_RM, txn, path, value, value ? strlen(value) : 0);

    return rc < 0 ? rc : 0;
}

static int begin_by_broker(void *ctx, uint32_t *txn)
{
    *txn = begin_txn();
    return 0;
}

static int end_by_broker(void *ctx, uint32_t txn, bool commit)
{
    const int rc = ask(XS_TRANSACTION_END, txn, commit ? "T" : "F", NULL, 0);

    return rc < 0 ? rc : 0;
}

static struct pv_ops by_broker(void)
{
    struct pv_ops ops = fake_ops;

    ops.store_read = read_by_broker;
    ops.store_write = write_by_broker;
    ops.store_begin = begin_by_broker;
    ops.store_end = end_by_broker;
    return ops;
}

TEST(a_block_device_connects_through_it)
{
    const struct pv_ops ops = by_broker();
    uint64_t seed = 7;

    devices_reset();
    back_ops = &ops;
    geometry.can_discard = geometry.can_discard_secure = true;
    device_nodes("w", "disk");
    world_open(BACK_PATH, FRONT_PATH);
    assert_true(broker_begin(&broker));
    world_serve();
    back_begin();
    front_begin();
    assert_true(settle(&seed));
    assert_int_equal(front.bus.state, XenbusStateConnected);
    xenbus_fail(&back.bus, "as a test");
    assert_string_equal(fake_get(BACK_PATH "/error"), "as a test");
    devices_end();
    assert_int_equal(broker.nr_refused, 0);
    end();
}

TEST(a_network_device_connects_through_it)
{
    const struct pv_ops ops = by_broker();

    wire_reset();
    netback_ops = &ops;
    world_open(VIF_BACK, VIF_FRONT);
    assert_true(broker_begin(&broker));
    world_serve();
    wire_connect();
    assert_int_equal(netfront.bus.state, XenbusStateConnected);
    wire_end();
    assert_int_equal(broker.nr_refused, 0);
    end();
}

/* ------------------------------------------------------------------ the program */

static bool status_has(pid_t pid, const char *text)
{
    char path[64], all[4096];
    FILE *f;
    size_t n;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    f = fopen(path, "r");
    n = f ? fread(all, 1, sizeof(all) - 1, f) : 0;
    all[n] = '\0';
    if ( f )
        fclose(f);
    return strstr(all, text);
}

/* The socket of a store that the test plays. */
static int listen_at(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    unlink(path);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

TEST(the_program_has_no_rights_but_its_connection)
{
    char path[64];
    int requests[2], events[2], listening, fd, status;
    pid_t pid;

    fake_reset();
    snprintf(path, sizeof(path), "/tmp/pvbroker.%d", getpid());
    listening = listen_at(path);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, requests), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, events), 0);
    pid = fork();
    if ( pid == 0 )
    {
        setenv("XENSTORED_PATH", path, 1);
        dup2(requests[1], 0);
        dup2(events[1], 1);
        execl(getenv("XENOLITH_BLK"), BROKER_NAME, DEVICE_BACK, NULL);
        _exit(127);
    }
    close(requests[1]);
    close(events[1]);
    fd = accept(listening, NULL, NULL);
    assert_true(fd >= 0);
    fake_set(STATE, "2");
    store_start(DEVICE_BACK, DEVICE_FRONT, fd);
    client = (struct store){ requests[0], events[0] };
    assert_int_equal(ask(XS_READ, 0, STATE, NULL, 0), 1);
    assert_int_equal(ask(XS_READ, 0, "/local", NULL, 0), -XEN_EACCES);
    assert_true(status_has(pid, "Name:\t" BROKER_NAME));
    assert_true(status_has(pid, "Seccomp:\t2"));
    assert_true(status_has(pid, "NoNewPrivs:\t1"));
    assert_true(status_has(pid, "CapEff:\t0000000000000000"));
    assert_true(status_has(pid, geteuid() ? "Uid:" : "Uid:\t65534\t65534\t65534\t65534"));
    close(requests[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    store_cut();
    close(events[0]);
    close(listening);
    unlink(path);
}

TESTS(
    RUN(what_back_ends_need_passes),
    RUN(everything_else_is_refused_and_the_store_hears_nothing),
    RUN(a_path_or_a_value_may_be_long_but_not_too_long),
    RUN(one_transaction_at_a_time_and_no_other),
    RUN(watches_are_few),
    RUN(a_folder_that_was_removed_stays_so),
    RUN(a_flood_of_events_costs_nothing),
    RUN(requests_come_at_a_bounded_rate),
    RUN(who_does_not_take_the_answers_is_let_go),
    RUN(packets_that_are_no_messages_end_it),
    RUN(it_ends_with_its_back_end),
    RUN(without_a_store_it_stays_and_says_so),
    RUN(a_store_that_talks_nonsense_is_no_store),
    RUN(it_starts_for_a_back_end_only),
    RUN(a_block_device_connects_through_it),
    RUN(a_network_device_connects_through_it),
    RUN(the_program_has_no_rights_but_its_connection),
)
