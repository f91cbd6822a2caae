/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Consoles.  Output goes from the ring into the history at a bounded rate, and from there to
 * each reader at the reader's pace.  Input goes straight into the ring, and is not read from
 * its source while the ring is full.  One call of service() moves at most one ring's worth,
 * and every console gets its turn before the next one's second.
 */
#include "console.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "settings.h"
#include "terminal.h"
#include "util.h"
#include "viewer.h"

#define RING_BYTES      2048
#define EVENT_COST      256             /* a wake-up counts as at least so many bytes */
#define MAX_ENDED       32              /* ended consoles kept */
#define LOG_AT_ONCE     (LOGWRITER_BYTES / 2)   /* so much is not held back for more ... */
#define LOG_DELAY_NS    30000000ULL             /* ... nor less for longer */
#define RETRY_NS        500000000ULL    /* between attempts to map a ring */
#define LOG_PATIENCE_NS 2000000000ULL   /* that a guest waits for a log that does not move */
#define LOG_RETRY_NS    50000000ULL
#define NS              1000000000ULL

struct console *consoles;

/* Finding. */

struct console *console_find(uint32_t domid, uint32_t number)
{
    struct console *c = consoles;

    while ( c && !(c->domid == domid && c->number == number) )
        c = c->next;
    return c;
}

struct console *console_find_name(const char *name, uint32_t number)
{
    struct console *best = NULL;

    for ( struct console *c = consoles; c; c = c->next ) {
        if ( c->number != number || strcmp(c->name, name) )
            continue;
        if ( !best || (best->ended && (!c->ended || c->ended_at > best->ended_at)) )
            best = c;
    }
    return best;
}

/* Log. */

static void log_feed(struct console *c);

static void set_logged(struct console *c, uint64_t pos)
{
    struct log_mark mark = history_mark(&c->hist);

    mark.logged = pos;
    history_set_mark(&c->hist, mark);
}

static void log_close(struct console *c)
{
    logwriter_close(c->log);
    c->log = NULL;
}

static void log_done(void *owner, size_t written, uint64_t file_size)
{
    struct console *c = owner;
    const bool failed = written < c->log_length;
    struct log_mark mark = history_mark(&c->hist);

    mark.logged += written > c->log_note ? written - c->log_note : 0;
    mark.size = file_size;
    history_set_mark(&c->hist, mark);
    c->log_note = c->log_length = 0;
    if ( !failed )
        log_feed(c);
    if ( c->ended && (failed || logwriter_idle(c->log)) )
        log_close(c);
    console_drained(c);
}

static void log_open(struct console *c)
{
    char path[384], name[NAME_SIZE];

    if ( !settings.log_guest || c->kind == CONSOLE_CHANNEL )
        return;
    copy_text(name, sizeof(name), c->name);
    for ( size_t i = 0; name[i]; i++ )
        if ( name[i] == '/' )
            name[i] = '_';
    if ( c->number )
        snprintf(path, sizeof(path), "%s/guest-%s.console%u.log", settings.log_dir, name,
                 c->number);
    else
        snprintf(path, sizeof(path), "%s/guest-%s.log", settings.log_dir, name);
    c->log = logwriter_open(path, settings.stamp_guest, history_mark(&c->hist).size, log_done, c);
    if ( c->log ) {
        c->log_note = c->log_length = 0;
        logwriter_write(c->log, "", 0);     /* the file is there from the start */
    }
}

/* Give the log its next piece, if it has done with the last. */
static void log_feed(struct console *c)
{
    struct log_mark mark = history_mark(&c->hist);
    char buf[LOGWRITER_BYTES];
    size_t note = 0, n;
    uint64_t lost, pos = mark.logged;

    c->log_due = 0;
    if ( !c->log && c->kind != CONSOLE_CHANNEL )
        set_logged(c, history_head(&c->hist));
    if ( !c->log || !logwriter_idle(c->log) || mark.logged >= history_head(&c->hist) )
        return;
    if ( pos < history_tail(&c->hist) ) {
        note = (size_t)snprintf(buf, 80, "\n[xenconsoled: %llu bytes are missing here]\n",
                                (unsigned long long)(history_tail(&c->hist) - pos));
        set_logged(c, history_tail(&c->hist));
    }
    n = history_get(&c->hist, &pos, buf + note, sizeof(buf) - note, &lost);
    c->log_note = note;
    c->log_length = note + n;
    logwriter_write(c->log, buf, note + n);
}

/* Small pieces cost much: collect for a moment. */
static void log_soon(struct console *c, uint64_t now)
{
    const uint64_t waiting = history_head(&c->hist) - history_logged(&c->hist);

    if ( waiting >= LOG_AT_ONCE )
        log_feed(c);
    else if ( waiting && !c->log_due )
        c->log_due = now + LOG_DELAY_NS;
}

