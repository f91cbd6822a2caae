/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line.
 */
#ifndef XENSTORED_OPTIONS_H
#define XENSTORED_OPTIONS_H

#include "util.h"

struct options {
    const char *pid_file, *trace_file;
    const char *run_dir;        /* XENSTORED_RUNDIR, else /run/xenstored */
    const char *socket;         /* XENSTORED_PATH, else run_dir/socket */
    bool no_fork, output_pid;
    bool no_own_ring;           /* dom0's kernel is not a client */
    bool no_domains;            /* no hypervisor, even if there is one */
    bool fresh;                 /* begin with an empty store */
};

/* Does not return if it is wrong, or asks for help. */
void options_parse(int argc, char **argv, struct options *o);

#endif
