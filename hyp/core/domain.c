/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains: creation, look-up, pause, shutdown, and destruction in stages.
 *
 * A domain is freed when its last reference goes: the list's own, dropped when
 * destruction ends; one while it owns frames (others may still map them); and
 * those of look-ups.  Freeing is deferred to the exit path, so nobody's lock or
 * structure vanishes under his feet.
 */
#include "core/domain.h"

#include <xenabi/domctl.h>
#include <xenabi/sched.h>

#include "base/assert.h"
#include "base/fmt.h"
#include "base/log.h"
#include "base/string.h"
#include "core/evtchn.h"
#include "core/gnttab.h"
#include "core/guest_ops.h"
#include "core/page.h"
#include "core/pirq.h"
#include "core/sched.h"
#include "core/shared_info.h"
#include "core/vcpu.h"
#include "core/watchdog.h"
#include "cpu/pcpu.h"
#include "kern/panic.h"
#include "mem/heap.h"
#include "mem/slab.h"
#include "plat/acpi.h"

struct domain *dom0, *dom_xen, *dom_io;

static struct domain *domain_list;          /* L */
static struct lock list_lock = LOCK_INIT(RANK_DOMLIST);
/* By id; frame_domain relies on an entry staying while the domain owns frames. */
static struct domain *domain_table[MAX_DOMID + 1];
static struct domain *free_list;            /* refs zero, by list_next; own lock */
static struct lock free_lock = LOCK_INIT(RANK_LEAF);

struct domain *domain_get_by_id(domid_t id)
{
    struct domain *d;

    spin_lock(&list_lock);
    for ( d = domain_list; d && d->id < id; d = d->list_next )
        ;
    if ( d && (d->id != id || !atomic_inc_unless_zero(&d->refs)) )
        d = NULL;
    spin_unlock(&list_lock);
    return d;
}

struct domain *domain_get_next(uint32_t id)
{
    struct domain *d;

    spin_lock(&list_lock);
    for ( d = domain_list; d; d = d->list_next )
        if ( d->id >= id && atomic_inc_unless_zero(&d->refs) )
            break;
    spin_unlock(&list_lock);
    return d;
}

int domain_get_remote(domid_t id, struct domain **out)
{
    struct domain *self = current->domain;

    if ( id == DOMID_SELF || id == self->id ) {
        domain_ref(self);
        *out = self;
        return 0;
    }
    *out = domain_get_by_id(id);
    if ( !*out )
        return -XEN_ESRCH;
    if ( !domain_is_control(self) ) {
        domain_put(*out);
        return -XEN_EPERM;
    }
    return 0;
}

void domain_put(struct domain *d)
{
    if ( !atomic_dec_and_test(&d->refs) )
        return;
    spin_lock(&free_lock);
    d->free_next = free_list;
    free_list = d;
    spin_unlock(&free_lock);
    pcpu_work(PCPU_WORK_RCU);
}

static void domain_unlink(struct domain *d)
{
    spin_lock(&list_lock);
    for ( struct domain **p = &domain_list; *p; p = &(*p)->list_next ) {
        if ( *p == d ) {
            *p = d->list_next;
            domain_table[d->id] = NULL;
            break;
        }
    }
    spin_unlock(&list_lock);
}

static void domain_free(struct domain *d)
{
    struct vcpu *v;

    domain_ref(d);          /* nobody else's: pages that are unshared below take and drop one */
    watchdog_kill(d);
    for_each_vcpu ( d, v )
        vcpu_destroy(v);
    evtchn_free_domain(d);
    gnttab_free_domain(d);
    d->ops->domain_free(d);
    if ( d->shared_info )
        page_unshare_xenheap(d, d->shared_info);
    rangeset_destroy(&d->ioports);
    rangeset_destroy(&d->iomem);
    rangeset_destroy(&d->irqs);
    slab_free(d->cpu_policy);
    slab_free(d->memory_map);
    slab_free(d->vcpu);
    slab_free(d);
}

void domain_free_deferred(void)
{
    for ( ; ; ) {
        struct domain *d;

        spin_lock(&free_lock);
        d = free_list;
        if ( d )
            free_list = d->free_next;
        spin_unlock(&free_lock);
        if ( !d )
            return;
        domain_unlink(d);
        domain_free(d);
        evtchn_send_global_virq(VIRQ_DOM_EXC);
    }
}

struct domain *frame_domain(const struct frame *f)
{
    return f->owner == DOMID_XEN ? dom_xen : domain_table[f->owner];
}

