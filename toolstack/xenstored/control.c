/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CONTROL: what an administrator asks of the daemon (xenstore-control).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <unistd.h>

#include "domain.h"
#include "quota.h"
#include "request.h"

static struct buf text;

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
    char line[256];
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if ( n >= (int)sizeof(line) )
        n = sizeof(line) - 1;
    if ( text.len + n < XENSTORE_PAYLOAD_MAX )
        buf_add(&text, line, n);
}

static int help(struct request *q, const char **v, int n);

/* Walk the tree: are the counts what is there? */

struct checking {
    unsigned long nodes, bytes;
};

static void check_node(void *arg, struct node *n)
{
    struct checking *k = arg;

    k->nodes++;
    k->bytes += node_bytes(n);
    node_each_kid(n, check_node, k);
}

static struct checking counted;

static void count_domain(struct domain *d)
{
    counted.nodes += d->nodes;
    counted.bytes += d->bytes;
}

static int check(struct request *q, const char **v, int n)
{
    struct checking k = { 0 };

    counted = k;
    check_node(&k, store.root);
    domain_each(count_domain);
    if ( counted.nodes != k.nodes || counted.bytes != k.bytes ) {
        log_warn("check: %lu nodes, %lu bytes; accounted for: %lu, %lu", k.nodes, k.bytes,
                 counted.nodes, counted.bytes);
        say("%lu nodes of %lu bytes, but %lu of %lu accounted for", k.nodes, k.bytes,
            counted.nodes, counted.bytes);
    } else
        say("OK: %lu nodes, %lu bytes", k.nodes, k.bytes);
    return 0;
}

static int set_log(struct request *q, const char **v, int n)
{
    if ( n != 1 || (strcmp(v[0], "on") && strcmp(v[0], "off")) )
        return -EINVAL;
    log_options.verbose = !strcmp(v[0], "on");
    say("OK");
    return 0;
}

static int logfile(struct request *q, const char **v, int n)
{
    int fd;

    if ( n != 1 )
        return -EINVAL;
    fd = open(v[0], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if ( fd < 0 )
        return -errno;
    if ( log_options.trace_fd >= 0 )
        close(log_options.trace_fd);
    log_options.trace_fd = fd;
    say("OK");
    return 0;
}

static int print(struct request *q, const char **v, int n)
{
    if ( n != 1 )
        return -EINVAL;
    log_warn("%s", v[0]);
    say("OK");
    return 0;
}

static void say_domain(struct domain *d)
{
    const struct conn *c = d->conn;

    if ( !d->introduced && !d->nodes )
        return;
    say("domain %u: nodes %ld, bytes %lu", d->id, d->nodes, d->bytes + d->other_bytes);
    if ( c )
        say(", watches %u, transactions %u, requests %llu, output %u, lost events %u%s",
            c->nr_watches, c->nr_txns, (unsigned long long)c->requests, c->out.len,
            c->lost_events, c->broken ? ", BROKEN RING" : "");
    say("\n");
}

static int stats(struct request *q, const char **v, int n)
{
    const struct journal_stats j = journal_stats();

    say("connections %u, watches %lu\n", nr_conns, watch_count_all());
    say("journal: %u of %u bytes, epoch %llu, batches %llu, refused %llu\n", j.used, j.capacity,
        (unsigned long long)j.epoch, (unsigned long long)j.batches,
        (unsigned long long)j.refused);
    domain_each(say_domain);
    return 0;
}

static void say_limits(bool soft)
{
    for ( const struct quota_limit *l = quota_limit; l < quota_limit + NR_QUOTAS; l++ )
        if ( soft ? l->soft : l->hard )
            say("%s: %lu\n", l->name, soft ? l->soft : l->hard);
        else if ( !soft )
            say("%s: unlimited\n", l->name);
}

static int quota_of(const char *id)
{
    unsigned long domid;
    struct domain *d;

    if ( !request_number(id, 0x7fff, &domid) )
        return -EINVAL;
    d = domain_find(domid);
    if ( !d )
        return -ENOENT;
    say("nodes: %ld\nmemory: %lu\n", d->nodes, d->bytes + d->other_bytes);
    if ( d->conn )
        say("watches: %u\ntransactions: %u\noutstanding: %u\n", d->conn->nr_watches,
            d->conn->nr_txns, d->conn->replies);
    return 0;
}

/* Nothing: the limits.  A domain: its use.  "set" name value. */
static int quota(struct request *q, const char **v, int n)
{
    if ( n == 0 )
        say_limits(false);
    else if ( n == 1 )
        return quota_of(v[0]);
    else if ( n == 3 && !strcmp(v[0], "set") ) {
        if ( !quota_set(v[1], v[2], false) )
            return -EINVAL;
        say("OK");
    } else
        return -EINVAL;
    return 0;
}

static int quota_soft(struct request *q, const char **v, int n)
{
    if ( n == 0 )
        say_limits(true);
    else if ( n == 3 && !strcmp(v[0], "set") ) {
        if ( !quota_set(v[1], v[2], true) )
            return -EINVAL;
        say("OK");
    } else
        return -EINVAL;
    return 0;
}

static int live_update(struct request *q, const char **v, int n)
{
    say("not needed: stop this daemon and start the new one; it goes on from the journal");
    return 0;
}

static const struct command {
    const char *name;
    int (*run)(struct request *q, const char **v, int n);
    const char *usage;
} commands[] = {
    { "check", check, "" },
    { "help", help, "" },
    { "live-update", live_update, "" },
    { "log", set_log, "on|off" },
    { "logfile", logfile, "<file>" },
    { "memreport", stats, "" },
    { "print", print, "<string>" },
    { "quota", quota, "[<domid> | set <name> <value>]" },
    { "quota-soft", quota_soft, "[set <name> <value>]" },
    { "stats", stats, "" },
};

static int help(struct request *q, const char **v, int n)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(commands); i++ )
        say("%s %s\n", commands[i].name, commands[i].usage);
    return 0;
}

int control_handle(struct request *q)
{
    const char *v[8];
    uint32_t rest;
    const int n = request_strings(q, v, ARRAY_SIZE(v), &rest);
    int rc;

    if ( n < 1 || rest != q->len )
        return -EINVAL;
    text.start = text.len = 0;
    for ( unsigned int i = 0; i < ARRAY_SIZE(commands); i++ )
        if ( !strcmp(v[0], commands[i].name) ) {
            rc = commands[i].run(q, v + 1, n - 1);
            if ( !rc ) {
                buf_add(&text, "", 1);
                conn_reply(q->c, text.p, text.len);
            }
            return rc;
        }
    return -EINVAL;
}
