/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Orderly ends: shutdown and reboot ask the guest, and with -w wait until it did as asked.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "xl.h"

struct request {
    const char *what, *acting, *trigger;    /* "poweroff", "Shutting down", "power" */
    bool all, fallback;
    int wait;                               /* number of -w */
};

struct waiting {
    uint32_t domid;
    struct xn_watch *watch;
};

static int ask(const struct request *r, const char *name, uint32_t domid)
{
    fprintf(stderr, "%s domain %u\n", r->acting, domid);
    if ( !xn_domain_ask(xl_ctx(), domid, r->what) )
        return XL_OK;
    if ( r->fallback ) {
        xl_warn("%s: %s; pressing its ACPI button", name, xn_why(xl_ctx()));
        if ( !xn_domain_trigger(xl_ctx(), domid, r->trigger, -1) )
            return XL_OK;
    }
    return xl_failed(name, "%s", xl.command->name);
}

/* What happened to it since: true if that ends the wait. */
static bool ended(const struct request *r, struct waiting *w)
{
    enum xn_end end;
    unsigned int reason = 0;

    if ( xn_watch_read(w->watch, &end, &reason) ) {
        xl_failed(NULL, "%s: waiting for domain %u", xl.command->name, w->domid);
        return true;
    }
    if ( end == XN_END_GONE )
        fprintf(stderr, "Domain %u has been destroyed\n", w->domid);
    else if ( end == XN_END_SHUTDOWN && r->wait < 2 )
        fprintf(stderr, "Domain %u has been shut down, reason code %u\n", w->domid, reason);
    else
        return false;
    return true;
}

static int wait_all(const struct request *r, struct waiting *list, size_t n)
{
    struct pollfd *fds = xl_alloc(n * sizeof(*fds));
    int rc = XL_OK;

    if ( n )
        fprintf(stderr, "Waiting for %zu domains\n", n);
    /* Look at each once before waiting: it may have ended already. */
    for ( bool first = true; n; first = false ) {
        for ( size_t i = 0; i < n; i++ )
            fds[i] = (struct pollfd){ .fd = xn_watch_fd(list[i].watch), .events = POLLIN };
        if ( poll(fds, n, first ? 0 : XN_WATCH_MS) < 0 && errno != EINTR ) {
            rc = xl_error("%s: waiting: %s", xl.command->name, strerror(errno));
            break;
        }
        for ( size_t i = n; i-- > 0; ) {
            if ( !ended(r, &list[i]) )
                continue;
            xn_watch_free(list[i].watch);
            list[i] = list[--n];
        }
    }
    for ( size_t i = 0; i < n; i++ )
        xn_watch_free(list[i].watch);
    free(fds);
    return rc;
}

static int ask_all(const struct request *r, const struct xn_domain *list, size_t n)
{
    struct waiting *waiting = xl_alloc((n + 1) * sizeof(*waiting));
    size_t nr = 0;
    int rc = XL_OK;

    for ( size_t i = 0; i < n; i++ ) {
        char *name = xl_shown_name(list[i].domid);
        struct xn_watch *watch = NULL;

        if ( r->wait && !(watch = xn_domain_watch(xl_ctx(), list[i].domid)) )
            rc = xl_failed(name, "%s", xl.command->name);
        if ( ask(r, name, list[i].domid) ) {
            rc = XL_FAILED;
            xn_watch_free(watch);
            watch = NULL;
        }
        if ( watch )
            waiting[nr++] = (struct waiting){ list[i].domid, watch };
        free(name);
    }
    if ( wait_all(r, waiting, nr) )
        rc = XL_FAILED;
    free(waiting);
    return rc;
}

/* The guests meant: all but domain 0, or the one named. */
static int choose(const struct request *r, int argc, char **argv, struct xn_domain **list,
                  size_t *n)
{
    size_t kept = 0;

    if ( r->all && argc > optind )
        return xl_error("%s: -a and a domain: name one or ask all", xl.command->name);
    if ( !r->all && argc == optind )
        return xl_error("%s: which? name a domain, or -a for all guests", xl.command->name);
    if ( xl_domains(argv + optind, argc - optind, list, n) )
        return XL_FAILED;
    for ( size_t i = 0; i < *n; i++ )
        if ( (*list)[i].domid && !(*list)[i].dying && !(r->all && (*list)[i].shutdown) )
            (*list)[kept++] = (*list)[i];
    if ( !r->all && *n && !(*list)[0].domid ) {
        free(*list);
        return xl_error("%s: %s: this is domain 0, the host itself; use the system's own "
                        "shutdown", argv[optind], xl.command->name);
    }
    *n = kept;
    return XL_OK;
}

static int shut(int argc, char **argv, struct request *r)
{
    struct xn_domain *list;
    size_t n;
    int c, rc = XL_OK;

    while ( (c = xl_getopt(argc, argv)) != -1 ) {
        r->all |= c == 'a';
        r->fallback |= c == 'F';
        r->wait += c == 'w';
    }
    if ( choose(r, argc, argv, &list, &n) )
        return XL_FAILED;
    if ( xl.dry_run ) {
        for ( size_t i = 0; i < n; i++ )
            printf("domain %u would be asked to %s\n", list[i].domid, r->what);
    } else {
        rc = ask_all(r, list, n);
    }
    free(list);
    return rc;
}

int cmd_shutdown(int argc, char **argv)
{
    struct request r = { "poweroff", "Shutting down", "power", false, false, 0 };

    return shut(argc, argv, &r);
}

int cmd_reboot(int argc, char **argv)
{
    struct request r = { "reboot", "Rebooting", "reset", false, false, 0 };

    return shut(argc, argv, &r);
}
