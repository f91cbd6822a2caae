/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's domain XML.
 */
#include "config_host.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xn_ctx *ctx = xn_ctx_new();
    struct xn_domain_config c;
    struct xn_findings f = { 0 };

    xn_set_log(ctx, XN_ERROR, quiet, NULL);
    if ( !xn_config_from_xml(ctx, &c, &f, (const char *)data, size) )
        write_both(ctx, &c);
    xn_config_free(&c);
    xn_findings_free(&f);
    xn_ctx_free(ctx);
    return 0;
}
