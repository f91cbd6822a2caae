/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log file of bounded size: rotation, time stamps, escape characters.
 */
#ifndef XENCONSOLED_LOGFILE_H
#define XENCONSOLED_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct logfile {
    int fd;                     /* -1: not open */
    bool stamp, line_start;
    bool told_error;
    uint64_t size;
    char path[384];
};

/* Open for appending.  0 or -errno after a message. */
int logfile_open(struct logfile *l, const char *path, bool stamp);
void logfile_close(struct logfile *l);
/* Somebody may have moved the file away (SIGHUP). */
void logfile_reopen(struct logfile *l);
/*
 * Append n bytes, all or nothing.  false: the disk did not take them; the first such error
 * is reported.
 */
bool logfile_write(struct logfile *l, const char *buf, size_t n);
/* Cut what a killed daemon appended beyond size, which it did not count. */
void logfile_cut(struct logfile *l, uint64_t size);

#endif
