/* SPDX-License-Identifier: MIT */
/* The configuration store's client: one request, one answer. */
#include "store.h"
#include <xenabi/errno.h>
#include <xenabi/io/xs_wire.h>
#include <xenabi/xen.h>
#include "event.h"
#include "lib.h"
#include "mem.h"
#include "start.h"

static struct xenstore_domain_interface *ring;

long store_init(void)
{
    if ( guest_is_dom0() || !start_info->store_mfn )
        return -XEN_ENODEV;
    ring = mem_pfn_to_va(mem_mfn_to_pfn(start_info->store_mfn));
    return 0;
}

static void notify_and_wait(void)
{
    event_clear(start_info->store_evtchn);
    event_send(start_info->store_evtchn);
    event_poll(start_info->store_evtchn, 0);
}

static void put(const void *data, size_t len)
{
    const char *p = data;
    uint32_t prod = ring->req_prod;

    for ( ; len; len-- ) {
        while ( prod - read_once(ring->req_cons) >= XENSTORE_RING_SIZE )
            notify_and_wait();
        ring->req[prod++ % XENSTORE_RING_SIZE] = *p++;
        barrier();
        write_once(ring->req_prod, prod);
    }
}

/* @data may be NULL to drop what comes. */
static void get(void *data, size_t len)
{
    char *p = data;
    uint32_t cons = ring->rsp_cons;

    for ( ; len; len-- ) {
        while ( cons == read_once(ring->rsp_prod) )
            notify_and_wait();
        const char c = ring->rsp[cons++ % XENSTORE_RING_SIZE];

        if ( p )
            *p++ = c;
        barrier();
        write_once(ring->rsp_cons, cons);
    }
}

/* The errors a small guest tells apart; everything else is EINVAL. */
static long error_number(const char *name)
{
    static const struct {
        const char *name;
        int error;
    } known[] = {
        { "ENOENT", XEN_ENOENT }, { "EACCES", XEN_EACCES }, { "ENOSPC", XEN_ENOSPC },
        { "EBUSY", XEN_EBUSY }, { "EEXIST", XEN_EEXIST },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(known); i++ ) {
        if ( strcmp(name, known[i].name) == 0 )
            return -known[i].error;
    }
    return -XEN_EINVAL;
}

static long request(uint32_t type, const char *path, size_t path_len, const char *value,
                    size_t value_len, char *buf, size_t size)
{
    struct xsd_sockmsg m = { .type = type, .len = (uint32_t)(path_len + value_len) };
    char error[16] = { 0 };

    if ( !ring )
        return -XEN_ENODEV;
    put(&m, sizeof(m));
    put(path, path_len);
    put(value, value_len);
    event_send(start_info->store_evtchn);

    get(&m, sizeof(m));

    const bool bad = m.type == XS_ERROR;
    char *to = bad ? error : buf;
    const size_t room = bad ? sizeof(error) : size;
    const size_t keep = m.len < room ? m.len : room ? room - 1 : 0;

    get(to, keep);
    get(NULL, m.len - keep);
    if ( !bad && room )
        to[keep] = '\0';
    return bad ? error_number(error) : (long)keep;
}

long store_read(const char *path, char *buf, size_t size)
{
    return request(XS_READ, path, strlen(path) + 1, NULL, 0, buf, size);
}

long store_write(const char *path, const char *value)
{
    char reply[4];
    const long rc = request(XS_WRITE, path, strlen(path) + 1, value, strlen(value),
                            reply, sizeof(reply));

    return rc < 0 ? rc : 0;
}

long store_remove(const char *path)
{
    char reply[4];
    const long rc = request(XS_RM, path, strlen(path) + 1, NULL, 0, reply, sizeof(reply));

    return rc < 0 ? rc : 0;
}
