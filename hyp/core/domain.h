/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains: life, look-up, pause.  A domain is created paused, gets its vCPUs and
 * memory from the builder, runs, and is destroyed in resumable stages.
 *
 * Field protection:  I immutable after create   M mm_lock   E evtchn_lock   G gnttab lock
 *                    D domctl_lock   A atomic   L the domain list's lock
 */
#pragma once

#include <xenabi/xen.h>
#include "base/atomic.h"
#include "base/rangeset.h"
#include "cpu/spinlock.h"
#include "kern/timer.h"
#include "mem/frame.h"

struct vcpu;
struct xen_e820_entry;
struct gnttab;
struct evtchn_table;
struct pirq_map;
struct guest_ops;
struct hvm_domain;
struct p2m;

enum domain_state { DOM_ALIVE, DOM_DYING, DOM_DEAD };

struct domain {
    domid_t        id;              /* I */
    bool           is_privileged;   /* I  dom0 */
    bool           is_idle;         /* I  and other pseudo domains */
    uint8_t        state;           /* D  enum domain_state; read anywhere */
    atomic_t       refs;            /* A */
    struct domain *list_next;       /* L  ascending id */
    struct domain *free_next;       /*    waiting to be freed */
    struct lock    domctl_lock;     /*    rank DOMCTL */
    const struct guest_ops *ops;    /* I  what kind of guest it is: core/guest_ops.h */
    struct hvm_domain *hvm;         /* I  of hardware guests (hvm/), else NULL */
    struct p2m    *p2m;             /* I  of hardware guests (core/p2m.h), else NULL */

    /* Control settings, as the tools see them. */
    uint8_t        handle[16];      /* D  uuid */
    uint32_t       create_flags;    /* I  XEN_DOMCTL_CDF_* */
    uint32_t       ssidref;
    bool           creation_finished;   /* D  first unpause */
    int32_t        ctl_pause_count; /* D  pausedomain/unpausedomain */
    atomic_t       pause_count;     /* A  all reasons; runs when zero */

    /* Shutdown and crash. */
    bool           is_shut_down;    /* D  every vCPU is stopped */
    bool           is_shutting_down;
    uint8_t        shutdown_code;   /* SHUTDOWN_*, or _NONE: not told yet */
#define SHUTDOWN_CODE_NONE  0xff
    bool           is_crashed;
    const char    *crash_reason;    /* static string: the first one */
    struct lock    shutdown_lock;   /*    rank LEAF */

    /* vCPUs. */
    uint32_t       max_vcpus;       /* I */
    struct vcpu  **vcpu;            /* I  array; entries appear when created */

    /* Memory. */
    struct lock    mm_lock;         /*    rank MM */
    uint32_t       page_list;       /* M  first frame, FRAME_NIL if none */
    uint64_t       tot_pages;       /* M  frames on the list, allocation reference still held */
    uint64_t       max_pages;       /* M */
    uint64_t       outstanding_claim;   /* M  frames */
    uint32_t       xenheap_pages;   /* M  shared hypervisor pages */
    uint32_t       teardown;        /* M  page tables waiting for devalidation, by frame.aux */
    uint32_t       relinquish_stage;/* D  domain_destroy's progress */
    mfn_t          perdomain_l3;    /* I  table of L4 slot 260 */
    uint64_t      *perdomain_l2;    /* I */
    uint64_t       dirty_cpus[NR_CPUS / 64];    /* A  CPUs that may hold TLB entries */
    uint64_t       vm_assist;       /* D  VMASST bits */
    struct xen_e820_entry *memory_map;   /* D  set by XENMEM_set_memory_map */
    uint32_t       nr_memory_map;

    /* Shared info, time. */
    struct shared_info *shared_info;    /* I */
    bool           is_32bit;        /* A  shared_info and run states in 32-bit code's form (hvm) */
    mfn_t          shared_info_mfn; /* I */
    int64_t        time_offset;     /* D  seconds */
    uint32_t       tsc_mode;        /* D */
    uint32_t       tsc_incarnation;

    /* Events and grants. */
    struct lock    evtchn_lock;     /*    rank EVTCHN */
    struct evtchn_table *evtchn;    /* E  core/evtchn.c */
    uint32_t       max_evtchn_port; /* I  largest port number allowed */
    struct gnttab *gnttab;          /*    core/gnttab.c, own lock */
    struct pirq_map *pirqs;         /* E  physdev's pirq -> irq */

