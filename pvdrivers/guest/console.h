/* SPDX-License-Identifier: MIT */
/* Text in and out: console_io in the control domain, the shared ring elsewhere. */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <stddef.h>

void console_init(void);
void console_write(const char *s, size_t len);
void __attribute__((format(printf, 1, 2))) console_printf(const char *fmt, ...);
size_t console_read(char *buf, size_t size);    /* what is there now, perhaps nothing */
void console_drain(void);                       /* wait (bounded) until the other side has it all */

#endif
