/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8254 timer of a hardware guest, ports 0x40-0x43, and port 0x61 beside it. */
#pragma once

#include "base/types.h"

struct domain;

int must_check vpit_init(struct domain *d);     /* 0, -XEN_ENOMEM */
void vpit_free(struct domain *d);               /* also of a domain without one */

/* One byte of @port, 0x40-0x43 or 0x61.  Any vCPU. */
uint8_t vpit_read(struct domain *d, uint16_t port);
void vpit_write(struct domain *d, uint16_t port, uint8_t value);
