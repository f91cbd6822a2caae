/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From hypercall number to handler.  The dispatcher alone copies fixed-size arguments in
 * and out, so handlers work on private copies and can be called by host tests.
 */
#pragma once

#include <xenabi/xen.h>
#include "core/domain.h"
#include "core/guest_access.h"
#include "core/perm.h"
#include "core/preempt.h"
#include "core/vcpu.h"

#define HC_ARG_MAX      512

#define HC_COPY_BACK    1       /* on success the argument is written back */
#define HC_COPY_BACK_ERR 2      /* also on failure */
#define HC_DOMAIN       4       /* the argument begins with the id of the domain that it is about */

struct hc_op {
    /* @d: the caller's own domain, or with HC_DOMAIN the one named, which the caller may act on. */
    int    (*fn)(struct vcpu *v, struct domain *d, void *arg);
    uint16_t size;              /* of the argument structure; 0: none */
    uint8_t  flags;             /* HC_* */
    uint8_t  perm;              /* enum perm */
};

/* A handler that one expression makes, of @v, @d and the argument @a. */
#define HC_OP(fn, type, result) \
    static int fn(struct vcpu *v, struct domain *d, void *arg) \
    { \
        struct type *const a = arg; \
        return result; \
    }
/* The same for what cannot fail. */
#define HC_DO(fn, type, action) HC_OP(fn, type, ({ action; 0; }))

/* For calls of the form (cmd, arg): look up, check permission, copy in, call, copy back. */
long hc_dispatch(struct vcpu *v, const struct hc_op *ops, size_t nr, uint64_t cmd, guest_ptr_t arg);

/*
 * The current vCPU's hypercall; arguments in its saved registers, result into RAX.  entry.S calls it
 * for iret and unknown numbers; for others it does the same itself, by the table below.
 */
void hypercall(struct vcpu *v);
/* The same for a hardware guest, which may make some of them only. */
void hypercall_hvm(struct vcpu *v);
/* One made by 32-bit code, whose structures differ (hc_compat.c). */
void hypercall_compat(struct vcpu *v);
/* The handler returned -XEN_ERESTART: have the guest make the call again. */
void hypercall_restart(struct vcpu *v);

/* Raw arguments: no call that is served has more than four. */
typedef long hypercall_fn(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4);
/* hc_@name, which one expression makes, of its arguments @a1 to @a4. */
#define HC_CALL(name, result) \
    long hc_##name(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4) { return result; }

extern hypercall_fn *const hypercall_table[];       /* below XENABI_HYPERCALL_MAX; NULL: none */

/* The handlers: hc_NAME for each row of hypercalls.h that is served; others answer -XEN_ENOSYS. */
hypercall_fn hc_set_trap_table, hc_mmu_update, hc_set_gdt, hc_stack_switch, hc_set_callbacks,
    hc_fpu_taskswitch, hc_platform_op, hc_set_debugreg, hc_get_debugreg, hc_update_descriptor,
    hc_memory_op, hc_multicall, hc_update_va_mapping, hc_set_timer_op, hc_xen_version, hc_console_io,
    hc_grant_table_op, hc_vm_assist, hc_iret, hc_vcpu_op, hc_set_segment_base, hc_mmuext_op,
    hc_nmi_op, hc_sched_op, hc_callback_op, hc_event_channel_op, hc_physdev_op, hc_hvm_op, hc_dm_op, hc_sysctl,
    hc_domctl;
