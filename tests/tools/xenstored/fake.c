/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See fake.h. */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>

uint32_t fake_len;

static char reply[XENSTORE_PAYLOAD_MAX + 2];
static struct buf events[16];       /* by connection: "path token" NUL ... */
static struct conn *owner[16];

void fake_start(void)
{
    store_init();
}

void fake_stop(void)
{
    while ( !list_empty(&conns) )
        conn_free(LIST_ENTRY(conns.next, struct conn, all));
    for ( int i = 0; i < 16; i++ ) {
        buf_free(&events[i]);
        owner[i] = NULL;
    }
    store_fini();
    domain_reset_all();
}

static struct buf *events_of(struct conn *c)
{
    for ( int i = 0; i < 16; i++ )
        if ( owner[i] == c || !owner[i] ) {
            owner[i] = c;
            return &events[i];
        }
    abort();
}

struct conn *fake_conn(uint16_t id)
{
    struct conn *c = conn_new(CONN_TEST, id);

    events_of(c);
    return c;
}

/* Take messages out of the output: events to their place.  True if there was a reply. */
static bool sort_output(struct conn *c)
{
    bool found = false;

    while ( c->out.len ) {
        struct xsd_sockmsg h;
        char *p = buf_data(&c->out);

        memcpy(&h, p, sizeof(h));
        p += sizeof(h);
        if ( h.type == XS_WATCH_EVENT ) {
            struct buf *b = events_of(c);

            buf_add(b, p, strlen(p));
            buf_add(b, " ", 1);
            buf_add(b, p + strlen(p) + 1, strlen(p + strlen(p) + 1) + 1);
        } else {
            const uint32_t bang = h.type == XS_ERROR;

            reply[0] = '!';
            memcpy(reply + bang, p, h.len);
            reply[bang + h.len] = '\0';
            fake_len = h.len;
            found = true;
        }
        buf_drop(&c->out, sizeof(h) + h.len);
    }
    list_remove(&c->dirty);
    return found;
}

const char *fake_request(struct conn *c, uint32_t type, uint32_t tx, const void *body,
                         uint32_t len)
{
    char *exact = malloc(len ? len : 1);        /* so that reading past it is seen */

    memcpy(exact, body, len);
    c->req = (struct xsd_sockmsg){ type, 7, tx, len };
    request_handle(c, exact);
    free(exact);
    return sort_output(c) ? reply : NULL;
}

const char *fake_read(struct conn *c, uint32_t tx, const char *path)
{
    return fake_request(c, XS_READ, tx, path, strlen(path) + 1);
}

const char *fake_write(struct conn *c, uint32_t tx, const char *path, const char *value)
{
    char b[XENSTORE_PAYLOAD_MAX];
    const int n = snprintf(b, sizeof(b), "%s%c%s", path, 0, value);

    return fake_request(c, XS_WRITE, tx, b, n);
}

const char *fake_rm(struct conn *c, uint32_t tx, const char *path)
{
    return fake_request(c, XS_RM, tx, path, strlen(path) + 1);
}

const char *fake_perms(struct conn *c, const char *path, const char *perms)
{
    char b[1000];
    const int n = snprintf(b, sizeof(b), "%s %s", path, perms) + 1;

    for ( int i = 0; i < n; i++ )
        if ( b[i] == ' ' )
            b[i] = '\0';
    return fake_request(c, XS_SET_PERMS, 0, b, n);
}

const char *fake_watch(struct conn *c, const char *path, const char *token)
{
    char b[1000];
    const int n = snprintf(b, sizeof(b), "%s%c%s", path, 0, token) + 1;

    return fake_request(c, XS_WATCH, 0, b, n);
}

uint32_t fake_begin(struct conn *c)
{
    return atoi(fake_request(c, XS_TRANSACTION_START, 0, "", 1));
}

const char *fake_end(struct conn *c, uint32_t tx)
{
    return fake_request(c, XS_TRANSACTION_END, tx, "T", 2);
}

const char *fake_event(struct conn *c)
{
    static char text[XENSTORE_PAYLOAD_MAX];
    struct buf *b = events_of(c);

    sort_output(c);
    if ( !b->len )
        return NULL;
    strcpy(text, buf_data(b));
    buf_drop(b, strlen(text) + 1);
    return text;
}
