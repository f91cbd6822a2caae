/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the command line asked for; constant once the daemon runs.
 */
#ifndef XENCONSOLED_SETTINGS_H
#define XENCONSOLED_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings {
    bool log_guest, log_hv;             /* --log */
    bool stamp_guest, stamp_hv;         /* --timestamp */
    bool keep;                          /* --overflow-data=keep: a full terminal stops the guest */
    bool replace_escape;
    bool foreground;
    const char *log_dir, *pid_file, *run_dir;
    uint64_t log_size;                  /* bytes at which a log file is rotated; 0: never */
    unsigned int log_count;             /* old files kept */
    size_t replay;                      /* bytes of history of each console */
    unsigned int keep_ended;            /* seconds that the output of an ended domain stays */
    uint64_t rate;                      /* bytes a second taken from one guest */
};

extern struct settings settings;

/*
 * Fill settings from the command line.  -1: go on; otherwise exit with this status (help,
 * version, or a mistake that was reported).
 */
int settings_parse(int argc, char **argv);

#endif
