/* SPDX-License-Identifier: MIT */
/* The few library functions a guest without a C library needs. */
#ifndef GUEST_LIB_H
#define GUEST_LIB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE_SIZE     4096ul
#define barrier()     asm volatile ( "" ::: "memory" )

#define read_once(x)     (*(const volatile typeof(x) *)&(x))
#define write_once(x, v) (*(volatile typeof(x) *)&(x) = (v))

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
char *strstr(const char *s, const char *what);

/* Know %d %u %x %s %c %p with l, ll, z, a width, 0 and #.  Return the untruncated length. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int __attribute__((format(printf, 3, 4))) snprintf(char *buf, size_t size, const char *fmt, ...);

/* Decimal or 0x number; stops at the first character that is no digit. */
uint64_t parse_number(const char *s);

/* Repeatable pseudo-random numbers; *state must not be 0. */
uint64_t random_next(uint64_t *state);

#endif
