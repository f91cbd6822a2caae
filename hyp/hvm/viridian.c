/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypervisor Top-Level Functional Specification (TLFS), as far as a guest gains by it: time,
 * timers by message, interrupts, TLB flushes.  The numbers are the specification's.
 *
 * Pages that the guest names (hypercalls, reference TSC, assist, messages) are its own RAM, written
 * by guest-physical address each time; in the assist page we never write anything but zeros.
 * Interrupts with automatic EOI are refused: we recommend against them (leaf 4), and kernels that
 * know synthetic timers heed that.  Sets of processors (ex_processor_masks) are not offered:
 * kernels do without for those beyond the 64th.
 */
#include "hvm/viridian.h"

#include <xenabi/sched.h>

#include "base/log.h"
#include "core/domain.h"
#include "core/p2m.h"
#include "core/sched.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/msr.h"
#include "hvm/hvm_vcpu.h"
#include "kern/clock.h"
#include "kern/timer.h"
#include "mem/slab.h"

enum viridian_msr {
    HV_GUEST_OS_ID, HV_HYPERCALL, HV_VP_INDEX,
    HV_TIME_REF_COUNT = 0x20, HV_REFERENCE_TSC, HV_TSC_FREQUENCY, HV_APIC_FREQUENCY,
    HV_EOI = 0x70, HV_ICR, HV_TPR, HV_VP_ASSIST,
    HV_SCONTROL = 0x80, HV_SVERSION, HV_SIEFP, HV_SIMP, HV_EOM, HV_SINT0 = 0x90, HV_SINT15 = 0x9f,
    HV_STIMER0_CONFIG = 0xb0, HV_STIMER0_COUNT, HV_STIMER3_COUNT = 0xb7,
    HV_CRASH_P0 = 0x100, HV_CRASH_P4 = 0x104, HV_CRASH_CTL, HV_NR,
};
#define PAGE_ENABLE         BIT(0)          /* of the MSRs that name a page */
#define HYPERCALL_LOCKED    BIT(1)
#define CRASH_NOTIFY        BIT(63)
#define SINT_MASKED         BIT(16)
#define SINT_AUTO_EOI       BIT(17)
#define STIMER_ENABLE       BIT(0)
#define STIMER_PERIODIC     BIT(1)
#define STIMER_AUTO_ENABLE  BIT(3)
#define STIMER_WRITABLE     0xf000fUL       /* these, lazy, and the SINT; no direct mode */
#define STIMER_SINT(c)      ((c) >> 16 & 15)
#define NR_STIMERS          4
#define APIC_HZ             100000000UL     /* vlapic.c's timer */
#define APIC_EOI            0x0b0
#define APIC_ICR            0x300
#define APIC_ICR2           0x310
#define UNIT_NS             100             /* of reference time */
#define PERIOD_MIN          1000UL          /* a timer is not served faster: 100 us */

struct viridian {
    struct lock lock;                       /* rank VDEV: registers, timers and messages */
    uint64_t    base_ns;                    /* when reference time was 0 */
    struct viridian_vcpu {
        uint64_t reg[HV_NR];                /* the domain's are vCPU 0's: see reg_of */
        uint32_t expired;                   /* bit n: stimer n's message waits for its slot */
        struct stimer {
            uint64_t due, was_due;          /* in reference time; of its message */
            struct timer timer;
            struct vcpu *v;                 /* NULL: not used yet */
        } stimer[NR_STIMERS];
    } vcpu[];
};

/* As TLFS 11.10.3 lays out a message of an expired timer. */
struct timer_message {
    uint32_t type;
    uint8_t  payload_bytes, flags, reserved[2];
    uint64_t sender;
    uint32_t timer, reserved1;
    uint64_t expiration, delivery;
};
#define MESSAGE_TIMER       0x80000010U
#define MESSAGE_PENDING     1               /* flags: write EOM when the slot is free */
#define MESSAGE_SLOT        256

static struct viridian *of(const struct vcpu *v) { return v->domain->hvm->viridian; }
static uint64_t ref_time(const struct viridian *h) { return (clock_now_ns() - h->base_ns) / UNIT_NS; }

/* --- What is offered --------------------------------------------------------------------------- */

