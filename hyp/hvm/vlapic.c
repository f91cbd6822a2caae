/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC of a vCPU (SDM vol 3A chapter 11).
 *
 * A register goes by its number: offset / 16 in the page of the xAPIC, MSR - 0x800 in x2APIC mode.
 * One table says for both modes what may be read and written, which bits, and what else a write does.
 * The processor priority is worked out when it is asked for: on each way into the guest, so
 * that whoever lowers it has nothing else to do.
 *
 * Other CPUs send interrupts, errors and INIT/SIPI/NMI, and run the timer's function: what they
 * change is atomic, what they only read (TPR, SVR, LDR ...) may be old by a moment.  An interrupt waits in
 * posted[] until the vCPU's own CPU puts it into IRR, for with virtual-interrupt delivery the processor
 * changes IRR while the guest runs, and not atomically.
 */
#include "hvm/vlapic.h"

#include "base/atomic.h"
#include "cpu/asm.h"
#include "cpu/msr.h"
#include "hvm/hvm_vcpu.h"
#include "hvm/vioapic.h"
#include "kern/clock.h"
#include "mem/heap.h"

enum {
    REG_ID = 0x02, REG_VERSION, REG_TPR = 0x08, REG_PPR = 0x0a, REG_EOI, REG_LDR = 0x0d, REG_DFR, REG_SVR,
    REG_ISR = 0x10, REG_TMR = VLAPIC_TMR, REG_IRR = 0x20, REG_ESR = 0x28, REG_ICR = 0x30, REG_ICR2,
    REG_LVT_TIMER, REG_LVT_THERMAL, REG_LVT_PERF, REG_LVT_LINT0, REG_LVT_LINT1, REG_LVT_ERROR,
    REG_TIMER_INITIAL, REG_TIMER_CURRENT, REG_TIMER_DIVIDE = 0x3e, REG_SELF_IPI,
};

#define SVR_ENABLE      0x100U
#define LVT_MASKED      0x10000U
#define LVT_PERIODIC    0x20000U
#define LVT_DEADLINE    0x40000U
#define LVT_MODE        0x700U
#define DFR_FLAT        0xfU            /* bits 28-31; 0: clusters */
#define ICR_LOGICAL     0x800U
#define ICR_LEVEL       0xc000U         /* trigger mode and level */
#define ICR_DEASSERT    0x8000U
#define ESR_SENT_BAD    0x20U           /* vectors below 16 */
#define ESR_RECEIVED_BAD 0x40U
#define ESR_BAD_REGISTER 0x80U

enum { MODE_FIXED, MODE_LOWEST, MODE_SMI, MODE_RESERVED, MODE_NMI, MODE_INIT, MODE_SIPI, MODE_EXTINT };

#define DEST_ALL        (~0U)
#define TICK_NS         10              /* of the timer's clock before it is divided: what Xen's guests expect */
#define PERIOD_MIN_NS   50000           /* a guest that asks for more ticks is not served faster */
#define DELTA_MAX       BIT(58)          /* TSC ticks: years; keeps the conversion from overflowing */

static inline struct vlapic *lapic(const struct vcpu *v) { return &v->hvm->vlapic; }
static inline bool is_enabled(const struct vlapic *l) { return l->base & APIC_BASE_ENABLE; }
static inline bool is_x2apic(const struct vlapic *l) { return l->base & APIC_BASE_X2APIC; }
static inline uint32_t apic_id_of(const struct vcpu *v) { return v->id * 2; }

static uint32_t x2apic_ldr(uint32_t id) { return (id >> 4) << 16 | 1U << (id & 15); }

/* The word of @vector in the set of 256 that begins at register @set. */
static uint32_t *word_of(const struct vlapic *l, unsigned int set, uint8_t vector)
{
    return &l->regs[set + vector / 32][0];
}

static int in_service(const struct vlapic *l)
{
    for ( int w = 7; w >= 0; w-- ) {
        const uint32_t word = read_once(l->regs[REG_ISR + w][0]);

        if ( word )
            return w * 32 + highest_bit(word);
    }
    return -1;
}

