/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The languages that are not read and written yet.
 */
#include <xenolith/config.h>
#include <errno.h>
int xn_config_from_xml(struct xn_ctx *ctx, struct xn_domain_config *c, struct xn_findings *f, const char *xml, size_t length)
{ return xn_fail(ctx, EOPNOTSUPP, "reading libvirt's XML is not there yet"); }
int xn_config_to_xml(struct xn_ctx *ctx, const struct xn_domain_config *c, char **xml)
{ return xn_fail(ctx, EOPNOTSUPP, "writing libvirt's XML is not there yet"); }