/* What comes with a group: MSRs, bits of leaf 3 in EAX (0-31) and EDX (32-63), bits of leaf 4's EAX. */
static const struct {
    uint16_t group, first, last;
    bool     is_fixed;                      /* not to be written */
    uint32_t hints;
    uint64_t features;
} offers[] = {
    { HVMPV_base_freq, HV_GUEST_OS_ID, HV_HYPERCALL, false, BIT(5) | BIT(9), BIT(5) },
    { HVMPV_base_freq, HV_VP_INDEX, HV_VP_INDEX, true, 0, BIT(6) },
    { HVMPV_base_freq, HV_EOI, HV_VP_ASSIST, false, 0, BIT(4) },
    { HVMPV_no_freq, HV_TSC_FREQUENCY, HV_APIC_FREQUENCY, true, 0, BIT(11) | BIT(32 + 8) },    /* see offered */
    { HVMPV_time_ref_count, HV_TIME_REF_COUNT, HV_TIME_REF_COUNT, true, 0, BIT(1) },
    { HVMPV_reference_tsc, HV_REFERENCE_TSC, HV_REFERENCE_TSC, false, 0, BIT(9) },
    { HVMPV_synic, HV_SCONTROL, HV_EOM, false, 0, BIT(2) },
    { HVMPV_synic, HV_SINT0, HV_SINT15, false, 0, 0 },
    { HVMPV_stimer, HV_STIMER0_CONFIG, HV_STIMER3_COUNT, false, 0, BIT(3) },
    { HVMPV_crash_ctl, HV_CRASH_P0, HV_CRASH_CTL, false, 0, BIT(32 + 10) },
    { HVMPV_hcall_remote_tlb_flush, HV_NR, 0, false, BIT(2), 0 },
    { HVMPV_apic_assist, HV_NR, 0, false, BIT(3), 0 },          /* EOI, ICR and TPR by MSR */
    { HVMPV_hcall_ipi, HV_NR, 0, false, BIT(10), 0 },
    { HVMPV_cpu_hotplug, HV_NR, 0, false, 0, BIT(32 + 3) },
};

/* One group says what is not offered. */
static bool offered(const struct domain *d, uint64_t group)
{
    return (d->hvm->params[HVM_PARAM_VIRIDIAN] ^ HVMPV_no_freq) & group;
}

void viridian_cpuid(const struct domain *d, uint32_t leaf, struct cpuid_regs *out)
{
    static const struct cpuid_regs leaves[] = {
        { VIRIDIAN_LEAF + 6, 0x7263694d, 0x666f736f, 0x76482074 },
        { .a = 0x31237648 },                /* "Hv#1" */
        { .b = 6 << 16 },                   /* version, as of Windows Server 2008, the first */
        { 0 }, { .b = 2047 },               /* spins before HvNotifyLongSpinWait */
        { .a = 64 }, { .a = BIT(3) },       /* processors; nested paging */
    };
    uint64_t features = 0, hints = 0;

    for ( size_t i = 0; i < ARRAY_SIZE(offers); i++ )
        if ( offered(d, offers[i].group) ) {
            features |= offers[i].features;
            hints |= offers[i].hints;
        }
    *out = leaf - VIRIDIAN_LEAF < ARRAY_SIZE(leaves) ? leaves[leaf - VIRIDIAN_LEAF] : (struct cpuid_regs){ 0 };
    switch ( leaf - VIRIDIAN_LEAF ) {
    case 3:
        out->a = features;
        out->d = features >> 32;
        break;
    case 4:
        out->a = hints;
        break;
    case 5:
        out->a |= offered(d, HVMPV_no_vp_limit) ? ~0U : 0;
        break;
    }
}

int viridian_enable(struct domain *d, uint64_t features)
{
    struct viridian *h;

    if ( !(features & HVMPV_base_freq) || (features & ~(uint64_t)HVMPV_feature_mask) ||
         ((features & HVMPV_stimer) && !(features & HVMPV_synic)) ) {
        log_warn("%pd: viridian groups %#lx: unknown, without base, or stimer without synic\n", d, features);
        return -XEN_EINVAL;
    }
    if ( d->hvm->viridian )
        return -XEN_EEXIST;
    h = slab_alloc(sizeof(*h) + d->max_vcpus * sizeof(h->vcpu[0]));
    if ( !h )
        return -XEN_ENOMEM;
    lock_init(&h->lock, RANK_VDEV);
    h->base_ns = clock_now_ns();
    for ( uint32_t i = 0; i < d->max_vcpus; i++ ) {
        uint64_t *const reg = h->vcpu[i].reg;

        reg[HV_VP_INDEX] = i;
        reg[HV_TSC_FREQUENCY] = clock_tsc_khz() * 1000UL;
        reg[HV_APIC_FREQUENCY] = APIC_HZ;
        reg[HV_SVERSION] = 1;
        reg[HV_CRASH_CTL] = CRASH_NOTIFY;
        for ( unsigned int n = HV_SINT0; n <= HV_SINT15; n++ )
            reg[n] = SINT_MASKED;
    }
    write_once(d->hvm->viridian, h);
    return 0;
}

