/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON as text, laid out as libxl lays it out (four blanks, an empty line in an empty
 * object), and access to what was read.
 */
#include "json.h"

#include <stdlib.h>
#include <string.h>

static void put(struct json_out *o, const char *s, size_t n)
{
    if ( o->length + n + 1 > o->size ) {
        o->size = (o->length + n + 1) * 2;
        o->text = realloc(o->text, o->size);
        if ( !o->text ) {
            fputs("xenolith: out of memory\n", stderr);
            abort();
        }
    }
    memcpy(o->text + o->length, s, n);
    o->length += n;
    o->text[o->length] = '\0';
}

static void puts_(struct json_out *o, const char *s)
{
    put(o, s, strlen(s));
}

static void indent(struct json_out *o)
{
    for ( unsigned int i = 0; i < o->depth; i++ )
        puts_(o, "    ");
}

static void quoted(struct json_out *o, const char *s)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";

    puts_(o, "\"");
    for ( ; *s; s++ ) {
        const char *known = strchr(from, *s);
        char text[8];

        if ( known ) {
            text[0] = '\\';
            text[1] = to[known - from];
            put(o, text, 2);
        } else if ( (unsigned char)*s < 0x20 ) {
            snprintf(text, sizeof(text), "\\u%04X", *s);
            puts_(o, text);
        } else {
            put(o, s, 1);
        }
    }
    puts_(o, "\"");
}

/* What stands before a value. */
static void begin(struct json_out *o, const char *key)
{
    if ( o->depth ) {
        if ( !o->first )
            puts_(o, ",\n");
        indent(o);
    }
    o->first = false;
    if ( key ) {
        quoted(o, key);
        puts_(o, ": ");
    }
}

void jo_open(struct json_out *o, const char *key, char bracket)
{
    begin(o, key);
    put(o, &bracket, 1);
    puts_(o, "\n");
    o->depth++;
    o->first = true;
}

void jo_close(struct json_out *o, char bracket)
{
    o->depth--;
    o->first = false;
    puts_(o, "\n");
    indent(o);
    put(o, &bracket, 1);
    if ( !o->depth )
        puts_(o, "\n");
}

void jo_text(struct json_out *o, const char *key, const char *value)
{
    begin(o, key);
    quoted(o, value);
}

void jo_number(struct json_out *o, const char *key, unsigned long long value)
{
    char text[24];

    begin(o, key);
    snprintf(text, sizeof(text), "%llu", value);
    puts_(o, text);
}

void jo_signed(struct json_out *o, const char *key, long long value)
{
    char text[24];

    begin(o, key);
    snprintf(text, sizeof(text), "%lld", value);
    puts_(o, text);
}

void jo_bool(struct json_out *o, const char *key, bool value)
{
    begin(o, key);
    puts_(o, value ? "true" : "false");
}

void jo_defbool(struct json_out *o, const char *key, bool value)
{
    jo_text(o, key, value ? "True" : "False");
}

void jo_value(struct json_out *o, const char *key, struct json_object *value)
{
    if ( json_object_is_type(value, json_type_object) ) {
        jo_open(o, key, '{');
        json_object_object_foreach(value, name, member)
            jo_value(o, name, member);
        jo_close(o, '}');
    } else if ( json_object_is_type(value, json_type_array) ) {
        jo_open(o, key, '[');
        for ( size_t i = 0; i < json_object_array_length(value); i++ )
            jo_value(o, NULL, json_object_array_get_idx(value, i));
        jo_close(o, ']');
    } else if ( json_object_is_type(value, json_type_string) ) {
        jo_text(o, key, json_object_get_string(value));
    } else {
        begin(o, key);
        puts_(o, json_object_to_json_string(value));
    }
}

struct json_object *json_get(struct json_object *o, const char *key, enum json_type type)
{
    struct json_object *value;

    if ( !o || !json_object_is_type(o, json_type_object) ||
        !json_object_object_get_ex(o, key, &value) || !json_object_is_type(value, type) )
        return NULL;
    return value;
}

bool json_get_text(struct json_object *o, const char *key, const char **value)
{
    struct json_object *s = json_get(o, key, json_type_string);

    /* A string with a NUL inside is not one that was ever written. */
    if ( !s || strlen(json_object_get_string(s)) != (size_t)json_object_get_string_len(s) )
        return false;
    *value = json_object_get_string(s);
    return true;
}

bool json_get_number(struct json_object *o, const char *key, int64_t *value)
{
    struct json_object *n = json_get(o, key, json_type_int);

    if ( n )
        *value = json_object_get_int64(n);
    return n;
}

/* true, 1 or "True". */
bool json_get_flag(struct json_object *o, const char *key, bool *value)
{
    struct json_object *b = json_get(o, key, json_type_boolean);
    const char *text;
    int64_t n;

    if ( b )
        *value = json_object_get_boolean(b);
    else if ( json_get_text(o, key, &text) )
        *value = !strcmp(text, "True");
    else if ( json_get_number(o, key, &n) )
        *value = n != 0;
    else
        return false;
    return true;
}
