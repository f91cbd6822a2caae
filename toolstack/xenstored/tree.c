/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes, treaps of children, and changes that copy what is shared.  Who may do what, and
 * whether it is within quota, has been decided before (access.c).
 */
#include "tree.h"

#include <stdlib.h>

static uint64_t last_gen;
static uint64_t random_state = 88172645463325252u;

void tree_init(uint64_t first_gen)
{
    last_gen = first_gen;
    random_state ^= first_gen * 0x9e3779b97f4a7c15u;
    if ( !random_state )
        random_state = 1;
}

static uint32_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state >> 16;
}

/* Data. */

static struct data *data_new(const char *name, uint32_t name_len, const void *value,
                             uint32_t value_len, struct perms *perms)
{
    struct data *d = xrealloc(NULL, sizeof(*d) + name_len + 1 + value_len);

    d->refs = 1;
    d->priority = next_random();
    d->perms = perms;
    d->name_len = name_len;
    d->value_len = value_len;
    memcpy(d->bytes, name, name_len);
    d->bytes[name_len] = '\0';
    if ( value_len )
        memcpy(d->bytes + name_len + 1, value, value_len);
    return d;
}

static void data_unref(struct data *d)
{
    if ( --d->refs )
        return;
    perms_unref(d->perms);
    free(d);
}

/* Nodes. */

static struct node *node_new(struct data *d)
{
    struct node *n = xalloc(sizeof(*n));

    n->data = d;
    n->refs = 1;
    n->kids_gen = ++last_gen;
    return n;
}

struct node *tree_new(struct perms *perms)
{
    return node_new(data_new("", 0, NULL, 0, perms));
}

struct node *node_ref(struct node *n)
{
    if ( n )
        n->refs++;
    return n;
}

void node_unref(struct node *n)
{
    while ( n && --n->refs == 0 ) {
        struct node *right = n->right;

        node_unref(n->left);
        node_unref(n->kids);
        data_unref(n->data);
        free(n);
        n = right;
    }
}

long node_bytes(const struct node *n)
{
    return sizeof(*n) + sizeof(*n->data) + n->data->name_len + 1 + n->data->value_len;
}

/* Make the node in a slot the slot's alone, so that it may be changed. */
static struct node *own(struct node **slot)
{
    struct node *n = *slot, *copy;

    if ( n->refs == 1 )
        return n;
    copy = xrealloc(NULL, sizeof(*copy));
    *copy = *n;
    copy->refs = 1;
    copy->data->refs++;
    node_ref(copy->left);
    node_ref(copy->right);
    node_ref(copy->kids);
    n->refs--;
    return *slot = copy;
}

/* Treaps. */

static bool is_number(const char *s, uint32_t len)
{
    while ( len && s[len - 1] >= '0' && s[len - 1] <= '9' )
        len--;
    return len == 0;
}

/* Numbers first, by value (as far as they have no leading zeros); then the others. */
static int compare(const char *a, uint32_t a_len, const struct data *d)
{
    const uint32_t b_len = d->name_len;
    const bool a_num = (uint8_t)(a[0] - '0') < 10 && is_number(a, a_len);
    const bool b_num = (uint8_t)(d->bytes[0] - '0') < 10 && is_number(d->bytes, b_len);
    int c;

    if ( a_num != b_num )
        return a_num ? -1 : 1;
    if ( a_num && a_len != b_len )
        return a_len < b_len ? -1 : 1;
    c = memcmp(a, d->bytes, a_len < b_len ? a_len : b_len);
    return c ? c : (int)a_len - (int)b_len;
}

static struct node *treap_find(struct node *n, const char *name, uint32_t len)
{
    while ( n ) {
        const int c = compare(name, len, n->data);

        if ( c == 0 )
            break;
        n = c < 0 ? n->left : n->right;
    }
    return n;
}

/* The slot of a node that is there, owning everything on the way. */
static struct node **treap_slot(struct node **slot, const char *name, uint32_t len)
{
    for ( ;; ) {
        struct node *n = own(slot);
        const int c = compare(name, len, n->data);

        if ( c == 0 )
            return slot;
        slot = c < 0 ? &n->left : &n->right;
    }
}

/* Cut @n in what sorts before @name and what sorts after it. */
static void treap_split(struct node *n, const struct data *at, struct node **lo, struct node **hi)
{
    while ( n ) {
        own(&n);
        if ( compare(at->bytes, at->name_len, n->data) > 0 ) {
            *lo = n;
            lo = &n->right;
            n = n->right;
        } else {
            *hi = n;
            hi = &n->left;
            n = n->left;
        }
    }
    *lo = *hi = NULL;
}

/* All of @a sorts before all of @b. */
static struct node *treap_merge(struct node *a, struct node *b)
{
    struct node *all, **slot = &all;

    while ( a && b ) {
        if ( a->data->priority >= b->data->priority ) {
            *slot = own(&a);
            slot = &a->right;
            a = a->right;
        } else {
            *slot = own(&b);
            slot = &b->left;
            b = b->left;
        }
    }
    *slot = a ? a : b;
    return all;
}

