/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's life: destroy, pause, unpause, sysrq, trigger, dump-core.  Creation is in
 * cmd_create.c, orderly ends in cmd_shutdown.c.
 */
#include <stdlib.h>
#include <string.h>

#include "xl.h"

int cmd_destroy(int argc, char **argv)
{
    bool force = xl.force;
    uint32_t domid;
    int c;

    while ( (c = xl_getopt(argc, argv)) != -1 )
        force |= c == 'f';
    if ( xl_find(argv[optind], &domid) )
        return XL_FAILED;
    if ( domid == 0 && !force )
        return xl_error("%s: destroy: this is domain 0, the host itself; -f insists, where "
                        "another domain holds the tools", argv[optind]);
    if ( xl.dry_run ) {
        printf("domain %u (%s) would be destroyed\n", domid, argv[optind]);
        return XL_OK;
    }
    if ( xn_domain_destroy(xl_ctx(), domid) )
        return xl_failed(argv[optind], "destroy");
    return XL_OK;
}

static int simple(int argc, char **argv, const char *what,
                  int (*act)(struct xn_ctx *ctx, uint32_t domid))
{
    uint32_t domid;

    xl_no_options(argc, argv);
    if ( xl_find(argv[optind], &domid) )
        return XL_FAILED;
    if ( xl.dry_run ) {
        printf("domain %u would be %s\n", domid, what);
        return XL_OK;
    }
    if ( act(xl_ctx(), domid) )
        return xl_failed(argv[optind], "%s", xl.command->name);
    return XL_OK;
}

int cmd_pause(int argc, char **argv)
{
    return simple(argc, argv, "paused", xn_domain_pause);
}

int cmd_unpause(int argc, char **argv)
{
    return simple(argc, argv, "unpaused", xn_domain_unpause);
}

int cmd_sysrq(int argc, char **argv)
{
    const char *key;
    uint32_t domid;

    xl_no_options(argc, argv);
    key = argv[optind + 1];
    if ( xl_find(argv[optind], &domid) )
        return XL_FAILED;
    if ( !key[0] || key[1] )
        return xl_error("%s: sysrq: %s: want one letter", argv[optind], key);
    if ( xl.dry_run ) {
        printf("domain %u would be sent SysRq %s\n", domid, key);
        return XL_OK;
    }
    if ( xn_domain_sysrq(xl_ctx(), domid, *key) )
        return xl_failed(argv[optind], "sysrq");
    return XL_OK;
}

static int trigger(const char *name, const char *what, long vcpu)
{
    uint32_t domid;

    if ( xl_find(name, &domid) )
        return XL_FAILED;
    if ( xl.dry_run ) {
        printf("domain %u would be sent %s\n", domid, what);
        return XL_OK;
    }
    if ( xn_domain_trigger(xl_ctx(), domid, what, (int)vcpu) )
        return xl_failed(name, "%s", xl.command->name);
    return XL_OK;
}

int cmd_trigger(int argc, char **argv)
{
    long vcpu = -1;

    xl_no_options(argc, argv);
    if ( argc - optind > 2 && !xl_number(argv[optind + 2], 0, 8191, &vcpu) )
        return xl_error("%s: trigger: vCPU %s: not a number", argv[optind], argv[optind + 2]);
    return trigger(argv[optind], argv[optind + 1], vcpu);
}

int cmd_button_press(int argc, char **argv)
{
    const char *button;

    xl_no_options(argc, argv);
    button = argv[optind + 1];
    if ( strcmp(button, "power") && strcmp(button, "sleep") )
        return xl_error("%s: button-press: %s: there are power and sleep", argv[optind], button);
    return trigger(argv[optind], button, -1);
}

int cmd_dump_core(int argc, char **argv)
{
    uint32_t domid;

    xl_no_options(argc, argv);
    if ( xl_find(argv[optind], &domid) )
        return XL_FAILED;
    if ( xl.dry_run ) {
        printf("domain %u's memory would be written to %s\n", domid, argv[optind + 1]);
        return XL_OK;
    }
    if ( xn_domain_dump_core(xl_ctx(), domid, argv[optind + 1]) )
        return xl_failed(argv[optind], "dump-core");
    return XL_OK;
}
