/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 8254: three counters of 16 bits at 1.193182 MHz.  Counter 0 is the system timer on ISA interrupt
 * 0, counter 2 the speaker's, with a gate in port 0x61; counter 1 refreshes no memory any more.
 *
 * Nothing counts: a counter is the time since its start.  Only counter 0 has a timer, set to the next
 * rising edge of its output.  A tick that the guest did not take yet absorbs those that follow.
 */
#include "hvm/vpit.h"

#include <xenabi/hvm/save.h>

#include "hvm/hvm_vcpu.h"
#include "hvm/vhpet.h"
#include "kern/clock.h"
#include "kern/timer.h"
#include "mem/slab.h"

#define PIT_HZ          1193182UL
#define NS              1000000000UL
#define REFRESH_NS      15085           /* half a period of port 0x61's bit 4 */
#define TICK_MIN_NS     100000          /* a guest that asks for more gets no more than this */
#define ISA_IRQ_PIT     0

#define PORT_COMMAND    0x43
#define PORT_SYSTEM     0x61

/* hvm_hw_pit_channel.rw_mode and states: which byte the next access is. */
enum { RW_LATCH, RW_LOW, RW_HIGH, RW_WORD_LOW, RW_WORD_HIGH };

struct vpit {
    struct lock lock;               /* rank VDEV: all of it */
    struct hvm_hw_pit hw;           /* count 0: none is loaded */
    uint64_t    start_ns[3];        /* when the count was loaded; moved by what the gate held up */
    uint64_t    gate_ns;            /* when gate 2 was closed */
    struct timer timer;             /* of counter 0 */
};

/* Without overflow for all of system time. */
static uint64_t ns_to_ticks(uint64_t ns) { return ns / NS * PIT_HZ + ns % NS * PIT_HZ / NS; }
static uint64_t ticks_to_ns(uint64_t t) { return t / PIT_HZ * NS + DIV_ROUND_UP(t % PIT_HZ * NS, PIT_HZ); }

static bool is_periodic(const struct hvm_hw_pit_channel *c) { return c->mode == 2 || c->mode == 3; }

/* Ticks since counter @n began. */
static uint64_t elapsed(const struct vpit *p, unsigned int n)
{
    const uint64_t now = p->hw.channels[n].gate ? clock_now_ns() : p->gate_ns;

    return now > p->start_ns[n] ? ns_to_ticks(now - p->start_ns[n]) : 0;
}

static uint16_t counter(const struct vpit *p, unsigned int n)
{
    const struct hvm_hw_pit_channel *c = &p->hw.channels[n];
    const uint64_t t = elapsed(p, n);

    if ( !c->count )
        return 0;
    return c->mode == 3 ? c->count - 2 * t % c->count : is_periodic(c) ? c->count - t % c->count : c->count - t;
}

/* Modes 4 and 5 end with a pulse of one tick that nobody could see. */
static bool output(const struct vpit *p, unsigned int n)
{
    const struct hvm_hw_pit_channel *c = &p->hw.channels[n];
    const uint64_t t = elapsed(p, n), phase = c->count ? t % c->count : 0;

    return !c->count ? c->mode != 0 : c->mode == 2 ? phase != c->count - 1 :
           c->mode == 3 ? phase < (c->count + 1) / 2 : t >= c->count;
}

/* Counter 0: to the next edge that is neither past nor too soon; with none to come, off. */
static void set_timer(struct domain *d, struct vpit *p)
{
    const struct hvm_hw_pit_channel *c = &p->hw.channels[0];
    const uint64_t t = elapsed(p, 0), edge = is_periodic(c) && c->count ? t - t % c->count + c->count : c->count;

    if ( d->vcpu[0] )
        timer_migrate(&p->timer, d->vcpu[0]->processor);
    if ( c->count && t < edge )
        timer_arm(&p->timer, max(p->start_ns[0] + ticks_to_ns(edge),
                                 is_periodic(c) ? clock_now_ns() + TICK_MIN_NS : 0));
    else
        timer_disarm(&p->timer);
}

static void tick(void *arg)
{
    struct domain *const d = arg;
    struct vpit *const p = d->hvm->vpit;
    bool is_due;

    spin_lock(&p->lock);
    is_due = p->hw.channels[0].count && elapsed(p, 0) >= p->hw.channels[0].count;
    set_timer(d, p);
    spin_unlock(&p->lock);
    if ( is_due && !vhpet_is_legacy(d) ) {
        hvm_gsi_set(d, ISA_IRQ_PIT, true);
        hvm_gsi_set(d, ISA_IRQ_PIT, false);
    }
}

static void start(struct domain *d, struct vpit *p, unsigned int n)
{
    p->start_ns[n] = clock_now_ns();
    if ( n == 2 )
        p->gate_ns = p->start_ns[n];
    if ( n == 0 )
        set_timer(d, p);
}

