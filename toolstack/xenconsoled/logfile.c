/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log files.  A file that reached its size is renamed to .1 (.1 to .2, and so on) at the next
 * end of a line, so that lines stay whole; a line without end is cut after LINE_MAX_BYTES.
 */
#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "settings.h"
#include "util.h"

#define LINE_MAX_BYTES  65536
#define STAMP_SIZE      24
#define BLOCK           2048            /* input bytes put together at a time */

int logfile_open(struct logfile *l, const char *path, bool stamp)
{
    struct stat st;

    copy_text(l->path, sizeof(l->path), path);
    l->stamp = stamp;
    l->line_start = true;
    l->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    if ( l->fd < 0 || fstat(l->fd, &st) < 0 ) {
        if ( !l->told_error )
            say(LOG_ERR, "log file %s: %s; nothing is logged there", path, strerror(errno));
        l->told_error = true;
        return -errno;
    }
    l->size = (uint64_t)st.st_size;
    return 0;
}

void logfile_close(struct logfile *l)
{
    if ( l->fd >= 0 )
        close(l->fd);
    l->fd = -1;
}

void logfile_reopen(struct logfile *l)
{
    char path[sizeof(l->path)];
    const bool line_start = l->line_start;

    copy_text(path, sizeof(path), l->path);
    logfile_close(l);
    l->told_error = false;
    if ( logfile_open(l, path, l->stamp) == 0 && l->size )
        l->line_start = line_start;
}

void logfile_cut(struct logfile *l, uint64_t size)
{
    if ( l->fd >= 0 && l->size > size && ftruncate(l->fd, (off_t)size) == 0 )
        l->size = size;
}

static void rotate(struct logfile *l)
{
    char from[sizeof(l->path) + 12], to[sizeof(from)];

    for ( unsigned int i = settings.log_count; i > 0; i-- ) {
        snprintf(to, sizeof(to), "%s.%u", l->path, i);
        if ( i > 1 )
            snprintf(from, sizeof(from), "%s.%u", l->path, i - 1);
        else
            copy_text(from, sizeof(from), l->path);
        rename(from, to);
    }
    if ( !settings.log_count )
        unlink(l->path);
    logfile_reopen(l);
}

static size_t put_stamp(char *to)
{
    const time_t now = time(NULL);
    struct tm tm;

    localtime_r(&now, &tm);
    return strftime(to, STAMP_SIZE, "[%Y-%m-%d %H:%M:%S] ", &tm);
}

/* The text of at most BLOCK bytes as it stands in the file. */
static size_t dress(const struct logfile *l, bool *line_start, const char *buf, size_t n, char *to)
{
    size_t out = 0;

    for ( size_t i = 0; i < n; i++ ) {
        if ( *line_start && l->stamp )
            out += put_stamp(to + out);
        to[out++] = settings.replace_escape && buf[i] == 033 ? '.' : buf[i];
        *line_start = buf[i] == '\n';
    }
    return out;
}

static bool write_block(struct logfile *l, const char *buf, size_t n)
{
    char text[BLOCK * (STAMP_SIZE + 1)];
    bool line_start = l->line_start;
    const size_t out = dress(l, &line_start, buf, n, text);
    const ssize_t written = write(l->fd, text, out);

    if ( written == (ssize_t)out ) {
        l->size += out;
        l->line_start = line_start;
        l->told_error = false;
        return true;
    }
    if ( !l->told_error )
        say(LOG_ERR, "log file %s: %s", l->path,
            written < 0 ? strerror(errno) : "no space left on device");
    l->told_error = true;
    if ( written > 0 && ftruncate(l->fd, (off_t)l->size) < 0 )
        l->size += (uint64_t)written;
    return false;
}

bool logfile_write(struct logfile *l, const char *buf, size_t n)
{
    if ( l->fd < 0 )
        return false;
    if ( settings.log_size && l->size >= settings.log_size &&
         (l->line_start || l->size >= settings.log_size + LINE_MAX_BYTES) )
        rotate(l);
    if ( l->fd < 0 || n > BLOCK )
        return false;
    return write_block(l, buf, n);
}
