/* SPDX-License-Identifier: MIT */
/* From the entry point to the program's guest_main, and the end of the domain. */
#include <xenabi/sched.h>
#include "console.h"
#include "event.h"
#include "hypercall.h"
#include "mem.h"
#include "start.h"
#include "store.h"
#include "trap.h"

struct start_info *start_info;

int guest_is_dom0(void)
{
    return (start_info->flags & SIF_INITDOMAIN) != 0;
}

void guest_start(void)
{
    console_init();
    trap_init();
    mem_init();
    event_init();
    store_init();
    guest_main();
    guest_shutdown(SHUTDOWN_poweroff);
}

void guest_shutdown(unsigned int reason)
{
    struct sched_shutdown arg = { .reason = reason };

    console_drain();
    hc_sched_op(SCHEDOP_shutdown, HC_PTR(&arg));
    for ( ; ; )
        hc_sched_op(SCHEDOP_block, 0);
}
