/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Set-up and deferred freeing of domains: for boot/ and entry/trap.c only. */
#ifndef CORE_DOMAIN_FREE_H
#define CORE_DOMAIN_FREE_H

void domain_init(void);             /* the pseudo domains; after the heap */
void domain_free_deferred(void);    /* PCPU_WORK_RCU */

#endif
