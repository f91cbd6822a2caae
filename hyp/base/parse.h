/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and sizes from text: boot options, ELF notes in old form. */
#pragma once

#include <stdint.h>

#include "base/compiler.h"

/*
 * Both read an unsigned number at @s and set *@out and, unless @end is NULL,
 * *@end to what follows.  With @end NULL anything that follows is an error.
 * 0; -XEN_EINVAL: no number, or rubbish after it; -XEN_ERANGE: beyond 64 bits.
 * On failure *@out and *@end are untouched.
 */

/* @base 10 or 16, or 0 to go by a leading 0x. */
int must_check parse_u64(const char *s, unsigned int base, const char **end, uint64_t *out);

/* A number with a suffix B, k, M, G or T (either case, powers of 1024); @unit bytes without. */
int must_check parse_size(const char *s, uint64_t unit, const char **end, uint64_t *out);