/* The log is behind, but at work: the guest waits for it rather than losing text. */
static bool log_catches_up(const struct console *c)
{
    return c->log && !logwriter_idle(c->log) &&
           loop_now_ns() - logwriter_since(c->log) < LOG_PATIENCE_NS;
}

void console_reopen_logs(void)
{
    for ( struct console *c = consoles; c; c = c->next )
        if ( c->log )
            logwriter_reopen(c->log);
}

/* Readers. */

static void feed_readers(struct console *c)
{
    if ( c->line.open )
        stream_feed(&c->line);
    viewer_feed_all(c);
}

/* Bytes that the history can take before a reader that must not lose any would. */
static size_t room_for_output(const struct console *c)
{
    uint64_t pos = history_head(&c->hist);

    if ( c->kind == CONSOLE_CHANNEL )
        pos = history_logged(&c->hist);
    else if ( settings.keep && c->line.open && c->line.pos < pos )
        pos = c->line.pos;
    if ( log_catches_up(c) && history_logged(&c->hist) < pos )
        pos = history_logged(&c->hist);
    if ( pos < history_tail(&c->hist) )
        return 0;
    return (size_t)(settings.replay - (history_head(&c->hist) - pos));
}

static void update_sources(struct console *c)
{
    stream_update(&c->line);
    viewer_input_all(c);
}

void console_drained(struct console *c)
{
    if ( c->kind == CONSOLE_CHANNEL && c->line.open )
        set_logged(c, c->line.pos);
    if ( c->stalled && room_for_output(c) ) {
        c->stalled = false;
        c->work = true;
    }
}

void console_stream_closed(struct console *c)
{
    if ( c->listener.fn )
        channel_next(c);
    else
        terminal_close(c);
}

void console_resize(struct console *c, uint16_t rows, uint16_t cols)
{
    c->rows = rows;
    c->cols = cols;
    if ( !c->ended )
        terminal_resize(c, rows, cols);
}

/* The ring. */

static void tell_broken(struct console *c)
{
    if ( !c->told_broken )
        say(LOG_WARNING, "domain %u console %u: the guest's ring indexes make no sense; reset",
            c->domid, c->number);
    c->told_broken = true;
}

size_t console_room(struct console *c)
{
    bool broken = false;
    size_t room;

    if ( !c->ring )
        return 0;
    room = ring_room(c->ring, &broken);
    if ( broken )
        tell_broken(c);
    if ( !room )
        c->input_full = true;
    return room;
}

void console_input(struct console *c, const char *buf, size_t n)
{
    ring_put(c->ring, buf, n);
    port_notify(c->port);
}

/* Move at most max bytes of output into the history. */
static size_t take_output(struct console *c, size_t max)
{
    struct history_file *f = c->hist.file;
    char buf[RING_BYTES];
    uint32_t next;
    bool broken;
    const size_t n = ring_peek(c->ring, buf, max < sizeof(buf) ? max : sizeof(buf), &next,
                               &broken);

    if ( broken )
        tell_broken(c);
    else if ( !n )
        return 0;
    f->ring_base = (uint32_t)f->head - (next - (uint32_t)n);
    f->ring_known = 1;
    history_put(&c->hist, buf, n);
    ring_set_out_cons(c->ring, next);
    port_notify(c->port);
    return n;
}

/* A daemon that was killed may have kept bytes that it had not yet taken off the ring. */
static void finish_last_step(struct console *c)
{
    const struct history_file *f = c->hist.file;
    const uint32_t expected = (uint32_t)f->head - f->ring_base;

    if ( f->ring_known && expected - ring_out_cons(c->ring) <= RING_BYTES )
        ring_set_out_cons(c->ring, expected);
}

static void refill(struct console *c, uint64_t now)
{
    const uint64_t most = settings.rate / 8 + RING_BYTES;
    const uint64_t ns = now - c->refilled < NS ? now - c->refilled : NS;

    c->tokens += ns * settings.rate / NS;
    if ( c->tokens > most )
        c->tokens = most;
    c->refilled = now;
}

/*
 * One turn.  Linux writes 16 bytes at a time and sends an event for each, so after output the
 * event stays masked and the ring gets another turn, until it is found empty.
 */
