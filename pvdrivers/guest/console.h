/* SPDX-License-Identifier: MIT */
/* Text in and out: console_io in the control domain, the driver of the first console elsewhere. */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

void console_init(void);
void console_write(const char *s, size_t len);  /* waits until there is room */
void __attribute__((format(printf, 1, 2))) console_printf(const char *fmt, ...);
size_t console_read(char *buf, size_t size);    /* what is there now, perhaps nothing */
void console_drain(void);                       /* wait (bounded) until the other side has it all */
uint32_t console_port(void);                    /* that its events come by; 0: none */

#endif