static uint32_t ppr(const struct vlapic *l)
{
    const int vector = in_service(l);
    const uint32_t tpr = l->regs[REG_TPR][0];

    return vector >= 0 && (vector & 0xf0U) > (tpr & 0xf0) ? vector & 0xf0U : tpr;
}

/* --- Coming in ----------------------------------------------------------------------------------- */

void vlapic_set_irq(struct vcpu *v, uint8_t vector, bool level)
{
    const uint32_t bit = 1U << vector % 32;
    struct vlapic *l = lapic(v);
    uint32_t *const tmr = word_of(l, REG_TMR, vector);

    if ( unlikely(!(read_once(*tmr) & bit) == level) ) {
        if ( level )
            atomic_or32(tmr, bit);
        else
            atomic_and32(tmr, ~bit);
        atomic_or32(&l->posted_words, VLAPIC_MODE);
    }
    if ( !(__atomic_fetch_or(&l->posted[vector / 32], bit, __ATOMIC_SEQ_CST) & bit) ) {
        atomic_or32(&l->posted_words, 1U << vector / 32);
        vcpu_work(v, VCPU_WORK_IRQ);
    }
}

static void take_posted(struct vlapic *l)
{
    uint32_t words;

    if ( likely(!read_once(l->posted_words)) )
        return;
    words = atomic_xchg32(&l->posted_words, 0);
    for ( unsigned int w = 0; w < ARRAY_SIZE(l->posted); w++ )
        if ( words >> w & 1 )
            l->regs[REG_IRR + w][0] |= atomic_xchg32(&l->posted[w], 0);
    l->irr_words |= words & 0xff;
    l->changed |= words | (read_once(l->posted_words) & VLAPIC_MODE);   /* TMR of one that came just now */
}

static void raise_error(struct vcpu *v, uint32_t error);

/* From the wire or one of our own sources. */
static void accept_fixed(struct vcpu *v, uint8_t vector, bool level)
{
    if ( vector >= 16 )
        vlapic_set_irq(v, vector, level);
    else
        raise_error(v, ESR_RECEIVED_BAD);
}

static void raise_local(struct vcpu *v, unsigned int lvt)
{
    const uint32_t entry = read_once(lapic(v)->regs[lvt][0]);

    if ( !(entry & LVT_MASKED) )
        accept_fixed(v, entry, false);
}

/* Once for each kind until ESR is written: so an error about the error's own vector ends here. */
static void raise_error(struct vcpu *v, uint32_t error)
{
    if ( !(__atomic_fetch_or(&lapic(v)->esr, error, __ATOMIC_SEQ_CST) & error) )
        raise_local(v, REG_LVT_ERROR);
}

static void accept(struct vcpu *v, unsigned int mode, uint8_t vector, bool level)
{
    if ( mode <= MODE_LOWEST ) {
        if ( lapic(v)->regs[REG_SVR][0] & SVR_ENABLE )
            accept_fixed(v, vector, level);
    } else if ( mode == MODE_NMI ) {
        vcpu_work(v, VCPU_WORK_NMI);
    } else if ( mode == MODE_INIT ) {
        hvm_signal_init(v);
    } else if ( mode == MODE_SIPI ) {
        hvm_signal_sipi(v, vector);
    }
}

static bool matches(const struct vcpu *v, uint32_t dest, bool logical)
{
    const struct vlapic *l = lapic(v);
    const uint32_t ldr = l->regs[REG_LDR][0] >> 24;

    if ( !is_enabled(l) )
        return false;
    if ( dest == DEST_ALL )
        return true;
    if ( !logical )
        return dest == apic_id_of(v);
    if ( is_x2apic(l) ) {
        const uint32_t own = x2apic_ldr(apic_id_of(v));

        return own >> 16 == dest >> 16 && (own & dest & 0xffff);
    }
    if ( l->regs[REG_DFR][0] >> 28 == DFR_FLAT )
        return ldr & dest & 0xff;
    return (ldr >> 4 == (dest >> 4 & 15) || (dest & 0xf0) == 0xf0) && (ldr & dest & 15);
}

