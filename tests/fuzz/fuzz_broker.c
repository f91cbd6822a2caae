/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's broker against a back end made of the input: requests that are nearly right, packets that are nothing, a
 * folder that comes and goes, events, a store that dies.  The store looks at what reaches it (broker_world.c); each
 * request has one answer.
 */
#include "fuzz.h"
#include "stream.h"
#include "broker_world.h"
#include "fake.h"
#include <poll.h>
#include <sys/socket.h>

static uint8_t packet[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX + 16];

static size_t add(size_t at, const char *text, size_t n)
{
    if ( at + n > sizeof(packet) )
        return at;
    memcpy(packet + at, text, n);
    return at + n;
}

/* A path of pieces, some of which fit together, and what follows it. */
static size_t body(size_t at)
{
    static const char *const pieces[] = {
        DEVICE_BACK, DEVICE_FRONT, "/state", "/frontend", "/params", "/error", "/pid", "/feature-sg", "/", "//", "/..",
        "2", "/queue-0", "/local/domain/0/backend/xenblk/5", "@releaseDomain", "state",
    };
    static const struct { const char *text; size_t n; } tails[] = {
        { "", 0 }, { "\0", 1 }, { "\0t\0", 3 }, { "\0" "4", 2 }, { "\0\0", 2 }, { "T\0", 2 }, { "F\0", 2 },
        { "\0\x1b", 2 },
    };
    uint8_t n = byte() % 5;

    for ( ; n; n-- )
    {
        const char *p = pieces[byte() % 16];

        at = add(at, p, strlen(p));
    }
    n = byte() % 12;
    if ( n < 8 )
        return add(at, tails[n].text, tails[n].n);
    for ( n = byte() % 16; n; n-- )
        at = add(at, (const char[]){ (char)byte() }, 1);
    return at;
}

/* Send it, let the broker have its turn, look at the answer.  False: the broker has ended. */
static bool ask(size_t bytes)
{
    struct xsd_sockmsg asked, m;
    ssize_t n;

    memcpy(&asked, packet, sizeof(asked));
    if ( send(client.requests, packet, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)bytes )
        return false;
    if ( !broker_turn(&broker) )
        return false;
    n = recv(client.requests, packet, sizeof(packet), MSG_DONTWAIT);
    memcpy(&m, packet, sizeof(m));
    MUST(n >= (ssize_t)sizeof(m) && m.len == (size_t)n - sizeof(m) && m.req_id == asked.req_id);
    MUST(m.type == asked.type || m.type == XS_ERROR);
    MUST(recv(client.requests, packet, sizeof(packet), MSG_DONTWAIT) < 0);
    return true;
}

static bool message(void)
{
    static const uint8_t types[] = { XS_READ, XS_WRITE, XS_RM, XS_WATCH, XS_UNWATCH, XS_TRANSACTION_START,
                                     XS_TRANSACTION_END, XS_DIRECTORY };
    const uint8_t kind = byte();
    struct xsd_sockmsg m = { .type = kind & 0x80 ? byte() : types[kind & 7], .req_id = byte() };
    size_t end = body(sizeof(m));

    m.tx_id = kind & 0x40 ? broker.txn : kind & 0x20 ? byte() : 0;
    m.len = (uint32_t)(end - sizeof(m));
    if ( kind == 0x5f )
        m.len += (uint32_t)(int8_t)byte();
    memcpy(packet, &m, sizeof(m));
    return ask(end);
}

static bool command(uint8_t c)
{
    size_t n;

    switch ( c % 32 )
    {
    case 0:
        for ( n = 0; n < (c & 0x80 ? 20 : 5); n++ )
            packet[n] = byte();
        return ask(n);
    case 1:
        if ( store_end >= 0 )
        {
            store_send(XS_WATCH_EVENT, DEVICE_FRONT "\0t", byte() % (sizeof(DEVICE_FRONT) + 2));
            return broker_turn(&broker);
        }
        return true;
    case 2:
        fake_set(DEVICE_BACK "/frontend", byte() & 1 ? DEVICE_FRONT : NULL);
        return true;
    case 3:
        if ( byte() % 16 == 0 )
            store_cut();
        return true;
    case 4:
        fake_fail_txn = byte() & 1;
        return true;
    default:
        return message();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    stream_begin(data, len);
    fake_reset();
    fake_set(DEVICE_BACK "/state", "2");
    world_open(DEVICE_BACK, DEVICE_FRONT);
    MUST(broker_begin(&broker));
    broker.nr_refused = 1000;               /* enough is said */
    do
    {
        broker.tokens = BROKER_TOKENS;
        store_fired(&client);
    } while ( in < end && command(byte()) );
    MUST(store_wrong == 0 && broker.nr_watches <= BROKER_WATCHES);
    world_close();
    return 0;
}
