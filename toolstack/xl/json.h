/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON on stdout, laid out as xl's output has always been (four blanks a level, one value a
 * line).  It only writes; the library reads.
 */
#ifndef XL_JSON_H
#define XL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH 16

struct json {
    FILE *out;
    unsigned int depth;
    bool some[JSON_DEPTH];      /* a value came before in this level */
    char close[JSON_DEPTH];
};

void json_init(struct json *j, FILE *out);
/* kind: '{' or '['.  key: NULL inside a list and at the top. */
void json_open(struct json *j, const char *key, char kind);
void json_close(struct json *j);
void json_string(struct json *j, const char *key, const char *value);   /* NULL: null */
void json_int(struct json *j, const char *key, int64_t value);
void json_uint(struct json *j, const char *key, uint64_t value);
void json_seconds(struct json *j, const char *key, uint64_t ns);
void json_bool(struct json *j, const char *key, bool value);
/* JSON text made elsewhere in the same layout, moved in to this level. */
void json_text(struct json *j, const char *key, const char *text);

#endif
