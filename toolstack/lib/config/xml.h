/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's domain XML: what its writer's and its reader's parts share.
 */
#ifndef CONFIG_XML_H
#define CONFIG_XML_H

#include "keys.h"

#include <libxml/tree.h>

/* Writing. */
struct xml_out {
    struct xn_ctx *ctx;
    struct _xmlTextWriter *w;
};

void xo_open(struct xml_out *o, const char *name);
void xo_close(struct xml_out *o);
void xo_attr(struct xml_out *o, const char *name, const char *value);
void xo_attr_number(struct xml_out *o, const char *name, unsigned long long value);
void xo_text(struct xml_out *o, const char *name, const char *value);
void xo_empty(struct xml_out *o, const char *name, const char *attr, const char *value);
/* Warn that a setting has no place in XML. */
void xo_lost(struct xml_out *o, const char *what, const char *value);

void xml_write_devices(struct xml_out *o, const struct xn_domain_config *c);

/* Reading. */
struct xml_in {
    struct cfg_load l;
};

/* An element and who reads it; read NULL: known and without meaning here. */
struct xml_element {
    const char *name;
    void (*read)(struct xml_in *in, xmlNode *node, void *data);
};

/* Read each child element by the table; others get a warning. */
void xi_children(struct xml_in *in, xmlNode *node, const struct xml_element *table, void *data);
/* malloc'd text of an attribute or an element, blanks around it dropped; NULL: none. */
char *xi_attr(xmlNode *node, const char *name);
char *xi_text(xmlNode *node);
/* True if the attribute is there and has this value. */
bool xi_is(xmlNode *node, const char *name, const char *value);
/* A number attribute in a range into *n; a finding if it is none. */
bool xi_number(struct xml_in *in, xmlNode *node, const char *name, long min, long max, long *n);
void xi_find(struct xml_in *in, enum xn_level level, xmlNode *node, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

void xml_read_devices(struct xml_in *in, xmlNode *node, void *data);

#endif
