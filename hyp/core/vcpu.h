/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual processors.  The saved registers stand first: entry/entry.S saves straight
 * into the vCPU that was interrupted, so there is nothing to copy on a switch.
 *
 * A vCPU is runnable when it is up, not blocked and pause_count and its domain's are
 * zero.  Whatever must happen before it runs guest code again is a bit in `work`,
 * consumed in one place (entry/trap.c).
 */
#pragma once

#include "core/domain.h"
#include "cpu/frame.h"
#include "kern/timer.h"

#define VCPU_WORK_EXCEPTION 0x01    /* deliver `pending` (pv) */
#define VCPU_WORK_FAILSAFE  0x04    /* a selector could not be loaded when it was switched to (pv) */
#define VCPU_WORK_NMI       0x08    /* deliver an NMI when unmasked */
#define VCPU_WORK_TEARDOWN  0x10    /* its domain has page tables to take apart (pv_pagetype.c) */
#define VCPU_WORK_UPCALL    0x20    /* an event became pending (hvm) */
#define VCPU_WORK_IRQ       0x40    /* look at the virtual interrupt controllers (hvm) */
#define VCPU_WORK_IO        0x80    /* the device model has answered (hvm) */
#define VCPU_WORK_HYPERCALL 0x100   /* the exit was a hypercall (hvm): hcall/hypercall.c */

#define VCPUF_UP            0x01    /* VCPUOP_up was done */
#define VCPUF_BLOCKED       0x02    /* waits for an event */
#define VCPUF_POLLING       0x04    /* in SCHEDOP_poll */
#define VCPUF_INITIALISED   0x08    /* has a context */
#define VCPUF_NMI_MASKED    0x10    /* until its iret */
#define VCPUF_NMI_LATER     0x20    /* another one came meanwhile */

/* An exception for the guest, from one slot. */
struct pending_exception {
    uint8_t  vector;
    bool     has_error;
    uint32_t error_code;
    uint64_t cr2;
};

/* PV state; entry.S reads the first fields. */
struct pv_vcpu {
    uint8_t  kernel_mode;       /* 1: guest kernel (kernel_cr3), 0: guest user (user_cr3) */
    uint8_t  need_update_runstate;  /* entry.S compares the two as one */
    uint8_t  iopl;              /* set by PHYSDEVOP_set_iopl */
    uint8_t  syscall_masks;     /* the syscall callback masks events */
    uint8_t  failsafe_masks, syscall32_masks;
    uint64_t kernel_cr3, user_cr3;  /* physical; 0 user: none yet */
    uint64_t kernel_sp, kernel_ss;
    uint64_t syscall_eip, event_eip, failsafe_eip, syscall32_eip;
    struct trap_info *traps;    /* 256 entries, private copy */
    uint64_t gdt_frames[14];    /* referenced FT_DESC frames */
    uint32_t gdt_entries;
    uint32_t ldt_entries;
    uint64_t ldt_base;          /* guest virtual */
    uint64_t ldt_loaded;        /* bitmap of the 16 LDT pages mapped in (FT_DESC references) */
    uint64_t ldt_frames[16];
    uint64_t cr0_ts;            /* guest asked for FPU task switch */
    uint64_t cr4;               /* guest's view */
    uint64_t fs_base, gs_base_kernel, gs_base_user;     /* saved when not running */
    uint16_t ds, es, fs, gs;
    uint64_t dr[8];             /* 0-3, 6, 7 */
    uint64_t iobmp;             /* guest virtual, PHYSDEVOP_set_iobitmap */
    uint32_t iobmp_limit;
    struct pending_exception pending;
};

struct hvm_vcpu;

struct vcpu {
    uint64_t         exit_fault[17];    /* room for the frame of a fault on IRET to the guest (entry.S) */
    struct cpu_frame regs;              /* ends 16-byte aligned: TSS.rsp0 points there */
    uint64_t         hyp_stack;         /* the running CPU's stack: entry.S switches to it */
    struct vcpu_info *vcpu_info;        /* our mapping of it; never NULL once created */
    uint32_t         work;              /* VCPU_WORK_*, atomic */
    uint32_t         flags;             /* VCPUF_*, atomic */
    struct pv_vcpu   pv;

