/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl init-dom0: once after each boot, when the store has come up (xen-init-dom0.service).
 */
#include "xl.h"

int cmd_init_dom0(int argc, char **argv)
{
    xl_no_options(argc, argv);
    if ( xn_host_init_dom0(xl_ctx()) )
        return xl_failed(NULL, "init-dom0");
    return XL_OK;
}
