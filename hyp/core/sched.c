/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scheduler's policy and switching.  Control calls are core/sched_ctl.c.
 *
 * One queue of waiting vCPUs for all CPUs, under one lock, highest credit first.
 * A shared queue is fair and work-conserving without balancing; the lock is held for a
 * walk over those that wait, which suits some tens of CPUs.
 *
 * Credit is time in ns.  Running burns it at 256/weight.  When the best that could run
 * has none left, an epoch begins: everybody gets CREDIT_EPOCH more, up to CREDIT_MAX.
 * Who always wants to run begins an epoch with CREDIT_EPOCH at most; who mostly sleeps
 * has up to twice that, so on waking it preempts even those who have not had their turn.
 * Credit is bounded below as well: a vCPU that ran alone does not pay for it when others
 * come.  Where pinned groups drive epochs at different rates, the slower
 * ones share by turns rather than by weight.
 *
 * Liveness.  Whoever puts a vCPU into the queue asks a CPU to choose again: an idle one
 * if one may run it, else the one that runs the poorest vCPU if that is poorer still.
 * Failing that, that CPU's slice timer is set, as it is on every CPU that chooses while
 * somebody waits.  A CPU that chose looks for idle CPUs for those it left waiting.
 */
#include "core/sched.h"
#include "core/sched_priv.h"

#include <xenabi/vcpu.h>
#include "base/assert.h"
#include "base/bitmap.h"
#include "core/shared_info.h"
#include "core/vtimer.h"
#include "cpu/pcpu.h"
#include "kern/clock.h"
#include "mem/slab.h"
#include "plat/smp.h"

#define CREDIT_EPOCH    10000000L      /* ns at weight 256 */
#define CREDIT_MAX      (2 * CREDIT_EPOCH)
#define SLICE_NS        10000000UL     /* longest stretch while somebody waits */
#define WAKE_MARGIN     1000000L       /* how much richer a vCPU must be to preempt */
#define ROUNDING_NS     1000UL         /* so that the margin has surely been reached */
#define CAP_PERIOD_NS   50000000UL
#define CAP_MIN_RUN_NS  500000UL       /* do not set the timer for less */

struct lock sched_lock = LOCK_INIT(RANK_SCHED);
struct list_head sched_queue = LIST_HEAD_INIT(sched_queue);
struct sched_cpu sched_cpus[NR_CPUS];
uint64_t sched_online[NR_CPUS / 64];
uint64_t sched_ratelimit_ns = 1000000;

static uint64_t idle_cpus[NR_CPUS / 64];    /* online, and running nobody */
static uint64_t epoch;
static struct timer cap_timer;

static struct domain idle_domain = {
    .id = DOMID_IDLE, .is_idle = true, .list_next = NULL,
};
static struct vcpu_info idle_info;

/* ---- credit ---- */

static int64_t burn(const struct sched_unit *u, uint64_t ns)
{
    return ns * SCHED_WEIGHT_DEFAULT / u->v->domain->sched_weight;
}

/* Give @u the epochs that it slept or ran through. */
static void credit_refresh(struct sched_unit *u)
{
    const uint64_t missed = epoch - u->epoch;

    if ( missed == 0 )
        return;
    u->epoch = epoch;
    if ( missed > 1024 )
        u->credit = CREDIT_MAX;
    else
        u->credit = min(u->credit + (int64_t)missed * CREDIT_EPOCH, CREDIT_MAX);
}

/* What running @u has its credit at now; nothing is changed. */
static int64_t credit_now(const struct sched_unit *u, uint64_t now)
{
    const uint64_t missed = min(epoch - u->epoch, (uint64_t)1024);

    return min(u->credit + (int64_t)missed * CREDIT_EPOCH, CREDIT_MAX) -
           burn(u, now - u->since_ns);
}

/* Begin as many epochs as @poorest needs.  The queue's order does not change by it. */
static void credit_new_epoch(struct sched_unit *poorest)
{
    struct sched_unit *u;

    epoch += (uint64_t)-poorest->credit / CREDIT_EPOCH + 1;
    list_for_each_entry ( u, &sched_queue, link )
        credit_refresh(u);
    credit_refresh(poorest);
}

