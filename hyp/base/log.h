/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log call.  Levels: error = our fault, warn = a guest's fault or a bad
 * setting, info = once per event an operator caused, debug = off by default.
 * Where lines go is decided by the one sink that kern/console.c sets.
 * Formats: printf's, with %pd (struct domain *, "d5") and %pv (struct vcpu *, "d5v1").
 */
#pragma once

#include "base/types.h"

enum log_level { LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct domain;

/* Any context. */
void log_at(enum log_level level, const char *fmt, ...) printf_like(2, 3);
/* A line that guest @d caused: under loglvl's guest half and @d's rate limit (10 a second). */
void log_guest(const struct domain *d, enum log_level level, const char *fmt, ...) printf_like(3, 4);

/* @sink receives whole formatted lines.  @guest is NULL for the hypervisor's own. */
typedef void log_sink_fn(enum log_level level, const struct domain *guest, const char *text);
void log_set_sink(log_sink_fn *sink);

#define log_err(...)    log_at(LOG_ERR, __VA_ARGS__)
#define log_warn(...)   log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...)   log_at(LOG_INFO, __VA_ARGS__)
