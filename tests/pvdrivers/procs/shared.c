/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "procs/shared.h"
#include "dom0/linux.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NR_PAGES    2048u
#define NR_NODES    128u
#define NR_GRANTS   4096u
#define NR_PORTS    32u

struct world {
    pthread_mutex_t lock;           /* robust: processes die with it */
    unsigned int nr_nodes;
    struct { char path[128], value[128]; } nodes[NR_NODES];
    struct { bool used, readonly; unsigned int page; } grants[NR_GRANTS];
    struct { bool used, pending; int side; unsigned int other; void *user; } ports[NR_PORTS];
    uint8_t taken[NR_PAGES];
    _Alignas(4096) uint8_t pages[NR_PAGES][4096];
};

static struct world *w;
static int file = -1, side, events[2], watch_fds[2];

static void lock(void)
{
    if ( pthread_mutex_lock(&w->lock) == EOWNERDEAD )
        pthread_mutex_consistent(&w->lock);
}

static void unlock(void)
{
    pthread_mutex_unlock(&w->lock);
}

static void poke(int fd)
{
    if ( write(fd, "x", 1) < 0 && errno != EAGAIN )
        abort();
}

/* ------------------------------------------------------------------ the files */

static int open_in(const char *folder, const char *name, int n, int flags)
{
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/%s%d", folder, name, n);
    if ( flags & O_CREAT )
        mkfifo(path, 0600);
    fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if ( fd < 0 )
        abort();
    return fd;
}

void shared_create(const char *folder)
{
    pthread_mutexattr_t a;
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/world", folder);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if ( fd < 0 || ftruncate(fd, sizeof(struct world)) )
        abort();
    w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&w->lock, &a);
    munmap(w, sizeof(*w));
    close(fd);
    for ( int i = 0; i < 2; i++ )
    {
        close(open_in(folder, "event", i, O_CREAT));
        close(open_in(folder, "watch", i, O_CREAT));
    }
}

void shared_attach(const char *folder, int which)
{
    char path[256];

    side = which;
    snprintf(path, sizeof(path), "%s/world", folder);
    file = open(path, O_RDWR | O_CLOEXEC);
    w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if ( w == MAP_FAILED )
        abort();
    for ( int i = 0; i < 2; i++ )
    {
        events[i] = open_in(folder, "event", i, 0);
        watch_fds[i] = open_in(folder, "watch", i, 0);
    }
}

void shared_died(int which)
{
    lock();
    for ( unsigned int p = 1; p < NR_PORTS; p++ )
        if ( w->ports[p].used && w->ports[p].side == which )
        {
            w->ports[w->ports[p].other].other = 0;
            memset(&w->ports[p], 0, sizeof(w->ports[p]));
        }
    unlock();
}

/* ------------------------------------------------------------------ pages, grants, channels */

