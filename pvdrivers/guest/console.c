/* SPDX-License-Identifier: MIT */
/* Text in and out: console_io in the control domain, the shared ring elsewhere. */
#include "console.h"
#include <xenabi/io/console.h>
#include <xenabi/sched.h>
#include <xenabi/xen.h>
#include "event.h"
#include "hypercall.h"
#include "lib.h"
#include "mem.h"
#include "start.h"

#define DRAIN_TRIES 100000

static struct xencons_interface *ring;      /* NULL in the control domain */

void console_init(void)
{
    if ( !guest_is_dom0() && start_info->console.domU.mfn )
        ring = mem_pfn_to_va(mem_mfn_to_pfn(start_info->console.domU.mfn));
}

static void ring_write(const char *s, size_t len)
{
    uint32_t prod = ring->out_prod;

    for ( ; len; len-- ) {
        while ( prod - read_once(ring->out_cons) >= sizeof(ring->out) ) {
            event_send(start_info->console.domU.evtchn);
            hc_sched_op(SCHEDOP_yield, 0);
        }
        ring->out[prod++ % sizeof(ring->out)] = *s++;
        barrier();
        write_once(ring->out_prod, prod);
    }
    event_send(start_info->console.domU.evtchn);
}

void console_write(const char *s, size_t len)
{
    if ( ring )
        ring_write(s, len);
    else
        hc_console_io(CONSOLEIO_write, len, HC_PTR(s));
}

void console_printf(const char *fmt, ...)
{
    char buf[512];
    va_list ap;

    va_start(ap, fmt);
    size_t len = vsnprintf(buf, sizeof(buf), fmt, ap);
    va_end(ap);
    console_write(buf, len < sizeof(buf) ? len : sizeof(buf) - 1);
}

size_t console_read(char *buf, size_t size)
{
    size_t n = 0;

    if ( !ring ) {
        const long rc = hc_console_io(CONSOLEIO_read, size, HC_PTR(buf));

        return rc > 0 ? rc : 0;
    }
    for ( uint32_t cons = ring->in_cons; n < size && cons != read_once(ring->in_prod); n++ ) {
        buf[n] = ring->in[cons++ % sizeof(ring->in)];
        barrier();
        write_once(ring->in_cons, cons);
    }
    if ( n )
        event_send(start_info->console.domU.evtchn);
    return n;
}

void console_drain(void)
{
    for ( int i = 0; ring && i < DRAIN_TRIES && ring->out_prod != read_once(ring->out_cons); i++ )
        hc_sched_op(SCHEDOP_yield, 0);
}