/* To all of @d that @dest names but @except; of lowest priority: to the one. */
static void deliver(struct domain *d, const struct vcpu *except, uint32_t dest, bool logical,
                    unsigned int mode, uint8_t vector, bool level)
{
    uint32_t first = 0, end = d->max_vcpus;
    struct vcpu *best = NULL;

    if ( !logical && dest != DEST_ALL ) {
        first = dest / 2;
        end = min(end, first + 1);
    }
    for ( uint32_t i = first; i < end; i++ ) {
        struct vcpu *v = d->vcpu[i];

        if ( !v || v == except || !matches(v, dest, logical) )
            continue;
        if ( mode != MODE_LOWEST )
            accept(v, mode, vector, level);
        else if ( (lapic(v)->regs[REG_SVR][0] & SVR_ENABLE) && (!best || ppr(lapic(v)) < ppr(lapic(best))) )
            best = v;
    }
    if ( best )
        accept(best, MODE_FIXED, vector, level);
}

void vlapic_deliver(struct domain *d, uint32_t dest, bool logical, unsigned int mode, uint8_t vector, bool level)
{
    deliver(d, NULL, dest == 0xff && !logical ? DEST_ALL : dest, logical, mode, vector, level);
}

/* --- Timer ----------------------------------------------------------------------------------------- */

static uint64_t tick_ns(const struct vlapic *l)
{
    const uint32_t divide = l->regs[REG_TIMER_DIVIDE][0];

    return TICK_NS << (((divide & 3) + (divide >> 1 & 4) + 1) & 7);
}

/* The timer as it is set is to expire at @due_ns; 0: never. */
static void timer_set(struct vlapic *l, uint64_t due_ns)
{
    write_once(l->timer_due_ns, due_ns);
    if ( due_ns )
        timer_arm(&l->timer, due_ns);
    else
        timer_disarm(&l->timer);
}

static void timer_set_count(struct vlapic *l, uint32_t count)
{
    timer_set(l, count ? clock_now_ns() + count * tick_ns(l) : 0);
}

static void timer_set_deadline(struct vcpu *v, uint64_t deadline)
{
    struct vlapic *l = lapic(v);
    const uint64_t tsc = rdtsc(), now = tsc + v->hvm->tsc_offset;

    l->timer_deadline = deadline;
    timer_set(l, !deadline ? 0 :
              clock_tsc_to_ns(tsc + (deadline > now ? min(deadline - now, DELTA_MAX) : 0)) + 1);
}

static uint32_t timer_count(const struct vlapic *l)
{
    const uint64_t due = read_once(l->timer_due_ns), now = clock_now_ns();

    if ( due <= now || (l->regs[REG_LVT_TIMER][0] & LVT_DEADLINE) )
        return 0;
    return min(DIV_ROUND_UP(due - now, tick_ns(l)), (uint64_t)l->regs[REG_TIMER_INITIAL][0]);
}

/*
 * Maybe on another CPU while the guest sets the timer anew: then its value stays.  Ticks that
 * were missed are not made up for.
 */
static void timer_fired(void *arg)
{
    struct vcpu *v = arg;
    struct vlapic *l = lapic(v);
    uint64_t due = read_once(l->timer_due_ns), next = 0;
    const uint64_t now = clock_now_ns();

    if ( !due )
        return;
    if ( due > now ) {
        timer_arm(&l->timer, due);
        return;
    }
    if ( read_once(l->regs[REG_LVT_TIMER][0]) & LVT_PERIODIC ) {
        const uint64_t period = max(read_once(l->regs[REG_TIMER_INITIAL][0]) * tick_ns(l), (uint64_t)PERIOD_MIN_NS);

        next = due + period;
        if ( next <= now )
            next = now + period - (now - due) % period;
    }
    if ( !__atomic_compare_exchange_n(&l->timer_due_ns, &due, next, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED) )
        return;
    if ( next ) {
        timer_arm(&l->timer, next);
        smp_mb();
        due = read_once(l->timer_due_ns);
        if ( due && due != next )       /* set between, so our arming may have undone that */
            timer_arm(&l->timer, due);
    }
    raise_local(v, REG_LVT_TIMER);
}

