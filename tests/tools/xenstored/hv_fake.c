/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hypervisor made of files, in the place of hv_xen.c.  In the folder XS_FAKE_DIR:
 *
 *   dom<N>    domain N is there; its text is its handle, and may have "dying" or "shutdown"
 *   ring<N>   its ring page
 *   store     datagram socket: a domain sends its number (4 bytes) as an event; 0 is the
 *             event that some domain has changed
 *   event<N>  datagram socket of domain N, which is sent a byte
 */
#include "hv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *dir;
static int fd = -1;

static void name(struct sockaddr_un *a, const char *what, int n)
{
    memset(a, 0, sizeof(*a));
    a->sun_family = AF_UNIX;
    if ( n < 0 )
        snprintf(a->sun_path, sizeof(a->sun_path), "%.80s/%s", dir, what);
    else
        snprintf(a->sun_path, sizeof(a->sun_path), "%.80s/%s%d", dir, what, n);
}

bool hv_init(void)
{
    struct sockaddr_un a;

    dir = getenv("XS_FAKE_DIR");
    if ( !dir )
        return false;
    name(&a, "store", -1);
    unlink(a.sun_path);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
}

int hv_fd(void)
{
    return fd;
}

int hv_domain(uint16_t id, struct hv_domain *out)
{
    struct sockaddr_un a;
    char text[100] = "";
    FILE *f;

    *out = (struct hv_domain){ .id = id };
    if ( !dir )
        return 0;
    name(&a, "dom", id);
    f = fopen(a.sun_path, "r");
    if ( !f )
        return -ENOENT;
    if ( fgets(text, sizeof(text), f) )
        memcpy(out->handle, text, sizeof(out->handle));
    fclose(f);
    out->dying = strstr(text, "dying") != NULL;
    out->shutdown = strstr(text, "shutdown") != NULL;
    return 0;
}

int hv_next_domain(uint16_t from, struct hv_domain *out)
{
    for ( int id = from; id < 100; id++ )
        if ( hv_domain(id, out) == 0 )
            return 0;
    return -ENOENT;
}

struct xenstore_domain_interface *hv_map_ring(uint16_t domid, uint64_t gfn, bool *by_grant)
{
    struct sockaddr_un a;
    void *p;
    int file;

    if ( !dir ) {
        errno = ENODEV;
        return NULL;
    }
    name(&a, "ring", domid);
    file = open(a.sun_path, O_RDWR | O_CLOEXEC);
    if ( file < 0 )
        return NULL;
    p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    *by_grant = true;
    return p == MAP_FAILED ? NULL : p;
}

void hv_unmap_ring(struct xenstore_domain_interface *page, bool by_grant)
{
    munmap(page, 4096);
}

struct xenstore_domain_interface *hv_map_own_ring(uint32_t *port)
{
    errno = ENODEV;
    return NULL;
}

int hv_bind(uint16_t domid, uint32_t remote_port)
{
    return domid + 1;
}

int hv_bind_domain_event(void)
{
    return 0xffff;
}

void hv_unbind(uint32_t port)
{
}

void hv_notify(uint32_t port)
{
    struct sockaddr_un a;

    if ( !dir || fd < 0 )
        return;
    name(&a, "event", port - 1);
    if ( sendto(fd, "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&a, sizeof(a)) < 0 &&
         errno != EAGAIN && errno != ENOENT && errno != ECONNREFUSED )
        perror("hv_fake: notify");
}

int hv_pending(uint32_t *ports, int max)
{
    uint32_t domid;
    int n = 0;

    while ( n < max && recv(fd, &domid, sizeof(domid), MSG_DONTWAIT) == sizeof(domid) )
        ports[n++] = domid ? domid + 1 : 0xffff;
    return n;
}
