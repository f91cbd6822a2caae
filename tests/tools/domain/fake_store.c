/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store in memory with libxenstore's interface: nodes with permissions, transactions that
 * conflict, watches that fire at every change.  After each change it lets the fake kernel
 * (fake_host.c) look at it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <xenstore.h>

#include "ctx/context.h"
#include "fake.h"

#define MAX_NODES 2000

struct node {
    char *path, *value;
    char perms[40];
};

struct tree {
    struct node node[MAX_NODES];
    size_t nr;
};

struct xs_handle {
    int event;
    struct xs_handle *next;
};

struct fake_store fake_store;

static struct tree live, snapshot;
static struct xs_handle *handles;
static unsigned long generation, base_generation;
static bool in_transaction;

static void tree_free(struct tree *t)
{
    for ( size_t i = 0; i < t->nr; i++ ) {
        free(t->node[i].path);
        free(t->node[i].value);
    }
    t->nr = 0;
}

static void tree_copy(struct tree *to, const struct tree *from)
{
    tree_free(to);
    for ( size_t i = 0; i < from->nr; i++ ) {
        to->node[i].path = strdup(from->node[i].path);
        to->node[i].value = strdup(from->node[i].value);
        memcpy(to->node[i].perms, from->node[i].perms, sizeof(to->node[i].perms));
    }
    to->nr = from->nr;
}

static struct tree *tree_of(xs_transaction_t t)
{
    return t ? &snapshot : &live;
}

static struct node *find(struct tree *t, const char *path)
{
    for ( size_t i = 0; i < t->nr; i++ )
        if ( !strcmp(t->node[i].path, path) )
            return &t->node[i];
    return NULL;
}

/* Make a node and what is missing above it; permissions are the parent's. */
static struct node *make(struct tree *t, const char *path)
{
    struct node *n = find(t, path);
    const char *slash = strrchr(path, '/');
    char perms[40] = "n0";

    if ( n )
        return n;
    if ( slash > path ) {
        char *parent = strndup(path, (size_t)(slash - path));

        strcpy(perms, make(t, parent)->perms);
        free(parent);
    }
    if ( t->nr == MAX_NODES )
        abort();
    n = &t->node[t->nr++];
    n->path = strdup(path);
    n->value = strdup("");
    strcpy(n->perms, perms);
    return n;
}

static bool below(const char *path, const char *dir)
{
    const size_t n = strlen(dir);

    return !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}

static void changed(xs_transaction_t t)
{
    if ( t )
        return;
    generation++;
    for ( struct xs_handle *h = handles; h; h = h->next )
        eventfd_write(h->event, 1);
    fake_kernel();
}

struct xs_handle *xs_open(unsigned long flags)
{
    struct xs_handle *h = calloc(1, sizeof(*h));

    h->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    h->next = handles;
    handles = h;
    fake_store.handles++;
    return h;
}

void xs_close(struct xs_handle *h)
{
    struct xs_handle **p = &handles;

    if ( !h )
        return;
    while ( *p != h )
        p = &(*p)->next;
    *p = h->next;
    close(h->event);
    free(h);
    fake_store.handles--;
}

int xs_fileno(struct xs_handle *h)
{
    return h->event;
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    eventfd_write(h->event, 1);
    return true;
}

