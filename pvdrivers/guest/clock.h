/* SPDX-License-Identifier: MIT */
/* System time (ns since the host's start) and wall time from shared memory; this vCPU's timers. */
#ifndef GUEST_CLOCK_H
#define GUEST_CLOCK_H

#include <stdint.h>

uint64_t clock_now(void);               /* ns */
uint64_t clock_wall(void);              /* ns since 1970 */
uint64_t clock_tsc(void);
long clock_set_timer(uint64_t deadline_ns);     /* VIRQ_TIMER at that system time; 0 disarms */
void clock_spin(uint64_t ns);           /* busy wait */

#endif
