/* SPDX-License-Identifier: MIT */
/* Nodes of the store as text and numbers.  What a peer wrote is bounded and checked here, once. */
#include "xenbus/xenbus.h"

static size_t put_char(char *buf, size_t size, size_t at, char c)
{
    if ( at < size )
        buf[at] = c;
    return at + 1;
}

static size_t put_number(char *buf, size_t size, size_t at, uint64_t n)
{
    char digits[20];
    unsigned int nr = 0;

    do
        digits[nr++] = (char)('0' + n % 10);
    while ( (n /= 10) != 0 );
    while ( nr )
        at = put_char(buf, size, at, digits[--nr]);
    return at;
}

bool xenbus_format(char *buf, size_t size, const char *fmt, uint64_t a, uint64_t b)
{
    size_t at = 0;

    for ( ; *fmt; fmt++ )
    {
        if ( *fmt != '%' )
        {
            at = put_char(buf, size, at, *fmt);
            continue;
        }
        at = put_number(buf, size, at, a);
        a = b;
    }
    buf[at < size ? at : size - 1] = '\0';
    return at < size;
}

bool xenbus_parse(const char *text, uint64_t *value)
{
    uint64_t n = 0;

    if ( !*text )
        return false;
    for ( ; *text; text++ )
        if ( *text < '0' || *text > '9' || __builtin_mul_overflow(n, 10, &n) ||
             __builtin_add_overflow(n, (uint64_t)(*text - '0'), &n) )
            return false;
    *value = n;
    return true;
}

/* "folder/name" into @buf of XENBUS_PATH_MAX. */
static bool join(char *buf, const char *folder, const char *name)
{
    size_t at = 0;

    for ( ; *folder; folder++ )
        at = put_char(buf, XENBUS_PATH_MAX, at, *folder);
    at = put_char(buf, XENBUS_PATH_MAX, at, '/');
    do
        at = put_char(buf, XENBUS_PATH_MAX, at, *name);
    while ( *name++ );
    return at <= XENBUS_PATH_MAX;
}

int xenbus_read(struct xenbus *bus, const char *folder, const char *name, char *buf, size_t size)
{
    char path[XENBUS_PATH_MAX];

    if ( !join(path, folder, name) )
        return -XEN_ENAMETOOLONG;
    return bus->ops->store_read(bus->ctx, 0, path, buf, size);
}

uint64_t xenbus_number(struct xenbus *bus, const char *folder, const char *name, uint64_t otherwise, uint64_t max)
{
    char text[XENBUS_VALUE_MAX];
    uint64_t n;

    if ( xenbus_read(bus, folder, name, text, sizeof(text)) < 0 || !xenbus_parse(text, &n) || n > max )
        return otherwise;
    return n;
}

bool xenbus_flag(struct xenbus *bus, const char *folder, const char *name)
{
    return xenbus_number(bus, folder, name, 0, 1);
}

int xenbus_write(struct xenbus *bus, uint32_t txn, const char *name, const char *value)
{
    char path[XENBUS_PATH_MAX];

    if ( !join(path, bus->path, name) )
        return -XEN_ENAMETOOLONG;
    return bus->ops->store_write(bus->ctx, txn, path, value);
}

int xenbus_write_number(struct xenbus *bus, uint32_t txn, const char *name, uint64_t value)
{
    char text[XENBUS_VALUE_MAX];

    xenbus_format(text, sizeof(text), "%", value, 0);
    return xenbus_write(bus, txn, name, text);
}

int xenbus_write_nodes(struct xenbus *bus, uint32_t txn, const struct xenbus_node *nodes, size_t nr)
{
    int rc = 0;

    for ( size_t i = 0; i < nr && (rc == 0 || rc == -XEN_ENOENT); i++ )
        rc = nodes[i].want ? xenbus_write_number(bus, txn, nodes[i].name, nodes[i].value)
                           : xenbus_write(bus, txn, nodes[i].name, NULL);
    return rc == -XEN_ENOENT ? 0 : rc;
}

void xenbus_queue_node(char name[XENBUS_VALUE_MAX], unsigned int nr_queues, unsigned int queue, const char *node,
                       uint64_t k)
{
    name[0] = '\0';
    if ( nr_queues > 1 )
        xenbus_format(name, XENBUS_VALUE_MAX, "queue-%/", queue, 0);
    const size_t len = pv_length(name);

    xenbus_format(name + len, XENBUS_VALUE_MAX - len, node, k, 0);
}
