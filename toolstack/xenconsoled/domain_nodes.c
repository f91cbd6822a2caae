/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's consoles in the store.  The primary stands in /local/domain/N/console, written by
 * the domain's builder.  Further ones and channels are devices with the usual state machine:
 *
 *   backend  /local/domain/0/backend/console/N/M    ours: state, tty
 *   frontend /local/domain/N/device/console/M       the guest's: ring-ref, port, state
 *
 * A console whose type is not "xenconsoled" belongs to another program (QEMU's is "ioemu").
 * Frontend nodes are the guest's to write: each is read once and checked.
 */
#include "domain_nodes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define PATH_SIZE 128

enum { INITIALISING = 1, INIT_WAIT, INITIALISED, CONNECTED, CLOSING, CLOSED };

/* One read: *text is malloc'd, or NULL if the node is not there.  false: broken connection. */
static bool get(struct port_store *s, const char *dir, const char *leaf, char **text)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", dir, leaf);
    *text = port_store_read(s, path);
    return *text || errno == ENOENT || errno == EACCES || errno == EINVAL;
}

static bool get_number(struct port_store *s, const char *dir, const char *leaf, uint64_t max,
                       uint64_t *value, bool *there)
{
    char *text;

    if ( !get(s, dir, leaf, &text) )
        return false;
    *there = text && parse_number(text, max, value);
    free(text);
    return true;
}

static bool get_text(struct port_store *s, const char *dir, const char *leaf, char *to,
                     size_t size)
{
    char *text;

    if ( !get(s, dir, leaf, &text) )
        return false;
    copy_text(to, size, text ? text : "");
    free(text);
    return true;
}

static bool put(struct port_store *s, const char *dir, const char *leaf, const char *value)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", dir, leaf);
    return port_store_write(s, path, value) || errno == EACCES || errno == ENOSPC ||
           errno == ENOENT || errno == EINVAL;
}

static void base_path(char *path, const struct followed *f, const char *leaf)
{
    snprintf(path, PATH_SIZE, "/local/domain/%u/%s", f->domid, leaf);
}

static void back_path(char *path, const struct followed *f, uint32_t number)
{
    snprintf(path, PATH_SIZE, "/local/domain/0/backend/console/%u/%u", f->domid, number);
}

static void front_path(char *path, const struct followed *f, uint32_t number)
{
    snprintf(path, PATH_SIZE, "/local/domain/%u/device/console/%u", f->domid, number);
}

/* Watches. */

static const char *const watched[] = { "console", "device/console", "name" };

bool nodes_follow(struct port_store *s, struct followed *f)
{
    char path[PATH_SIZE], token[32];

    f->marked = true;
    for ( size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++ ) {
        base_path(path, f, watched[i]);
        snprintf(token, sizeof(token), "%u.%zu", f->domid, i);
        if ( !port_store_watch(s, path, token) && errno != EEXIST )
            return false;
    }
    return true;
}

void nodes_unfollow(struct port_store *s, struct followed *f)
{
    char path[PATH_SIZE], token[32];

    for ( size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++ ) {
        base_path(path, f, watched[i]);
        snprintf(token, sizeof(token), "%u.%zu", f->domid, i);
        port_store_unwatch(s, path, token);
    }
}

/* Reading. */

static void start_info(struct console_info *info, const struct followed *f, uint32_t number)
{
    memset(info, 0, sizeof(*info));
    info->domid = f->domid;
    info->number = number;
    memcpy(info->handle, f->handle, 16);
    copy_text(info->name, sizeof(info->name), f->name);
}

static void tell(struct followed *f, struct console_info *info)
{
    const uint32_t n = info->number;

    if ( f->told[n] && f->ring_ref[n] == info->ring_ref && f->port[n] == info->port )
        return;
    f->told[n] = true;
    f->ring_ref[n] = info->ring_ref;
    f->port[n] = info->port;
    watcher_post(NEWS_CONSOLE, info);
}

static void tell_gone(struct followed *f, uint32_t number)
{
    struct console_info info;

    if ( !f->told[number] )
        return;
    f->told[number] = false;
    start_info(&info, f, number);
    watcher_post(NEWS_CONSOLE_GONE, &info);
}

static bool read_name(struct port_store *s, struct followed *f)
{
    char name[NAME_SIZE], base[PATH_SIZE];
    struct console_info info;

    base_path(base, f, "");
    base[strlen(base) - 1] = 0;
    if ( !get_text(s, base, "name", name, sizeof(name)) )
        return false;
    if ( !name[0] || !strcmp(name, f->name) )
        return true;
    copy_text(f->name, sizeof(f->name), name);
    start_info(&info, f, 0);
    watcher_post(NEWS_RENAMED, &info);
    return true;
}

/* Publish the terminal again if it is not there: a store may have forgotten it. */
static bool keep_tty(struct port_store *s, struct followed *f, const char *dir, uint32_t number)
{
    char tty[64];

    if ( !f->tty[number][0] )
        return true;
    if ( !get_text(s, dir, "tty", tty, sizeof(tty)) )
        return false;
    return !strcmp(tty, f->tty[number]) || put(s, dir, "tty", f->tty[number]);
}

