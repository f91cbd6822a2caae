/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System time from the TSC, calibrated once against the best reference there is, and the
 * wall clock as an offset to it.
 *
 * All CPUs share one scale, which guests read too, so the TSCs must agree.  Each AP measures
 * its own against the boot CPU's and moves it if they surely differ.  If that fails, our own
 * readings are kept from going back by a common maximum; guests then see the difference.
 */
#include "kern/clock.h"

#include "base/atomic.h"
#include "base/log.h"
#include "cpu/asm.h"
#include "cpu/msr.h"
#include "mem/paging.h"
#include "plat/acpi.h"

#define NSEC_PER_SEC    1000000000ULL

#define HPET_CAPS       0x000       /* upper half: femtoseconds in a tick */
#define HPET_CONFIG     0x010
#define   HPET_ENABLE     0x1
#define HPET_COUNTER    0x0f0
#define HPET_MAX_PERIOD 100000000U  /* fs; the specification's limit */
#define PM_TIMER_HZ     3579545U
#define PIT_HZ          1193182U

#define CALIBRATE_MS    15      /* 20 ppm by the ACPI timer; crystals are no better */
#define CALIBRATE_TRIES 5
#define SYNC_ROUNDS     20

struct reference {
    const char *name;
    uint64_t    hz;
    uint32_t    mask;
    uint32_t  (*read)(void);
};

struct sample { uint64_t tsc; uint32_t ref; };

static struct clock_scale scale ro_after_init;
static uint32_t tsc_khz ro_after_init;
static uint64_t wall_base_ns;       /* since 1970, at system time zero; one word: no lock */
static bool tsc_differs;            /* a CPU's TSC could not be corrected */
static uint64_t last_ns;            /* only if tsc_differs */

static uint8_t *hpet;

static uint32_t hpet_read(void) { return read_once(*(uint32_t *)(hpet + HPET_COUNTER)); }

static uint32_t pm_timer_read(void) { return inl(acpi.pm_timer_port); }

/* Channel 2 counts down from 0xffff with its gate open and the speaker off. */
static void pit_start(void)
{
    outb(0x61, (inb(0x61) & ~0x02) | 0x01);
    outb(0x43, 0xb0);
    outb(0x42, 0xff);
    outb(0x42, 0xff);
}

static uint32_t pit_read(void)
{
    uint32_t lo;

    outb(0x43, 0x80);
    lo = inb(0x42);
    return 0xffff - (lo | (uint32_t)inb(0x42) << 8);
}

static bool hpet_usable(struct reference *r)
{
    uint32_t period;

    if ( !acpi.hpet_addr )
        return false;
    hpet = ioremap(acpi.hpet_addr, 1024);
    if ( !hpet )
        return false;
    period = read_once(*(uint32_t *)(hpet + HPET_CAPS + 4));
    if ( !period || period > HPET_MAX_PERIOD )
        return false;
    write_once(*(uint32_t *)(hpet + HPET_CONFIG),
               read_once(*(uint32_t *)(hpet + HPET_CONFIG)) | HPET_ENABLE);
    *r = (struct reference){ "HPET", (1000000000000000ULL + period / 2) / period, ~0U, hpet_read };
    return true;
}

static struct reference choose_reference(void)
{
    struct reference r;

    if ( hpet_usable(&r) )
        return r;
    if ( acpi.pm_timer_port )
        return (struct reference){ "ACPI timer", PM_TIMER_HZ,
                                   acpi.pm_timer_32bit ? ~0U : 0xffffff, pm_timer_read };
    pit_start();
    return (struct reference){ "PIT", PIT_HZ, 0xffff, pit_read };
}

/* Both clocks at one moment: the tightest of some tries, so that an SMI does not count. */
static struct sample take_sample(const struct reference *r)
{
    struct sample best = { 0 };
    uint64_t best_width = ~0ULL;

    for ( unsigned int i = 0; i < CALIBRATE_TRIES; i++ ) {
        const uint64_t t0 = rdtsc_ordered();
        const uint32_t ref = r->read();
        const uint64_t t1 = rdtsc_ordered();

        if ( t1 - t0 < best_width ) {
            best_width = t1 - t0;
            best = (struct sample){ t0 + best_width / 2, ref };
        }
    }
    return best;
}

