/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fake hypervisor behind the builder's calls. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xenstore.h>

#include "ctx/domctl.h"
#include "ctx/foreign.h"
#include "ctx/guest.h"
#include "ctx/hvm.h"
#include "ctx/memory.h"
#include "ctx/sysctl.h"
#include "fake_hyp.h"
#include "xenolith/domain.h"
#include "xenolith/host.h"

struct fake_hyp fake;
static int fd = -1;
static uint64_t next_mfn;

void fake_reset(void)
{
    uint8_t *memory = fake.memory;

    if ( !memory ) {
        fd = memfd_create("machine", 0);
        if ( ftruncate(fd, (FAKE_MFNS + 1) * 4096L) )
            abort();
        memory = mmap(NULL, (FAKE_MFNS + 1) * 4096L, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    memset(&fake, 0, sizeof(fake));
    fake.memory = memory;
    fake.free_pages = FAKE_MFNS;
    fake.nr_nodes = 1;
    memset(fake.pfn_of, 0xff, sizeof(fake.pfn_of));
    memset(memory, 0xa5, FAKE_MFNS * 4096L);        /* whoever had it before */
    memset(memory + FAKE_SHARED * 4096L, 0, 4096);
    next_mfn = FAKE_MFNS;
}

uint8_t *fake_page(uint64_t mfn)
{
    if ( mfn > FAKE_MFNS )
        abort();
    return fake.memory + mfn * 4096;
}

static bool fails(struct xn_ctx *ctx)
{
    if ( ++fake.calls != fake.fail_call )
        return false;
    xn_fail(ctx, EIO, "injected");
    return true;
}

/* From the top down, so that order differs. */
static bool take(uint64_t pfn, unsigned int order, uint64_t *mfn)
{
    const uint64_t size = 1ULL << order, top = next_mfn & ~(size - 1);

    if ( fake.free_pages < size || top < size )
        return false;
    next_mfn = top - size;
    *mfn = next_mfn;
    for ( uint64_t i = 0; i < size; i++ )
        fake.pfn_of[next_mfn + i] = pfn + i;
    fake.free_pages -= size;
    fake.nr_populated += size;
    return true;
}

long hc_populate_physmap(struct xn_ctx *ctx, uint32_t domid, unsigned int order, uint32_t flags,
                         uint64_t *frames, size_t count)
{
    size_t done = 0;

    if ( fails(ctx) )
        return -EIO;
    fake.flags_seen |= flags;
    if ( order && fake.no_large )
        return 0;
    while ( done < count && take(frames[done], order, &frames[done]) )
        done++;
    *(order ? &fake.nr_large : &fake.nr_small) += (unsigned int)done;
    return (long)done;
}

int hc_claim_pages(struct xn_ctx *ctx, uint32_t domid, uint64_t pages)
{
    if ( fake.no_claims )
        return xn_fail(ctx, ENOSYS, "no claims");
    if ( fails(ctx) )
        return -EIO;
    if ( pages > fake.free_pages )
        return xn_fail(ctx, ENOMEM, "claim");
    fake.claimed = pages;
    return 0;
}

int hc_map(struct xn_ctx *ctx, uint32_t domid, int prot, const uint64_t *frames, size_t count,
           void **address, int *errs)
{
    uint8_t *p;

    if ( fails(ctx) )
        return -EIO;
    fake.mapped = true;
    if ( domid == DOMID_XEN ) {                     /* the machine-to-physical table */
        p = mmap(NULL, count * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memcpy(p, fake.pfn_of, sizeof(fake.pfn_of));
        *address = p;
        return 0;
    }
    p = mmap(NULL, count * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for ( size_t i = 0; i < count; i++ ) {
        if ( frames[i] != FAKE_SHARED && (frames[i] > FAKE_MFNS || fake.pfn_of[frames[i]] == ~0ULL) )
            abort();                                /* not the domain's */
        if ( mmap(p + i * 4096, 4096, prot, MAP_SHARED | MAP_FIXED, fd, (off_t)frames[i] * 4096) ==
             MAP_FAILED )
            abort();
    }
    *address = p;
    return 0;
}

void hc_unmap(struct xn_ctx *ctx, void *address, size_t count)
{
    munmap(address, count * 4096);
    fake.mapped = false;
}

int hc_mmuext_op(struct xn_ctx *ctx, uint32_t domid, const struct mmuext_op *list, size_t count)
{
    if ( fails(ctx) )
        return -EIO;
    for ( size_t i = 0; i < count; i++ ) {
        if ( list[i].cmd == MMUEXT_CLEAR_PAGE ) {
            memset(fake_page(list[i].arg1.mfn), 0, 4096);
        } else if ( list[i].cmd == MMUEXT_PIN_L4_TABLE ) {
            if ( fake.mapped )
                return xn_fail(ctx, EINVAL, "a page table is mapped writable");
            fake.pinned = list[i].arg1.mfn;
        } else {
            abort();
        }
    }
    return 0;
}

int hc_getdomaininfo(struct xn_ctx *ctx, uint32_t domid, struct xen_domctl_getdomaininfo *info)
{
    memset(info, 0, sizeof(*info));
    info->shared_info_frame = FAKE_SHARED;
    return fails(ctx) ? -EIO : 0;
}

int hc_map_grants(struct xn_ctx *ctx, uint32_t domid, size_t nr_frames, struct hc_grants **g,
                  void **entries)
{
    if ( fails(ctx) )
        return -EIO;
    fake.grants_mapped = true;
    *g = (struct hc_grants *)&fake;
    *entries = fake.grant;
    return 0;
}

void hc_unmap_grants(struct xn_ctx *ctx, struct hc_grants *g)
{
    fake.grants_mapped = false;
}

int hc_set_memory_map(struct xn_ctx *ctx, uint32_t domid, const struct xen_e820_entry *map,
                      uint32_t count)
{
    fake.map = *map;
    return fails(ctx) ? -EIO : 0;
}

int hc_setvcpucontext(struct xn_ctx *ctx, uint32_t domid, uint32_t vcpu,
                      const struct vcpu_guest_context *c)
{
    fake.vcpu = *c;
    return fails(ctx) ? -EIO : 0;
}

int hc_hypercall_init(struct xn_ctx *ctx, uint32_t domid, uint64_t frame)
{
    fake.stubs = frame;
    return fails(ctx) ? -EIO : 0;
}

int hc_physinfo(struct xn_ctx *ctx, struct xen_sysctl_physinfo *info)
{
    memset(info, 0, sizeof(*info));
    info->free_pages = fake.free_pages;
    return 0;
}

int xn_domain_list(struct xn_ctx *ctx, struct xn_domain **list, size_t *count)
{
    *count = 2;
    *list = calloc(2, sizeof(**list));
    (*list)[0].pages = 100 << 8;
    (*list)[1] = (struct xn_domain){ .domid = 3, .pages = 300 << 8 };
    return 0;
}

int xn_host_nodes(struct xn_ctx *ctx, struct xn_numa_node **nodes, size_t *count)
{
    *count = fake.nr_nodes;
    *nodes = calloc(fake.nr_nodes, sizeof(**nodes));
    for ( unsigned int i = 0; i < fake.nr_nodes; i++ )
        (*nodes)[i].free_bytes = (uint64_t)(i + 1) << 30;
    return 0;
}

void xn_host_nodes_free(struct xn_numa_node *nodes, size_t count)
{
    free(nodes);
}

int ctx_store(struct xn_ctx *ctx, struct xs_handle **h)
{
    *h = (struct xs_handle *)&fake;
    return 0;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *len)
{
    return strstr(path, "/3/") ? strdup("greedy") : NULL;
}

void ctx_close_handles(struct xn_ctx *ctx)
{
}

/* For the dump. */

long hc_memory_query_host(struct xn_ctx *ctx, unsigned int cmd)
{
    return fails(ctx) ? -EIO : (long)FAKE_MFNS - 1;
}

int hc_machphys_mfn_list(struct xn_ctx *ctx, uint64_t *frames, uint32_t *count)
{
    frames[0] = 0x12345;
    return fails(ctx) ? -EIO : 0;
}

int hc_getpageframeinfo3(struct xn_ctx *ctx, uint32_t domid, uint64_t *frames, size_t count)
{
    for ( size_t i = 0; i < count; i++ )
        frames[i] = frames[i] >= FAKE_MFNS || fake.pfn_of[frames[i]] == ~0ULL
                    ? XEN_DOMCTL_PFINFO_XTAB : frames[i] == fake.pinned
                    ? XEN_DOMCTL_PFINFO_L4TAB | XEN_DOMCTL_PFINFO_LPINTAB : 0;
    return fails(ctx) ? -EIO : 0;
}

int hc_getvcpucontext(struct xn_ctx *ctx, uint32_t domid, uint32_t vcpu,
                      struct vcpu_guest_context *c)
{
    if ( fails(ctx) )
        return -EIO;
    if ( !(fake.online >> vcpu & 1) )
        return xn_fail(ctx, ENODATA, "never set up");
    *c = fake.vcpu;
    c->user_regs.rax = vcpu;
    return 0;
}

long hc_xen_version(struct xn_ctx *ctx, unsigned int cmd, void *arg, size_t size)
{
    if ( cmd == XENVER_version )
        return fails(ctx) ? -EIO : 4 << 16 | 17;
    memset(arg, 'v', size);
    return fails(ctx) ? -EIO : 0;
}

int xn_domain_info(struct xn_ctx *ctx, uint32_t domid, struct xn_domain *d)
{
    *d = (struct xn_domain){
        .domid = domid, .max_vcpu_id = 2, .shared_info_frame = FAKE_SHARED,
        .pages = fake.nr_populated,
    };
    return fails(ctx) ? -EIO : 0;
}

/* For hardware guests. */

int hc_set_hvm_param(struct xn_ctx *ctx, uint32_t domid, uint32_t index, uint64_t value)
{
    return fails(ctx) ? -EIO : 0;
}

int hc_gethvmcontext(struct xn_ctx *ctx, uint32_t domid, void *buffer, uint32_t *size)
{
    return fails(ctx) ? -EIO : 0;
}

int hc_sethvmcontext(struct xn_ctx *ctx, uint32_t domid, const void *buffer, uint32_t size)
{
    return fails(ctx) ? -EIO : 0;
}

int hc_set_paging_mempool(struct xn_ctx *ctx, uint32_t domid, uint64_t bytes)
{
    return fails(ctx) ? -EIO : 0;
}
