/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The current tree; names, permissions and changes.
 */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "conn.h"
#include "domain.h"
#include "quota.h"

struct store store;

void store_init(void)
{
    const struct perm mine = { 0, 0 };

    tree_init((uint64_t)time(NULL) << 24);      /* not as before a restart */
    store.introduce = perms_get(&mine, 1);
    store.release = perms_get(&mine, 1);
    store.root = tree_new(perms_get(&mine, 1));
    domain_tally.add(&domain_tally, 0, 1, node_bytes(store.root));
    tree_write(&store.root, "/tool/xenstored", NULL, 0, NO_CREATOR, &domain_tally);
}

void store_fini(void)
{
    node_unref(store.root);
    perms_unref(store.introduce);
    perms_unref(store.release);
    memset(&store, 0, sizeof(store));
}

struct perms **store_special(const char *name)
{
    if ( !strcmp(name, WATCH_INTRODUCE) )
        return &store.introduce;
    if ( !strcmp(name, WATCH_RELEASE) )
        return &store.release;
    return NULL;
}

static struct perms *perms_of_rec(const struct rec *r)
{
    struct perm e[PERMS_MAX];
    const uint32_t nr = rec_data_len(r) / sizeof(*e);

    if ( !nr || nr > PERMS_MAX )
        return NULL;
    memcpy(e, rec_data(r), nr * sizeof(*e));
    return perms_valid(e, nr) ? perms_get(e, nr) : NULL;
}

static void apply_perms(struct node **root, struct tally *t, const struct rec *r)
{
    const char *path = rec_path(r);
    struct perms *p = perms_of_rec(r), **special = store_special(path);

    if ( p && special ) {
        perms_unref(*special);
        *special = p;
    } else if ( p && path[0] == '/' && tree_find(*root, path, NULL) )
        tree_set_perms(root, path, p, t);
    else
        perms_unref(p);
}

struct node *store_apply(struct node **root, struct tally *t, const struct rec *r)
{
    const char *path = rec_path(r);

    switch ( r->type ) {
    case REC_WRITE:
        tree_write(root, path, rec_data(r), rec_data_len(r), r->domid, t);
        break;
    case REC_MKDIR:
        tree_write(root, path, NULL, NO_VALUE, r->domid, t);
        break;
    case REC_RM:
        if ( path[1] && tree_find(*root, path, NULL) )
            return tree_remove(root, path, t);
        break;
    case REC_PERMS:
        apply_perms(root, t, r);
        break;
    }
    return NULL;
}

/* Names. */

static bool valid(const char *path)
{
    static const char table[256] = {
        ['-'] = 1, ['_'] = 1, ['@'] = 1, ['/'] = 1,
        ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1,
    };
    const char *p = path;

    for ( ; *p; p++ )
        if ( !table[(uint8_t)*p] || (*p == '/' && p[1] == '/') )
            return false;
    return p == path + 1 || p[-1] != '/';
}

const char *access_path(const struct conn *c, const char *name, char *out)
{
    const size_t len = strlen(name);
    size_t max = quota_limit[QUOTA_PATH].hard;

    if ( c->privileged || !max || max > XENSTORE_ABS_PATH_MAX )
        max = XENSTORE_ABS_PATH_MAX;
    if ( name[0] == '/' )
        return len <= max && valid(name) ? name : NULL;
    if ( !len || name[0] == '@' || len > XENSTORE_REL_PATH_MAX || len > max || !valid(name) )
        return NULL;
    snprintf(out, PATH_SPACE, "/local/domain/%u/%s", c->id, name);
    return out;
}

/* Permissions. */

unsigned int access_rights(const struct conn *c, const struct perms *p)
{
    return c->privileged ? PERM_ALL : perms_rights(p, c->id, c->target);
}

int access_find(struct conn *c, struct txn *t, const char *path, unsigned int want,
                unsigned int access, struct node **out, unsigned int *missing)
{
    struct node *near, *n = tree_find(t ? t->root : store.root, path, &near);
    int rc;

    if ( t ) {
        rc = txn_note(t, path, access);
        if ( rc )
            return rc;
    }
    if ( (access_rights(c, near->data->perms) & want) != want )
        return -EACCES;
    *out = n;
    if ( n )
        return 0;
    if ( missing ) {
        char up[PATH_SPACE];
        unsigned int nr = 0;

        strcpy(up, path);
        do {                    /* up to what is there; all that must stay not there, and it there */
            char *slash = strrchr(up, '/');

            slash[slash == up] = '\0';
            nr++;
            if ( t ) {
                rc = txn_note(t, up, 0);
                if ( rc )
                    return rc;
            }
        } while ( tree_find(t ? t->root : store.root, up, NULL) != near );
        if ( t ) {
            rc = txn_note(t, up, ACCESS_PERMS);
            if ( rc )
                return rc;
        }
        *missing = nr;
    }
    return -ENOENT;
}

/* Domains that are gone. */

struct forgetting {
    uint16_t domid;
    bool keep;
    char path[PATH_SPACE];
    uint32_t len;
    struct buf found;           /* records to apply */
};

static void note_change(struct forgetting *f, enum rec_type type, const struct perms *p)
{
    const uint32_t len = p ? p->nr * sizeof(p->e[0]) : 0;
    const char *path = f->len ? f->path : "/";
    const uint32_t space = REC_SPACE(strlen(path), len), had = f->found.len;

    f->found.len = had + rec_make(buf_room(&f->found, space), type, NO_CREATOR, 0, path,
                                  p ? p->e : NULL, len);
}

static void forget_below(void *arg, struct node *n)
{
    struct forgetting *f = arg;
    const uint32_t up = f->len, name_len = n->data->name_len;
    struct perms *p = n->data->perms, *less;

    if ( up + 1 + name_len >= sizeof(f->path) )
        return;
    if ( name_len ) {
        f->path[f->len++] = '/';
        memcpy(f->path + f->len, node_name(n), name_len + 1);
        f->len += name_len;
    }
    if ( perms_mention(p, f->domid) ) {
        less = perms_without(p, f->domid);
        if ( !less && !f->keep && f->len ) {
            note_change(f, REC_RM, NULL);
            f->len = up;
            f->path[up] = '\0';
            return;
        }
        if ( !less )
            less = perms_with_owner(p, 0);      /* an orphan that is kept, or the root */
        note_change(f, REC_PERMS, less);
        perms_unref(less);
    }
    node_each_kid(n, forget_below, f);
    f->len = up;
    f->path[up] = '\0';
}

static void forget_special(struct perms **special, uint16_t domid)
{
    const struct perm nobody = { 0, 0 };
    struct perms *p = *special;

    *special = perms_without(p, domid);
    if ( !*special )
        *special = perms_get(&nobody, 1);
    perms_unref(p);
}

void store_forget_domain(uint16_t domid, bool keep_orphans, bool fire)
{
    static struct forgetting f;
    const struct rec *r;

    f.domid = domid;
    f.keep = keep_orphans;
    f.len = 0;
    forget_below(&f, store.root);
    while ( f.found.len ) {
        struct node *was;

        r = (const void *)buf_data(&f.found);
        was = store_apply(&store.root, &domain_tally, r);
        if ( fire && r->type == REC_RM )
            watch_fire(rec_path(r), WATCH_REMOVED, was);
        node_unref(was);
        buf_drop(&f.found, rec_size(r->len));
    }
    buf_free(&f.found);
    forget_special(&store.introduce, domid);
    forget_special(&store.release, domid);
}
