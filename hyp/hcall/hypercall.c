/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From hypercall number to handler, and how long calls stop and continue.
 *
 * A call that must stop returns -XEN_ERESTART.  The guest's RIP is set back onto its SYSCALL
 * instruction, the exit path does the work that waited, and the guest makes the call again.
 * Progress is in the call's own arguments (cont_set_arg), so that it survives that the guest's
 * task moves to another vCPU meanwhile.
 *
 * What a number does is in the hc_*.c files; which numbers exist is in <xenabi/hypercalls.h>.
 */
#include "hcall/hypercall.h"
#include "hvm/hvm.h"

#include "cpu/pcpu.h"

/* What is served.  Every other number of the table answers -XEN_ENOSYS. */
#define SERVED(X) \
    X(set_trap_table) X(mmu_update) X(set_gdt) X(stack_switch) X(set_callbacks) \
    X(fpu_taskswitch) X(platform_op) X(set_debugreg) X(get_debugreg) X(update_descriptor) \
    X(memory_op) X(multicall) X(update_va_mapping) X(set_timer_op) X(xen_version) X(console_io) \
    X(grant_table_op) X(vm_assist) X(iret) X(vcpu_op) X(set_segment_base) X(mmuext_op) X(nmi_op) X(sched_op) \
    X(callback_op) X(event_channel_op) X(physdev_op) X(hvm_op) X(dm_op) X(sysctl) X(domctl)

#define ROW(name) [__HYPERVISOR_##name] = hc_##name,
hypercall_fn *const hypercall_table[XENABI_HYPERCALL_MAX] = { SERVED(ROW) };
#undef ROW

#define SYSCALL_BYTES       2       /* length of the instruction that brought us here */

static inline long call(uint64_t nr, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
    if ( unlikely(nr >= XENABI_HYPERCALL_MAX || !hypercall_table[nr]) )
        return -XEN_ENOSYS;
    return hypercall_table[nr](a1, a2, a3, a4);
}

void hypercall_restart(struct vcpu *v)
{
    uint64_t *const arg[] = { &v->regs.rdi, &v->regs.rsi, &v->regs.rdx, &v->regs.r10 };

    for ( unsigned int i = 0; i < ARRAY_SIZE(arg); i++ )
        if ( v->cont_args_set & BIT(i) )
            *arg[i] = v->cont_args[i];
    v->cont_args_set = 0;
    v->regs.rip -= SYSCALL_BYTES;
}

void hypercall(struct vcpu *v)
{
    struct cpu_frame *const r = &v->regs;
    const uint64_t nr = r->rax;
    long rc;

    preempt_reset();
    rc = call(nr, r->rdi, r->rsi, r->rdx, r->r10);

    /* iret has loaded all registers and returns the RAX among them, which may be anything. */
    if ( unlikely(rc == -XEN_ERESTART) && nr != __HYPERVISOR_iret )
        hypercall_restart(v);
    else
        r->rax = rc;
}

/* What makes sense for a guest with page tables, descriptors and interrupts of its own. */
static bool hvm_may(uint64_t nr)
{
    static const uint8_t numbers[] = {
        __HYPERVISOR_memory_op, __HYPERVISOR_xen_version, __HYPERVISOR_console_io,
        __HYPERVISOR_grant_table_op, __HYPERVISOR_vm_assist, __HYPERVISOR_vcpu_op,
        __HYPERVISOR_sched_op, __HYPERVISOR_event_channel_op, __HYPERVISOR_hvm_op,
        __HYPERVISOR_set_timer_op, __HYPERVISOR_sysctl, __HYPERVISOR_domctl, __HYPERVISOR_dm_op,
    };

    for ( size_t i = 0; i < sizeof(numbers); i++ )
        if ( numbers[i] == nr )
            return true;
    return false;
}

void hypercall_hvm(struct vcpu *v)
{
    struct cpu_frame *const r = &v->regs;
    const bool is_64bit = hvm_is_64bit(v);
    const uint64_t rip = r->rip;

    if ( !is_64bit )
        r->rax = (uint32_t)r->rax;
    r->rip += SYSCALL_BYTES;            /* which a call that is to be made again takes back */
    if ( !hvm_may(r->rax) )
        r->rax = -XEN_ENOSYS;
    else if ( is_64bit )
        hypercall(v);
    else
        hypercall_compat(v);
    if ( r->rip != rip ) {
        r->rip = rip;
        hvm_hypercall_done(v);
    }
}

