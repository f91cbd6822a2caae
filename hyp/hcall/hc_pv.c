/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls of the paravirtual processor: trap table, descriptors, callbacks, page tables.
 * Here arguments are copied and checked for form; what they mean for memory safety is
 * judged in pv/.
 */
#include <xenabi/callback.h>

#include "base/string.h"
#include "cpu/asm.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "hcall/hypercall.h"
#include "pv/pv.h"

#define RPL_GUEST       3       /* a 64-bit PV kernel runs in ring 3 too */

long hc_set_trap_table(uint64_t traps, uint64_t a2, uint64_t a3, uint64_t a4)
{
    struct vcpu *const v = current;
    struct trap_info t;

    if ( !traps ) {
        memset(v->pv.traps, 0, 256 * sizeof(t));
        return 0;
    }
    for ( ; ; traps += sizeof(t) ) {
        if ( preempt_needed() ) {
            cont_set_arg(v, 0, traps);
            return -XEN_ERESTART;
        }
        if ( !copy_from_guest(&t, traps, sizeof(t)) )
            return -XEN_EFAULT;
        if ( !t.address )
            return 0;
        if ( !is_canonical(t.address) )
            return -XEN_EINVAL;
        t.cs |= RPL_GUEST;
        v->pv.traps[t.vector] = t;
    }
}

long hc_set_gdt(uint64_t frame_list, uint64_t entries, uint64_t a3, uint64_t a4)
{
    uint64_t frames[FIRST_RESERVED_GDT_PAGE];
    const uint32_t nr = entries;
    const unsigned int pages = DIV_ROUND_UP((uint64_t)nr, PAGE_SIZE / 8);

    if ( nr > FIRST_RESERVED_GDT_ENTRY )
        return -XEN_EINVAL;
    if ( pages && !copy_from_guest(frames, frame_list, pages * sizeof(frames[0])) )
        return -XEN_EFAULT;
    return pv_set_gdt(current, frames, nr);
}

long hc_stack_switch(uint64_t ss, uint64_t sp, uint64_t a3, uint64_t a4)
{
    struct pv_vcpu *const pv = &current->pv;

    pv->kernel_ss = (ss & 0xffff) | RPL_GUEST;
    pv->kernel_sp = sp;
    return 0;
}

static int cb_register(struct vcpu *v, struct domain *d, void *arg)
{
    const struct callback_register *const r = arg;
    struct pv_vcpu *const pv = &v->pv;
    uint8_t always_masks;
    const struct { uint64_t *eip; uint8_t *masks; } callbacks[] = {
        [CALLBACKTYPE_event]     = { &pv->event_eip,     &always_masks },
        [CALLBACKTYPE_failsafe]  = { &pv->failsafe_eip,  &pv->failsafe_masks },
        [CALLBACKTYPE_syscall]   = { &pv->syscall_eip,   &pv->syscall_masks },
        [CALLBACKTYPE_syscall32] = { &pv->syscall32_eip, &pv->syscall32_masks },
    };

    /* SYSENTER has no entry here: 32-bit programs come by SYSCALL or INT 0x80 instead. */
    if ( !is_canonical(r->address) || r->type == CALLBACKTYPE_sysenter )
        return -XEN_EINVAL;
    if ( r->type >= ARRAY_SIZE(callbacks) || !callbacks[r->type].eip )
        return -XEN_ENOSYS;
    *callbacks[r->type].eip = r->address;
    *callbacks[r->type].masks = !!(r->flags & CALLBACKF_mask_events);
    return 0;
}

/* None can be given back: without them a guest cannot go on. */
static int cb_unregister(struct vcpu *v, struct domain *d, void *arg)
{
    const struct callback_unregister *const u = arg;

    return u->type <= CALLBACKTYPE_syscall32 ? -XEN_EINVAL : -XEN_ENOSYS;
}

static const struct hc_op callback_ops[] = {
    [CALLBACKOP_register]   = { cb_register,   sizeof(struct callback_register) },
    [CALLBACKOP_unregister] = { cb_unregister, sizeof(struct callback_unregister) },
};

HC_CALL(callback_op, hc_dispatch(current, callback_ops, ARRAY_SIZE(callback_ops), (uint32_t)a1, a2))

/* The old form: three callbacks at once, events masked by the failsafe one only if asked. */
long hc_set_callbacks(uint64_t event, uint64_t failsafe, uint64_t syscall, uint64_t a4)
{
    struct pv_vcpu *const pv = &current->pv;

    if ( !is_canonical(event) || !is_canonical(failsafe) || !is_canonical(syscall) )
        return -XEN_EINVAL;
    pv->event_eip = event;
    pv->failsafe_eip = failsafe;
    pv->syscall_eip = syscall;
    return 0;
}

long hc_fpu_taskswitch(uint64_t set, uint64_t a2, uint64_t a3, uint64_t a4)
{
    struct vcpu *const v = current;

    v->pv.cr0_ts = (uint32_t)set ? CR0_TS : 0;
    if ( v->pv.cr0_ts )
        write_cr0(read_cr0() | CR0_TS);
    else
        clts();
    return 0;
}

HC_CALL(set_debugreg, pv_set_debugreg(current, (uint32_t)a1, a2))

/* The value itself is the result, so an error is told apart only by being no register's. */
long hc_get_debugreg(uint64_t reg, uint64_t a2, uint64_t a3, uint64_t a4)
{
    const uint32_t i = reg;

    if ( i > 7 || i == 4 || i == 5 )
        return -XEN_EINVAL;
    return current->pv.dr[i];
}

HC_CALL(update_descriptor, pv_update_descriptor(current, a1, a2))

HC_CALL(set_segment_base, pv_set_segment_base(current, (uint32_t)a1, a2))

/* Assists that exist here; those about 32-bit segments have no meaning for a 64-bit guest. */
#define VM_ASSISTS  (BIT(VMASST_TYPE_4gb_segments) | BIT(VMASST_TYPE_4gb_segments_notify) | \
                     BIT(VMASST_TYPE_writable_pagetables) | BIT(VMASST_TYPE_pae_extended_cr3) | \
                     BIT(VMASST_TYPE_runstate_update_flag))

long hc_vm_assist(uint64_t cmd, uint64_t type, uint64_t a3, uint64_t a4)
{
    struct domain *const d = current->domain;
    const uint32_t t = type;

    if ( t >= 64 || !(VM_ASSISTS & BIT(t)) )
        return -XEN_EINVAL;
    switch ( (uint32_t)cmd ) {
    case VMASST_CMD_enable:
        set_bit(t, &d->vm_assist);
        return 0;
    case VMASST_CMD_disable:
        clear_bit(t, &d->vm_assist);
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}

HC_CALL(mmu_update, pv_mmu_update(a1, (uint32_t)a2, a3, (uint32_t)a4))

HC_CALL(mmuext_op, pv_mmuext_op(a1, (uint32_t)a2, a3, (uint32_t)a4))

HC_CALL(update_va_mapping, pv_update_va_mapping(a1, a2, a3))

long hc_iret(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
    struct vcpu *const v = current;

    pv_iret(v);
    return v->regs.rax;
}
