/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt descriptors, vectors and dispatch.
 *
 * A vector means the same irq on every CPU, so moving an irq changes its destination only.
 * Nothing runs with interrupts enabled, so an interrupt is acknowledged before its handler
 * runs.  A level line is masked first, else it would come again at once, and is
 * unmasked when the handler or, later, the guest is done with it.
 *
 * irq_lock guards descriptors.  Handlers run without it; `running` counts them, and
 * irq_free waits for them.
 */
#include "plat/irq.h"

#include "base/atomic.h"
#include "base/log.h"
#include "cpu/asm.h"
#include "cpu/pcpu.h"
#include "cpu/spinlock.h"
#include "kern/clock.h"
#include "plat/acpi.h"
#include "plat/apic.h"
#include "plat/ioapic.h"
#include "plat/tlb.h"

#define NR_MSI          (VEC_DYN_LAST - VEC_DYN_FIRST + 1)
#define NR_IRQS         (IOAPIC_MAX_GSI + NR_MSI)
#define NO_IRQ          0xffff

#define STORM_NR        100000      /* unhandled interrupts of one line ... */
#define STORM_NS        1000000000ULL   /* ... in this time */

#define MSI_ADDRESS     0xfee00000ULL   /* physical destination, fixed, edge (SDM vol 3A 10.11) */

struct irq_desc {
    irq_handler_fn *fn;         /* NULL: free */
    void    *arg;
    uint32_t running;           /* atomic: handlers that run now */
    uint8_t  vector;            /* 0: none yet */
    bool     level, active_low;
    bool     masked;            /* by irq_mask */
    bool     waits_done;        /* masked until irq_done */
    uint16_t cpu;
    uint32_t nr_unhandled;      /* since storm_start_ns */
    uint64_t storm_start_ns;
    uint64_t count;
};

static struct irq_desc descs[NR_IRQS];
static uint16_t vector_irq[256];
static unsigned int nr_gsi ro_after_init;
static uint64_t nr_spurious;
static struct lock irq_lock = LOCK_INIT(RANK_PIRQ);

unsigned int irq_nr_gsi(void) { return nr_gsi; }

unsigned int irq_isa_to_gsi(unsigned int isa_irq)
{
    for ( uint32_t i = 0; i < acpi.nr_overrides; i++ )
        if ( acpi.overrides[i].isa_irq == isa_irq )
            return acpi.overrides[i].gsi;
    return isa_irq;
}

void irq_init(void)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(vector_irq); i++ )
        vector_irq[i] = NO_IRQ;
    ioapic_init();
    nr_gsi = ioapic_nr_gsi();

    /* ISA lines are edge, high; all others are PCI's: level, low. */
    for ( unsigned int gsi = 0; gsi < nr_gsi; gsi++ )
        descs[gsi].level = descs[gsi].active_low = gsi >= 16;
    for ( uint32_t i = 0; i < acpi.nr_overrides; i++ ) {
        const struct acpi_override *o = &acpi.overrides[i];

        if ( o->gsi < nr_gsi ) {
            descs[o->gsi].level = o->level;
            descs[o->gsi].active_low = o->active_low;
        }
    }
}

void irq_gsi_mode(unsigned int gsi, bool *level, bool *active_low)
{
    *level = gsi < nr_gsi && descs[gsi].level;
    *active_low = gsi < nr_gsi && descs[gsi].active_low;
}

void irq_set_gsi_mode(unsigned int gsi, bool level, bool active_low)
{
    if ( gsi >= nr_gsi )
        return;
    spin_lock(&irq_lock);
    /* In use: it stays as its user set it. */
    if ( !descs[gsi].fn ) {
        descs[gsi].level = level;
        descs[gsi].active_low = active_low;
    }
    spin_unlock(&irq_lock);
}

/* 8-bit destinations reach no further; CPU 0 always is within. */
static uint32_t dest_of_cpu(unsigned int *cpu)
{
    if ( *cpu >= nr_cpus || pcpu_get(*cpu)->apic_id > 254 )
        *cpu = 0;
    return pcpu_get(*cpu)->apic_id;
}

/* irq_lock held.  A vector for @irq.  False: none left. */
static bool assign_vector(unsigned int irq)
{
    for ( unsigned int v = VEC_DYN_FIRST; v <= VEC_DYN_LAST; v++ ) {
        /* 0x80 is the guests' INT 0x80. */
        if ( v != 0x80 && vector_irq[v] == NO_IRQ ) {
            vector_irq[v] = irq;
            descs[irq].vector = v;
            return true;
        }
    }
    return false;
}

