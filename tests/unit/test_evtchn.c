/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels on the fake machine: results of each call, delivery in both formats, and long random
 * sequences against a model of what every port is bound to and which are pending.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/errno.h"
#include "base/bits.h"
#include "core/evtchn.h"
#include "core/evtchn_priv.h"
#include "fake/world.h"

static int setup(void **state) { fake_init(); return 0; }
static int teardown(void **state) { fake_exit(); return 0; }

/* Calls of a domain on itself; the port is the result, or the negative error. */

static int alloc(unsigned int d, domid_t remote)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = remote };
    int rc;

    fake_run(d, 0);
    rc = evtchn_alloc_unbound(&a);
    return rc ? rc : (int)a.port;
}

static int bind(unsigned int d, domid_t remote, evtchn_port_t rport)
{
    struct evtchn_bind_interdomain a = { .remote_dom = remote, .remote_port = rport };
    int rc;

    fake_run(d, 0);
    rc = evtchn_bind_interdomain(&a);
    return rc ? rc : (int)a.local_port;
}

static int bind_virq(unsigned int d, uint32_t virq, uint32_t vcpu)
{
    struct evtchn_bind_virq a = { .virq = virq, .vcpu = vcpu };
    int rc;

    fake_run(d, 0);
    rc = evtchn_bind_virq(&a);
    return rc ? rc : (int)a.port;
}

static int bind_ipi(unsigned int d, uint32_t vcpu)
{
    struct evtchn_bind_ipi a = { .vcpu = vcpu };
    int rc;

    fake_run(d, 0);
    rc = evtchn_bind_ipi(&a);
    return rc ? rc : (int)a.port;
}

static int send(unsigned int d, evtchn_port_t port) { return evtchn_send(fake.dom[d], port); }
static int do_close(unsigned int d, evtchn_port_t port) { return evtchn_close(fake.dom[d], port); }

static struct evtchn_status status(unsigned int d, evtchn_port_t port)
{
    struct evtchn_status a = { .dom = d, .port = port };

    fake_run(0, 0);
    assert_int_equal(evtchn_status(&a), 0);
    return a;
}

static bool pending_2l(unsigned int d, evtchn_port_t port)
{
    return test_bit(port, fake.dom[d]->shared_info->evtchn_pending);
}

/* 2-level. */

static void ports_start_at_one_and_are_reused(void **state)
{
    assert_int_equal(alloc(1, 2), 1);
    assert_int_equal(alloc(1, 2), 2);
    assert_int_equal(alloc(1, 2), 3);
    assert_int_equal(do_close(1, 2), 0);
    assert_int_equal(do_close(1, 2), -XEN_EINVAL);
    assert_int_equal(alloc(1, 2), 2);
    assert_int_equal(alloc(1, 2), 4);
    assert_int_equal(do_close(1, 0), -XEN_EINVAL);
    assert_int_equal(do_close(1, ~0U), -XEN_EINVAL);
}

static void two_level_has_4095_ports(void **state)
{
    for ( int i = 1; i < EVTCHN_2L_NR_CHANNELS; i++ )
        assert_int_equal(bind_ipi(1, 0), i);
    assert_int_equal(bind_ipi(1, 0), -XEN_ENOSPC);
    assert_int_equal(send(1, EVTCHN_2L_NR_CHANNELS - 1), 0);
    assert_true(pending_2l(1, EVTCHN_2L_NR_CHANNELS - 1));
    assert_int_equal(send(1, EVTCHN_2L_NR_CHANNELS), -XEN_EINVAL);
}

/* The same bits for pending, the mask right behind, words of 32: what 32-bit code sees. */
static void a_32bit_guest_has_1024_ports_of_its_form(void **state)
{
    struct domain *const d = fake.dom[1];
    uint32_t *const info = (uint32_t *)d->vcpu[0]->vcpu_info;
    uint32_t *const shared = (uint32_t *)d->shared_info->evtchn_pending;

    d->is_32bit = true;
    for ( int i = 1; i < 1024; i++ )
        assert_int_equal(bind_ipi(1, 0), i);
    assert_int_equal(bind_ipi(1, 0), -XEN_ENOSPC);
    shared[32 + 1023 / 32] = 1U << 31;                  /* masked */
    assert_int_equal(send(1, 1023), 0);
    assert_int_equal(shared[31], 1U << 31);
    assert_int_equal(info[1], 0);
    assert_int_equal(evtchn_unmask(d, 1023), 0);
    assert_int_equal(shared[32 + 31], 0);
    assert_int_equal(info[1], 1U << 31);
    assert_int_equal(info[0] & 0xff, 1);                /* evtchn_upcall_pending */
    assert_int_equal(send(1, 33), 0);
    assert_int_equal(shared[1], 2);
    assert_int_equal(info[1], 1U << 31 | 2);
    assert_int_equal(info[2] | info[3], 0);             /* the selector of 64-bit code */
    assert_int_equal(do_close(1, 33), 0);
    assert_int_equal(shared[1], 0);
    info[1] = 0;
    evtchn_vcpu_info_moved(d->vcpu[0]);
    assert_int_equal(info[1], ~0U);
    assert_int_equal(info[2] | info[3], 0);
    d->is_32bit = false;
}