void viridian_stop(struct vcpu *v)
{
    for ( unsigned int n = 0; of(v) && n < NR_STIMERS; n++ )
        if ( of(v)->vcpu[v->id].stimer[n].v )
            timer_kill(&of(v)->vcpu[v->id].stimer[n].timer);
}

/* --- Pages --------------------------------------------------------------------------------------- */

/* The page that @msr names: @head, then zeros.  0 if it is not enabled or done, -XEN_EPERM: not RAM. */
static int fill_page(struct vcpu *v, uint64_t msr, const void *head, size_t len)
{
    static const uint8_t zeros[PAGE_SIZE];
    const uint64_t gpa = msr & PAGE_MASK;

    return !(msr & PAGE_ENABLE) || (hvm_write_phys(v->domain, gpa, zeros, PAGE_SIZE) &&
                                    hvm_write_phys(v->domain, gpa, head, len)) ? 0 : -XEN_EPERM;
}

/* Reference time is (TSC * scale >> 64) + offset. */
static int fill_tsc_page(struct vcpu *v, uint64_t msr)
{
    const uint64_t khz = clock_tsc_khz(), high = (10000UL << 32) / khz;
    struct {
        uint32_t sequence, reserved;
        uint64_t scale, offset;
    } page = { .sequence = 1, .scale = high << 32 | ((10000UL << 32) % khz << 32) / khz };
    const uint64_t now = clock_now_ns(), tsc = clock_ns_to_tsc(now) + v->hvm->tsc_offset;

    page.offset = (now - of(v)->base_ns) / UNIT_NS - (uint64_t)(((unsigned __int128)tsc * page.scale) >> 64);
    return fill_page(v, msr, &page, sizeof(page));
}

/* --- Synthetic timers ---------------------------------------------------------------------------- */

/*
 * Put the messages of timers that have expired into their slots, as far as these are free.  Locked, and
 * @v is current: memory that the guest gives back is not touched by others, who would not hear of it.
 */
static void deliver(struct vcpu *v)
{
    struct viridian_vcpu *const hv = &of(v)->vcpu[v->id];
    const uint64_t simp = hv->reg[HV_SIMP];

    for ( unsigned int n = 0; n < NR_STIMERS; n++ ) {
        const unsigned int sint = STIMER_SINT(hv->reg[HV_STIMER0_CONFIG + 2 * n]);
        const uint64_t slot = (simp & PAGE_MASK) + sint * MESSAGE_SLOT, how = hv->reg[HV_SINT0 + sint];
        struct timer_message m;

        if ( !(hv->expired & BIT(n)) || !(simp & PAGE_ENABLE) || !(hv->reg[HV_SCONTROL] & 1) ||
             !hvm_read_phys(v->domain, slot, &m, sizeof(m)) )
            continue;
        if ( m.type ) {
            m.flags |= MESSAGE_PENDING;
            (void)!hvm_write_phys(v->domain, slot + offsetof(struct timer_message, flags), &m.flags, 1);
            continue;
        }
        m = (struct timer_message){ .type = MESSAGE_TIMER, .payload_bytes = 24, .timer = n,
                                    .expiration = hv->stimer[n].was_due, .delivery = ref_time(of(v)) };
        hv->expired &= ~BIT(n);
        /* The type comes last: it is what the guest waits for. */
        if ( hvm_write_phys(v->domain, slot + 4, (uint8_t *)&m + 4, sizeof(m) - 4) &&
             hvm_write_phys(v->domain, slot, &m, 4) && !(how & SINT_MASKED) )
            vlapic_set_irq(v, how, false);
    }
}

void viridian_deliver(struct vcpu *v)
{
    struct viridian *const h = of(v);

    if ( !h || !read_once(h->vcpu[v->id].expired) )
        return;
    spin_lock(&h->lock);
    deliver(v);
    spin_unlock(&h->lock);
}