static void service(struct console *c, uint64_t now)
{
    const size_t room = room_for_output(c);
    size_t n, want = room < RING_BYTES ? room : RING_BYTES;

    refill(c, now);
    c->work = false;
    c->resume = 0;
    if ( c->tokens < EVENT_COST ) {
        c->resume = now + (RING_BYTES - c->tokens) * NS / settings.rate + 1;
        return;
    }
    if ( want > c->tokens )
        want = (size_t)c->tokens;
    n = take_output(c, want);
    c->tokens -= n < EVENT_COST ? EVENT_COST : n;
    if ( n )
        feed_readers(c);
    log_soon(c, now);
    if ( c->input_full ) {
        c->input_full = false;
        update_sources(c);
    }
    c->stalled = !room;
    if ( c->stalled ) {
        if ( c->log )                   /* patience may end with no event to tell */
            c->resume = now + LOG_RETRY_NS;
    } else if ( n ) {
        c->work = true;
    } else if ( c->unmask ) {
        c->unmask = false;
        port_unmask(c->port);
    }
}

void console_event(int port)
{
    for ( struct console *c = consoles; c; c = c->next )
        if ( c->ring && c->port == port ) {
            c->unmask = true;
            if ( !c->stalled && !c->resume )
                c->work = true;
            return;
        }
}

/* Life. */

static void unmap(struct console *c)
{
    if ( !c->ring )
        return;
    port_unbind(c->port);
    port_unmap(c->ring, c->how);
    c->ring = NULL;
    c->port = -1;
    c->work = c->unmask = c->stalled = false;
    c->resume = 0;
}

static bool map(struct console *c)
{
    c->ring = port_map(c->domid, c->kind == CONSOLE_PRIMARY, c->ring_ref, &c->how);
    if ( !c->ring ) {
        say(LOG_WARNING, "domain %u console %u: cannot map its page: %s", c->domid, c->number,
            strerror(errno));
        return false;
    }
    c->port = port_bind(c->domid, c->remote_port);
    if ( c->port < 0 ) {
        say(LOG_WARNING, "domain %u console %u: cannot bind event channel %u: %s", c->domid,
            c->number, c->remote_port, strerror(-c->port));
        port_unmap(c->ring, c->how);
        c->ring = NULL;
        return false;
    }
    finish_last_step(c);
    c->refilled = loop_now_ns();
    c->tokens = settings.rate / 8 + RING_BYTES;
    c->work = true;
    return true;
}

static void connect_guest(struct console *c)
{
    if ( !map(c) ) {
        c->resume = loop_now_ns() + RETRY_NS;
        return;
    }
    c->resume = 0;
    if ( c->kind != CONSOLE_PRIMARY )
        watcher_tell_state(c->domid, c->number, true);
    if ( c->tty[0] )
        watcher_tell_tty(c->domid, c->number, c->kind, c->tty);
    update_sources(c);
}

static void forget(struct console *c)
{
    struct console **link = &consoles;

    while ( *link && *link != c )
        link = &(*link)->next;
    if ( *link )
        *link = c->next;
    viewer_end_all(c, "the console is gone");
    unmap(c);
    terminal_close(c);
    channel_close(c);
    log_close(c);
    history_close(&c->hist, true);
    loop_free_later(c);
}

static void limit_ended(void)
{
    struct console *oldest = NULL;
    unsigned int n = 0;

    for ( struct console *c = consoles; c; c = c->next ) {
        n += c->ended;
        /* Of those that ended in the same second, the one made first: newer ones come first. */
        if ( c->ended && (!oldest || c->ended_at <= oldest->ended_at) )
            oldest = c;
    }
    if ( n > MAX_ENDED )
        forget(oldest);
}

/* The domain is gone: take what is left on the ring, then keep only the history. */
static void end(struct console *c)
{
    for ( int i = 0; c->ring && i < 2 && take_output(c, RING_BYTES); i++ )
        ;
    if ( c->line.open )
        c->line.muted = false;
    feed_readers(c);
    log_feed(c);
    unmap(c);
    if ( c->kind == CONSOLE_CHANNEL ) {
        forget(c);
        return;
    }
    c->ended = true;
    c->ended_at = c->hist.file->ended_at = time(NULL);
    c->hist.file->ended = 1;
    terminal_close(c);
    if ( c->log && logwriter_idle(c->log) )
        log_close(c);
    viewer_feed_all(c);
    limit_ended();
}

static struct console *make(const struct console_info *info)
{
    struct console *c = calloc(1, sizeof(*c));