static void limit_of_the_domain_is_kept(void **state)
{
    evtchn_free_domain(fake.dom[1]);
    fake.dom[1]->max_evtchn_port = 5;
    assert_int_equal(evtchn_init_domain(fake.dom[1]), 0);
    for ( int i = 1; i <= 5; i++ )
        assert_int_equal(bind_ipi(1, 0), i);
    assert_int_equal(bind_ipi(1, 0), -XEN_ENOSPC);
}

static void only_control_domain_allocates_for_others(void **state)
{
    struct evtchn_alloc_unbound a = { .dom = 2, .remote_dom = 0 };

    fake_run(1, 0);
    assert_int_equal(evtchn_alloc_unbound(&a), -XEN_EPERM);
    fake_run(0, 0);
    assert_int_equal(evtchn_alloc_unbound(&a), 0);
    a.dom = 77;
    assert_int_equal(evtchn_alloc_unbound(&a), -XEN_ESRCH);
    assert_int_equal(status(2, a.port).status, EVTCHNSTAT_unbound);
    assert_int_equal(status(2, a.port).u.unbound.dom, 0);
}

static void pair_is_bound_and_carries_events(void **state)
{
    const int p1 = alloc(1, 2), p2 = bind(2, 1, p1);
    struct evtchn_status s;

    assert_true(p2 > 0);
    /* The binder is told at once that it may have missed something. */
    assert_true(pending_2l(2, p2));
    assert_int_equal(fake.nr_kicks[2][0], 1);
    assert_int_equal(fake.dom[2]->vcpu[0]->vcpu_info->evtchn_upcall_pending, 1);
    assert_int_equal(fake.dom[2]->vcpu[0]->vcpu_info->evtchn_pending_sel, 1);

    assert_int_equal(send(2, p2), 0);
    assert_true(pending_2l(1, p1));
    assert_int_equal(fake.nr_kicks[1][0], 1);
    assert_int_equal(send(2, p2), 0);
    assert_int_equal(fake.nr_kicks[1][0], 1);       /* pending already */

    s = status(1, p1);
    assert_int_equal(s.status, EVTCHNSTAT_interdomain);
    assert_int_equal(s.u.interdomain.dom, 2);
    assert_int_equal(s.u.interdomain.port, p2);

    /* Either side's close leaves the other unbound, for the same domain. */
    assert_int_equal(do_close(2, p2), 0);
    assert_false(pending_2l(2, p2));
    assert_int_equal(status(1, p1).status, EVTCHNSTAT_unbound);
    assert_int_equal(status(1, p1).u.unbound.dom, 2);
    assert_int_equal(send(1, p1), 0);
    assert_int_equal(bind(2, 1, p1), p2);
    assert_int_equal(do_close(1, p1), 0);
    assert_int_equal(status(2, p2).status, EVTCHNSTAT_unbound);
    assert_int_equal(status(2, p2).u.unbound.dom, 1);
}

static void binding_is_for_the_named_domain_and_once(void **state)
{
    const int p = alloc(1, 2);

    assert_int_equal(bind(3, 1, p), -XEN_EINVAL);
    assert_int_equal(bind(2, 1, p + 1), -XEN_EINVAL);
    assert_int_equal(bind(2, 1, ~0U), -XEN_EINVAL);
    assert_int_equal(bind(2, 55, p), -XEN_ESRCH);
    assert_true(bind(2, 1, p) > 0);
    assert_int_equal(bind(2, 1, p), -XEN_EINVAL);
}

static void domain_binds_to_itself(void **state)
{
    const int p = alloc(1, DOMID_SELF), q = bind(1, DOMID_SELF, p);

    assert_int_equal(q, p + 1);
    assert_int_equal(send(1, q), 0);
    assert_true(pending_2l(1, p));
    assert_int_equal(do_close(1, p), 0);
    assert_int_equal(status(1, q).status, EVTCHNSTAT_unbound);
    assert_int_equal(do_close(1, q), 0);
    /* And a port with itself. */
    assert_int_equal(alloc(1, 1), p);
    assert_int_equal(bind(1, 1, p), q);
}

static void masked_port_stays_quiet_until_unmasked(void **state)
{
    const int p = bind_ipi(1, 1);
    struct vcpu_info *vi = fake.dom[1]->vcpu[1]->vcpu_info;

    set_bit(p, fake.dom[1]->shared_info->evtchn_mask);
    assert_int_equal(send(1, p), 0);
    assert_true(pending_2l(1, p));
    assert_int_equal(vi->evtchn_upcall_pending, 0);
    assert_int_equal(evtchn_unmask(fake.dom[1], p), 0);
    assert_int_equal(vi->evtchn_upcall_pending, 1);
    assert_int_equal(vi->evtchn_pending_sel, 1);
    assert_int_equal(fake.nr_kicks[1][1], 1);
    assert_int_equal(evtchn_unmask(fake.dom[1], 3000), -XEN_EINVAL);
}

