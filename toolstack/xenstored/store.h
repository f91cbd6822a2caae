/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store itself: the current tree, and the one way to look something up or change it for a
 * client: access_find decides about permissions, store_apply makes a change that is allowed.
 */
#ifndef XENSTORED_STORE_H
#define XENSTORED_STORE_H

#include "journal.h"
#include "tree.h"
#include "txn.h"
#include "watch.h"

struct conn;

extern struct store {
    struct node *root;
    struct perms *introduce, *release;      /* of the special watches */
} store;

void store_init(void);      /* an empty store: its root and /tool/xenstored */
void store_fini(void);

/* Permissions of a special watch, or NULL. */
struct perms **store_special(const char *name);

/*
 * Make one change, recorded as REC_WRITE, REC_MKDIR, REC_RM or REC_PERMS.  What is not there
 * to be removed or changed is left out.  Returns the subtree removed, or NULL.
 */
struct node *store_apply(struct node **root, struct tally *t, const struct rec *r);

/*
 * Look up @path for @c in transaction @t (NULL: none), which will depend on @access of it.
 * @want: PERM_READ | PERM_WRITE | PERM_OWNER.
 * 0: *@out is the node.  -ENOENT: it is not there, and @c has the rights @want where it would
 * be; *@missing is the number of nodes that would have to be made.  -EACCES, -ENOSPC.
 */
int must_check access_find(struct conn *c, struct txn *t, const char *path, unsigned int want,
                           unsigned int access, struct node **out, unsigned int *missing);

/* Rights of a connection on a node's permissions. */
unsigned int access_rights(const struct conn *c, const struct perms *p);

/* The path that @name means to @c: in @out (of PATH_SPACE) or @name itself.  NULL: bad. */
#define PATH_SPACE 3200
const char *access_path(const struct conn *c, const char *name, char *out);

/* Nodes with permissions of a domain that is gone: its own go, its rights elsewhere too. */
void store_forget_domain(uint16_t domid, bool keep_orphans, bool fire);

#endif
