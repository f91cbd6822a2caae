/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal's files, batches and records.  What the records mean is in state.c.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC     0x314a5358u       /* "XSJ1" */
#define CAP_FIRST (256u << 10)
#define CAP_MAX   (512u << 20)
#define SLACK     (32u << 10)       /* kept for records that do not grow the state */

struct header {
    uint32_t magic, version;
    uint64_t epoch;
    uint64_t boot;                  /* of the host: a file from before it says nothing */
    uint64_t sum;                   /* of the above */
};

struct batch {
    uint32_t len;                   /* of the records */
    uint32_t unused;
    uint64_t sum;
};

static struct {
    int fd[2];
    unsigned int current;
    char *map;
    uint32_t capacity;
    uint32_t batch;                 /* where the open batch starts */
    uint32_t end;                   /* where its next record goes */
    uint32_t state_max;             /* the whole state would take no more than that */
    uint64_t epoch;
    uint64_t batches, refused;
    uint64_t no_growth_until;       /* ms: growing has just failed */
    void (*dump)(void);
    bool dumping, overflow;
} j = { .fd = { -1, -1 } };

uint32_t rec_make(void *to, enum rec_type type, uint16_t domid, uint32_t a, const char *path,
                  const void *data, uint32_t len)
{
    struct rec *r = to;
    char *p = (char *)(r + 1);
    uint32_t size;

    r->type = type;
    r->domid = domid;
    r->a = a;
    r->path_len = path ? strlen(path) + 1 : 0;
    r->len = sizeof(*r) + r->path_len + len;
    if ( path )
        memcpy(p, path, r->path_len);
    if ( len )
        memcpy(p + r->path_len, data, len);
    size = rec_size(r->len);
    memset((char *)to + r->len, 0, size - r->len);
    return size;
}

const struct rec *rec_first(const void *p, size_t len)
{
    const struct rec *r = p;

    if ( len < sizeof(*r) || r->len < sizeof(*r) || r->len > len || rec_size(r->len) > len ||
         r->path_len > r->len - sizeof(*r) )
        return NULL;
    if ( r->path_len && rec_path(r)[r->path_len - 1] )
        return NULL;
    return r;
}

static uint64_t header_sum(const struct header *h)
{
    return hash_block(0, h, offsetof(struct header, sum));
}

static uint64_t batch_sum(uint64_t epoch, uint32_t at, const char *records, uint32_t len)
{
    return hash_block(epoch * 31 + at, records, len);
}

/* Reading. */

static void apply_batch(const char *p, uint32_t len, void (*apply)(const struct rec *r))
{
    const struct rec *r;

    for ( ; (r = rec_first(p, len)); p += rec_size(r->len), len -= rec_size(r->len) )
        apply(r);
    if ( len )
        log_warn("journal: %u bytes of a batch are not records; left out", len);
}

/* The header, if it is one of a file of @size bytes. */
static const struct header *header_of(const void *image, size_t size)
{
    const struct header *h = image;

    if ( size < sizeof(*h) || h->magic != MAGIC || h->version != 1 || h->sum != header_sum(h) )
        return NULL;
    return h;
}

uint32_t journal_parse(const void *image, size_t size, void (*apply)(const struct rec *r))
{
    const struct header *h = header_of(image, size);
    const char *p = image;
    size_t at = sizeof(*h);
    uint32_t n = 0;

    if ( !h )
        return 0;
    for ( ;; n++ ) {
        struct batch b;

        if ( size - at < sizeof(b) )
            break;
        memcpy(&b, p + at, sizeof(b));
        if ( !b.len || b.len > size - at - sizeof(b) ||
             b.sum != batch_sum(h->epoch, at, p + at + sizeof(b), b.len) )
            break;
        apply_batch(p + at + sizeof(b), b.len, apply);
        at += sizeof(b) + b.len;
    }
    return n;
}

static char *map_file(int fd, size_t size, int prot)
{
    char *p = mmap(NULL, size, prot, MAP_SHARED, fd, 0);

    return p == MAP_FAILED ? NULL : p;
}

static size_t file_size(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= CAP_MAX ? st.st_size : 0;
}

/* This boot of the host, as a number. */
static uint64_t boot_number(void)
{
    char id[64] = "";
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    if ( fd < 0 )
        return 0;
    if ( read(fd, id, sizeof(id)) < 0 )
        id[0] = '\0';
    close(fd);
    return hash_block(2, id, sizeof(id));
}

