/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VCPUOP_*, set_timer_op and nmi_op: a vCPU's life, timers and shared areas. */
#include <xenabi/nmi.h>
#include <xenabi/sched.h>
#include <xenabi/vcpu.h>

#include "base/log.h"
#include "core/p2m.h"
#include "core/sched.h"
#include "core/shared_info.h"
#include "core/vtimer.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "hcall/hypercall.h"
#include "kern/clock.h"
#include "mem/slab.h"
#include "pv/pv.h"

#define PERIOD_MIN_NS       1000000UL
#define PERIOD_MAX_NS       (1UL << 62)
#define TIMEOUT_MAX_NS      (1UL << 50)     /* 13 days: beyond it a guest has miscalculated */
#define TIMEOUT_RETRY_NS    100000000UL

#define TRAP_MASKS_EVENTS   4               /* trap_info.flags */

/* @v is the vCPU that the call names, of the caller's domain. */
typedef int vcpu_op_fn(struct vcpu *v, guest_ptr_t arg);

static int op_initialise(struct vcpu *v, guest_ptr_t arg)
{
    struct vcpu_guest_context *c;
    int rc;

    if ( v->hvm )
        return -XEN_EOPNOTSUPP;         /* hardware guests start theirs by INIT and SIPI */
    c = slab_new(struct vcpu_guest_context);
    if ( !c )
        return -XEN_ENOMEM;

    rc = -XEN_EFAULT;
    if ( copy_from_guest(c, arg, sizeof(*c)) ) {
        spin_lock(&v->domain->domctl_lock);
        rc = -XEN_EEXIST;
        if ( !(read_once(v->flags) & VCPUF_INITIALISED) )
            rc = pv_set_context(v, c);
        if ( rc == 0 )
            atomic_or32(&v->flags, VCPUF_INITIALISED);
        spin_unlock(&v->domain->domctl_lock);
    }
    slab_free(c);
    return rc;
}

static int op_up(struct vcpu *v, guest_ptr_t arg)
{
    if ( !(read_once(v->flags) & VCPUF_INITIALISED) )
        return -XEN_EINVAL;
    if ( !(__atomic_fetch_or(&v->flags, VCPUF_UP, __ATOMIC_SEQ_CST) & VCPUF_UP) )
        sched_wake(v);
    return 0;
}

static int op_down(struct vcpu *v, guest_ptr_t arg)
{
    vcpu_down(v);
    return 0;
}

static int op_is_up(struct vcpu *v, guest_ptr_t arg) { return vcpu_is_up(v); }

static int op_get_runstate(struct vcpu *v, guest_ptr_t arg)
{
    struct vcpu_runstate_info info;

    runstate_get(v, &info);
    return copy_to_guest(arg, &info, sizeof(info)) ? 0 : -XEN_EFAULT;
}

static int op_register_runstate(struct vcpu *v, guest_ptr_t arg)
{
    struct vcpu_register_runstate_memory_area a;

    if ( !copy_from_guest(&a, arg, sizeof(a)) ||
         !guest_range_ok(a.addr.v, sizeof(struct vcpu_runstate_info)) )
        return -XEN_EFAULT;
    write_once(v->runstate_area, a.addr.v);
    if ( v == current )
        runstate_publish(v);
    return 0;
}

static int op_register_time(struct vcpu *v, guest_ptr_t arg)
{
    struct vcpu_register_time_memory_area a;

    if ( !copy_from_guest(&a, arg, sizeof(a)) ||
         !guest_range_ok(a.addr.v, sizeof(struct vcpu_time_info)) )
        return -XEN_EFAULT;
    write_once(v->time_area, a.addr.v);
    v->time_area_stale = true;
    if ( v == current )
        runstate_publish(v);
    return 0;
}

static int op_register_info(struct vcpu *v, guest_ptr_t arg)
{
    struct vcpu_register_vcpu_info a;
    int rc;

    if ( !copy_from_guest(&a, arg, sizeof(a)) )
        return -XEN_EFAULT;
    spin_lock(&v->domain->domctl_lock);
    rc = vcpu_register_info(v, gfn_to_mfn(v->domain, a.mfn), a.offset);
    spin_unlock(&v->domain->domctl_lock);
    return rc;
}

static int op_set_periodic(struct vcpu *v, guest_ptr_t arg)
{
    struct vcpu_set_periodic_timer a;

    if ( !copy_from_guest(&a, arg, sizeof(a)) )
        return -XEN_EFAULT;
    if ( a.period_ns < PERIOD_MIN_NS || a.period_ns > PERIOD_MAX_NS )
        return -XEN_EINVAL;
    vtimer_set_periodic(v, a.period_ns);
    return 0;
}

