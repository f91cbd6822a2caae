/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "cm.h"
#include "fake.h"
#include <sys/mman.h>
#include <unistd.h>

#define NR_PAGES    8192u
#define NR_GRANTS   8192u
#define NR_MAPS     2048u
#define NR_PORTS    64u
#define NR_NODES    256u
#define NR_WATCHES  16u

struct fake_end fake_front = { .domid = FAKE_FRONT }, fake_back = { .domid = FAKE_BACK };
unsigned int fake_fail_alloc, fake_fail_grant, fake_fail_map, fake_fail_copy, fake_fail_txn, fake_logs;
char fake_log[256];
uint64_t fake_time_ns;

static int memory = -1;
static uint8_t *base;
static struct { const void *owner; unsigned int nr; } pages[NR_PAGES];      /* at the first page of each piece */
static uint8_t taken[NR_PAGES + 1];
static struct { const struct fake_end *owner; domid_t peer; unsigned int page, maps; bool readonly; } grants[NR_GRANTS];
static unsigned int nr_grants;      /* all from here on were never given */
static struct { const struct fake_end *owner; uint8_t *at; unsigned int nr; grant_ref_t refs[16 + 256]; } maps[NR_MAPS];
static struct { struct fake_end *owner; domid_t peer; unsigned int other; void *user; bool pending; } ports[NR_PORTS];
struct node { char path[128], value[64]; };
static struct node nodes[NR_NODES], saved[NR_NODES];
static unsigned int nr_nodes, nr_saved;
static struct { struct fake_end *owner; char path[128]; void *user; bool pending; } watches[NR_WATCHES];

static bool fails(unsigned int *countdown)
{
    return *countdown && --*countdown == 0;
}

/* ------------------------------------------------------------------ pages and grants */

static void *pages_alloc(void *ctx, unsigned int nr)
{
    unsigned int i = 0, run = 0;

    if ( fails(&fake_fail_alloc) )
        return NULL;
    for ( ; i < NR_PAGES && run <= nr; i++ )        /* one more, that stays inaccessible */
        run = taken[i] ? 0 : run + 1;
    assert_true(run == nr + 1);
    i -= nr + 1;
    memset(taken + i, 1, nr + 1);
    pages[i].owner = ctx;
    pages[i].nr = nr;
    assert_int_equal(mprotect(base + i * 4096ul, nr * 4096ul, PROT_READ | PROT_WRITE), 0);
    memset(base + i * 4096ul, 0, nr * 4096ul);
    return base + i * 4096ul;
}

static void free_piece(unsigned int i)
{
    mprotect(base + i * 4096ul, pages[i].nr * 4096ul, PROT_NONE);
    memset(taken + i, 0, pages[i].nr + 1);
    pages[i].owner = NULL;
    pages[i].nr = 0;
}

static void pages_free(void *ctx, void *p, unsigned int nr)
{
    const unsigned int i = ((uint8_t *)p - base) / 4096;

    assert_true(i < NR_PAGES && pages[i].owner == ctx && pages[i].nr == nr);
    for ( unsigned int g = 1; g < nr_grants; g++ )  /* what is lent must not be given away */
        assert_false(grants[g].owner && grants[g].page >= i && grants[g].page < i + nr);
    free_piece(i);
}

static int grant_give(void *ctx, domid_t peer, void *page, bool readonly, grant_ref_t *ref)
{
    const size_t off = (uint8_t *)page - base;

    assert_true(off < NR_PAGES * 4096ul && off % 4096 == 0 && taken[off / 4096]);
    if ( fails(&fake_fail_grant) )
        return -XEN_ENOSPC;
    for ( grant_ref_t g = 8; g < NR_GRANTS; g++ )
        if ( !grants[g].owner && !grants[g].maps )
        {
            grants[g].owner = ctx;
            grants[g].peer = peer;
            grants[g].page = off / 4096;
            grants[g].readonly = readonly;
            nr_grants = g >= nr_grants ? g + 1 : nr_grants;
            *ref = g;
            return 0;
        }
    return -XEN_ENOSPC;
}