static uint64_t calibrate(const struct reference *r)
{
    const uint32_t wanted = r->hz * CALIBRATE_MS / 1000;
    const struct sample a = take_sample(r);
    struct sample b;

    do {
        /* Plain instructions between the reads: those are slow, in emulators above all. */
        for ( unsigned int i = 0; i < 1000; i++ )
            compiler_barrier();
        b.ref = r->read();
    } while ( ((b.ref - a.ref) & r->mask) < wanted );

    b = take_sample(r);
    return (b.tsc - a.tsc) * r->hz / ((b.ref - a.ref) & r->mask);
}

/* The ABI's rule: mul is at least half of 2^32, and shift brings the TSC to 1..2 GHz. */
static void set_scale(uint64_t hz)
{
    int8_t shift = 0;

    while ( hz > 2 * NSEC_PER_SEC ) {
        hz >>= 1;
        shift--;
    }
    while ( hz <= NSEC_PER_SEC ) {
        hz <<= 1;
        shift++;
    }
    scale.shift = shift;
    scale.mul = (NSEC_PER_SEC << 32) / hz;
}

static uint64_t scale_delta(uint64_t delta)
{
    delta = scale.shift >= 0 ? delta << scale.shift : delta >> -scale.shift;
    return ((unsigned __int128)delta * scale.mul) >> 32;
}

uint64_t clock_tsc_to_ns(uint64_t tsc)
{
    /* A little before the base, on a CPU whose TSC is a few ticks behind. */
    if ( (int64_t)(tsc - scale.tsc_base) < 0 )
        return scale.ns_base;
    return scale.ns_base + scale_delta(tsc - scale.tsc_base);
}

uint64_t clock_ns_to_tsc(uint64_t ns)
{
    uint64_t scaled;

    if ( ns <= scale.ns_base )
        return scale.tsc_base;
    ns -= scale.ns_base;
    /*
     * The very inverse of scale_delta: by the frequency, a timer would fire early by what
     * mul was rounded, and be armed for the past.  (ns << 32) / mul in two steps, no overflow.
     */
    scaled = ((ns / scale.mul) << 32) + (((ns % scale.mul) << 32) / scale.mul) + 1;
    return scale.tsc_base + (scale.shift >= 0 ? (scaled >> scale.shift) + 1
                                              : scaled << -scale.shift);
}

uint64_t clock_now_ns(void)
{
    uint64_t now, last;

    if ( unlikely(!scale.mul) )
        return 0;
    now = clock_tsc_to_ns(rdtsc_ordered());
    if ( likely(!tsc_differs) )
        return now;

    last = read_once(last_ns);
    do {
        if ( now <= last )
            return last;
    } while ( !__atomic_compare_exchange_n(&last_ns, &last, now, false,
                                           __ATOMIC_SEQ_CST, __ATOMIC_RELAXED) );
    return now;
}

const struct clock_scale *clock_scale(void) { return &scale; }

uint32_t clock_tsc_khz(void) { return tsc_khz; }

void clock_delay_us(unsigned int us)
{
    const uint64_t end = clock_now_ns() + us * 1000ULL;

    while ( clock_now_ns() < end )
        cpu_relax();
}

void clock_wall_base(uint64_t *sec, uint32_t *nsec)
{
    const uint64_t ns = read_once(wall_base_ns);

    *sec = ns / NSEC_PER_SEC;
    *nsec = ns % NSEC_PER_SEC;
}

void clock_set_wall(uint64_t sec, uint32_t nsec, uint64_t system_ns)
{
    write_once(wall_base_ns, sec * NSEC_PER_SEC + nsec - system_ns);
}

static uint8_t cmos_read(uint8_t reg)
{
    outb(0x70, reg);
    return inb(0x71);
}

static unsigned int from_bcd(uint8_t v) { return (v >> 4) * 10 + (v & 15); }

/* Days from 1970-01-01 to a date of 1970 to 2399, by years that begin in March. */
static uint64_t days_from_date(unsigned int y, unsigned int m, unsigned int d)
{
    if ( m <= 2 ) {
        y--;
        m += 12;
    }
    return 365ULL * y + y / 4 - y / 100 + y / 400 + (153 * (m - 3) + 2) / 5 + d - 1 - 719468;
}

