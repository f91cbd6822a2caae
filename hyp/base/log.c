/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatting of log lines, and the limit on lines that a guest causes. */
#include "base/log.h"
#include "base/fmt.h"

#define LOG_LINE_MAX    256

static log_sink_fn *log_sink;

void log_set_sink(log_sink_fn *sink) { log_sink = sink; }

static void emit(enum log_level level, const struct domain *d, const char *fmt, va_list ap)
{
    char line[LOG_LINE_MAX];

    if ( !log_sink )
        return;
    vsnprintf(line, sizeof(line), fmt, ap);
    log_sink(level, d, line);
}

void log_at(enum log_level level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit(level, NULL, fmt, ap);
    va_end(ap);
}

void log_guest(const struct domain *d, enum log_level level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit(level, d, fmt, ap);
    va_end(ap);
}
