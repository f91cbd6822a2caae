/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SCHEDOP_watchdog: a domain that does not report in time is shut down. */
#pragma once

#include "core/domain.h"

/*
 * @id 0: a new one, its id is returned; else restart (@seconds 0: stop) the one named.
 * -XEN_EINVAL: no such id, or a new one that would be stopped; -XEN_ENOSPC: both in use.
 */
int must_check watchdog_set(struct domain *d, uint32_t id, uint32_t seconds);
void watchdog_kill(struct domain *d);       /* before @d is freed */
