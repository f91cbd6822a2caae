/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC (SDM vol 3A ch. 10), by memory (xAPIC) or MSRs (x2APIC); physical
 * destinations only.  x2APIC is used if the processor has it and the option x2apic is
 * not off, or if the firmware left it on.
 *
 * The timer is the TSC deadline where there is one, else one-shot at the bus clock.
 */
#include "plat/apic.h"

#include "base/assert.h"
#include "base/log.h"
#include "cpu/asm.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"
#include "kern/clock.h"
#include "kern/cmdline.h"
#include "mem/paging.h"
#include "plat/ioapic.h"
#include "plat/irq.h"

#define APIC_ID         0x020
#define APIC_VERSION    0x030
#define APIC_TPR        0x080
#define APIC_EOI        0x0b0
#define APIC_SVR        0x0f0
#define   SVR_ENABLE      0x100
#define APIC_ESR        0x280
#define APIC_ICR        0x300
#define APIC_ICR_HIGH   0x310
#define   ICR_FIXED       0x00000
#define   ICR_NMI         0x00400
#define   ICR_INIT        0x00500
#define   ICR_STARTUP     0x00600
#define   ICR_PENDING     0x01000
#define   ICR_ASSERT      0x04000
#define   ICR_OTHERS      0xc0000
#define APIC_LVT_TIMER  0x320
#define   LVT_DEADLINE    0x40000
#define APIC_LVT_THERMAL 0x330
#define APIC_LVT_PERF   0x340
#define APIC_LVT_LINT0  0x350
#define APIC_LVT_LINT1  0x360
#define APIC_LVT_ERROR  0x370
#define   LVT_MASKED      0x10000
#define   LVT_NMI         0x00400
#define APIC_TIMER_INIT 0x380
#define APIC_TIMER_NOW  0x390
#define APIC_TIMER_DIV  0x3e0
#define   TIMER_DIV_1     0x0b

#define CPUID1_C_X2APIC     (1U << 21)
#define CPUID1_C_DEADLINE   (1U << 24)

#define CALIBRATE_US    2000

static uint8_t *apic_regs ro_after_init;        /* xAPIC only */
static bool x2apic ro_after_init;
static bool has_deadline ro_after_init;
static uint32_t timer_khz ro_after_init;

static uint32_t apic_read(unsigned int reg)
{
    return x2apic ? rdmsr(MSR_X2APIC_FIRST + (reg >> 4))
                  : read_once(*(uint32_t *)(apic_regs + reg));
}

static void apic_write(unsigned int reg, uint32_t v)
{
    if ( x2apic )
        wrmsr(MSR_X2APIC_FIRST + (reg >> 4), v);
    else
        write_once(*(uint32_t *)(apic_regs + reg), v);
}

bool apic_is_x2apic(void) { return x2apic; }

uint32_t apic_id(void)
{
    const uint32_t id = apic_read(APIC_ID);

    return x2apic ? id : id >> 24;
}

uint32_t apic_read_error(void)
{
    /* A write makes the errors since the last one readable (SDM vol 3A 10.5.3). */
    apic_write(APIC_ESR, 0);
    return apic_read(APIC_ESR);
}

void apic_eoi(void) { apic_write(APIC_EOI, 0); }

static void send_icr(uint32_t dest, uint32_t low)
{
    if ( x2apic ) {
        mfence_lfence();
        wrmsr(MSR_X2APIC_FIRST + (APIC_ICR >> 4), (uint64_t)dest << 32 | low);
        return;
    }
    /* Pending for some cycles only: with interrupts off nobody else writes it. */
    for ( unsigned int i = 0; i < 100000 && (apic_read(APIC_ICR) & ICR_PENDING); i++ )
        cpu_relax();
    apic_write(APIC_ICR_HIGH, dest << 24);
    apic_write(APIC_ICR, low);
}

void apic_send_ipi(uint32_t id, uint8_t vector) { send_icr(id, ICR_FIXED | ICR_ASSERT | vector); }

void apic_send_init(uint32_t id) { send_icr(id, ICR_INIT | ICR_ASSERT); }

void apic_send_sipi(uint32_t id, uint8_t page) { send_icr(id, ICR_STARTUP | ICR_ASSERT | page); }

