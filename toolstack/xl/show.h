/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forms of output that several commands share: sets of CPUs, configurations as JSON or SXP.
 */
#ifndef XL_SHOW_H
#define XL_SHOW_H

#include "xl.h"

/* A bitmap as "0-3,6"; all bits set: the word given; none: "none".  malloc'd. */
char *show_set(const uint8_t *bits, uint32_t nr, const char *all);
/* "poweroff", "reboot", ... */
const char *show_reason(unsigned int reason);
/* "1 day, 2:03:04" */
void show_uptime(uint64_t seconds, char *text, size_t size);

/* Everything known of these domains, as JSON or SXP. */
int show_configs(const struct xn_domain *list, size_t n, bool sxp);
/* One configuration that is no domain yet. */
int show_config(const struct xn_domain_config *c, bool sxp);
/* The same, as JSON. */
int show_config_on(FILE *out, const struct xn_domain_config *c);
void show_sxp(FILE *out, const struct xn_domain_config *c, const struct xn_domain *d);

#endif
