/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker_world.h"
#include "fake.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct broker broker;
struct store client;
int store_end = -1;
unsigned int store_asked, store_wrong;
struct xsd_sockmsg store_last;
char store_last_body[XENSTORE_PAYLOAD_MAX + 1];

static char back_folder[128], front_folder[128];
static pthread_t store_thread, broker_thread;
static bool serving;
static uint32_t open_txn;

/* ------------------------------------------------------------------ the store */

static void put(const void *p, size_t n)
{
    if ( send(store_end, p, n, MSG_NOSIGNAL) != (ssize_t)n && errno != EPIPE )
        abort();
}

void store_send(uint32_t type, const void *body, uint32_t len)
{
    const struct xsd_sockmsg m = { .type = type, .len = len };

    put(&m, sizeof(m));
    put(body, len);
}

void store_cut(void)
{
    if ( store_end < 0 )
        return;
    shutdown(store_end, SHUT_RDWR);
    pthread_join(store_thread, NULL);
    close(store_end);
    store_end = -1;
}

static bool starts(const char *path, const char *folder)
{
    const size_t n = strlen(folder);

    return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0') && !strpbrk(path, ".@ %\\") &&
        !strstr(path, "//") && path[strlen(path) - 1] != '/';
}

/* The rule as the toolstack would have it, told otherwise than in broker.c. */
static bool is_right(const struct xsd_sockmsg *m, const char *body)
{
    static const char *const theirs[] = { "frontend", "frontend-id", "online", "params", "mode", "type", "dev",
        "vifname", "script", "bridge", "mac", "handle", "mtu", "hotplug-status", "domain", "device-type", "bootable",
        "removable", "discard-enable", "rate" };
    const char *name = strrchr(body, '/');

    if ( m->tx_id && m->tx_id != open_txn )
        return false;
    switch ( m->type )
    {
    case XS_TRANSACTION_START:
        return !open_txn && m->len == 1;
    case XS_TRANSACTION_END:
        return m->tx_id && m->len == 2;
    case XS_READ: case XS_WATCH: case XS_UNWATCH:
        return starts(body, back_folder) || starts(body, front_folder);
    case XS_WRITE: case XS_RM:
        if ( !starts(body, back_folder) || name - body != (ssize_t)strlen(back_folder) )
            return false;
        for ( size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++ )
            if ( !strcmp(name + 1, theirs[i]) )
                return false;
        return true;
    default:
        return false;
    }
}

static void answer(struct xsd_sockmsg *m, char *body)
{
    char value[512] = "OK";
    uint32_t txn;
    int rc = 0, len = 3;

    switch ( m->type )
    {
    case XS_READ:
        rc = len = fake_ops.store_read(&fake_back, m->tx_id, body, value, sizeof(value));
        break;
    case XS_WRITE:
        if ( strlen(body + strlen(body) + 1) < 64 )     /* what fake.c has room for */
            rc = fake_ops.store_write(&fake_back, m->tx_id, body, body + strlen(body) + 1);
        break;
    case XS_RM:
        rc = fake_ops.store_write(&fake_back, m->tx_id, body, NULL);
        break;
    case XS_TRANSACTION_START:
        rc = fake_ops.store_begin(&fake_back, &txn);
        open_txn = txn;
        len = snprintf(value, sizeof(value), "%u", txn) + 1;
        break;
    case XS_TRANSACTION_END:
        rc = fake_ops.store_end(&fake_back, m->tx_id, body[0] == 'T');
        open_txn = 0;
        break;
    }
    if ( rc < 0 )
        len = snprintf(value, sizeof(value), "%s", rc == -XEN_ENOENT ? "ENOENT" : rc == -XEN_EAGAIN ? "EAGAIN" : "EIO")
            + 1;
    m->type = rc < 0 ? XS_ERROR : m->type;
    m->len = (uint32_t)len;
    put(m, sizeof(*m));
    put(value, m->len);
}

static void *store_main(void *none)
{
    struct xsd_sockmsg m;
    char body[XENSTORE_PAYLOAD_MAX + 1], looked_at[256];

    snprintf(looked_at, sizeof(looked_at), "%s/frontend", back_folder);
    while ( recv(store_end, &m, sizeof(m), MSG_WAITALL) == sizeof(m) )
    {
        if ( m.len > XENSTORE_PAYLOAD_MAX )
            abort();
        if ( m.len && recv(store_end, body, m.len, MSG_WAITALL) != (ssize_t)m.len )
            break;
        body[m.len] = '\0';
        if ( m.type != XS_READ || strcmp(body, looked_at) )
        {
            store_asked++;
            if ( !is_right(&m, body) )
            {
                fprintf(stderr, "the store was asked: request %u (%u) %s\n", m.type, m.tx_id, body);
                store_wrong++;
            }
            store_last = m;
            memcpy(store_last_body, body, m.len + 1);
        }
        answer(&m, body);
    }
    return NULL;
}

/* ------------------------------------------------------------------ all three */

static void *serve(void *none)
{
    while ( broker_turn(&broker) )
        ;
    close(broker.client);
    close(broker.events);
    return NULL;
}

void store_start(const char *back, const char *front, int fd)
{
    char path[160];

    snprintf(back_folder, sizeof(back_folder), "%s", back);
    snprintf(front_folder, sizeof(front_folder), "%s", front ? front : "");
    snprintf(path, sizeof(path), "%s/frontend", back);
    fake_set(path, front);
    store_asked = store_wrong = open_txn = 0;
    store_end = fd;
    pthread_create(&store_thread, NULL, store_main, NULL);
}

void world_open(const char *back, const char *front)
{
    int requests[2], events[2], store[2];

    if ( socketpair(AF_UNIX, SOCK_SEQPACKET, 0, requests) || socketpair(AF_UNIX, SOCK_STREAM, 0, store) ||
         socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, events) )
        abort();
    client = (struct store){ requests[0], events[0] };
    store_start(back, front, store[0]);
    broker = (struct broker){ .client = requests[1], .events = events[1], .store = store[1], .folder = back_folder };
}

void world_serve(void)
{
    serving = true;
    pthread_create(&broker_thread, NULL, serve, NULL);
}

bool world_ended(int ms)
{
    struct pollfd p = { client.events, 0, 0 };

    return poll(&p, 1, ms) > 0 && (p.revents & POLLHUP);
}

void world_close(void)
{
    close(client.requests);
    if ( serving )
        pthread_join(broker_thread, NULL);
    else
        close(broker.client), close(broker.events);
    serving = false;
    if ( broker.store >= 0 )
        close(broker.store);
    store_cut();
    close(client.events);
}
