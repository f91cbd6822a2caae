/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: requests of three connections, two of them domains', in any order.  The input
 * is a run of messages: a byte for the connection, a byte for the type, one for the
 * transaction, two for the length, the body.  Afterwards what is counted must be what is there,
 * and every reply must be a whole message within bounds.
 */
#include "fuzz.h"

#include "conn.h"
#include "domain.h"
#include "state.h"
#include "store.h"

static struct conn *clients[3];

static void start(void)
{
    store_init();
    for ( int i = 0; i < 3; i++ )
        clients[i] = conn_new(CONN_TEST, i);
    tree_write(&store.root, "/local/domain/1", NULL, 0, 1, &domain_tally);
    tree_write(&store.root, "/local/domain/2", NULL, 0, 2, &domain_tally);
}

static void look_at_output(struct conn *c)
{
    while ( c->out.len ) {
        struct xsd_sockmsg h;

        MUST(c->out.len >= sizeof(h));
        memcpy(&h, buf_data(&c->out), sizeof(h));
        MUST(h.len <= XENSTORE_PAYLOAD_MAX && c->out.len >= sizeof(h) + h.len);
        if ( h.type == XS_ERROR )
            MUST(h.len > 1 && buf_data(&c->out)[sizeof(h) + h.len - 1] == '\0');
        buf_drop(&c->out, sizeof(h) + h.len);
    }
}

static unsigned long nodes, bytes;
static long domain_nodes, domain_bytes;

static void count(void *arg, struct node *n)
{
    nodes++;
    bytes += node_bytes(n);
    MUST(n->refs == 1 || arg);
    node_each_kid(n, count, arg);
}

static void count_domain(struct domain *d)
{
    domain_nodes += d->nodes;
    domain_bytes += d->bytes;
}

static void end(void)
{
    while ( !list_empty(&conns) )
        conn_free(LIST_ENTRY(conns.next, struct conn, all));
    nodes = bytes = domain_nodes = domain_bytes = 0;
    count(NULL, store.root);        /* with every transaction gone nothing is shared */
    domain_each(count_domain);
    MUST(domain_nodes == (long)nodes && domain_bytes == (long)bytes);
    store_fini();
    domain_reset_all();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    log_options.daemon = true;      /* quiet */
    start();
    while ( len >= 5 ) {
        struct conn *c = clients[data[0] % 3];
        uint32_t body = data[3] | data[4] << 8, real;
        char *copy;

        if ( body > XENSTORE_PAYLOAD_MAX )
            body %= 200;
        real = body > len - 5 ? len - 5 : body;
        c->req = (struct xsd_sockmsg){ data[1], data[0], data[2], real };
        copy = malloc(real ? real : 1);
        memcpy(copy, data + 5, real);
        /* A log file is the administrator's choice, not the fuzzer's. */
        if ( data[1] != XS_CONTROL || (real > 7 && memcmp(copy, "logfile", 7)) )
            request_handle(c, copy);
        free(copy);
        data += 5 + real;
        len -= 5 + real;
        for ( int i = 0; i < 3; i++ )
            look_at_output(clients[i]);
    }
    end();
    return 0;
}
