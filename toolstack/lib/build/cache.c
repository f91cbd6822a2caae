/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cache of unpacked kernels: finding.  Writing and making room are in cache_put.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build/cache_priv.h"

/* Four lanes of 64 bits, two in a register. */
typedef uint64_t pair __attribute__((vector_size(16)));

void cache_sum_add(struct cache_summer *s, const void *data, size_t size)
{
    pair a0, a1, b0, b1, word[2];
    const uint8_t *p = data;

    memcpy(&a0, s->a, 16);
    memcpy(&a1, s->a + 2, 16);
    memcpy(&b0, s->b, 16);
    memcpy(&b1, s->b + 2, 16);
    s->length += size;
    for ( ; size >= sizeof(word); p += sizeof(word), size -= sizeof(word) ) {
        memcpy(word, p, sizeof(word));
        a0 += word[0];
        a1 += word[1];
        b0 += a0;
        b1 += a1;
    }
    if ( size ) {
        memset(word, 0, sizeof(word));
        memcpy(word, p, size);
        a0 += word[0];
        a1 += word[1];
        b0 += a0;
        b1 += a1;
    }
    memcpy(s->a, &a0, 16);
    memcpy(s->a + 2, &a1, 16);
    memcpy(s->b, &b0, 16);
    memcpy(s->b + 2, &b1, 16);
}

uint64_t cache_sum_end(const struct cache_summer *s)
{
    uint64_t sum = s->length;

    for ( unsigned int i = 0; i < 4; i++ ) {
        sum = (sum ^ s->a[i]) * 0x9e3779b97f4a7c15ULL;
        sum = ((sum << 31 | sum >> 33) ^ s->b[i]) * 0x9e3779b97f4a7c15ULL;
    }
    return sum ^ sum >> 32;
}

uint64_t cache_sum(const void *data, size_t size)
{
    struct cache_summer s = { .length = 0 };

    cache_sum_add(&s, data, size);
    return cache_sum_end(&s);
}

/* mkdir -p, the last level for us alone. */
static void make_folder(const char *path)
{
    char parent[512];

    for ( const char *c = path + 1; *c; c++ ) {
        if ( *c != '/' || (size_t)(c - path) >= sizeof(parent) )
            continue;
        memcpy(parent, path, (size_t)(c - path));
        parent[c - path] = '\0';
        (void)mkdir(parent, 0755);
    }
    (void)mkdir(path, 0700);
}

void cache_open(struct cache *c, const char *path)
{
    struct stat st;

    c->dir = -1;
    c->max_bytes = CACHE_MAX_BYTES;
    if ( !path )
        path = secure_getenv("XENOLITH_CACHE");
    if ( !path )
        path = CACHE_DIR;
    if ( !*path )
        return;
    c->dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if ( c->dir < 0 ) {
        make_folder(path);
        c->dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    /* Only what nobody else can have written is believed. */
    if ( c->dir >= 0 && (fstat(c->dir, &st) || st.st_uid != geteuid() || (st.st_mode & 022)) )
        cache_close(c);
}

void cache_close(struct cache *c)
{
    if ( c->dir >= 0 )
        close(c->dir);
    c->dir = -1;
}

void cache_entry_name(char name[CACHE_NAME], const uint8_t hash[BLAKE2B_BYTES])
{
    strcpy(name, "k-");
    for ( unsigned int i = 0; i < BLAKE2B_BYTES; i++ )
        sprintf(name + 2 + 2 * i, "%02x", hash[i]);
}

void cache_note_name(char name[CACHE_NAME], const struct stat *st)
{
    snprintf(name, CACHE_NAME, "n-%lx-%lx-%lx-%lx.%lx-%lx.%lx", (unsigned long)st->st_dev,
             (unsigned long)st->st_ino, (unsigned long)st->st_size,
             (unsigned long)st->st_mtim.tv_sec, (unsigned long)st->st_mtim.tv_nsec,
             (unsigned long)st->st_ctim.tv_sec, (unsigned long)st->st_ctim.tv_nsec);
}

/* Open a file of the cache and read its head; mark it as used. */
static int open_head(struct cache *c, const char *name, void *head, size_t size)
{
    int fd;

    if ( c->dir < 0 )
        return -1;
    fd = openat(c->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if ( fd < 0 )
        return -1;
    if ( pread(fd, head, size, 0) != (ssize_t)size ) {
        close(fd);
        (void)unlinkat(c->dir, name, 0);
        return -1;
    }
    (void)futimens(fd, NULL);
    return fd;
}

/* A note of this kind whose checksum is right. */
static bool find_note(struct cache *c, const struct stat *st, uint32_t kind,
                      struct cache_note *note)
{
    char name[CACHE_NAME];
    uint64_t sum;
    int fd;

    cache_note_name(name, st);
    fd = open_head(c, name, note, sizeof(*note));
    if ( fd < 0 )
        return false;
    close(fd);
    sum = note->sum;
    note->sum = 0;
    if ( note->magic == CACHE_NOTE_MAGIC && sum == cache_sum(note, sizeof(*note)) )
        return note->kind == kind;
    (void)unlinkat(c->dir, name, 0);
    return false;
}

bool cache_find_desc(struct cache *c, const struct stat *st, struct image_desc *d)
{
    struct cache_note note;
    struct image_error e;

    if ( !find_note(c, st, CACHE_NOTE_DESC, &note) || note.desc.source != SOURCE_FILE ||
         desc_check(&note.desc, (uint64_t)st->st_size, &e) )
        return false;
    *d = note.desc;
    return true;
}

bool cache_find_hash(struct cache *c, const struct stat *st, uint8_t hash[BLAKE2B_BYTES])
{
    struct cache_note note;

    if ( !find_note(c, st, CACHE_NOTE_HASH, &note) )
        return false;
    memcpy(hash, note.hash, BLAKE2B_BYTES);
    return true;
}

static bool head_ok(struct cache_head *h, const uint8_t hash[BLAKE2B_BYTES], int fd)
{
    const uint64_t sum = h->sum;
    struct image_error e;
    struct stat st;

    h->sum = 0;
    return h->magic == CACHE_MAGIC && sum == cache_sum(h, sizeof(*h)) &&
           !memcmp(h->hash, hash, BLAKE2B_BYTES) && !fstat(fd, &st) &&
           (uint64_t)st.st_size == h->file_size && h->desc.source == SOURCE_UNPACKED &&
           !desc_check(&h->desc, h->file_size, &e);
}

bool cache_find(struct cache *c, const uint8_t hash[BLAKE2B_BYTES], struct cache_entry *e)
{
    char name[CACHE_NAME];
    struct cache_head h;

    cache_entry_name(name, hash);
    e->fd = open_head(c, name, &h, sizeof(h));
    if ( e->fd < 0 )
        return false;
    if ( !head_ok(&h, hash, e->fd) ) {
        close(e->fd);
        e->fd = -1;
        (void)unlinkat(c->dir, name, 0);
        return false;
    }
    e->desc = h.desc;
    memcpy(e->sum, h.segment_sum, sizeof(e->sum));
    return true;
}

void cache_drop(struct cache *c, const uint8_t hash[BLAKE2B_BYTES])
{
    char name[CACHE_NAME];

    cache_entry_name(name, hash);
    if ( c->dir >= 0 )
        (void)unlinkat(c->dir, name, 0);
}
