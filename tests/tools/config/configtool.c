/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads configurations and prints them in another language: what the tests of config/ use.
 *
 *   configtool json|xml [-c xl.conf] [-x LINES] FILE
 *
 * Findings and warnings go to the standard error.  The machine is host.c's.
 */
#include <xenolith/xenolith.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int print(struct xn_ctx *ctx, const char *language, const struct xn_domain_config *c)
{
    char *text = NULL;
    int rc = !strcmp(language, "xml") ? xn_config_to_xml(ctx, c, &text) :
             xn_config_to_json(ctx, c, &text);

    if ( !rc )
        fputs(text, stdout);
    free(text);
    return rc;
}

int main(int argc, char **argv)
{
    const char *conf = NULL, *extra = NULL;
    struct xn_findings f = { 0 };
    struct xn_domain_config c;
    struct xn_defaults d;
    struct xn_ctx *ctx = xn_ctx_new();
    int opt, rc = 0;

    while ( (opt = getopt(argc, argv, "c:x:")) != -1 ) {
        conf = opt == 'c' ? optarg : conf;
        extra = opt == 'x' ? optarg : extra;
    }
    if ( argc - optind != 2 )
        return 2;
    xn_defaults_init(&d);
    if ( conf ) {
        xn_defaults_free(&d);
        rc = xn_defaults_load(ctx, &d, &f, conf);
        xn_findings_print(&f, conf, stderr);
        xn_findings_free(&f);
    }
    xn_config_init(&c);
    if ( !rc )
        rc = xn_config_load(ctx, &c, &f, argv[optind + 1], extra);
    xn_findings_print(&f, argv[optind + 1], stderr);
    if ( !rc ) {
        xn_defaults_apply(&d, &c);
        rc = print(ctx, argv[optind], &c);
    }
    if ( rc )
        fprintf(stderr, "%s\n", xn_why(ctx));
    xn_findings_free(&f);
    xn_config_free(&c);
    xn_defaults_free(&d);
    xn_ctx_free(ctx);
    return rc ? 1 : 0;
}
