/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following the store.  Every watch event only marks its domain; then each marked domain is
 * read anew and compared with what was told before.  A guest that rewrites its own nodes all
 * the time therefore costs one look each PAUSE_MS, and a lost event costs nothing once the
 * next one comes.  Which domains there are is looked at without that pause: a domain's last
 * page is ours until we let go of it.
 *
 * What a domain's consoles are is in domain_nodes.c.  Here: the connection, which domains
 * there are, and the queues to and from the main thread.
 */
#include "watcher.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "domain_nodes.h"
#include "loop.h"
#include "util.h"

#define PAUSE_MS        20              /* at least, between two looks at the domains */
#define RETRY_MS        250             /* between two attempts to reach the store */
#define PROBE_MS        2000            /* an idle connection is tried this often */

struct order {
    struct order *next;
    bool is_tty, connected;
    enum console_kind kind;
    uint32_t domid, number;
    char tty[64];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct news *first_news, **last_news = &first_news;          /* lock */
static struct order *first_order, **last_order = &first_order;      /* lock */
static int news_fd = -1, order_fd = -1;

/* The thread's own. */
static struct followed *domains;
static bool list_changed;
static uint64_t last_look_ns;

/* Queues. */

void watcher_post(enum watch_news what, const struct console_info *info)
{
    struct news *n = calloc(1, sizeof(*n));

    if ( !n )
        return;
    n->what = what;
    if ( info )
        n->info = *info;
    pthread_mutex_lock(&lock);
    *last_news = n;
    last_news = &n->next;
    pthread_mutex_unlock(&lock);
    eventfd_write(news_fd, 1);
}

struct news *watcher_news(void)
{
    eventfd_t ignored;
    struct news *n;

    pthread_mutex_lock(&lock);
    n = first_news;
    if ( n ) {
        first_news = n->next;
        if ( !first_news )
            last_news = &first_news;
    } else {
        eventfd_read(news_fd, &ignored);
    }
    pthread_mutex_unlock(&lock);
    return n;
}

static void give_order(const struct order *what)
{
    struct order *o = malloc(sizeof(*o));

    if ( !o )
        return;
    *o = *what;
    o->next = NULL;
    pthread_mutex_lock(&lock);
    *last_order = o;
    last_order = &o->next;
    pthread_mutex_unlock(&lock);
    eventfd_write(order_fd, 1);
}

void watcher_tell_tty(uint32_t domid, uint32_t number, enum console_kind kind, const char *tty)
{
    struct order o = { .is_tty = true, .domid = domid, .number = number, .kind = kind };

    copy_text(o.tty, sizeof(o.tty), tty ? tty : "");
    give_order(&o);
}

void watcher_tell_state(uint32_t domid, uint32_t number, bool connected)
{
    const struct order o = { .domid = domid, .number = number, .connected = connected };

    give_order(&o);
}

static struct order *next_order(void)
{
    eventfd_t ignored;
    struct order *o;

    pthread_mutex_lock(&lock);
    o = first_order;
    if ( o ) {
        first_order = o->next;
        if ( !first_order )
            last_order = &first_order;
    } else {
        eventfd_read(order_fd, &ignored);
    }
    pthread_mutex_unlock(&lock);
    return o;
}

/* Domains. */

static struct followed *find(uint32_t domid)
{
    struct followed *f = domains;