static void poller_wakes_even_for_a_masked_port(void **state)
{
    const int p = bind_ipi(1, 0), q = bind_ipi(1, 0);
    struct vcpu *v = fake.dom[1]->vcpu[1];

    set_bit(p, fake.dom[1]->shared_info->evtchn_mask);
    v->flags |= VCPUF_POLLING;
    v->poll_port = p;
    assert_int_equal(send(1, q), 0);
    assert_int_equal(fake.nr_unblocks[1][1], 0);
    assert_int_equal(send(1, p), 0);
    assert_int_equal(fake.nr_unblocks[1][1], 1);
    assert_int_equal(evtchn_poll(fake.dom[1], p), 1);
    assert_int_equal(evtchn_poll(fake.dom[1], p + 100000), -XEN_EINVAL);
}

static void virqs_are_global_or_per_vcpu(void **state)
{
    const int g = bind_virq(0, VIRQ_CONSOLE, 0), t = bind_virq(0, VIRQ_TIMER, 1);

    assert_true(g > 0 && t > 0);
    assert_int_equal(bind_virq(0, VIRQ_CONSOLE, 0), -XEN_EEXIST);
    assert_int_equal(bind_virq(0, VIRQ_CON_RING, 1), -XEN_EINVAL);
    assert_int_equal(bind_virq(0, NR_VIRQS, 0), -XEN_EINVAL);
    assert_int_equal(bind_virq(0, VIRQ_TIMER, 2), -XEN_ENOENT);
    assert_int_equal(bind_virq(0, VIRQ_TIMER, ~0U), -XEN_ENOENT);
    assert_int_equal(send(0, g), -XEN_EINVAL);

    evtchn_send_global_virq(VIRQ_CONSOLE);
    assert_true(pending_2l(0, g));
    evtchn_send_vcpu_virq(fake.dom[0]->vcpu[1], VIRQ_TIMER);
    assert_true(pending_2l(0, t));
    assert_int_equal(fake.dom[0]->vcpu[1]->vcpu_info->evtchn_upcall_pending, 1);

    /* A global one may notify another vCPU, and is found again when it closes. */
    fake_run(0, 0);
    assert_int_equal(evtchn_bind_vcpu(g, 1), 0);
    assert_int_equal(evtchn_bind_vcpu(t, 0), -XEN_EINVAL);
    assert_int_equal(do_close(0, g), 0);
    evtchn_send_global_virq(VIRQ_CONSOLE);
    assert_false(pending_2l(0, g));
    assert_int_equal(bind_virq(0, VIRQ_CONSOLE, 0), g);
}

static void global_virqs_are_the_control_domains(void **state)
{
    const int p = bind_virq(2, VIRQ_DOM_EXC, 0);

    evtchn_send_global_virq(VIRQ_DOM_EXC);
    assert_false(pending_2l(2, p));
}

static void pirqs_are_bound_and_released(void **state)
{
    struct evtchn_bind_pirq a = { .pirq = 4 };

    fake_run(0, 0);
    assert_int_equal(evtchn_bind_pirq(&a), 0);
    assert_int_equal(fake.pirq_bound[4], a.port);
    evtchn_send_pirq(fake.dom[0], a.port);
    assert_true(pending_2l(0, a.port));
    assert_int_equal(evtchn_bind_pirq(&a), -XEN_EBUSY);
    assert_int_equal(evtchn_bind_vcpu(a.port, 1), 0);
    assert_int_equal(fake.pirq_vcpu[4], 1);
    assert_int_equal(status(0, a.port).u.pirq, 4);
    assert_int_equal(do_close(0, a.port), 0);
    assert_int_equal(fake.pirq_bound[4], 0);
    a.pirq = 99;
    assert_int_equal(evtchn_bind_pirq(&a), -XEN_EINVAL);
    assert_int_equal(bind_ipi(0, 0), 1);
}

static void moved_vcpu_info_loses_nothing(void **state)
{
    static struct vcpu_info other;
    struct vcpu *v = fake.dom[1]->vcpu[0];

    memset(&other, 0, sizeof(other));
    v->vcpu_info = &other;
    evtchn_vcpu_info_moved(v);
    assert_int_equal(other.evtchn_upcall_pending, 1);
    assert_true(other.evtchn_pending_sel == ~0UL);
}

static void destroy_leaves_peers_unbound(void **state)
{
    int p[100];

    for ( unsigned int i = 0; i < ARRAY_SIZE(p); i++ ) {
        p[i] = alloc(1, 2);
        assert_true(bind(2, 1, p[i]) > 0);
    }
    fake.preempt_in = 1;
    fake_destroy_domain(2);
    for ( unsigned int i = 0; i < ARRAY_SIZE(p); i++ )
        assert_int_equal(status(1, p[i]).status, EVTCHNSTAT_unbound);
    assert_int_equal(bind(1, 2, 1), -XEN_ESRCH);
}