static void release_vector(struct irq_desc *desc)
{
    vector_irq[desc->vector] = NO_IRQ;
    desc->vector = 0;
}

static void install(struct irq_desc *desc, irq_handler_fn *fn, void *arg, unsigned int cpu)
{
    desc->arg = arg;
    desc->cpu = cpu;
    desc->masked = desc->waits_done = false;
    desc->nr_unhandled = 0;
    desc->count = 0;
    __atomic_store_n(&desc->fn, fn, __ATOMIC_RELEASE);
}

int irq_request_gsi(unsigned int gsi, bool level, bool active_low, irq_handler_fn *fn, void *arg,
                    unsigned int cpu)
{
    struct irq_desc *desc;
    int rc;

    if ( !ioapic_has_gsi(gsi) )
        return -XEN_EINVAL;
    desc = &descs[gsi];

    spin_lock(&irq_lock);
    rc = -XEN_EBUSY;
    if ( desc->fn )
        goto out;
    rc = -XEN_ENOSPC;
    if ( !assign_vector(gsi) )
        goto out;
    desc->level = level;
    desc->active_low = active_low;
    rc = ioapic_set_entry(gsi, desc->vector, level, active_low, dest_of_cpu(&cpu));
    if ( rc ) {
        release_vector(desc);
        goto out;
    }
    install(desc, fn, arg, cpu);
    ioapic_unmask(gsi);
 out:
    spin_unlock(&irq_lock);
    return rc;
}

static void fill_msg(const struct irq_desc *desc, uint32_t dest, struct msi_msg *msg)
{
    msg->address = MSI_ADDRESS | (dest & 0xff) << 12;
    msg->data = desc->vector;
}

int irq_alloc_msi(irq_handler_fn *fn, void *arg, unsigned int cpu, struct msi_msg *msg)
{
    int rc = -XEN_ENOSPC;

    spin_lock(&irq_lock);
    for ( unsigned int irq = nr_gsi; irq < nr_gsi + NR_MSI; irq++ ) {
        if ( descs[irq].fn || descs[irq].running )
            continue;
        if ( assign_vector(irq) ) {
            const uint32_t dest = dest_of_cpu(&cpu);

            descs[irq].level = false;
            install(&descs[irq], fn, arg, cpu);
            fill_msg(&descs[irq], dest, msg);
            rc = irq;
        }
        break;
    }
    spin_unlock(&irq_lock);
    return rc;
}

void irq_free(unsigned int irq)
{
    struct irq_desc *desc;

    if ( irq >= NR_IRQS )
        return;
    desc = &descs[irq];
    spin_lock(&irq_lock);
    if ( desc->fn ) {
        if ( irq < nr_gsi )
            ioapic_mask(irq);
        __atomic_store_n(&desc->fn, (irq_handler_fn *)NULL, __ATOMIC_SEQ_CST);
        release_vector(desc);
    }
    spin_unlock(&irq_lock);

    while ( __atomic_load_n(&desc->running, __ATOMIC_SEQ_CST) ) {
        tlb_poll();
        cpu_relax();
    }
}

/* irq_lock held.  A GSI's pin follows from both reasons to mask it. */
static void update_pin(unsigned int irq)
{
    if ( irq >= nr_gsi )
        return;
    if ( descs[irq].masked || descs[irq].waits_done || !descs[irq].fn )
        ioapic_mask(irq);
    else
        ioapic_unmask(irq);
}

void irq_mask(unsigned int irq)
{
    if ( irq >= NR_IRQS )
        return;
    spin_lock(&irq_lock);
    descs[irq].masked = true;
    update_pin(irq);
    spin_unlock(&irq_lock);
}

void irq_unmask(unsigned int irq)
{
    if ( irq >= NR_IRQS )
        return;
    spin_lock(&irq_lock);
    descs[irq].masked = descs[irq].waits_done = false;
    descs[irq].nr_unhandled = 0;
    update_pin(irq);
    spin_unlock(&irq_lock);
}

