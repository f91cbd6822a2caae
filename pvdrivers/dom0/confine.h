/* SPDX-License-Identifier: MIT */
/*
 * A process that gives up what it does not need any more: it becomes nobody, without groups and capabilities, and a
 * list of system calls is all it may use.  Files that are open stay open.
 */
#ifndef PV_DOM0_CONFINE_H
#define PV_DOM0_CONFINE_H

/* 0 or -errno. */
int confine_back_end(void);
int confine_broker(void);

#endif
