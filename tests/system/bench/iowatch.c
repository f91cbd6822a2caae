/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follows a guest's console in dom0 and repeats its lines that start with "io:", each with the CPU time that dom0 had
 * used when it appeared, in nanoseconds, until one is "io: end":
 *
 *   iowatch LOG SECONDS
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/domctl.h>

struct hypercall {      /* Linux's struct privcmd_hypercall */
    uint64_t op, arg[5];
};
#define IOCTL_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct hypercall))
#define POLL_US 100000

static struct xen_domctl *op;
static int privcmd;

static unsigned long long dom0_ns(void)
{
    struct hypercall h = { __HYPERVISOR_domctl, { (uintptr_t)op } };

    memset(op, 0, sizeof(*op));
    op->cmd = XEN_DOMCTL_getdomaininfo;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    if ( ioctl(privcmd, IOCTL_HYPERCALL, &h) < 0 ) {
        perror("iowatch: XEN_DOMCTL_getdomaininfo");
        exit(1);
    }
    return op->u.getdomaininfo.cpu_time;
}

/* The whole lines that have come since *@at. */
static int report(int fd, off_t *at)
{
    static char text[65536];
    const ssize_t n = pread(fd, text, sizeof(text), *at);
    const unsigned long long now = n > 0 ? dom0_ns() : 0;
    char *line = text, *end;

    while ( n > 0 && (end = memchr(line, '\n', (size_t)(text + n - line))) != NULL ) {
        char *io;

        *end = 0;
        *at += end + 1 - line;
        io = strstr(line, "io: ");
        line = end + 1;
        if ( !io )
            continue;
        io[strcspn(io, "\r")] = 0;
        printf("%s dom0 %llu\n", io, now);
        fflush(stdout);
        if ( !strcmp(io, "io: end") )
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    int fd = -1;
    off_t at = 0;
    long left;

    if ( argc != 3 ) {
        fprintf(stderr, "usage: iowatch LOG SECONDS\n");
        return 2;
    }
    privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    op = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
    if ( privcmd < 0 || op == MAP_FAILED ) {
        perror("iowatch");
        return 1;
    }
    for ( left = atol(argv[2]) * (1000000 / POLL_US); left > 0; left-- ) {
        if ( fd < 0 )
            fd = open(argv[1], O_RDONLY | O_CLOEXEC);
        if ( fd >= 0 && report(fd, &at) )
            return 0;
        usleep(POLL_US);
    }
    fprintf(stderr, "iowatch: no end within %s s\n", argv[2]);
    return 1;
}