char **xs_check_watch(struct xs_handle *h)
{
    char **event;
    eventfd_t n;

    if ( eventfd_read(h->event, &n) ) {
        errno = EAGAIN;
        return NULL;
    }
    event = calloc(2, sizeof(*event));
    return event;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *len)
{
    const struct node *n = find(tree_of(t), path);

    if ( !n ) {
        errno = ENOENT;
        return NULL;
    }
    if ( len )
        *len = (unsigned int)strlen(n->value);
    if ( fake_store.nul_in && !strcmp(path, fake_store.nul_in) && len )
        *len += 2;                      /* as if it went on behind a NUL */
    return strdup(n->value);
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data,
              unsigned int len)
{
    struct node *n;

    if ( fake_store.refuse && strstr(path, fake_store.refuse) ) {
        errno = fake_store.refuse_with;
        return false;
    }
    n = make(tree_of(t), path);
    free(n->value);
    n->value = strndup(data, len);
    changed(t);
    return true;
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    struct tree *tree = tree_of(t);
    size_t kept = 0, before = tree->nr;

    for ( size_t i = 0; i < tree->nr; i++ ) {
        if ( below(tree->node[i].path, path) ) {
            free(tree->node[i].path);
            free(tree->node[i].value);
        } else {
            tree->node[kept++] = tree->node[i];
        }
    }
    tree->nr = kept;
    if ( kept == before ) {
        errno = ENOENT;
        return false;
    }
    changed(t);
    return true;
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *num)
{
    struct tree *tree = tree_of(t);
    const size_t len = strlen(path);
    size_t size = sizeof(char *) * MAX_NODES;
    char **list, *text;

    *num = 0;
    if ( !find(tree, path) ) {
        errno = ENOENT;
        return NULL;
    }
    list = malloc(size + MAX_NODES * 100);
    text = (char *)list + size;
    for ( size_t i = 0; i < tree->nr; i++ ) {
        const char *p = tree->node[i].path;

        if ( strncmp(p, path, len) || p[len] != '/' || strchr(p + len + 1, '/') )
            continue;
        list[(*num)++] = text;
        strcpy(text, p + len + 1);
        text += strlen(text) + 1;
    }
    return list;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
                        struct xs_permissions *perms, unsigned int num)
{
    struct node *n = find(tree_of(t), path);

    if ( !n ) {
        errno = ENOENT;
        return false;
    }
    if ( num > 1 )
        snprintf(n->perms, sizeof(n->perms), "n%u,r%u", perms[0].id, perms[1].id);
    else
        snprintf(n->perms, sizeof(n->perms), "n%u", perms[0].id);
    changed(t);
    return true;
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
    if ( in_transaction )
        abort();
    in_transaction = true;
    base_generation = generation;
    tree_copy(&snapshot, &live);
    return 1;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool give_up)
{
    in_transaction = false;
    if ( give_up )
        return true;
    if ( fake_store.conflicts ) {
        fake_store.conflicts--;
        errno = EAGAIN;
        return false;
    }
    if ( generation != base_generation )
        abort();                        /* this process is alone */
    tree_copy(&live, &snapshot);
    changed(0);
    return true;
}

bool xs_introduce_domain(struct xs_handle *h, unsigned int domid, unsigned long mfn,
                         unsigned int port)
{
    fake_store.introduced++;
    /* The console daemon sees the new domain. */
    if ( fake_store.console )
        fake_set("/dev/pts/7", "/local/domain/%u/console/tty", domid);
    return true;
}

bool xs_release_domain(struct xs_handle *h, unsigned int domid)
{
    errno = ENOENT;
    return false;
}

/* For tests. */

void fake_set(const char *value, const char *fmt, ...)
{
    char path[300];
    va_list args;
    struct node *n;

    va_start(args, fmt);
    vsnprintf(path, sizeof(path), fmt, args);
    va_end(args);
    n = make(&live, path);
    free(n->value);
    n->value = strdup(value);
    changed(0);
}

const char *fake_get(const char *fmt, ...)
{
    char path[300];
    va_list args;
    const struct node *n;

    va_start(args, fmt);
    vsnprintf(path, sizeof(path), fmt, args);
    va_end(args);
    n = find(&live, path);
    return n ? n->value : NULL;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct node *)a)->path, ((const struct node *)b)->path);
}

char *fake_dump(void)
{
    static struct tree copy;
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    tree_copy(&copy, &live);
    qsort(copy.node, copy.nr, sizeof(copy.node[0]), by_path);
    for ( size_t i = 0; i < copy.nr; i++ )
        fprintf(f, "%s = \"%s\" (%s)\n", copy.node[i].path, copy.node[i].value,
                copy.node[i].perms);
    fclose(f);
    return text;
}

void fake_each(void (*fn)(const char *path, const char *value))
{
    static struct tree copy;

    tree_copy(&copy, &live);
    for ( size_t i = 0; i < copy.nr; i++ )
        fn(copy.node[i].path, copy.node[i].value);
}

void fake_store_reset(void)
{
    tree_free(&live);
    tree_free(&snapshot);
    memset(&fake_store, 0, sizeof(fake_store));
    fake_store.console = true;
    in_transaction = false;
}

/* ctx/'s handle. */

int ctx_store(struct xn_ctx *ctx, struct xs_handle **h)
{
    static struct xs_handle shared;

    *h = &shared;
    return 0;
}

void ctx_close_handles(struct xn_ctx *ctx)
{
}
