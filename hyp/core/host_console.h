/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's console as domains see it, and the debug keys that show core's state. */
#pragma once

#include "core/domain.h"

/* Before dom0: connects kern/console to events, gives %pd and %pv their numbers, registers debug keys. */
void host_console_init(void);

/* console_io: dom0's text goes out as it is; others' by line, as "(dN) ", 10 lines a second. */
void host_console_write(struct domain *d, const char *s, size_t len);

void dump_init(void);       /* core/dump.c; host_console_init calls */
