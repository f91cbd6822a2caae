/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that domains write with console_io.  A guest's line is kept in its struct domain
 * until it is whole; too many of them are dropped and counted.  Bytes that would
 * move a terminal's cursor are not passed on: they could forge other lines.  And the limit on
 * lines of the hypervisor's own that a domain causes (log_guest).
 */
#include "core/host_console.h"

#include "base/fmt.h"
#include "core/evtchn.h"
#include "core/guest_access.h"
#include "core/vcpu.h"
#include "kern/clock.h"
#include "kern/console.h"

#define LINES_PER_SECOND    10
#define LINE_NS             (1000000000UL / LINES_PER_SECOND)

static struct lock lock = LOCK_INIT(RANK_LEAF);     /* all domains' lines */

/*
 * True if a line may be shown, and how many were not before it.  Each moves the time at which the next
 * is due by LINE_NS; a line may come up to a second's worth early.  No lock: whoever logs may hold any.
 */
static bool may_show(struct line_limit *l, uint32_t *nr_dropped)
{
    const uint64_t now = clock_now_ns();
    uint64_t old = read_once(l->due_ns), due;

    do {
        due = old > now ? old : now;
        if ( due - now > LINE_NS * (LINES_PER_SECOND - 1) ) {
            __atomic_fetch_add(&l->nr_dropped, 1, __ATOMIC_RELAXED);
            return false;
        }
    } while ( !__atomic_compare_exchange_n(&l->due_ns, &old, due + LINE_NS, false,
                                           __ATOMIC_RELAXED, __ATOMIC_RELAXED) );
    *nr_dropped = atomic_xchg32(&l->nr_dropped, 0);
    return true;
}

static bool guest_line(const struct domain *guest, uint32_t *nr_dropped)
{
    return may_show(&((struct domain *)guest)->log_limit, nr_dropped);      /* only counters change */
}

static void end_line(struct domain *d)
{
    char text[sizeof(d->console.line) + 64];
    uint32_t nr_dropped;

    if ( may_show(&d->text_limit, &nr_dropped) ) {
        if ( nr_dropped )
            console_write(text, scnprintf(text, sizeof(text), "(XEN) %pd: %u lines dropped\n", d, nr_dropped));
        console_write(text, scnprintf(text, sizeof(text), "(%pd) %.*s\n", d, (int)d->console.len, d->console.line));
    }
    d->console.len = 0;
}

void host_console_write(struct domain *d, const char *s, size_t len)
{
    if ( domain_is_control(d) ) {
        console_write_devices(s, len);
        return;
    }

    spin_lock(&lock);
    for ( size_t i = 0; i < len; i++ ) {
        if ( s[i] == '\n' || d->console.len == sizeof(d->console.line) )
            end_line(d);
        if ( s[i] == '\t' || (s[i] >= ' ' && s[i] < 0x7f) )
            d->console.line[d->console.len++] = s[i];
    }
    spin_unlock(&lock);
}

static uint32_t domain_number(const struct domain *d) { return d->id; }

static void vcpu_number(const struct vcpu *v, uint32_t *domid, uint32_t *vcpu_id)
{
    *domid = v->domain->id;
    *vcpu_id = v->id;
}

void host_console_init(void)
{
    static const struct fmt_ids ids = { .domain = domain_number, .vcpu = vcpu_number };
    static const struct console_ops ops = {
        .send_virq = evtchn_send_global_virq,
        .copy_out = copy_to_guest,
        .guest_line = guest_line,
    };

    fmt_set_ids(&ids);
    console_set_ops(&ops);
    dump_init();
}
