/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the daemon itself, and small helpers.
 */
#ifndef XENCONSOLED_UTIL_H
#define XENCONSOLED_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <syslog.h>

/* To syslog, or to stderr until say_to_syslog.  One line, without a newline. */
void say(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void say_to_syslog(void);
/* Messages above this priority are dropped; LOG_NOTICE to begin with. */
void say_up_to(int priority);

/* Decimal text of at most max; false if it is anything else. */
bool parse_number(const char *text, uint64_t max, uint64_t *value);

/* Copy with an end, cut to size. */
void copy_text(char *to, size_t size, const char *from);

#endif