void apic_send_nmi_others(void) { send_icr(0, ICR_NMI | ICR_ASSERT | ICR_OTHERS); }

void apic_timer_arm(uint64_t deadline_ns)
{
    uint64_t now, ticks;

    if ( has_deadline ) {
        uint64_t tsc = deadline_ns == ~0ULL ? 0 : clock_ns_to_tsc(deadline_ns);

        mfence_lfence();
        wrmsr(MSR_TSC_DEADLINE, tsc);
        return;
    }
    if ( deadline_ns == ~0ULL ) {
        apic_write(APIC_TIMER_INIT, 0);
        return;
    }
    now = clock_now_ns();
    ticks = 1;
    if ( deadline_ns > now ) {
        const uint64_t delta = deadline_ns - now;

        /* Far ones fire early, and the timer code arms again. */
        ticks = delta > 4000000000ULL ? 4000ULL * timer_khz : delta * timer_khz / 1000000 + 1;
        if ( ticks > 0xffffffff )
            ticks = 0xffffffff;
    }
    apic_write(APIC_TIMER_INIT, ticks);
}

static void apic_calibrate(void)
{
    uint64_t t0, t1;
    uint32_t left;

    apic_write(APIC_LVT_TIMER, LVT_MASKED | VEC_TIMER);
    apic_write(APIC_TIMER_DIV, TIMER_DIV_1);
    t0 = clock_now_ns();
    apic_write(APIC_TIMER_INIT, 0xffffffff);
    clock_delay_us(CALIBRATE_US);
    left = apic_read(APIC_TIMER_NOW);
    t1 = clock_now_ns();
    apic_write(APIC_TIMER_INIT, 0);

    timer_khz = (uint64_t)(0xffffffff - left) * 1000000 / (t1 - t0 ? t1 - t0 : 1);
    if ( !timer_khz )
        timer_khz = 1;
}

static void enable_mode(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

    wrmsr(MSR_APIC_BASE, base);
    if ( x2apic && !(base & APIC_BASE_X2APIC) )
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
}

void apic_init_cpu(void)
{
    uint32_t nr_lvt;

    enable_mode();
    nr_lvt = ((apic_read(APIC_VERSION) >> 16) & 0xff) + 1;
    apic_write(APIC_TPR, 0);
    apic_write(APIC_SVR, SVR_ENABLE | VEC_SPURIOUS);
    apic_write(APIC_LVT_LINT0, LVT_MASKED);
    apic_write(APIC_LVT_LINT1, LVT_NMI);
    if ( nr_lvt > 4 )
        apic_write(APIC_LVT_PERF, LVT_MASKED);
    if ( nr_lvt > 5 )
        apic_write(APIC_LVT_THERMAL, LVT_MASKED);
    apic_write(APIC_ESR, 0);
    apic_write(APIC_LVT_ERROR, VEC_ERROR);
    apic_write(APIC_LVT_TIMER, VEC_TIMER | (has_deadline ? LVT_DEADLINE : 0));
    if ( !has_deadline ) {
        apic_write(APIC_TIMER_DIV, TIMER_DIV_1);
        apic_write(APIC_TIMER_INIT, 0);
    }
    /* What the firmware left in service would block everything below it. */
    for ( unsigned int i = 0; i < 16; i++ )
        apic_eoi();
}

void apic_init(void)
{
    const uint32_t features = cpuid_count(1, 0).c;
    const uint64_t base = rdmsr(MSR_APIC_BASE);

    ioapic_silence_8259();
    x2apic = (base & APIC_BASE_X2APIC) || ((features & CPUID1_C_X2APIC) && opt.x2apic);
    has_deadline = features & CPUID1_C_DEADLINE;
    if ( !x2apic ) {
        apic_regs = ioremap(base & PTE_ADDR, PAGE_SIZE);
        CHECK(apic_regs);
    }
    enable_mode();
    this_pcpu()->apic_id = apic_id();
    if ( has_deadline )
        timer_khz = clock_tsc_khz();
    else
        apic_calibrate();
    apic_init_cpu();
    log_info("apic: %s, id %u, %s timer at %u kHz\n", x2apic ? "x2APIC" : "xAPIC", apic_id(),
             has_deadline ? "TSC deadline" : "one-shot", timer_khz);
}
