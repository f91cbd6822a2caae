/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the store wants from the hypervisor: which domains there are, their ring pages, and
 * event channels.  hv_xen.c does it through Debian's libraries; tests link another one.
 */
#ifndef XENSTORED_HV_H
#define XENSTORED_HV_H

#include "util.h"

struct xenstore_domain_interface;

struct hv_domain {
    uint16_t id;
    bool dying, shutdown;
    uint8_t handle[16];
};

/* Have access.  False (said why): no domains can be served. */
bool must_check hv_init(void);
int hv_fd(void);                        /* readable when an event is pending; -1 without */

/* The first domain with an id of @from or more.  0, -ENOENT, or another -errno. */
int must_check hv_next_domain(uint16_t from, struct hv_domain *out);
/* Exactly that domain.  Without a hypervisor every domain is there. */
int must_check hv_domain(uint16_t id, struct hv_domain *out);

/* The page, by grant if there is one, else by frame number; NULL with errno. */
struct xenstore_domain_interface *hv_map_ring(uint16_t domid, uint64_t gfn, bool *by_grant);
void hv_unmap_ring(struct xenstore_domain_interface *page, bool by_grant);
/* dom0's own page and port.  NULL with errno. */
struct xenstore_domain_interface *hv_map_own_ring(uint32_t *port);

int must_check hv_bind(uint16_t domid, uint32_t remote_port);   /* local port or -errno */
int must_check hv_bind_domain_event(void);      /* VIRQ_DOM_EXC: local port or -errno */
void hv_unbind(uint32_t port);
void hv_notify(uint32_t port);
/* Ports with events, cleared and open for the next ones. */
int hv_pending(uint32_t *ports, int max);

#endif
