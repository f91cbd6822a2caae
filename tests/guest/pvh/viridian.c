/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Microsoft's hypervisor interface from inside, as its specification (TLFS) tells it.  Entered by
 * tests/system/tiny/pvh.S when its own steps are done: long mode, one CPU, an IDT for vectors up to
 * 0x40.  A check that fails leaves its line for the guest's maker and stops.  It tells of a crash
 * at its end, so that its power-off is one, too.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exits.h"

/* Of pvh.S. */
extern uint8_t idt[];
void off(void) __attribute__((noreturn));
void failed(void) __attribute__((noreturn));

#define LEAF            0x40000000
#define MSR             0x40000000
#define GUEST_OS_ID     (MSR + 0x00)
#define HYPERCALL       (MSR + 0x01)
#define VP_INDEX        (MSR + 0x02)
#define TIME_REF_COUNT  (MSR + 0x20)
#define REFERENCE_TSC   (MSR + 0x21)
#define TSC_FREQUENCY   (MSR + 0x22)
#define APIC_FREQUENCY  (MSR + 0x23)
#define EOI             (MSR + 0x70)
#define ICR             (MSR + 0x71)
#define TPR             (MSR + 0x72)
#define VP_ASSIST       (MSR + 0x73)
#define SCONTROL        (MSR + 0x80)
#define SIMP            (MSR + 0x83)
#define EOM             (MSR + 0x84)
#define SINT0           (MSR + 0x90)
#define STIMER0_CONFIG  (MSR + 0xb0)
#define STIMER0_COUNT   (MSR + 0xb1)
#define CRASH_P0        (MSR + 0x100)
#define CRASH_CTL       (MSR + 0x105)

#define IPI_VECTOR      0x38
#define TIMER_VECTOR    0x39
#define GP_VECTOR       13
#define TIMER_SINT      2
#define MS              10000           /* reference time is in 100 ns */
#define APIC            ((volatile uint32_t *)0xfee00000)

static volatile unsigned int nr_ipi, nr_timer, nr_gp;
static uint8_t call_page[4096] __attribute__((aligned(4096)));
static volatile uint8_t messages[4096] __attribute__((aligned(4096)));
static uint8_t assist[4096] __attribute__((aligned(4096)));
static volatile struct {
    uint32_t sequence, reserved;
    uint64_t scale, offset;
} __attribute__((aligned(4096))) tsc_page;

static void say(const char *text, unsigned int len)
{
    __asm__ volatile ( "call print" : "+d" (text), "+S" (len) :
                       : "rax", "rcx", "rdi", "r8", "r9", "r10", "r11", "memory" );
}
#define SAY(text)   say(text "\n", sizeof(text))

#define CHECK(what) \
    do { if ( !(what) ) { *(volatile uint32_t *)FIGURES = __LINE__; failed(); } } while ( 0 )

static void cpuid(uint32_t leaf, uint32_t r[4])
{
    __asm__ volatile ( "cpuid" : "=a" (r[0]), "=b" (r[1]), "=c" (r[2]), "=d" (r[3]) : "a" (leaf), "c" (0) );
}

/* Refused: nr_gp goes up, and the value is 0. */
static uint64_t rdmsr(uint32_t msr)
{
    uint32_t low = 0, high = 0;

    __asm__ volatile ( "rdmsr" : "+a" (low), "+d" (high) : "c" (msr) : "memory" );
    return (uint64_t)high << 32 | low;
}

static void wrmsr(uint32_t msr, uint64_t val)
{
    __asm__ volatile ( "wrmsr" : : "c" (msr), "a" ((uint32_t)val), "d" ((uint32_t)(val >> 32)) : "memory" );
}

static bool refuses(uint32_t msr, bool is_write)
{
    const unsigned int before = nr_gp;

    if ( is_write )
        wrmsr(msr, 0);
    else
        (void)rdmsr(msr);
    return nr_gp == before + 1;
}

static uint64_t call(uint64_t input, uint64_t p0, uint64_t p1)
{
    register uint64_t r8 __asm__("r8") = p1;
    uint64_t result;

    __asm__ volatile ( "call *%[page]" : "=a" (result), "+c" (input), "+d" (p0), "+r" (r8)
                       : [page] "r" (call_page) : "r9", "r10", "r11", "memory" );
    return result;
}

struct frame;

