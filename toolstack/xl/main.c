/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl: finds the command and calls it.  Nothing else is done first: no handle is opened, no
 * file is read, before the command is known and wants it.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "xl.h"

struct xl_globals xl = { .program = "xl" };

/* Called by another name, xl is that command ("xentop"), or the old xm. */
static int by_name(const char *name, int argc, char **argv)
{
    if ( !strcmp(name, "xentop") ) {
        bool several;

        xl.command = xl_lookup("top", &several);
        return xl.command->run(argc, argv);
    }
    xl.xm = !strcmp(name, "xm");
    xl.program = xl.xm ? "xm" : "xl";
    return -1;
}

static int global_options(int argc, char **argv)
{
    int c;

    opterr = 0;
    while ( (c = getopt(argc, argv, "+vNftTh")) != -1 ) {
        switch ( c ) {
        case 'v':
            xl.verbose++;
            break;
        case 'N':
            xl.dry_run = true;
            break;
        case 'f':
            xl.force = true;
            break;
        case 't':
            xl.progress = true;
            break;
        case 'T':
            xl.timestamps = true;
            break;
        case 'h':
            return -1;
        default:
            if ( !strncmp(argv[optind - 1], "--help", 7) || !strcmp(argv[optind], "--help") )
                return -1;
            xl_error("unknown option %s before the command; xl help lists what there is",
                     argv[optind < argc ? optind : argc - 1]);
            exit(XL_USAGE);
        }
    }
    return optind;
}

static void run_dry_check(const struct xl_command *c)
{
    if ( !xl.dry_run || (c->flags & XL_DRY_RUN) || !(c->flags & XL_CHANGES) )
        return;
    xl_error("%s: -N: this command has no dry run; leave out -N to run it", c->name);
    exit(XL_FAILED);
}

int main(int argc, char **argv)
{
    const char *base = strrchr(argv[0], '/');
    bool several;
    int first, rc;

    setvbuf(stderr, NULL, _IOLBF, BUFSIZ);      /* a message is one write */
    rc = by_name(base ? base + 1 : argv[0], argc, argv);
    if ( rc >= 0 )
        return rc;
    first = global_options(argc, argv);
    if ( first < 0 || first == argc ) {
        xl_help_all(first < 0 ? stdout : stderr);
        return first < 0 ? XL_OK : XL_FAILED;
    }
    xl.command = xl_lookup(argv[first], &several);
    if ( !xl.command ) {
        xl_error(several ? "%s: several commands begin like this; write more of it" :
                 "%s: no such command; xl help lists them", argv[first]);
        return XL_FAILED;
    }
    run_dry_check(xl.command);
    argv[first] = (char *)xl.command->name;
    optind = 1;
    rc = xl.command->run(argc - first, argv + first);
    xl_end();
    if ( fflush(stdout) || ferror(stdout) ) {
        xl_error("standard output: cannot be written");
        return rc ? rc : XL_FAILED;
    }
    return rc;
}
