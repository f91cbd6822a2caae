/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XEN_DOMCTL_getdomaininfo: of the first domain with an id of at least the one given.
 */
#include "hv_domctl.h"

#include <errno.h>
#include <xencall.h>

#include <xenabi/domctl.h>
#include <xenabi/grant_table.h>
#include <xenabi/hypercalls.h>
#include <xenabi/xen.h>

_Static_assert(HV_GRANT_XENSTORE == GNTTAB_RESERVED_XENSTORE, "grant");
_Static_assert(HV_VIRQ_DOM_EXC == VIRQ_DOM_EXC, "virq");

static xencall_handle *calls;
static struct xen_domctl *op;       /* memory that a hypercall may take */

bool hv_domctl_init(void)
{
    calls = xencall_open(NULL, 0);
    op = calls ? xencall_alloc_buffer(calls, sizeof(*op)) : NULL;
    return op != NULL;
}

int hv_domctl_info(uint16_t first, struct hv_domain *out)
{
    const struct xen_domctl_getdomaininfo *i = &op->u.getdomaininfo;

    memset(op, 0, sizeof(*op));
    op->cmd = XEN_DOMCTL_getdomaininfo;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = first;
    if ( xencall1(calls, __HYPERVISOR_domctl, (uintptr_t)op) < 0 )
        return errno == ESRCH ? -ENOENT : -errno;
    out->id = i->domain;
    out->dying = i->flags & XEN_DOMINF_dying;
    out->shutdown = i->flags & XEN_DOMINF_shutdown;
    memcpy(out->handle, &i->handle, sizeof(out->handle));
    return 0;
}