/* Epoch of a file, 0 if it has no state. */
static uint64_t epoch_of(int fd)
{
    const size_t size = file_size(fd);
    char *p = size ? map_file(fd, size, PROT_READ) : NULL;
    const struct header *h = p ? header_of(p, size) : NULL;
    const uint64_t epoch = h && h->boot == boot_number() ? h->epoch : 0;

    if ( h && !epoch )
        log_info("journal: a file from before the host's start is left out");
    if ( p )
        munmap(p, size);
    return epoch;
}

static bool recover(void (*apply)(const struct rec *r))
{
    const uint64_t epoch[2] = { epoch_of(j.fd[0]), epoch_of(j.fd[1]) };
    const unsigned int best = epoch[1] > epoch[0];
    size_t size;
    char *p;

    if ( !epoch[best] )
        return false;
    size = file_size(j.fd[best]);
    p = map_file(j.fd[best], size, PROT_READ);
    if ( !p )
        return false;
    log_info("journal: %u batches of epoch %llu", journal_parse(p, size, apply),
             (unsigned long long)epoch[best]);
    munmap(p, size);
    j.current = best;
    j.epoch = epoch[best];
    return true;
}

/* Writing. */

bool journal_is_open(void)
{
    return j.map != NULL;
}

bool journal_overflowed(void)
{
    return j.overflow;
}

/* Reserve @size bytes of a file.  0 or -errno; on failure the file is as before. */
static int reserve(int fd, size_t size)
{
    const size_t old = file_size(fd);
    const int rc = posix_fallocate(fd, 0, size);

    if ( rc && size > old && ftruncate(fd, old) )
        log_warn("journal: cannot shrink a file again: %s", strerror(errno));
    return rc == EFBIG ? -ENOSPC : -rc;
}

/* Write the state into the other file, of j.capacity bytes, and make that the current one. */
static int switch_files(void)
{
    const unsigned int other = !j.current;
    char *old = j.map, *new = map_file(j.fd[other], j.capacity, PROT_READ | PROT_WRITE);
    const uint32_t old_batch = j.batch, old_end = j.end;
    struct header h = { .magic = MAGIC, .version = 1, .epoch = j.epoch + 1,
                        .boot = boot_number() };

    if ( !new )
        return -ENOSPC;
    j.map = new;
    j.epoch++;
    j.batch = sizeof(h);
    j.end = j.batch + sizeof(struct batch);
    j.dumping = true;
    j.overflow = false;
    j.dump();
    j.dumping = false;
    if ( j.overflow ) {
        munmap(new, j.capacity);
        j.map = old;
        j.epoch--;
        j.batch = old_batch;
        j.end = old_end;
        return -ENOSPC;
    }
    journal_seal();
    j.state_max = j.end;
    h.sum = header_sum(&h);
    memcpy(new, &h, sizeof(h));
    j.current = other;
    if ( old )
        munmap(old, j.capacity);
    return 0;
}

/* Make both files larger.  0 or -ENOSPC. */
static int grow(uint32_t capacity)
{
    char *new;
    int rc;

    if ( capacity > CAP_MAX || now_ms() < j.no_growth_until )
        return -ENOSPC;
    rc = reserve(j.fd[!j.current], capacity);
    if ( !rc )
        rc = reserve(j.fd[j.current], capacity);
    if ( rc ) {
        j.no_growth_until = now_ms() + 200;
        if ( log_allowed() )
            log_warn("journal: no room to grow to 2 x %u KiB: %s", capacity >> 10, strerror(-rc));
        if ( ftruncate(j.fd[!j.current], j.capacity) || ftruncate(j.fd[j.current], j.capacity) )
            log_warn("journal: cannot shrink a file again: %s", strerror(errno));
        return -ENOSPC;
    }
    new = map_file(j.fd[j.current], capacity, PROT_READ | PROT_WRITE);
    if ( !new )
        return -ENOSPC;
    munmap(j.map, j.capacity);
    j.map = new;
    j.capacity = capacity;
    return 0;
}

int journal_compact(void)
{
    uint32_t want = j.capacity;
    int rc = switch_files();

    if ( rc || j.end > j.capacity / 4 ) {
        while ( want < CAP_MAX && (want == j.capacity || want < j.end * 4) )
            want *= 2;
        if ( grow(want) == 0 && rc )
            rc = switch_files();
    }
    return rc;
}

