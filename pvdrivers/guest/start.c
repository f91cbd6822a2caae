/* SPDX-License-Identifier: MIT */
/* From the entry point to the program's guest_main, and the end of the domain. */
#include <xenabi/sched.h>
#include "console.h"
#include "event.h"
#include "hypercall.h"
#include "mem.h"
#include "platform.h"
#include "smp.h"
#include "start.h"
#include "store.h"
#include "trap.h"

struct start_info *start_info;
const struct platform *platform;
const void *trap_exit, *hypercall_entry;
extern char boot_stack[];
char boot_stack[SMP_STACK_SIZE] __attribute__((aligned(SMP_STACK_SIZE)));

int guest_is_dom0(void)
{
    return (start_info->flags & SIF_INITDOMAIN) != 0;
}

int guest_is_pv(void)
{
    return platform == &platform_pv;
}

void guest_start(const struct platform *p)
{
    platform = p;
    platform->init();
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
