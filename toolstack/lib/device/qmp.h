/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Talking to a device model: QEMU's machine protocol, one JSON object a line.  What QEMU answers
 * is not trusted: a guest may have taken it over.
 */
#ifndef XENOLITH_QMP_H
#define XENOLITH_QMP_H

#include <json-c/json.h>

#include "xenolith/ctx.h"

#define QMP_PATH_MAX 64

struct qmp {
    int fd;
    size_t have;                /* bytes of text */
    char text[65536];
};

/* The socket of a domain's device model, where libxl has it too. */
void qmp_path(uint32_t domid, char path[QMP_PATH_MAX]);

/* Connect, in limit_ms at most; free with qmp_close. -ECONNREFUSED, -ENOENT: not there (yet). */
int qmp_open(struct xn_ctx *ctx, uint32_t domid, int limit_ms, struct qmp **q);
void qmp_close(struct qmp *q);

/*
 * One command.  arguments: taken over, may be NULL; fd: sent along, or -1; *result: may be NULL,
 * else what came back, to be put.  -EIO says what QEMU says is wrong.
 */
int qmp_run(struct xn_ctx *ctx, struct qmp *q, const char *command,
            struct json_object *arguments, int fd, struct json_object **result);

#endif