static int op_stop_periodic(struct vcpu *v, guest_ptr_t arg)
{
    vtimer_set_periodic(v, 0);
    return 0;
}

static int op_set_singleshot(struct vcpu *v, guest_ptr_t arg)
{
    struct vcpu_set_singleshot_timer a;

    if ( v != current )
        return -XEN_EINVAL;
    if ( !copy_from_guest(&a, arg, sizeof(a)) )
        return -XEN_EFAULT;
    if ( (a.flags & VCPU_SSHOTTMR_future) && a.timeout_abs_ns < clock_now_ns() )
        return -XEN_ETIME;
    timer_arm(&v->singleshot_timer, a.timeout_abs_ns);
    return 0;
}

static int op_stop_singleshot(struct vcpu *v, guest_ptr_t arg)
{
    if ( v != current )
        return -XEN_EINVAL;
    timer_disarm(&v->singleshot_timer);
    return 0;
}

static int op_send_nmi(struct vcpu *v, guest_ptr_t arg)
{
    vcpu_work(v, VCPU_WORK_NMI);
    return 0;
}

static vcpu_op_fn *const vcpu_ops[] = {
    [VCPUOP_initialise]                     = op_initialise,
    [VCPUOP_up]                             = op_up,
    [VCPUOP_down]                           = op_down,
    [VCPUOP_is_up]                          = op_is_up,
    [VCPUOP_get_runstate_info]              = op_get_runstate,
    [VCPUOP_register_runstate_memory_area]  = op_register_runstate,
    [VCPUOP_set_periodic_timer]             = op_set_periodic,
    [VCPUOP_stop_periodic_timer]            = op_stop_periodic,
    [VCPUOP_set_singleshot_timer]           = op_set_singleshot,
    [VCPUOP_stop_singleshot_timer]          = op_stop_singleshot,
    [VCPUOP_register_vcpu_info]             = op_register_info,
    [VCPUOP_send_nmi]                       = op_send_nmi,
    [VCPUOP_register_vcpu_time_memory_area] = op_register_time,
};

long hc_vcpu_op(uint64_t cmd, uint64_t vcpuid, uint64_t arg, uint64_t a4)
{
    const struct domain *d = current->domain;
    struct vcpu *v = (uint32_t)vcpuid < d->max_vcpus ? d->vcpu[(uint32_t)vcpuid] : NULL;

    if ( !v )
        return -XEN_ENOENT;
    if ( cmd >= ARRAY_SIZE(vcpu_ops) || !vcpu_ops[cmd] )
        return -XEN_ENOSYS;
    return vcpu_ops[cmd](v, arg);
}

/* @timeout: absolute system time, ns; 0 stops the timer, the past fires at once. */
long hc_set_timer_op(uint64_t timeout, uint64_t a2, uint64_t a3, uint64_t a4)
{
    struct vcpu *v = current;
    const uint64_t now = clock_now_ns();

    if ( timeout == 0 ) {
        timer_disarm(&v->singleshot_timer);
        return 0;
    }
    /*
     * A wild value is a guest that lost count.  Taken at its word it would never get a
     * timer interrupt again, so it gets one soon, and can set things right.
     */
    if ( unlikely(timeout > now && timeout - now > TIMEOUT_MAX_NS) ) {
        log_guest(v->domain, LOG_DEBUG, "%pv: set_timer_op %#lx is too far ahead\n", v, timeout);
        timeout = now + TIMEOUT_RETRY_NS;
    }
    timer_arm(&v->singleshot_timer, timeout);
    return 0;
}

/* The callback is trap table entry 2; this is the way to it that does not touch the others. */
long hc_nmi_op(uint64_t cmd, uint64_t arg, uint64_t a3, uint64_t a4)
{
    struct trap_info *const t = &current->pv.traps[VEC_NMI];
    struct xennmi_callback a;

    if ( cmd == XENNMI_unregister_callback ) {
        *t = (struct trap_info){ .vector = VEC_NMI };
        return 0;
    }
    if ( cmd != XENNMI_register_callback )
        return -XEN_ENOSYS;
    if ( !copy_from_guest(&a, arg, sizeof(a)) )
        return -XEN_EFAULT;
    if ( (int64_t)a.handler_address << 16 >> 16 != (int64_t)a.handler_address )
        return -XEN_EINVAL;
    *t = (struct trap_info){
        .vector = VEC_NMI, .flags = TRAP_MASKS_EVENTS, .cs = FLAT_KERNEL_CS, .address = a.handler_address,
    };
    return 0;
}
