/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual local APIC under test: eight vCPUs, a TSC of 2 GHz that the test turns, timers in an array. */
#ifndef UNIT_VLAPIC_WORLD_H
#define UNIT_VLAPIC_WORLD_H

#include "cm.h"

#include "cpu/asm.h"

static uint64_t now_tsc;
#define rdtsc() now_tsc
#include "hvm/vlapic.c"

#define NR_VCPUS    8

static struct hvm_domain hd;
static struct domain dom;
static struct vcpu vcpus[NR_VCPUS], *vcpu_ptrs[NR_VCPUS];
static struct hvm_vcpu hvcpus[NR_VCPUS];
static struct vcpu_info infos[NR_VCPUS];
static uint32_t pages[NR_VCPUS][1024];
static unsigned int nr_pages;
bool hvm_virtual_irqs;
static struct vioapic *some_vioapic = (struct vioapic *)0x1000;
static int last_eoi;

void *heap_alloc_pages(unsigned int order) { return nr_pages < NR_VCPUS ? pages[nr_pages++] : NULL; }
void heap_free_pages(void *va, unsigned int order) { }
uint64_t clock_tsc_to_ns(uint64_t t) { return t / 2; }
uint64_t clock_now_ns(void) { return now_tsc / 2; }
void vcpu_work(struct vcpu *v, uint32_t work) { v->work |= work; }
void hvm_signal_init(struct vcpu *v) { v->hvm->init_pending = true; }
void hvm_signal_sipi(struct vcpu *v, uint8_t vector)
{
    v->hvm->sipi_pending = true;
    v->hvm->sipi_vector = vector;
}
void vioapic_eoi(struct domain *d, uint8_t vector) { last_eoi = vector; }
static void (*while_arming)(struct timer *t);      /* called once: another CPU's doing */
void timer_arm(struct timer *t, uint64_t deadline_ns)
{
    void (*const fn)(struct timer *) = while_arming;

    while_arming = NULL;
    if ( fn )
        fn(t);
    t->deadline_ns = deadline_ns;
    t->armed = true;
}
void timer_disarm(struct timer *t) { t->armed = false; }
void timer_kill(struct timer *t) { t->armed = false; }
void timer_migrate(struct timer *t, unsigned int cpu) { t->cpu = cpu; }
void timer_init(struct timer *t, void (*fn)(void *arg), void *arg, unsigned int cpu)
{
    *t = (struct timer){ .fn = fn, .arg = arg, .cpu = cpu };
}

/* Time passes; every timer goes off when it is due.  How often vCPU 0's did. */
static inline unsigned int pass_ns(uint64_t ns)
{
    const uint64_t end = clock_now_ns() + ns;
    unsigned int nr = 0;

    for ( ; ; ) {
        struct timer *first = NULL;

        for ( unsigned int i = 0; i < NR_VCPUS; i++ ) {
            struct timer *t = &hvcpus[i].vlapic.timer;

            if ( t->armed && t->deadline_ns <= end && (!first || t->deadline_ns < first->deadline_ns) )
                first = t;
        }
        if ( !first )
            break;
        if ( first->deadline_ns > clock_now_ns() )
            now_tsc = first->deadline_ns * 2;
        first->armed = false;
        first->fn(first->arg);
        nr += first == &hvcpus[0].vlapic.timer;
    }
    now_tsc = end * 2;
    return nr;
}

static struct vcpu *const v0 = &vcpus[0];

static int setup(void **state_)
{
    memset(&hd, 0, sizeof(hd));
    memset(vcpus, 0, sizeof(vcpus));
    memset(hvcpus, 0, sizeof(hvcpus));
    nr_pages = 0;
    now_tsc = 2000000;
    last_eoi = -1;
    hd.vioapic = some_vioapic;
    dom = (struct domain){ .hvm = &hd, .max_vcpus = NR_VCPUS, .vcpu = vcpu_ptrs };
    for ( unsigned int i = 0; i < NR_VCPUS; i++ ) {
        vcpu_ptrs[i] = &vcpus[i];
        vcpus[i].vcpu_info = &infos[i];
        vcpus[i].id = i;
        vcpus[i].domain = &dom;
        vcpus[i].hvm = &hvcpus[i];
        CHECK_EQ(vlapic_init(&vcpus[i]), 0);
        vlapic_write(&vcpus[i], 0xf0, 0x1ff);
        vcpus[i].work = 0;
    }
    return 0;
}

static inline void to_x2apic(struct vcpu *v)
{
    CHECK_EQ(vlapic_write_msr(v, MSR_APIC_BASE, lapic(v)->base | APIC_BASE_X2APIC), 0);
}

static inline uint64_t rdmsr_ok(struct vcpu *v, uint32_t msr)
{
    uint64_t val = ~0ULL;

    CHECK_EQ(vlapic_read_msr(v, msr, &val), 0);
    return val;
}

/* Which vCPUs have @vector waiting; takes it away. */
static inline unsigned int got(uint8_t vector)
{
    unsigned int mask = 0;

    for ( unsigned int i = 0; i < NR_VCPUS; i++ ) {
        (void)vlapic_pending(&vcpus[i]);
        if ( __atomic_fetch_and(word_of(lapic(&vcpus[i]), REG_IRR, vector), ~(1U << vector % 32), __ATOMIC_RELAXED) >>
             vector % 32 & 1 ) {
            assert_true(vcpus[i].work & VCPU_WORK_IRQ);
            vcpus[i].work = 0;
            mask |= 1U << i;
        }
    }
    return mask;
}

#endif
