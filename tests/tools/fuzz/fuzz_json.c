/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxl's JSON form of a configuration.  What was read once and written is read and written
 * the same again.
 */
#include "config_host.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xn_ctx *ctx = xn_ctx_new();
    char *text = strndup((const char *)data, size);
    struct xn_domain_config c;

    xn_set_log(ctx, XN_ERROR, quiet, NULL);
    if ( !xn_config_from_json(ctx, &c, text) )
        write_both(ctx, &c);
    xn_config_free(&c);
    free(text);
    xn_ctx_free(ctx);
    return 0;
}
