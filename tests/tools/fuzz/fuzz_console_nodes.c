/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a domain's console nodes when their values are anything at all: each read takes
 * the next piece of the input, up to a NUL.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domain_nodes.h"
#include "fuzz.h"

static const uint8_t *input;
static size_t left;

char *port_store_read(struct port_store *s, const char *path)
{
    const size_t n = strnlen((const char *)input, left);
    char *text = n ? strndup((const char *)input, n) : NULL;

    input += n < left ? n + 1 : n;
    left -= n < left ? n + 1 : n;
    errno = ENOENT;
    return text;
}

char **port_store_list(struct port_store *s, const char *path, unsigned int *count)
{
    static const char *const numbers[] = { "0", "1", "31", "32", "x" };
    char **names = malloc(sizeof(numbers));

    memcpy(names, numbers, sizeof(numbers));
    *count = sizeof(numbers) / sizeof(numbers[0]);
    return names;
}

bool port_store_write(struct port_store *s, const char *path, const char *value)
{
    if ( strncmp(path, "/local/domain/", 14) )
        abort();
    return true;
}

bool port_store_watch(struct port_store *s, const char *path, const char *token)
{
    return true;
}

void port_store_unwatch(struct port_store *s, const char *path, const char *token) {}

void watcher_post(enum watch_news what, const struct console_info *info)
{
    if ( info->domid != 5 || info->number > MAX_NUMBER ||
         memchr(info->name, 0, sizeof(info->name)) == NULL ||
         memchr(info->socket, 0, sizeof(info->socket)) == NULL )
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct followed f = { .domid = 5 };

    input = data;
    left = size;
    for ( int i = 0; i < 3 && left; i++ )
        nodes_read(NULL, &f);
    return 0;
}