static struct node **treap_insert(struct node **slot, struct node *new)
{
    while ( *slot && (*slot)->data->priority > new->data->priority ) {
        struct node *n = own(slot);

        slot = compare(new->data->bytes, new->data->name_len, n->data) < 0 ? &n->left : &n->right;
    }
    treap_split(*slot, new->data, &new->left, &new->right);
    *slot = new;
    return slot;
}

/* Paths. */

/* Length of the path's first component; 0 at its end. */
static uint32_t component(const char *p)
{
    return strchrnul(p, '/') - p;
}

static const char *next_component(const char *p, uint32_t len)
{
    return p[len] ? p + len + 1 : p + len;
}

struct node *tree_find(struct node *root, const char *path, struct node **near)
{
    struct node *n = root;

    for ( const char *p = path + 1; *p; ) {
        const uint32_t len = component(p);
        struct node *kid = treap_find(n->kids, p, len);

        if ( near )
            *near = n;
        if ( !kid )
            return NULL;
        n = kid;
        p = next_component(p, len);
    }
    if ( near )
        *near = n;
    return n;
}

static void tally_node(struct tally *t, const struct node *n, int sign)
{
    if ( t )
        t->add(t, perms_owner(n->data->perms), sign, sign * node_bytes(n));
}

static struct node **add_kid(struct node *parent, struct data *d, struct tally *t)
{
    struct node *kid = node_new(d);

    parent->nr_kids++;
    parent->kids_gen = ++last_gen;
    tally_node(t, kid, 1);
    return treap_insert(&parent->kids, kid);
}

static struct data *inherit(const struct node *parent, const char *name, uint32_t len,
                            uint16_t creator)
{
    struct perms *p = parent->data->perms;

    p = creator == NO_CREATOR ? perms_ref(p) : perms_with_owner(p, creator);
    return data_new(name, len, NULL, 0, p);
}

/* The data of a node we own, to be changed; with room for a value of @len bytes. */
static void own_data(struct node *n, const void *value, uint32_t len)
{
    struct data *d = n->data;

    if ( d->refs == 1 && len == d->value_len ) {
        if ( len )
            memcpy(d->bytes + d->name_len + 1, value, len);
        return;
    }
    n->data = data_new(d->bytes, d->name_len, value, len, perms_ref(d->perms));
    n->data->priority = d->priority;
    data_unref(d);
}

void tree_write(struct node **root, const char *path, const void *value, uint32_t len,
                uint16_t creator, struct tally *t)
{
    struct node **slot = root;

    for ( const char *p = path + 1; *p; ) {
        const uint32_t n = component(p);
        struct node *parent = own(slot);

        if ( treap_find(parent->kids, p, n) )
            slot = treap_slot(&parent->kids, p, n);
        else
            slot = add_kid(parent, inherit(parent, p, n, creator), t);
        p = next_component(p, n);
    }
    if ( len == NO_VALUE )
        return;
    tally_node(t, own(slot), -1);
    own_data(*slot, value, len);
    tally_node(t, *slot, 1);
}

/* The slot of a node that is there; *@parent is the one above. */
static struct node **find_slot(struct node **root, const char *path, struct node **parent)
{
    struct node **slot = root;

    for ( const char *p = path + 1; *p; ) {
        const uint32_t n = component(p);

        *parent = own(slot);
        slot = treap_slot(&(*parent)->kids, p, n);
        p = next_component(p, n);
    }
    own(slot);
    return slot;
}

static void tally_below(struct tally *t, const struct node *n)
{
    if ( !n )
        return;
    tally_below(t, n->left);
    tally_below(t, n->right);
    tally_below(t, n->kids);
    tally_node(t, n, -1);
}

struct node *tree_remove(struct node **root, const char *path, struct tally *t)
{
    struct node *parent = NULL, **slot = find_slot(root, path, &parent), *n = *slot;

    *slot = treap_merge(n->left, n->right);
    n->left = n->right = NULL;
    parent->nr_kids--;
    parent->kids_gen = ++last_gen;
    if ( t )
        tally_below(t, n);
    return n;
}

void tree_set_perms(struct node **root, const char *path, struct perms *perms, struct tally *t)
{
    struct node *parent = NULL, *n = *find_slot(root, path, &parent);
    struct data *d = n->data;

    tally_node(t, n, -1);
    n->data = data_new(d->bytes, d->name_len, node_value(n), d->value_len, perms);
    n->data->priority = d->priority;
    data_unref(d);
    tally_node(t, n, 1);
}

struct node **tree_load_child(struct node **at, const char *name, uint32_t name_len,
                              const void *value, uint32_t value_len, struct perms *perms,
                              struct tally *t)
{
    return add_kid(own(at), data_new(name, name_len, value, value_len, perms), t);
}

bool tree_has_kid(const struct node *n, const char *name)
{
    return treap_find(n->kids, name, strlen(name)) != NULL;
}

static void each(struct node *n, void (*fn)(void *arg, struct node *kid), void *arg)
{
    for ( ; n; n = n->right ) {
        each(n->left, fn, arg);
        fn(arg, n);
    }
}

void node_each_kid(struct node *n, void (*fn)(void *arg, struct node *kid), void *arg)
{
    each(n->kids, fn, arg);
}
