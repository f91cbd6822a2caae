/* SPDX-License-Identifier: MIT */
/*
 * What the back ends' programs do alike: one argument, the device's folder in the store; SIGTERM ends them; they say
 * who they are in the folder, and end when the toolstack has closed or removed the device.
 */
#ifndef PV_DOM0_PROCESS_H
#define PV_DOM0_PROCESS_H

#include "dom0/linux.h"

/* A line on standard error; 1. */
int process_die(const char *what, int error);

/*
 * A descriptor that becomes readable when the process is to end; negative: wrong arguments, or no such thing.  Does
 * not return where the process is to be the broker of another.
 */
int process_begin(int argc, char **argv);

/* A node of the folder, to be freed; NULL, with errno. */
char *process_node(struct linux_host *h, const char *folder, const char *key);

/* Our id into the folder, but not into one that is gone: that would bring it back.  0 or -XEN_E*. */
int process_say_id(struct linux_host *h, const char *folder);

/* Give up our rights.  0, or 1 with a line on standard error. */
int process_confine(void);

/* Take what fired: was there anything?  Ends the process if the broker has gone: a successor gets another. */
bool process_watches(struct linux_host *h);

/* Has the toolstack removed the device, or closed it for good?  @state is our own. */
bool process_is_over(struct linux_host *h, const char *folder, uint8_t state);

#endif
