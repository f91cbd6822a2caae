/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening a kernel image: from the cache if it is known, through the confined child if not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build/image.h"

#define MAX_FILE (2ULL << 30)

int image_read(struct xn_ctx *ctx, const char *name, int fd, void *to, size_t size,
               uint64_t offset)
{
    uint8_t *p = to;

    while ( size ) {
        const ssize_t n = pread(fd, p, size, (off_t)offset);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n < 0 )
            return xn_fail(ctx, errno, "%s: cannot read it: %s", name, strerror(errno));
        if ( !n )
            return xn_fail(ctx, EINVAL, "%s: it became shorter while it was read", name);
        p += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

static int open_file(struct xn_ctx *ctx, struct image *im)
{
    /* Not to wait for the other end of a pipe. */
    im->fd_file = open(im->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if ( im->fd_file < 0 || fstat(im->fd_file, &im->st) )
        return xn_fail(ctx, errno, "%s: %s", im->name, strerror(errno));
    if ( S_ISDIR(im->st.st_mode) )
        return xn_fail(ctx, EISDIR, "%s: is a directory", im->name);
    if ( !S_ISREG(im->st.st_mode) )
        return xn_fail(ctx, EINVAL, "%s: is not a regular file", im->name);
    if ( !im->st.st_size )
        return xn_fail(ctx, EINVAL, "%s: is empty", im->name);
    if ( (uint64_t)im->st.st_size > MAX_FILE )
        return xn_fail(ctx, EINVAL, "%s: has %llu MiB, more than any kernel", im->name,
                       (unsigned long long)im->st.st_size >> 20);
    return 0;
}

static int hash_file(struct xn_ctx *ctx, struct image *im)
{
    const size_t chunk = 256 << 10;
    struct blake2b b;
    uint8_t *data = malloc(chunk);
    int rc = data ? 0 : xn_fail(ctx, ENOMEM, "no memory");

    blake2b_init(&b);
    for ( uint64_t done = 0; !rc && done < (uint64_t)im->st.st_size; ) {
        const uint64_t left = (uint64_t)im->st.st_size - done;
        const size_t n = left < chunk ? left : chunk;

        rc = image_read(ctx, im->name, im->fd_file, data, n, done);
        blake2b_add(&b, data, n);
        done += n;
    }
    free(data);
    if ( rc )
        return rc;
    blake2b_end(&b, im->hash);
    im->has_hash = true;
    return 0;
}

static bool find_entry(struct image *im)
{
    struct cache_entry e;

    if ( !cache_find(&im->cache, im->hash, &e) )
        return false;
    im->desc = e.desc;
    memcpy(im->sum, e.sum, sizeof(im->sum));
    im->fd = e.fd;
    im->base = 0;
    im->from_cache = true;
    return true;
}

/* 1: found, 0: not. */
static int find_cached(struct xn_ctx *ctx, struct image *im)
{
    uint8_t head[8] = { 0 };
    int rc;

    if ( im->cache.dir < 0 )
        return 0;
    if ( cache_find_desc(&im->cache, &im->st, &im->desc) ) {
        im->fd = im->fd_file;
        return 1;
    }
    if ( cache_find_hash(&im->cache, &im->st, im->hash) ) {
        im->has_hash = true;
        if ( find_entry(im) )
            return 1;
    }
    /* What is not packed is not worth hashing. */
    rc = image_read(ctx, im->name, im->fd_file, head,
                    im->st.st_size < 8 ? (size_t)im->st.st_size : 8, 0);
    if ( rc || parse_is_elf(head, sizeof(head)) )
        return rc;
    if ( !im->has_hash )
        rc = hash_file(ctx, im);
    if ( rc || !find_entry(im) )
        return rc;
    cache_put_hash(&im->cache, &im->st, im->hash);
    return 1;
}

static int unpack(struct xn_ctx *ctx, struct image *im, sandbox_fn *fn,
                  const struct sandbox_limits *limits)
{
    int out, rc = sandbox_parse(ctx, im->name, im->fd_file, (uint64_t)im->st.st_size, fn, limits,
                                &im->desc, &out);

    if ( rc )
        return rc;
    im->from_cache = false;
    im->fd = out < 0 ? im->fd_file : out;
    im->base = out < 0 ? 0 : DESC_ROOM;
    if ( out < 0 )
        cache_put_desc(&im->cache, &im->st, &im->desc);
    else
        im->keep = im->has_hash;
    return 0;
}

int image_open_with(struct xn_ctx *ctx, const char *path, const char *cache, sandbox_fn *fn,
                    const struct sandbox_limits *limits, struct image **image)
{
    struct image *im = calloc(1, sizeof(*im));
    int rc;

    *image = NULL;
    if ( !im )
        return xn_fail(ctx, ENOMEM, "no memory");
    im->fd = im->fd_file = im->cache.dir = -1;
    im->path = strdup(path);
    if ( !im->path || asprintf(&im->name, "kernel %s", path) < 0 ) {
        im->name = NULL;
        rc = xn_fail(ctx, ENOMEM, "no memory");
        goto failed;
    }
    rc = open_file(ctx, im);
    if ( rc )
        goto failed;
    cache_open(&im->cache, cache);
    rc = find_cached(ctx, im);
    if ( !rc )
        rc = unpack(ctx, im, fn, limits);
    if ( rc < 0 )
        goto failed;
    *image = im;
    return 0;

 failed:
    image_close(im);
    return rc;
}

int image_open(struct xn_ctx *ctx, const char *path, enum desc_use use, struct image **image)
{
    struct image_error e;
    int rc = image_open_with(ctx, path, NULL, parse_image, &sandbox_defaults, image);

    if ( rc || !desc_check_use(&(*image)->desc, use, &e) )
        return rc;
    rc = xn_fail(ctx, EINVAL, "%s: %s", (*image)->name, e.text);
    image_close(*image);
    *image = NULL;
    return rc;
}

void image_close(struct image *im)
{
    if ( !im )
        return;
    if ( im->keep ) {
        cache_put(&im->cache, im->hash, &im->desc, im->fd, im->base);
        cache_put_hash(&im->cache, &im->st, im->hash);
    }
    cache_close(&im->cache);
    if ( im->fd >= 0 && im->fd != im->fd_file )
        close(im->fd);
    if ( im->fd_file >= 0 )
        close(im->fd_file);
    free(im->path);
    free(im->name);
    free(im);
}

void image_describe(const struct image *im, char *text, size_t size)
{
    const struct image_desc *d = &im->desc;

    snprintf(text, size, "%s%s%s, %s%s, %llu KiB in memory%s",
             d->guest_os[0] ? d->guest_os : "a guest", d->guest_version[0] ? " " : "",
             d->guest_version, d->bzimage ? "bzImage, " : "", desc_packing_name(d->packing),
             (unsigned long long)(d->end_gpa - d->start_gpa) >> 10,
             im->from_cache ? ", unpacked before" : "");
}

/* Unpack again what the cache had.  The file must still be the same. */
static int unpack_again(struct xn_ctx *ctx, struct image *im)
{
    const struct image_desc old = im->desc;
    int rc;

    cache_drop(&im->cache, im->hash);
    close(im->fd);
    im->fd = -1;
    rc = unpack(ctx, im, parse_image, &sandbox_defaults);
    if ( rc )
        return rc;
    for ( uint32_t i = 0; i < old.nr_segments; i++ ) {
        struct desc_segment a = old.segment[i], b = im->desc.segment[i];

        a.offset = b.offset = 0;
        if ( old.nr_segments != im->desc.nr_segments || memcmp(&a, &b, sizeof(a)) )
            return xn_fail(ctx, EINVAL, "%s: it changed while it was used", im->name);
    }
    return 0;
}

int image_load(struct xn_ctx *ctx, struct image *im, uint32_t i, void *to)
{
    const struct desc_segment *s = &im->desc.segment[i];
    int rc = image_read(ctx, im->name, im->fd, to, s->filesz, im->base + s->offset);

    if ( im->from_cache && (rc || cache_sum(to, s->filesz) != im->sum[i]) ) {
        xn_log(ctx, XN_WARN, "%s: its unpacked copy in the cache was corrupt: unpacking it again",
               im->name);
        rc = unpack_again(ctx, im);
        if ( !rc )
            rc = image_read(ctx, im->name, im->fd, to, s->filesz, im->base + s->offset);
    }
    return rc;
}
