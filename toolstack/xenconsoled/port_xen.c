/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine as it is: Debian's stable Xen libraries below libxenctrl.  Hypercall structures
 * are ours (hypercall-abi); the libraries' own headers must not meet them in one file, so the
 * hypercalls stand in port_call.c.
 */
#include "port.h"
#include "port_call.h"
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include <xenstore.h>

#define GRANT_CONSOLE   0       /* the entry that domain builders reserve for this page */
#define VIRQ_CON_RING   8

enum { BY_GRANT, BY_FRAME };

static xenevtchn_handle *evtchn;
static xengnttab_handle *gnttab;
static xenforeignmemory_handle *fmem;

int port_open(void)
{
    int fd;

    evtchn = xenevtchn_open(NULL, 0);
    if ( !evtchn ) {
        say(LOG_ERR, "/dev/xen/evtchn: %s; is xen-evtchn loaded?", strerror(errno));
        return -ENODEV;
    }
    fd = xenevtchn_fd(evtchn);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    gnttab = xengnttab_open(NULL, 0);
    fmem = xenforeignmemory_open(NULL, 0);
    if ( !gnttab && !fmem ) {
        say(LOG_ERR, "neither /dev/xen/gntdev nor /dev/xen/privcmd can be opened: %s",
            strerror(errno));
        return -ENODEV;
    }
    return call_open();
}

int port_event_fd(void)
{
    return xenevtchn_fd(evtchn);
}

int port_bind(uint32_t domid, uint32_t remote)
{
    const int port = xenevtchn_bind_interdomain(evtchn, domid, remote);

    return port < 0 ? -errno : port;
}

int port_bind_hv_log(void)
{
    const int port = xenevtchn_bind_virq(evtchn, VIRQ_CON_RING);

    return port < 0 ? -errno : port;
}

void port_unbind(int port)
{
    xenevtchn_unbind(evtchn, (evtchn_port_t)port);
}

int port_pending(void)
{
    const int port = xenevtchn_pending(evtchn);

    return port < 0 ? -EAGAIN : port;
}

void port_notify(int port)
{
    xenevtchn_notify(evtchn, (evtchn_port_t)port);
}

void port_unmask(int port)
{
    xenevtchn_unmask(evtchn, (evtchn_port_t)port);
}

struct xencons_interface *port_map(uint32_t domid, bool primary, uint64_t ring_ref, int *how)
{
    xen_pfn_t frame = ring_ref;
    void *p = NULL;

    *how = BY_GRANT;
    if ( gnttab )
        p = xengnttab_map_grant_ref(gnttab, domid, primary ? GRANT_CONSOLE : (uint32_t)ring_ref,
                                    PROT_READ | PROT_WRITE);
    if ( !p && primary && fmem ) {
        *how = BY_FRAME;
        p = xenforeignmemory_map(fmem, domid, PROT_READ | PROT_WRITE, 1, &frame, NULL);
    }
    return p;
}

void port_unmap(struct xencons_interface *ring, int how)
{
    if ( how == BY_GRANT )
        xengnttab_unmap(gnttab, ring, 1);
    else
        xenforeignmemory_unmap(fmem, ring, 1);
}

int port_hv_log(char *buf, size_t size, uint32_t *index)
{
    return call_hv_log(buf, size, index);
}

/* The store. */

/*
 * Through the daemon's socket where there is one: the kernel's device, which libxenstore
 * would try next, opens even while the store is gone, and then hangs.
 */
struct port_store *port_store_open(void)
{
    const bool has_socket = access("/run/xenstored/socket", F_OK) == 0;

    return (struct port_store *)xs_open(has_socket ? XS_OPEN_SOCKETONLY : 0);
}

static struct xs_handle *xs(struct port_store *s)
{
    return (struct xs_handle *)s;
}

void port_store_close(struct port_store *s)
{
    xs_close(xs(s));
}

int port_store_fd(struct port_store *s)
{
    return xs_fileno(xs(s));
}

int port_store_domains(struct port_store *s, struct port_domain **list)
{
    return call_domains(list);
}

char *port_store_read(struct port_store *s, const char *path)
{
    return xs_read(xs(s), XBT_NULL, path, NULL);
}

char **port_store_list(struct port_store *s, const char *path, unsigned int *count)
{
    return xs_directory(xs(s), XBT_NULL, path, count);
}

bool port_store_write(struct port_store *s, const char *path, const char *value)
{
    return xs_write(xs(s), XBT_NULL, path, value, (unsigned int)strlen(value));
}

bool port_store_watch(struct port_store *s, const char *path, const char *token)
{
    return xs_watch(xs(s), path, token);
}

void port_store_unwatch(struct port_store *s, const char *path, const char *token)
{
    xs_unwatch(xs(s), path, token);
}

char *port_store_event(struct port_store *s)
{
    char **event = xs_check_watch(xs(s)), *path = NULL;

    if ( event ) {
        path = strdup(event[XS_WATCH_PATH]);
        free(event);
    }
    return path;
}
