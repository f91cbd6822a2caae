/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HPET (IA-PC HPET Specification 1.0a): a counter of 64 bits at 62.5 MHz, so that a tick is 16 ns,
 * and three timers of which each may be periodic.  Interrupts go to lines, none by message.
 */
#include "hvm/vhpet.h"

#include <xenabi/hvm/save.h>

#include "hvm/hvm_vcpu.h"
#include "kern/clock.h"
#include "kern/timer.h"
#include "mem/slab.h"

#define TICK_NS_SHIFT   4
#define TICK_MIN_NS     100000UL          /* a guest that asks for more gets no more than this */
#define FAR_TICKS       (1UL << 40)     /* five hours: longer waits are cut in pieces */
#define LATE_TICKS      (1L << 22)      /* a comparator this much behind (67 ms) was meant for now */

#define CAP_VALUE       (16000000UL << 32 | 0x8086UL << 16 | BIT(15) | BIT(13) | (HPET_TIMER_NUM - 1) << 8 | 1)
#define REG_CONFIG      0x010
#define   CONFIG_ENABLE   0x1
#define   CONFIG_LEGACY   0x2
#define REG_STATUS      0x020
#define REG_COUNTER     0x0f0
#define REG_TIMER       0x100           /* 0x20 each: configuration, comparator */
#define   TN_LEVEL        0x0002
#define   TN_INT          0x0004
#define   TN_PERIODIC     0x0008
#define   TN_SET          0x0040        /* the next write of the comparator sets it, not the period alone */
#define   TN_32BIT        0x0100
#define   TN_ROUTE_SHIFT  9
#define   TN_WRITABLE     (TN_LEVEL | TN_INT | TN_PERIODIC | TN_SET | TN_32BIT | 31 << TN_ROUTE_SHIFT)
#define   TN_ROUTES       0x00f00000UL  /* I/O APIC pins 20-23, as chipsets have it */
#define   TN_FIXED        (TN_ROUTES << 32 | 0x30)      /* periodic, 64 bits */

struct vhpet {
    struct lock lock;                   /* rank VDEV: all of it */
    struct hvm_hw_hpet hw;              /* registers; mc64 is current only while the counter stands */
    uint64_t    start_ns;               /* when the counter would have been 0 */
    uint8_t     line[HPET_TIMER_NUM];   /* the level-triggered line that the timer asserts; 0: none */
    bool        has_fired[HPET_TIMER_NUM];      /* one-shot, and it was its time */
    struct timer timer[HPET_TIMER_NUM];
    struct hpet_arg {
        struct domain *d;
        unsigned int   n;
    } arg[HPET_TIMER_NUM];
};

static bool is_on(const struct vhpet *h) { return h->hw.config & CONFIG_ENABLE; }

static uint64_t counter(const struct vhpet *h)
{
    return is_on(h) ? (clock_now_ns() - h->start_ns) >> TICK_NS_SHIFT : h->hw.mc64;
}

/* The line of timer @n, 0 if its interrupt goes nowhere. */
static unsigned int line_of(const struct vhpet *h, unsigned int n)
{
    const unsigned int route = h->hw.timers[n].config >> TN_ROUTE_SHIFT & 31;

    if ( !is_on(h) || !(h->hw.timers[n].config & TN_INT) )
        return 0;
    if ( (h->hw.config & CONFIG_LEGACY) && n < 2 )
        return n ? 8 : 2;
    return TN_ROUTES >> route & 1 ? route : 0;
}

static bool is_32bit(const struct vhpet *h, unsigned int n) { return h->hw.timers[n].config & TN_32BIT; }
static uint64_t wrap_of(const struct vhpet *h, unsigned int n) { return is_32bit(h, n) ? ~0U : ~0UL; }

/* Ticks since the counter passed timer @n's comparator; negative before. */
static int64_t ticks_late(const struct vhpet *h, unsigned int n)
{
    const uint64_t late = counter(h) - h->hw.timers[n].cmp;

    return is_32bit(h, n) ? (int32_t)late : (int64_t)late;
}

static bool is_periodic(const struct vhpet *h, unsigned int n)
{
    return (h->hw.timers[n].config & TN_PERIODIC) && h->hw.period[n];
}

/* Set the timer and the level of the line by the registers. */
static void update(struct vhpet *h, unsigned int n)
{
    struct domain *const d = h->arg[n].d;
    const unsigned int line = line_of(h, n);
    const bool is_high = (h->hw.timers[n].config & TN_LEVEL) && (h->hw.isr & BIT(n));

    if ( h->line[n] != (is_high ? line : 0) ) {
        if ( h->line[n] )
            hvm_gsi_set(d, h->line[n], false);
        h->line[n] = is_high ? line : 0;
        if ( h->line[n] )
            hvm_gsi_set(d, h->line[n], true);
    }
    timer_disarm(&h->timer[n]);
    if ( line && !h->has_fired[n] ) {
        const int64_t late = ticks_late(h, n);
        const uint64_t ticks = late >= 0 && late < LATE_TICKS ? 0 : min(-late & wrap_of(h, n), FAR_TICKS);
        const uint64_t wait = ticks << TICK_NS_SHIFT;

        if ( d->vcpu[0] )
            timer_migrate(&h->timer[n], d->vcpu[0]->processor);
        timer_arm(&h->timer[n], clock_now_ns() + (is_periodic(h, n) ? max(wait, TICK_MIN_NS) : wait));
    }
}

