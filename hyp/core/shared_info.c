/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time, wall clock and run states as guests read them.
 *
 * All of these are read without a lock: a version that is odd while its data changes,
 * or, for the run state, a flag bit in its entry time.  Guest areas are written by
 * virtual address and may be gone; that is the guest's business, and ignored.
 */
#include "core/shared_info.h"

#include <xenabi/vcpu.h>
#include "base/log.h"
#include "base/string.h"
#include "core/guest_access.h"
#include "cpu/cpu.h"
#include "kern/clock.h"

/* 32-bit code's wall clock: bytes into shared_info, and words from there to the seconds' upper half. */
#define WC_32BIT        0x900
#define WC_SEC_HI_32BIT 9

static struct lock wall_lock = LOCK_INIT(RANK_LEAF);

static void fill_time(struct vcpu_time_info *t)
{
    const struct clock_scale *scale = clock_scale();

    t->tsc_timestamp = scale->tsc_base;
    t->system_time = scale->ns_base;
    t->tsc_to_system_mul = scale->mul;
    t->tsc_shift = scale->shift;
    /* One line of time for all CPUs follows from the scale; that it stays one, from this. */
    t->flags = cpu.invariant_tsc ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
}

/* The primary copy, in memory that we have mapped.  The guest may scribble there meanwhile. */
static void write_primary(struct vcpu *v)
{
    struct vcpu_time_info *t = &v->vcpu_info->time;
    struct vcpu_time_info new = { 0 };
    const uint32_t version = (v->time_version | 1) + 1;

    v->time_version = version;
    fill_time(&new);
    write_once(t->version, version - 1);
    smp_wmb();
    write_once(t->tsc_timestamp, new.tsc_timestamp);
    write_once(t->system_time, new.system_time);
    write_once(t->tsc_to_system_mul, new.tsc_to_system_mul);
    write_once(t->tsc_shift, new.tsc_shift);
    write_once(t->flags, new.flags);
    smp_wmb();
    write_once(t->version, version);
}

/* The copy that the guest maps into its processes. */
static bool write_secondary(struct vcpu *v)
{
    struct vcpu_time_info t = { 0 };

    fill_time(&t);
    t.version = v->time_version - 1;
    if ( !copy_to_guest(v->time_area, &t.version, sizeof(t.version)) )
        return false;
    smp_wmb();
    if ( !copy_to_guest(v->time_area, &t, sizeof(t)) )
        return false;
    smp_wmb();
    t.version++;
    return copy_to_guest(v->time_area, &t.version, sizeof(t.version));
}

void time_update_vcpu(struct vcpu *v)
{
    write_primary(v);
    v->time_area_stale = v->time_area != 0;
}

static uint32_t *wall_of(struct domain *d, bool is_32bit)
{
    return is_32bit ? (uint32_t *)((uint8_t *)d->shared_info + WC_32BIT) : &d->shared_info->wc_version;
}

void shared_info_set_form(struct domain *d, bool is_32bit)
{
    if ( d->is_32bit != is_32bit ) {
        if ( d->is_32bit )              /* to 64-bit code these are pending bits */
            memset(wall_of(d, true), 0, (WC_SEC_HI_32BIT + 1) * sizeof(uint32_t));
        write_once(d->is_32bit, is_32bit);
        time_update_wallclock(d);
    }
}

void time_update_wallclock(struct domain *d)
{
    const bool is_32bit = read_once(d->is_32bit);       /* the guest's to change meanwhile */
    uint32_t *const wc = wall_of(d, is_32bit);
    uint64_t sec;
    uint32_t nsec, version;

    clock_wall_base(&sec, &nsec);
    sec += d->time_offset;

    spin_lock(&wall_lock);
    version = (read_once(wc[0]) | 1) + 1;
    write_once(wc[0], version - 1);
    smp_wmb();
    write_once(wc[1], (uint32_t)sec);
    write_once(wc[2], nsec);
    write_once(wc[is_32bit ? WC_SEC_HI_32BIT : 3], (uint32_t)(sec >> 32));
    smp_wmb();
    write_once(wc[0], version);
    spin_unlock(&wall_lock);
}

void runstate_change(struct vcpu *v, uint32_t state, uint64_t now_ns)
{
    /* CPUs read their clocks before taking the lock: the order may be a little off. */
    if ( now_ns > v->runstate_since_ns ) {
        v->runstate_time_ns[v->runstate] += now_ns - v->runstate_since_ns;
        write_once(v->runstate_since_ns, now_ns);
    }
    write_once(v->runstate, state);
}

void runstate_get(const struct vcpu *v, struct vcpu_runstate_info *out)
{
    uint64_t now, since;

    /* Without the lock: again if it changed under our eyes. */
    do {
        since = read_once(v->runstate_since_ns);
        smp_rmb();
        *out = (struct vcpu_runstate_info){ .state = read_once(v->runstate) };
        for ( unsigned int i = 0; i < ARRAY_SIZE(out->time); i++ )
            out->time[i] = read_once(v->runstate_time_ns[i]);
        smp_rmb();
    } while ( since != read_once(v->runstate_since_ns) );

    out->state_entry_time = since;
    now = clock_now_ns();
    if ( now > since )
        out->time[out->state] += now - since;
}

/* As it is at the last change: the guest adds what passed since state_entry_time itself. */
static bool write_runstate(struct vcpu *v)
{
    /* 32-bit code has no gap behind the state: what is copied to it begins there. */
    const size_t skip = v->domain->is_32bit ? sizeof(uint32_t) : 0;
    const guest_ptr_t entry_time = v->runstate_area +
                                   offsetof(struct vcpu_runstate_info, state_entry_time) - skip;
    struct vcpu_runstate_info info = { .state_entry_time = v->runstate_since_ns };
    int32_t *const state = &info.state + skip / sizeof(uint32_t);

    *state = v->runstate;
    for ( unsigned int i = 0; i < ARRAY_SIZE(info.time); i++ )
        info.time[i] = v->runstate_time_ns[i];

    if ( !test_bit(VMASST_TYPE_runstate_update_flag, &v->domain->vm_assist) )
        return copy_to_guest(v->runstate_area, state, sizeof(info) - skip);

    info.state_entry_time |= XEN_RUNSTATE_UPDATE;
    if ( !copy_to_guest(entry_time, &info.state_entry_time, sizeof(info.state_entry_time)) )
        return false;
    smp_wmb();
    if ( !copy_to_guest(v->runstate_area, state, sizeof(info) - skip) )
        return false;
    smp_wmb();
    info.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
    return copy_to_guest(entry_time, &info.state_entry_time, sizeof(info.state_entry_time));
}

void runstate_publish(struct vcpu *v)
{
    if ( !v->pv.kernel_mode && !v->domain->hvm ) {
        v->pv.need_update_runstate = 1;
        return;
    }
    v->pv.need_update_runstate = 0;
    if ( v->runstate_area && !write_runstate(v) )
        log_guest(v->domain, LOG_DEBUG, "%pv: its run state area is not mapped\n", v);
    if ( v->time_area_stale ) {
        v->time_area_stale = false;
        if ( v->time_area && !write_secondary(v) )
            log_guest(v->domain, LOG_DEBUG, "%pv: its time area is not mapped\n", v);
    }
}
