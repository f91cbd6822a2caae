/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op: bring-up, timers and shared areas of one vCPU.
 */
#ifndef XENABI_VCPU_H
#define XENABI_VCPU_H

#include <xenabi/types.h>

#define VCPUOP_initialise                       0   /* struct vcpu_guest_context */
#define VCPUOP_up                               1
#define VCPUOP_down                             2
#define VCPUOP_is_up                            3   /* 1 up, 0 down, negative: no such vCPU */
#define VCPUOP_get_runstate_info                4   /* struct vcpu_runstate_info */
#define VCPUOP_register_runstate_memory_area    5
#define VCPUOP_set_periodic_timer               6
#define VCPUOP_stop_periodic_timer              7
#define VCPUOP_set_singleshot_timer             8
#define VCPUOP_stop_singleshot_timer            9
#define VCPUOP_register_vcpu_info               10
#define VCPUOP_send_nmi                         11
#define VCPUOP_get_physid                       12
#define VCPUOP_register_vcpu_time_memory_area   13

#define RUNSTATE_running    0
#define RUNSTATE_runnable   1
#define RUNSTATE_blocked    2
#define RUNSTATE_offline    3

/* In state_entry_time while the copy in guest memory changes (VMASST runstate_update_flag). */
#define XEN_RUNSTATE_UPDATE     (1ULL << 63)

#define VCPU_SSHOTTMR_future    (1U << 0)   /* -XEN_ETIME instead of firing at once */

struct vcpu_runstate_info {
    int32_t  state;                 /* RUNSTATE_* */
    uint64_t state_entry_time;      /* system time, ns */
    uint64_t time[4];               /* ns spent in each state */
};
ABI_SIZE(vcpu_runstate_info, 48);

/* Virtual address, in the address space at the time of each update. */
struct vcpu_register_runstate_memory_area {
    union {
        guest_ptr_t h;
        guest_ptr_t v;
        uint64_t    p;
    } addr;
};
ABI_SIZE(vcpu_register_runstate_memory_area, 8);

struct vcpu_set_periodic_timer {
    uint64_t period_ns;             /* at least 1 ms */
};
ABI_SIZE(vcpu_set_periodic_timer, 8);

struct vcpu_set_singleshot_timer {
    uint64_t timeout_abs_ns;        /* system time */
    uint32_t flags;                 /* VCPU_SSHOTTMR_* */
};
ABI_SIZE(vcpu_set_singleshot_timer, 16);

struct vcpu_register_vcpu_info {
    uint64_t mfn;
    uint32_t offset;                /* bytes in the page; must not cross its end */
    uint32_t rsvd;
};
ABI_SIZE(vcpu_register_vcpu_info, 16);

struct vcpu_get_physid {
    uint64_t phys_id;               /* OUT APIC id low, ACPI id high 32 bits */
};
ABI_SIZE(vcpu_get_physid, 8);

struct vcpu_register_time_memory_area {
    union {
        guest_ptr_t h;
        guest_ptr_t v;
        uint64_t    p;
    } addr;
};
ABI_SIZE(vcpu_register_time_memory_area, 8);

#endif
