/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls of a hardware guest's 32-bit code: its firmware, its boot loader, a 32-bit system.
 * Arguments are in EBX, ECX, EDX and ESI.
 *
 * Most structures are the same for both.  Others are made wide here, and stand for the handler at
 * COMPAT_BASE (core/guest_access.h), an address that 32-bit code has no way to name.
 */
#include "base/string.h"
#include "cpu/pcpu.h"
#include "hcall/hc_memory.h"

#include <xenabi/grant_table.h>
#include <xenabi/sched.h>
#include <xenabi/vcpu.h>
#include <xenabi/version.h>

#define ANY         0xff
#define EXTENT_SHIFT 6          /* memory_op: command below, progress above */

/*
 * @form: the members.  2, 4, 8: so many bytes; L: 4 in the narrow form and 8 in the wide one.
 * Everything is aligned to its size, in the narrow form to 4 at most.
 */
static const struct compat {
    uint8_t nr, cmd;
    bool    back;               /* the structure is written back */
    const char *form;           /* NULL: the same in both; vcpu_op's is the third argument */
} calls[] = {
    { __HYPERVISOR_memory_op,        XENMEM_add_to_physmap, true,  "224LL" },
    { __HYPERVISOR_memory_op,        XENMEM_memory_map,     true,  "4L" },
    { __HYPERVISOR_memory_op,        XENMEM_remove_from_physmap, false, "2L" },
    { __HYPERVISOR_memory_op,        XENMEM_current_reservation, false, NULL },
    { __HYPERVISOR_memory_op,        XENMEM_maximum_reservation, false, NULL },
    { __HYPERVISOR_memory_op,        XENMEM_maximum_gpfn,   false, NULL },
    { __HYPERVISOR_grant_table_op,   GNTTABOP_map_grant_ref, false, NULL },
    { __HYPERVISOR_grant_table_op,   GNTTABOP_unmap_grant_ref, false, NULL },
    { __HYPERVISOR_grant_table_op,   GNTTABOP_query_size,   false, NULL },
    { __HYPERVISOR_grant_table_op,   GNTTABOP_set_version,  false, NULL },
    { __HYPERVISOR_grant_table_op,   GNTTABOP_get_version,  false, NULL },
    { __HYPERVISOR_vcpu_op,          VCPUOP_get_runstate_info, true, "488888" },
    { __HYPERVISOR_vcpu_op,          VCPUOP_register_runstate_memory_area, false, "L" },
    { __HYPERVISOR_vcpu_op,          VCPUOP_register_vcpu_time_memory_area, false, "L" },
    { __HYPERVISOR_vcpu_op,          VCPUOP_set_singleshot_timer, false, "84" },
    { __HYPERVISOR_vcpu_op,          ANY,                   false, NULL },
    { __HYPERVISOR_vm_assist,        ANY,                   false, NULL },
    { __HYPERVISOR_xen_version,      XENVER_platform_parameters, true, "L" },
    { __HYPERVISOR_sched_op,         SCHEDOP_poll,          false, "L48" },
    { __HYPERVISOR_sched_op,         ANY,                   false, NULL },
    { __HYPERVISOR_xen_version,      ANY,                   false, NULL },
    { __HYPERVISOR_console_io,       ANY,                   false, NULL },
    { __HYPERVISOR_event_channel_op, ANY,                   false, NULL },
    { __HYPERVISOR_hvm_op,           ANY,                   false, NULL },
};

/* Between the forms, in the direction @widen.  Returns the bytes of the narrow one. */
static size_t convert(const char *form, uint8_t *narrow, uint8_t *wide, bool widen)
{
    size_t n = 0, w = 0;

    for ( ; *form; form++ ) {
        const size_t n_size = *form == 'L' ? 4 : *form - '0', w_size = *form == 'L' ? 8 : n_size;

        n = ALIGN_UP(n, min(n_size, (size_t)4));
        w = ALIGN_UP(w, w_size);
        if ( widen )
            memcpy(wide + w, narrow + n, n_size);       /* the rest is zero */
        else
            memcpy(narrow + n, wide + w, n_size);
        n += n_size;
        w += w_size;
    }
    return ALIGN_UP(n, (size_t)4);
}

