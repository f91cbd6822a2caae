/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This processor's local APIC, xAPIC or x2APIC: EOI, IPIs, timer (SDM vol 3A ch. 10). */
#pragma once

#include "base/types.h"

void apic_init(void);                       /* boot CPU, after clock_init: mode, mapping, timer's speed */
void apic_init_cpu(void);                   /* each CPU */
void apic_eoi(void);
uint32_t apic_id(void);
void apic_send_ipi(uint32_t apic_id, uint8_t vector);
void apic_send_init(uint32_t apic_id);
void apic_send_sipi(uint32_t apic_id, uint8_t page);
void apic_send_nmi_others(void);
/* One interrupt at or after system time @deadline_ns (TSC-deadline or one-shot); ~0 stops it. */
void apic_timer_arm(uint64_t deadline_ns);
bool apic_is_x2apic(void);
uint32_t apic_read_error(void);             /* the error register, which this clears */
