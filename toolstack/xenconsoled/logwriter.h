/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log files written by a thread of their own: a disk that hangs stops the logs and nothing
 * else.  Each log has at most one piece of text on its way; the rest waits in the history.
 */
#ifndef XENCONSOLED_LOGWRITER_H
#define XENCONSOLED_LOGWRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGWRITER_BYTES 8192            /* the longest piece */

struct logwriter;

/*
 * Called in the main thread when a piece is done: how many bytes of it are in the file, whose
 * size is now file_size.  Fewer than were given: the disk did not take them (told already).
 */
typedef void logwriter_done_fn(void *owner, size_t written, uint64_t file_size);

/* The thread; 0 or -errno. */
int logwriter_start(void);
/*
 * A log at path; the file is opened by the thread.  Text beyond cut_size, which a killed daemon
 * wrote but did not count, is cut off, unless that is LOG_SIZE_UNKNOWN.  NULL: no memory.
 */
struct logwriter *logwriter_open(const char *path, bool stamp, uint64_t cut_size,
                                 logwriter_done_fn *done, void *owner);
/* Nothing is on its way. */
bool logwriter_idle(const struct logwriter *w);
/* When the piece on its way was given, loop_now_ns; 0 when idle. */
uint64_t logwriter_since(const struct logwriter *w);
/* Only when idle; n at most LOGWRITER_BYTES, 0 only opens the file. */
void logwriter_write(struct logwriter *w, const char *buf, size_t n);
/* Open the file anew: at once, or when the piece on its way is written. */
void logwriter_reopen(struct logwriter *w);
/* What is on its way is still written; done is not called any more.  NULL is allowed. */
void logwriter_close(struct logwriter *w);
/* Wait for what is on its way, at most that long. */
void logwriter_finish(int timeout_ms);

#endif
