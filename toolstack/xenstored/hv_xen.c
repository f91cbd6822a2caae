/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor through Debian's stable libraries and Linux's device nodes.
 */
#include "hv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xencall.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#include "hv_domctl.h"

#define PAGE 4096

static xenevtchn_handle *events;
static xengnttab_handle *grants;
static xenforeignmemory_handle *frames;
static bool present;

bool hv_init(void)
{
    if ( access("/dev/xen/privcmd", F_OK) && access("/proc/xen/privcmd", F_OK) ) {
        log_info("no hypervisor here (/dev/xen/privcmd is missing): serving sockets only");
        return false;
    }
    events = xenevtchn_open(NULL, 0);
    grants = xengnttab_open(NULL, 0);
    frames = xenforeignmemory_open(NULL, 0);
    if ( !events || !frames || !hv_domctl_init() ) {
        log_warn("no access to the hypervisor (%s): serving sockets only", strerror(errno));
        return false;
    }
    if ( !grants )
        log_warn("no grant device (load xen-gntdev): rings are mapped by frame number");
    fcntl(xenevtchn_fd(events), F_SETFL, fcntl(xenevtchn_fd(events), F_GETFL) | O_NONBLOCK);
    present = true;
    return true;
}

int hv_fd(void)
{
    return present ? xenevtchn_fd(events) : -1;
}

int hv_next_domain(uint16_t from, struct hv_domain *out)
{
    return present ? hv_domctl_info(from, out) : -ENOENT;
}

int hv_domain(uint16_t id, struct hv_domain *out)
{
    int rc;

    if ( !present ) {
        *out = (struct hv_domain){ .id = id };
        return 0;
    }
    rc = hv_domctl_info(id, out);
    return rc ? rc : out->id == id ? 0 : -ENOENT;
}

struct xenstore_domain_interface *hv_map_ring(uint16_t domid, uint64_t gfn, bool *by_grant)
{
    xen_pfn_t frame = gfn;
    void *p = NULL;
    int err = 0;

    if ( !present ) {
        errno = ENODEV;
        return NULL;
    }
    if ( grants )
        p = xengnttab_map_grant_ref(grants, domid, HV_GRANT_XENSTORE, PROT_READ | PROT_WRITE);
    *by_grant = p != NULL;
    if ( !p )
        p = xenforeignmemory_map(frames, domid, PROT_READ | PROT_WRITE, 1, &frame, &err);
    if ( !p && err )
        errno = abs(err);
    return p;
}

void hv_unmap_ring(struct xenstore_domain_interface *page, bool by_grant)
{
    if ( !present )
        return;
    if ( by_grant )
        xengnttab_unmap(grants, page, 1);
    else
        xenforeignmemory_unmap(frames, page, 1);
}

struct xenstore_domain_interface *hv_map_own_ring(uint32_t *port)
{
    FILE *f = fopen("/proc/xen/xsd_port", "re");
    void *p = MAP_FAILED;
    int fd;

    if ( !f )
        return NULL;
    if ( fscanf(f, "%u", port) != 1 ) {
        fclose(f);
        errno = EIO;
        return NULL;
    }
    fclose(f);
    fd = open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC);
    if ( fd >= 0 ) {
        p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
    }
    return p == MAP_FAILED ? NULL : p;
}

int hv_bind(uint16_t domid, uint32_t remote_port)
{
    const int port = present ? xenevtchn_bind_interdomain(events, domid, remote_port) : -1;

    return port < 0 ? -(errno ? errno : EINVAL) : port;
}

int hv_bind_domain_event(void)
{
    const int port = xenevtchn_bind_virq(events, HV_VIRQ_DOM_EXC);

    return port < 0 ? -errno : port;
}

void hv_unbind(uint32_t port)
{
    if ( present )
        xenevtchn_unbind(events, port);
}

void hv_notify(uint32_t port)
{
    if ( present )
        xenevtchn_notify(events, port);
}

/* The device takes and gives ports by the batch, which the library has no call for. */
int hv_pending(uint32_t *ports, int max)
{
    const ssize_t n = read(xenevtchn_fd(events), ports, max * sizeof(*ports));

    if ( n <= 0 )
        return 0;
    if ( write(xenevtchn_fd(events), ports, n) != n )
        log_warn("event channels: cannot unmask: %s", strerror(errno));
    return n / sizeof(*ports);
}