void vlapic_timer_resume(struct vcpu *v, uint32_t count, uint64_t deadline)
{
    struct vlapic *l = lapic(v);
    const uint32_t lvt = l->regs[REG_LVT_TIMER][0];

    l->by_deadline = lvt & LVT_DEADLINE;
    if ( l->by_deadline )
        timer_set_deadline(v, deadline);
    else
        timer_set_count(l, count || !(lvt & LVT_PERIODIC) ? count : l->regs[REG_TIMER_INITIAL][0]);
}

void vlapic_tsc_moved(struct vcpu *v)
{
    struct vlapic *l = lapic(v);

    if ( (l->regs[REG_LVT_TIMER][0] & LVT_DEADLINE) && l->timer_due_ns )
        timer_set_deadline(v, l->timer_deadline);
}

/* --- Registers ------------------------------------------------------------------------------------- */

static void write_eoi(struct vcpu *v, unsigned int reg, uint32_t value)
{
    struct vlapic *l = lapic(v);
    const int vector = in_service(l);

    if ( vector < 0 )
        return;
    *word_of(l, REG_ISR, vector) &= ~(1U << vector % 32);
    l->changed |= 1;
    if ( unlikely(read_once(*word_of(l, REG_TMR, vector)) >> vector % 32 & 1) && v->domain->hvm->vioapic )
        vioapic_eoi(v->domain, vector);
}

static void write_svr(struct vcpu *v, unsigned int reg, uint32_t value)
{
    struct vlapic *l = lapic(v);

    l->regs[REG_SVR][0] = value;
    for ( unsigned int i = REG_LVT_TIMER; i <= REG_LVT_ERROR && !(value & SVR_ENABLE); i++ )
        l->regs[i][0] |= LVT_MASKED;
    /* An event upcall that came before was dropped. */
    if ( (value & SVR_ENABLE) && read_once(v->vcpu_info->evtchn_upcall_pending) )
        vcpu_work(v, VCPU_WORK_UPCALL);
}

static void write_dfr(struct vcpu *v, unsigned int reg, uint32_t value)
{
    lapic(v)->regs[REG_DFR][0] = value | 0x0fffffff;
}

static void write_esr(struct vcpu *v, unsigned int reg, uint32_t value)
{
    lapic(v)->regs[REG_ESR][0] = atomic_xchg32(&lapic(v)->esr, 0);
}

static void send_ipi(struct vcpu *v, uint32_t icr, uint32_t dest)
{
    const unsigned int mode = (icr & LVT_MODE) >> 8, shorthand = icr >> 18;
    const uint8_t vector = icr;

    if ( mode <= MODE_LOWEST && vector < 16 )
        raise_error(v, ESR_SENT_BAD);
    else if ( mode == MODE_INIT && (icr & ICR_LEVEL) == ICR_DEASSERT )
        return;
    else if ( shorthand == 0 )
        deliver(v->domain, NULL, dest, icr & ICR_LOGICAL, mode, vector, false);
    else if ( shorthand == 1 )
        accept(v, mode <= MODE_LOWEST ? MODE_FIXED : MODE_RESERVED, vector, false);
    else
        deliver(v->domain, shorthand == 2 ? NULL : v, DEST_ALL, false, mode, vector, false);
}

/* By MMIO; in x2APIC mode vlapic_write_msr has both halves. */
static void write_icr(struct vcpu *v, unsigned int reg, uint32_t value)
{
    struct vlapic *l = lapic(v);
    const uint32_t dest = l->regs[REG_ICR2][0] >> 24;

    l->regs[REG_ICR][0] = value;
    send_ipi(v, value, dest == 0xff && !(value & ICR_LOGICAL) ? DEST_ALL : dest);
}

