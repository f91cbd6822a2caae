/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI's static tables (ACPI 6.4 ch. 5): found, checked, and reduced to facts.  No AML. */
#pragma once

#include "base/types.h"

struct acpi_cpu { uint32_t apic_id, acpi_id; bool enabled; };
struct acpi_ioapic { uint8_t id; uint32_t gsi_base; paddr_t addr; };
struct acpi_mcfg { paddr_t base; uint16_t segment; uint8_t bus_start, bus_end; };
struct acpi_override { uint8_t isa_irq; uint32_t gsi; bool level, active_low; };

struct acpi_info {
    uint32_t nr_cpus;       struct acpi_cpu cpus[256];
    uint32_t nr_ioapics;    struct acpi_ioapic ioapics[16];
    uint32_t nr_overrides;  struct acpi_override overrides[16];
    paddr_t  lapic_addr;
    paddr_t  hpet_addr;                 /* 0: none */
    uint16_t pm_timer_port;             /* 0: none */
    bool     pm_timer_32bit;
    uint16_t pm1a_cnt_port, pm1b_cnt_port;
    uint8_t  reset_space, reset_value;  /* FADT reset register; 0 space with reset_addr 0: none */
    uint64_t reset_addr;
    uint32_t nr_mcfg;       struct acpi_mcfg mcfg[8];
};
extern struct acpi_info acpi;           /* immutable after acpi_init */

/* @rsdp: physical address from the boot information, 0: search the BIOS areas.  -XEN_ENOENT: no ACPI. */
int must_check acpi_init(paddr_t rsdp);
void acpi_sleep_init(void);             /* maps the reset register; acpi_init calls it */
/* Enter S-state by PM1 registers (XENPF_enter_acpi_sleep): S5 only; -XEN_EOPNOTSUPP for others. */
int acpi_enter_sleep(uint32_t pm1a_value, uint32_t pm1b_value, uint8_t state);
/* Try ACPI reset, then the keyboard controller, then port 0xcf9, then a triple fault. */
void noreturn machine_reboot(void);
void noreturn machine_power_off_or_halt(void);