static int domain_link(struct domain *d)
{
    struct domain **p;
    int rc = 0;

    spin_lock(&list_lock);
    for ( p = &domain_list; *p && (*p)->id < d->id; p = &(*p)->list_next )
        ;
    if ( *p && (*p)->id == d->id ) {
        rc = -XEN_EEXIST;
    } else {
        d->list_next = *p;
        *p = d;
        domain_table[d->id] = d;
    }
    spin_unlock(&list_lock);
    return rc;
}

static void locks_init(struct domain *d)
{
    lock_init(&d->domctl_lock, RANK_DOMCTL);
    lock_init(&d->shutdown_lock, RANK_LEAF);
    lock_init(&d->mm_lock, RANK_MM);
    lock_init(&d->evtchn_lock, RANK_EVTCHN);
}

/* Owners that are no domains: they have an id, a lock and nothing else. */
static struct domain *pseudo_domain(domid_t id)
{
    struct domain *d = slab_new(struct domain);

    if ( !d )
        panic("no memory for the system domains\n");
    d->id = id;
    d->is_idle = true;
    d->page_list = d->teardown = FRAME_NIL;
    atomic_set(&d->refs, 1);
    locks_init(d);
    return d;
}

void domain_init(void)
{
    dom_xen = pseudo_domain(DOMID_XEN);
    dom_io = pseudo_domain(DOMID_IO);
}

static void range_free(void *p, size_t bytes) { slab_free(p); }
static const struct rangeset_mem range_mem = { slab_alloc, range_free };

static int resources_init(struct domain *d, const struct xen_domctl_createdomain *cfg)
{
    int rc;

    d->vcpu = slab_new_array(struct vcpu *, cfg->max_vcpus);
    d->shared_info = heap_alloc_page();
    if ( !d->vcpu || !d->shared_info )
        return -XEN_ENOMEM;
    d->shared_info_mfn = virt_to_mfn(d->shared_info);
    page_share_xenheap(d, d->shared_info, false);
    rc = d->ops->domain_create(d, cfg);
    if ( !rc )
        rc = evtchn_init_domain(d);
    if ( !rc )
        rc = gnttab_init_domain(d, cfg->max_grant_frames, cfg->max_maptrack_frames);
    return rc;
}

int domain_create(domid_t id, const struct xen_domctl_createdomain *cfg,
                  const struct guest_ops *ops, bool privileged, struct domain **out)
{
    struct domain *d;
    int rc;

    if ( id > MAX_DOMID || cfg->max_vcpus < 1 || cfg->max_vcpus > MAX_VCPUS )
        return -XEN_EINVAL;
    d = slab_new(struct domain);
    if ( !d )
        return -XEN_ENOMEM;
    d->id = id;
    d->shutdown_code = SHUTDOWN_CODE_NONE;
    d->ops = ops;
    d->is_privileged = privileged;
    d->page_list = d->teardown = FRAME_NIL;
    atomic_set(&d->refs, 1);
    atomic_set(&d->pause_count, 1);         /* until the first unpause */
    d->ctl_pause_count = 1;
    locks_init(d);
    memcpy(d->handle, cfg->handle, sizeof(d->handle));
    d->create_flags = cfg->flags;
    d->ssidref = cfg->ssidref;
    d->max_vcpus = cfg->max_vcpus;
    d->max_evtchn_port = cfg->max_evtchn_port;
    d->tsc_incarnation = 1;
    rangeset_init(&d->ioports, &range_mem);
    rangeset_init(&d->iomem, &range_mem);
    rangeset_init(&d->irqs, &range_mem);
    sched_init_domain(d);
    rc = resources_init(d, cfg);
    if ( !rc )
        rc = domain_link(d);
    if ( rc ) {
        domain_free(d);
        return rc;
    }
    time_update_wallclock(d);
    *out = d;
    return 0;
}

void domain_pause(struct domain *d)
{
    struct vcpu *v;

    ASSERT(current->domain != d);
    atomic_inc(&d->pause_count);
    for_each_vcpu ( d, v )
        sched_sleep(v);
    for_each_vcpu ( d, v )
        vcpu_wait_stopped(v);
}

void domain_unpause(struct domain *d)
{
    struct vcpu *v;

    if ( !atomic_dec_and_test(&d->pause_count) )
        return;
    for_each_vcpu ( d, v )
        if ( vcpu_runnable(v) )
            sched_wake(v);
}

static void dump_registers(const struct domain *d)
{
    const struct vcpu *v = current->domain == d ? current : d->vcpu ? d->vcpu[0] : NULL;

    if ( v )
        d->ops->dump_vcpu(v);
}

