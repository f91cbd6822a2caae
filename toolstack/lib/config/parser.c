/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl.cfg's grammar: entries KEY = VALUE and KEY += VALUE, ended by a line's end or ';'; a
 * value is a string, a number or a list of values.  What keys mean is keys.c's.
 *
 * After a syntax error reading goes on at the next line, so that one run shows them all.
 */
#include "cfg.h"

#include <stdlib.h>
#include <string.h>

void cfg_value_free(struct cfg_value *v)
{
    if ( !v )
        return;
    for ( size_t i = 0; i < v->count; i++ )
        cfg_value_free(v->items[i]);
    free(v->items);
    free(v->text);
    free(v);
}

struct cfg_pos cfg_value_pos(const struct cfg_value *v, size_t offset)
{
    struct cfg_pos at = v->at;

    if ( v->kind != CFG_STRING || !v->plain )
        return at;
    at.column++;
    for ( size_t i = 0; i < offset && v->text[i]; i++ )
        at.column += ((unsigned char)v->text[i] & 0xc0) != 0x80;
    return at;
}

const char *cfg_value_kind_name(enum cfg_value_kind kind)
{
    return kind == CFG_STRING ? "a string" : kind == CFG_NUMBER ? "a number" : "a list";
}

void cfg_entries_free(struct cfg_entries *e)
{
    for ( size_t i = 0; i < e->count; i++ ) {
        free(e->list[i].key);
        cfg_value_free(e->list[i].value);
    }
    free(e->list);
    memset(e, 0, sizeof(*e));
}

static void expected(struct cfg_lexer *l, const char *what)
{
    char found[64];

    /* The lexer has said what is wrong with a bad token. */
    if ( l->token != CFG_T_BAD )
        cfg_find(l->f, XN_ERROR, l->at, "expected %s, found %s", what,
                 cfg_token_name(l, found, sizeof(found)));
}

static struct cfg_value *scalar(struct cfg_lexer *l)
{
    struct cfg_value *v = cfg_grow(NULL, 0, sizeof(*v));

    v->kind = l->token == CFG_T_STRING ? CFG_STRING : CFG_NUMBER;
    v->at = l->at;
    v->plain = l->plain;
    v->text = l->text;
    l->text = NULL;
    cfg_next(l);
    return v;
}

static void skip_newlines(struct cfg_lexer *l)
{
    while ( l->token == CFG_T_NEWLINE )
        cfg_next(l);
}

static struct cfg_value *read_value(struct cfg_lexer *l, unsigned int depth);

/* Behind '['.  True if the list was read to its ']'. */
static bool read_items(struct cfg_lexer *l, struct cfg_value *list, unsigned int depth)
{
    for ( ;; ) {
        struct cfg_value *item;

        skip_newlines(l);
        if ( l->token == CFG_T_CLOSE )
            break;
        if ( list->count == CFG_ITEMS_MAX ) {
            cfg_find(l->f, XN_ERROR, l->at, "more than %d elements in a list", CFG_ITEMS_MAX);
            return false;
        }
        item = read_value(l, depth + 1);
        if ( !item )
            return false;
        list->items = cfg_grow(list->items, list->count, sizeof(*list->items));
        list->items[list->count++] = item;
        skip_newlines(l);
        if ( l->token == CFG_T_COMMA ) {
            cfg_next(l);
        } else if ( l->token != CFG_T_CLOSE ) {
            char begin[80];

            snprintf(begin, sizeof(begin), "',' or ']' in the list that begins at line %u",
                     list->at.line);
            expected(l, begin);
            return false;
        }
    }
    l->in_list = depth > 0;
    cfg_next(l);
    return true;
}

static struct cfg_value *read_list(struct cfg_lexer *l, unsigned int depth)
{
    struct cfg_value *list = cfg_grow(NULL, 0, sizeof(*list));

    list->kind = CFG_LIST;
    list->at = l->at;
    if ( depth >= CFG_DEPTH_MAX ) {
        cfg_find(l->f, XN_ERROR, l->at, "lists are nested more than %d deep", CFG_DEPTH_MAX);
        cfg_value_free(list);
        return NULL;
    }
    l->in_list = true;
    cfg_next(l);
    if ( !read_items(l, list, depth) ) {
        cfg_value_free(list);
        return NULL;
    }
    return list;
}

/* NULL after an error, which has been reported. */
static struct cfg_value *read_value(struct cfg_lexer *l, unsigned int depth)
{
    switch ( l->token ) {
    case CFG_T_STRING:
    case CFG_T_NUMBER:
        return scalar(l);
    case CFG_T_OPEN:
        return read_list(l, depth);
    case CFG_T_WORD:
        if ( !strcasecmp(l->text, "true") || !strcasecmp(l->text, "false") )
            cfg_find(l->f, XN_ERROR, l->at, "expected a value, found %s: write %d", l->text,
                     !strcasecmp(l->text, "true"));
        else
            cfg_find(l->f, XN_ERROR, l->at, "expected a value, found %.40s: text belongs in "
                     "quotes", l->text);
        return NULL;
    default:
        expected(l, "a value (\"text\", a number or a list in [])");
        return NULL;
    }
}

/* An entry; false after a syntax error. */
static bool read_entry(struct cfg_lexer *l, struct cfg_entry *entry)
{
    if ( l->token != CFG_T_WORD ) {
        expected(l, "a key, as in memory = 512");
        return false;
    }
    entry->at = l->at;
    entry->key = l->text;
    l->text = NULL;
    cfg_next(l);
    if ( l->token != CFG_T_EQUALS && l->token != CFG_T_ADD ) {
        char what[80];

        snprintf(what, sizeof(what), "'=' after the key %.40s", entry->key);
        expected(l, what);
        return false;
    }
    entry->add = l->token == CFG_T_ADD;
    cfg_next(l);
    entry->value = read_value(l, 0);
    if ( !entry->value )
        return false;
    if ( l->token != CFG_T_NEWLINE && l->token != CFG_T_SEMICOLON && l->token != CFG_T_END ) {
        expected(l, "the end of the line or ';' after the value");
        return false;
    }
    return true;
}

void cfg_read(struct cfg_entries *e, struct xn_findings *f, const char *text, size_t length)
{
    struct cfg_lexer l;

    if ( length > CFG_TEXT_MAX ) {
        cfg_find(f, XN_ERROR, (struct cfg_pos){ 0, 0 }, "a configuration has at most %u bytes, "
                 "this one has %zu", CFG_TEXT_MAX, length);
        return;
    }
    cfg_lexer_init(&l, f, text, length);
    cfg_next(&l);
    while ( l.token != CFG_T_END ) {
        struct cfg_entry entry = { 0 };

        if ( l.token == CFG_T_NEWLINE || l.token == CFG_T_SEMICOLON ) {
            cfg_next(&l);
            continue;
        }
        if ( read_entry(&l, &entry) ) {
            e->list = cfg_grow(e->list, e->count, sizeof(*e->list));
            e->list[e->count++] = entry;
        } else {
            free(entry.key);
            cfg_value_free(entry.value);
            cfg_skip_line(&l);
        }
    }
    cfg_lexer_free(&l);
}
