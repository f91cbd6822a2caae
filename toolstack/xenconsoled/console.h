/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One console: the guest's ring on one side, terminal, channel socket, log and viewers on the
 * other, the history between them.
 */
#ifndef XENCONSOLED_CONSOLE_H
#define XENCONSOLED_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "history.h"
#include "logwriter.h"
#include "port.h"
#include "ring.h"
#include "stream.h"
#include "watcher.h"

struct viewer;

struct console {
    struct console *next;
    uint32_t domid, number;
    enum console_kind kind;
    uint8_t handle[16];
    char name[NAME_SIZE];
    struct history hist;

    /* The guest's side; ring NULL: not mapped (yet, or any more). */
    struct xencons_interface *ring;
    uint64_t ring_ref;
    uint32_t remote_port;
    int how, port;
    bool work;                  /* an event came: the ring is to be looked at */
    bool unmask;                /* ... and its port is masked until that is done */
    bool stalled;               /* output waits for a reader that must not lose any */
    bool input_full;            /* input waits for the guest */
    bool told_broken;
    uint64_t tokens, refilled;  /* bytes that may be taken now; when that was worked out (ns) */
    uint64_t resume;            /* ns: look at the ring again; 0: no need */

    /* The other side. */
    struct stream line;         /* terminal, or a channel's connection */
    struct source listener;     /* a channel's socket */
    char socket[108];
    int slave;                  /* the terminal's other end, kept open; -1: none */
    int watch;                  /* inotify's, on the terminal; -1: none */
    unsigned int openers;       /* who has the terminal open */
    char tty[64];
    struct logwriter *log;      /* NULL: none */
    uint64_t log_due;           /* ns: give it what there is; 0: nothing to give */
    size_t log_note;            /* bytes of a note of ours before the piece on its way ... */
    size_t log_length;          /* ... and the length of both */
    struct viewer *viewers;
    unsigned int nr_viewers;
    uint16_t rows, cols;

    bool ended;
    int64_t ended_at;           /* seconds since 1970 */
};

extern struct console *consoles;

/* What the watcher reports. */
void console_serve(const struct console_info *info);
void console_gone(uint32_t domid, uint32_t number);
void console_domain_gone(uint32_t domid);
void console_rename(uint32_t domid, const char *name);
/* Ended consoles of an earlier run; after the first NEWS_READY. */
void console_load_ended(void);

/* Event channel port has something for its console. */
void console_event(int port);
/* Do what there is to do; returns milliseconds until there is more, -1 for not known. */
int console_work(void);

struct console *console_find(uint32_t domid, uint32_t number);
/* The youngest with that name, those still running first. */
struct console *console_find_name(const char *name, uint32_t number);

/* For streams and viewers: bytes that the guest can take now, and giving it that many. */
size_t console_room(struct console *c);
void console_input(struct console *c, const char *buf, size_t n);
/* A reader made progress. */
void console_drained(struct console *c);
void console_stream_closed(struct console *c);
void console_resize(struct console *c, uint16_t rows, uint16_t cols);

void console_reopen_logs(void);

#endif
