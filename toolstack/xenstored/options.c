/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: the options of Xen's xenstored, and a few of our own.
 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "domain.h"
#include "quota.h"

#define OPT_NO_DOMAINS 1000
#define OPT_VERSION    1001

static const struct option longs[] = {
    { "no-domain-init", 0, NULL, 'D' }, { "entry-nb", 1, NULL, 'E' },
    { "pid-file", 1, NULL, 'F' }, { "help", 0, NULL, 'H' }, { "internal-db", 2, NULL, 'I' },
    { "keep-orphans", 0, NULL, 'K' }, { "path-max", 1, NULL, 'M' }, { "no-fork", 0, NULL, 'N' },
    { "output-pid", 0, NULL, 'P' }, { "quota", 1, NULL, 'Q' }, { "no-recovery", 0, NULL, 'R' },
    { "entry-size", 1, NULL, 'S' }, { "trace-file", 1, NULL, 'T' }, { "verbose", 0, NULL, 'V' },
    { "watch-nb", 1, NULL, 'W' }, { "quota-soft", 1, NULL, 'q' },
    { "transaction", 1, NULL, 't' }, { "timeout", 1, NULL, 'w' }, { "perm-nb", 1, NULL, 'A' },
    { "no-domains", 0, NULL, OPT_NO_DOMAINS }, { "version", 0, NULL, OPT_VERSION },
    { 0 },
};

static const char usage[] =
    "Usage: xenstored [options]\n"
    "\n"
    "  -F, --pid-file FILE        write the daemon's pid there\n"
    "  -N, --no-fork              stay in the foreground; messages to stderr\n"
    "  -P, --output-pid           print the daemon's pid\n"
    "  -T, --trace-file FILE      log every request there\n"
    "  -V, --verbose              more messages\n"
    "  -D, --no-domain-init       do not serve the ring of this domain's own kernel\n"
    "      --no-domains           serve sockets only, even if there is a hypervisor\n"
    "  -R, --no-recovery          begin with an empty store, whatever the journal holds\n"
    "  -K, --keep-orphans         keep the nodes of domains that are gone (as dom0's)\n"
    "  -H, --help, --version\n"
    "\n"
    "Limits for each unprivileged domain (0: none):\n"
    "  -E, --entry-nb N           nodes (1000)\n"
    "  -S, --entry-size N         bytes of a node (2048)\n"
    "  -W, --watch-nb N           watches (128)\n"
    "  -t, --transaction N        transactions at a time (10)\n"
    "  -A, --perm-nb N            permissions of a node (5)\n"
    "  -M, --path-max N           characters of a path (3072)\n"
    "  -Q, --quota NAME=N         nodes, node-size, watches, transactions, outstanding,\n"
    "                             transaction-nodes, memory, permissions, path-max\n"
    "  -q, --quota-soft NAME=N    warn above it\n"
    "\n"
    "Taken and without effect: -I, --internal-db (the store is in memory, its journal in the\n"
    "run directory); -w, --timeout watch-event=N (output is bounded by size, not time).\n"
    "\n"
    "Environment: XENSTORED_RUNDIR (/run/xenstored), XENSTORED_PATH (its socket).\n";

static void __attribute__((noreturn)) wrong(const char *what, const char *value)
{
    fprintf(stderr, "xenstored: %s: %s; --help shows the options\n", what, value);
    exit(2);
}

static void limit(const char *name, const char *value)
{
    if ( !quota_set(name, value, false) )
        wrong("not a number", value);
}

static bool take_limit(int opt, const char *value)
{
    switch ( opt ) {
    case 'E': limit("nodes", value); return true;
    case 'S': limit("node-size", value); return true;
    case 'W': limit("watches", value); return true;
    case 't': limit("transactions", value); return true;
    case 'A': limit("permissions", value); return true;
    case 'M': limit("path-max", value); return true;
    case 'Q':
    case 'q':
        if ( !quota_parse(value, opt == 'q') )
            wrong("not a quota, NAME=NUMBER", value);
        return true;
    case 'w':
        if ( strncmp(value, "watch-event=", 12) )
            wrong("not a timeout, watch-event=SECONDS", value);
        return true;
    }
    return false;
}

static void take(int opt, const char *value, struct options *o)
{
    switch ( opt ) {
    case 'D': o->no_own_ring = true; break;
    case 'F': o->pid_file = value; break;
    case 'I': break;
    case 'K': domain_keep_orphans = true; break;
    case 'N': o->no_fork = true; break;
    case 'P': o->output_pid = true; break;
    case 'R': o->fresh = true; break;
    case 'T': o->trace_file = value; break;
    case 'V': log_options.verbose = true; break;
    case OPT_NO_DOMAINS: o->no_domains = true; break;
    case 'H':
        fputs(usage, stdout);
        exit(0);
    case OPT_VERSION:
        puts("xenstored (Xenolith) " VERSION);
        exit(0);
    default:
        exit(2);
    }
}

void options_parse(int argc, char **argv, struct options *o)
{
    static char socket[256];
    int opt;

    while ( (opt = getopt_long(argc, argv, "A:DE:F:HI::KM:NPQ:RS:T:VW:q:t:w:", longs,
                               NULL)) != -1 )
        if ( !take_limit(opt, optarg) )
            take(opt, optarg, o);
    if ( optind < argc && strcmp(argv[optind], "on") && strcmp(argv[optind], "off") )
        wrong("unexpected argument", argv[optind]);
    o->run_dir = getenv("XENSTORED_RUNDIR");
    if ( !o->run_dir || !*o->run_dir )
        o->run_dir = "/run/xenstored";
    o->socket = getenv("XENSTORED_PATH");
    if ( !o->socket || !*o->socket ) {
        snprintf(socket, sizeof(socket), "%s/socket", o->run_dir);
        o->socket = socket;
    }
}