/* ---- caps ---- */

static uint64_t cap_budget(const struct domain *d) { return CAP_PERIOD_NS * d->sched_cap / 100; }

/* What @d used beyond its share of a period is carried into the next ones. */
static void cap_roll(struct domain *d, uint64_t now)
{
    const uint64_t period = now / CAP_PERIOD_NS;
    const uint64_t passed = period - d->sched_cap_period;
    const uint64_t budget = cap_budget(d);

    if ( passed == 0 )
        return;
    d->sched_cap_period = period;
    if ( passed > d->sched_cap_used_ns / budget )
        d->sched_cap_used_ns = 0;
    else
        d->sched_cap_used_ns -= passed * budget;
}

/* @u may not run before the next period.  Sets the timer that lets it. */
static bool cap_holds(struct sched_unit *u, uint64_t now)
{
    struct domain *d = u->v->domain;

    if ( likely(d->sched_cap == 0) )
        return false;
    cap_roll(d, now);
    if ( d->sched_cap_used_ns < cap_budget(d) )
        return false;
    if ( !timer_is_armed(&cap_timer) )
        timer_arm(&cap_timer, (now / CAP_PERIOD_NS + 1) * CAP_PERIOD_NS);
    return true;
}

/* ---- the queue ---- */

static void account(struct sched_unit *u, uint64_t now)
{
    const uint64_t ran = now - u->since_ns;
    const int64_t floor = -CREDIT_EPOCH - burn(u, SLICE_NS);
    struct domain *d = u->v->domain;

    u->since_ns = now;
    credit_refresh(u);
    u->credit = max(u->credit - burn(u, ran), floor);
    if ( d->sched_cap ) {
        cap_roll(d, now);
        d->sched_cap_used_ns += ran;
    }
}

static void enqueue(struct sched_unit *u, uint64_t now)
{
    struct list_head *pos;

    credit_refresh(u);
    u->queued = true;
    u->target = -1;
    if ( u->v->runstate != RUNSTATE_runnable )
        runstate_change(u->v, RUNSTATE_runnable, now);

    /* From the end: behind its equals. */
    for ( pos = sched_queue.prev; pos != &sched_queue; pos = pos->prev )
        if ( list_entry(pos, struct sched_unit, link)->credit >= u->credit )
            break;
    list_add(&u->link, pos);
}

static void dequeue(struct sched_unit *u)
{
    list_del(&u->link);
    u->queued = false;
}

static bool allowed(const struct sched_unit *u, unsigned int cpu)
{
    return test_bit(cpu, u->v->hard_affinity);
}

/* Soft affinity counts only where it leaves a choice. */
static bool preferred(const struct sched_unit *u, unsigned int cpu)
{
    return !u->soft_counts || test_bit(cpu, u->v->soft_affinity);
}

void sched_ask(unsigned int cpu)
{
    sched_cpus[cpu].asked = true;
    atomic_or32(&pcpu_get(cpu)->work, PCPU_WORK_SCHED);
    if ( cpu != this_pcpu()->id )
        smp_kick(cpu);
}

/* Have an idle CPU take queued @u: its last one, else one it prefers, else any allowed. */
static bool place_idle(struct sched_unit *u)
{
    int found = -1;
    size_t cpu = u->v->processor;

    if ( test_bit(cpu, idle_cpus) && !sched_cpus[cpu].asked && allowed(u, cpu) &&
         preferred(u, cpu) ) {
        found = cpu;
    } else {
        bitmap_for_each ( cpu, idle_cpus, nr_cpus ) {
            if ( sched_cpus[cpu].asked || !allowed(u, cpu) )
                continue;
            found = cpu;
            if ( preferred(u, cpu) )
                break;
        }
    }
    if ( found < 0 )
        return false;
    u->target = found;
    sched_ask(found);
    return true;
}

static void set_slice(struct sched_cpu *c, uint64_t deadline_ns)
{
    if ( !timer_is_armed(&c->slice) || deadline_ns < c->slice_end_ns ) {
        c->slice_end_ns = deadline_ns;
        timer_arm(&c->slice, deadline_ns);
    }
}