static long call_wide(struct vcpu *v, const struct compat *c, const uint32_t a[4])
{
    _Alignas(8) uint8_t wide[COMPAT_BYTES] = { 0 }, narrow[COMPAT_BYTES] = { 0 };
    const size_t size = convert(c->form, narrow, wide, true);
    const bool third = c->nr == __HYPERVISOR_vcpu_op;
    const uint32_t at = a[third ? 2 : 1];
    long rc;

    if ( !copy_from_guest(narrow, at, size) )
        return -XEN_EFAULT;
    convert(c->form, narrow, wide, true);
    v->compat_args = wide;
    rc = hypercall_table[c->nr](a[0], third ? a[1] : COMPAT_BASE, COMPAT_BASE, 0);
    v->compat_args = NULL;
    if ( c->back && (rc >= 0 || rc == -XEN_ERESTART) ) {
        convert(c->form, narrow, wide, false);
        if ( !copy_to_guest(at, narrow, size) )
            return -XEN_EFAULT;
    }
    return rc;
}

/* populate_physmap, decrease_reservation: one extent of the list at a time. */
static long call_extents(struct vcpu *v, const uint32_t a[4])
{
    const uint32_t cmd = a[0] & (BIT(EXTENT_SHIFT) - 1);
    struct { uint32_t extent_start, nr_extents, extent_order, mem_flags; domid_t domid; uint16_t pad; } r;
    uint32_t i = a[0] >> EXTENT_SHIFT;

    if ( !copy_from_guest(&r, a[1], sizeof(r)) )
        return i;
    for ( bool again = false; i < r.nr_extents; i++, again = true ) {
        struct { struct xen_memory_reservation r; uint64_t pfn[4]; } one = {
            .r = { COMPAT_BASE + sizeof(one.r), 1, r.extent_order, r.mem_flags, r.domid },
        };
        long rc = -XEN_ERESTART;

        if ( !copy_from_guest_index(one.pfn, r.extent_start, i, sizeof(uint32_t)) )
            return i;
        if ( !again || !preempt_needed() ) {
            _Static_assert(sizeof(one) == COMPAT_BYTES, "all of it is there");
            v->compat_args = &one;
            rc = hypercall_table[__HYPERVISOR_memory_op](cmd, COMPAT_BASE, 0, 0);
            v->compat_args = NULL;
        }
        if ( rc == -XEN_ERESTART ) {
            v->regs.rbx = cmd | i << EXTENT_SHIFT;
            return rc;
        }
        if ( rc != 1 )
            return i;
    }
    return i;
}

static long call(struct vcpu *v, uint32_t nr, const uint32_t a[4])
{
    if ( nr == __HYPERVISOR_memory_op && ((a[0] & (BIT(EXTENT_SHIFT) - 1)) == XENMEM_populate_physmap ||
                                          (a[0] & (BIT(EXTENT_SHIFT) - 1)) == XENMEM_decrease_reservation) )
        return call_extents(v, a);
    if ( nr == __HYPERVISOR_set_timer_op )
        return hypercall_table[nr](a[0] | (uint64_t)a[1] << 32, 0, 0, 0);
    for ( size_t i = 0; i < ARRAY_SIZE(calls); i++ ) {
        const struct compat *const c = &calls[i];

        if ( c->nr == nr && (c->cmd == ANY || c->cmd == a[0]) )
            return c->form ? call_wide(v, c, a) : hypercall_table[nr](a[0], a[1], a[2], a[3]);
    }
    return -XEN_ENOSYS;
}

void hypercall_compat(struct vcpu *v)
{
    struct cpu_frame *const r = &v->regs;
    const uint32_t a[4] = { r->rbx, r->rcx, r->rdx, r->rsi };
    long rc;

    preempt_reset();
    rc = call(v, r->rax, a);
    v->cont_args_set = 0;               /* they are in other registers here: see call_extents */
    if ( rc == -XEN_ERESTART )
        hypercall_restart(v);
    else
        r->rax = (uint32_t)rc;
}