static void no_memory_changes_nothing(void **state)
{
    fake.alloc_fails_in = 0;
    assert_int_equal(bind_ipi(3, 0), -XEN_ENOMEM);
    fake.alloc_fails_in = -1;
    assert_int_equal(bind_ipi(3, 0), 1);
}

/* FIFO: the guest's side, as the format's users are to behave. */

struct fifo_guest {
    mfn_t control[FAKE_VCPUS], array[8];
    uint32_t nr_words;
    uint32_t head[FAKE_VCPUS][EVTCHN_FIFO_MAX_QUEUES];
};
static struct fifo_guest fg[FAKE_DOMAINS];

static uint32_t *fifo_word(unsigned int d, uint32_t port)
{
    return (uint32_t *)mfn_to_virt(fg[d].array[port / 1024]) + port % 1024;
}

static int init_control(unsigned int d, uint32_t v, mfn_t mfn, uint32_t offset)
{
    struct evtchn_init_control a = { .control_gfn = mfn.n, .offset = offset, .vcpu = v };
    int rc;

    fake_run(d, 0);
    rc = evtchn_init_control(&a);
    assert_int_equal(a.link_bits, EVTCHN_FIFO_LINK_BITS);
    return rc;
}

static int expand(unsigned int d, mfn_t mfn)
{
    struct evtchn_expand_array a = { .array_gfn = mfn.n };

    fake_run(d, 0);
    return evtchn_expand_array(&a);
}

static void fifo_start(unsigned int d)
{
    memset(&fg[d], 0, sizeof(fg[d]));
    for ( uint32_t v = 0; v < FAKE_VCPUS; v++ ) {
        fg[d].control[v] = fake_ram(d);
        assert_int_equal(init_control(d, v, fg[d].control[v], 8 * v), 0);
    }
    fg[d].array[0] = fake_ram(d);
    assert_int_equal(expand(d, fg[d].array[0]), 0);
    fg[d].nr_words = 1024;
}

static struct evtchn_fifo_control_block *control_block(unsigned int d, uint32_t v)
{
    return (void *)((uint8_t *)mfn_to_virt(fg[d].control[v]) + 8 * v);
}

/* Take one event of vCPU @v, highest priority first; 0 if there is none. */
static uint32_t fifo_take(unsigned int d, uint32_t v)
{
    struct evtchn_fifo_control_block *cb = control_block(d, v);

    while ( cb->ready ) {
        const uint32_t q = lowest_bit(cb->ready);
        uint32_t port = fg[d].head[v][q], *w, link;

        if ( port == 0 )
            port = cb->head[q];
        assert_in_range(port, 1, fg[d].nr_words - 1);
        w = fifo_word(d, port);
        assert_true(*w & 1U << EVTCHN_FIFO_LINKED);
        link = *w & EVTCHN_FIFO_LINK_MASK;
        *w &= ~((1U << EVTCHN_FIFO_LINKED) | EVTCHN_FIFO_LINK_MASK);
        fg[d].head[v][q] = link;
        if ( link == 0 )
            cb->ready &= ~(1U << q);
        if ( (*w & 1U << EVTCHN_FIFO_PENDING) && !(*w & 1U << EVTCHN_FIFO_MASKED) ) {
            *w &= ~(1U << EVTCHN_FIFO_PENDING);
            return port;
        }
    }
    fake.dom[d]->vcpu[v]->vcpu_info->evtchn_upcall_pending = 0;
    return 0;
}

static void fifo_arguments_are_checked(void **state)
{
    const mfn_t mine = fake_ram(1), other = fake_ram(2);
    struct evtchn_set_priority prio = { .port = 1, .priority = 0 };

    assert_int_equal(expand(1, mine), -XEN_EOPNOTSUPP);
    assert_int_equal(bind_ipi(1, 0), 1);
    fake_run(1, 0);
    assert_int_equal(evtchn_set_priority(&prio), -XEN_ENOSYS);
    assert_int_equal(init_control(1, 0, other, 0), -XEN_EINVAL);
    assert_int_equal(init_control(1, 0, MFN(~0UL), 0), -XEN_EINVAL);
    assert_int_equal(init_control(1, 0, mine, 4), -XEN_EINVAL);
    assert_int_equal(init_control(1, 0, mine, PAGE_SIZE - 64), -XEN_EINVAL);
    assert_int_equal(init_control(1, 0, mine, 0xfffffff8), -XEN_EINVAL);
    assert_int_equal(init_control(1, FAKE_VCPUS, mine, 0), -XEN_ENOENT);
    assert_int_equal(fake_refs(mine), 0);
    assert_int_equal(init_control(1, 0, mine, PAGE_SIZE - 72), 0);
    assert_int_equal(init_control(1, 0, mine, 0), -XEN_EINVAL);
    assert_int_equal(fake_refs(mine), 1);
    assert_int_equal(fake_types(mine), 1);
    assert_int_equal(expand(1, other), -XEN_EINVAL);
    fake_run(1, 0);
    prio.priority = 16;
    assert_int_equal(evtchn_set_priority(&prio), -XEN_EINVAL);
    prio.priority = 15;
    assert_int_equal(evtchn_set_priority(&prio), 0);
    prio.port = 2;
    assert_int_equal(evtchn_set_priority(&prio), -XEN_EINVAL);
    /* A page may be given more than once; each use holds it. */
    for ( uint32_t i = 0; i < 128; i++ )
        assert_int_equal(expand(1, mine), 0);
    assert_int_equal(expand(1, mine), -XEN_ENOSPC);
    assert_int_equal(fake_refs(mine), 129);
}

