/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the targets of split devices do alike, on the two domains of fake.h: the input plays one end. */
#ifndef FUZZ_DEVICE_H
#define FUZZ_DEVICE_H

#include "fake.h"
#include "fuzz.h"
#include "stream.h"
#include <xenabi/io/ring.h>

static inline void nothing(void *user) { }

/* A node of @folder gets a value, NULL for none. */
static inline void any_node(const char *folder, const char *const names[10], const char *const values[10])
{
    char path[128];

    sprintf(path, "%s/%s", folder, names[byte() % 10]);
    fake_set(path, values[byte() % 10]);
}

/* The page that @node of the front end's folder names; NULL: none is lent. */
static inline uint8_t *ring_page(const char *node)
{
    const char *ref = fake_get(node);

    return ref ? fake_grant_page(atoi(ref)) : NULL;
}

/* The back end maps a page, if it is lent, and never gives it back. */
static inline void keep_page(grant_ref_t ref)
{
    void *at;

    fake_ops.grant_map(&fake_back, FAKE_FRONT, &ref, 1, true, &at);
}

/* ------------------------------------------------------------------ the input plays the front end */

static void *pages[4];
static grant_ref_t refs[6];         /* theirs; then one of them that is read-only, and lent to another domain */
static int port;

static inline void lend_pages(unsigned int data)
{
    fake_front.event = fake_front.watch = nothing;
    for ( int i = 0; i < 4; i++ )
    {
        pages[i] = fake_ops.pages_alloc(&fake_front, 1);
        fake_ops.grant_give(&fake_front, FAKE_BACK, pages[i], false, &refs[i]);
    }
    fake_ops.grant_give(&fake_front, FAKE_BACK, pages[data], true, &refs[4]);
    fake_ops.grant_give(&fake_front, 9, pages[data], false, &refs[5]);
    port = fake_ops.channel_open(&fake_front, FAKE_BACK, PV_ANY_PORT, NULL);
}

/* Mostly @data's. */
static inline grant_ref_t any_ref(unsigned int data)
{
    const uint8_t b = byte();

    return b < 192 ? refs[data] : b < 250 ? refs[b % 6] : b * 1000u;
}

static inline void scribble(uint8_t *page, uint32_t at)
{
    for ( uint8_t n = byte() % 32, i = 0; i < n; i++ )
        page[(at + i) % 4096] = byte();
}

#endif