    if ( !c || history_open(&c->hist, settings.run_dir, info->domid, info->number, info->handle,
                           settings.replay) ) {
        say(LOG_ERR, "domain %u console %u: out of memory", info->domid, info->number);
        free(c);
        return NULL;
    }
    c->domid = info->domid;
    c->number = info->number;
    c->kind = info->kind;
    memcpy(c->handle, info->handle, 16);
    copy_text(c->name, sizeof(c->name), info->name);
    copy_text(c->hist.file->name, sizeof(c->hist.file->name), info->name);
    copy_text(c->socket, sizeof(c->socket), info->socket);
    c->slave = c->watch = c->port = -1;
    c->next = consoles;
    consoles = c;
    if ( !c->hist.saved )
        say(LOG_WARNING, "%s: no space; the recent output of domain %u is in memory only",
            settings.run_dir, c->domid);
    log_open(c);
    log_feed(c);
    if ( c->socket[0] )
        channel_listen(c);
    else
        terminal_open(c);
    return c;
}

void console_serve(const struct console_info *info)
{
    struct console *c = console_find(info->domid, info->number);

    if ( c && (c->ended || memcmp(c->handle, info->handle, 16) || c->kind != info->kind) ) {
        forget(c);
        c = NULL;
    }
    if ( !c )
        c = make(info);
    if ( !c )
        return;
    unmap(c);
    c->ring_ref = info->ring_ref;
    c->remote_port = info->port;
    connect_guest(c);
    viewer_console_added(c);
}

void console_gone(uint32_t domid, uint32_t number)
{
    struct console *c = console_find(domid, number);

    if ( !c || c->ended )
        return;
    watcher_tell_state(domid, number, false);
    end(c);
}

void console_domain_gone(uint32_t domid)
{
    for ( struct console *c = consoles, *next; c; c = next ) {
        next = c->next;
        if ( c->domid == domid && !c->ended ) {
            end(c);
            next = consoles;            /* end may have forgotten the next one */
        }
    }
}

void console_rename(uint32_t domid, const char *name)
{
    for ( struct console *c = consoles; c; c = c->next ) {
        if ( c->domid != domid || c->ended || !strcmp(c->name, name) )
            continue;
        copy_text(c->name, sizeof(c->name), name);
        copy_text(c->hist.file->name, sizeof(c->hist.file->name), name);
        viewer_console_added(c);
    }
}

static void load_one(const char *name)
{
    char path[sizeof(((struct history *)0)->path)];
    unsigned int domid, number;
    struct console *c;

    if ( sscanf(name, "%u.%u", &domid, &number) != 2 || console_find(domid, number) )
        return;
    snprintf(path, sizeof(path), "%s/%u.%u", settings.run_dir, domid, number);
    c = calloc(1, sizeof(*c));
    if ( !c || history_load(&c->hist, path) ) {
        remove(path);
        free(c);
        return;
    }
    c->domid = domid;
    c->number = number;
    c->kind = number ? CONSOLE_EXTRA : CONSOLE_PRIMARY;
    copy_text(c->name, sizeof(c->name), c->hist.file->name);
    memcpy(c->handle, c->hist.file->handle, 16);
    c->slave = c->watch = c->port = -1;
    c->ended = true;
    if ( !c->hist.file->ended )
        c->hist.file->ended_at = time(NULL);
    c->hist.file->ended = 1;
    c->ended_at = c->hist.file->ended_at;
    c->next = consoles;
    consoles = c;
    limit_ended();
}

void console_load_ended(void)
{
    DIR *d = opendir(settings.run_dir);
    struct dirent *e;

    while ( d && (e = readdir(d)) )
        load_one(e->d_name);
    if ( d )
        closedir(d);
}

/* The rounds. */

static int64_t ms_until(uint64_t when, uint64_t now)
{
    return when > now ? (int64_t)((when - now) / 1000000 + 1) : 0;
}

/* One console's turn; milliseconds until its next, or -1. */
static int64_t turn(struct console *c, uint64_t now)
{
    if ( c->ended ) {
        const int64_t left = c->ended_at + settings.keep_ended - time(NULL);

        if ( left > 0 && left <= (int64_t)settings.keep_ended )
            return left * 1000;
        if ( !c->viewers )
            forget(c);
        return 1000;
    }
    if ( !c->ring ) {
        if ( c->resume && now >= c->resume )
            connect_guest(c);
    } else if ( c->work || (c->resume && now >= c->resume) ) {
        service(c, now);
    }
    if ( c->log_due && now >= c->log_due )
        log_feed(c);
    if ( c->work )
        return 0;
    if ( c->log_due && (!c->resume || c->log_due < c->resume) )
        return ms_until(c->log_due, now);
    return c->resume ? ms_until(c->resume, now) : -1;
}

int console_work(void)
{
    const uint64_t now = loop_now_ns();
    int64_t wait = -1;

    for ( struct console *c = consoles, *next; c; c = next ) {
        int64_t ms;

        next = c->next;
        ms = turn(c, now);
        if ( ms >= 0 && (wait < 0 || ms < wait) )
            wait = ms;
    }
    return wait > 3600000 ? 3600000 : (int)wait;
}