static void fired(void *arg)
{
    const struct hpet_arg *const a = arg;
    struct vhpet *const h = a->d->hvm->vhpet;
    const unsigned int n = a->n;
    int64_t late;

    spin_lock(&h->lock);
    late = ticks_late(h, n);
    if ( line_of(h, n) && !h->has_fired[n] && late >= 0 ) {
        const uint64_t period = h->hw.period[n];

        if ( is_periodic(h, n) )    /* ticks that were missed are not made up for */
            h->hw.timers[n].cmp = (h->hw.timers[n].cmp + late - late % period + period) & wrap_of(h, n);
        else
            h->has_fired[n] = true;
        if ( h->hw.timers[n].config & TN_LEVEL )
            h->hw.isr |= BIT(n);
        else {
            hvm_gsi_set(a->d, line_of(h, n), true);
            hvm_gsi_set(a->d, line_of(h, n), false);
        }
    }
    update(h, n);
    spin_unlock(&h->lock);
}

/* struct hvm_hw_hpet begins as the register page does. */
static uint64_t read_reg(const struct vhpet *h, unsigned int reg)
{
    return reg == REG_COUNTER ? counter(h) : *(const uint64_t *)((const uint8_t *)&h->hw + reg);
}

uint64_t vhpet_read(struct domain *d, unsigned int offset, unsigned int bytes)
{
    struct vhpet *const h = d->hvm->vhpet;
    uint64_t val;

    spin_lock(&h->lock);
    val = read_reg(h, offset & ~7U) >> offset % 8 * 8;
    spin_unlock(&h->lock);
    return bytes == 8 ? val : val & (BIT(bytes * 8) - 1);
}

static void write_config(struct vhpet *h, uint64_t config)
{
    if ( (config ^ h->hw.config) & CONFIG_ENABLE ) {
        h->hw.mc64 = counter(h);
        h->start_ns = clock_now_ns() - (h->hw.mc64 << TICK_NS_SHIFT);
    }
    h->hw.config = config & (CONFIG_ENABLE | CONFIG_LEGACY);
}

/* Comparator and period: the bits of @mask take @val's.  In periodic mode this is mostly the period. */
static void write_comparator(struct vhpet *h, unsigned int n, uint64_t val, uint64_t mask)
{
    struct hvm_hw_hpet_timer *const t = &h->hw.timers[n];

    if ( !(t->config & TN_PERIODIC) || (t->config & TN_SET) )
        t->cmp = ((t->cmp & ~mask) | (val & mask)) & wrap_of(h, n);
    if ( t->config & TN_PERIODIC )
        h->hw.period[n] = ((h->hw.period[n] & ~mask) | (val & mask)) & wrap_of(h, n);
    t->config &= ~(uint64_t)TN_SET;
    h->has_fired[n] = false;
}

void vhpet_write(struct domain *d, unsigned int offset, unsigned int bytes, uint64_t value)
{
    struct vhpet *const h = d->hvm->vhpet;
    const unsigned int reg = offset & ~7U, n = (reg - REG_TIMER) / 0x20;
    const uint64_t mask = bytes == 8 ? ~0UL : 0xffffffffUL << offset % 8 * 8;
    const uint64_t val = value << offset % 8 * 8;
    uint64_t merged;

    if ( bytes < 4 || offset % bytes )
        return;
    spin_lock(&h->lock);
    merged = (read_reg(h, reg) & ~mask) | (val & mask);
    if ( reg == REG_CONFIG )
        write_config(h, merged);
    else if ( reg == REG_STATUS )
        h->hw.isr &= ~(val & mask);
    else if ( reg == REG_COUNTER && !is_on(h) )
        h->hw.mc64 = merged;
    else if ( reg >= REG_TIMER && n < HPET_TIMER_NUM ) {
        if ( reg % 0x20 == 0 )
            h->hw.timers[n].config = TN_FIXED | (merged & TN_WRITABLE);
        else if ( reg % 0x20 == 8 )
            write_comparator(h, n, val, mask);
    }
    for ( unsigned int i = 0; i < HPET_TIMER_NUM; i++ )
        update(h, i);
    spin_unlock(&h->lock);
}

bool vhpet_at(const struct domain *d, uint64_t gpa)
{
    return d->hvm->vhpet && d->hvm->params[HVM_PARAM_HPET_ENABLED] && gpa - VHPET_BASE < VHPET_BYTES;
}

bool vhpet_is_legacy(const struct domain *d)
{
    const struct vhpet *const h = d->hvm->vhpet;

    return h && (read_once(h->hw.config) & (CONFIG_ENABLE | CONFIG_LEGACY)) == (CONFIG_ENABLE | CONFIG_LEGACY);
}

int vhpet_init(struct domain *d)
{
    struct vhpet *const h = slab_new(struct vhpet);

    if ( !h )
        return -XEN_ENOMEM;
    lock_init(&h->lock, RANK_VDEV);
    h->hw.capability = CAP_VALUE;
    for ( unsigned int n = 0; n < HPET_TIMER_NUM; n++ ) {
        h->hw.timers[n].config = TN_FIXED;
        h->hw.timers[n].cmp = ~0UL;
        h->arg[n] = (struct hpet_arg){ d, n };
        timer_init(&h->timer[n], fired, &h->arg[n], 0);
    }
    d->hvm->vhpet = h;
    return 0;
}

void vhpet_free(struct domain *d)
{
    struct vhpet *const h = d->hvm->vhpet;

    for ( unsigned int n = 0; h && n < HPET_TIMER_NUM; n++ )
        timer_kill(&h->timer[n]);
    slab_free(h);
    d->hvm->vhpet = NULL;
}