/* See that some CPU takes queued @u soon. */
void sched_place(struct sched_unit *u, uint64_t now)
{
    struct sched_cpu *worst = NULL;
    int64_t worst_credit = INT64_MAX, lead;
    uint64_t earliest, when;

    if ( cap_holds(u, now) || place_idle(u) )
        return;

    for ( unsigned int cpu = 0; cpu < nr_cpus; cpu++ ) {
        struct sched_cpu *c = &sched_cpus[cpu];

        if ( c->curr && !c->asked && allowed(u, cpu) ) {
            const int64_t credit = credit_now(c->curr, now);

            if ( credit < worst_credit ) {
                worst_credit = credit;
                worst = c;
            }
        }
    }
    if ( !worst )
        return;         /* all that may run it are about to choose anyway */

    earliest = worst->start_ns + sched_ratelimit_ns;
    lead = u->credit - worst_credit - WAKE_MARGIN;
    if ( lead >= 0 && now >= earliest ) {
        u->target = worst - sched_cpus;
        sched_ask(u->target);
        return;
    }

    /* Later: when it has become poorer by the margin, at the latest when its slice is over. */
    when = worst->start_ns + SLICE_NS;
    if ( lead >= 0 )
        when = earliest;
    else
        when = min(when, now + ROUNDING_NS -
                         lead * worst->curr->v->domain->sched_weight / SCHED_WEIGHT_DEFAULT);
    set_slice(worst, max(when, earliest));
}

/* ---- choosing ---- */

/* The richest waiting vCPU for @cpu; those that prefer it before those that only may. */
static struct sched_unit *best_waiting(unsigned int cpu, uint64_t now)
{
    struct sched_unit *u, *second = NULL;

    list_for_each_entry ( u, &sched_queue, link ) {
        if ( !allowed(u, cpu) || cap_holds(u, now) )
            continue;
        /* Another CPU is on its way to take it. */
        if ( u->target >= 0 && u->target != (int)cpu && sched_cpus[u->target].asked )
            continue;
        if ( preferred(u, cpu) )
            return u;
        if ( !second )
            second = u;
    }
    return second;
}

/* Who runs on @c next: @prev (NULL: nobody who could go on), one that waits, or NULL. */
static struct sched_unit *choose(struct sched_cpu *c, struct sched_unit *prev, uint64_t now)
{
    const unsigned int cpu = c - sched_cpus;
    struct sched_unit *best;
    uint64_t ran;

    if ( list_empty(&sched_queue) )
        return prev;

    ran = now - c->start_ns;
    if ( prev && !prev->yielded && ran < sched_ratelimit_ns )
        return prev;

    best = best_waiting(cpu, now);
    if ( !best )
        return prev;
    if ( prev && !prev->yielded ) {
        const int64_t margin = ran < SLICE_NS ? WAKE_MARGIN : 0;

        if ( best->credit < prev->credit + margin )
            best = prev;
    }
    if ( best->credit <= 0 && !(prev && prev->yielded && prev->credit > 0) )
        credit_new_epoch(best);
    return best;
}

/* Until when @next may run on @c before it chooses again. */
static void start_slice(struct sched_cpu *c, struct sched_unit *next, uint64_t now)
{
    uint64_t end = ~0ULL;

    if ( next && !list_empty(&sched_queue) ) {
        /* It goes on, and somebody asked for a certain time already. */
        if ( c->start_ns != now && timer_is_armed(&c->slice) && c->slice_end_ns > now )
            return;
        if ( now - c->start_ns >= SLICE_NS )    /* it won again: another slice */
            c->start_ns = now;
        end = c->start_ns + SLICE_NS;
    }
    if ( next && next->v->domain->sched_cap ) {
        const struct domain *d = next->v->domain;
        const uint64_t budget = cap_budget(d);
        const uint64_t left = budget - min(d->sched_cap_used_ns, budget);

        end = min(end, now + max(left, CAP_MIN_RUN_NS));
    }

    if ( end == ~0ULL ) {
        timer_disarm(&c->slice);
    } else {
        c->slice_end_ns = end;
        timer_arm(&c->slice, end);
    }
}

