/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For base/string.c in host builds: its functions beside the C library's, which the
 * sanitizer watches and which all other modules use.
 */
#ifndef FAKE_STRING_NAMES_H
#define FAKE_STRING_NAMES_H

#define memcpy      hyp_memcpy
#define memmove     hyp_memmove
#define memset      hyp_memset
#define memcmp      hyp_memcmp
#define strlen      hyp_strlen
#define strnlen     hyp_strnlen
#define strcmp      hyp_strcmp
#define strncmp     hyp_strncmp
#define strchr      hyp_strchr

#endif
