/* SPDX-License-Identifier: MIT */
/* Two-level event channels: binding, the upcall's scan, masks. */
#include "event.h"
#include <xenabi/event_channel.h>
#include <xenabi/sched.h>
#include "hypercall.h"
#include "lib.h"
#include "platform.h"
#include "smp.h"
#include "start.h"

#define NR_PORTS 4096

struct shared_info *shared_info;
static char shared_page[PAGE_SIZE] __attribute__((aligned(4096)));
static event_fn handlers[NR_PORTS];

void event_init(void)
{
    if ( platform->map_shared_info(shared_page) == 0 )
        shared_info = (struct shared_info *)shared_page;
    memset(shared_info->evtchn_mask, 0xff, sizeof(shared_info->evtchn_mask));
}

struct vcpu_info *event_vcpu(void)
{
    return &shared_info->vcpu_info[smp_id()];
}

static bool bit_test(const uint64_t *map, uint32_t nr)
{
    return (read_once(map[nr / 64]) >> (nr % 64)) & 1;
}

static bool bit_test_and_clear(uint64_t *map, uint32_t nr)
{
    return (__atomic_fetch_and(&map[nr / 64], ~(1ul << (nr % 64)), __ATOMIC_SEQ_CST)
            >> (nr % 64)) & 1;
}

long event_op(int cmd, void *arg)
{
    return hc_event_channel_op(cmd, HC_PTR(arg));
}

long event_alloc_unbound(uint16_t dom, uint16_t remote)
{
    struct evtchn_alloc_unbound op = { .dom = dom, .remote_dom = remote };
    const long rc = event_op(EVTCHNOP_alloc_unbound, &op);

    return rc ? rc : op.port;
}

long event_bind_interdomain(uint16_t remote, uint32_t remote_port)
{
    struct evtchn_bind_interdomain op = { .remote_dom = remote, .remote_port = remote_port };
    const long rc = event_op(EVTCHNOP_bind_interdomain, &op);

    return rc ? rc : op.local_port;
}

long event_bind_virq(uint32_t virq, uint32_t vcpu)
{
    struct evtchn_bind_virq op = { .virq = virq, .vcpu = vcpu };
    const long rc = event_op(EVTCHNOP_bind_virq, &op);

    return rc ? rc : op.port;
}

long event_bind_ipi(uint32_t vcpu)
{
    struct evtchn_bind_ipi op = { .vcpu = vcpu };
    const long rc = event_op(EVTCHNOP_bind_ipi, &op);

    return rc ? rc : op.port;
}

long event_close(uint32_t port)
{
    struct evtchn_close op = { .port = port };

    /* The number may come back for another use: that one starts masked too. */
    if ( port < NR_PORTS ) {
        event_mask(port);
        handlers[port] = NULL;
    }
    return event_op(EVTCHNOP_close, &op);
}

long event_send(uint32_t port)
{
    struct evtchn_send op = { .port = port };

    return event_op(EVTCHNOP_send, &op);
}

void event_set_handler(uint32_t port, event_fn fn)
{
    handlers[port] = fn;
}

void event_mask(uint32_t port)
{
    __atomic_fetch_or(&shared_info->evtchn_mask[port / 64], 1ul << (port % 64), __ATOMIC_SEQ_CST);
}

long event_unmask(uint32_t port)
{
    struct evtchn_unmask op = { .port = port };

    return event_op(EVTCHNOP_unmask, &op);
}

bool event_pending(uint32_t port)
{
    return bit_test(shared_info->evtchn_pending, port);
}

bool event_clear(uint32_t port)
{
    return bit_test_and_clear(shared_info->evtchn_pending, port);
}

void events_on(void)
{
    platform->events_on();
}

void events_off(void)
{
    platform->events_off();
}

void events_wait(void)
{
    platform->events_wait();
}

void event_upcall(void)
{
    struct vcpu_info *vi = event_vcpu();

    while ( __atomic_exchange_n(&vi->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST) ) {
        uint64_t words = __atomic_exchange_n(&vi->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);

        for ( ; words; words &= words - 1 ) {
            const unsigned int w = __builtin_ctzl(words);
            uint64_t bits = read_once(shared_info->evtchn_pending[w]) &
                            ~read_once(shared_info->evtchn_mask[w]);

            for ( ; bits; bits &= bits - 1 ) {
                const uint32_t port = w * 64 + __builtin_ctzl(bits);

                event_clear(port);
                if ( handlers[port] )
                    handlers[port](port);
            }
        }
    }
}

long event_poll_any(const uint32_t *ports, unsigned int nr, uint64_t deadline_ns)
{
    struct sched_poll op = { .ports = HC_PTR(ports), .nr_ports = nr, .timeout = deadline_ns };

    return hc_sched_op(SCHEDOP_poll, HC_PTR(&op));
}

long event_poll(uint32_t port, uint64_t deadline_ns)
{
    return event_poll_any(&port, 1, deadline_ns);
}
