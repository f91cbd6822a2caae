/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug keys: what core/ and the layers below it can show. */
#include "core/host_console.h"

#include <xenabi/xen.h>
#include "base/log.h"
#include "core/evtchn.h"
#include "core/gnttab.h"
#include "core/guest_ops.h"
#include "core/sched.h"
#include "core/vcpu.h"
#include "cpu/pcpu.h"
#include "kern/clock.h"
#include "kern/keyhandler.h"
#include "mem/heap.h"
#include "plat/acpi.h"
#include "plat/irq.h"

static void dump_domain(struct domain *d)
{
    const struct vcpu *v;

    log_err("%pd: state %u pause %d%s%s, shutdown %d code %u, refs %d\n", d, d->state,
            atomic_read(&d->pause_count), d->is_privileged ? " privileged" : "",
            d->is_crashed ? " crashed" : "", d->is_shut_down, d->shutdown_code,
            atomic_read(&d->refs));
    log_err("  frames %lu of %lu, hypervisor's %u; vcpus %u weight %u cap %u\n", d->tot_pages,
            d->max_pages, d->xenheap_pages, d->max_vcpus, d->sched_weight, d->sched_cap);
    for_each_vcpu ( d, v ) {
        log_err("  vcpu%u: cpu%u%s flags %#x pause %d runstate %u upcall %u/%u work %#x\n", v->id,
                v->processor, v->is_running ? " running" : "", v->flags,
                atomic_read(&v->pause_count), v->runstate,
                read_once(v->vcpu_info->evtchn_upcall_pending),
                read_once(v->vcpu_info->evtchn_upcall_mask), v->work);
    }
}

/* Who keeps a dying domain: frames that others still refer to. */
static void dump_lingering(struct domain *d)
{
    unsigned int shown = 0;
    uint64_t nr = 0;

    spin_lock(&d->mm_lock);
    for ( uint32_t m = d->page_list; m != FRAME_NIL; m = mfn_to_frame(MFN(m))->next ) {
        const struct frame *f = mfn_to_frame(MFN(m));

        nr++;
        if ( shown++ < 8 )
            log_err("  frame %#x: refs %u, type %u of %u, flags %#x\n", m, f->refs, f->type,
                    f->type_refs, f->flags);
    }
    spin_unlock(&d->mm_lock);
    log_err("  %lu frames are still referred to; destroyed up to stage %u\n", nr, d->relinquish_stage);
}

static void dump_domains(void)
{
    struct domain *d;

    log_err("domains, now %lu ns\n", clock_now_ns());
    for_each_domain ( d ) {
        dump_domain(d);
        if ( domain_is_dying(d) )
            dump_lingering(d);
    }
}

static void dump_memory(void)
{
    log_err("heap: %lu frames, %lu free, %lu of them to scrub, %lu claimed; %lu free below 4 GiB\n",
            heap_nr_total(), heap_nr_free(), heap_nr_dirty(), heap_nr_claimed(),
            heap_nr_free_below(32));
}

static void dump_cpus(void)
{
    for ( unsigned int cpu = 0; cpu < nr_cpus; cpu++ ) {
        const struct pcpu *p = pcpu_get(cpu);
        const struct vcpu *v = read_once(p->curr);

        if ( v->is_idle )
            log_err("cpu%u: idle, apic id %u, work %#x\n", cpu, p->apic_id, p->work);
        else
            log_err("cpu%u: %pv entered at %04lx:%016lx rsp %016lx flags %lx, work %#x\n", cpu, v,
                    v->regs.cs & 0xffff, v->regs.rip, v->regs.rsp, v->regs.rflags, p->work);
    }
}

static void dump_dom0_registers(void)
{
    const struct vcpu *v;

    for_each_vcpu ( dom0, v )
        v->domain->ops->dump_vcpu(v);
}

static void reboot_now(void)
{
    log_err("debug key R: rebooting\n");
    machine_reboot();
}

void dump_init(void)
{
    static const struct debug_key keys[] = {
        { '0', dump_dom0_registers, "dom0's registers, as saved last", true },
        { 'R', reboot_now, "reboot the machine at once", false },
        { 'd', dump_cpus, "who runs on each CPU", true },
        { 'e', evtchn_dump, "event channels", true },
        { 'g', gnttab_dump, "grant tables", true },
        { 'i', irq_dump, "interrupts", true },
        { 'm', dump_memory, "memory", true },
        { 'q', dump_domains, "domains and vCPUs", true },
        { 'r', sched_dump, "scheduler", true },
        { 't', timer_dump, "timers", true },
        { 0 },
    };

    keyhandler_init(keys);
}
