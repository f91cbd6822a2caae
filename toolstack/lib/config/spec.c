/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The comma-separated specifications of devices: fields, and where in the text they are.
 */
#include "cfg.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct cfg_spec cfg_spec_of(const char *what, const char *text, const struct cfg_value *value,
                            struct xn_findings *f)
{
    return (struct cfg_spec){ text, value, f, what, f->errors };
}

bool cfg_spec_failed(const struct cfg_spec *s)
{
    return s->f->errors > s->errors;
}

/* where: in s->text, or NULL for the whole. */
void cfg_spec_find(struct cfg_spec *s, enum xn_level level, const char *where, const char *fmt, ...)
{
    size_t offset = where ? where - s->text : 0;
    struct cfg_pos at = { 1, offset + 1 };
    char *text = NULL;
    va_list ap;

    if ( s->value )
        at = where ? cfg_value_pos(s->value, offset) : s->value->at;
    va_start(ap, fmt);
    if ( vasprintf(&text, fmt, ap) < 0 )
        text = NULL;
    va_end(ap);
    cfg_find(s->f, level, at, "%s '%.80s': %s", s->what, s->text, text ? text : "out of memory");
    free(text);
}

static const char *skip_blanks(const char *p)
{
    while ( isspace((unsigned char)*p) )
        p++;
    return p;
}

/* Without the blanks behind it. */
static char *trimmed(const char *start, const char *end)
{
    while ( end > start && isspace((unsigned char)end[-1]) )
        end--;
    return cfg_strndup(start, end - start);
}

/* The end of KEY in "KEY = VALUE", NULL if the field is not of that form. */
static const char *key_end(const char *start)
{
    const char *p = start;

    if ( !isalpha((unsigned char)*p) )
        return NULL;
    while ( isalnum((unsigned char)*p) || *p == '_' || *p == '-' )
        p++;
    return *skip_blanks(p) == '=' ? p : NULL;
}

bool cfg_field_next(const char **p, struct cfg_field *field)
{
    const char *start = skip_blanks(*p), *end, *key;

    memset(field, 0, sizeof(*field));
    if ( !*start )
        return false;
    field->start = field->value_start = start;
    key = key_end(start);
    if ( key ) {
        field->key = trimmed(start, key);
        field->value_start = skip_blanks(skip_blanks(key) + 1);
    }
    if ( key && !strcmp(field->key, "target") )
        end = field->value_start + strlen(field->value_start);
    else
        end = field->value_start + strcspn(field->value_start, ",");
    /* A target's blanks belong to it. */
    if ( key && !strcmp(field->key, "target") )
        field->value = cfg_strdup(field->value_start);
    else
        field->value = trimmed(field->value_start, end);
    *p = *end == ',' ? end + 1 : end;
    return true;
}

void cfg_field_free(struct cfg_field *field)
{
    free((char *)field->key);
    free(field->value);
    memset(field, 0, sizeof(*field));
}
