/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every file here leans on: memory, a growing byte buffer, hashing, time, the log.
 * Running out of memory ends the program: it comes back from its journal.
 */
#ifndef XENSTORED_UTIL_H
#define XENSTORED_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define must_check    __attribute__((warn_unused_result))

#define read_once(x)     (*(const volatile __typeof__(x) *)&(x))
#define write_once(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

void *xalloc(size_t size);              /* zeroed */
void *xrealloc(void *p, size_t size);

/* Bytes [start, start + len) of p are in use. */
struct buf {
    char *p;
    uint32_t start, len, cap;
};

char *buf_room(struct buf *b, uint32_t n);      /* @n bytes after the end, now in use */
void buf_add(struct buf *b, const void *data, uint32_t n);
void buf_drop(struct buf *b, uint32_t n);       /* from the front */
void buf_free(struct buf *b);
static inline char *buf_data(const struct buf *b) { return b->p + b->start; }

/* Doubly linked circular list; the head is one more link. */
struct link {
    struct link *prev, *next;
};

static inline void list_init(struct link *l) { l->prev = l->next = l; }
static inline bool list_empty(const struct link *l) { return l->next == l; }
void list_append(struct link *head, struct link *l);
void list_remove(struct link *l);               /* leaves @l linked to itself */
#define LIST_ENTRY(l, type, member) ((type *)((char *)(l) - offsetof(type, member)))

#define HASH_START 2166136261u                  /* FNV-1a: a prefix's hash is on the way */
static inline uint32_t hash_byte(uint32_t h, char c) { return (h ^ (uint8_t)c) * 16777619u; }
uint32_t hash_string(const char *s);
uint64_t hash_block(uint64_t seed, const void *data, size_t len);

uint64_t now_ms(void);                          /* monotonic */

enum log_level { LOG_LEVEL_TRACE, LOG_LEVEL_INFO, LOG_LEVEL_WARN };

struct log_options {
    bool verbose;                               /* info goes to stderr */
    bool daemon;                                /* no stderr: warnings to syslog */
    int trace_fd;                               /* everything goes there; -1 for none */
};
extern struct log_options log_options;

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
/* Does anyone read a trace?  Keeps the cost of formatting out of the fast path. */
static inline bool log_traces(void) { return log_options.trace_fd >= 0; }

/* At most ten a second of the messages that a client can cause. */
bool log_allowed(void);

#endif
