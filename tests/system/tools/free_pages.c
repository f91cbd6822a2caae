/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints the hypervisor's free memory in pages.  xl info rounds to MiB, which would hide
 * a frame lost per domain.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/sysctl.h>

struct hypercall {      /* Linux's struct privcmd_hypercall */
    uint64_t op, arg[5];
};
#define IOCTL_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct hypercall))

int main(void)
{
    int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    struct xen_sysctl *op = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
    struct hypercall h = { __HYPERVISOR_sysctl, { (uintptr_t)op } };

    if ( fd < 0 || op == MAP_FAILED ) {
        perror("free_pages");
        return 1;
    }
    memset(op, 0, sizeof(*op));
    op->cmd = XEN_SYSCTL_physinfo;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    if ( ioctl(fd, IOCTL_HYPERCALL, &h) < 0 ) {
        perror("free_pages: XEN_SYSCTL_physinfo");
        return 1;
    }
    printf("%llu\n", (unsigned long long)op->u.physinfo.free_pages);
    return 0;
}
