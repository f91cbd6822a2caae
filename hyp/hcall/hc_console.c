/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console_io: text out from every guest (others than dom0 are limited), input for dom0. */
#include "core/host_console.h"
#include "cpu/pcpu.h"
#include "hcall/hypercall.h"
#include "kern/console.h"

#define CHUNK   128         /* bytes; a slow serial line takes 10 ms for as many */

/* A continued call comes back with what is left in its own arguments. */
static long console_write_guest(struct vcpu *v, uint64_t count, guest_ptr_t buf)
{
    char chunk[CHUNK];

    while ( count ) {
        const size_t n = min(count, (uint64_t)CHUNK);

        if ( !copy_from_guest(chunk, buf, n) )
            return -XEN_EFAULT;
        host_console_write(v->domain, chunk, n);
        count -= n;
        buf += n;
        if ( count && preempt_needed() ) {
            cont_set_arg(v, 1, count);
            cont_set_arg(v, 2, buf);
            return -XEN_ERESTART;
        }
    }
    return 0;
}

/* The number of bytes that were waiting and fit. */
static long console_read_guest(struct vcpu *v, uint64_t count, guest_ptr_t buf)
{
    char chunk[CHUNK];
    uint64_t done = 0;
    size_t n;

    if ( !domain_is_control(v->domain) )
        return -XEN_EPERM;
    while ( done < count ) {
        n = console_read_input(chunk, min(count - done, (uint64_t)CHUNK));
        if ( n == 0 )
            break;
        if ( !copy_to_guest(buf + done, chunk, n) )
            return -XEN_EFAULT;
        done += n;
    }
    return done;
}

long hc_console_io(uint64_t cmd, uint64_t count, uint64_t buf, uint64_t a4)
{
    count = (uint32_t)count;
    if ( count > INT32_MAX )
        return -XEN_EINVAL;

    switch ( cmd ) {
    case CONSOLEIO_write: return console_write_guest(current, count, buf);
    case CONSOLEIO_read:  return console_read_guest(current, count, buf);
    default:              return domain_is_control(current->domain) ? -XEN_ENOSYS : -XEN_EPERM;
    }
}
