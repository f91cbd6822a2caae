/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual processors: life, pause, block and wake, and the switch between two of them. */
#include "core/vcpu.h"

#include <xenabi/sched.h>

#include "base/assert.h"
#include "base/string.h"
#include "core/evtchn.h"
#include "core/guest_ops.h"
#include "core/page.h"
#include "core/sched.h"
#include "core/shared_info.h"
#include "cpu/asm.h"
#include "cpu/desc.h"
#include "cpu/pcpu.h"
#include "cpu/xstate.h"
#include "mem/paging.h"
#include "mem/slab.h"
#include "plat/smp.h"

/* Where vCPUs without room in shared_info keep theirs until the guest registers one. */
static struct vcpu_info dummy_vcpu_info;

static void info_default(struct vcpu *v)
{
    if ( v->id < XEN_LEGACY_MAX_VCPUS )
        v->vcpu_info = &v->domain->shared_info->vcpu_info[v->id];
    else
        v->vcpu_info = &dummy_vcpu_info;
    v->vcpu_info_mfn = INVALID_MFN;
}

int vcpu_create(struct domain *d, uint32_t id)
{
    struct vcpu *v;
    int rc;

    if ( id >= d->max_vcpus )
        return -XEN_EINVAL;
    if ( d->vcpu[id] )
        return -XEN_EEXIST;
    v = slab_new(struct vcpu);
    if ( !v )
        return -XEN_ENOMEM;
    v->domain = d;
    v->id = id;
    v->xcr0 = XCR0_X87;
    v->time_version = 1;        /* odd, as none in memory stays: the first switch to it writes the time */
    info_default(v);
    v->vcpu_info->evtchn_upcall_mask = 1;
    rc = -XEN_ENOMEM;
    v->xsave = xstate_alloc();
    if ( v->xsave )
        rc = d->ops->vcpu_create(v);
    if ( !rc )
        rc = sched_init_vcpu(v);
    if ( rc ) {
        d->ops->vcpu_free(v);
        xstate_free(v->xsave);
        slab_free(v);
        return rc;
    }
    d->vcpu[id] = v;
    return 0;
}

void vcpu_destroy(struct vcpu *v)
{
    sched_destroy_vcpu(v);
    v->domain->ops->vcpu_free(v);
    xstate_free(v->xsave);
    v->domain->vcpu[v->id] = NULL;
    slab_free(v);
}

bool vcpu_runnable(const struct vcpu *v)
{
    return (read_once(v->flags) & (VCPUF_UP | VCPUF_BLOCKED)) == VCPUF_UP &&
           atomic_read(&v->pause_count) == 0 && atomic_read(&v->domain->pause_count) == 0;
}

void vcpu_wait_stopped(struct vcpu *v)
{
    while ( read_once(v->is_running) ) {
        cpu_relax();
        spin_poll();
    }
}

void vcpu_pause_nosync(struct vcpu *v)
{
    atomic_inc(&v->pause_count);
    sched_sleep(v);
}

void vcpu_pause(struct vcpu *v)
{
    ASSERT(v != current);
    vcpu_pause_nosync(v);
    vcpu_wait_stopped(v);
}

void vcpu_unpause(struct vcpu *v)
{
    if ( atomic_dec_and_test(&v->pause_count) && vcpu_runnable(v) )
        sched_wake(v);
}

void vcpu_block(struct vcpu *v)
{
    atomic_or32(&v->flags, VCPUF_BLOCKED);
    /* An event that came before the flag was seen woke nobody. */
    if ( vcpu_has_upcall(v) || (v->hvm && read_once(v->work)) )
        atomic_and32(&v->flags, ~VCPUF_BLOCKED);
    else
        sched_sleep(v);
}

void vcpu_down(struct vcpu *v)
{
    struct vcpu *other;
    bool last = true;

    for_each_vcpu ( v->domain, other )
        if ( other != v && vcpu_is_up(other) )
            last = false;
    if ( last )
        domain_shutdown(v->domain, SHUTDOWN_poweroff);
    else if ( __atomic_fetch_and(&v->flags, ~VCPUF_UP, __ATOMIC_SEQ_CST) & VCPUF_UP )
        sched_sleep(v);
}

void vcpu_unblock(struct vcpu *v)
{
    const uint32_t old = __atomic_fetch_and(&v->flags, ~(VCPUF_BLOCKED | VCPUF_POLLING),
                                            __ATOMIC_SEQ_CST);

    if ( old & VCPUF_POLLING )
        timer_disarm(&v->poll_timer);
    if ( (old & VCPUF_BLOCKED) && vcpu_runnable(v) )
        sched_wake(v);
}

void vcpu_kick(struct vcpu *v)
{
    if ( read_once(v->flags) & VCPUF_BLOCKED )
        vcpu_unblock(v);
    else if ( v != current && read_once(v->is_running) )
        smp_kick(v->processor);
}

void vcpu_work(struct vcpu *v, uint32_t work)
{
    atomic_or32(&v->work, work);
    vcpu_kick(v);
}

/* The hypervisor's own half of the switch: from here on, traps save into @next. */
static void cpu_take(struct pcpu *p, struct vcpu *next)
{
    p->curr = next;
    p->regs_top = (uintptr_t)(&next->regs + 1);
    p->tss->rsp[0] = p->regs_top;
    next->hyp_stack = (uintptr_t)p;
    p->guest_span = next->hvm ? 0 : HYP_VIRT_START - HYP_VIRT_END;
}

void context_switch(struct vcpu *prev, struct vcpu *next)
{
    struct pcpu *p = this_pcpu();

    if ( prev == next )
        return;
    if ( !prev->is_idle ) {
        prev->domain->ops->switch_from(prev);       /* clears CR0.TS, which the next would trap on */
        xstate_save(prev->xsave);
    }
    cpu_take(p, next);
    next->processor = p->id;
    if ( next->is_idle ) {
        desc_load_gdt_idle();
        p->cr3 = mfn_to_paddr(hyp_l4_mfn);
        tlb_note_flush();
        write_cr3(p->cr3);
    } else {
        set_bit(p->id, next->domain->dirty_cpus);
        xstate_restore(next->xsave, next->xcr0);
        next->domain->ops->switch_to(next);
    }
    if ( !prev->is_idle && prev->domain != next->domain )
        clear_bit(p->id, prev->domain->dirty_cpus);
}

int vcpu_register_info(struct vcpu *v, mfn_t mfn, uint32_t offset)
{
    struct vcpu_info *old = v->vcpu_info, *new;

    if ( offset > PAGE_SIZE - sizeof(*new) || offset % 8 )
        return -XEN_EINVAL;
    if ( !mfn_eq(v->vcpu_info_mfn, INVALID_MFN) )
        return -XEN_EINVAL;
    if ( !page_hold(v->domain, mfn, true) )
        return -XEN_EINVAL;
    new = (struct vcpu_info *)((uint8_t *)frame_map(mfn) + offset);
    if ( old == &dummy_vcpu_info ) {
        memset(new, 0, sizeof(*new));
        new->evtchn_upcall_mask = 1;
    } else {
        memcpy(new, old, sizeof(*new));
    }
    v->vcpu_info_mfn = mfn;
    write_once(v->vcpu_info, new);
    smp_mb();
    evtchn_vcpu_info_moved(v);
    time_update_vcpu(v);
    return 0;
}

void vcpu_unregister_info(struct vcpu *v)
{
    const mfn_t mfn = v->vcpu_info_mfn;

    if ( mfn_eq(mfn, INVALID_MFN) )
        return;
    info_default(v);
    page_unhold(v->domain, mfn, true);
}
