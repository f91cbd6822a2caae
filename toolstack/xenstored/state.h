/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole state as records, and records back into the state.
 */
#ifndef XENSTORED_STATE_H
#define XENSTORED_STATE_H

#include "journal.h"

void state_dump(void);                      /* journal_put of everything */
void state_apply(const struct rec *r);      /* any bytes that are a record are safe */

#endif
