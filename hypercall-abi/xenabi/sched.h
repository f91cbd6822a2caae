/* SPDX-License-Identifier: MIT */
/*
 * sched_op: what a vCPU does with its time, and how a domain ends.
 */
#ifndef XENABI_SCHED_H
#define XENABI_SCHED_H

#include <xenabi/types.h>

#define SCHEDOP_yield               0   /* no argument */
#define SCHEDOP_block               1   /* no argument; unmasks events first */
#define SCHEDOP_shutdown            2
#define SCHEDOP_poll                3
#define SCHEDOP_remote_shutdown     4
#define SCHEDOP_shutdown_code       5   /* struct sched_shutdown; says why, does not shut down */
#define SCHEDOP_watchdog            6
#define SCHEDOP_pin_override        7

#define SHUTDOWN_poweroff           0
#define SHUTDOWN_reboot             1
#define SHUTDOWN_suspend            2
#define SHUTDOWN_crash              3
#define SHUTDOWN_watchdog           4
#define SHUTDOWN_soft_reset         5
#define SHUTDOWN_MAX                5

struct sched_shutdown {
    uint32_t reason;                /* SHUTDOWN_* */
};
ABI_SIZE(sched_shutdown, 4);

struct sched_poll {
    guest_ptr_t ports;              /* array of evtchn_port_t */
    uint32_t    nr_ports;           /* at most 128 */
    uint64_t    timeout;            /* absolute system time in ns; 0: none */
};
ABI_SIZE(sched_poll, 24);

struct sched_remote_shutdown {
    domid_t  domain_id;
    uint32_t reason;                /* SHUTDOWN_* */
};
ABI_SIZE(sched_remote_shutdown, 8);

struct sched_watchdog {
    uint32_t id;                    /* 0: new one, its id is returned */
    uint32_t timeout;               /* seconds; 0 stops it */
};
ABI_SIZE(sched_watchdog, 8);

struct sched_pin_override {
    int32_t pcpu;                   /* negative: undo */
};
ABI_SIZE(sched_pin_override, 4);

#endif