static int grant_end(void *ctx, grant_ref_t ref)
{
    assert_true(ref < NR_GRANTS && grants[ref].owner == ctx);
    if ( grants[ref].maps )
        return -XEN_EBUSY;
    grants[ref].owner = NULL;
    return 0;
}

static bool may_use(const struct fake_end *e, domid_t peer, grant_ref_t ref, bool write)
{
    return ref < NR_GRANTS && grants[ref].owner && grants[ref].owner->domid == peer && grants[ref].peer == e->domid &&
        !(write && grants[ref].readonly);
}

static int grant_map(void *ctx, domid_t peer, const grant_ref_t *refs, unsigned int nr, bool readonly, void **at)
{
    unsigned int m = 0;
    uint8_t *va;

    if ( fails(&fake_fail_map) )
        return -XEN_ENOMEM;
    assert_true(nr > 0 && nr <= 256);
    for ( unsigned int i = 0; i < nr; i++ )
        if ( !may_use(ctx, peer, refs[i], !readonly) )
            return -XEN_EINVAL;
    while ( maps[m].nr )
        assert_true(++m < NR_MAPS);
    va = mmap(NULL, nr * 4096ul, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(va != MAP_FAILED);
    for ( unsigned int i = 0; i < nr; i++ )
    {
        assert_true(mmap(va + i * 4096ul, 4096, readonly ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                         memory, grants[refs[i]].page * 4096l) != MAP_FAILED);
        grants[refs[i]].maps++;
        maps[m].refs[i] = refs[i];
    }
    maps[m].owner = ctx;
    maps[m].at = *at = va;
    maps[m].nr = nr;
    return 0;
}

static void unmap(unsigned int m)
{
    munmap(maps[m].at, maps[m].nr * 4096ul);
    for ( unsigned int i = 0; i < maps[m].nr; i++ )
        grants[maps[m].refs[i]].maps--;
    maps[m].nr = 0;
    maps[m].at = NULL;
}

static void grant_unmap(void *ctx, void *at, unsigned int nr)
{
    for ( unsigned int m = 0; m < NR_MAPS; m++ )
        if ( maps[m].at == at && at )
        {
            assert_true(maps[m].owner == ctx && maps[m].nr == nr);
            unmap(m);
            return;
        }
    fail_msg("unmapped what is not mapped");
}

static void grant_copy(void *ctx, domid_t peer, struct pv_copy *c, unsigned int nr)
{
    for ( ; nr; nr--, c++ )
    {
        uint8_t *p;

        assert_true(((uintptr_t)c->local & 4095) + c->len <= 4096 && c->offset + c->len <= 4096 && c->len);
        c->status = -XEN_EINVAL;
        if ( fails(&fake_fail_copy) || !may_use(ctx, peer, c->ref, c->to_peer) )
            continue;
        p = base + grants[c->ref].page * 4096ul + c->offset;
        memcpy(c->to_peer ? (void *)p : c->local, c->to_peer ? c->local : (void *)p, c->len);
        c->status = 0;
    }
}

void *fake_grant_page(grant_ref_t ref)
{
    return ref < NR_GRANTS && grants[ref].owner ? base + grants[ref].page * 4096ul : NULL;
}

/* ------------------------------------------------------------------ channels */

static int channel_open(void *ctx, domid_t peer, evtchn_port_t remote, void *user)
{
    struct fake_end *e = ctx;
    unsigned int p = 1;

    if ( remote && (remote >= NR_PORTS || !ports[remote].owner || ports[remote].owner->domid != peer ||
                    ports[remote].peer != e->domid || ports[remote].other) )
        return -XEN_EINVAL;
    while ( ports[p].owner )
        assert_true(++p < NR_PORTS);
    ports[p].owner = e;
    ports[p].peer = peer;
    ports[p].other = remote;
    ports[p].user = user;
    ports[p].pending = remote != 0;     /* as the hypervisor does on binding */
    if ( remote )
        ports[remote].other = p;
    return p;
}

static void close_port(unsigned int p)
{
    if ( ports[p].other )
        ports[ports[p].other].other = 0;
    memset(&ports[p], 0, sizeof(ports[p]));
}

static void channel_close(void *ctx, evtchn_port_t port)
{
    assert_true(port < NR_PORTS && ports[port].owner == ctx);
    close_port(port);
}

static void channel_notify(void *ctx, evtchn_port_t port)
{
    assert_true(port < NR_PORTS && ports[port].owner == ctx);
    if ( ports[port].other )
        ports[ports[port].other].pending = true;
}

unsigned int fake_channels(void)
{
    unsigned int n = 0;

    for ( unsigned int p = 0; p < NR_PORTS; p++ )
        n += ports[p].owner != NULL;
    return n;
}

/* ------------------------------------------------------------------ store */

static struct node *find(const char *path)
{
    for ( unsigned int i = 0; i < nr_nodes; i++ )
        if ( !strcmp(nodes[i].path, path) )
            return &nodes[i];
    return NULL;
}

static bool below(const char *path, const char *top)
{
    const size_t n = strlen(top);

    return !strncmp(path, top, n) && (path[n] == '/' || path[n] == '\0');
}

const char *fake_get(const char *path)
{
    const struct node *n = find(path);

    return n ? n->value : NULL;
}

void fake_set(const char *path, const char *value)
{
    struct node *n = find(path);

    for ( unsigned int i = 0; i < NR_WATCHES; i++ )
        if ( watches[i].owner && below(path, watches[i].path) )
            watches[i].pending = true;
    if ( !value )
    {
        for ( unsigned int i = 0; i < nr_nodes; )
            if ( below(nodes[i].path, path) )
                nodes[i] = nodes[--nr_nodes];
            else
                i++;
        return;
    }
    assert_true(strlen(path) < sizeof(n->path) && strlen(value) < sizeof(n->value));
    if ( !n )
    {
        assert_true(nr_nodes < NR_NODES);
        n = &nodes[nr_nodes++];
        strcpy(n->path, path);
    }
    strcpy(n->value, value);
}

void fake_set_number(const char *path, uint64_t value)
{
    char text[32];

    sprintf(text, "%llu", (unsigned long long)value);
    fake_set(path, text);
}

static int store_read(void *ctx, uint32_t txn, const char *path, char *buf, size_t size)
{
    const char *v = fake_get(path);

    if ( !v )
        return -XEN_ENOENT;
    if ( strlen(v) >= size )
        return -XEN_E2BIG;
    strcpy(buf, v);
    return strlen(v);
}

static int store_write(void *ctx, uint32_t txn, const char *path, const char *value)
{
    if ( !value && !find(path) )
        return -XEN_ENOENT;
    fake_set(path, value);
    return 0;
}

static int store_begin(void *ctx, uint32_t *txn)
{
    memcpy(saved, nodes, sizeof(nodes));
    nr_saved = nr_nodes;
    *txn = 1;
    return 0;
}

static int store_end(void *ctx, uint32_t txn, bool commit)
{
    const bool clash = commit && fails(&fake_fail_txn);

    if ( commit && !clash )
        return 0;
    memcpy(nodes, saved, sizeof(nodes));
    nr_nodes = nr_saved;
    return clash ? -XEN_EAGAIN : 0;
}

static int store_watch(void *ctx, const char *path, bool on, void *user)
{
    for ( unsigned int i = 0; i < NR_WATCHES; i++ )
    {
        if ( on && !watches[i].owner )
        {
            watches[i].owner = ctx;
            strcpy(watches[i].path, path);
            watches[i].user = user;
            watches[i].pending = true;
            return 0;
        }
        if ( !on && watches[i].owner == ctx && watches[i].user == user && !strcmp(watches[i].path, path) )
        {
            watches[i].owner = NULL;
            return 0;
        }
    }
    fail_msg("no watch to set or to remove");
    return -1;
}

/* ------------------------------------------------------------------ the rest */

static uint64_t now_ns(void *ctx)
{
    return fake_time_ns += 1000;
}

static void log_line(void *ctx, const char *line)
{
    strncpy(fake_log, line, sizeof(fake_log) - 1);
    fake_logs++;
}

bool fake_deliver(void)
{
    bool any = false;

    for ( unsigned int i = 0; i < NR_WATCHES; i++ )
        if ( watches[i].owner && watches[i].pending )
        {
            watches[i].pending = false;
            any = true;
            watches[i].owner->watch(watches[i].user);
        }
    for ( unsigned int p = 0; p < NR_PORTS; p++ )
        if ( ports[p].owner && ports[p].pending )
        {
            ports[p].pending = false;
            any = true;
            if ( ports[p].owner->event )
                ports[p].owner->event(ports[p].user);
        }
    return any;
}

void fake_kill(struct fake_end *e)
{
    for ( unsigned int m = 0; m < NR_MAPS; m++ )
        if ( maps[m].nr && maps[m].owner == e )
            unmap(m);
    for ( unsigned int p = 1; p < NR_PORTS; p++ )
        if ( ports[p].owner == e )
            close_port(p);
    for ( unsigned int i = 0; i < NR_WATCHES; i++ )
        if ( watches[i].owner == e )
            watches[i].owner = NULL;
    for ( unsigned int g = 0; g < NR_GRANTS; g++ )
        if ( grants[g].owner == e )
            grants[g].owner = NULL;
    for ( unsigned int i = 0; i < NR_PAGES; i++ )
        if ( pages[i].owner == e )
            free_piece(i);
}

bool fake_is_empty(const struct fake_end *e)
{
    bool left = false;

    for ( unsigned int i = 0; i < NR_PAGES; i++ )
        left |= pages[i].owner == e;
    for ( unsigned int g = 0; g < NR_GRANTS; g++ )
        left |= grants[g].owner == e;
    for ( unsigned int m = 0; m < NR_MAPS; m++ )
        left |= maps[m].nr && maps[m].owner == e;
    for ( unsigned int i = 0; i < NR_WATCHES; i++ )
        left |= watches[i].owner == e;
    for ( unsigned int p = 0; p < NR_PORTS; p++ )
        left |= ports[p].owner == e;
    return !left;
}

void fake_check_empty(void)
{
    assert_true(fake_is_empty(&fake_front));
    assert_true(fake_is_empty(&fake_back));
}

void fake_reset(void)
{
    if ( memory < 0 )
    {
        memory = memfd_create("fake", 0);
        assert_int_equal(ftruncate(memory, NR_PAGES * 4096l), 0);
        base = mmap(NULL, NR_PAGES * 4096ul, PROT_NONE, MAP_SHARED, memory, 0);
        assert_true(base != MAP_FAILED);
    }
    fake_kill(&fake_front);
    fake_kill(&fake_back);
    nr_nodes = nr_grants = 0;
    fake_fail_alloc = fake_fail_grant = fake_fail_map = fake_fail_copy = fake_fail_txn = fake_logs = 0;
    fake_log[0] = '\0';
    memset(ports, 0, sizeof(ports));
}

#define COMMON \
    .pages_alloc = pages_alloc, .pages_free = pages_free, .grant_give = grant_give, .grant_end = grant_end, \
    .grant_map = grant_map, .grant_unmap = grant_unmap, .channel_open = channel_open, \
    .channel_close = channel_close, .channel_notify = channel_notify, .store_read = store_read, \
    .store_write = store_write, .store_begin = store_begin, .store_end = store_end, .store_watch = store_watch, \
    .now_ns = now_ns, .log = log_line

const struct pv_ops fake_ops = { COMMON, .grant_copy = grant_copy };
const struct pv_ops fake_ops_map = { COMMON };
