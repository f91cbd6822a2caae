/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limit: 30
 *
 * A flood of events to ourselves, masked, unmasked and over closing ports:
 * none is lost for good, none comes for a port without sender.  The same on
 * the real Xen.
 * timing: 1
 */
#include "test.h"

#define ROUNDS 20000

static volatile unsigned int hits;

static void on_event(uint32_t port)
{
    (void)port;
    hits++;
}

void test_main(void)
{
    const long port = event_bind_ipi(0);
    unsigned int i;

    CHECK(port > 0);
    event_set_handler(port, on_event);
    event_unmask(port);
    events_on();
    for ( i = 0; i < ROUNDS; i++ )
        event_send(port);
    EQ_ROW("each came at once", hits, ROUNDS);
    events_off();
    for ( i = 0; i < ROUNDS; i++ )
        event_send(port);
    EQ(hits, ROUNDS);
    events_on();
    EQ_ROW("then one", hits, ROUNDS + 1);
    event_close(port);

    for ( i = 0; i < 2000; i++ ) {
        const long p = event_bind_ipi(0);

        event_set_handler(p, on_event);
        event_send(p);
        event_close(p);
    }
    EQ_ROW("masked ports that were closed", hits, ROUNDS + 1);
    events_off();
}