    while ( f && f->domid != domid )
        f = f->next;
    return f;
}

static void drop(struct port_store *s, struct followed **link)
{
    struct followed *f = *link;
    const struct console_info info = { .domid = f->domid };

    watcher_post(NEWS_DOMAIN_GONE, &info);      /* first: somebody waits for its memory */
    nodes_unfollow(s, f);
    *link = f->next;
    free(f);
}

static bool same(const struct port_domain *d, const struct followed *f)
{
    return d->domid == f->domid && !memcmp(d->handle, f->handle, 16);
}

static bool follow(struct port_store *s, const struct port_domain *d)
{
    struct followed *f = calloc(1, sizeof(*f));

    if ( !f )
        return false;
    f->domid = d->domid;
    memcpy(f->handle, d->handle, 16);
    f->next = domains;
    domains = f;
    return nodes_follow(s, f);
}

/* Bring the list up to date with the hypervisor's.  A dying domain counts as gone. */
static bool read_list(struct port_store *s)
{
    struct port_domain *list;
    const int n = port_store_domains(s, &list);
    bool ok = true;

    if ( n < 0 )
        return false;
    for ( struct followed **link = &domains; *link;  ) {
        int i = 0;

        while ( i < n && !(same(&list[i], *link) && !list[i].dying) )
            i++;
        if ( i == n )
            drop(s, link);
        else
            link = &(*link)->next;
    }
    for ( int i = 0; i < n && ok; i++ )
        if ( !list[i].dying && !find(list[i].domid) )
            ok = follow(s, &list[i]);
    free(list);
    return ok;
}

/* The domain that an event's path is about. */
static void mark(const char *path)
{
    unsigned int domid;
    struct followed *f;

    if ( path[0] == '@' ) {
        list_changed = true;
        return;
    }
    if ( sscanf(path, "/local/domain/0/backend/console/%u", &domid) != 1 &&
         sscanf(path, "/local/domain/%u/", &domid) != 1 )
        return;
    f = find(domid);
    if ( f )
        f->marked = true;
}

static bool take_events(struct port_store *s)
{
    char *path;

    while ( (path = port_store_event(s)) ) {
        mark(path);
        free(path);
    }
    return errno == EAGAIN;
}

static bool take_orders(struct port_store *s)
{
    struct order *o;
    bool ok = true;

    while ( ok && (o = next_order()) ) {
        struct followed *f = find(o->domid);

        if ( f && o->is_tty )
            ok = nodes_write_tty(s, f, o->number, o->kind, o->tty);
        else if ( f )
            ok = nodes_write_state(s, f, o->number, o->connected);
        free(o);
    }
    return ok;
}

static bool any_marked(void)
{
    for ( const struct followed *f = domains; f; f = f->next )
        if ( f->marked )
            return true;
    return false;
}

/*
 * How long the marked domains have to wait yet: the first event after a while is answered at
 * once, those that follow it together.
 */
static int pause_left_ms(void)
{
    const uint64_t next = last_look_ns + PAUSE_MS * 1000000ULL, now = loop_now_ns();

    return now < next ? (int)((next - now) / 1000000 + 1) : 0;
}

static bool look(struct port_store *s)
{
    bool ok = true;

    if ( list_changed ) {
        list_changed = false;
        ok = read_list(s);
    }
    if ( !ok || !any_marked() || pause_left_ms() )
        return ok;
    last_look_ns = loop_now_ns();
    for ( struct followed *f = domains; f && ok; f = f->next )
        if ( f->marked ) {
            f->marked = false;
            ok = nodes_read(s, f);
        }
    return ok;
}

/* The connection. */

static bool begin(struct port_store *s)
{
    list_changed = true;
    if ( !port_store_watch(s, "@introduceDomain", "introduced") ||
         !port_store_watch(s, "@releaseDomain", "released") ||
         !port_store_watch(s, "/local/domain/0/backend/console", "devices") )
        return false;
    for ( struct followed *f = domains; f; f = f->next )
        if ( !nodes_follow(s, f) )
            return false;
    return true;
}

static bool answers(struct port_store *s)
{
    char *root = port_store_read(s, "/local/domain/0");
    const bool ok = root || errno == ENOENT;

    free(root);
    return ok;
}

/* Until the connection breaks. */
static void follow_store(struct port_store *s, bool *told_ready)
{
    struct pollfd fds[2] = {
        { .fd = port_store_fd(s), .events = POLLIN },
        { .fd = order_fd, .events = POLLIN },
    };

    if ( !begin(s) )
        return;
    for ( ;; ) {
        int n, left;

        if ( !take_events(s) || !look(s) || !take_orders(s) )
            return;
        if ( !*told_ready ) {
            *told_ready = true;
            watcher_post(NEWS_READY, NULL);
        }
        left = any_marked() ? pause_left_ms() : PROBE_MS;
        n = poll(fds, 2, left);
        if ( n == 0 && left == PROBE_MS && !answers(s) )
            return;
    }
}

static void *run(void *unused)
{
    bool told_missing = false, told_ready = false;

    for ( ;; ) {
        struct port_store *s = port_store_open();

        if ( s ) {
            if ( told_missing )
                say(LOG_NOTICE, "connected to the store");
            told_missing = false;
            follow_store(s, &told_ready);
            port_store_close(s);
            say(LOG_WARNING, "the store's connection is lost; trying again");
        } else if ( !told_missing ) {
            say(LOG_WARNING, "the store does not answer (%s); is xenstored running? trying on",
                strerror(errno));
            told_missing = true;
        }
        usleep(RETRY_MS * 1000);
    }
    return NULL;
}

int watcher_start(void)
{
    sigset_t all, old;
    pthread_t thread;
    int rc;

    news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    order_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if ( news_fd < 0 || order_fd < 0 )
        return -errno;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&thread, NULL, run, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if ( rc )
        return -rc;
    pthread_detach(thread);
    return news_fd;
}
