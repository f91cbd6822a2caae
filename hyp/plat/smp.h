/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting the other processors, and asking them to do things. */
#pragma once

#include "base/types.h"

/* A free page below 1 MiB for the APs' first instructions, set before smp_init; 0: start none. */
extern paddr_t smp_trampoline_page;

/* Allocate and map @cpu's block of stacks (cpu/pcpu.h); its struct pcpu is zero but for id.  -XEN_ENOMEM. */
int must_check pcpu_map(unsigned int cpu);

/* Find CPUs in the MADT, map their blocks, start them; at most @max.  Sets nr_cpus. */
void smp_init(unsigned int max);
/* Where an AP arrives in C, on its own stack, paging on (trampoline.S). */
void noreturn smp_ap_main(void);

/* Make @cpu look at its work bits soon (IPI unless it is this one or about to look anyway). */
void smp_kick(unsigned int cpu);
/* Panic and reboot: every other CPU stops for good. */
void noreturn smp_stop_self(void);      /* for good */
void smp_stop_others(void);
/* The NMI handler calls this first: does not return if this CPU is to stop. */
void smp_nmi(void);

struct cpu_topology { uint32_t core, socket, node; };
const struct cpu_topology *smp_topology(unsigned int cpu);
