/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes JSON: see json.h. */
#include <string.h>

#include "json.h"

void json_init(struct json *j, FILE *out)
{
    memset(j, 0, sizeof(*j));
    j->out = out;
}

static void indent(struct json *j)
{
    for ( unsigned int i = 0; i < j->depth; i++ )
        fputs("    ", j->out);
}

/* U+FFFD for what is no UTF-8: names come from a store that guests may write to. */
static const char *plain_utf8(const unsigned char *s, FILE *out)
{
    unsigned int more = *s >= 0xf0 && *s < 0xf5 ? 3 : *s >= 0xe0 ? 2 : 1;

    if ( *s >= 0xc2 && *s < 0xf5 ) {
        unsigned int n = 1;

        while ( n <= more && (s[n] & 0xc0) == 0x80 )
            n++;
        if ( n > more ) {
            fwrite(s, 1, more + 1, out);
            return (const char *)s + more + 1;
        }
    }
    fputs("\xef\xbf\xbd", out);
    return (const char *)s + 1;
}

static void quoted(FILE *out, const char *s)
{
    fputc('"', out);
    while ( *s ) {
        unsigned char c = (unsigned char)*s;

        if ( c >= 0x80 ) {
            s = plain_utf8((const unsigned char *)s, out);
            continue;
        }
        s++;
        if ( c == '"' || c == '\\' )
            fprintf(out, "\\%c", c);
        else if ( c == '\n' )
            fputs("\\n", out);
        else if ( c == '\t' )
            fputs("\\t", out);
        else if ( c < 0x20 || c == 0x7f )
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

/* What stands before every value. */
static void value(struct json *j, const char *key)
{
    if ( j->depth ) {
        fputs(j->some[j->depth] ? ",\n" : "\n", j->out);
        j->some[j->depth] = true;
        indent(j);
    }
    if ( key ) {
        quoted(j->out, key);
        fputs(": ", j->out);
    }
}

void json_open(struct json *j, const char *key, char kind)
{
    value(j, key);
    fputc(kind, j->out);
    if ( j->depth + 1 < JSON_DEPTH )
        j->depth++;
    j->some[j->depth] = false;
    j->close[j->depth] = kind == '{' ? '}' : ']';
}

void json_close(struct json *j)
{
    char close = j->close[j->depth];

    fputs(j->some[j->depth] ? "\n" : "\n\n", j->out);
    j->depth--;
    indent(j);
    fputc(close, j->out);
    if ( !j->depth )
        fputc('\n', j->out);
}

void json_string(struct json *j, const char *key, const char *s)
{
    value(j, key);
    if ( s )
        quoted(j->out, s);
    else
        fputs("null", j->out);
}

void json_int(struct json *j, const char *key, int64_t v)
{
    value(j, key);
    fprintf(j->out, "%lld", (long long)v);
}

void json_uint(struct json *j, const char *key, uint64_t v)
{
    value(j, key);
    fprintf(j->out, "%llu", (unsigned long long)v);
}

void json_seconds(struct json *j, const char *key, uint64_t ns)
{
    value(j, key);
    fprintf(j->out, "%llu.%03u", (unsigned long long)(ns / 1000000000),
            (unsigned int)(ns % 1000000000 / 1000000));
}

void json_bool(struct json *j, const char *key, bool v)
{
    value(j, key);
    fputs(v ? "true" : "false", j->out);
}

void json_text(struct json *j, const char *key, const char *text)
{
    size_t len = strlen(text);

    value(j, key);
    while ( len && (text[len - 1] == '\n' || text[len - 1] == ' ') )
        len--;
    for ( size_t i = 0; i < len; i++ ) {
        fputc(text[i], j->out);
        if ( text[i] == '\n' && i + 1 < len && text[i + 1] != '\n' )
            indent(j);
    }
}
