/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's tree of nodes: immutable, with shared structure.
 *
 * A tree is named by its root.  Holding a reference to the root is a snapshot: whoever changes
 * the tree afterwards copies the nodes on the path to the change, and only those.  Where
 * nobody else holds a reference (the usual case) the change is made in place.
 *
 * The children of a node are a treap: a binary search tree by name, a heap by random
 * priority, so that it stays balanced.  left and right are siblings, kids the treap of the
 * next level:
 *
 *          "/" ---kids---> "local"
 *                          /     \
 *                      "@x"     "tool" ---kids---> "xenstored"
 *
 * What is in a node (struct data) is shared between copies of the node, so that in two trees
 * "same data pointer" means "not changed since", as long as both trees are held.
 */
#ifndef XENSTORED_TREE_H
#define XENSTORED_TREE_H

#include "perms.h"

struct data {
    uint32_t refs;
    uint32_t priority;
    struct perms *perms;
    uint16_t name_len, value_len;
    char bytes[];               /* name, NUL, value */
};

struct node {
    struct node *left, *right, *kids;
    struct data *data;
    uint64_t kids_gen;          /* changes with the set of children */
    uint32_t refs;
    uint32_t nr_kids;
};

static inline const char *node_name(const struct node *n) { return n->data->bytes; }
static inline const char *node_value(const struct node *n)
{
    return n->data->bytes + n->data->name_len + 1;
}

/* Told of each node that comes (@nodes 1), goes (-1), or changes its size or owner. */
struct tally {
    void (*add)(struct tally *t, uint16_t owner, int nodes, long bytes);
};

#define NO_CREATOR DOMID_NONE   /* new nodes keep their parent's owner */
#define NO_VALUE   UINT32_MAX

void tree_init(uint64_t first_gen);             /* numbers for kids_gen start there */
struct node *tree_new(struct perms *perms);     /* a root alone; takes over the reference */
struct node *node_ref(struct node *n);
void node_unref(struct node *n);
long node_bytes(const struct node *n);          /* memory that it takes, without children */

/*
 * Paths are absolute and valid.  tree_find: the node, or NULL; *@near (may be NULL) is the
 * last node on the way that is there.
 */
struct node *tree_find(struct node *root, const char *path, struct node **near);

/*
 * Give the node a value, creating it and its parents as needed; @len NO_VALUE: only create.
 * New nodes get their parent's permissions, owned by @creator.  They cannot fail.
 */
void tree_write(struct node **root, const char *path, const void *value, uint32_t len,
                uint16_t creator, struct tally *t);
/* The node, not the root, which must be there, with what is below; a reference for the caller. */
struct node *tree_remove(struct node **root, const char *path, struct tally *t);
/* Of a node that is there.  Takes over the reference to @perms. */
void tree_set_perms(struct node **root, const char *path, struct perms *perms, struct tally *t);

/* Add a last child to the node that *@at is the slot of; for loading, parents first. */
struct node **tree_load_child(struct node **at, const char *name, uint32_t name_len,
                              const void *value, uint32_t value_len, struct perms *perms,
                              struct tally *t);

bool tree_has_kid(const struct node *n, const char *name);

/* Call @fn for each child, in order. */
void node_each_kid(struct node *n, void (*fn)(void *arg, struct node *kid), void *arg);

#endif
