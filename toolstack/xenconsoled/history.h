/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last bytes that a console wrote, in a file below /run that is mapped here: it is what
 * viewers replay, what every reader takes its output from, and what survives the daemon.
 *
 * Positions count from the first byte ever written.  Each reader (terminal, log, viewer) has
 * a position of its own; one that falls more than the size behind loses the oldest bytes.
 */
#ifndef XENCONSOLED_HISTORY_H
#define XENCONSOLED_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_NAME 64

/*
 * The file: this, padded to HISTORY_DATA, then the bytes.  The order of stores makes a kill at
 * any instant harmless: bytes first, then head, then the ring's consumer index.  As that
 * index moves with head, ring_base (head - index) tells a new daemon whether the last step
 * was still to be done.
 */
struct log_mark {
    uint64_t logged;                /* position up to which the log file has the text ... */
    uint64_t size;                  /* ... when that file had this size */
};
#define LOG_SIZE_UNKNOWN UINT64_MAX

struct history_file {
    char     magic[8];
    uint32_t size;                  /* of the data */
    uint32_t ring_base;             /* (uint32_t)head - out_cons */
    uint32_t ring_known;            /* ring_base is valid */
    uint32_t domid, number, ended;
    int64_t  ended_at;              /* seconds since 1970 */
    uint64_t head;                  /* position of the next byte */
    struct log_mark mark[2];
    uint32_t mark_now;              /* which holds: stored last, so that both fields change at once */
    uint8_t  handle[16];            /* the domain's UUID: its number may be used again */
    char     name[HISTORY_NAME];
};
#define HISTORY_DATA 4096

struct history {
    struct history_file *file;      /* NULL: none */
    char *data;
    size_t mapped;
    bool saved;                     /* in a file, not just in memory */
    char path[128];
};

/*
 * Open or make DIR/DOMID.NUMBER with room for size bytes.  A file of another domain, or that
 * makes no sense, starts anew.  Without space in DIR the history is in memory only (saved is
 * false).  Returns 0 or -ENOMEM.
 */
int history_open(struct history *h, const char *dir, uint32_t domid, uint32_t number,
                 const uint8_t handle[16], size_t size);
/* Open an existing file whatever domain it is of.  -EINVAL if it makes no sense. */
int history_load(struct history *h, const char *path);
/* remove: the file, too. */
void history_close(struct history *h, bool remove);

void history_put(struct history *h, const char *buf, size_t n);
/* Copy at most max bytes from *pos on and move it; *lost: bytes that were no longer there. */
size_t history_get(const struct history *h, uint64_t *pos, char *buf, size_t max,
                   uint64_t *lost);
uint64_t history_head(const struct history *h);
/* What the log file has.  A kill between the two fields would repeat text there, or lose it. */
struct log_mark history_mark(const struct history *h);
void history_set_mark(struct history *h, struct log_mark mark);
static inline uint64_t history_logged(const struct history *h)
{
    return history_mark(h).logged;
}
uint64_t history_tail(const struct history *h);

#endif
