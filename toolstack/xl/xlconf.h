/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/xen/xl.conf: read at the first question, never before.
 */
#ifndef XL_XLCONF_H
#define XL_XLCONF_H

#include "xl.h"

#ifndef XL_CONF_PATH
#define XL_CONF_PATH XN_DEFAULTS_PATH
#endif

/* What the file says.  A slip in it is warned about and does not keep domains from being
 * managed: the defaults hold for what could not be read. */
const struct xn_defaults *xl_conf(void);
/* The host's CPUs that are in a set and in the file's masks for this type, as a set; malloc'd.
 * NULL after a message: there are none, or it is no set. */
char *xl_masked_cpus(const char *set, enum xn_type type);
bool xl_has_cpumask(enum xn_type type);

#endif