static void stimer_fired(void *arg)
{
    struct stimer *const t = arg;
    struct viridian *const h = of(t->v);
    struct viridian_vcpu *const hv = &h->vcpu[t->v->id];
    const unsigned int n = t - hv->stimer;
    uint64_t *const reg = &hv->reg[HV_STIMER0_CONFIG + 2 * n];

    spin_lock(&h->lock);
    if ( (reg[0] & STIMER_ENABLE) && ref_time(h) >= t->due ) {
        hv->expired |= BIT(n);
        t->was_due = t->due;
        if ( reg[0] & STIMER_PERIODIC ) {       /* ticks that were missed are not made up for */
            t->due = ref_time(h) + min(max(reg[1], PERIOD_MIN), BIT(52));
            timer_arm(&t->timer, h->base_ns + t->due * UNIT_NS);
        } else
            reg[0] &= ~STIMER_ENABLE;
    }
    spin_unlock(&h->lock);
    hvm_kick(t->v);                     /* viridian_deliver */
}

/* Timer @n's registers, @reg, are new.  Locked. */
static void set_stimer(struct vcpu *v, unsigned int n, uint64_t *reg)
{
    struct viridian *const h = of(v);
    struct stimer *const t = &h->vcpu[v->id].stimer[n];
    const uint64_t now = ref_time(h);

    if ( !t->v ) {
        timer_init(&t->timer, stimer_fired, t, v->processor);
        t->v = v;
    }
    h->vcpu[v->id].expired &= ~BIT(n);
    if ( !reg[1] || !STIMER_SINT(reg[0]) )
        reg[0] &= ~STIMER_ENABLE;
    timer_migrate(&t->timer, v->processor);
    if ( reg[0] & STIMER_ENABLE ) {
        t->due = reg[0] & STIMER_PERIODIC ? now + min(max(reg[1], PERIOD_MIN), BIT(52)) : reg[1];
        timer_arm(&t->timer, h->base_ns + min(t->due, now + BIT(52)) * UNIT_NS);
    } else
        timer_disarm(&t->timer);
}

/* --- MSRs ---------------------------------------------------------------------------------------- */

/* Index of an MSR that @v may read or write, or -1. */
static int find_msr(const struct vcpu *v, uint32_t msr, bool is_write)
{
    const uint32_t index = msr - VIRIDIAN_MSR;

    for ( size_t i = 0; i < ARRAY_SIZE(offers); i++ )
        if ( offers[i].first <= index && index <= offers[i].last && offered(v->domain, offers[i].group) &&
             !(is_write && offers[i].is_fixed) )
            return index;
    return -1;
}

static uint64_t *reg_of(const struct vcpu *v, int index)
{
    return &of(v)->vcpu[index < HV_EOI && index != HV_VP_INDEX ? 0 : v->id].reg[index];
}

int viridian_read_msr(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    const int index = find_msr(v, msr, false);

    switch ( index ) {
    case -1:                return -XEN_EPERM;
    case HV_TIME_REF_COUNT: *val = ref_time(of(v));     break;
    case HV_TPR:            *val = vlapic_tpr(v);       break;
    case HV_ICR:            *val = (uint64_t)vlapic_read(v, APIC_ICR2) << 32 | vlapic_read(v, APIC_ICR);  break;
    default:                *val = *reg_of(v, index);   break;
    }
    return 0;
}

/* 0, or -XEN_EPERM. */
static int write_icr(struct vcpu *v, uint64_t val)
{
    if ( v->hvm->vlapic.base & APIC_BASE_X2APIC )
        return vlapic_write_msr(v, MSR_X2APIC_FIRST + APIC_ICR / 16, val);
    vlapic_write(v, APIC_ICR2, val >> 32);
    vlapic_write(v, APIC_ICR, val);
    return 0;
}