static bool fits(uint32_t n, bool grows)
{
    const uint32_t end = j.end + sizeof(struct batch) + n;

    if ( n >= j.capacity || end > j.capacity )
        return false;
    if ( !grows )
        return true;
    if ( j.state_max + n + SLACK > j.capacity || end + SLACK > j.capacity )
        return false;
    j.state_max += n;
    return true;
}

int journal_admit(uint32_t n, bool grows)
{
    uint32_t want = j.capacity;

    if ( !j.map || fits(n, grows) )
        return 0;
    if ( journal_compact() == 0 && fits(n, grows) )
        return 0;
    while ( want < CAP_MAX && (want == j.capacity || want / 4 < n) )
        want *= 2;
    if ( n < CAP_MAX / 4 && grow(want) == 0 && fits(n, grows) )
        return 0;
    j.refused++;
    if ( log_allowed() )
        log_warn("journal: no room for %u bytes more; make room in its file system", n);
    return -ENOSPC;
}

void journal_put(enum rec_type type, uint16_t domid, uint32_t a, const char *path,
                 const void *data, uint32_t len)
{
    const uint32_t path_len = path ? strlen(path) : 0;

    if ( !j.map )
        return;
    if ( j.end + REC_SPACE(path_len, len) + sizeof(struct batch) > j.capacity ) {
        if ( !j.dumping )
            log_warn("journal: a record of type %d did not fit", type);
        j.overflow = true;
        return;
    }
    j.end += rec_make(j.map + j.end, type, domid, a, path, data, len);
}

void journal_put_rec(const struct rec *r)
{
    const uint32_t size = rec_size(r->len);

    if ( !j.map )
        return;
    if ( j.end + size + sizeof(struct batch) > j.capacity ) {
        log_warn("journal: a record of type %d did not fit", r->type);
        return;
    }
    memcpy(j.map + j.end, r, size);
    j.end += size;
}

void journal_seal(void)
{
    const uint32_t records = j.batch + sizeof(struct batch);
    struct batch b = { .len = j.end - records };

    if ( !j.map || !b.len )
        return;
    b.sum = batch_sum(j.epoch, j.batch, j.map + records, b.len);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    memcpy(j.map + j.batch, &b, sizeof(b));
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    j.batch = j.end;
    j.end += sizeof(struct batch);
    j.batches++;
}

/* Opening. */

static int open_file(const char *dir, unsigned int n)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/journal.%u", dir, n);
    j.fd[n] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if ( j.fd[n] < 0 ) {
        log_warn("cannot open %s: %s", path, strerror(errno));
        return -errno;
    }
    return 0;
}

static int reserve_both(const char *dir)
{
    const size_t a = file_size(j.fd[0]), b = file_size(j.fd[1]);
    const size_t low = a < b ? a : b, high = a < b ? b : a;
    int rc;

    j.capacity = high < CAP_FIRST ? CAP_FIRST : (high + 4095) & ~4095u;
    rc = reserve(j.fd[0], j.capacity);
    if ( !rc )
        rc = reserve(j.fd[1], j.capacity);
    if ( rc && low >= CAP_FIRST ) {     /* killed while they grew: they still do as they were */
        j.capacity = low & ~4095u;
        rc = 0;
    }
    if ( rc )
        log_warn("cannot reserve 2 x %u KiB in %s for the journal: %s", j.capacity >> 10, dir,
                 strerror(-rc));
    return rc;
}

int journal_open(const char *dir, void (*apply)(const struct rec *r), void (*dump)(void))
{
    bool found;
    int rc;

    for ( unsigned int n = 0; n < 2; n++ ) {
        rc = open_file(dir, n);
        if ( rc )
            return rc;
    }
    j.dump = dump;
    found = recover(apply);
    rc = reserve_both(dir);
    return rc ? rc : found;
}

void journal_close(void)
{
    if ( j.map )
        munmap(j.map, j.capacity);
    j.map = NULL;
    for ( unsigned int n = 0; n < 2; n++ ) {
        if ( j.fd[n] >= 0 )
            close(j.fd[n]);
        j.fd[n] = -1;
    }
    j.epoch = 0;
    j.current = 0;
}

struct journal_stats journal_stats(void)
{
    return (struct journal_stats){ j.capacity, j.end, j.epoch, j.batches, j.refused };
}