/* The control domain is done: so is the host. */
static void noreturn host_shutdown(unsigned int reason)
{
    if ( reason == SHUTDOWN_poweroff ) {
        log_info("dom0 has powered off: switching the machine off\n");
        machine_power_off_or_halt();
    }
    if ( reason == SHUTDOWN_crash ) {
        log_err("dom0 has crashed: %s\n", dom0->crash_reason ? dom0->crash_reason : "by its own report");
        if ( !dom0->is_crashed )
            dump_registers(dom0);
        reboot_or_stop();
    }
    log_info("dom0 has stopped (reason %u): rebooting the machine\n", reason);
    machine_reboot();
}

void domain_shutdown(struct domain *d, unsigned int reason)
{
    struct vcpu *v;
    bool first;

    spin_lock(&d->shutdown_lock);
    first = !d->is_shutting_down;
    if ( first ) {
        d->is_shutting_down = true;
        if ( d->shutdown_code == SHUTDOWN_CODE_NONE )
            d->shutdown_code = reason;
    }
    spin_unlock(&d->shutdown_lock);
    if ( !first )
        return;
    if ( d == dom0 )
        host_shutdown(d->shutdown_code);
    for_each_vcpu ( d, v )
        vcpu_pause_nosync(v);
    write_once(d->is_shut_down, true);
    evtchn_send_global_virq(VIRQ_DOM_EXC);
}

void domain_set_shutdown_code(struct domain *d, unsigned int reason)
{
    spin_lock(&d->shutdown_lock);
    if ( !d->is_shutting_down )
        d->shutdown_code = reason;
    spin_unlock(&d->shutdown_lock);
}

void domain_resume(struct domain *d)
{
    struct vcpu *v;

    domain_pause(d);
    if ( d->is_shut_down ) {
        d->is_shut_down = d->is_shutting_down = false;
        d->shutdown_code = SHUTDOWN_CODE_NONE;
        for_each_vcpu ( d, v )
            vcpu_unpause(v);
    }
    domain_unpause(d);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
    char line[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    if ( !d->is_crashed ) {
        d->is_crashed = true;
        d->crash_reason = "see the line above";
        log_at(LOG_ERR, "%pd: crashed: %s\n", d, line);
        dump_registers(d);
    }
    domain_shutdown(d, SHUTDOWN_crash);
}

/* Frames that the domain still holds the allocation of; bounded by preemption. */
static int relinquish_frames(struct domain *d)
{
    unsigned int n = 0;

    spin_lock(&d->mm_lock);
    for ( uint32_t m = d->page_list; m != FRAME_NIL; ) {
        struct frame *f = mfn_to_frame(MFN(m));

        m = f->next;
        if ( !(f->flags & FF_ALLOCATED) )
            continue;
        if ( ++n > 256 ) {
            spin_unlock(&d->mm_lock);
            return -XEN_ERESTART;
        }
        page_drop_allocation(d, f);
    }
    spin_unlock(&d->mm_lock);
    return 0;
}

enum { STAGE_EVENTS, STAGE_GRANTS, STAGE_TABLES, STAGE_FRAMES, STAGE_REST, STAGE_DONE };

static int destroy_step(struct domain *d)
{
    switch ( d->relinquish_stage ) {
    case STAGE_EVENTS: return evtchn_destroy_domain(d);
    case STAGE_GRANTS: return gnttab_release_mappings(d);
    case STAGE_TABLES: return d->ops->relinquish(d);
    case STAGE_FRAMES: return relinquish_frames(d);
    default:
        pirq_destroy_domain(d);
        gnttab_destroy_domain(d);
        heap_claim_used(&d->outstanding_claim, d->outstanding_claim);
        d->state = DOM_DEAD;
        evtchn_send_global_virq(VIRQ_DOM_EXC);
        domain_put(d);                      /* the list's own reference */
        return 0;
    }
}

int domain_destroy(struct domain *d)
{
    int rc = 0;

    if ( d == dom0 || d == current->domain )
        return -XEN_EINVAL;
    spin_lock(&d->domctl_lock);
    if ( d->state == DOM_ALIVE ) {
        d->state = DOM_DYING;
        spin_unlock(&d->domctl_lock);
        domain_pause(d);                    /* never unpaused again */
        spin_lock(&d->domctl_lock);
    }
    while ( !rc && d->relinquish_stage != STAGE_DONE ) {
        rc = destroy_step(d);
        if ( !rc )
            d->relinquish_stage++;
    }
    spin_unlock(&d->domctl_lock);
    return rc;
}
