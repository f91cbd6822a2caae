/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formatted text: printf's integers, strings and pointers, and
 *   %pd  a struct domain *   "d5"
 *   %pv  a struct vcpu *     "d5v1"
 * Conversions d u x c s p, flags - 0 #, width, precision (a number or *), lengths l and z.
 * What else there is in C is printed as it stands.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct domain;
struct vcpu;

/*
 * Writes at most @size bytes, NUL included (if @size > 0), and returns the length that the whole
 * text would have had.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) printf_like(3, 0);

/* The same, but returns the bytes really written without the NUL: for appending. */
int scnprintf(char *buf, size_t size, const char *fmt, ...) printf_like(3, 4);

/* How %pd and %pv learn the numbers; core/ sets it once.  Until then they print "d?". */
struct fmt_ids {
    uint32_t (*domain)(const struct domain *d);
    void (*vcpu)(const struct vcpu *v, uint32_t *domid, uint32_t *vcpu_id);
};
void fmt_set_ids(const struct fmt_ids *ids);
