/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels in the two-level format: binding, sending, masks, status,
 * closing, reset, and every bad port and domain.  The real Xen answers as
 * encoded here; port 0 never exists.
 * pvh: yes
 */
#include "test.h"
#include <xenabi/event_channel.h>
#include <xenabi/sched.h>

static volatile unsigned int hits;
static volatile uint32_t last;

static void on_event(uint32_t port)
{
    hits++;
    last = port;
}

static long status(uint16_t dom, uint32_t port, struct evtchn_status *st)
{
    *st = (struct evtchn_status){ .dom = dom, .port = port };
    return event_op(EVTCHNOP_status, st);
}

static void interdomain(void)
{
    struct evtchn_status st;
    const long a = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    const long b = event_bind_interdomain(DOMID_SELF, a);

    CHECK(a > 0 && b > 0 && a != b);
    EQ(status(DOMID_SELF, a, &st), 0);
    EQ(st.status, EVTCHNSTAT_interdomain);
    EQ(st.u.interdomain.port, b);
    EQ(st.vcpu, 0);

    event_set_handler(a, on_event);
    event_set_handler(b, on_event);
    event_unmask(a);
    event_unmask(b);
    events_on();
    hits = 0;
    EQ(event_send(b), 0);
    EQ(hits, 1);
    EQ_ROW("the other end gets it", last, a);
    EQ(event_send(a), 0);
    EQ(hits, 2);
    EQ(last, b);
    event_mask(a);
    EQ(event_send(b), 0);
    EQ(event_send(b), 0);
    EQ_ROW("masked", hits, 2);
    EQ(event_pending(a), 1);
    EQ(event_unmask(a), 0);
    EQ_ROW("one for many", hits, 3);
    EQ_ROW("port that is bound already", event_bind_interdomain(DOMID_SELF, a), -XEN_EINVAL);

    EQ(event_close(b), 0);
    EQ(status(DOMID_SELF, a, &st), 0);
    EQ_ROW("after the peer closed", st.status, EVTCHNSTAT_unbound);
    EQ(event_send(a), 0);
    EQ(event_close(a), 0);
    EQ(status(DOMID_SELF, a, &st), 0);
    EQ(st.status, EVTCHNSTAT_closed);
    EQ(event_close(a), -XEN_EINVAL);
    events_off();
}

static void ipi_and_virq(void)
{
    struct evtchn_status st;
    const long p = event_bind_ipi(0), v = event_bind_virq(VIRQ_DEBUG, 0);

    CHECK(p > 0 && v > 0);
    EQ(status(DOMID_SELF, p, &st), 0);
    EQ(st.status, EVTCHNSTAT_ipi);
    EQ(status(DOMID_SELF, v, &st), 0);
    EQ(st.status, EVTCHNSTAT_virq);
    EQ(st.u.virq, VIRQ_DEBUG);
    EQ_ROW("bound twice", event_bind_virq(VIRQ_DEBUG, 0), -XEN_EEXIST);
    EQ(event_bind_virq(NR_VIRQS, 0), -XEN_EINVAL);
    EQ(event_bind_virq(~0u, 0), -XEN_EINVAL);
    EQ(event_bind_virq(VIRQ_TIMER, 99) < 0, 1);
    EQ_ROW("a host-wide one elsewhere", event_bind_virq(VIRQ_CONSOLE, 1) < 0, 1);
    EQ(event_bind_ipi(99) < 0, 1);
    EQ(event_bind_ipi(~0u) < 0, 1);
    EQ_ROW("send on a VIRQ's port", event_send(v), -XEN_EINVAL);
    EQ(event_close(v), 0);
    EQ(event_close(p), 0);

    const long again = event_bind_virq(VIRQ_DEBUG, 0);

    CHECK(again > 0);
    EQ(event_close(again), 0);
}

static void bad_ports(void)
{
    static const uint32_t bad[] = { 0, 300, 4095, 4096, 131071, 131072, 0x7fffffff, ~0u };
    struct evtchn_status st;

    for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ ) {
        struct evtchn_bind_vcpu bv = { .port = bad[i], .vcpu = 0 };
        char name[40];

        snprintf(name, sizeof(name), "port %#x", bad[i]);
        EQ_ROW(name, event_close(bad[i]), -XEN_EINVAL);
        EQ_ROW(name, event_send(bad[i]), -XEN_EINVAL);
        EQ_ROW(name, event_bind_interdomain(DOMID_SELF, bad[i]), -XEN_EINVAL);
        EQ_ROW(name, event_op(EVTCHNOP_bind_vcpu, &bv), -XEN_EINVAL);
        EQ_ROW(name, status(DOMID_SELF, bad[i], &st) <= 0, 1);
        if ( bad[i] >= 131072 )
            EQ_ROW(name, event_unmask(bad[i]), -XEN_EINVAL);
    }
    EQ(event_alloc_unbound(77, DOMID_SELF), -XEN_ESRCH);
    EQ(event_bind_interdomain(77, 1), -XEN_ESRCH);
    EQ(status(77, 1, &st), -XEN_ESRCH);
    EQ(event_op(EVTCHNOP_alloc_unbound, (void *)BAD_PTR), -XEN_EFAULT);
    EQ(event_op(EVTCHNOP_send, (void *)HOLE_PTR), -XEN_EFAULT);

    struct evtchn_bind_pirq pirq = { .pirq = ~0u };

    CHECK(event_op(EVTCHNOP_bind_pirq, &pirq) < 0);
    struct evtchn_reset reset = { .dom = 77 };

    EQ(event_op(EVTCHNOP_reset, &reset), -XEN_ESRCH);
}

static void all_ports(void)
{
    unsigned int n = 0;
    long port, top = 0;

    while ( n < 5000 && (port = event_alloc_unbound(DOMID_SELF, DOMID_SELF)) > 0 ) {
        n++;
        top = port > top ? port : top;
    }
    console_printf("%u ports, highest %ld, then %ld\n", n, top, port);
    CHECK(n >= 1000);
    CHECK(top < 4096);
    EQ(port, -XEN_ENOSPC);

    struct evtchn_reset reset = { .dom = DOMID_SELF };

    EQ(event_op(EVTCHNOP_reset, &reset), 0);
    port = event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    EQ_ROW("after reset the low ports are back", port > 0 && port < 64, 1);
    EQ(event_close(port), 0);
}

void test_main(void)
{
    ipi_and_virq();
    interdomain();
    bad_ports();
    if ( guest_is_dom0() )
        all_ports();
}
