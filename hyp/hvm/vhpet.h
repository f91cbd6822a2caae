/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The HPET of a hardware guest: one block of three timers. */
#pragma once

#include "base/types.h"

struct domain;

#define VHPET_BASE  0xfed00000UL
#define VHPET_BYTES 0x400

int must_check vhpet_init(struct domain *d);    /* 0, -XEN_ENOMEM */
void vhpet_free(struct domain *d);              /* also of a domain without one */

/* There is one (HVM_PARAM_HPET_ENABLED), and @gpa is in it. */
bool vhpet_at(const struct domain *d, uint64_t gpa);
/* It has taken over the PIT's interrupt. */
bool vhpet_is_legacy(const struct domain *d);

/* @offset < VHPET_BYTES; @bytes 1, 2, 4 or 8, of which the device takes writes of 4 and 8, aligned.  Any vCPU. */
uint64_t vhpet_read(struct domain *d, unsigned int offset, unsigned int bytes);
void vhpet_write(struct domain *d, unsigned int offset, unsigned int bytes, uint64_t value);