long hc_dispatch(struct vcpu *v, const struct hc_op *ops, size_t nr, uint64_t cmd,
                 guest_ptr_t uarg)
{
    _Alignas(8) uint8_t arg[HC_ARG_MAX] no_auto_init;   /* op->size bytes are copied in */
    struct domain *d = v->domain;
    const struct hc_op *op;
    int rc;

    if ( cmd >= nr || !ops[cmd].fn )
        return -XEN_ENOSYS;
    op = &ops[cmd];
    if ( !perm_allows(d, op->perm) )
        return -XEN_EPERM;
    if ( op->size && !copy_from_guest(arg, uarg, op->size) )
        return -XEN_EFAULT;

    if ( likely(!op->flags) )           /* sending an event, above all */
        return op->fn(v, d, arg);
    if ( op->flags & HC_DOMAIN ) {
        rc = domain_get_remote(*(domid_t *)arg, &d);
        if ( rc )
            return rc;
        rc = op->fn(v, d, arg);
        domain_put(d);
    } else {
        rc = op->fn(v, d, arg);
    }

    if ( (op->flags & HC_COPY_BACK_ERR) || (rc >= 0 && (op->flags & HC_COPY_BACK)) ) {
        if ( !copy_to_guest(uarg, arg, op->size) )
            return -XEN_EFAULT;
    }
    return rc;
}

/* Put changed arguments into the entry that is run again.  False: the guest took it away. */
static bool must_check mc_store_args(struct vcpu *v, guest_ptr_t entry, struct multicall_entry *e)
{
    const uint32_t set = v->cont_args_set;

    v->cont_args_set = 0;
    if ( !set )
        return true;
    for ( unsigned int i = 0; i < ARRAY_SIZE(v->cont_args); i++ )
        if ( set & BIT(i) )
            e->args[i] = v->cont_args[i];
    return copy_to_guest(entry + offsetof(struct multicall_entry, args), e->args,
                         sizeof(e->args));
}

/* One entry.  0, -XEN_EFAULT, or -XEN_ERESTART: it wants to be run again. */
static int mc_run_one(struct vcpu *v, guest_ptr_t entry)
{
    struct multicall_entry e no_auto_init;
    long rc;

    if ( unlikely(!copy_from_guest(&e, entry, sizeof(e))) )
        return -XEN_EFAULT;
    /* Both would change what the rest of the batch means. */
    if ( unlikely(e.op == __HYPERVISOR_multicall || e.op == __HYPERVISOR_iret) )
        rc = -XEN_EINVAL;
    else
        rc = call(e.op, e.args[0], e.args[1], e.args[2], e.args[3]);

    if ( unlikely(rc == -XEN_ERESTART) )
        return mc_store_args(v, entry, &e) ? -XEN_ERESTART : -XEN_EFAULT;
    if ( unlikely(!copy_to_guest(entry + offsetof(struct multicall_entry, result),
                                 &rc, sizeof(rc))) )
        return -XEN_EFAULT;
    return 0;
}

long hc_multicall(uint64_t calls, uint64_t nr_calls, uint64_t a3, uint64_t a4)
{
    struct vcpu *const v = current;
    uint32_t i;
    int rc = 0;

    /* The ABI's count is 32 bits wide, so the product below cannot wrap. */
    if ( !guest_range_ok(calls, (uint64_t)(uint32_t)nr_calls * sizeof(struct multicall_entry)) )
        return -XEN_EFAULT;

    for ( i = 0; i < (uint32_t)nr_calls; i++ ) {
        if ( i && preempt_needed() )
            rc = -XEN_ERESTART;
        else
            rc = mc_run_one(v, calls + i * sizeof(struct multicall_entry));
        if ( rc )
            break;
    }

    if ( rc == -XEN_ERESTART ) {
        cont_set_arg(v, 0, calls + i * sizeof(struct multicall_entry));
        cont_set_arg(v, 1, (uint32_t)nr_calls - i);
    }
    return rc;
}
