/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl console: the user's terminal on a domain's console.  The work is in lib/console/.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xenolith/console.h"
#include "xl.h"

#define DEFAULT_ESCAPE 0x1d         /* CTRL-] */

/* "x", "^x", or "" for none; -2: neither. */
static int parse_escape(const char *text)
{
    if ( !*text )
        return -1;
    if ( text[0] == '^' && text[1] && !text[2] )
        return text[1] == '?' ? 0x7f : text[1] & 0x1f;
    return text[1] ? -2 : (unsigned char)text[0];
}

static int parse_option(int opt, struct xn_console_view *view)
{
    long number;

    switch ( opt ) {
    case 'e':
        view->escape = parse_escape(optarg);
        if ( view->escape == -2 )
            return xl_error("-e: '%s' is no single character, ^ and a character, or ''", optarg);
        break;
    case 'n':
        if ( !xl_number(optarg, 0, 31, &number) )
            return xl_error("-n: '%s' is no console number (0 to 31)", optarg);
        view->number = (uint32_t)number;
        break;
    case 't':
        view->serial = !strcmp(optarg, "serial");
        if ( !view->serial && strcmp(optarg, "pv") )
            return xl_error("-t: '%s' is no console type; there are pv and serial", optarg);
        break;
    }
    return 0;
}

int cmd_console(int argc, char **argv)
{
    struct xn_console_view view = { .escape = DEFAULT_ESCAPE };
    const char *who;
    int opt;

    while ( (opt = xl_getopt(argc, argv)) != -1 )
        if ( parse_option(opt, &view) )
            return XL_USAGE;
    who = argv[optind];
    if ( xn_domain_find(xl_ctx(), who, &view.domid) ) {
        char *end;
        const unsigned long id = strtoul(who, &end, 10);

        /* The daemon may still have what a domain that is gone wrote last. */
        if ( end != who && !*end )
            view.domid = (uint32_t)id;
        else
            view.name = who;
    }
    return xn_console_run(&view) ? XL_FAILED : XL_OK;
}
