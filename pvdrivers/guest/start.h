/* SPDX-License-Identifier: MIT */
/* What a guest program must supply, and how it ends. */
#ifndef GUEST_START_H
#define GUEST_START_H

#include <xenabi/xen.h>

extern struct start_info *start_info;   /* as handed over by whoever built the domain */

void _start(void);                      /* the ELF entry point, in start.S */
void guest_start(void);                 /* first C code: sets up traps, memory and console */
void guest_main(void);                  /* supplied by the program; returning shuts down */

/* End the domain with a SHUTDOWN_* reason. */
void __attribute__((noreturn)) guest_shutdown(unsigned int reason);

/* True in the control domain. */
int guest_is_dom0(void);

#endif
