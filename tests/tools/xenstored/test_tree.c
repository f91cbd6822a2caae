/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree against a plain table, with snapshots that must not change; permission lists.
 */
#include "cm.h"
#include "tree.h"

#define PATHS 400

static long counted_nodes, counted_bytes;

static void count(struct tally *t, uint16_t owner, int nodes, long bytes)
{
    counted_nodes += nodes;
    counted_bytes += bytes;
}

static struct tally tally = { count };

static struct node *new_tree(void)
{
    const struct perm e = { 0, 0 };

    counted_nodes = counted_bytes = 0;
    return tree_new(perms_get(&e, 1));
}

/* Paths /0 .. /7, /0/0 .. /7/7, /0/0/0 ...: a parent sorts before its children. */
static void path_of(char *path, unsigned int i)
{
    char *p = path;

    for ( ; i; i = (i - 1) / 7 )
        p += sprintf(p, "/%u", (i - 1) % 7);
    if ( p == path )
        strcpy(path, "/");
}

struct model {
    bool there[PATHS];
    uint32_t value[PATHS];
};

static bool is_below(const char *path, const char *top)
{
    const size_t n = strlen(top);

    return !strncmp(path, top, n) && path[n] == '/';
}

static void model_write(struct model *m, const char *path, uint32_t value)
{
    char other[64];

    for ( unsigned int i = 1; i < PATHS; i++ ) {
        path_of(other, i);
        if ( !strcmp(other, path) ) {
            m->there[i] = true;
            m->value[i] = value;
        } else if ( is_below(path, other) && !m->there[i] ) {
            m->there[i] = true;
            m->value[i] = 0;
        }
    }
}

static void model_remove(struct model *m, const char *path)
{
    char other[64];

    for ( unsigned int i = 1; i < PATHS; i++ ) {
        path_of(other, i);
        if ( !strcmp(other, path) || is_below(other, path) )
            m->there[i] = false;
    }
}

static void compare(struct node *root, const struct model *m)
{
    char path[64];

    for ( unsigned int i = 1; i < PATHS; i++ ) {
        struct node *n;
        uint32_t value = 0;

        path_of(path, i);
        n = tree_find(root, path, NULL);
        if ( (n != NULL) != m->there[i] )
            fail_msg("%s is %sthere", path, n ? "" : "not ");
        if ( !n )
            continue;
        if ( n->data->value_len == 4 )
            memcpy(&value, node_value(n), 4);
        CHECK_EQ(value, m->value[i]);
    }
}

TEST(tree_is_what_was_written_and_snapshots_stay)
{
    static struct model now, then[8];
    struct node *root = new_tree(), *old[8] = { 0 };
    uint64_t seed = 42;
    char path[64];

    memset(&now, 0, sizeof(now));
    for ( uint32_t step = 1; step < 4000; step++ ) {
        const unsigned int r = next_random(&seed) % 100;

        path_of(path, 1 + next_random(&seed) % (PATHS - 1));
        if ( r < 70 ) {
            tree_write(&root, path, &step, 4, NO_CREATOR, &tally);
            model_write(&now, path, step);
        } else if ( r < 90 && tree_find(root, path, NULL) ) {
            node_unref(tree_remove(&root, path, &tally));
            model_remove(&now, path);
        } else if ( r >= 98 ) {
            const unsigned int k = next_random(&seed) % 8;

            node_unref(old[k]);
            old[k] = node_ref(root);
            then[k] = now;
        }
        if ( step % 100 == 0 ) {
            compare(root, &now);
            for ( unsigned int k = 0; k < 8; k++ )
                if ( old[k] )
                    compare(old[k], &then[k]);
        }
    }
    for ( unsigned int k = 0; k < 8; k++ )
        node_unref(old[k]);
    for ( unsigned int i = 1; i < 8; i++ ) {
        path_of(path, i);
        if ( tree_find(root, path, NULL) )
            node_unref(tree_remove(&root, path, &tally));
    }
    CHECK_EQ(counted_nodes, 0);
    CHECK_EQ(counted_bytes, 0);
    CHECK_EQ(root->nr_kids, 0);
    node_unref(root);
}

static void check_order(void *arg, struct node *kid)
{
    const char **last = arg;

    if ( *last )
        assert_true(atoi(*last) < atoi(node_name(kid)));
    *last = node_name(kid);
}

