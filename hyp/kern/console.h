/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console: a log ring (xl dmesg), output to serial ports and VGA text, and serial
 * input switched between dom0 and the hypervisor's debug keys by CTRL-a three times.
 * What domains may do with it is core/host_console.c.
 */
#pragma once

#include "base/log.h"

void console_init_early(void);      /* after the command line: com1/com2/vga as `console=` says */
/* Interrupts work: input, full-size ring (conring_size), VGA by its final mapping. */
void console_init(void);
void console_write(const char *s, size_t len);          /* ring and devices, no prefix */
/* Not into the ring: dom0's own console, which would push everything else out of it. */
void console_write_devices(const char *s, size_t len);
/* Up to @len bytes of input that was meant for dom0; 0 if there is none.  Any context. */
size_t console_read_input(char *buf, size_t len);
void console_input_poll(void);      /* PCPU_WORK_CONSOLE */
void console_force(void);           /* panic: ignore locks */

/* What the console needs from above; core/host_console.c sets it once domains can exist. */
struct console_ops {
    void (*send_virq)(uint32_t virq);
    bool (*copy_out)(guest_ptr_t dst, const void *src, size_t len);
    /* May a line that @d caused be shown now?  @nr_dropped: how many were not before it.  Any context. */
    bool (*guest_line)(const struct domain *d, uint32_t *nr_dropped);
};
void console_set_ops(const struct console_ops *ops);

/*
 * XEN_SYSCTL_readconsole: from op->index (incremental) or the oldest byte on, op->count
 * at most, to the caller's op->buffer.  Out: index to go on with, count.  With op->clear
 * what was read is dropped.  0 or -XEN_EFAULT (nothing is dropped).
 */
struct xen_sysctl_readconsole;
int must_check console_read_ring(struct xen_sysctl_readconsole *op);

/*
 * "error", "warning", "info", "debug" (or "all"), "none"; what stands after a "/" is
 * not looked at.  NULL: leave.  An unknown level changes nothing and is logged.
 */
void console_set_log_levels(const char *loglvl, const char *guest_loglvl);
bool console_uses_vga(void);
void console_end_vga(void);         /* dom0 takes the screen over */