    /* Hardware permissions: a domain without them has empty sets. */
    struct rangeset ioports;        /* D */
    struct rangeset iomem;          /* D  frame numbers */
    struct rangeset irqs;           /* D */

    /* Scheduling. */
    uint16_t       sched_weight;    /* sched lock */
    uint16_t       sched_cap;       /* per cent of one CPU, 0 no cap */
    uint64_t       sched_cap_period;    /* sched lock: number of the period that used_ns is of */
    uint64_t       sched_cap_used_ns;   /* sched lock */

    /* SCHEDOP_watchdog (core/watchdog.c). */
    struct timer   watchdog_timer[2];
    uint64_t       watchdog_in_use; /* A  bit per timer */

    /* CPU policy as set by the tools: cpu/cpuid.h. */
    struct cpu_policy *cpu_policy;  /* D */

    struct line_limit {             /* A  core/host_console.c */
        uint64_t due_ns;
        uint32_t nr_dropped;        /* since the last line that was shown */
    } log_limit, text_limit;        /*    lines of ours that this domain causes; and of its own by console_io */
    struct {                        /*    core/host_console.c's lock */
        uint32_t len;
        char     line[128];
    } console;
};

extern struct domain *dom0;         /* the control domain; immutable once running */
extern struct domain *dom_xen;      /* owner of hypervisor pages that tools may map (M2P) */
extern struct domain *dom_io;       /* owner of frames that are not RAM */

struct xen_domctl_createdomain;
/*
 * Create domain @id (0 or a free one) of the kind @ops, paused, without vCPUs or memory.
 * Returns 0 and *@out referenced by the list, or -XEN_EEXIST, -XEN_ENOMEM, -XEN_EINVAL.
 */
int must_check domain_create(domid_t id, const struct xen_domctl_createdomain *cfg,
                             const struct guest_ops *ops, bool privileged, struct domain **out);
/* Every vCPU up to max_vcpus is created by vcpu_create (core/vcpu.h). */

/* Referenced domain, or NULL.  DOMID_SELF is not resolved here.  Dying domains are found. */
struct domain *domain_get_by_id(domid_t id);
/* The domain with the lowest id >= @id, referenced, or NULL: the tools' iteration. */
struct domain *domain_get_next(uint32_t id);
/* DOMID_SELF or the caller's own id: itself; else needs privilege.  -XEN_ESRCH, -XEN_EPERM. */
int must_check domain_get_remote(domid_t id, struct domain **out);
static inline void domain_ref(struct domain *d) { atomic_inc(&d->refs); }
void domain_put(struct domain *d);

void domain_init(void);             /* the pseudo domains; after the heap */
void domain_free_deferred(void);    /* PCPU_WORK_RCU: those whose last reference went */

/*
 * Begin or go on destroying @d; bounded work.  0 when all its resources are released
 * (the structure lives on until its last reference), -XEN_ERESTART to be called again,
 * -XEN_EINVAL for dom0.  Takes domctl_lock.
 */
int must_check domain_destroy(struct domain *d);

void domain_pause(struct domain *d);            /* returns when no vCPU of it runs; not by itself */
void domain_unpause(struct domain *d);

/* Stop every vCPU and tell the tools (VIRQ_DOM_EXC).  @reason: SHUTDOWN_*. */
void domain_shutdown(struct domain *d, unsigned int reason);
/* The reason that the next shutdown gives, whatever it says: a guest tells of its crash before it resets. */
void domain_set_shutdown_code(struct domain *d, unsigned int reason);
/* After a suspend: let it run again. */
void domain_resume(struct domain *d);
/*
 * The guest did what has no answer: log one line with @fmt (first reason wins) and shut
 * it down with SHUTDOWN_crash.  dom0's crash is the host's.  Any context.
 */
void domain_crash(struct domain *d, const char *fmt, ...) printf_like(2, 3);

static inline bool domain_is_dying(const struct domain *d) { return read_once(d->state) != DOM_ALIVE; }
static inline bool domain_is_control(const struct domain *d) { return d->is_privileged; }

/* All domains in the order of their ids, each referenced in its turn; no lock is held. */
#define for_each_domain(d) \
    for ( uint32_t id_ = 0; ((d) = domain_get_next(id_)) != NULL; id_ = (d)->id + 1U, domain_put(d) )
#define for_each_vcpu(d, v) \
    for ( uint32_t _i = 0; _i < (d)->max_vcpus; _i++ ) \
        if ( ((v) = (d)->vcpu[_i]) != NULL )
