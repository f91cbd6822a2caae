/* SPDX-License-Identifier: MIT */
/*
 * Event channels: one-bit notifications on numbered ports.  Two formats of pending state: the
 * 2-level bitmaps in shared_info, and FIFO queues in pages the guest gives.
 */
#ifndef XENABI_EVENT_CHANNEL_H
#define XENABI_EVENT_CHANNEL_H

#include <xenabi/types.h>

#define EVTCHNOP_bind_interdomain   0
#define EVTCHNOP_bind_virq          1
#define EVTCHNOP_bind_pirq          2
#define EVTCHNOP_close              3
#define EVTCHNOP_send               4
#define EVTCHNOP_status             5
#define EVTCHNOP_alloc_unbound      6
#define EVTCHNOP_bind_ipi           7
#define EVTCHNOP_bind_vcpu          8
#define EVTCHNOP_unmask             9
#define EVTCHNOP_reset              10
#define EVTCHNOP_init_control       11
#define EVTCHNOP_expand_array       12
#define EVTCHNOP_set_priority       13

#define EVTCHNSTAT_closed           0
#define EVTCHNSTAT_unbound          1
#define EVTCHNSTAT_interdomain      2
#define EVTCHNSTAT_pirq             3
#define EVTCHNSTAT_virq             4
#define EVTCHNSTAT_ipi              5

#define BIND_PIRQ__WILL_SHARE       1

#define EVTCHN_2L_NR_CHANNELS       4096    /* ports 0..4095; 0 is never valid */

/* FIFO format: an event word per port, 16 queues per vCPU. */
#define EVTCHN_FIFO_PRIORITY_MAX        0
#define EVTCHN_FIFO_PRIORITY_DEFAULT    7
#define EVTCHN_FIFO_PRIORITY_MIN        15
#define EVTCHN_FIFO_MAX_QUEUES          16
#define EVTCHN_FIFO_PENDING             31      /* bit numbers in an event word */
#define EVTCHN_FIFO_MASKED              30
#define EVTCHN_FIFO_LINKED              29
#define EVTCHN_FIFO_BUSY                28
#define EVTCHN_FIFO_LINK_BITS           17      /* low bits: next port in the queue, 0 ends */
#define EVTCHN_FIFO_LINK_MASK           ((1 << EVTCHN_FIFO_LINK_BITS) - 1)
#define EVTCHN_FIFO_NR_CHANNELS         (1 << EVTCHN_FIFO_LINK_BITS)

typedef uint32_t event_word_t;

struct evtchn_alloc_unbound {
    domid_t       dom;              /* IN  owner; DOMID_SELF unless privileged */
    domid_t       remote_dom;       /* IN  who may bind */
    evtchn_port_t port;             /* OUT */
};
ABI_SIZE(evtchn_alloc_unbound, 8);
ABI_OFFSET(evtchn_alloc_unbound, port, 4);

struct evtchn_bind_interdomain {
    domid_t       remote_dom;       /* IN */
    evtchn_port_t remote_port;      /* IN  unbound, and meant for the caller */
    evtchn_port_t local_port;       /* OUT */
};
ABI_SIZE(evtchn_bind_interdomain, 12);

struct evtchn_bind_virq {
    uint32_t      virq;             /* IN  VIRQ_* */
    uint32_t      vcpu;             /* IN  0 for global ones */
    evtchn_port_t port;             /* OUT */
};
ABI_SIZE(evtchn_bind_virq, 12);

struct evtchn_bind_pirq {
    uint32_t      pirq;             /* IN */
    uint32_t      flags;            /* IN  BIND_PIRQ__* */
    evtchn_port_t port;             /* OUT */
};
ABI_SIZE(evtchn_bind_pirq, 12);

struct evtchn_bind_ipi {
    uint32_t      vcpu;             /* IN  target */
    evtchn_port_t port;             /* OUT */
};
ABI_SIZE(evtchn_bind_ipi, 8);

struct evtchn_close {
    evtchn_port_t port;
};
ABI_SIZE(evtchn_close, 4);

struct evtchn_send {
    evtchn_port_t port;             /* interdomain or IPI */
};
ABI_SIZE(evtchn_send, 4);

struct evtchn_status {
    domid_t       dom;              /* IN  DOMID_SELF unless privileged */
    evtchn_port_t port;             /* IN */
    uint32_t      status;           /* OUT EVTCHNSTAT_* */
    uint32_t      vcpu;             /* OUT vCPU that is notified */
    union {
        struct {
            domid_t dom;
        } unbound;
        struct {
            domid_t       dom;
            evtchn_port_t port;
        } interdomain;
        uint32_t pirq;
        uint32_t virq;
    } u;                            /* OUT by status */
};
ABI_SIZE(evtchn_status, 24);

struct evtchn_bind_vcpu {
    evtchn_port_t port;
    uint32_t      vcpu;
};
ABI_SIZE(evtchn_bind_vcpu, 8);

struct evtchn_unmask {
    evtchn_port_t port;
};
ABI_SIZE(evtchn_unmask, 4);

struct evtchn_reset {
    domid_t dom;
};
ABI_SIZE(evtchn_reset, 2);

struct evtchn_init_control {
    uint64_t control_gfn;           /* IN  page with the control block (an MFN for PV) */
    uint32_t offset;                /* IN  in the page, multiple of 8 */
    uint32_t vcpu;                  /* IN */
    uint8_t  link_bits;             /* OUT */
    uint8_t  _pad[7];
};
ABI_SIZE(evtchn_init_control, 24);

struct evtchn_expand_array {
    uint64_t array_gfn;             /* IN  page of 1024 event words */
};
ABI_SIZE(evtchn_expand_array, 8);

struct evtchn_set_priority {
    evtchn_port_t port;
    uint32_t      priority;         /* EVTCHN_FIFO_PRIORITY_MAX..MIN */
};
ABI_SIZE(evtchn_set_priority, 8);

struct evtchn_fifo_control_block {
    uint32_t ready;                 /* bitmap of queues with work */
    uint32_t _rsvd;
    uint32_t head[EVTCHN_FIFO_MAX_QUEUES];
};
ABI_SIZE(evtchn_fifo_control_block, 72);

#endif