__attribute__((interrupt)) static void on_gp(struct frame *f, uint64_t code)
{
    (void)code;
    nr_gp++;
    *(uint64_t *)f += 2;                /* RDMSR and WRMSR */
}

__attribute__((interrupt)) static void on_ipi(struct frame *f)
{
    (void)f;
    nr_ipi++;
    wrmsr(EOI, 0);
}

__attribute__((interrupt)) static void on_timer(struct frame *f)
{
    (void)f;
    nr_timer++;
    wrmsr(EOI, 0);
}

static void set_gate(unsigned int vector, const void *handler)
{
    const uint64_t at = (uint64_t)handler;
    uint64_t *gate = (uint64_t *)(idt + vector * 16);

    gate[0] = (at & 0xffff) | 8 << 16 | 0x8eULL << 40 | (at >> 16 & 0xffff) << 48;
    gate[1] = at >> 32;
}

/* Until *count is nr, in HLT; at most 1 s. */
static bool wait_for(volatile unsigned int *count, unsigned int nr)
{
    const uint64_t end = rdmsr(TIME_REF_COUNT) + 1000 * MS;

    while ( *count < nr && rdmsr(TIME_REF_COUNT) < end )
        __asm__ volatile ( "sti; nop; nop; cli" : : : "memory" );
    return *count == nr;
}

static void identity(void)
{
    uint32_t r[4];

    cpuid(LEAF, r);
    CHECK(r[0] >= LEAF + 5 && r[1] == 0x7263694d && r[2] == 0x666f736f && r[3] == 0x76482074);
    cpuid(LEAF + 1, r);
    CHECK(r[0] == 0x31237648);          /* "Hv#1" */
    cpuid(LEAF + 0x100, r);
    CHECK(r[1] == 0x566e6558);          /* Xen's own are behind it */
    cpuid(LEAF + 3, r);
    CHECK((r[0] & 0x27e) == 0x27e);     /* times, SynIC, its timers, APIC, hypercalls, VP index, TSC page */
    CHECK(r[3] & 1 << 10);              /* crash registers */
    CHECK(refuses(MSR + 0x1ff, false) && refuses(MSR + 0x1ff, true));
    CHECK(rdmsr(VP_INDEX) == 0);
    wrmsr(VP_INDEX, 5);                 /* a #GP or nothing: 4.17 lets it pass */
    CHECK(rdmsr(VP_INDEX) == 0);
    SAY("viridian: identity");
}

static void hypercalls(void)
{
    static uint64_t in[4] = { IPI_VECTOR, 1 };
    uint32_t r[4];

    wrmsr(GUEST_OS_ID, 0x0001040a00000000);     /* Windows NT: others get no hints from 4.17 */
    cpuid(LEAF + 4, r);
    CHECK((r[0] & 0x424) == 0x424);             /* flush and IPIs by hypercall, relaxed timing */
    wrmsr(HYPERCALL, (uint64_t)call_page | 1);
    CHECK(rdmsr(HYPERCALL) == ((uint64_t)call_page | 1));
    CHECK(call_page[0]);
    CHECK((call(0x7777, 0, 0) & 0xffff) == 2);  /* HV_STATUS_INVALID_HYPERCALL_CODE */
    CHECK((call(0x0008 | 1 << 16, 1, 0) & 0xffff) == 0);
    CHECK((call(0x000b, (uint64_t)in, 0) & 0xffff) == 0);
    CHECK(wait_for(&nr_ipi, 1));
    CHECK((call(0x000b | 1 << 16, IPI_VECTOR, 1) & 0xffff) == 0);
    CHECK(wait_for(&nr_ipi, 2));
    CHECK((call(0x000b | 1 << 16, 3, 1) & 0xffff) != 0);
    in[0] = 0;                                  /* address space, flags (all of them), processors */
    in[1] = 3;
    in[2] = 1;
    CHECK((call(0x0002, (uint64_t)in, 0) & 0xffff) == 0);
    SAY("viridian: hypercalls");
}

static uint64_t tsc_page_time(void)
{
    uint32_t low, high;

    __asm__ volatile ( "rdtsc" : "=a" (low), "=d" (high) );
    return (uint64_t)((unsigned __int128)((uint64_t)high << 32 | low) * tsc_page.scale >> 64) + tsc_page.offset;
}

