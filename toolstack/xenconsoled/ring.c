/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shared page's two byte rings.  Indexes run freely; producer - consumer is what the ring
 * holds, and more than its size is the guest's mistake or malice.
 */
#include "ring.h"

#define OUT_SIZE    sizeof(((struct xencons_interface *)0)->out)
#define IN_SIZE     sizeof(((struct xencons_interface *)0)->in)

/* Read once: the guest may change it between two reads. */
static uint32_t load(const uint32_t *p)
{
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *p, uint32_t v)
{
    __atomic_store_n(p, v, __ATOMIC_SEQ_CST);
}

/* The bytes are shared as well: volatile, so that each is read exactly once. */
size_t ring_peek(const struct xencons_interface *r, char *buf, size_t max, uint32_t *next,
                 bool *broken)
{
    const uint32_t cons = load(&r->out_cons), prod = load(&r->out_prod);
    const volatile char *out = r->out;
    size_t n = prod - cons;

    *broken = n > OUT_SIZE;
    if ( *broken ) {
        *next = prod;
        return 0;
    }
    if ( n > max )
        n = max;
    for ( size_t i = 0; i < n; i++ )
        buf[i] = out[(cons + (uint32_t)i) % OUT_SIZE];
    *next = cons + (uint32_t)n;
    return n;
}

uint32_t ring_out_cons(const struct xencons_interface *r)
{
    return load(&r->out_cons);
}

void ring_set_out_cons(struct xencons_interface *r, uint32_t cons)
{
    store(&r->out_cons, cons);
}

size_t ring_room(struct xencons_interface *r, bool *broken)
{
    const uint32_t cons = load(&r->in_cons), prod = load(&r->in_prod);
    const uint32_t used = prod - cons;

    *broken = used > IN_SIZE;
    if ( *broken ) {
        store(&r->in_prod, cons);
        return IN_SIZE;
    }
    return IN_SIZE - used;
}

void ring_put(struct xencons_interface *r, const char *buf, size_t n)
{
    const uint32_t prod = load(&r->in_prod);
    volatile char *in = r->in;

    for ( size_t i = 0; i < n && i < IN_SIZE; i++ )
        in[(prod + (uint32_t)i) % IN_SIZE] = buf[i];
    store(&r->in_prod, prod + (uint32_t)n);
}
