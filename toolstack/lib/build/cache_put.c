/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cache of unpacked kernels: writing, and throwing away what was not used for longest.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "build/cache_priv.h"

#define STALE_SECONDS   600             /* a temporary file this old has no writer any more */
#define SETTLED_SECONDS 2               /* times of a file this young do not tell changes apart */

/* One file of the cache. */
struct victim {
    char name[CACHE_NAME];
    uint64_t bytes;
    struct timespec used;
};

static int by_age(const void *a, const void *b)
{
    const struct victim *x = a, *y = b;

    if ( x->used.tv_sec != y->used.tv_sec )
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    return x->used.tv_nsec < y->used.tv_nsec ? -1 : x->used.tv_nsec > y->used.tv_nsec;
}

/* List the cache's files; stale temporary ones go at once. */
static struct victim *list_files(struct cache *c, size_t *count, uint64_t *total)
{
    const time_t now = time(NULL);
    struct victim *list = NULL;
    struct dirent *entry;
    DIR *dir;
    int fd = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    *count = 0;
    *total = 0;
    dir = fd < 0 ? NULL : fdopendir(fd);
    if ( !dir ) {
        if ( fd >= 0 )
            close(fd);
        return NULL;
    }
    while ( (entry = readdir(dir)) ) {
        struct victim *more;
        struct stat st;

        if ( entry->d_name[0] == '.' || strlen(entry->d_name) >= CACHE_NAME ||
             fstatat(c->dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode) )
            continue;
        if ( !strncmp(entry->d_name, "tmp-", 4) ) {
            if ( now - st.st_mtime > STALE_SECONDS )
                (void)unlinkat(c->dir, entry->d_name, 0);
            continue;
        }
        more = realloc(list, (*count + 1) * sizeof(*list));
        if ( !more )
            break;
        list = more;
        strcpy(list[*count].name, entry->d_name);
        list[*count].bytes = (uint64_t)st.st_blocks * 512;
        list[*count].used = st.st_mtim;
        *total += list[(*count)++].bytes;
    }
    closedir(dir);
    return list;
}

static void make_room(struct cache *c)
{
    uint64_t total;
    size_t count;
    struct victim *list = list_files(c, &count, &total);

    if ( list && total > c->max_bytes )
        qsort(list, count, sizeof(*list), by_age);
    for ( size_t i = 0; i < count && total > c->max_bytes; i++ ) {
        if ( !unlinkat(c->dir, list[i].name, 0) )
            total -= list[i].bytes;
    }
    free(list);
}

/* A new file with a name of its own. */
static int temporary(struct cache *c, char name[CACHE_NAME])
{
    static unsigned int serial;
    int fd = -1;

    for ( unsigned int try = 0; fd < 0 && try < 8; try++ ) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        snprintf(name, CACHE_NAME, "tmp-%d-%lx-%u", getpid(), t.tv_nsec,
                 __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED));
        fd = openat(c->dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if ( fd < 0 && errno != EEXIST )
            break;
    }
    return fd;
}

/* Give a finished file its name, and keep to the limit. */
static void publish(struct cache *c, const char *tmp, const char *name)
{
    if ( renameat(c->dir, tmp, c->dir, name) ) {
        (void)unlinkat(c->dir, tmp, 0);
        return;
    }
    if ( flock(c->dir, LOCK_EX | LOCK_NB) )
        return;                                     /* somebody else is making room */
    make_room(c);
    (void)flock(c->dir, LOCK_UN);
}

static bool write_all(int fd, const void *data, size_t size, uint64_t offset)
{
    const uint8_t *p = data;

    while ( size ) {
        const ssize_t n = pwrite(fd, p, size, (off_t)offset);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
            return false;
        p += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return true;
}

static void put_note(struct cache *c, const struct stat *st, struct cache_note *note)
{
    const time_t now = time(NULL);
    char name[CACHE_NAME], tmp[CACHE_NAME];
    int fd;

    if ( c->dir < 0 || now - st->st_mtime < SETTLED_SECONDS ||
         now - st->st_ctime < SETTLED_SECONDS )
        return;
    note->magic = CACHE_NOTE_MAGIC;
    note->sum = 0;
    note->sum = cache_sum(note, sizeof(*note));
    cache_note_name(name, st);
    fd = temporary(c, tmp);
    if ( fd < 0 )
        return;
    if ( write_all(fd, note, sizeof(*note), 0) )
        publish(c, tmp, name);
    else
        (void)unlinkat(c->dir, tmp, 0);
    close(fd);
}

void cache_put_desc(struct cache *c, const struct stat *st, const struct image_desc *d)
{
    struct cache_note note = { .kind = CACHE_NOTE_DESC, .desc = *d };

    put_note(c, st, &note);
}

void cache_put_hash(struct cache *c, const struct stat *st, const uint8_t hash[BLAKE2B_BYTES])
{
    struct cache_note note = { .kind = CACHE_NOTE_HASH };

    memcpy(note.hash, hash, BLAKE2B_BYTES);
    put_note(c, st, &note);
}

/* Write the segments after the entry's head, each from a page's start on. */
static bool write_segments(int fd, struct cache_head *h, const uint8_t *data)
{
    uint64_t to = CACHE_HEAD_ROOM;

    for ( uint32_t i = 0; i < h->desc.nr_segments; i++ ) {
        struct desc_segment *s = &h->desc.segment[i];

        if ( !write_all(fd, data + s->offset, s->filesz, to) )
            return false;
        h->segment_sum[i] = cache_sum(data + s->offset, s->filesz);
        s->offset = to;
        to = (to + s->filesz + 4095) & ~4095ULL;
    }
    h->desc.source = SOURCE_UNPACKED;
    h->desc.unpacked_bytes = h->file_size = to;
    return true;
}

static bool write_entry(int fd, const uint8_t hash[BLAKE2B_BYTES], const struct image_desc *d,
                        const uint8_t *data)
{
    struct cache_head h = { .magic = CACHE_MAGIC, .desc = *d };

    if ( !write_segments(fd, &h, data) )
        return false;
    memcpy(h.hash, hash, BLAKE2B_BYTES);
    h.sum = cache_sum(&h, sizeof(h));
    return write_all(fd, &h, sizeof(h), 0) && !ftruncate(fd, (off_t)h.file_size);
}

void cache_put(struct cache *c, const uint8_t hash[BLAKE2B_BYTES], const struct image_desc *d,
               int source, uint64_t base)
{
    const size_t size = base + d->unpacked_bytes;
    char name[CACHE_NAME], tmp[CACHE_NAME];
    uint64_t need = CACHE_HEAD_ROOM;
    uint8_t *data;
    int fd;

    for ( uint32_t i = 0; i < d->nr_segments; i++ )
        need += (d->segment[i].filesz + 4095) & ~4095ULL;
    if ( c->dir < 0 || need > c->max_bytes )
        return;
    /* Memory that nobody can make shorter (sandbox.c). */
    data = mmap(NULL, size, PROT_READ, MAP_SHARED, source, 0);
    fd = data == MAP_FAILED ? -1 : temporary(c, tmp);
    if ( fd >= 0 ) {
        cache_entry_name(name, hash);
        if ( write_entry(fd, hash, d, data + base) )
            publish(c, tmp, name);
        else
            (void)unlinkat(c->dir, tmp, 0);
        close(fd);
    }
    if ( data != MAP_FAILED )
        munmap(data, size);
}
