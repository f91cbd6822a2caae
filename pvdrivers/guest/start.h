/* SPDX-License-Identifier: MIT */
/* What a guest program must supply, and how it ends. */
#ifndef GUEST_START_H
#define GUEST_START_H

#include <xenabi/xen.h>

struct platform;

/*
 * As handed over by whoever built the domain.  In a hardware guest made from its parameters: nr_pages, flags,
 * store and console, pt_base, cmd_line; frame numbers are the guest's own.
 */
extern struct start_info *start_info;

void _start(void);                      /* the entry points: pv.S, pvh.S */
void pvh_start(void);
void guest_start(const struct platform *p);     /* first C code: sets up traps, memory and console */
void guest_main(void);                  /* supplied by the program; returning shuts down */

/* End the domain with a SHUTDOWN_* reason. */
void __attribute__((noreturn)) guest_shutdown(unsigned int reason);

int guest_is_dom0(void);                /* true in the control domain */
int guest_is_pv(void);                  /* false in a hardware guest: PVH or HVM */

#endif
