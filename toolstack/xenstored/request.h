/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests as their handlers see them.
 */
#ifndef XENSTORED_REQUEST_H
#define XENSTORED_REQUEST_H

#include "conn.h"
#include "store.h"

struct request {
    struct conn *c;
    struct txn *txn;            /* NULL: none */
    const char *body;
    uint32_t len;
};

/* A handler replies itself and returns 0, or returns -errno for the reply. */

/* Split strings that each end in NUL.  Their number, at most @max (then @rest follows), or -EINVAL. */
int must_check request_strings(const struct request *q, const char **v, int max,
                               uint32_t *rest);
/* A decimal number without anything else. */
bool request_number(const char *s, unsigned long max, unsigned long *out);

/* nodes.c */
int node_read(struct request *q);
int node_directory(struct request *q);
int node_directory_part(struct request *q);
int node_get_perms(struct request *q);
int node_write(struct request *q);
int node_mkdir(struct request *q);
int node_rm(struct request *q);
int node_set_perms(struct request *q);

/* control.c */
int control_handle(struct request *q);

#endif