static void write_self_ipi(struct vcpu *v, unsigned int reg, uint32_t value)
{
    send_ipi(v, 1U << 18 | value, 0);
}

static void write_lvt(struct vcpu *v, unsigned int reg, uint32_t value)
{
    struct vlapic *l = lapic(v);

    if ( !(l->regs[REG_SVR][0] & SVR_ENABLE) )
        value |= LVT_MASKED;
    if ( reg == REG_LVT_TIMER && l->by_deadline != !!(value & LVT_DEADLINE) ) {
        l->by_deadline = !l->by_deadline;
        timer_set(l, 0);
    }
    write_once(l->regs[reg][0], value);
}

static void write_timer_initial(struct vcpu *v, unsigned int reg, uint32_t value)
{
    struct vlapic *l = lapic(v);

    write_once(l->regs[REG_TIMER_INITIAL][0], value);
    if ( !(l->regs[REG_LVT_TIMER][0] & LVT_DEADLINE) )
        timer_set_count(l, value);
}

enum { RD = 1, WR = 2, RW = 3 };

static const struct reg {
    void   (*write)(struct vcpu *v, unsigned int reg, uint32_t value);  /* NULL: kept, that is all */
    uint32_t mask;              /* bits that can be written; in x2APIC mode others must be zero */
    uint8_t  access[2];         /* in xAPIC and in x2APIC mode; none: not there */
} table[VLAPIC_REGS] = {
    [REG_ID]            = { NULL, 0, { RD, RD } },
    [REG_VERSION]       = { NULL, 0, { RD, RD } },
    [REG_TPR]           = { NULL, 0xff, { RW, RW } },
    [REG_PPR]           = { NULL, 0, { RD, RD } },
    [REG_EOI]           = { write_eoi, 0, { WR, WR } },
    [REG_LDR]           = { NULL, 0xff000000, { RW, RD } },
    [REG_DFR]           = { write_dfr, 0xf0000000, { RW, 0 } },
    [REG_SVR]           = { write_svr, 0x3ff, { RW, RW } },
    [REG_ISR ... REG_ESR - 1] = { NULL, 0, { RD, RD } },
    [REG_ESR]           = { write_esr, 0, { RW, RW } },
    [REG_ICR]           = { write_icr, 0xccfff, { RW, RW } },
    [REG_ICR2]          = { NULL, 0xff000000, { RW, 0 } },
    [REG_LVT_TIMER]     = { write_lvt, 0x700ff, { RW, RW } },
    [REG_LVT_THERMAL ... REG_LVT_PERF] = { write_lvt, 0x107ff, { RW, RW } },
    [REG_LVT_LINT0 ... REG_LVT_LINT1] = { write_lvt, 0x1a7ff, { RW, RW } },
    [REG_LVT_ERROR]     = { write_lvt, 0x100ff, { RW, RW } },
    [REG_TIMER_INITIAL] = { write_timer_initial, ~0U, { RW, RW } },
    [REG_TIMER_CURRENT] = { NULL, 0, { RD, RD } },
    [REG_TIMER_DIVIDE]  = { NULL, 0xb, { RW, RW } },     /* counts from the next write of the initial count */
    [REG_SELF_IPI]      = { write_self_ipi, 0xff, { 0, WR } },
};

static void write_reg(struct vcpu *v, unsigned int reg, uint32_t value)
{
    if ( table[reg].write )
        table[reg].write(v, reg, value);
    else
        lapic(v)->regs[reg][0] = value;
}

static uint32_t read_reg(const struct vcpu *v, unsigned int reg)
{
    struct vlapic *l = lapic(v);
    const uint32_t id = apic_id_of(v);

    take_posted(l);
    switch ( reg ) {
    case REG_ID:            return is_x2apic(l) ? id : id << 24;
    case REG_PPR:           return ppr(l);
    case REG_LDR:           return is_x2apic(l) ? x2apic_ldr(id) : l->regs[reg][0];
    case REG_TIMER_CURRENT: return timer_count(l);
    default:                return read_once(l->regs[reg][0]);
    }
}

