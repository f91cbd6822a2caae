/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The viewer as a program: view-test SOCKET DOMID|NAME NUMBER WAIT.
 */
#include <stdlib.h>
#include <xenolith/console.h>

int main(int argc, char **argv)
{
    struct xn_console_view view = { .escape = 0x1d };
    char *end;

    if ( argc != 5 )
        return 2;
    view.socket = argv[1];
    view.domid = (uint32_t)strtoul(argv[2], &end, 10);
    if ( *end )
        view.name = argv[2];
    view.number = (uint32_t)atoi(argv[3]);
    view.wait = atoi(argv[4]);
    return xn_console_run(&view);
}