static void fifo_keeps_order_within_a_queue(void **state)
{
    int p[50];

    fifo_start(1);
    for ( unsigned int i = 0; i < ARRAY_SIZE(p); i++ )
        p[i] = bind_ipi(1, 0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(p); i++ )
        assert_int_equal(send(1, p[(i * 7) % 50]), 0);
    assert_int_equal(fake.nr_kicks[1][0], 1);
    for ( unsigned int i = 0; i < ARRAY_SIZE(p); i++ )
        assert_int_equal(fifo_take(1, 0), p[(i * 7) % 50]);
    assert_int_equal(fifo_take(1, 0), 0);
    assert_int_equal(send(1, p[0]), 0);
    assert_int_equal(fifo_take(1, 0), p[0]);
}

static void fifo_priorities_go_first(void **state)
{
    struct evtchn_set_priority prio = { .priority = EVTCHN_FIFO_PRIORITY_MAX };
    int low, high;

    fifo_start(1);
    low = bind_ipi(1, 0);
    high = bind_ipi(1, 0);
    prio.port = high;
    fake_run(1, 0);
    assert_int_equal(evtchn_set_priority(&prio), 0);
    assert_int_equal(send(1, low), 0);
    assert_int_equal(send(1, high), 0);
    assert_int_equal(fifo_take(1, 0), high);
    assert_int_equal(fifo_take(1, 0), low);
    assert_int_equal(fifo_take(1, 0), 0);
}

static void fifo_switch_takes_pending_ports_along(void **state)
{
    const int a = bind_ipi(1, 0), b = bind_ipi(1, 1);
    mfn_t page;

    assert_int_equal(send(1, a), 0);
    assert_int_equal(send(1, b), 0);
    page = fake_ram(1);
    fg[1] = (struct fifo_guest){ .control = { page, page }, .nr_words = 1024 };
    assert_int_equal(init_control(1, 0, page, 0), 0);
    assert_int_equal(init_control(1, 1, page, 8 + 72), 0);
    fg[1].array[0] = fake_ram(1);
    assert_int_equal(expand(1, fg[1].array[0]), 0);
    assert_int_equal(fifo_take(1, 0), a);
    assert_int_equal(fifo_take(1, 0), 0);
    assert_true(*fifo_word(1, b) & 1U << EVTCHN_FIFO_PENDING);
}

static void fifo_masked_event_is_linked_by_unmask(void **state)
{
    int p;

    fifo_start(1);
    p = bind_ipi(1, 1);
    *fifo_word(1, p) |= 1U << EVTCHN_FIFO_MASKED;
    assert_int_equal(send(1, p), 0);
    assert_int_equal(fifo_take(1, 1), 0);
    assert_int_equal(evtchn_unmask(fake.dom[1], p), 0);
    assert_int_equal(fifo_take(1, 1), p);
    assert_int_equal(evtchn_unmask(fake.dom[1], p), 0);
    assert_int_equal(fifo_take(1, 1), 0);
}

static void fifo_event_moves_with_its_vcpu(void **state)
{
    int p, q;

    fifo_start(1);
    p = bind_virq(1, VIRQ_DOM_EXC, 0);
    q = alloc(1, 2);
    assert_true(bind(2, 1, q) > 0);
    evtchn_send_vcpu_virq(fake.dom[1]->vcpu[0], VIRQ_DOM_EXC);
    assert_int_equal(fifo_take(1, 0), p);
    /* p is still noted as the tail of vCPU 0's queue, and now goes to vCPU 1's. */
    fake_run(1, 0);
    assert_int_equal(evtchn_bind_vcpu(p, 1), 0);
    evtchn_send_vcpu_virq(fake.dom[1]->vcpu[0], VIRQ_DOM_EXC);
    assert_int_equal(send(2, 1), 0);
    assert_int_equal(fifo_take(1, 0), q);
    assert_int_equal(fifo_take(1, 0), 0);
    assert_int_equal(fifo_take(1, 1), p);
    assert_int_equal(fifo_take(1, 1), 0);
}

static void fifo_port_in_a_queue_is_not_reused(void **state)
{
    int p;

    fifo_start(1);
    p = bind_ipi(1, 0);
    assert_int_equal(send(1, p), 0);
    assert_int_equal(do_close(1, p), 0);
    assert_int_equal(bind_ipi(1, 0), p + 1);
    assert_int_equal(fifo_take(1, 0), 0);
    assert_int_equal(bind_ipi(1, 0), p);
}

