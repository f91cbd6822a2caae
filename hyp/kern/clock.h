/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System time: ns since boot, one line for all CPUs, from the TSC.  Wall clock. */
#pragma once

#include "base/types.h"

/* TSC to ns: ns = ((tsc - base) << shift or >> -shift) * mul >> 32 (vcpu_time_info's rule). */
struct clock_scale {
    uint64_t tsc_base;
    uint64_t ns_base;
    uint32_t mul;
    int8_t   shift;
};

uint64_t clock_now_ns(void);                        /* never goes back, on any CPU */
const struct clock_scale *clock_scale(void);        /* immutable after boot */
uint32_t clock_tsc_khz(void);
uint64_t clock_tsc_to_ns(uint64_t tsc);
uint64_t clock_ns_to_tsc(uint64_t ns);              /* the TSC value at system time @ns, rounded up */
void clock_delay_us(unsigned int us);               /* busy; after clock_init */

/* Wall clock: seconds and ns at system time zero. */
void clock_wall_base(uint64_t *sec, uint32_t *nsec);
/* Set so that at system time @system_ns the wall clock is @sec, @nsec (XENPF_settime). */
void clock_set_wall(uint64_t sec, uint32_t nsec, uint64_t system_ns);

/* After acpi_init, before apic_init: calibrates against HPET, ACPI timer or PIT; reads the CMOS clock. */
void clock_init(void);
/* Each AP as it comes up, while the boot CPU calls clock_sync_serve again and again. */
void clock_init_cpu(void);
void clock_sync_serve(void);    /* answers an AP that measures its TSC's offset */