    struct hvm_vcpu *hvm;               /* of hardware guests (hvm/), else NULL */

    struct domain   *domain;
    uint32_t         id;
    uint32_t         processor;         /* CPU that it runs on or ran on last */
    bool             is_running;        /* its registers are live on `processor` */
    bool             is_idle;
    atomic_t         pause_count;
    mfn_t            vcpu_info_mfn;     /* frame that vcpu_info lies in, if registered by the guest */

    /* Extended state (cpu/xstate.c). */
    void            *xsave;             /* XSAVE area, 64-byte aligned */
    uint64_t         xcr0;

    /* Scheduling (core/sched.c). */
    void            *sched;
    uint64_t         hard_affinity[NR_CPUS / 64];
    uint64_t         soft_affinity[NR_CPUS / 64];
    uint32_t         poll_port;         /* SCHEDOP_poll of one port; 0: several or none */
    struct timer     poll_timer;

    /* Guest timers. */
    struct timer     singleshot_timer, periodic_timer;
    uint64_t         periodic_ns;       /* 0: off */

    /* Run state areas (core/shared_info.c). */
    uint32_t         runstate;          /* RUNSTATE_* */
    uint64_t         runstate_since_ns;
    uint64_t         runstate_time_ns[4];
    guest_ptr_t      runstate_area;     /* guest virtual, 0: none */
    guest_ptr_t      time_area;         /* secondary vcpu_time_info, guest virtual, 0: none */
    uint32_t         time_version;
    bool             time_area_stale;   /* to be written when it runs in its kernel */

    /* Event channels: ports bound to VIRQs of this vCPU (E). */
    uint32_t         virq_port[24];
    void            *evtchn_fifo;       /* core/evtchn_fifo.c */

    /* Hypercalls in progress. */
    uint32_t         cont_args_set;     /* bitmap: cont_args to put into the repeated call */
    void            *compat_args;       /* COMPAT_BYTES at COMPAT_BASE, while a 32-bit call runs */
    uint64_t         cont_args[4];      /* hcall/hypercall.c: cont_set_arg */
};

/* 0, -XEN_ENOMEM, -XEN_EEXIST, -XEN_EINVAL.  domctl_lock held or boot. */
int must_check vcpu_create(struct domain *d, uint32_t id);
void vcpu_destroy(struct vcpu *v);

void vcpu_pause(struct vcpu *v);            /* waits until it does not run; not itself */
void vcpu_pause_nosync(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);
void vcpu_wait_stopped(struct vcpu *v);     /* until its registers are saved; it must be unrunnable */

bool vcpu_runnable(const struct vcpu *v);

/* VCPUOP_down.  The last one takes the domain with it: nobody is left to bring one up. */
void vcpu_down(struct vcpu *v);

/* Stop running the current vCPU until an event; takes effect on the way out. */
void vcpu_block(struct vcpu *v);
/* Something happened: wake it if blocked, make its CPU look at `work` if running. Any context. */
void vcpu_kick(struct vcpu *v);
void vcpu_unblock(struct vcpu *v);
/* Set @work bits and see that they are looked at soon.  Any context. */
void vcpu_work(struct vcpu *v, uint32_t work);

/* Called by the scheduler on the CPU: make @next the running vCPU; returns on its stack. */
void context_switch(struct vcpu *prev, struct vcpu *next);

/* The vcpu_info that VCPUOP_register_vcpu_info names: frame @mfn of own domain, @offset bytes. */
int must_check vcpu_register_info(struct vcpu *v, mfn_t mfn, uint32_t offset);
void vcpu_unregister_info(struct vcpu *v);

static inline bool vcpu_is_up(const struct vcpu *v) { return read_once(v->flags) & VCPUF_UP; }

_Static_assert(offsetof(struct pv_vcpu, kernel_mode) + 1 ==
               offsetof(struct pv_vcpu, need_update_runstate), "entry.S compares both as one");
_Static_assert(offsetof(struct vcpu, regs) + sizeof(struct cpu_frame) ==
               offsetof(struct vcpu, hyp_stack), "entry.S finds the stack there");
_Static_assert(offsetof(struct vcpu, hyp_stack) % 16 == 0, "hardware aligns rsp0 down");