/* What a write does, but for the local APIC's registers.  Locked.  0, or -XEN_EPERM. */
static int write_reg(struct vcpu *v, int index, uint64_t val)
{
    /* or $VIRIDIAN_HYPERCALL, %eax; vmcall or vmmcall; ret */
    const uint8_t code[] = { 0x0d, 0x00, 0x00, 0x00, 0x80, 0x0f, 0x01, cpu.is_amd ? 0xd9 : 0xc1, 0xc3 };
    uint64_t *const reg = reg_of(v, index), *const p = reg_of(v, HV_CRASH_P0), *const call = reg_of(v, HV_HYPERCALL);
    int rc = 0;

    switch ( index ) {
    case HV_GUEST_OS_ID:
        *call &= val ? ~0UL : ~PAGE_ENABLE;
        break;
    case HV_HYPERCALL:
        if ( *call & HYPERCALL_LOCKED )
            return 0;
        if ( !*reg_of(v, HV_GUEST_OS_ID) )
            val &= ~PAGE_ENABLE;
        rc = fill_page(v, val, code, sizeof(code));
        break;
    case HV_REFERENCE_TSC:
        rc = fill_tsc_page(v, val);
        break;
    case HV_VP_ASSIST: case HV_SIEFP: case HV_SIMP:
        rc = fill_page(v, val, code, 0);
        break;
    case HV_EOM:
        deliver(v);
        return 0;
    case HV_SVERSION:
        return -XEN_EPERM;
    case HV_SINT0 ... HV_SINT15:
        rc = !(val & SINT_MASKED) && ((val & SINT_AUTO_EOI) || (val & 0xff) < 16) ? -XEN_EPERM : 0;
        break;
    case HV_STIMER0_CONFIG ... HV_STIMER3_COUNT:
        *reg = index & 1 ? val : val & STIMER_WRITABLE;
        if ( (index & 1) && val && (reg[-1] & STIMER_AUTO_ENABLE) )
            reg[-1] |= STIMER_ENABLE;
        set_stimer(v, (index - HV_STIMER0_CONFIG) / 2, reg - (index & 1));
        return 0;
    case HV_CRASH_CTL:
        if ( val & CRASH_NOTIFY ) {
            log_guest(v->domain, LOG_WARN, "%pv: the guest tells of its crash: %#lx %#lx %#lx %#lx %#lx\n", v,
                      p[0], p[1], p[2], p[3], p[4]);
            domain_set_shutdown_code(v->domain, SHUTDOWN_crash);
        }
        return 0;
    }
    if ( !rc )
        *reg = val;
    return rc;
}

int viridian_write_msr(struct vcpu *v, uint32_t msr, uint64_t val)
{
    const int index = find_msr(v, msr, true);
    int rc;

    switch ( index ) {
    case -1:        return -XEN_EPERM;
    case HV_EOI:    vlapic_write(v, APIC_EOI, 0);   return 0;
    case HV_ICR:    return write_icr(v, val);
    case HV_TPR:    vlapic_set_tpr(v, val);         return 0;
    }
    spin_lock(&of(v)->lock);
    rc = write_reg(v, index, val);
    spin_unlock(&of(v)->lock);
    return rc;
}

/* --- Hypercalls ------------------------------------------------------------------------------------ */

enum { HV_SUCCESS, HV_INVALID_CODE = 2, HV_INVALID_PARAMETER = 5 };
enum { HV_FLUSH_SPACE = 2, HV_FLUSH_LIST = 3, HV_LONG_SPIN_WAIT = 8, HV_SEND_IPI = 0xb };
#define HV_FAST         BIT(16)         /* arguments are in registers */
#define HV_LISTED       (0xfffUL << 32) /* how many there are; in the result, how many were done */

/* @p0, @p1: arguments, or the guest-physical addresses of input and output. */
static uint64_t hypercall(struct vcpu *v, uint64_t input, uint64_t p0, uint64_t p1)
{
    struct domain *const d = v->domain;
    uint64_t in[2] = { p0, p1 };
    const uint16_t code = input;

    if ( (code == HV_FLUSH_SPACE || code == HV_FLUSH_LIST) && offered(d, HVMPV_hcall_remote_tlb_flush) )
        p2m_flush(d);                   /* everything, everywhere: more than was asked for is allowed */
    else if ( code == HV_LONG_SPIN_WAIT )
        sched_yield(v);
    else if ( code == HV_SEND_IPI && offered(d, HVMPV_hcall_ipi) ) {
        if ( (!(input & HV_FAST) && !hvm_read_phys(d, p0, in, sizeof(in))) || in[0] < 16 || in[0] > 255 )
            return HV_INVALID_PARAMETER;
        for ( uint32_t i = 0; i < min(d->max_vcpus, 64U); i++ )
            if ( (in[1] >> i & 1) && d->vcpu[i] )
                vlapic_set_irq(d->vcpu[i], in[0], false);
    } else
        return HV_INVALID_CODE;
    return HV_SUCCESS | (input & HV_LISTED);
}

void viridian_hypercall(struct vcpu *v)
{
    struct cpu_frame *const r = &v->regs;
    uint64_t out;

    if ( hvm_code_bytes(v) == 8 ) {
        r->rax = hypercall(v, r->rcx, r->rdx, r->r8);
        return;
    }
    out = hypercall(v, r->rdx << 32 | ((uint32_t)r->rax & ~VIRIDIAN_HYPERCALL),
                    r->rbx << 32 | (uint32_t)r->rcx, r->rdi << 32 | (uint32_t)r->rsi);
    r->rax = (uint32_t)out;
    r->rdx = out >> 32;
}
