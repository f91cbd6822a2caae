/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the input is a list of event-channel and grant operations by four domains,
 * with any arguments, between scribbles over what guests share with us.  The sanitizers, the checks
 * of lock order and the fake machine's account of references at the end are the judges.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/evtchn.h"
#include "core/gnttab.h"
#include "fake/world.h"
#include "mem/frame.h"

static const uint8_t *in, *in_end;
static mfn_t ram[FAKE_DOMAINS][4];

static uint32_t byte(void) { return in < in_end ? *in++ : 0; }

/* Mostly small, sometimes anything. */
static uint32_t number(void)
{
    const uint32_t b = byte();

    return b < 224 ? b : b < 240 ? ~(byte() & 7) : byte() | byte() << 8 | byte() << 16 | byte() << 24;
}

static uint64_t frame_of(unsigned int d)
{
    const uint32_t b = byte();

    return b < 128 ? ram[d][b & 3].n : b < 192 ? ram[b & 3][b >> 2 & 3].n : number();
}

static struct grant_entry_v1 *entry(unsigned int d, uint32_t ref)
{
    mfn_t mfn;

    if ( gnttab_get_frame(fake.dom[d], 0, &mfn) )
        return NULL;
    return (struct grant_entry_v1 *)mfn_to_virt(mfn) + ref % 512;
}

static void scribble(unsigned int d)
{
    uint8_t *page;
    struct grant_entry_v1 *e = entry(d, byte() & 15);

    switch ( byte() & 3 ) {
    case 0:
        page = mfn_to_virt(ram[d][byte() & 3]);
        page[number() % PAGE_SIZE] = byte();
        break;
    case 1:
        page = (uint8_t *)fake.dom[d]->shared_info;
        page[number() % sizeof(struct shared_info)] = byte();
        break;
    default:
        if ( e ) {
            e->flags = byte() | byte() << 8;
            e->domid = byte() & 3;
            e->frame = frame_of(d);
        }
        break;
    }
}

static void event_op(struct domain *d)
{
    union {
        struct evtchn_alloc_unbound alloc;
        struct evtchn_bind_interdomain inter;
        struct evtchn_bind_virq virq;
        struct evtchn_bind_ipi ipi;
        struct evtchn_bind_pirq pirq;
        struct evtchn_status status;
        struct evtchn_init_control control;
        struct evtchn_expand_array array;
        struct evtchn_set_priority prio;
    } a;
    int rc = 0;

    switch ( byte() % 14 ) {
    case 0:
        a.alloc = (struct evtchn_alloc_unbound){ .dom = number(), .remote_dom = number() };
        rc = evtchn_alloc_unbound(&a.alloc);
        break;
    case 1:
        a.inter = (struct evtchn_bind_interdomain){ .remote_dom = number(), .remote_port = number() };
        rc = evtchn_bind_interdomain(&a.inter);
        break;
    case 2:
        a.virq = (struct evtchn_bind_virq){ .virq = number(), .vcpu = number() };
        rc = evtchn_bind_virq(&a.virq);
        break;
    case 3:
        a.ipi = (struct evtchn_bind_ipi){ .vcpu = number() };
        rc = evtchn_bind_ipi(&a.ipi);
        break;
    case 4:
        a.pirq = (struct evtchn_bind_pirq){ .pirq = number(), .flags = number() };
        rc = evtchn_bind_pirq(&a.pirq);
        break;
    case 5: rc = evtchn_close(d, number()); break;
    case 6: rc = evtchn_send(d, number()); break;
    case 7:
        a.status = (struct evtchn_status){ .dom = number(), .port = number() };
        rc = evtchn_status(&a.status);
        break;
    case 8: rc = evtchn_bind_vcpu(number(), number()); break;
    case 9: rc = evtchn_unmask(d, number()); break;
    case 10:
        fake.preempt_in = byte();
        rc = evtchn_reset(d);
        fake.preempt_in = -1;
        break;
    case 11:
        a.control = (struct evtchn_init_control){ frame_of(d->id), number(), number(), 0, { 0 } };
        rc = evtchn_init_control(&a.control);
        break;
    case 12:
        a.array = (struct evtchn_expand_array){ frame_of(d->id) };
        rc = evtchn_expand_array(&a.array);
        break;
    case 13:
        a.prio = (struct evtchn_set_priority){ number(), number() };
        rc = evtchn_set_priority(&a.prio);
        break;
    }
    if ( rc > 0 )
        __builtin_trap();
}

static void grant_op(struct domain *d, struct gnttab_batch *b)
{
    struct gnttab_map_grant_ref map;
    struct gnttab_unmap_grant_ref unmap;
    struct gnttab_copy copy;

    switch ( byte() % 4 ) {
    case 0:
        map = (struct gnttab_map_grant_ref){
            .host_addr = number() * 0x1000ULL, .flags = byte(), .ref = number(), .dom = number(),
        };
        gnttab_map_one(&map);
        break;
    case 1:
        unmap = (struct gnttab_unmap_grant_ref){
            .host_addr = number() * 0x1000ULL, .dev_bus_addr = frame_of(d->id) << PAGE_SHIFT,
            .handle = number(),
        };
        gnttab_unmap_one(b, &unmap);
        break;
    case 2:
        copy = (struct gnttab_copy){
            .source = { .domid = number(), .offset = number() },
            .dest = { .domid = number(), .offset = number() },
            .len = number(), .flags = byte() & 3,
        };
        if ( copy.flags & GNTCOPY_source_gref )
            copy.source.u.ref = number();
        else
            copy.source.u.gmfn = frame_of(d->id);
        if ( copy.flags & GNTCOPY_dest_gref )
            copy.dest.u.ref = number();
        else
            copy.dest.u.gmfn = frame_of(d->id);
        gnttab_copy_one(&copy);
        break;
    case 3:
        fake_pte_clear(number() * 0x1000ULL);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gnttab_batch b;

    in = data;
    in_end = data + size;
    fake_init();
    for ( unsigned int d = 0; d < FAKE_DOMAINS; d++ )
        for ( unsigned int i = 0; i < 4; i++ )
            ram[d][i] = fake_ram(d);

    while ( in < in_end ) {
        const uint32_t op = byte(), d = op & 3;

        if ( !fake.dom[d] )
            continue;
        fake_run(d, op >> 2 & 1);
        memset(&b, 0, sizeof(b));
        switch ( op >> 3 & 7 ) {
        case 0: case 1: case 2: event_op(fake.dom[d]); break;
        case 3: case 4: case 5: grant_op(fake.dom[d], &b); break;
        case 6: scribble(d); break;
        case 7:
            if ( d && byte() < 16 )
                fake_destroy_domain(d);
            else
                evtchn_send_vcpu_virq(fake.dom[d]->vcpu[0], VIRQ_TIMER);
            break;
        }
        if ( b.nr )
            gnttab_unmap_flush(&b);
        fake_check_mappings();
    }
    fake_exit();
    return 0;
}
