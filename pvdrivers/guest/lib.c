/* SPDX-License-Identifier: MIT */
/* The few library functions a guest without a C library needs. */
#include "lib.h"

void *memcpy(void *dst, const void *src, size_t n)
{
    void *ret = dst;

    asm volatile ( "rep movsb" : "+D" (dst), "+S" (src), "+c" (n) :: "memory" );
    return ret;
}

void *memmove(void *dst, const void *src, size_t n)
{
    char *d = dst;

    if ( (uintptr_t)dst - (uintptr_t)src >= n )
        return memcpy(dst, src, n);
    while ( n-- )
        d[n] = ((const char *)src)[n];
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    void *ret = dst;

    asm volatile ( "rep stosb" : "+D" (dst), "+c" (n) : "a" (c) : "memory" );
    return ret;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for ( ; n && *x == *y; n-- ) {
        x++;
        y++;
    }
    return n ? *x - *y : 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while ( s[n] )
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while ( *a && *a == *b ) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

char *strstr(const char *s, const char *what)
{
    const size_t n = strlen(what);

    for ( ; *s; s++ ) {
        if ( strlen(s) >= n && memcmp(s, what, n) == 0 )
            return (char *)s;
    }
    return NULL;
}

struct out {
    char *buf;
    size_t size, len;
};

static void out_char(struct out *o, char c)
{
    if ( o->len + 1 < o->size )
        o->buf[o->len] = c;
    o->len++;
}

static void out_field(struct out *o, const char *s, size_t n, int width, char pad, bool left)
{
    int fill = width > (int)n ? width - (int)n : 0;

    while ( !left && fill-- > 0 )
        out_char(o, pad);
    for ( size_t i = 0; i < n; i++ )
        out_char(o, s[i]);
    while ( left && fill-- > 0 )
        out_char(o, ' ');
}

static size_t number_text(char *end, uint64_t v, unsigned int base)
{
    size_t n = 0;

    do {
        *--end = "0123456789abcdef"[v % base];
        v /= base;
        n++;
    } while ( v );
    return n;
}

struct spec {
    int width, longs;
    char pad;
    bool left, alt;
};

static const char *parse_spec(const char *f, struct spec *s)
{
    *s = (struct spec){ .pad = ' ' };
    for ( ; ; f++ ) {
        if ( *f == '0' )
            s->pad = '0';
        else if ( *f == '-' )
            s->left = true;
        else if ( *f == '#' )
            s->alt = true;
        else
            break;
    }
    for ( ; *f >= '0' && *f <= '9'; f++ )
        s->width = s->width * 10 + (*f - '0');
    for ( ; *f == 'l' || *f == 'z'; f++ )
        s->longs++;
    return f;
}

static void out_number(struct out *o, const struct spec *s, char kind, uint64_t v)
{
    char tmp[24], *end = tmp + sizeof(tmp);
    bool minus = false;

    if ( !s->longs && kind != 'p' )
        v = kind == 'd' ? (uint64_t)(int)v : (uint32_t)v;
    if ( kind == 'd' && (int64_t)v < 0 ) {
        minus = true;
        v = -v;
    }

    size_t n = number_text(end, v, kind == 'd' || kind == 'u' ? 10 : 16);

    if ( (s->alt && kind == 'x') || kind == 'p' ) {
        end[-(int)++n] = 'x';
        end[-(int)++n] = '0';
    }
    if ( minus )
        end[-(int)++n] = '-';
    out_field(o, end - n, n, s->width, s->pad, s->left);
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct out o = { buf, size, 0 };
    struct spec s;

    for ( ; *fmt; fmt++ ) {
        if ( *fmt != '%' ) {
            out_char(&o, *fmt);
            continue;
        }
        fmt = parse_spec(fmt + 1, &s);
        if ( *fmt == 's' ) {
            const char *str = va_arg(ap, const char *);

            out_field(&o, str, strlen(str), s.width, ' ', s.left);
        } else if ( *fmt == 'c' ) {
            out_char(&o, (char)va_arg(ap, int));
        } else if ( *fmt == '%' ) {
            out_char(&o, '%');
        } else {
            out_number(&o, &s, *fmt, va_arg(ap, uint64_t));
        }
    }
    if ( size )
        buf[o.len < size ? o.len : size - 1] = '\0';
    return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    const int n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return n;
}

uint64_t parse_number(const char *s)
{
    unsigned int base = 10;
    uint64_t v = 0;

    if ( s[0] == '0' && s[1] == 'x' ) {
        base = 16;
        s += 2;
    }
    for ( ; ; s++ ) {
        unsigned int digit = *s >= '0' && *s <= '9' ? (unsigned int)(*s - '0')
                           : *s >= 'a' && *s <= 'f' ? (unsigned int)(*s - 'a' + 10) : 99;

        if ( digit >= base )
            return v;
        v = v * base + digit;
    }
}

uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    *state = x;
    return x * 0x2545f4914f6cdd1dull;
}
