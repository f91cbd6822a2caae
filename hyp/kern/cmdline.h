/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot options: one table; Xen's names where the option exists here.  An unknown
 * option is reported by name and boot goes on.
 */
#pragma once

#include "base/types.h"

struct options {
    struct {                        /* bytes; a _minus amount is all memory less that much */
        uint64_t size, min, max;
        bool     given, min_given, max_given;
        bool     minus, min_minus, max_minus;
    } dom0_mem;
    uint32_t dom0_max_vcpus_min, dom0_max_vcpus;    /* 0: as many as CPUs */
    bool     dom0_vcpus_pin;
    char     console[32];           /* "vga,com1" style, default "vga,com1" */
    char     com[2][64];
    char     loglvl[16], guest_loglvl[16];
    uint32_t maxcpus;               /* 0: all */
    bool     noreboot;
    bool     x2apic;                /* default on */
    bool     smap, smep;            /* default on */
    uint64_t conring_size;
    uint32_t reboot_delay;          /* seconds between a panic and the reboot */
    bool     vga_keep;              /* the log stays on the screen when dom0 starts */
    char     raw[1024];             /* as given: xl info's xen_commandline */
};
extern struct options opt;          /* immutable after cmdline_parse */

/* Parse; problems are kept and logged by cmdline_report once the console is up. */
void cmdline_parse(const char *s);
void cmdline_report(void);
