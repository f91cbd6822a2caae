/* SPDX-License-Identifier: MIT */
/*
 * The configuration store, through the ring that the domain's builder made.
 *
 * One request at a time, no transactions and no watches: what a small guest
 * needs to find its devices and to report.  Absent in the control domain.
 */
#ifndef GUEST_STORE_H
#define GUEST_STORE_H

#include <stddef.h>

long store_init(void);                                      /* 0, or -XEN_ENODEV without a ring */
long store_read(const char *path, char *buf, size_t size);  /* length, or -XEN_E*; ends in NUL */
long store_write(const char *path, const char *value);      /* 0 or -XEN_E* */
long store_remove(const char *path);                        /* 0 or -XEN_E* */

#endif