void irq_done(unsigned int irq)
{
    if ( irq >= nr_gsi || !read_once(descs[irq].waits_done) )
        return;
    spin_lock(&irq_lock);
    if ( descs[irq].waits_done ) {
        descs[irq].waits_done = false;
        update_pin(irq);
    }
    spin_unlock(&irq_lock);
}

int irq_set_cpu(unsigned int irq, unsigned int cpu, struct msi_msg *msg)
{
    int rc = -XEN_EINVAL;

    if ( irq >= NR_IRQS )
        return rc;
    spin_lock(&irq_lock);
    if ( descs[irq].fn ) {
        const uint32_t dest = dest_of_cpu(&cpu);

        descs[irq].cpu = cpu;
        if ( irq < nr_gsi )
            ioapic_set_dest(irq, dest);
        else if ( msg )
            fill_msg(&descs[irq], dest, msg);
        rc = 0;
    }
    spin_unlock(&irq_lock);
    return rc;
}

bool irq_is_level(unsigned int irq) { return irq < nr_gsi && descs[irq].level; }

/* True if @desc's line fires faster than anyone can want, with nobody to handle it. */
static bool is_storm(struct irq_desc *desc)
{
    const uint64_t now = clock_now_ns();

    if ( !desc->nr_unhandled || now - desc->storm_start_ns > STORM_NS ) {
        desc->storm_start_ns = now;
        desc->nr_unhandled = 1;
        return false;
    }
    return ++desc->nr_unhandled > STORM_NR;
}

static void dispatch_level(unsigned int irq, struct irq_desc *desc, irq_handler_fn *fn)
{
    spin_lock(&irq_lock);
    desc->waits_done = true;
    update_pin(irq);
    spin_unlock(&irq_lock);
    apic_eoi();

    if ( fn(desc->arg) )
        return;
    if ( is_storm(desc) ) {
        log_err("irq: %u: more than %u interrupts in a second that nobody handles: masked\n",
                irq, STORM_NR);
        irq_mask(irq);
        return;
    }
    irq_done(irq);
}

static void stray(void)
{
    apic_eoi();
    __atomic_fetch_add(&nr_spurious, 1, __ATOMIC_RELAXED);
}

static void dispatch_device(uint8_t vector)
{
    const unsigned int irq = read_once(vector_irq[vector]);
    struct irq_desc *desc;
    irq_handler_fn *fn;

    if ( irq == NO_IRQ ) {
        stray();
        return;
    }
    desc = &descs[irq];
    /* Announce first, then look: irq_free clears fn first and then waits. */
    __atomic_fetch_add(&desc->running, 1, __ATOMIC_SEQ_CST);
    fn = __atomic_load_n(&desc->fn, __ATOMIC_SEQ_CST);
    if ( !fn ) {
        stray();
    } else {
        desc->count++;
        if ( desc->level ) {
            dispatch_level(irq, desc, fn);
        } else {
            apic_eoi();
            fn(desc->arg);
        }
    }
    __atomic_fetch_sub(&desc->running, 1, __ATOMIC_SEQ_CST);
}

void irq_dispatch(uint8_t vector)
{
    switch ( vector ) {
    case VEC_TIMER:
        apic_eoi();
        pcpu_work(PCPU_WORK_TIMER);
        break;
    case VEC_KICK:              /* who sent it has set the work bits */
        apic_eoi();
        break;
    case VEC_TLB:
        apic_eoi();
        tlb_poll();
        break;
    case VEC_SPURIOUS:          /* has no bit in service: no EOI */
        __atomic_fetch_add(&nr_spurious, 1, __ATOMIC_RELAXED);
        break;
    case VEC_ERROR:
        apic_eoi();
        log_warn("apic: error %#x on CPU %u\n", apic_read_error(), this_pcpu()->id);
        break;
    default:
        if ( vector < VEC_DYN_FIRST || vector > VEC_DYN_LAST )
            stray();
        else
            dispatch_device(vector);
        break;
    }
}

void irq_dump(void)
{
    log_info("irq: %lu spurious\n", nr_spurious);
    for ( unsigned int irq = 0; irq < NR_IRQS; irq++ ) {
        const struct irq_desc *d = &descs[irq];

        if ( d->fn )
            log_info("irq %3u: vector %#x cpu %u %s%s%s, %lu\n", irq, d->vector, d->cpu,
                     d->level ? "level" : "edge", d->masked ? " masked" : "",
                     d->waits_done ? " in service" : "", d->count);
    }
}