static bool read_primary(struct port_store *s, struct followed *f)
{
    char dir[PATH_SIZE], type[24];
    struct console_info info;
    uint64_t ref = 0, port = 0;
    bool has_ref, has_port;

    base_path(dir, f, "console");
    if ( !get_text(s, dir, "type", type, sizeof(type)) ||
         !get_number(s, dir, "ring-ref", UINT64_MAX, &ref, &has_ref) ||
         !get_number(s, dir, "port", UINT32_MAX, &port, &has_port) )
        return false;
    if ( !has_ref || !has_port || (type[0] && strcmp(type, "xenconsoled")) )
        return true;
    start_info(&info, f, 0);
    info.kind = CONSOLE_PRIMARY;
    info.ring_ref = ref;
    info.port = (uint32_t)port;
    tell(f, &info);
    return keep_tty(s, f, dir, 0);
}

static bool put_state(struct port_store *s, const char *back, int state)
{
    char text[12];

    snprintf(text, sizeof(text), "%d", state);
    return put(s, back, "state", text);
}

struct device {
    char back[PATH_SIZE], front[PATH_SIZE];
    char type[24], name[64], connection[16], path[108];
    uint64_t back_state, front_state, ref, port, online;
    bool has_back, has_front, has_ref, has_port, has_online;
};

static bool read_device_nodes(struct port_store *s, struct device *d)
{
    bool ok = get_text(s, d->back, "type", d->type, sizeof(d->type));

    if ( ok && !d->type[0] )
        ok = get_text(s, d->front, "type", d->type, sizeof(d->type));
    return ok && get_text(s, d->back, "name", d->name, sizeof(d->name)) &&
           get_text(s, d->back, "connection", d->connection, sizeof(d->connection)) &&
           get_text(s, d->back, "path", d->path, sizeof(d->path)) &&
           get_number(s, d->back, "state", CLOSED, &d->back_state, &d->has_back) &&
           get_number(s, d->back, "online", 1, &d->online, &d->has_online) &&
           get_number(s, d->front, "state", CLOSED, &d->front_state, &d->has_front) &&
           get_number(s, d->front, "ring-ref", UINT32_MAX, &d->ref, &d->has_ref) &&
           get_number(s, d->front, "port", UINT32_MAX, &d->port, &d->has_port);
}

/* The state machine of a backend. */
static bool step_device(struct port_store *s, struct followed *f, uint32_t number,
                        const struct device *d)
{
    struct console_info info;

    if ( d->back_state == CLOSING || (d->has_online && !d->online) || !d->has_front ) {
        tell_gone(f, number);
        return d->back_state == CLOSED || put_state(s, d->back, CLOSED);
    }
    if ( d->front_state == CLOSING || d->front_state == CLOSED ) {
        tell_gone(f, number);
        return d->back_state == CLOSED || put_state(s, d->back, CLOSED);
    }
    if ( d->front_state == INITIALISING ) {
        tell_gone(f, number);
        return d->back_state == INIT_WAIT || put_state(s, d->back, INIT_WAIT);
    }
    if ( (d->front_state != INITIALISED && d->front_state != CONNECTED) || !d->has_ref ||
         !d->has_port )
        return true;
    start_info(&info, f, number);
    info.kind = d->name[0] ? CONSOLE_CHANNEL : CONSOLE_EXTRA;
    info.ring_ref = d->ref;
    info.port = (uint32_t)d->port;
    if ( !strcmp(d->connection, "socket") )
        copy_text(info.socket, sizeof(info.socket), d->path);
    tell(f, &info);
    return true;
}

static bool read_device(struct port_store *s, struct followed *f, uint32_t number)
{
    struct device d;

    memset(&d, 0, sizeof(d));
    back_path(d.back, f, number);
    front_path(d.front, f, number);
    if ( !read_device_nodes(s, &d) )
        return false;
    if ( strcmp(d.type, "xenconsoled") || !d.has_back )
        return true;
    return step_device(s, f, number, &d) && keep_tty(s, f, d.front, number);
}

static bool read_devices(struct port_store *s, struct followed *f)
{
    bool there[MAX_NUMBER + 1] = { false }, ok = true;
    char dir[PATH_SIZE];
    unsigned int count = 0;
    char **names;

    snprintf(dir, sizeof(dir), "/local/domain/0/backend/console/%u", f->domid);
    names = port_store_list(s, dir, &count);
    if ( !names && errno != ENOENT && errno != EACCES )
        return false;
    for ( unsigned int i = 0; names && i < count && ok; i++ ) {
        uint64_t number;

        if ( !parse_number(names[i], MAX_NUMBER, &number) || !number )
            continue;
        there[number] = true;
        ok = read_device(s, f, (uint32_t)number);
    }
    free(names);
    for ( uint32_t n = 1; n <= MAX_NUMBER && ok; n++ )
        if ( !there[n] )
            tell_gone(f, n);
    return ok;
}

bool nodes_read(struct port_store *s, struct followed *f)
{
    return read_name(s, f) && read_primary(s, f) && read_devices(s, f);
}

/* Writing. */

bool nodes_write_tty(struct port_store *s, struct followed *f, uint32_t number,
                     enum console_kind kind, const char *tty)
{
    char dir[PATH_SIZE];

    if ( number > MAX_NUMBER )
        return true;
    copy_text(f->tty[number], sizeof(f->tty[number]), tty);
    if ( kind == CONSOLE_PRIMARY )
        base_path(dir, f, "console");
    else
        front_path(dir, f, number);
    return put(s, dir, "tty", tty);
}

bool nodes_write_state(struct port_store *s, struct followed *f, uint32_t number, bool connected)
{
    char dir[PATH_SIZE];

    if ( !number || number > MAX_NUMBER )
        return true;
    back_path(dir, f, number);
    return put_state(s, dir, connected ? CONNECTED : CLOSED);
}