/* @c has chosen: idle CPUs may take what it leaves. */
static void place_leftovers(void)
{
    struct sched_unit *u;
    const uint64_t now = clock_now_ns();

    if ( bitmap_empty(idle_cpus, nr_cpus) )
        return;
    list_for_each_entry ( u, &sched_queue, link ) {
        if ( u->target >= 0 && sched_cpus[u->target].asked )
            continue;
        if ( !cap_holds(u, now) )
            place_idle(u);
    }
}

static uint32_t stopped_state(const struct vcpu *v)
{
    return read_once(v->flags) & (VCPUF_BLOCKED | VCPUF_POLLING) ? RUNSTATE_blocked
                                                                 : RUNSTATE_offline;
}

/* @next (NULL: the idle vCPU) becomes @c's current; the lock is held. */
static void take(struct sched_cpu *c, struct sched_unit *next, uint64_t now)
{
    const unsigned int cpu = c - sched_cpus;

    c->curr = next;
    c->start_ns = now;
    if ( !next ) {
        set_bit(cpu, idle_cpus);
        runstate_change(pcpu_get(cpu)->idle, RUNSTATE_running, now);
        return;
    }

    clear_bit(cpu, idle_cpus);
    dequeue(next);
    next->on_cpu = true;
    next->since_ns = now;
    write_once(next->v->is_running, true);
    if ( next->v->processor != cpu ) {
        write_once(next->v->processor, cpu);
        vtimer_migrate(next->v, cpu);
    }
    runstate_change(next->v, RUNSTATE_running, now);
}

/* @prev has left this CPU for good: now others may have it. */
static void let_go(struct sched_unit *prev)
{
    spin_lock(&sched_lock);
    prev->on_cpu = false;
    if ( vcpu_runnable(prev->v) ) {
        const uint64_t now = clock_now_ns();

        enqueue(prev, now);
        sched_place(prev, now);
    } else if ( prev->v->runstate == RUNSTATE_runnable ) {
        runstate_change(prev->v, stopped_state(prev->v), clock_now_ns());
    }
    __atomic_store_n(&prev->v->is_running, false, __ATOMIC_RELEASE);
    spin_unlock(&sched_lock);
}

/*
 * Its shared pages have got their contents by now: builders clear them.  So does hvmloader, at
 * its end, with those of the guest that it started.
 */
static void shared_page_is_new(struct vcpu *v)
{
    time_update_vcpu(v);
    if ( v->id == 0 )
        time_update_wallclock(v->domain);
}

void sched_run(void)
{
    struct pcpu *p = this_pcpu();
    struct sched_cpu *c = &sched_cpus[p->id];
    const uint64_t now = clock_now_ns();
    struct sched_unit *prev, *next;
    struct vcpu *prev_v, *next_v;
    bool runnable = false, can_stay = false;

    spin_lock(&sched_lock);
    c->asked = false;
    prev = c->curr;
    if ( prev ) {
        account(prev, now);
        runnable = vcpu_runnable(prev->v);
        can_stay = runnable && allowed(prev, p->id) && !cap_holds(prev, now);
    }
    next = choose(c, can_stay ? prev : NULL, now);
    if ( prev )
        prev->yielded = false;
    if ( next == prev ) {
        start_slice(c, next, now);
        if ( next )
            place_leftovers();
        spin_unlock(&sched_lock);
        return;
    }

    prev_v = prev ? prev->v : p->idle;
    next_v = next ? next->v : p->idle;
    runstate_change(prev_v, !prev || runnable ? RUNSTATE_runnable : stopped_state(prev_v), now);
    take(c, next, now);
    start_slice(c, next, now);
    place_leftovers();
    spin_unlock(&sched_lock);

    /* Others in its guest may look whether it was preempted; its memory is still at hand. */
    if ( runnable && prev_v->runstate_area )
        runstate_publish(prev_v);
    context_switch(prev_v, next_v);
    if ( next && unlikely(read_once(next_v->vcpu_info->time.version) != next_v->time_version) )
        shared_page_is_new(next_v);
    if ( next_v->runstate_area || next_v->time_area_stale )
        runstate_publish(next_v);
    if ( prev )
        let_go(prev);
}

/* ---- events ---- */

