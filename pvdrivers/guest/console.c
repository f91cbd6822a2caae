/* SPDX-License-Identifier: MIT */
/* Text in and out: console_io in the control domain, the driver of the first console elsewhere. */
#include "console.h"
#include <console/console.h>
#include <xenabi/sched.h>
#include <xenabi/xen.h>
#include "device.h"
#include "hypercall.h"
#include "lib.h"
#include "platform.h"
#include "start.h"

#define DRAIN_TRIES 100000

static struct confront console;         /* without a page in the control domain */

void console_init(void)
{
    if ( guest_is_dom0() || !start_info->console.domU.mfn )
        return;
    console.bus.ops = &device_ops;      /* of which it uses what works from the start */
    confront_attach(&console, platform->builders_page(start_info->console.domU.mfn),
                    (int)start_info->console.domU.evtchn);
}

uint32_t console_port(void)
{
    return console.page ? (uint32_t)console.port : 0;
}

void console_write(const char *s, size_t len)
{
    if ( !console.page ) {
        hc_console_io(CONSOLEIO_write, len, HC_PTR(s));
        return;
    }
    while ( len && !console.broken ) {
        const size_t n = confront_write(&console, s, len);

        s += n;
        len -= n;
        if ( len )
            hc_sched_op(SCHEDOP_yield, 0);
    }
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
    if ( console.page )
        return confront_read(&console, buf, size);

    const long rc = hc_console_io(CONSOLEIO_read, size, HC_PTR(buf));

    return rc > 0 ? rc : 0;
}

void console_drain(void)
{
    for ( int i = 0; i < DRAIN_TRIES && confront_unread(&console); i++ )
        hc_sched_op(SCHEDOP_yield, 0);
}