static void *pages_alloc(void *ctx, unsigned int nr)
{
    unsigned int i = 0, run = 0;

    if ( side == SIDE_BACK )
    {
        void *p = mmap(NULL, nr * 4096ul, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        return p == MAP_FAILED ? NULL : p;
    }
    while ( i < NR_PAGES && run < nr )
        run = w->taken[i++] ? 0 : run + 1;
    if ( run < nr )
        return NULL;
    memset(w->taken + i - nr, 1, nr);
    memset(w->pages[i - nr], 0, nr * 4096ul);
    return w->pages[i - nr];
}

static void pages_free(void *ctx, void *p, unsigned int nr)
{
    if ( side == SIDE_BACK )
        munmap(p, nr * 4096ul);
    else
        memset(w->taken + ((uint8_t (*)[4096])p - w->pages), 0, nr);
}

static int grant_give(void *ctx, domid_t peer, void *page, bool readonly, grant_ref_t *ref)
{
    for ( grant_ref_t g = 8; g < NR_GRANTS; g++ )
        if ( !w->grants[g].used )
        {
            w->grants[g].page = (uint8_t (*)[4096])page - w->pages;
            w->grants[g].readonly = readonly;
            w->grants[g].used = true;
            *ref = g;
            return 0;
        }
    return -XEN_ENOSPC;
}

static int grant_end(void *ctx, grant_ref_t ref)
{
    w->grants[ref].used = false;
    return 0;
}

static int grant_map(void *ctx, domid_t peer, const grant_ref_t *refs, unsigned int nr, bool readonly, void **at)
{
    uint8_t *va = mmap(NULL, nr * 4096ul, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for ( unsigned int i = 0; i < nr; i++ )
    {
        if ( refs[i] >= NR_GRANTS || !w->grants[refs[i]].used )
            return -XEN_EINVAL;
        mmap(va + i * 4096ul, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file,
             offsetof(struct world, pages) + w->grants[refs[i]].page * 4096l);
    }
    *at = va;
    return 0;
}

static void grant_unmap(void *ctx, void *at, unsigned int nr)
{
    munmap(at, nr * 4096ul);
}

static void grant_copy(void *ctx, domid_t peer, struct pv_copy *c, unsigned int nr)
{
    for ( ; nr; nr--, c++ )
    {
        uint8_t *p;

        c->status = -XEN_EINVAL;
        if ( c->ref >= NR_GRANTS || !w->grants[c->ref].used || (c->to_peer && w->grants[c->ref].readonly) )
            continue;
        p = w->pages[w->grants[c->ref].page] + c->offset;
        memcpy(c->to_peer ? (void *)p : c->local, c->to_peer ? c->local : (void *)p, c->len);
        c->status = 0;
    }
}

static int channel_open(void *ctx, domid_t peer, evtchn_port_t remote, void *user)
{
    int p = 1;

    lock();
    if ( remote && (remote >= NR_PORTS || !w->ports[remote].used || w->ports[remote].other) )
        p = -XEN_EINVAL;
    while ( p > 0 && w->ports[p].used )
        p++;
    if ( p > 0 )
    {
        w->ports[p].used = w->ports[p].pending = true;
        w->ports[p].side = side;
        w->ports[p].user = user;
        w->ports[p].other = remote;
        w->ports[remote].other = remote ? p : 0;
        poke(events[side]);
    }
    unlock();
    return p;
}

static void channel_close(void *ctx, evtchn_port_t port)
{
    lock();
    w->ports[w->ports[port].other].other = 0;
    memset(&w->ports[port], 0, sizeof(w->ports[port]));
    unlock();
}

static void channel_notify(void *ctx, evtchn_port_t port)
{
    lock();
    const unsigned int other = w->ports[port].other;

    if ( other )
    {
        w->ports[other].pending = true;
        poke(events[w->ports[other].side]);
    }
    unlock();
}

unsigned int shared_events(void **users, unsigned int nr)
{
    unsigned int n = 0;
    char drain[256];

    while ( read(events[side], drain, sizeof(drain)) > 0 )
        ;
    lock();
    for ( unsigned int p = 1; p < NR_PORTS && n < nr; p++ )
        if ( w->ports[p].used && w->ports[p].side == side && w->ports[p].pending )
        {
            w->ports[p].pending = false;
            users[n++] = w->ports[p].user;
        }
    unlock();
    return n;
}

bool shared_wait(int ms)
{
    struct pollfd p[2] = { { events[side], POLLIN, 0 }, { watch_fds[side], POLLIN, 0 } };

    return poll(p, 2, ms) > 0;
}

/* ------------------------------------------------------------------ the store */

static int find(const char *path)
{
    for ( unsigned int i = 0; i < w->nr_nodes; i++ )
        if ( !strcmp(w->nodes[i].path, path) )
            return i;
    return -1;
}

static int store_write(void *ctx, uint32_t txn, const char *path, const char *value)
{
    int i, rc = 0;

    lock();
    i = find(path);
    if ( !value && i < 0 )
        rc = -XEN_ENOENT;
    else if ( !value )
        w->nodes[i] = w->nodes[--w->nr_nodes];
    else
    {
        if ( i < 0 )
            i = w->nr_nodes++;
        if ( i >= (int)NR_NODES )
            abort();
        strcpy(w->nodes[i].path, path);
        strcpy(w->nodes[i].value, value);
    }
    unlock();
    poke(watch_fds[0]);
    poke(watch_fds[1]);
    return rc;
}

void shared_set(const char *path, const char *value)
{
    store_write(NULL, 0, path, value);
}

static int store_read(void *ctx, uint32_t txn, const char *path, char *buf, size_t size)
{
    int i, rc = -XEN_ENOENT;

    lock();
    i = find(path);
    if ( i >= 0 )
    {
        rc = strlen(w->nodes[i].value);
        if ( (size_t)rc >= size )
            rc = -XEN_E2BIG;
        else
            strcpy(buf, w->nodes[i].value);
    }
    unlock();
    return rc;
}

static int store_begin(void *ctx, uint32_t *txn) { *txn = 1; return 0; }
static int store_end(void *ctx, uint32_t txn, bool commit) { return 0; }
static int store_watch(void *ctx, const char *path, bool on, void *user) { poke(watch_fds[side]); return 0; }

bool shared_watch_fired(void)
{
    char drain[256];

    return read(watch_fds[side], drain, sizeof(drain)) > 0;
}

static uint64_t now_ns(void *ctx)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void log_line(void *ctx, const char *line)
{
    fprintf(stderr, "%s\n", line);
}

#define OPS { \
    .pages_alloc = pages_alloc, .pages_free = pages_free, .grant_give = grant_give, .grant_end = grant_end, \
    .grant_map = grant_map, .grant_unmap = grant_unmap, .grant_copy = grant_copy, .channel_open = channel_open, \
    .channel_close = channel_close, .channel_notify = channel_notify, .store_read = store_read, \
    .store_write = store_write, .store_begin = store_begin, .store_end = store_end, .store_watch = store_watch, \
    .now_ns = now_ns, .log = log_line }

const struct pv_ops shared_ops = OPS;
#ifdef BACK_PROCESS
const struct pv_ops linux_ops = OPS;

/* ------------------------------------------------------------------ in the place of dom0/linux.c and dom0/store.c */

/* Events from the file to the device that takes back what it gave; what comes back is for nobody. */
static void *pump(void *pair)
{
    const int device = ((int *)pair)[1];
    struct pollfd p[2] = { { events[side], POLLIN, 0 }, { device, POLLIN, 0 } };
    char bytes[4];

    for ( ;; )
    {
        poll(p, 2, -1);
        if ( read(events[side], bytes, sizeof(bytes)) > 0 && write(device, "port", sizeof(bytes)) < 0 &&
             errno != EAGAIN )
            abort();
        while ( read(device, bytes, sizeof(bytes)) > 0 )
            ;
    }
    return NULL;
}

int linux_open(struct linux_host *h, const char *folder)
{
    static int pair[2];
    pthread_t t;

    shared_attach(getenv("PV_SHARED"), SIDE_BACK);
    if ( socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) ||
         pthread_create(&t, NULL, pump, pair) )
        abort();
    h->evtchn = pair[0];
    h->store.events = watch_fds[SIDE_BACK];
    return 0;
}

int store_fired(struct store *s)
{
    return shared_watch_fired();
}
#endif