static void latch(struct vpit *p, unsigned int n, bool count, bool status)
{
    struct hvm_hw_pit_channel *c = &p->hw.channels[n];

    if ( count && !c->count_latched ) {
        c->latched_count = counter(p, n);
        c->count_latched = c->rw_mode;
    }
    if ( status && !c->status_latched ) {
        c->status = output(p, n) << 7 | !c->count << 6 | c->rw_mode << 4 | c->mode << 1 | c->bcd;
        c->status_latched = 1;
    }
}

static void command(struct domain *d, struct vpit *p, uint8_t value)
{
    const unsigned int n = value >> 6, access = value >> 4 & 3, mode = value >> 1 & 7;

    if ( n == 3 ) {                 /* read-back of several */
        for ( unsigned int i = 0; i < 3; i++ )
            if ( value & 2 << i )
                latch(p, i, !(value & 0x20), !(value & 0x10));
    } else if ( access == RW_LATCH ) {
        latch(p, n, true, false);
    } else {
        p->hw.channels[n] = (struct hvm_hw_pit_channel){
            .rw_mode = access, .read_state = access, .write_state = access, .bcd = value & 1,
            .mode = mode > 5 ? mode & 3 : mode, .gate = p->hw.channels[n].gate,
        };
        start(d, p, n);
    }
}

/* The state for the byte after one at @state. */
static uint8_t next_state(uint8_t state)
{
    return state == RW_WORD_LOW ? RW_WORD_HIGH : state == RW_WORD_HIGH ? RW_WORD_LOW : state;
}

static uint8_t byte_of(uint16_t val, uint8_t state)
{
    return state == RW_HIGH || state == RW_WORD_HIGH ? val >> 8 : val;
}

static uint8_t read_counter(struct vpit *p, unsigned int n)
{
    struct hvm_hw_pit_channel *c = &p->hw.channels[n];
    const uint8_t latched = c->count_latched, state = c->read_state;

    if ( c->status_latched ) {
        c->status_latched = 0;
        return c->status;
    }
    if ( latched ) {
        c->count_latched = latched == RW_WORD_LOW ? RW_WORD_HIGH : 0;
        return byte_of(c->latched_count, latched);
    }
    c->read_state = next_state(state);
    return byte_of(counter(p, n), state);
}

static void write_counter(struct domain *d, struct vpit *p, unsigned int n, uint8_t value)
{
    struct hvm_hw_pit_channel *c = &p->hw.channels[n];
    const uint8_t state = c->write_state;

    c->write_state = next_state(state);
    if ( state == RW_WORD_LOW ) {
        c->write_latch = value;
        return;
    }
    c->count = state == RW_LOW ? value : value << 8 | (state == RW_WORD_HIGH ? c->write_latch : 0);
    c->count = c->count ? c->count : 0x10000;
    start(d, p, n);
}

/* Gate 2: closed, the counter stands; opened, modes 0 and 4 go on and the others begin again. */
static void write_system(struct vpit *p, uint8_t value)
{
    struct hvm_hw_pit_channel *c = &p->hw.channels[2];
    const uint64_t now = clock_now_ns();

    if ( c->gate && !(value & 1) )
        p->gate_ns = now;
    else if ( !c->gate && (value & 1) )
        p->start_ns[2] = c->mode % 4 == 0 ? p->start_ns[2] + (now - p->gate_ns) : now;
    c->gate = value & 1;
    p->hw.speaker_data_on = value >> 1 & 1;
}

uint8_t vpit_read(struct domain *d, uint16_t port)
{
    struct vpit *const p = d->hvm->vpit;
    uint8_t val = 0xff;

    spin_lock(&p->lock);
    if ( port < PORT_COMMAND )
        val = read_counter(p, port & 3);
    else if ( port == PORT_SYSTEM )
        val = output(p, 2) << 5 | (clock_now_ns() / REFRESH_NS & 1) << 4 | p->hw.speaker_data_on << 1 |
              p->hw.channels[2].gate;
    spin_unlock(&p->lock);
    return val;
}

void vpit_write(struct domain *d, uint16_t port, uint8_t value)
{
    struct vpit *const p = d->hvm->vpit;

    spin_lock(&p->lock);
    if ( port == PORT_SYSTEM )
        write_system(p, value);
    else if ( port == PORT_COMMAND )
        command(d, p, value);
    else
        write_counter(d, p, port & 3, value);
    spin_unlock(&p->lock);
}

int vpit_init(struct domain *d)
{
    struct vpit *const p = slab_new(struct vpit);

    if ( !p )
        return -XEN_ENOMEM;
    lock_init(&p->lock, RANK_VDEV);
    timer_init(&p->timer, tick, d, 0);
    for ( unsigned int n = 0; n < 3; n++ )
        p->hw.channels[n] = (struct hvm_hw_pit_channel){
            .mode = 3, .gate = n != 2, .rw_mode = RW_WORD_LOW, .read_state = RW_WORD_LOW, .write_state = RW_WORD_LOW,
        };
    d->hvm->vpit = p;
    return 0;
}

void vpit_free(struct domain *d)
{
    struct vpit *const p = d->hvm->vpit;

    if ( p )
        timer_kill(&p->timer);
    slab_free(p);
    d->hvm->vpit = NULL;
}
