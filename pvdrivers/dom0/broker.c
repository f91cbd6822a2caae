/* SPDX-License-Identifier: MIT */
#include "dom0/broker.h"
#include "dom0/confine.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <xenabi/io/xs_wire.h>

#define LOG_REFUSED     10u
#define VALUE_MAX       256u
#define TOKEN_MAX       16u

struct message {
    struct xsd_sockmsg head;
    char body[XENSTORE_PAYLOAD_MAX];
};

/* ------------------------------------------------------------------ the rules */

/* All that back ends write.  What else is in their folder the toolstack has put there, and relies on. */
static const char *const writable[] = {
    "state", "error", "pid", "max-ring-page-order", "max-ring-pages", "multi-queue-max-queues",
    "feature-barrier", "feature-flush-cache", "feature-persistent", "feature-max-indirect-segments", "feature-discard",
    "discard-granularity", "discard-alignment", "discard-secure", "sectors", "sector-size", "physical-sector-size",
    "info", "feature-rx-copy", "feature-rx-flip", "feature-multicast-control",
    "feature-dynamic-multicast-control", "feature-split-event-channels", "feature-sg", "feature-no-csum-offload",
    "feature-ipv6-csum-offload", "feature-gso-tcpv4", "feature-gso-tcpv6",
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Absolute, of words with one '/' before each. */
static bool is_path(const char *p)
{
    if ( *p == '\0' || strlen(p) >= BROKER_PATH )
        return false;
    while ( *p == '/' && is_word(p[1]) )
        while ( is_word(*++p) )
            ;
    return *p == '\0';
}

/* What follows @folder in @path, without the '/'; NULL: it is another. */
static const char *below(const char *path, const char *folder)
{
    const size_t n = strlen(folder);

    if ( strncmp(path, folder, n) || (path[n] && path[n] != '/') )
        return NULL;
    return path[n] ? path + n + 1 : path + n;
}

static bool may_see(const struct broker *b, const char *path)
{
    return is_path(path) && (below(path, b->folder) || below(path, b->front));
}

static bool may_write(const struct broker *b, const char *path)
{
    const char *name = is_path(path) ? below(path, b->folder) : NULL;

    for ( size_t i = 0; name && i < sizeof(writable) / sizeof(writable[0]); i++ )
        if ( strcmp(name, writable[i]) == 0 )
            return true;
    return false;
}

static bool is_text(const char *p, size_t n)
{
    for ( size_t i = 0; i < n; i++ )
        if ( p[i] < ' ' || p[i] > '~' )
            return false;
    return n <= VALUE_MAX;
}

/* The store's word for why not; NULL: pass it on. */
static const char *refusal(const struct broker *b, const struct message *m)
{
    const char *end = memchr(m->body, '\0', m->head.len), *rest = end ? end + 1 : m->body;
    const size_t left = (size_t)(m->body + m->head.len - rest);
    const bool txn = m->head.tx_id != 0;

    if ( !end || (txn && m->head.tx_id != b->txn) )
        return "EINVAL";
    switch ( m->head.type )
    {
    case XS_TRANSACTION_START:
        return txn || m->head.len != 1 ? "EINVAL" : b->txn ? "EBUSY" : NULL;
    case XS_TRANSACTION_END:
        return txn && left == 0 && (strcmp(m->body, "T") == 0 || strcmp(m->body, "F") == 0) ? NULL : "EINVAL";
    case XS_READ:
        return left ? "EINVAL" : may_see(b, m->body) ? NULL : "EACCES";
    case XS_WRITE:
        return !is_text(rest, left) ? "EINVAL" : may_write(b, m->body) ? NULL : "EACCES";
    case XS_RM:
        return left ? "EINVAL" : may_write(b, m->body) ? NULL : "EACCES";
    case XS_WATCH: case XS_UNWATCH:
        if ( left < 2 || left > TOKEN_MAX || rest[left - 1] || !is_text(rest, left - 1) )
            return "EINVAL";
        if ( !may_see(b, m->body) )
            return "EACCES";
        if ( m->head.type == XS_WATCH )
            return b->nr_watches < BROKER_WATCHES ? NULL : "EBUSY";
        return b->nr_watches ? NULL : "ENOENT";
    default:
        return "ENOSYS";
    }
}

/* ------------------------------------------------------------------ the store */

static void lost(struct broker *b)
{
    fprintf(stderr, "%s: the store has gone: the device goes on as it is\n", b->folder);
    close(b->store);
    b->store = -1;
}

static bool get(struct broker *b, void *to, size_t n)
{
    ssize_t got;

    for ( uint8_t *p = to; n; p += got, n -= (size_t)got )
    {
        do
            got = read(b->store, p, n);
        while ( got < 0 && errno == EINTR );
        if ( got <= 0 )
            return false;
    }
    return true;
}

static bool put(struct broker *b, const void *from, size_t n)
{
    ssize_t done;

    for ( const uint8_t *p = from; n; p += done, n -= (size_t)done )
    {
        do
            done = write(b->store, p, n);
        while ( done < 0 && errno == EINTR );
        if ( done <= 0 )
            return false;
    }
    return true;
}

/* The store's next message.  Events end here, as a byte for the back end; if there is no room, others are there. */
static bool receive(struct broker *b, struct message *m)
{
    if ( !get(b, &m->head, sizeof(m->head)) || m->head.len > sizeof(m->body) || !get(b, m->body, m->head.len) )
    {
        lost(b);
        return false;
    }
    if ( m->head.type == XS_WATCH_EVENT )
        send(b->events, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    return true;
}

static void set_error(struct message *m, const char *why)
{
    m->head.type = XS_ERROR;
    m->head.len = (uint32_t)strlen(why) + 1;
    memcpy(m->body, why, m->head.len);
}

/* @m becomes its answer. */
static void ask(struct broker *b, struct message *m)
{
    if ( b->store >= 0 && !put(b, m, sizeof(m->head) + m->head.len) )
        lost(b);
    while ( b->store >= 0 && receive(b, m) )
        if ( m->head.type != XS_WATCH_EVENT )
            return;
    set_error(m, "EIO");
}

/* A node of the folder; false: there is none. */
static bool read_node(struct broker *b, uint32_t txn, const char *name, struct message *m)
{
    m->head = (struct xsd_sockmsg){ .type = XS_READ, .tx_id = txn };
    m->head.len = (uint32_t)snprintf(m->body, sizeof(m->body), "%s/%s", b->folder, name) + 1;
    ask(b, m);
    return m->head.type == XS_READ;
}

/* ------------------------------------------------------------------ the back end */

static void log_refused(struct broker *b, const struct message *m, const char *why)
{
    const char *end = memchr(m->body, '\0', m->head.len);

    if ( b->nr_refused++ < LOG_REFUSED )
        fprintf(stderr, "%s: refused: request %u, %.*s: %s\n", b->folder, m->head.type, BROKER_PATH,
                end && is_text(m->body, (size_t)(end - m->body)) ? m->body : "malformed", why);
}

static void pass_on(struct broker *b, struct message *m)
{
    const uint32_t type = m->head.type;
    struct message has;

    /* A folder that the toolstack has removed is not brought back. */
    if ( type == XS_WRITE && !read_node(b, m->head.tx_id, "frontend", &has) )
    {
        *m = has;
        return;
    }
    ask(b, m);
    if ( type == XS_TRANSACTION_START && m->head.type == type )
        b->txn = (uint32_t)strtoul(m->head.len && !m->body[m->head.len - 1] ? m->body : "0", NULL, 10);
    if ( type == XS_TRANSACTION_END )
        b->txn = 0;
    if ( m->head.type == type )
        b->nr_watches += (unsigned int)(type == XS_WATCH) - (unsigned int)(type == XS_UNWATCH);
}

static bool serve(struct broker *b)
{
    struct message m;
    const ssize_t n = recv(b->client, &m, sizeof(m), MSG_DONTWAIT | MSG_TRUNC);
    const char *why;
    uint32_t id;

    if ( n < 0 )
        return errno == EAGAIN || errno == EINTR;
    if ( n == 0 )
        return false;
    if ( n < (ssize_t)sizeof(m.head) || n > (ssize_t)sizeof(m) || m.head.len != (size_t)n - sizeof(m.head) )
    {
        fprintf(stderr, "%s: not a message of the store's: ending\n", b->folder);
        return false;
    }
    id = m.head.req_id;
    why = refusal(b, &m);
    if ( why )
    {
        log_refused(b, &m, why);
        set_error(&m, why);
    }
    else
        pass_on(b, &m);
    m.head.req_id = id;
    /* Who does not take his answers is let go. */
    return send(b->client, &m, sizeof(m.head) + m.head.len, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

static void fill(struct broker *b)
{
    struct timespec t;
    uint64_t now, more;

    clock_gettime(CLOCK_MONOTONIC, &t);
    now = (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
    more = (now - b->filled_ms) / BROKER_FILL_MS;
    b->filled_ms += more * BROKER_FILL_MS;
    b->tokens = more > BROKER_TOKENS - b->tokens ? BROKER_TOKENS : b->tokens + (unsigned int)more;
}

bool broker_turn(struct broker *b)
{
    struct pollfd p[] = { { b->client, POLLIN, 0 }, { b->store, POLLIN, 0 } };
    struct message m;

    fill(b);
    if ( b->tokens == 0 )
        p[0].fd = -1;
    if ( poll(p, 2, b->tokens ? -1 : (int)BROKER_FILL_MS) < 0 )
        return errno == EINTR;
    if ( p[1].revents )
        receive(b, &m);
    if ( !p[0].revents )
        return true;
    b->tokens--;
    return serve(b);
}

/* ------------------------------------------------------------------ start */

bool broker_begin(struct broker *b)
{
    struct message m;

    if ( is_path(b->folder) && read_node(b, 0, "frontend", &m) && m.head.len < sizeof(b->front) )
    {
        memcpy(b->front, m.body, m.head.len);
        b->front[m.head.len] = '\0';
        if ( b->front[0] && is_path(b->front) )
            return true;
    }
    fprintf(stderr, "%s: no such back end in the store\n", b->folder);
    return false;
}

/* The store's socket, or in a domain that has none the kernel's device, as the store's library does. */
static int connect_store(void)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    const char *path = getenv("XENSTORED_PATH"), *folder = getenv("XENSTORED_RUNDIR");
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(at.sun_path, sizeof(at.sun_path), "%s%s", path ? path : folder ? folder : "/var/run/xenstored",
             path ? "" : "/socket");
    if ( fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 )
        return fd;
    close(fd);
    return open("/dev/xen/xenbus", O_RDWR | O_CLOEXEC);
}

int broker_main(const char *folder)
{
    struct broker b = { .client = STDIN_FILENO, .events = STDOUT_FILENO, .folder = folder };
    int rc;

    prctl(PR_SET_NAME, BROKER_NAME);
    syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0);
    b.store = connect_store();
    if ( b.store < 0 )
    {
        fprintf(stderr, "no store: %s\n", strerror(errno));
        return 1;
    }
    if ( !broker_begin(&b) )
        return 1;
    rc = confine_broker();
    if ( rc )
    {
        fprintf(stderr, "confinement: %s\n", strerror(-rc));
        return 1;
    }
    while ( broker_turn(&b) )
        ;
    return 0;
}
