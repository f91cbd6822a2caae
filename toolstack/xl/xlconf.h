/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/xen/xl.conf: read at the first question, never before.
 */
#ifndef XL_XLCONF_H
#define XL_XLCONF_H

#include "xl.h"

#define XL_CONF_PATH "/etc/xen/xl.conf"

/* A value as text, or NULL: not set.  Numbers and lists are as they were written. */
const char *xl_conf(const char *key);
/* Boolean: number or text. */
bool xl_conf_true(const char *key, bool otherwise);
/* The mask of CPUs for guests of a type ("0-3"), or NULL: all. */
const char *xl_conf_cpumask(enum xn_type type);
/* Read this text instead of the file: for tests. */
void xl_conf_parse(const char *path, char *text);

/* CPUs that are in both sets, as a set; NULL after a message: none, or no sets. */
char *xl_intersect_cpus(const char *a, const char *b);

#endif
