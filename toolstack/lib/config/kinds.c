/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is the same for every file of keys (xl.cfg, xl.conf): one entry for each key, and its
 * value checked against the kind that the table says.
 */
#include "keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Lists hold strings only (numbers count as such), unless they may be nested. */
static bool good_items(struct xn_findings *f, const struct cfg_key *key, const struct cfg_value *v)
{
    for ( size_t i = 0; i < v->count; i++ )
        if ( v->items[i]->kind == CFG_LIST && key->kind != CFG_K_NESTED ) {
            cfg_find(f, XN_ERROR, v->items[i]->at, "%s is a list of strings: expected a string, "
                     "found a list", key->name);
            return false;
        }
    return true;
}

static bool good_number(struct xn_findings *f, const struct cfg_key *key, const struct cfg_value *v)
{
    long n, max = key->max || key->kind == CFG_K_LONG ? key->max : INT32_MAX;
    int rc = cfg_parse_long(v->text, &n);

    if ( rc == -EINVAL )
        cfg_find(f, XN_ERROR, v->at, "%s is a %s: '%.60s' is not one", key->name,
                 key->kind == CFG_K_BOOL ? "boolean (0 or 1)" : "number", v->text);
    else if ( key->kind != CFG_K_BOOL && (rc || n < key->min || n > max) )
        cfg_find(f, XN_ERROR, v->at, "%s is a number from %ld to %ld: %.60s is out of range",
                 key->name, key->min, max, v->text);
    else
        return true;
    return false;
}

/* One of the key's words, or its index, which is then replaced by the word. */
static bool good_word(struct xn_findings *f, const struct cfg_key *key, struct cfg_value *v)
{
    char *all = cfg_strdup(key->words[0]);
    const char *near;
    long n, count = 0;

    for ( ; key->words[count]; count++ )
        if ( !strcmp(key->words[count], v->text) )
            goto good;
    if ( key->kind == CFG_K_WORD_OR_LONG && !cfg_parse_long(v->text, &n) && n >= 0 && n < count ) {
        cfg_find(f, XN_WARN, v->at, "%s as a number is deprecated: write %s=\"%s\"", key->name,
                 key->name, key->words[n]);
        cfg_replace(&v->text, cfg_strdup(key->words[n]));
        goto good;
    }
    for ( long i = 1; i < count; i++ )
        cfg_replace(&all, cfg_sprintf("%s%s%s", all, i + 1 < count ? ", " : " or ",
                                      key->words[i]));
    near = cfg_nearest(v->text, key->words);
    cfg_find(f, XN_ERROR, v->at, "%s is %s: '%.60s' is not%s%s%s", key->name, all, v->text,
             near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    free(all);
    return false;

 good:
    free(all);
    return true;
}

bool cfg_good_value(struct xn_findings *f, const struct cfg_key *key, struct cfg_value *v)
{
    bool list = key->kind == CFG_K_LIST || key->kind == CFG_K_NESTED;

    if ( list != (v->kind == CFG_LIST) && key->kind != CFG_K_TEXT_OR_LIST ) {
        cfg_find(f, XN_ERROR, v->at, "%s is %s: found %s%s", key->name, list ?
                 "a list ([\"...\", ...])" : key->kind == CFG_K_LONG || key->kind == CFG_K_BOOL ?
                 "a number" : "a string", cfg_value_kind_name(v->kind),
                 list ? ", put it in [ ]" : "");
        return false;
    }
    switch ( key->kind ) {
    case CFG_K_LIST:
    case CFG_K_TEXT_OR_LIST:
        return good_items(f, key, v);
    case CFG_K_LONG:
    case CFG_K_BOOL:
        return good_number(f, key, v);
    case CFG_K_WORD:
    case CFG_K_WORD_OR_LONG:
        return good_word(f, key, v);
    default:
        return true;
    }
}

void cfg_store(void *base, const struct cfg_key *key, const struct cfg_value *v)
{
    void *where = (char *)base + key->offset;

    switch ( key->kind ) {
    case CFG_K_LONG:
        *(long *)where = strtol(v->text, NULL, 0);
        break;
    case CFG_K_BOOL:
        *(long *)where = strtol(v->text, NULL, 0) != 0;
        break;
    default:
        cfg_replace(where, cfg_strdup(v->text));
    }
}

static void move_items(struct cfg_value *to, struct cfg_value *from)
{
    for ( size_t i = 0; i < from->count; i++ ) {
        to->items = cfg_grow(to->items, to->count, sizeof(*to->items));
        to->items[to->count++] = from->items[i];
    }
    from->count = 0;
}

static void join_values(struct cfg_entries *e, struct xn_findings *f, struct cfg_entry *old,
                        struct cfg_entry *new)
{
    if ( !new->add ) {
        if ( new->at.line )
            cfg_find(f, XN_WARN, new->at, "%s is given again: its value at line %u is not used",
                     new->key, old->at.line);
        cfg_value_free(old->value);
        old->value = new->value;
        old->at = new->at;
        new->value = NULL;
    } else if ( old->value->kind == CFG_LIST && new->value->kind == CFG_LIST ) {
        move_items(old->value, new->value);
    } else if ( old->value->kind == CFG_STRING && new->value->kind == CFG_STRING ) {
        cfg_replace(&old->value->text, cfg_sprintf("%s%s", old->value->text, new->value->text));
        old->value->plain = false;
    } else {
        cfg_find(f, XN_ERROR, new->value->at, "%s += adds to %s, found %s", new->key,
                 cfg_value_kind_name(old->value->kind), cfg_value_kind_name(new->value->kind));
    }
}

void cfg_merge(struct cfg_entries *e, struct xn_findings *f)
{
    size_t kept = 0;

    for ( size_t i = 0; i < e->count; i++ ) {
        size_t old;

        for ( old = 0; old < kept; old++ )
            if ( !strcmp(e->list[old].key, e->list[i].key) )
                break;
        if ( old == kept ) {
            e->list[kept++] = e->list[i];
            continue;
        }
        join_values(e, f, &e->list[old], &e->list[i]);
        free(e->list[i].key);
        cfg_value_free(e->list[i].value);
    }
    e->count = kept;
}
