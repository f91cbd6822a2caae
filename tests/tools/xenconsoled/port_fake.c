/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console daemon's machine as files below $FAKE_DIR, so that a test in Python can be the
 * guest, the store and the hypervisor, and so that all of it outlives the daemon:
 *
 *   domains            lines "DOMID DYING UUID-IN-HEX"
 *   rings/DOMID.REF    a shared page, mapped by both sides
 *   store/PATH/.value  a node
 *   down               exists: the store does not answer
 *   hvlog              the hypervisor's log
 *   hang               exists: writing to a log file does not return
 *   events, watches    datagram sockets of the daemon: "DOMID PORT", or a changed path
 *   guest              datagram socket of the test: "DOMID PORT" when a guest is notified
 */
#include "port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_PORTS 64
#define HV_PORT   1

static struct { uint32_t domid, remote; bool used, masked, pending; } ports[MAX_PORTS];
static int event_fd = -1, out_fd = -1;

static char *in_dir(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *in_dir(const char *fmt, ...)
{
    static __thread char path[512];
    char rest[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(rest, sizeof(rest), fmt, ap);
    va_end(ap);
    snprintf(path, sizeof(path), "%s/%s", getenv("FAKE_DIR"), rest);
    return path;
}

static void address(struct sockaddr_un *a, const char *name)
{
    a->sun_family = AF_UNIX;
    snprintf(a->sun_path, sizeof(a->sun_path), "%s", in_dir("%s", name));
}

static int datagram_socket(const char *name)
{
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un a;

    if ( !name )
        return fd;
    address(&a, name);
    unlink(a.sun_path);
    return bind(fd, (struct sockaddr *)&a, sizeof(a)) ? -1 : fd;
}

static void post(int fd, const char *to, const char *text)
{
    struct sockaddr_un a;

    address(&a, to);
    sendto(fd, text, strlen(text), MSG_DONTWAIT, (struct sockaddr *)&a, sizeof(a));
}

ssize_t __real_write(int fd, const void *buf, size_t n);
ssize_t __wrap_write(int fd, const void *buf, size_t n);

ssize_t __wrap_write(int fd, const void *buf, size_t n)
{
    char link[64], path[512];
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof(path) - 1);
    path[length < 0 ? 0 : length] = 0;
    if ( strstr(path, ".log") )
        while ( access(in_dir("hang"), F_OK) == 0 )
            usleep(1000);
    return __real_write(fd, buf, n);
}

int port_open(void)
{
    event_fd = datagram_socket("events");
    out_fd = datagram_socket(NULL);
    return event_fd < 0 || out_fd < 0 ? -ENODEV : 0;
}

int port_event_fd(void)
{
    return event_fd;
}

int port_bind(uint32_t domid, uint32_t remote)
{
    if ( remote == 666 )
        return -EINVAL;
    for ( int i = HV_PORT + 1; i < MAX_PORTS; i++ )
        if ( !ports[i].used ) {
            ports[i].used = true;
            ports[i].domid = domid;
            ports[i].remote = remote;
            ports[i].masked = ports[i].pending = false;
            return i;
        }
    return -ENOSPC;
}

int port_bind_hv_log(void)
{
    ports[HV_PORT].used = true;
    return HV_PORT;
}

void port_unbind(int port)
{
    ports[port].used = false;
}

static int find_port(const char *text)
{
    unsigned int domid, remote;

    if ( sscanf(text, "%u %u", &domid, &remote) != 2 )
        return -1;
    for ( int i = HV_PORT; i < MAX_PORTS; i++ )
        if ( ports[i].used && ports[i].domid == domid && ports[i].remote == remote )
            return i;
    return -1;
}

int port_pending(void)
{
    char text[64];
    ssize_t n;

    while ( (n = recv(event_fd, text, sizeof(text) - 1, MSG_DONTWAIT)) >= 0 ) {
        int i;

        text[n] = 0;
        i = find_port(text);
        if ( i < 0 )
            continue;
        ports[i].pending = true;
        if ( ports[i].masked )
            continue;
        ports[i].masked = true;
        ports[i].pending = false;
        return i;
    }
    return -EAGAIN;
}

void port_notify(int port)
{
    char text[64];

    snprintf(text, sizeof(text), "%u %u", ports[port].domid, ports[port].remote);
    post(out_fd, "guest", text);
}

void port_unmask(int port)
{
    char text[64];

    ports[port].masked = false;
    if ( !ports[port].pending )
        return;
    snprintf(text, sizeof(text), "%u %u", ports[port].domid, ports[port].remote);
    post(out_fd, "events", text);
}

struct xencons_interface *port_map(uint32_t domid, bool primary, uint64_t ring_ref, int *how)
{
    const int fd = open(in_dir("rings/%u.%llu", domid, (unsigned long long)ring_ref),
                        O_RDWR | O_CLOEXEC);
    void *p;

    *how = 0;
    if ( fd < 0 )
        return NULL;
    p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return p == MAP_FAILED ? NULL : p;
}

void port_unmap(struct xencons_interface *ring, int how)
{
    munmap(ring, 4096);
}

int port_hv_log(char *buf, size_t size, uint32_t *index)
{
    const int fd = open(in_dir("hvlog"), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, buf, size, *index);

    if ( fd >= 0 )
        close(fd);
    if ( n > 0 )
        *index += (uint32_t)n;
    return n < 0 ? -EIO : (int)n;
}

/* The store. */

#define MAX_WATCHES 256

struct port_store {
    int fd;
    char *watches[MAX_WATCHES];
};

static bool down(void)
{
    if ( access(in_dir("down"), F_OK) )
        return false;
    errno = EIO;
    return true;
}

struct port_store *port_store_open(void)
{
    struct port_store *s = down() ? NULL : calloc(1, sizeof(*s));

    if ( s )
        s->fd = datagram_socket("watches");
    return s;
}

void port_store_close(struct port_store *s)
{
    for ( int i = 0; i < MAX_WATCHES; i++ )
        free(s->watches[i]);
    close(s->fd);
    free(s);
}

int port_store_fd(struct port_store *s)
{
    return s->fd;
}

int port_store_domains(struct port_store *s, struct port_domain **list)
{
    FILE *f = fopen(in_dir("domains"), "re");
    unsigned int domid, dying;
    char uuid[33];
    int n = 0;

    *list = calloc(256, sizeof(**list));
    while ( f && n < 256 && fscanf(f, "%u %u %32s", &domid, &dying, uuid) == 3 ) {
        (*list)[n].domid = domid;
        (*list)[n].dying = dying;
        for ( int i = 0; i < 16; i++ )
            sscanf(uuid + 2 * i, "%2hhx", &(*list)[n].handle[i]);
        n++;
    }
    if ( f )
        fclose(f);
    return n;
}

char *port_store_read(struct port_store *s, const char *path)
{
    char *value;
    ssize_t n;
    int fd;

    if ( down() )
        return NULL;
    fd = open(in_dir("store%s/.value", path), O_RDONLY | O_CLOEXEC);
    if ( fd < 0 ) {
        errno = ENOENT;
        return NULL;
    }
    value = calloc(1, 4097);
    n = read(fd, value, 4096);
    close(fd);
    value[n < 0 ? 0 : n] = 0;
    return value;
}

char **port_store_list(struct port_store *s, const char *path, unsigned int *count)
{
    char **names, *text;
    struct dirent *e;
    DIR *d;

    *count = 0;
    if ( down() )
        return NULL;
    d = opendir(in_dir("store%s", path));
    if ( !d ) {
        errno = ENOENT;
        return NULL;
    }
    names = calloc(1, 64 * sizeof(*names) + 64 * 64);
    text = (char *)(names + 64);
    while ( (e = readdir(d)) && *count < 64 ) {
        if ( e->d_name[0] == '.' )
            continue;
        names[*count] = text + 64 * *count;
        snprintf(names[*count], 64, "%.63s", e->d_name);
        ++*count;
    }
    closedir(d);
    return names;
}

bool port_store_write(struct port_store *s, const char *path, const char *value)
{
    char file[512];
    int fd;

    if ( down() )
        return false;
    snprintf(file, sizeof(file), "%s", in_dir("store%s/.value", path));
    *strrchr(file, '/') = 0;
    if ( mkdir(file, 0700) && errno != EEXIST )
        return false;
    fd = open(in_dir("store%s/.value", path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if ( fd < 0 || write(fd, value, strlen(value)) != (ssize_t)strlen(value) )
        return false;
    close(fd);
    post(s->fd, "watches", path);
    return true;
}

bool port_store_watch(struct port_store *s, const char *path, const char *token)
{
    if ( down() )
        return false;
    for ( int i = 0; i < MAX_WATCHES; i++ )
        if ( !s->watches[i] ) {
            s->watches[i] = strdup(path);
            post(s->fd, "watches", path);
            return true;
        }
    errno = ENOSPC;
    return false;
}

void port_store_unwatch(struct port_store *s, const char *path, const char *token)
{
    for ( int i = 0; i < MAX_WATCHES; i++ )
        if ( s->watches[i] && !strcmp(s->watches[i], path) ) {
            free(s->watches[i]);
            s->watches[i] = NULL;
        }
}

static bool watched(const struct port_store *s, const char *path)
{
    for ( int i = 0; i < MAX_WATCHES; i++ )
        if ( s->watches[i] && !strncmp(path, s->watches[i], strlen(s->watches[i])) )
            return true;
    return false;
}

char *port_store_event(struct port_store *s)
{
    char text[256];
    ssize_t n;

    if ( down() )
        return NULL;
    while ( (n = recv(s->fd, text, sizeof(text) - 1, MSG_DONTWAIT)) >= 0 ) {
        text[n] = 0;
        if ( watched(s, text) )
            return strdup(text);
    }
    errno = EAGAIN;
    return NULL;
}
