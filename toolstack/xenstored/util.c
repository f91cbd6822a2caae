/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory, byte buffers, lists, hashing, time and the log.
 */
#include "util.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define BUF_KEEP 4096       /* an empty buffer larger than this gives its memory back */

struct log_options log_options = { .trace_fd = -1 };

static void out_of_memory(size_t size)
{
    log_warn("out of memory (%zu bytes wanted); ending, to be started again from the journal", size);
    _exit(3);
}

void *xalloc(size_t size)
{
    void *p = calloc(1, size);

    if ( !p )
        out_of_memory(size);
    return p;
}

void *xrealloc(void *p, size_t size)
{
    p = realloc(p, size);
    if ( !p )
        out_of_memory(size);
    return p;
}

char *buf_room(struct buf *b, uint32_t n)
{
    if ( b->start + b->len + n > b->cap ) {
        if ( b->start >= b->cap / 2 && b->start ) {
            memmove(b->p, b->p + b->start, b->len);
            b->start = 0;
        }
        if ( b->start + b->len + n > b->cap ) {
            uint32_t cap = b->cap ? b->cap : 256;

            while ( cap < b->start + b->len + n )
                cap *= 2;
            b->p = xrealloc(b->p, cap);
            b->cap = cap;
        }
    }
    b->len += n;
    return b->p + b->start + b->len - n;
}

void buf_add(struct buf *b, const void *data, uint32_t n)
{
    if ( n )
        memcpy(buf_room(b, n), data, n);
}

void buf_drop(struct buf *b, uint32_t n)
{
    b->start += n;
    b->len -= n;
    if ( b->len )
        return;
    b->start = 0;
    if ( b->cap > BUF_KEEP )
        buf_free(b);
}

void buf_free(struct buf *b)
{
    free(b->p);
    *b = (struct buf){ 0 };
}

void list_append(struct link *head, struct link *l)
{
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}

void list_remove(struct link *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    list_init(l);
}

uint32_t hash_string(const char *s)
{
    uint32_t h = HASH_START;

    for ( ; *s; s++ )
        h = hash_byte(h, *s);
    return h;
}

uint64_t hash_block(uint64_t seed, const void *data, size_t len)
{
    const uint64_t k = 0x9e3779b97f4a7c15u;
    const char *p = data;
    uint64_t h = seed ^ (len * k), w;

    for ( ; len >= 8; len -= 8, p += 8 ) {
        memcpy(&w, p, 8);
        h = (h ^ w) * k;
        h ^= h >> 29;
    }
    w = 0;
    memcpy(&w, p, len);
    h = (h ^ w) * k;
    h = (h ^ (h >> 32)) * k;
    return h ^ (h >> 29);
}

uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (uint64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void log_line(enum log_level level, const char *fmt, ...)
{
    char line[1024];
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(line, sizeof(line) - 1, fmt, args);
    va_end(args);
    if ( n > (int)sizeof(line) - 2 )
        n = sizeof(line) - 2;
    for ( int i = 0; i < n; i++ )
        if ( line[i] < ' ' || line[i] > '~' )
            line[i] = '?';          /* clients choose parts of it */
    line[n++] = '\n';
    if ( log_options.trace_fd >= 0 && write(log_options.trace_fd, line, n) < 0 )
        log_options.trace_fd = -1;
    if ( level == LOG_LEVEL_TRACE || (level == LOG_LEVEL_INFO && !log_options.verbose) )
        return;
    if ( log_options.daemon )
        syslog(level == LOG_LEVEL_WARN ? LOG_WARNING : LOG_INFO, "%.*s", n - 1, line);
    else
        fprintf(stderr, "xenstored: %.*s", n, line);
}

bool log_allowed(void)
{
    static uint64_t since;
    static unsigned int count;
    const uint64_t now = now_ms();

    if ( now - since >= 1000 ) {
        if ( count > 10 )
            log_warn("%u messages like these were left out", count - 10);
        since = now;
        count = 0;
    }
    return ++count <= 10;
}