static void fifo_event_before_its_array_comes_later(void **state)
{
    mfn_t page = fake_ram(1);
    int p = bind_ipi(1, 0);

    fg[1] = (struct fifo_guest){ .control = { page }, .nr_words = 1024 };
    assert_int_equal(init_control(1, 0, page, 0), 0);
    assert_int_equal(send(1, p), 0);
    assert_int_equal(evtchn_poll(fake.dom[1], p), 1);
    fg[1].array[0] = fake_ram(1);
    assert_int_equal(expand(1, fg[1].array[0]), 0);
    assert_int_equal(fifo_take(1, 0), p);
}

static void reset_goes_back_to_two_level(void **state)
{
    int p;

    fifo_start(1);
    p = alloc(1, 2);
    assert_true(bind(2, 1, p) > 0);
    fake_run(1, 0);
    assert_int_equal(evtchn_reset(fake.dom[1]), 0);
    assert_int_equal(fake_refs(fg[1].array[0]), 0);
    assert_int_equal(fake_types(fg[1].control[1]), 0);
    assert_int_equal(status(2, 1).status, EVTCHNSTAT_unbound);
    assert_int_equal(bind_ipi(1, 0), 1);
    assert_int_equal(send(1, 1), 0);
    assert_true(pending_2l(1, 1));
    assert_int_equal(do_close(1, 1), 0);
    fifo_start(1);
    p = bind_ipi(1, 0);
    assert_int_equal(send(1, p), 0);
    assert_int_equal(fifo_take(1, 0), p);
}

static void reset_that_is_given_up_hides_no_ports(void **state)
{
    for ( int i = 1; i <= 100; i++ )
        assert_int_equal(alloc(1, 2), i);
    fake.preempt_in = 1;
    assert_int_equal(evtchn_reset(fake.dom[1]), -XEN_ERESTART);
    for ( int i = 1; i < 64; i++ ) {
        assert_int_equal(alloc(1, 2), i);
        assert_int_equal(bind(2, 1, i), i);
    }
    fake_destroy_domain(1);
    for ( int i = 1; i < 64; i++ )
        assert_int_equal(status(2, i).status, EVTCHNSTAT_unbound);
}

static void fifo_survives_scribbling(void **state)
{
    uint32_t seed = 1;

    fifo_start(1);
    for ( unsigned int i = 0; i < 100; i++ )
        assert_true(bind_ipi(1, i % 2) > 0);
    for ( unsigned int i = 0; i < 200000; i++ ) {
        seed = seed * 1103515245 + 12345;
        *fifo_word(1, seed >> 8 & 1023) = rand();
        if ( i % 64 == 0 )
            memset(control_block(1, i / 64 % 2), rand(), 72);
        (void)send(1, 1 + rand() % 100);
        if ( i % 16 == 0 )
            (void)evtchn_unmask(fake.dom[1], 1 + rand() % 100);
    }
}

/* The guest takes events while they are sent: none is lost, none comes twice in a queue. */

#define RACE_PORTS  16
#define RACE_SENDS  300000

static bool race_over;

static void race_handle(uint32_t port)
{
    uint32_t *w = fifo_word(1, port);

    __atomic_fetch_and(w, ~(1U << EVTCHN_FIFO_PENDING), __ATOMIC_SEQ_CST);
}

static void *race_guest(void *arg)
{
    const uint32_t drop = (1U << EVTCHN_FIFO_LINKED) | EVTCHN_FIFO_LINK_MASK;
    struct evtchn_fifo_control_block *cb = control_block(1, 0);
    uint32_t head = 0;
    bool more = true;

    while ( more ) {
        more = !__atomic_load_n(&race_over, __ATOMIC_ACQUIRE);
        if ( !__atomic_exchange_n(&cb->ready, 0, __ATOMIC_SEQ_CST) )
            continue;
        more = true;
        do {
            const uint32_t port = head ? head : read_once(cb->head[EVTCHN_FIFO_PRIORITY_DEFAULT]);
            uint32_t *w = fifo_word(1, port), old = read_once(*w);

            if ( !(old & 1U << EVTCHN_FIFO_LINKED) )
                abort();
            while ( !__atomic_compare_exchange_n(w, &old, old & ~drop, false,
                                                 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) )
                ;
            head = old & EVTCHN_FIFO_LINK_MASK;
            if ( old & 1U << EVTCHN_FIFO_PENDING )
                race_handle(port);
        } while ( head );
    }
    return NULL;
}

