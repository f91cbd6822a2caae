/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formatted text: printf's integers, strings and pointers, and
 *   %pd  a struct domain *   "d5"
 *   %pv  a struct vcpu *     "d5v1"
 * Flags - 0 # + and space, width and precision (numbers or *), lengths hh h l ll z j t.
 * No floating point, no %n.  An unknown conversion is printed as it stands.
 */
#ifndef BASE_FMT_H
#define BASE_FMT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct domain;
struct vcpu;

/*
 * Both write at most @size bytes, NUL included (if @size > 0), and return the
 * length that the whole text would have had.
 */
int snprintf(char *buf, size_t size, const char *fmt, ...) printf_like(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) printf_like(3, 0);

/* As snprintf, but returns the bytes really written without the NUL: for appending. */
int scnprintf(char *buf, size_t size, const char *fmt, ...) printf_like(3, 4);

/* How %pd and %pv learn the numbers; core/ sets it once.  Until then they print "d?". */
struct fmt_ids {
    uint32_t (*domain)(const struct domain *d);
    void (*vcpu)(const struct vcpu *v, uint32_t *domid, uint32_t *vcpu_id);
};
void fmt_set_ids(const struct fmt_ids *ids);

#endif
