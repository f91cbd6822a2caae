/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches: who is told of changes at or below a path.
 */
#ifndef XENSTORED_WATCH_H
#define XENSTORED_WATCH_H

#include "tree.h"

struct conn;

#define WATCH_INTRODUCE "@introduceDomain"
#define WATCH_RELEASE   "@releaseDomain"
#define WATCH_ANY_DEPTH UINT32_MAX

enum watch_change {
    WATCH_CHANGED,
    WATCH_CREATED,
    WATCH_REMOVED,
};

/*
 * @path: absolute, or special.  @depth: 0 for the node alone, 1 also its children, ...
 * 0, -EEXIST, -E2BIG (quota).
 */
int must_check watch_add(struct conn *c, const char *path, const char *token, bool relative,
                         uint32_t depth);
int must_check watch_remove(struct conn *c, const char *path, const char *token);    /* -ENOENT */
void watch_remove_all(struct conn *c);

/* Tell everyone concerned; @gone is the subtree that was there, if WATCH_REMOVED. */
void watch_fire(const char *path, enum watch_change what, struct node *gone);
void watch_fire_special(const char *name);

/* Queue one event for @c alone. */
void watch_send(struct conn *c, const char *path, const char *token);

/* Those of a connection, for the journal and for CONTROL. */
void watch_each(struct conn *c, void (*fn)(struct conn *c, const char *path, const char *token,
                                           bool relative, uint32_t depth));
unsigned long watch_count_all(void);

#endif