bool vlapic_mmio_at(const struct vcpu *v, uint64_t gpa)
{
    const struct vlapic *l = lapic(v);

    return is_enabled(l) && !is_x2apic(l) && ALIGN_DOWN(gpa, 4096) == ALIGN_DOWN(l->base, 4096);
}

static bool mmio_allowed(struct vcpu *v, uint32_t offset, uint8_t access)
{
    if ( offset < 0x400 && table[offset / 16].access[0] )
        return table[offset / 16].access[0] & access;
    raise_error(v, ESR_BAD_REGISTER);
    return false;
}

uint32_t vlapic_read(struct vcpu *v, uint32_t offset)
{
    if ( !mmio_allowed(v, offset, RD) || offset % 16 >= 4 )
        return 0;
    return read_reg(v, offset / 16) >> offset % 4 * 8;
}

void vlapic_write(struct vcpu *v, uint32_t offset, uint32_t value)
{
    if ( mmio_allowed(v, offset, WR) && offset % 16 == 0 )
        write_reg(v, offset / 16, value & table[offset / 16].mask);
}

/* Between disabled (0), xAPIC (2) and x2APIC (3) not every way is open (SDM vol 3A figure 11-27). */
static int write_base(struct vcpu *v, uint64_t val)
{
    static const uint8_t allowed[4] = { [0] = 0x5, [2] = 0xd, [3] = 0x9 };
    struct vlapic *l = lapic(v);
    const unsigned int to = val >> 10 & 3;

    if ( val & ~(0xfffffffff000ULL | APIC_BASE_ENABLE | APIC_BASE_X2APIC | APIC_BASE_BSP) ||
         !(allowed[l->base >> 10 & 3] >> to & 1) )
        return -XEN_EPERM;
    l->base = (val & ~(uint64_t)APIC_BASE_BSP) | (l->base & APIC_BASE_BSP);
    l->changed |= VLAPIC_MODE;
    if ( to == 0 )
        vlapic_reset(v);
    return 0;
}

int vlapic_read_msr(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    const struct vlapic *l = lapic(v);
    const unsigned int reg = msr - MSR_X2APIC_FIRST;

    if ( msr == MSR_TSC_DEADLINE ) {
        *val = read_once(l->timer_due_ns) && (l->regs[REG_LVT_TIMER][0] & LVT_DEADLINE) ? l->timer_deadline : 0;
    } else if ( msr == MSR_APIC_BASE ) {
        *val = l->base;
    } else {
        if ( reg >= ARRAY_SIZE(table) || !is_x2apic(l) || !(table[reg].access[1] & RD) )
            return -XEN_EPERM;
        *val = read_reg(v, reg);
        if ( reg == REG_ICR )
            *val |= (uint64_t)l->regs[REG_ICR2][0] << 32;
    }
    return 0;
}

int vlapic_write_msr(struct vcpu *v, uint32_t msr, uint64_t val)
{
    struct vlapic *l = lapic(v);
    const unsigned int reg = msr - MSR_X2APIC_FIRST;

    if ( msr == MSR_TSC_DEADLINE ) {
        if ( l->regs[REG_LVT_TIMER][0] & LVT_DEADLINE )
            timer_set_deadline(v, val);
        return 0;
    }
    if ( msr == MSR_APIC_BASE )
        return write_base(v, val);
    if ( reg >= ARRAY_SIZE(table) || !is_x2apic(l) || !(table[reg].access[1] & WR) )
        return -XEN_EPERM;
    if ( reg == REG_ICR ) {
        if ( (uint32_t)val & ~table[REG_ICR].mask )
            return -XEN_EPERM;
        l->regs[REG_ICR][0] = val;
        l->regs[REG_ICR2][0] = val >> 32;
        send_ipi(v, val, val >> 32);
        return 0;
    }
    if ( val & ~(uint64_t)table[reg].mask )
        return -XEN_EPERM;
    write_reg(v, reg, val);
    return 0;
}

