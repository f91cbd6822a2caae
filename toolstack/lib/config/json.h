/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxl's JSON form of a configuration: what its writer and its reader share.
 */
#ifndef CONFIG_JSON_H
#define CONFIG_JSON_H

#include "cfg.h"

#include <json-c/json.h>

/* A text being written, in the layout that libxl's has. */
struct json_out {
    char *text;
    size_t length, size;
    unsigned int depth;
    bool first;                 /* nothing written yet at this depth */
};

/* key NULL: an element of an array. */
void jo_open(struct json_out *o, const char *key, char bracket);
void jo_close(struct json_out *o, char bracket);
void jo_text(struct json_out *o, const char *key, const char *value);
void jo_number(struct json_out *o, const char *key, unsigned long long value);
void jo_signed(struct json_out *o, const char *key, long long value);
void jo_bool(struct json_out *o, const char *key, bool value);        /* true */
void jo_defbool(struct json_out *o, const char *key, bool value);     /* "True" */

/* Any value as it was read. */
void jo_value(struct json_out *o, const char *key, struct json_object *value);

/* Reading: the member if it is there and of that kind. */
bool json_get_text(struct json_object *o, const char *key, const char **value);
bool json_get_number(struct json_object *o, const char *key, int64_t *value);
bool json_get_flag(struct json_object *o, const char *key, bool *value);    /* any bool form */
struct json_object *json_get(struct json_object *o, const char *key, enum json_type type);

/*
 * The members of c_info and b_info.  rest: what json_drop_known left of the object that the
 * configuration was read from, written behind what is known; NULL: nothing.
 */
void json_write_info(struct json_out *o, struct xn_ctx *ctx, const struct xn_domain_config *c,
                     struct json_object *rest);
void json_read_info(struct xn_domain_config *c, struct json_object *config);
/* Take what is known out of both; false if nothing is left of them. */
void json_drop_known(struct json_object *config);

/* disks, nics, pcidevs, channels: arrays that are left out when empty. */
void json_write_devices(struct json_out *o, const struct xn_domain_config *c);
void json_read_devices(struct xn_domain_config *c, struct json_object *config);

/* CPU sets: text from and to the array of numbers. */
void json_write_affinity(struct json_out *o, struct xn_ctx *ctx, const struct xn_domain_config *c);
void json_read_affinity(struct xn_domain_config *c, struct json_object *b_info);

#endif
