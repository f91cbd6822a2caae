/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recent output in a mapped file.  What is read from an old file is checked before it is
 * used: the numbers in it bound nothing that this process does not bound itself.
 */
#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = "xncons2";

static void attach_mapping(struct history *h, void *p, size_t mapped)
{
    h->file = p;
    h->data = (char *)p + HISTORY_DATA;
    h->mapped = mapped;
}

static bool makes_sense(const struct history_file *f, size_t size)
{
    return !memcmp(f->magic, magic, sizeof(magic)) && f->size == size &&
           f->mark_now < 2 && f->mark[f->mark_now].logged <= f->head &&
           f->name[HISTORY_NAME - 1] == 0 && f->head <= (uint64_t)INT64_MAX &&
           (f->mark[f->mark_now].size <= (uint64_t)INT64_MAX ||
            f->mark[f->mark_now].size == LOG_SIZE_UNKNOWN);
}

static void start_anew(struct history *h, uint32_t domid, uint32_t number,
                       const uint8_t handle[16], size_t size)
{
    struct history_file *f = h->file;

    memset(f, 0, sizeof(*f));
    f->mark[0].size = LOG_SIZE_UNKNOWN;
    f->size = size;
    f->domid = domid;
    f->number = number;
    memcpy(f->handle, handle, sizeof(f->handle));
    memcpy(f->magic, magic, sizeof(magic));
}

/* The file's mapping, grown to its full size first: a store to it must not find /run full. */
static void *map_file(const char *path, size_t mapped)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat st;
    void *p = MAP_FAILED;

    if ( fd < 0 )
        return MAP_FAILED;
    if ( fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ) {
        if ( st.st_size != (off_t)mapped && ftruncate(fd, 0) < 0 )
            goto out;
        if ( posix_fallocate(fd, 0, (off_t)mapped) == 0 )
            p = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
 out:
    if ( p == MAP_FAILED )
        unlink(path);
    close(fd);
    return p;
}

int history_open(struct history *h, const char *dir, uint32_t domid, uint32_t number,
                 const uint8_t handle[16], size_t size)
{
    const size_t mapped = HISTORY_DATA + size;
    void *p;

    memset(h, 0, sizeof(*h));
    snprintf(h->path, sizeof(h->path), "%s/%u.%u", dir, domid, number);
    p = map_file(h->path, mapped);
    h->saved = p != MAP_FAILED;
    if ( !h->saved )
        p = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ( p == MAP_FAILED )
        return -ENOMEM;
    attach_mapping(h, p, mapped);
    if ( !makes_sense(h->file, size) || h->file->domid != domid || h->file->number != number ||
         h->file->ended || memcmp(h->file->handle, handle, 16) )
        start_anew(h, domid, number, handle, size);
    return 0;
}

int history_load(struct history *h, const char *path)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    void *p = MAP_FAILED;

    memset(h, 0, sizeof(*h));
    if ( fd < 0 )
        return -errno;
    if ( fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > HISTORY_DATA &&
         st.st_size < INT_MAX )
        p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if ( p == MAP_FAILED )
        return -EINVAL;
    attach_mapping(h, p, (size_t)st.st_size);
    snprintf(h->path, sizeof(h->path), "%s", path);
    h->saved = true;
    if ( !makes_sense(h->file, h->mapped - HISTORY_DATA) ) {
        history_close(h, false);
        return -EINVAL;
    }
    return 0;
}

void history_close(struct history *h, bool remove)
{
    if ( !h->file )
        return;
    munmap(h->file, h->mapped);
    h->file = NULL;
    if ( remove && h->saved )
        unlink(h->path);
}

static size_t size_of(const struct history *h)
{
    return h->mapped - HISTORY_DATA;
}

struct log_mark history_mark(const struct history *h)
{
    return h->file->mark[h->file->mark_now & 1];
}

void history_set_mark(struct history *h, struct log_mark mark)
{
    struct history_file *f = h->file;
    const uint32_t next = !f->mark_now;

    f->mark[next] = mark;
    __atomic_store_n(&f->mark_now, next, __ATOMIC_RELEASE);
}

uint64_t history_head(const struct history *h)
{
    return h->file->head;
}

uint64_t history_tail(const struct history *h)
{
    return h->file->head > size_of(h) ? h->file->head - size_of(h) : 0;
}

void history_put(struct history *h, const char *buf, size_t n)
{
    const size_t size = size_of(h);
    uint64_t head = h->file->head;

    if ( n > size ) {
        buf += n - size;
        head += n - size;
        n = size;
    }
    for ( size_t done = 0; done < n;  ) {
        const size_t at = (size_t)((head + done) % size);
        const size_t part = n - done < size - at ? n - done : size - at;

        memcpy(h->data + at, buf + done, part);
        done += part;
    }
    __atomic_store_n(&h->file->head, head + n, __ATOMIC_RELEASE);
}

size_t history_get(const struct history *h, uint64_t *pos, char *buf, size_t max,
                   uint64_t *lost)
{
    const size_t size = size_of(h);
    const uint64_t head = history_head(h), tail = history_tail(h);
    size_t n;

    *lost = 0;
    if ( *pos > head )
        *pos = head;
    if ( *pos < tail ) {
        *lost = tail - *pos;
        *pos = tail;
    }
    n = head - *pos < max ? (size_t)(head - *pos) : max;
    for ( size_t done = 0; done < n;  ) {
        const size_t at = (size_t)((*pos + done) % size);
        const size_t part = n - done < size - at ? n - done : size - at;

        memcpy(buf + done, h->data + at, part);
        done += part;
    }
    *pos += n;
    return n;
}
