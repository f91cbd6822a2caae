/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A queue of logs with a piece to write, in order of arrival.  A log belongs to the thread
 * from logwriter_write until its piece is taken from the list of those done.
 */
#include "logwriter.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include "history.h"
#include "logfile.h"
#include "loop.h"
#include "util.h"

#define STEP 2048                       /* bytes between two checks of the file's size */

/* Fields: M main thread, T the thread's while busy, else M. */
struct logwriter {
    struct logwriter *next;             /* lock */
    logwriter_done_fn *done;            /* M */
    void *owner;                        /* M */
    uint64_t since;                     /* M; 0: idle */
    bool closed;                        /* M */
    bool telling;                       /* M; its done function runs */
    bool reopen;                        /* M */
    struct logfile file;                /* T */
    bool stamp, reopen_now;             /* T */
    uint64_t cut_size;                  /* T */
    size_t length, written;             /* T */
    char path[384];                     /* T */
    char text[LOGWRITER_BYTES];         /* T */
};

struct queue { struct logwriter *first, **last; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER, finished = PTHREAD_COND_INITIALIZER;
static struct queue todo = { NULL, &todo.first }, done = { NULL, &done.first };     /* lock */
static bool working;                                                                /* lock */
static int done_fd = -1;
static struct source done_source;

static void push(struct queue *q, struct logwriter *w)
{
    w->next = NULL;
    *q->last = w;
    q->last = &w->next;
}

static struct logwriter *pop(struct queue *q)
{
    struct logwriter *w = q->first;

    if ( w ) {
        q->first = w->next;
        if ( !q->first )
            q->last = &q->first;
    }
    return w;
}

/* The thread. */

static void do_open(struct logwriter *w)
{
    if ( w->file.fd >= 0 && w->reopen_now )
        logfile_reopen(&w->file);
    w->reopen_now = false;
    if ( w->file.fd >= 0 || logfile_open(&w->file, w->path, w->stamp) )
        return;
    if ( w->cut_size != LOG_SIZE_UNKNOWN )
        logfile_cut(&w->file, w->cut_size);
    w->cut_size = LOG_SIZE_UNKNOWN;
}

static void do_piece(struct logwriter *w)
{
    do_open(w);
    w->written = 0;
    while ( w->written < w->length ) {
        const size_t left = w->length - w->written, n = left < STEP ? left : STEP;

        if ( !logfile_write(&w->file, w->text + w->written, n) )
            return;
        w->written += n;
    }
}

static void *run(void *unused)
{
    pthread_mutex_lock(&lock);
    for ( ;; ) {
        struct logwriter *w = pop(&todo);

        working = w;
        if ( !w ) {
            pthread_cond_signal(&finished);
            pthread_cond_wait(&wake, &lock);
            continue;
        }
        pthread_mutex_unlock(&lock);
        do_piece(w);
        pthread_mutex_lock(&lock);
        push(&done, w);
        eventfd_write(done_fd, 1);
    }
    return NULL;
}

/* The main thread. */

static void destroy(struct logwriter *w)
{
    logfile_close(&w->file);
    free(w);
}

/* The owner's done function may give the next piece or close the log. */
static void tell_owner(struct logwriter *w)
{
    w->since = 0;
    w->telling = true;
    if ( !w->closed )
        w->done(w->owner, w->written, w->file.size);
    w->telling = false;
    if ( !logwriter_idle(w) )
        return;
    if ( w->closed )
        destroy(w);
    else if ( w->reopen )
        logwriter_write(w, "", 0);
}

static void take_done(void)
{
    struct logwriter *w;

    for ( ;; ) {
        pthread_mutex_lock(&lock);
        w = pop(&done);
        pthread_mutex_unlock(&lock);
        if ( !w )
            return;
        tell_owner(w);
    }
}

static void on_done(struct source *src, uint32_t events)
{
    eventfd_t ignored;

    eventfd_read(src->fd, &ignored);
    take_done();
}

int logwriter_start(void)
{
    sigset_t all, old;
    pthread_t thread;
    int rc;

    done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if ( done_fd < 0 )
        return -errno;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&thread, NULL, run, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if ( rc )
        return -rc;
    pthread_detach(thread);
    return loop_add(&done_source, done_fd, EPOLLIN, on_done);
}

struct logwriter *logwriter_open(const char *path, bool stamp, uint64_t cut_size,
                                 logwriter_done_fn *fn, void *owner)
{
    struct logwriter *w = calloc(1, sizeof(*w));

    if ( !w )
        return NULL;
    w->file.fd = -1;
    w->stamp = stamp;
    w->cut_size = cut_size;
    w->done = fn;
    w->owner = owner;
    copy_text(w->path, sizeof(w->path), path);
    return w;
}

bool logwriter_idle(const struct logwriter *w)
{
    return !w->since;
}

uint64_t logwriter_since(const struct logwriter *w)
{
    return w->since;
}

void logwriter_write(struct logwriter *w, const char *buf, size_t n)
{
    memcpy(w->text, buf, n);
    w->length = n;
    w->reopen_now = w->reopen;
    w->reopen = false;
    w->since = loop_now_ns();
    pthread_mutex_lock(&lock);
    push(&todo, w);
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
}

void logwriter_reopen(struct logwriter *w)
{
    w->reopen = true;
    if ( logwriter_idle(w) )
        logwriter_write(w, "", 0);
}

void logwriter_close(struct logwriter *w)
{
    if ( !w )
        return;
    w->closed = true;
    if ( logwriter_idle(w) && !w->telling )
        destroy(w);
}

void logwriter_finish(int timeout_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    pthread_mutex_lock(&lock);
    while ( (working || todo.first) && pthread_cond_timedwait(&finished, &lock, &until) == 0 )
        ;
    pthread_mutex_unlock(&lock);
    take_done();
}
