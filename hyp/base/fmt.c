/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatted text: see fmt.h for what is understood. */
#include "base/fmt.h"

#include <stdbool.h>

#include "base/string.h"

struct out {
    char *buf;
    size_t size, len;           /* len counts what did not fit, too */
};

struct spec {
    bool left, zero, alt, is_long, has_precision;
    int width, precision;
};

/* Written once at boot, before guests run. */
static const struct fmt_ids *ids;

void fmt_set_ids(const struct fmt_ids *new_ids) { ids = new_ids; }

static void put(struct out *o, char c)
{
    if ( o->len < o->size )
        o->buf[o->len] = c;
    o->len++;
}

static void put_repeat(struct out *o, char c, int n)
{
    while ( n-- > 0 )
        put(o, c);
}

static void put_padded(struct out *o, const struct spec *sp, const char *s, size_t n)
{
    const int pad = sp->width > (int)n ? sp->width - (int)n : 0;

    if ( !sp->left )
        put_repeat(o, ' ', pad);
    for ( size_t i = 0; i < n; i++ )
        put(o, s[i]);
    if ( sp->left )
        put_repeat(o, ' ', pad);
}

static void put_string(struct out *o, const struct spec *sp, const char *s)
{
    if ( !s )
        s = "(null)";
    put_padded(o, sp, s, sp->has_precision ? strnlen(s, sp->precision) : strlen(s));
}

static void put_number(struct out *o, const struct spec *sp, uint64_t value,
                       unsigned int base, const char *prefix)
{
    char digits[24];
    int nr = 0, zeroes = 0, pad;

    if ( value || !sp->has_precision || sp->precision )
        do {
            digits[nr++] = "0123456789abcdef"[value % base];
            value /= base;
        } while ( value );

    const int nr_prefix = strlen(prefix);

    if ( sp->has_precision )
        zeroes = sp->precision - nr;
    else if ( sp->zero && !sp->left )
        zeroes = sp->width - nr - nr_prefix;
    if ( zeroes < 0 )
        zeroes = 0;
    pad = sp->width - nr - zeroes - nr_prefix;

    if ( !sp->left )
        put_repeat(o, ' ', pad);
    for ( int i = 0; i < nr_prefix; i++ )
        put(o, prefix[i]);
    put_repeat(o, '0', zeroes);
    while ( nr )
        put(o, digits[--nr]);
    if ( sp->left )
        put_repeat(o, ' ', pad);
}

static int read_number(const char **fmt)
{
    int n = 0;

    for ( ; **fmt >= '0' && **fmt <= '9'; (*fmt)++ )
        if ( n < 10000 )
            n = n * 10 + (**fmt - '0');
    return n;
}

/* "d5" or "d5v1" into @buf of 32 bytes, through decimal numbers put by ourselves. */
static void name_object(char *buf, size_t size, char kind, const void *p)
{
    struct out o = { buf, size - 1, 0 };
    const struct spec plain = { 0 };
    uint32_t domid = 0, vcpu = 0;

    put(&o, 'd');
    if ( !p || !ids ) {
        put(&o, p ? '?' : '-');
    } else if ( kind == 'd' ) {
        put_number(&o, &plain, ids->domain(p), 10, "");
    } else {
        ids->vcpu(p, &domid, &vcpu);
        put_number(&o, &plain, domid, 10, "");
        put(&o, 'v');
        put_number(&o, &plain, vcpu, 10, "");
    }
    buf[o.len] = '\0';
}

/* Returns how many characters after the 'p' belonged to the conversion. */
static int put_pointer(struct out *o, struct spec *sp, char next, const void *p)
{
    char name[32];

    if ( next == 'd' || next == 'v' ) {
        name_object(name, sizeof(name), next, p);
        put_string(o, sp, name);
        return 1;
    }
    sp->has_precision = true;
    sp->precision = 16;
    put_number(o, sp, (uintptr_t)p, 16, "");
    return 0;
}

/* Flags, width, precision and length: leaves *@fmt at the conversion character. */
static void read_spec(struct spec *sp, const char **fmt, va_list *ap)
{
    for ( ; **fmt == '-' || **fmt == '0' || **fmt == '#'; (*fmt)++ ) {
        sp->left |= **fmt == '-';
        sp->zero |= **fmt == '0';
        sp->alt |= **fmt == '#';
    }
    sp->width = read_number(fmt);
    if ( **fmt == '.' ) {
        (*fmt)++;
        sp->has_precision = true;
        if ( **fmt == '*' ) {
            (*fmt)++;
            sp->precision = va_arg(*ap, int);
            sp->has_precision = sp->precision >= 0;
        } else {
            sp->precision = read_number(fmt);
        }
    }
    for ( ; **fmt == 'l' || **fmt == 'z'; (*fmt)++ )
        sp->is_long = true;
}

/* One conversion; *@fmt is just after the '%'. */
static void convert(struct out *o, const char **fmt, va_list *ap)
{
    const char *start = *fmt;
    struct spec sp = { 0 };
    char c;

    read_spec(&sp, fmt, ap);
    c = **fmt;
    if ( !c )
        return;
    (*fmt)++;

    switch ( c ) {
    case 'd': {
        const int64_t v = sp.is_long ? va_arg(*ap, int64_t) : va_arg(*ap, int);

        put_number(o, &sp, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0 ? "-" : "");
        break;
    }
    case 'u': case 'x': {
        const uint64_t v = sp.is_long ? va_arg(*ap, uint64_t) : va_arg(*ap, unsigned int);

        put_number(o, &sp, v, c == 'u' ? 10 : 16, c == 'x' && sp.alt && v ? "0x" : "");
        break;
    }
    case 'c': {
        const char one = va_arg(*ap, int);

        put_padded(o, &sp, &one, 1);
        break;
    }
    case 's':
        put_string(o, &sp, va_arg(*ap, const char *));
        break;
    case 'p':
        *fmt += put_pointer(o, &sp, **fmt, va_arg(*ap, const void *));
        break;
    case '%':
        put(o, '%');
        break;
    default:
        put(o, '%');
        *fmt = start;
    }
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct out o = { buf, size ? size - 1 : 0, 0 };
    va_list args;

    va_copy(args, ap);
    while ( *fmt ) {
        if ( *fmt != '%' ) {
            put(&o, *fmt++);
            continue;
        }
        fmt++;
        convert(&o, &fmt, &args);
    }
    va_end(args);

    if ( size )
        buf[o.len < o.size ? o.len : o.size] = '\0';
    return o.len;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    const int n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return size == 0 ? 0 : n < (int)size ? n : (int)size - 1;
}
