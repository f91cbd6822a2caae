/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels in the FIFO format: control block, array pages, queues by
 * priority, and hostile frames and offsets.  On the real Xen a port's event
 * word is linked into the queue of its priority, oldest first.
 * pvh: yes
 */
#include "test.h"
#include <xenabi/event_channel.h>

static struct evtchn_fifo_control_block *cb;
static uint32_t *words;

static long init_control(uint64_t gfn, uint32_t offset, uint32_t vcpu)
{
    struct evtchn_init_control op = { .control_gfn = gfn, .offset = offset, .vcpu = vcpu };
    const long rc = event_op(EVTCHNOP_init_control, &op);

    if ( rc == 0 )
        EQ(op.link_bits, EVTCHN_FIFO_LINK_BITS);
    return rc;
}

static long expand(uint64_t gfn)
{
    struct evtchn_expand_array op = { .array_gfn = gfn };

    return event_op(EVTCHNOP_expand_array, &op);
}

static long priority(uint32_t port, uint32_t prio)
{
    struct evtchn_set_priority op = { .port = port, .priority = prio };

    return event_op(EVTCHNOP_set_priority, &op);
}

static bool word_bit(uint32_t port, unsigned int bit)
{
    return (read_once(words[port]) >> bit) & 1;
}

/* Take the oldest port off queue @q as a guest must; 0 when the queue is empty. */
static uint32_t consume(unsigned int q)
{
    const uint32_t head = read_once(cb->head[q]);
    uint32_t w;

    if ( !head )
        return 0;
    w = __atomic_fetch_and(&words[head], ~(1u << EVTCHN_FIFO_PENDING), __ATOMIC_SEQ_CST);
    w = __atomic_fetch_and(&words[head], ~((1u << EVTCHN_FIFO_LINKED) | EVTCHN_FIFO_LINK_MASK),
                           __ATOMIC_SEQ_CST);
    write_once(cb->head[q], w & EVTCHN_FIFO_LINK_MASK);
    if ( !(w & EVTCHN_FIFO_LINK_MASK) )
        __atomic_fetch_and(&cb->ready, ~(1u << q), __ATOMIC_SEQ_CST);
    return head;
}

static void queues(void)
{
    const long a = event_bind_ipi(0), b = event_bind_ipi(0), c = event_bind_ipi(0);

    CHECK(a > 0 && b > 0 && c > 0);
    EQ(event_unmask(a), 0);
    EQ(event_unmask(b), 0);
    EQ(event_unmask(c), 0);
    EQ(word_bit(a, EVTCHN_FIFO_MASKED), 0);
    EQ(priority(c, 3), 0);

    EQ(event_send(a), 0);
    EQ(event_send(b), 0);
    EQ(event_send(c), 0);
    EQ(event_send(a), 0);
    EQ(word_bit(a, EVTCHN_FIFO_PENDING), 1);
    EQ(word_bit(a, EVTCHN_FIFO_LINKED), 1);
    EQ(cb->ready, (1u << 3) | (1u << EVTCHN_FIFO_PRIORITY_DEFAULT));
    EQ_ROW("upcall", event_vcpu()->evtchn_upcall_pending, 1);
    EQ(consume(3), c);
    EQ(consume(3), 0);
    EQ_ROW("oldest first", consume(EVTCHN_FIFO_PRIORITY_DEFAULT), a);
    EQ(consume(EVTCHN_FIFO_PRIORITY_DEFAULT), b);
    EQ(consume(EVTCHN_FIFO_PRIORITY_DEFAULT), 0);
    EQ(cb->ready, 0);

    __atomic_fetch_or(&words[a], 1u << EVTCHN_FIFO_MASKED, __ATOMIC_SEQ_CST);
    EQ(event_send(a), 0);
    EQ_ROW("masked: pending, not linked", word_bit(a, EVTCHN_FIFO_LINKED), 0);
    EQ(word_bit(a, EVTCHN_FIFO_PENDING), 1);
    EQ(event_unmask(a), 0);
    EQ_ROW("unmask links it", word_bit(a, EVTCHN_FIFO_LINKED), 1);
    EQ(consume(EVTCHN_FIFO_PRIORITY_DEFAULT), a);

    EQ(priority(a, 16), -XEN_EINVAL);
    EQ(priority(0, 7) < 0, 1);
    EQ(priority(131072, 7) < 0, 1);
}

/* Links of our own making must not lead the hypervisor astray. */
static void corrupt(void)
{
    const long p[3] = { event_bind_ipi(0), event_bind_ipi(0), event_bind_ipi(0) };

    for ( unsigned int i = 0; i < 3; i++ )
        event_unmask(p[i]);
    EQ(event_send(p[0]), 0);
    words[p[0]] = ~0u;
    EQ(event_send(p[1]), 0);
    words[p[1]] = (1u << EVTCHN_FIFO_LINKED) | 0x1ffff;
    EQ(event_send(p[2]), 0);
    memset(cb, 0xff, sizeof(*cb));
    EQ(event_send(p[0]), 0);
    memset(words, 0, PAGE_SIZE);
    memset(cb, 0, sizeof(*cb));
    EQ(event_send(p[2]), 0);
    CHECK(hc_xen_version(0, 0) > 0);
}

void test_main(void)
{
    char *page = mem_alloc_page();

    words = mem_alloc_page();
    cb = (void *)page;
    EQ_ROW("array before control block", expand(mem_va_to_mfn(words)) < 0, 1);
    EQ(init_control(mem_va_to_mfn(page), 4, 0), -XEN_EINVAL);
    EQ(init_control(mem_va_to_mfn(page), 4096 - 64, 0), -XEN_EINVAL);
    EQ(init_control(mem_va_to_mfn(page), ~7u, 0), -XEN_EINVAL);
    EQ(init_control(mem_va_to_mfn(page), 0, 99) < 0, 1);
    EQ(init_control(0xffffffffful, 0, 0), -XEN_EINVAL);
    if ( guest_is_pv() ) {                  /* a hardware guest's are its own business, and frame 0x100 is, too */
        EQ(init_control(0x100, 0, 0) < 0, 1);
        EQ_ROW("a page table", init_control(mem_va_to_mfn(mem_root()), 0, 0), -XEN_EINVAL);
    }
    EQ(init_control(mem_va_to_mfn(page), 0, 0), 0);
    EQ_ROW("twice", init_control(mem_va_to_mfn(page), 0, 0) < 0, 1);
    EQ(expand(0xffffffffful), -XEN_EINVAL);
    if ( guest_is_pv() )
        EQ_ROW("a page table", expand(mem_va_to_mfn(mem_root())), -XEN_EINVAL);
    EQ(expand(mem_va_to_mfn(words)), 0);
    queues();
    corrupt();
}
