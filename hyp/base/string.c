/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory and string functions in plain C.
 *
 * gcc recognises loops like these and would replace the body of memset by a
 * call to memset: -fno-tree-loop-distribute-patterns in the Makefile forbids it.
 * Long copies that matter (page clear and copy) use the instructions in
 * cpu/asm.h instead.
 */
#include "base/string.h"

#include <stdint.h>

/* A word that may sit anywhere and alias anything. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;

static void copy_forward(unsigned char *d, const unsigned char *s, size_t n)
{
    for ( ; n >= 32; n -= 32, d += 32, s += 32 ) {
        const uint64_t w0 = ((const word_t *)s)[0], w1 = ((const word_t *)s)[1];
        const uint64_t w2 = ((const word_t *)s)[2], w3 = ((const word_t *)s)[3];

        ((word_t *)d)[0] = w0;
        ((word_t *)d)[1] = w1;
        ((word_t *)d)[2] = w2;
        ((word_t *)d)[3] = w3;
    }
    for ( ; n >= 8; n -= 8, d += 8, s += 8 )
        *(word_t *)d = *(const word_t *)s;
    while ( n-- )
        *d++ = *s++;
}

static void copy_backward(unsigned char *d, const unsigned char *s, size_t n)
{
    for ( ; n >= 8; n -= 8 )
        *(word_t *)(d + n - 8) = *(const word_t *)(s + n - 8);
    while ( n-- )
        d[n] = s[n];
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    copy_forward(dst, src, n);
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    /* Unsigned wrap makes this one test: is dst inside [src, src + n)? */
    if ( (uintptr_t)dst - (uintptr_t)src < n )
        copy_backward(dst, src, n);
    else
        copy_forward(dst, src, n);
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    const uint64_t w = (uint8_t)c * 0x0101010101010101UL;
    unsigned char *d = dst;

    for ( ; n >= 32; n -= 32, d += 32 ) {
        ((word_t *)d)[0] = w;
        ((word_t *)d)[1] = w;
        ((word_t *)d)[2] = w;
        ((word_t *)d)[3] = w;
    }
    for ( ; n >= 8; n -= 8, d += 8 )
        *(word_t *)d = w;
    while ( n-- )
        *d++ = c;
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for ( ; n; n--, x++, y++ )
        if ( *x != *y )
            return *x - *y;
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while ( s[n] )
        n++;
    return n;
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;

    while ( n < max && s[n] )
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    for ( ; *a && *a == *b; a++, b++ )
        ;
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for ( ; n && *a && *a == *b; a++, b++, n-- )
        ;
    return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

char *strchr(const char *s, int c)
{
    for ( ; *s != (char)c; s++ )
        if ( !*s )
            return NULL;
    return (char *)s;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
    const size_t len = strlen(src);

    if ( size ) {
        const size_t n = len < size ? len : size - 1;

        memcpy(dst, src, n);
        dst[n] = '\0';
    }
    return len;
}