void sched_wake(struct vcpu *v)
{
    struct sched_unit *u = v->sched;
    uint64_t now;

    spin_lock(&sched_lock);
    /* On a CPU it is looked at again, under this lock, before that CPU lets it go. */
    if ( !u->queued && !u->on_cpu && vcpu_runnable(v) ) {
        now = clock_now_ns();
        enqueue(u, now);
        sched_place(u, now);
    }
    spin_unlock(&sched_lock);
}

void sched_sleep(struct vcpu *v)
{
    struct sched_unit *u = v->sched;

    if ( v == current ) {       /* sched_run looks at it anyway */
        pcpu_work(PCPU_WORK_SCHED);
        return;
    }

    spin_lock(&sched_lock);
    if ( u->queued ) {
        dequeue(u);
        runstate_change(v, stopped_state(v), clock_now_ns());
    } else if ( u->on_cpu ) {
        sched_ask(v->processor);
    }
    spin_unlock(&sched_lock);
}

void sched_yield(struct vcpu *v)
{
    struct sched_unit *u = v->sched;

    u->yielded = true;
    pcpu_work(PCPU_WORK_SCHED);
}

static void slice_over(void *arg) { pcpu_work(PCPU_WORK_SCHED); }

/* A new period: those that their cap held back may run. */
static void cap_period(void *arg)
{
    const uint64_t now = clock_now_ns();
    struct sched_unit *u;

    spin_lock(&sched_lock);
    list_for_each_entry ( u, &sched_queue, link )
        if ( u->v->domain->sched_cap && u->target < 0 )
            sched_place(u, now);
    spin_unlock(&sched_lock);
}

/* ---- life ---- */

void sched_init(void) { timer_init(&cap_timer, cap_period, NULL, 0); }

void sched_init_cpu(unsigned int cpu)
{
    struct pcpu *p = pcpu_get(cpu);
    struct sched_cpu *c = &sched_cpus[cpu];
    struct vcpu *idle = slab_new(struct vcpu);

    if ( !idle )
        panic("no memory for the idle vCPU of CPU %u\n", cpu);
    idle->domain = &idle_domain;
    idle->id = cpu;
    idle->processor = cpu;
    idle->is_idle = true;
    idle->is_running = true;
    idle->vcpu_info = &idle_info;
    idle->hyp_stack = (uint64_t)p;      /* the primary stack ends where struct pcpu begins */
    idle->runstate = RUNSTATE_running;
    idle->runstate_since_ns = clock_now_ns();

    timer_init(&c->slice, slice_over, NULL, cpu);
    p->idle = idle;
    p->curr = idle;
    p->regs_top = (uint64_t)(&idle->regs + 1);

    spin_lock(&sched_lock);
    set_bit(cpu, sched_online);
    set_bit(cpu, idle_cpus);
    spin_unlock(&sched_lock);
}

void sched_init_domain(struct domain *d)
{
    d->sched_weight = SCHED_WEIGHT_DEFAULT;
    d->sched_cap = 0;
}

int sched_init_vcpu(struct vcpu *v)
{
    static uint32_t next_cpu;
    struct sched_unit *u = slab_new(struct sched_unit);

    if ( !u )
        return -XEN_ENOMEM;

    u->v = v;
    u->credit = CREDIT_EPOCH;
    u->target = -1;
    v->sched = u;
    for ( size_t i = 0; i < ARRAY_SIZE(v->hard_affinity); i++ )
        v->hard_affinity[i] = v->soft_affinity[i] = ~0ULL;
    v->runstate = RUNSTATE_offline;
    v->runstate_since_ns = clock_now_ns();

    spin_lock(&sched_lock);
    u->epoch = epoch;
    v->processor = next_cpu++ % nr_cpus;
    spin_unlock(&sched_lock);
    vtimer_init(v);
    return 0;
}

void sched_destroy_vcpu(struct vcpu *v)
{
    struct sched_unit *u = v->sched;

    if ( !u )
        return;
    vtimer_kill(v);
    spin_lock(&sched_lock);
    CHECK(!u->on_cpu);
    if ( u->queued )
        dequeue(u);
    v->sched = NULL;
    spin_unlock(&sched_lock);
    slab_free(u);
}
