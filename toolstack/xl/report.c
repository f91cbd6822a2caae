/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How xl speaks to its user on stderr: one line an error, "xl: NAME: act: cause; remedy",
 * the library's messages as -v and -T ask, and a bar while something takes long.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xl.h"

#define BAR_WIDTH 30

static struct xn_ctx *ctx;
static bool bar_shown;

static void bar_clear(void)
{
    if ( bar_shown )
        fputs("\r\033[K", stderr);
    bar_shown = false;
}

static void stamp(void)
{
    bar_clear();
    if ( xl.timestamps ) {
        time_t now = time(NULL);
        struct tm tm;
        char text[32];

        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %Z", localtime_r(&now, &tm));
        fprintf(stderr, "%s [%d] ", text, (int)getpid());
    }
}

static void prefix(void)
{
    stamp();
    fprintf(stderr, "%s: ", xl.program);
}

static void __attribute__((format(printf, 2, 0))) say(const char *kind, const char *fmt, va_list ap)
{
    fflush(stdout);
    prefix();
    fputs(kind, stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
}

int xl_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("", fmt, ap);
    va_end(ap);
    return XL_FAILED;
}

void xl_warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("warning: ", fmt, ap);
    va_end(ap);
}

/* The chain may begin with the name that is about to be printed: "domain NAME: ". */
static const char *without_name(const char *why, const char *name)
{
    size_t len = name ? strlen(name) : 0;

    if ( name && !strncmp(why, "domain ", 7) && !strncmp(why + 7, name, len) &&
        !strncmp(why + 7 + len, ": ", 2) )
        return why + 7 + len + 2;
    return why;
}

int xl_failed(const char *name, const char *fmt, ...)
{
    const char *why = ctx ? without_name(xn_why(ctx), name) : "";
    va_list ap;

    fflush(stdout);
    prefix();
    if ( name )
        fprintf(stderr, "%s: ", name);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, ": %s\n", *why ? why : "failed");
    return XL_FAILED;
}

static void on_log(void *data, enum xn_level level, const char *line)
{
    fflush(stdout);
    if ( level <= XN_WARN )
        prefix();
    else
        stamp();
    fprintf(stderr, "%s%s\n", level == XN_WARN ? "warning: " : "", line);
}

static void on_progress(void *data, const char *what, uint64_t done, uint64_t total)
{
    static struct timespec last;
    struct timespec now;
    double part = total ? (double)done / (double)total : 0;
    char bar[BAR_WIDTH + 1];

    clock_gettime(CLOCK_MONOTONIC, &now);
    if ( done >= total && total ) {
        bar_clear();
        return;
    }
    /* At most ten times a second, and not for what is over in a wink. */
    if ( !last.tv_sec )
        last = now;
    if ( (now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000 < 100 )
        return;
    last = now;
    if ( !part ) {
        fprintf(stderr, "\r\033[K%s ...", what);
    } else {
        memset(bar, ' ', BAR_WIDTH);
        memset(bar, '#', (size_t)(part * BAR_WIDTH));
        bar[BAR_WIDTH] = 0;
        fprintf(stderr, "\r\033[K%s [%s] %3u%%", what, bar, (unsigned int)(part * 100));
    }
    fflush(stderr);
    bar_shown = true;
}

struct xn_ctx *xl_ctx(void)
{
    enum xn_level level = xl.verbose > 1 ? XN_DEBUG : xl.verbose ? XN_INFO : XN_WARN;

    if ( ctx )
        return ctx;
    ctx = xn_ctx_new();
    if ( !ctx ) {
        xl_error("out of memory");
        exit(XL_FAILED);
    }
    xn_set_log(ctx, level, on_log, NULL);
    if ( xl.progress || isatty(STDERR_FILENO) )
        xn_set_progress(ctx, on_progress, NULL);
    return ctx;
}

void xl_set_level(enum xn_level level)
{
    xn_set_log(xl_ctx(), level, on_log, NULL);
}

void xl_end(void)
{
    xl_forget_names();
    bar_clear();
    xn_ctx_free(ctx);
    ctx = NULL;
}

void *xl_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    if ( !p ) {
        xl_error("out of memory");
        exit(XL_FAILED);
    }
    return p;
}

char *xl_strdup(const char *s)
{
    size_t len = strlen(s) + 1;

    return memcpy(xl_alloc(len), s, len);
}

char *xl_format(const char *fmt, ...)
{
    char *s;
    va_list ap;

    va_start(ap, fmt);
    if ( vasprintf(&s, fmt, ap) < 0 ) {
        xl_error("out of memory");
        exit(XL_FAILED);
    }
    va_end(ap);
    return s;
}
