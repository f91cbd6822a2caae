/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What xl's tests leave out: console and top (tested in their own folders), and the handles of
 * a host (ctx/handles.c), which nothing here may open.
 */
#include <stdlib.h>

#include "ctx/context.h"
#include "xl.h"

int cmd_console(int argc, char **argv)
{
    while ( xl_getopt(argc, argv) != -1 )
        ;
    return XL_OK;
}

int cmd_top(int argc, char **argv)
{
    while ( xl_getopt(argc, argv) != -1 )
        ;
    printf("top\n");
    return XL_OK;
}

void ctx_close_handles(struct xn_ctx *ctx)
{
}