/* --- Going out ------------------------------------------------------------------------------------- */

static int highest_irr(struct vlapic *l)
{
    take_posted(l);
    if ( hvm_virtual_irqs )             /* and the processor adds interrupts to oneself */
        l->irr_words = 0xff;
    while ( unlikely(l->irr_words) ) {
        const unsigned int w = highest_bit(l->irr_words);

        if ( l->regs[REG_IRR + w][0] )
            return w * 32 + highest_bit(l->regs[REG_IRR + w][0]);
        l->irr_words &= ~(1U << w);
    }
    return -1;
}

int vlapic_pending(struct vcpu *v)
{
    struct vlapic *l = lapic(v);
    const int vector = highest_irr(l);

    return vector >= 0 && (vector & 0xf0U) > (ppr(l) & 0xf0) ? vector : -1;
}

unsigned int vlapic_waits_for_tpr(struct vcpu *v)
{
    struct vlapic *l = lapic(v);
    const int class = highest_irr(l) >> 4;

    return class > 0 && class <= (int)(l->regs[REG_TPR][0] >> 4) && class > in_service(l) >> 4 ? class : 0;
}

void vlapic_ack(struct vcpu *v, uint8_t vector)
{
    *word_of(lapic(v), REG_IRR, vector) &= ~(1U << vector % 32);
    *word_of(lapic(v), REG_ISR, vector) |= 1U << vector % 32;
}

uint32_t vlapic_changes(struct vcpu *v, uint16_t *status)
{
    struct vlapic *l = lapic(v);
    uint32_t changes;

    take_posted(l);
    changes = l->changed;
    l->changed = 0;
    if ( changes )
        *status = max(highest_irr(l), 0) | max(in_service(l), 0) << 8;
    return changes;
}

bool vlapic_accepts_extint(const struct vcpu *v)
{
    const struct vlapic *l = lapic(v);

    return !is_enabled(l) || (l->regs[REG_LVT_LINT0][0] & (LVT_MASKED | LVT_MODE)) == MODE_EXTINT << 8;
}

uint8_t vlapic_tpr(const struct vcpu *v) { return lapic(v)->regs[REG_TPR][0]; }

void vlapic_set_tpr(struct vcpu *v, uint8_t tpr) { lapic(v)->regs[REG_TPR][0] = tpr; }

void vlapic_reset(struct vcpu *v)
{
    struct vlapic *l = lapic(v);

    timer_set(l, 0);
    take_posted(l);
    for ( unsigned int i = 0; i < VLAPIC_REGS; i++ )
        l->regs[i][0] = i >= REG_LVT_TIMER && i <= REG_LVT_ERROR ? LVT_MASKED : 0;
    l->regs[REG_ID][0] = apic_id_of(v) << 24;
    l->regs[REG_VERSION][0] = VLAPIC_VERSION;
    l->regs[REG_DFR][0] = ~0U;
    l->regs[REG_SVR][0] = 0xff;
    l->by_deadline = false;
    l->esr = 0;
    l->changed = VLAPIC_MODE;
}

int vlapic_init(struct vcpu *v)
{
    struct vlapic *l = lapic(v);

    l->regs = heap_alloc_page();
    if ( !l->regs )
        return -XEN_ENOMEM;
    l->base = VLAPIC_DEFAULT_BASE | APIC_BASE_ENABLE | (v->id ? 0 : APIC_BASE_BSP);
    timer_init(&l->timer, timer_fired, v, v->processor);
    vlapic_reset(v);
    return 0;
}

void vlapic_free(struct vcpu *v)
{
    if ( !lapic(v)->regs )
        return;
    write_once(lapic(v)->timer_due_ns, 0);
    timer_kill(&lapic(v)->timer);
    heap_free_page(lapic(v)->regs);
}

void vlapic_migrate(struct vcpu *v, unsigned int cpu) { timer_migrate(&lapic(v)->timer, cpu); }
