/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor itself: its log, debug keys, parameters.
 */
#include <stdlib.h>

#include "xl.h"

int cmd_dmesg(int argc, char **argv)
{
    bool clear = false;
    char *text;
    int c;

    while ( (c = xl_getopt(argc, argv)) != -1 )
        clear |= c == 'c';
    if ( xn_host_dmesg(xl_ctx(), clear, &text) )
        return xl_failed(NULL, "dmesg");
    fputs(text, stdout);
    free(text);
    return XL_OK;
}

int cmd_debug_keys(int argc, char **argv)
{
    xl_no_options(argc, argv);
    if ( xl.dry_run ) {
        printf("the hypervisor would be sent the keys %s\n", argv[optind]);
        return XL_OK;
    }
    if ( xn_host_debug_keys(xl_ctx(), argv[optind]) )
        return xl_failed(NULL, "debug-keys");
    return XL_OK;
}

int cmd_set_parameters(int argc, char **argv)
{
    xl_no_options(argc, argv);
    if ( xl.dry_run ) {
        printf("the hypervisor's parameters would be set: %s\n", argv[optind]);
        return XL_OK;
    }
    if ( xn_host_set_parameters(xl_ctx(), argv[optind]) )
        return xl_failed(NULL, "set-parameters");
    return XL_OK;
}
