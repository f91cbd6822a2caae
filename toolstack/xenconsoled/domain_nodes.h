/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One domain's console nodes in the store: reading them, telling what changed, writing back.
 * Runs in the watcher thread.  Functions return false if the store's connection broke.
 */
#ifndef XENCONSOLED_DOMAIN_NODES_H
#define XENCONSOLED_DOMAIN_NODES_H

#include "port.h"
#include "watcher.h"

struct followed {
    struct followed *next;
    uint32_t domid;
    uint8_t handle[16];
    bool marked;                                /* to be read anew */
    char name[NAME_SIZE];
    char tty[MAX_NUMBER + 1][64];               /* as published; "" is none */
    bool told[MAX_NUMBER + 1];                  /* NEWS_CONSOLE was the last word */
    uint64_t ring_ref[MAX_NUMBER + 1];          /* ... with these */
    uint32_t port[MAX_NUMBER + 1];
};

bool nodes_follow(struct port_store *s, struct followed *f);
void nodes_unfollow(struct port_store *s, struct followed *f);
bool nodes_read(struct port_store *s, struct followed *f);
bool nodes_write_tty(struct port_store *s, struct followed *f, uint32_t number,
                     enum console_kind kind, const char *tty);
bool nodes_write_state(struct port_store *s, struct followed *f, uint32_t number, bool connected);

/* watcher.c */
void watcher_post(enum watch_news what, const struct console_info *info);

#endif
