/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the journal.  First byte 0: the rest is a file's image; else it is records of
 * a batch whose checksum was right, so that the state's reader is reached.
 */
#include "fuzz.h"

#include "conn.h"
#include "domain.h"
#include "journal.h"
#include "state.h"
#include "store.h"

static unsigned long nodes;
static long domain_nodes;

static void count(void *arg, struct node *n)
{
    nodes++;
    node_each_kid(n, count, arg);
}

static void count_domain(struct domain *d)
{
    domain_nodes += d->nodes;
}

static void apply(const struct rec *r)
{
    /* Sockets' numbers in a journal are of files that are ours. */
    if ( r->type != REC_CONN )
        state_apply(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct rec other = { .len = sizeof(other), .type = REC_RESET };
    char *copy;
    const struct rec *r;
    size_t at = 0;

    if ( !len )
        return 0;
    state_apply(&other);            /* not in the middle of the nodes of the run before */
    log_options.daemon = true;
    store_init();
    copy = malloc(len);
    memcpy(copy, data + 1, len - 1);
    if ( data[0] == 0 )
        journal_parse(copy, len - 1, apply);
    else
        for ( ; (r = rec_first(copy + at, len - 1 - at)); at += rec_size(r->len) )
            apply(r);
    free(copy);
    while ( !list_empty(&conns) )
        conn_free(LIST_ENTRY(conns.next, struct conn, all));
    nodes = domain_nodes = 0;
    count(NULL, store.root);
    domain_each(count_domain);
    MUST((long)nodes == domain_nodes);
    store_fini();
    domain_reset_all();
    return 0;
}
