/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console: a log ring (xl dmesg), output to serial ports and VGA text, and serial
 * input switched between dom0 and the hypervisor's debug keys by CTRL-a three times.
 */
#ifndef KERN_CONSOLE_H
#define KERN_CONSOLE_H

#include "base/log.h"
#include "base/types.h"

void console_init_early(void);      /* after the command line: com1/com2/vga as `console=` says */
void console_init(void);            /* interrupts work: input, full-size ring (conring_size) */
void console_write(const char *s, size_t len);          /* ring and devices, no prefix */
void console_guest_write(struct domain *d, const char *s, size_t len);     /* console_io: dom0's as it is, others by line with "(dN) " and rate limit */
size_t console_guest_read(struct domain *d, char *buf, size_t len);        /* dom0's input */
void console_input_poll(void);      /* PCPU_WORK_CONSOLE */
void console_force(void);           /* panic: ignore locks */
/* XEN_SYSCTL_readconsole: copies through @copy; arguments as that call's. */
struct xen_sysctl_readconsole;
int console_read_ring(struct xen_sysctl_readconsole *op);
void console_set_log_levels(const char *loglvl, const char *guest_loglvl);  /* NULL: leave */
bool console_uses_vga(void);
void console_end_vga(void);         /* dom0 takes the screen over */

#endif
