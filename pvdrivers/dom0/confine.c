/* SPDX-License-Identifier: MIT */
#include "dom0/confine.h"
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xenabi/types.h>
#include <xen/evtchn.h>
#include <xen/gntdev.h>

#define NOBODY      65534u

#define MAY(name)   { .call = SCMP_SYS(name) }
/* Memory is never made executable. */
#define MAY_MAP(name)       { SCMP_SYS(name), { .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC } }
#define MAY_IOCTL(request)  { SCMP_SYS(ioctl), { .arg = 1, .op = SCMP_CMP_EQ, .datum_a = (request) } }

struct allowed {
    int call;
    struct scmp_arg_cmp when;       /* op 0: always */
};

static int drop_rights(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { 0 };

    if ( prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
         (geteuid() == 0 && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
                             setresuid(NOBODY, NOBODY, NOBODY))) ||
         syscall(SYS_capset, &head, none) )
        return -errno;
    return 0;
}

static int confine(const struct allowed *a, size_t nr)
{
    scmp_filter_ctx f;
    int rc = drop_rights();

    if ( rc )
        return rc;
    f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if ( !f )
        return -ENOMEM;
    for ( size_t i = 0; i < nr && !rc; i++ )
        rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, a[i].call, a[i].when.op != 0, &a[i].when);
    if ( !rc )
        rc = seccomp_load(f);
    seccomp_release(f);
    return rc;
}

int confine_back_end(void)
{
    const struct allowed calls[] = {
        MAY(read), MAY(write), MAY(readv), MAY(writev), MAY(pwritev), MAY(sendmsg), MAY_MAP(mmap), MAY_MAP(mprotect),
        MAY(munmap), MAY(madvise), MAY(brk), MAY(mremap), MAY(io_uring_enter), MAY(io_uring_register), MAY(poll),
        MAY(ppoll), MAY(futex), MAY(clock_gettime), MAY(close), MAY(rt_sigreturn), MAY(rt_sigaction),
        MAY(rt_sigprocmask), MAY(restart_syscall), MAY(exit), MAY(exit_group), MAY(newfstatat), MAY(fstat),
        MAY(gettid), MAY(getpid),
        { SCMP_SYS(tgkill), { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid() } },
        MAY_IOCTL(IOCTL_EVTCHN_BIND_INTERDOMAIN), MAY_IOCTL(IOCTL_EVTCHN_UNBIND), MAY_IOCTL(IOCTL_EVTCHN_NOTIFY),
        MAY_IOCTL(IOCTL_GNTDEV_MAP_GRANT_REF), MAY_IOCTL(IOCTL_GNTDEV_UNMAP_GRANT_REF),
        MAY_IOCTL(IOCTL_GNTDEV_GRANT_COPY),
        MAY_IOCTL(TUNSETOFFLOAD), MAY_IOCTL(TUNSETCARRIER), MAY_IOCTL(TUNSETPERSIST),
    };

    return confine(calls, sizeof(calls) / sizeof(calls[0]));
}

int confine_broker(void)
{
    const struct allowed calls[] = {
        MAY(read), MAY(write), MAY(recvfrom), MAY(sendto), MAY(poll), MAY(clock_gettime), MAY(close), MAY(exit_group),
        MAY(rt_sigreturn), MAY(restart_syscall),
    };

    return confine(calls, sizeof(calls) / sizeof(calls[0]));
}
