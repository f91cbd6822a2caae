/* SPDX-License-Identifier: MIT */
/*
 * callback_op: entry points of a PV guest kernel other than its trap table.
 */
#ifndef XENABI_CALLBACK_H
#define XENABI_CALLBACK_H

#include <xenabi/types.h>

#define CALLBACKOP_register             0
#define CALLBACKOP_unregister           1

#define CALLBACKTYPE_event                  0
#define CALLBACKTYPE_failsafe               1   /* a selector or iret frame cannot be loaded */
#define CALLBACKTYPE_syscall                2   /* SYSCALL from 64-bit user mode */
#define CALLBACKTYPE_sysenter_deprecated    3
#define CALLBACKTYPE_nmi                    4
#define CALLBACKTYPE_sysenter               5
#define CALLBACKTYPE_syscall32              7

#define CALLBACKF_mask_events           (1U << 0)

struct callback_register {
    uint16_t type;                  /* CALLBACKTYPE_* */
    uint16_t flags;                 /* CALLBACKF_* */
    xen_callback_t address;         /* canonical */
};
ABI_SIZE(callback_register, 16);

struct callback_unregister {
    uint16_t type;
    uint16_t _unused;
};
ABI_SIZE(callback_unregister, 4);

#endif
