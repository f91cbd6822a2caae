/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watcher: a thread of its own that follows the store, because a store that is slow or
 * gone must not stop a single console.  It tells the main thread which consoles there are,
 * and writes for it what others are to know (terminals, device states).
 */
#ifndef XENCONSOLED_WATCHER_H
#define XENCONSOLED_WATCHER_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_NUMBER      31              /* highest console number served */
#define NAME_SIZE       64

enum console_kind {
    CONSOLE_PRIMARY,                    /* the domain's first, set up by its builder */
    CONSOLE_EXTRA,                      /* a further one: a device with states */
    CONSOLE_CHANNEL,                    /* the same with a name: a byte stream, not a terminal */
};

/* What the store says of one console that is ready to be mapped. */
struct console_info {
    uint32_t domid, number;
    uint8_t handle[16];
    enum console_kind kind;
    uint64_t ring_ref;
    uint32_t port;
    char name[NAME_SIZE];               /* of the domain */
    char socket[108];                   /* channel with connection=socket: where to listen */
};

enum watch_news {
    NEWS_CONSOLE,                       /* info: a console to serve, or a changed one */
    NEWS_CONSOLE_GONE,                  /* domid, number: the guest or the tools closed it */
    NEWS_DOMAIN_GONE,                   /* domid is dying or gone */
    NEWS_RENAMED,                       /* domid, name */
    NEWS_READY,                         /* all that was there at the start has been told */
};

struct news {
    struct news *next;
    enum watch_news what;
    struct console_info info;
};

/* Start the thread.  The descriptor polls readable when there is news; -errno. */
int watcher_start(void);
/* The next piece of news, to be freed by the caller; NULL if there is none. */
struct news *watcher_news(void);

/* Publish a console's terminal (or NULL: none any more). */
void watcher_tell_tty(uint32_t domid, uint32_t number, enum console_kind kind, const char *tty);
/* A device's console was mapped (or not): its backend goes to Connected or Closed. */
void watcher_tell_state(uint32_t domid, uint32_t number, bool connected);

#endif
