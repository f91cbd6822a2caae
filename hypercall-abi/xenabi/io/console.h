/* SPDX-License-Identifier: MIT */
/*
 * The PV console's page: a byte ring each way, indices free-running.
 */
#ifndef XENABI_IO_CONSOLE_H
#define XENABI_IO_CONSOLE_H

#include <xenabi/types.h>

struct xencons_interface {
    char     in[1024];              /* to the guest */
    char     out[2048];             /* from the guest */
    uint32_t in_cons;
    uint32_t in_prod;
    uint32_t out_cons;
    uint32_t out_prod;
};
ABI_SIZE(xencons_interface, 3088);

#endif
