/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with a configuration, each finding with its place, and the nearest known
 * word for a misspelt one.
 */
#include "cfg.h"

#include <stdlib.h>
#include <string.h>

static void append(struct xn_findings *f, enum xn_level level, struct cfg_pos at, char *text)
{
    f->list = cfg_grow(f->list, f->count, sizeof(*f->list));
    f->list[f->count++] = (struct xn_finding){ level, at.line, at.column, text };
    if ( level == XN_ERROR )
        f->errors++;
}

void cfg_find(struct xn_findings *f, enum xn_level level, struct cfg_pos at, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;

    if ( f->count > CFG_FINDINGS_MAX ) {
        f->errors += level == XN_ERROR;
        return;
    }
    if ( f->count == CFG_FINDINGS_MAX ) {
        append(f, level, at, cfg_strdup("too many findings: the rest is not shown"));
        return;
    }
    va_start(ap, fmt);
    if ( vasprintf(&text, fmt, ap) < 0 )
        text = NULL;
    va_end(ap);
    append(f, level, at, text ? text : cfg_strdup("out of memory"));
}

const char *cfg_first_error(const struct xn_findings *f)
{
    for ( size_t i = 0; i < f->count; i++ )
        if ( f->list[i].level == XN_ERROR )
            return f->list[i].text;
    return "";
}

void xn_findings_free(struct xn_findings *f)
{
    for ( size_t i = 0; i < f->count; i++ )
        free(f->list[i].text);
    free(f->list);
    memset(f, 0, sizeof(*f));
}

void xn_findings_print(const struct xn_findings *f, const char *file, FILE *out)
{
    static const char *const names[] = { "error", "warning", "note", "debug" };

    for ( size_t i = 0; i < f->count; i++ ) {
        const struct xn_finding *x = &f->list[i];

        if ( file )
            fprintf(out, "%s:", file);
        if ( x->line )
            fprintf(out, "%u:%u:", x->line, x->column);
        fprintf(out, "%s%s: %s\n", file || x->line ? " " : "", names[x->level], x->text);
    }
}

#define WORD_MAX 48

static unsigned int least(unsigned int a, unsigned int b)
{
    return a < b ? a : b;
}

unsigned int cfg_distance(const char *a, const char *b, unsigned int limit)
{
    /* Rows i - 2, i - 1 and i of the usual table; the first is for a swap of neighbours. */
    unsigned int rows[3][WORD_MAX + 1];
    size_t la = strlen(a), lb = strlen(b);

    if ( la > WORD_MAX || lb > WORD_MAX )
        return limit + 1;
    for ( size_t j = 0; j <= lb; j++ )
        rows[0][j] = j;
    for ( size_t i = 1; i <= la; i++ ) {
        unsigned int *row = rows[i % 3], *before = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];

        row[0] = i;
        for ( size_t j = 1; j <= lb; j++ ) {
            unsigned int d = before[j - 1] + (a[i - 1] != b[j - 1]);

            d = least(d, least(before[j], row[j - 1]) + 1);
            if ( i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] )
                d = least(d, two[j - 2] + 1);
            row[j] = d;
        }
    }
    return least(rows[la % 3][lb], limit + 1);
}

const char *cfg_nearest(const char *written, const char *const *words)
{
    size_t length = strlen(written);
    /* One error in a short word, up to three in a long one. */
    unsigned int limit = length <= 2 ? 0 : length == 3 ? 1 : length <= 7 ? 2 : 3, best = limit + 1;
    const char *found = NULL;

    for ( ; *words; words++ ) {
        unsigned int d = cfg_distance(written, *words, limit);

        if ( d < best ) {
            best = d;
            found = *words;
        }
    }
    return found;
}