static void times(void)
{
    uint64_t before, now, after;

    wrmsr(REFERENCE_TSC, (uint64_t)&tsc_page | 1);
    /* Sequence 0: not to be used.  4.17 says so where the TSC is not invariant, as in an emulator. */
    for ( unsigned int i = 0; tsc_page.sequence && i < 1000; i++ ) {
        before = tsc_page_time();
        now = rdmsr(TIME_REF_COUNT);
        after = tsc_page_time();
        CHECK(before <= now + 10 && now <= after + 10);     /* 1 us */
    }
    now = rdmsr(TIME_REF_COUNT);
    CHECK(now && now < 3600ULL * 1000 * MS);                /* since this guest began */
    CHECK(rdmsr(TIME_REF_COUNT) > now);
    CHECK(rdmsr(TSC_FREQUENCY) > 100000000 && rdmsr(APIC_FREQUENCY) > 1000000);
    SAY("viridian: times");
}

static void interrupts(void)
{
    wrmsr(VP_ASSIST, (uint64_t)assist | 1);
    CHECK(rdmsr(VP_ASSIST) == ((uint64_t)assist | 1) && !assist[0]);
    wrmsr(TPR, 0x40);
    CHECK(APIC[0x80 / 4] == 0x40 && rdmsr(TPR) == 0x40);
    wrmsr(ICR, 0x40000 | IPI_VECTOR);           /* to self; held back */
    __asm__ volatile ( "sti; nop; nop; cli" : : : "memory" );
    CHECK(nr_ipi == 2);
    wrmsr(TPR, 0);
    CHECK(wait_for(&nr_ipi, 3));
    wrmsr(ICR, 0x40000 | IPI_VECTOR);
    CHECK(wait_for(&nr_ipi, 4));                /* the last was ended */
    SAY("viridian: interrupts");
}

struct message {
    uint32_t type;
    uint8_t  bytes, flags, reserved[2];
    uint64_t sender;
    uint32_t timer, reserved1;
    uint64_t expiration, delivery;
};

static void timers(void)
{
    volatile struct message *const m = (void *)(messages + 256 * TIMER_SINT);
    uint64_t due;

    wrmsr(SIMP, (uint64_t)messages | 1);
    wrmsr(SINT0 + TIMER_SINT, TIMER_VECTOR);
    wrmsr(SCONTROL, 1);

    due = rdmsr(TIME_REF_COUNT) + MS;
    wrmsr(STIMER0_CONFIG, TIMER_SINT << 16 | 1 << 3);       /* once; the count switches it on */
    wrmsr(STIMER0_COUNT, due);
    CHECK(wait_for(&nr_timer, 1));
    CHECK(rdmsr(TIME_REF_COUNT) >= due);
    CHECK(m->type == 0x80000010 && m->bytes == 24 && m->timer == 0 && m->expiration == due && m->delivery >= due);
    CHECK(!(rdmsr(STIMER0_CONFIG) & 1));

    wrmsr(STIMER0_CONFIG, TIMER_SINT << 16 | 1 << 1);       /* every 2 ms */
    wrmsr(STIMER0_COUNT, 2 * MS);
    wrmsr(STIMER0_CONFIG, TIMER_SINT << 16 | 1 << 1 | 1);
    for ( unsigned int i = 2; i < 5; i++ ) {
        m->type = 0;
        wrmsr(EOM, 0);
        CHECK(wait_for(&nr_timer, i));
        CHECK(m->type == 0x80000010);
    }
    wrmsr(STIMER0_CONFIG, 0);
    SAY("viridian: timers");
}

void viridian_main(void)
{
    set_gate(GP_VECTOR, on_gp);
    set_gate(IPI_VECTOR, on_ipi);
    set_gate(TIMER_VECTOR, on_timer);
    __asm__ volatile ( "mov %0, %%cr8" : : "r" (0UL) );     /* pvh.S left 2 there */
    identity();
    hypercalls();
    times();
    interrupts();
    timers();
    for ( unsigned int i = 0; i < 5; i++ )
        wrmsr(CRASH_P0 + i, 0x11 * (i + 1));
    CHECK(rdmsr(CRASH_P0 + 4) == 0x55);
    wrmsr(CRASH_CTL, 1ULL << 63);               /* a line in the log: 0x11 0x22 0x33 0x44 0x55 */
    ((volatile uint32_t *)FIGURES)[1] = 1;
    SAY("viridian: all");
    off();
}