static void fifo_loses_nothing_to_a_guest_at_work(void **state)
{
    uint32_t seed = 7;
    pthread_t t;

    fifo_start(1);
    for ( int i = 1; i <= RACE_PORTS; i++ )
        assert_int_equal(bind_ipi(1, 0), i);
    race_over = false;
    assert_int_equal(pthread_create(&t, NULL, race_guest, NULL), 0);
    for ( unsigned int i = 0; i < RACE_SENDS; i++ ) {
        seed = seed * 1103515245 + 12345;
        assert_int_equal(send(1, 1 + (seed >> 16) % RACE_PORTS), 0);
    }
    __atomic_store_n(&race_over, true, __ATOMIC_RELEASE);
    pthread_join(t, NULL);
    for ( uint32_t p = 1; p <= RACE_PORTS; p++ )
        assert_int_equal(*fifo_word(1, p), 0);
}

/* Random sequences against a model. */

#define M_PORTS 40

struct model_port {
    int state;                      /* EVTCHNSTAT_* */
    unsigned int rdom, rport;       /* interdomain, unbound */
    unsigned int vcpu, virq;
    bool pending;
};
static struct model_port model[FAKE_DOMAINS][M_PORTS];
static bool model_fifo[FAKE_DOMAINS];
static uint64_t rng;

static uint32_t rnd(uint32_t n)
{
    rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
    return (rng >> 33) % n;
}

static void model_free(unsigned int d, unsigned int p)
{
    model[d][p] = (struct model_port){ 0 };
}

static void model_close(unsigned int d, unsigned int p)
{
    struct model_port *m = &model[d][p];

    if ( m->state == EVTCHNSTAT_interdomain ) {
        struct model_port *o = &model[m->rdom][m->rport];

        o->state = EVTCHNSTAT_unbound;
        o->rdom = d;
        o->rport = 0;
    }
    model_free(d, p);
}

static void model_opened(unsigned int d, int p, struct model_port m)
{
    assert_in_range(p, 1, M_PORTS - 1);
    assert_int_equal(model[d][p].state, EVTCHNSTAT_closed);
    model[d][p] = m;
}

static bool model_full(unsigned int d)
{
    unsigned int n = 0;

    for ( unsigned int p = 1; p < M_PORTS; p++ )
        n += model[d][p].state != EVTCHNSTAT_closed;
    return n > M_PORTS / 2;         /* ports still in a queue take room too */
}

static void model_check_status(unsigned int d, unsigned int p)
{
    const struct model_port *m = &model[d][p];
    struct evtchn_status a = { .dom = d, .port = p };

    fake_run(0, 0);
    if ( evtchn_status(&a) )
        return;                     /* none of that number was ever opened */
    assert_int_equal(a.status, m->state);
    switch ( m->state ) {
    case EVTCHNSTAT_unbound:
        assert_int_equal(a.u.unbound.dom, m->rdom);
        break;
    case EVTCHNSTAT_interdomain:
        assert_int_equal(a.u.interdomain.dom, m->rdom);
        assert_int_equal(a.u.interdomain.port, m->rport);
        break;
    case EVTCHNSTAT_virq:
        assert_int_equal(a.u.virq, m->virq);
        break;
    }
    if ( m->state != EVTCHNSTAT_closed )
        assert_int_equal(a.vcpu, m->vcpu);
    assert_int_equal(evtchn_poll(fake.dom[d], p), m->pending);
}

/* The guest handles all events of its vCPUs; exactly the model's pending ones must come. */
static void model_drain(unsigned int d)
{
    if ( model_fifo[d] ) {
        for ( uint32_t v = 0; v < FAKE_VCPUS; v++ ) {
            uint32_t port;

            while ( (port = fifo_take(d, v)) != 0 ) {
                assert_true(port < M_PORTS && model[d][port].pending);
                model[d][port].pending = false;
            }
        }
    } else {
        for ( uint32_t p = 1; p < M_PORTS; p++ ) {
            if ( !model[d][p].pending )
                continue;
            assert_true(pending_2l(d, p));
            assert_true(fake.dom[d]->vcpu[model[d][p].vcpu]->vcpu_info->evtchn_pending_sel & 1);
            clear_bit(p, fake.dom[d]->shared_info->evtchn_pending);
            model[d][p].pending = false;
        }
    }
    for ( uint32_t p = 1; p < M_PORTS; p++ )
        assert_false(model[d][p].pending);
}

