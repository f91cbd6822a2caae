/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A member of an object of libxl's JSON, as the tables of json_info.c and json_hvm.c have it.
 */
#ifndef CONFIG_JSON_MEMBER_H
#define CONFIG_JSON_MEMBER_H

#include "json.h"

enum { JSON_PV = 1, JSON_PVH = 2, JSON_HVM = 4 };

enum kind {
    /* Fields of struct xn_domain_config. */
    F_TEXT, F_NUMBER, F_DEFBOOL,
    /* Settings: xl.cfg keys that only later parts use. */
    S_TEXT, S_NUMBER, S_DEFBOOL, S_MIB, S_LIST, S_WORD,
    /* What is not one to one. */
    CALL, OBJECT,
};

struct writer {
    struct json_out *o;
    struct xn_ctx *ctx;
    const struct xn_domain_config *c;
};

struct member {
    const char *name;
    enum kind kind;
    size_t offset;              /* F_* */
    const char *key;            /* S_* */
    long omitted;               /* S_NUMBER that is not written */
    bool zero_omitted;          /* F_NUMBER */
    const struct member *members;                   /* OBJECT */
    unsigned int types;         /* guests that have it, JSON_*; 0: all */
    void (*write)(struct writer *w);                /* CALL */
    void (*read)(struct xn_domain_config *c, struct json_object *o);
};

extern const struct member json_hvm[], json_pvh[];

void json_write_cpuid(struct writer *w);
void json_read_cpuid(struct xn_domain_config *c, struct json_object *b_info);

void json_write_list(struct json_out *o, const char *name, const char *joined);
/* Put the strings of a list into the setting key. */
void json_read_list(struct xn_domain_config *c, struct json_object *o, const char *name,
                    const char *key);

#endif
