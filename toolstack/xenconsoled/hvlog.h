/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's log, copied to LOGDIR/hypervisor.log.
 */
#ifndef XENCONSOLED_HVLOG_H
#define XENCONSOLED_HVLOG_H

#include <stdbool.h>

int hvlog_start(void);
/* True if the event was the log's. */
bool hvlog_event(int port);
void hvlog_reopen(void);

#endif