static void model_step(void)
{
    const unsigned int d = rnd(FAKE_DOMAINS), r = rnd(FAKE_DOMAINS), p = 1 + rnd(M_PORTS - 1);
    struct model_port *m = &model[d][p];
    int port, rc;

    switch ( rnd(12) ) {
    case 0:
        if ( !model_full(d) )
            model_opened(d, alloc(d, r), (struct model_port){ EVTCHNSTAT_unbound, .rdom = r });
        break;
    case 1:
    case 2:
        if ( model_full(d) )
            break;
        port = bind(d, r, p);
        if ( model[r][p].state == EVTCHNSTAT_unbound && model[r][p].rdom == d ) {
            model_opened(d, port, (struct model_port){ EVTCHNSTAT_interdomain, .rdom = r,
                                                       .rport = p, .pending = true });
            model[r][p].state = EVTCHNSTAT_interdomain;
            model[r][p].rdom = d;
            model[r][p].rport = port;
        } else {
            assert_int_equal(port, -XEN_EINVAL);
        }
        break;
    case 3:
        if ( !model_full(d) )
            model_opened(d, bind_ipi(d, r % 2), (struct model_port){ EVTCHNSTAT_ipi, .vcpu = r % 2 });
        break;
    case 4:
        if ( model_full(d) )
            break;
        port = bind_virq(d, VIRQ_TIMER, r % 2);
        for ( unsigned int i = 1; i < M_PORTS; i++ )
            if ( model[d][i].state == EVTCHNSTAT_virq && model[d][i].vcpu == r % 2 )
                assert_int_equal(port, -XEN_EEXIST);
        if ( port != -XEN_EEXIST )
            model_opened(d, port, (struct model_port){ EVTCHNSTAT_virq, .vcpu = r % 2 });
        break;
    case 5:
        rc = do_close(d, p);
        assert_int_equal(rc, m->state == EVTCHNSTAT_closed ? -XEN_EINVAL : 0);
        if ( rc == 0 )
            model_close(d, p);
        break;
    case 6:
    case 7:
    case 8:
        rc = send(d, p);
        if ( m->state == EVTCHNSTAT_interdomain )
            model[m->rdom][m->rport].pending = true;
        else if ( m->state == EVTCHNSTAT_ipi )
            m->pending = true;
        assert_int_equal(rc, m->state == EVTCHNSTAT_closed || m->state == EVTCHNSTAT_virq
                             ? -XEN_EINVAL : 0);
        break;
    case 9:
        evtchn_send_vcpu_virq(fake.dom[d]->vcpu[r % 2], VIRQ_TIMER);
        for ( unsigned int i = 1; i < M_PORTS; i++ )
            if ( model[d][i].state == EVTCHNSTAT_virq && model[d][i].vcpu == r % 2 )
                model[d][i].pending = true;
        break;
    case 10:
        fake_run(d, 0);
        rc = evtchn_bind_vcpu(p, r % 2);
        if ( m->state == EVTCHNSTAT_unbound || m->state == EVTCHNSTAT_interdomain ) {
            assert_int_equal(rc, 0);
            if ( !model_fifo[d] )
                model_drain(d);     /* the selector of the old vCPU was set, not the new one's */
            m->vcpu = r % 2;
        } else {
            assert_int_equal(rc, -XEN_EINVAL);
        }
        break;
    case 11:
        if ( model_fifo[d] && rnd(2) ) {
            struct evtchn_set_priority prio = { p, rnd(16) };

            fake_run(d, 0);
            rc = evtchn_set_priority(&prio);
            assert_int_equal(rc, m->state == EVTCHNSTAT_closed ? -XEN_EINVAL : 0);
        } else {
            model_drain(d);
        }
        break;
    }
    model_check_status(d, p);
}

static void random_operations_agree_with_the_model(void **state)
{
    const char *rounds = getenv("TEST_ROUNDS");

    for ( int round = 0; round < (rounds ? atoi(rounds) : 30); round++ ) {
        rng = round;
        memset(model, 0, sizeof(model));
        for ( unsigned int d = 0; d < FAKE_DOMAINS; d++ ) {
            model_fifo[d] = rnd(2);
            if ( model_fifo[d] )
                fifo_start(d);
        }
        for ( int i = 0; i < 3000; i++ )
            model_step();
        for ( unsigned int d = 0; d < FAKE_DOMAINS; d++ )
            model_drain(d);
        fake_exit();
        fake_init();
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(ports_start_at_one_and_are_reused),
        T(two_level_has_4095_ports),
        T(a_32bit_guest_has_1024_ports_of_its_form),
        T(limit_of_the_domain_is_kept),
        T(only_control_domain_allocates_for_others),
        T(pair_is_bound_and_carries_events),
        T(binding_is_for_the_named_domain_and_once),
        T(domain_binds_to_itself),
        T(masked_port_stays_quiet_until_unmasked),
        T(poller_wakes_even_for_a_masked_port),
        T(virqs_are_global_or_per_vcpu),
        T(global_virqs_are_the_control_domains),
        T(pirqs_are_bound_and_released),
        T(moved_vcpu_info_loses_nothing),
        T(destroy_leaves_peers_unbound),
        T(no_memory_changes_nothing),
        T(fifo_arguments_are_checked),
        T(fifo_keeps_order_within_a_queue),
        T(fifo_priorities_go_first),
        T(fifo_switch_takes_pending_ports_along),
        T(fifo_masked_event_is_linked_by_unmask),
        T(fifo_event_moves_with_its_vcpu),
        T(fifo_port_in_a_queue_is_not_reused),
        T(fifo_event_before_its_array_comes_later),
        T(reset_goes_back_to_two_level),
        T(reset_that_is_given_up_hides_no_ports),
        T(fifo_survives_scribbling),
        T(fifo_loses_nothing_to_a_guest_at_work),
        T(random_operations_agree_with_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