/* MC146818: seconds since 1970, or 0 if the clock makes no sense. */
static uint64_t cmos_seconds(void)
{
    static const uint8_t regs[] = { 0, 2, 4, 7, 8, 9 };     /* s, min, h, day, month, year */
    uint8_t raw[ARRAY_SIZE(regs)], status;
    unsigned int v[ARRAY_SIZE(regs)], tries = 0;
    bool pm = false;

    do {
        for ( unsigned int i = 0; i < 100000 && (cmos_read(10) & 0x80); i++ )
            cpu_relax();
        for ( size_t i = 0; i < ARRAY_SIZE(regs); i++ )
            raw[i] = cmos_read(regs[i]);
    } while ( (raw[0] != cmos_read(0) || (cmos_read(10) & 0x80)) && ++tries < 10 );

    status = cmos_read(11);
    if ( !(status & 0x02) ) {           /* 12-hour clock */
        pm = raw[2] & 0x80;
        raw[2] &= 0x7f;
    }
    for ( size_t i = 0; i < ARRAY_SIZE(regs); i++ )
        v[i] = status & 0x04 ? raw[i] : from_bcd(raw[i]);
    if ( !(status & 0x02) )
        v[2] = v[2] % 12 + (pm ? 12 : 0);
    if ( v[0] > 59 || v[1] > 59 || v[2] > 23 || !v[3] || v[3] > 31 || !v[4] || v[4] > 12 ||
         v[5] > 99 )
        return 0;
    return days_from_date(2000 + v[5], v[4], v[3]) * 86400 + v[2] * 3600 + v[1] * 60 + v[0];
}

void clock_init(void)
{
    const struct reference r = choose_reference();
    uint64_t hz = calibrate(&r), sec;

    tsc_khz = (hz + 500) / 1000;
    scale.tsc_base = rdtsc_ordered();
    scale.ns_base = 0;
    set_scale(tsc_khz * 1000ULL);

    sec = cmos_seconds();
    if ( !sec )
        log_warn("clock: the CMOS clock holds no date\n");
    clock_set_wall(sec, 0, clock_now_ns());
    log_info("clock: TSC %u.%03u MHz, by %s\n", tsc_khz / 1000, tsc_khz % 1000, r.name);
}

/* An AP asks by a number, the boot CPU answers with its TSC and then the same number. */
static struct { uint32_t request, answer; uint64_t tsc; } sync;

void clock_sync_serve(void)
{
    const uint32_t request = __atomic_load_n(&sync.request, __ATOMIC_ACQUIRE);

    if ( request == sync.answer )
        return;
    sync.tsc = rdtsc_ordered();
    __atomic_store_n(&sync.answer, request, __ATOMIC_RELEASE);
}

/* How far this CPU's TSC is behind the boot CPU's, and how exactly that is known. */
static int64_t measure_offset(uint64_t *error)
{
    int64_t offset = 0;

    *error = ~0ULL;
    for ( unsigned int i = 0; i < SYNC_ROUNDS; i++ ) {
        const uint32_t request = sync.request + 1;
        const uint64_t t0 = rdtsc_ordered();
        uint64_t t1;

        __atomic_store_n(&sync.request, request, __ATOMIC_RELEASE);
        while ( __atomic_load_n(&sync.answer, __ATOMIC_ACQUIRE) != request )
            cpu_relax();
        t1 = rdtsc_ordered();
        if ( (t1 - t0) / 2 < *error ) {
            *error = (t1 - t0) / 2;
            offset = (int64_t)(sync.tsc - t0 - *error);
        }
    }
    return offset;
}

static bool surely_differs(int64_t offset, uint64_t error)
{
    return (offset < 0 ? -(uint64_t)offset : (uint64_t)offset) > error;
}

void clock_init_cpu(void)
{
    uint64_t error;
    int64_t offset = measure_offset(&error);

    if ( !surely_differs(offset, error) )
        return;
    log_info("clock: TSC off by %ld, known to %lu: corrected\n", offset, error);
    if ( cpuid_count(0, 0).a >= 7 && (cpuid_count(7, 0).b & 2) )
        wrmsr(MSR_TSC_ADJUST, rdmsr(MSR_TSC_ADJUST) + offset);
    else
        wrmsr(MSR_TSC, rdtsc() + offset);

    offset = measure_offset(&error);
    if ( surely_differs(offset, error) ) {
        log_warn("clock: TSC still off by %ld: guests may see time go back\n", offset);
        write_once(last_ns, clock_now_ns());
        write_once(tsc_differs, true);
    }
}
