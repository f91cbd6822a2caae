/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XEN_SYSCTL_getdomaininfolist and readconsole through libxencall.  Each call has buffers of
 * its own, so that the watcher thread and the main one may call at the same time.
 */
#include "port.h"
#include "port_call.h"
#include "util.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xenabi/domctl.h>
#include <xenabi/hypercalls.h>
#include <xenabi/sysctl.h>
#include <xencall.h>

#define BATCH 256               /* domains a call */

static xencall_handle *xcall;

int call_open(void)
{
    xcall = xencall_open(NULL, 0);
    if ( !xcall ) {
        say(LOG_ERR, "/dev/xen/privcmd: %s; is xen-privcmd loaded, and is this dom0?",
            strerror(errno));
        return -ENODEV;
    }
    return 0;
}

static int sysctl_batch(uint32_t first, struct xen_sysctl *op,
                        struct xen_domctl_getdomaininfo *info)
{
    memset(op, 0, sizeof(*op));
    op->cmd = XEN_SYSCTL_getdomaininfolist;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    op->u.getdomaininfolist.first_domain = (domid_t)first;
    op->u.getdomaininfolist.max_domains = BATCH;
    op->u.getdomaininfolist.buffer = (uintptr_t)info;
    if ( xencall1(xcall, __HYPERVISOR_sysctl, (uintptr_t)op) < 0 )
        return -errno;
    return (int)op->u.getdomaininfolist.num_domains;
}

static int take(struct port_domain **list, int *count, const struct xen_domctl_getdomaininfo *info,
                int n)
{
    struct port_domain *more = realloc(*list, (size_t)(*count + n) * sizeof(*more));

    if ( !more )
        return -ENOMEM;
    *list = more;
    for ( int i = 0; i < n; i++ ) {
        if ( info[i].domain == 0 )
            continue;
        more[*count].domid = info[i].domain;
        more[*count].dying = info[i].flags & XEN_DOMINF_dying;
        memcpy(more[*count].handle, info[i].handle, 16);
        ++*count;
    }
    return 0;
}

int call_domains(struct port_domain **list)
{
    struct xen_sysctl *op = xencall_alloc_buffer(xcall, sizeof(*op));
    struct xen_domctl_getdomaininfo *info = xencall_alloc_buffer(xcall, BATCH * sizeof(*info));
    int n = BATCH, count = 0, rc = op && info ? 0 : -ENOMEM;

    *list = NULL;
    for ( uint32_t first = 0; !rc && n == BATCH;  ) {
        n = sysctl_batch(first, op, info);
        if ( n > 0 ) {
            rc = take(list, &count, info, n);
            first = info[n - 1].domain + 1U;
        } else {
            rc = n;
        }
    }
    xencall_free_buffer(xcall, info);
    xencall_free_buffer(xcall, op);
    if ( rc < 0 ) {
        free(*list);
        *list = NULL;
    }
    return rc < 0 ? rc : count;
}

int call_hv_log(char *buf, size_t size, uint32_t *index)
{
    struct xen_sysctl *op = xencall_alloc_buffer(xcall, sizeof(*op));
    char *bounce = xencall_alloc_buffer(xcall, size);
    int rc = -ENOMEM;

    if ( op && bounce ) {
        memset(op, 0, sizeof(*op));
        op->cmd = XEN_SYSCTL_readconsole;
        op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
        op->u.readconsole.incremental = 1;
        op->u.readconsole.index = *index;
        op->u.readconsole.buffer = (uintptr_t)bounce;
        op->u.readconsole.count = (uint32_t)size;
        rc = xencall1(xcall, __HYPERVISOR_sysctl, (uintptr_t)op) < 0 ? -errno : 0;
    }
    if ( !rc ) {
        rc = op->u.readconsole.count <= size ? (int)op->u.readconsole.count : (int)size;
        memcpy(buf, bounce, (size_t)rc);
        *index = op->u.readconsole.index;
    }
    xencall_free_buffer(xcall, bounce);
    xencall_free_buffer(xcall, op);
    return rc;
}