static unsigned int height(const struct node *n)
{
    const unsigned int l = n ? height(n->left) : 0, r = n ? height(n->right) : 0;

    return n ? 1 + (l > r ? l : r) : 0;
}

TEST(numbers_sort_by_value_and_many_children_stay_balanced)
{
    struct node *root = new_tree();
    const char *last = NULL;
    char path[32];

    for ( int i = 0; i < 10000; i++ ) {
        sprintf(path, "/%d", i);
        tree_write(&root, path, NULL, 0, NO_CREATOR, NULL);
    }
    node_each_kid(root, check_order, &last);
    CHECK_STR(last, "9999");
    assert_true(height(root->kids) < 50);
    node_unref(root);
}

TEST(unchanged_data_stays_where_it_is_and_changed_data_does_not)
{
    struct node *root = new_tree(), *snap;
    const struct data *a, *b;

    tree_write(&root, "/a", "1", 1, NO_CREATOR, NULL);
    tree_write(&root, "/b", "1", 1, NO_CREATOR, NULL);
    snap = node_ref(root);
    a = tree_find(root, "/a", NULL)->data;
    b = tree_find(root, "/b", NULL)->data;
    tree_write(&root, "/a", "2", 1, NO_CREATOR, NULL);
    assert_ptr_not_equal(tree_find(root, "/a", NULL)->data, a);
    assert_ptr_equal(tree_find(root, "/b", NULL)->data, b);
    assert_ptr_equal(tree_find(snap, "/a", NULL)->data, a);
    node_unref(snap);
    node_unref(root);
}

TEST(a_very_deep_path)
{
    static char path[3100];
    struct node *root = new_tree();

    for ( int i = 0; i < 3000; i += 2 )
        memcpy(path + i, "/d", 3);
    tree_write(&root, path, "x", 1, 5, &tally);
    CHECK_EQ(counted_nodes, 1500);
    assert_non_null(tree_find(root, path, NULL));
    node_unref(tree_remove(&root, "/d", &tally));
    CHECK_EQ(counted_nodes, 0);
    node_unref(root);
}

TEST(equal_permission_lists_are_one)
{
    const struct perm e[] = { { 1, 0 }, { 2, PERM_READ } }, f[] = { { 1, 0 }, { 2, PERM_WRITE } };
    struct perms *a = perms_get(e, 2), *b = perms_get(e, 2), *c = perms_get(f, 2);

    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, c);
    perms_unref(a);
    perms_unref(b);
    perms_unref(c);
}

TEST(rights_by_table)
{
    static const struct {
        struct perm e[3];
        uint32_t nr;
        uint16_t domid, target;
        unsigned int want;
    } rows[] = {
        { { { 1, 0 } }, 1, 1, DOMID_NONE, PERM_ALL },
        { { { 1, 0 } }, 1, 2, DOMID_NONE, 0 },
        { { { 1, PERM_READ } }, 1, 2, DOMID_NONE, PERM_READ },
        { { { 1, PERM_READ }, { 2, 0 } }, 2, 2, DOMID_NONE, 0 },
        { { { 1, 0 }, { 2, PERM_WRITE } }, 2, 2, DOMID_NONE, PERM_WRITE },
        { { { 1, 0 } }, 1, 2, 1, PERM_ALL },
        { { { 1, PERM_IGNORE } }, 1, 1, DOMID_NONE, 0 },
        { { { 1, 0 }, { 2, PERM_READ | PERM_IGNORE } }, 2, 2, DOMID_NONE, 0 },
        { { { 0, 0 }, { 3, PERM_READ }, { 2, PERM_WRITE } }, 3, 2, 3, PERM_READ | PERM_WRITE },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        struct perms *p = perms_get(rows[i].e, rows[i].nr);

        CHECK_EQ(perms_rights(p, rows[i].domid, rows[i].target), rows[i].want);
        perms_unref(p);
    }
}

TESTS(RUN(tree_is_what_was_written_and_snapshots_stay),
      RUN(numbers_sort_by_value_and_many_children_stay_balanced),
      RUN(unchanged_data_stays_where_it_is_and_changed_data_does_not), RUN(a_very_deep_path),
      RUN(equal_permission_lists_are_one), RUN(rights_by_table))
