/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory and string functions: what the compiler calls by itself, and the few
 * string helpers the hypervisor uses.  Standard meaning; strlcpy as in BSD.
 */
#pragma once

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/* Copies at most @size - 1 bytes and ends with NUL (if @size > 0).  Returns strlen(src). */
size_t strlcpy(char *dst, const char *src, size_t size);
