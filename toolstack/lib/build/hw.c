/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building a guest that the hardware virtualises: the layout of hw_layout.c filled with an
 * image and what comes with it, each part through a mapping of its own; the pages that others
 * share with it; and its first vCPU in 32-bit protected mode, as hvm/start_info.h says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xenabi/hvm/hvm_info_table.h>

#include "build/acpi.h"
#include "build/direct.h"
#include "build/grants.h"
#include "build/hw_build.h"
#include "build/image.h"
#include "build/ram.h"
#include "build/ramdisk.h"
#include "ctx/foreign.h"
#include "ctx/hvm.h"
#include "ctx/memory.h"

#define PAGE        4096UL
#define MAX_SHARED  (HW_SPECIAL_END - HW_IOREQ_GFN)

struct hw_work {
    const struct hw_build *build;
    struct ramdisk module[HW_MODULES];
    struct direct direct;
    uint8_t *acpi;              /* NULL: no tables */
    struct hw_request request;
    struct hw_layout layout;
};

/* Part of the guest's memory, mapped. */
struct part {
    uint8_t *base, *at;
    size_t pages;
};

static int map_part(struct xn_ctx *ctx, uint32_t domid, uint64_t gpa, uint64_t bytes,
                    struct part *p)
{
    uint64_t *frames;
    int rc;

    p->pages = (gpa % PAGE + bytes + PAGE - 1) / PAGE;
    frames = malloc(p->pages * sizeof(*frames));
    if ( !frames )
        return xn_fail(ctx, ENOMEM, "no memory");
    for ( size_t i = 0; i < p->pages; i++ )
        frames[i] = gpa / PAGE + i;
    rc = hc_map(ctx, domid, PROT_READ | PROT_WRITE, frames, p->pages, (void **)&p->base, NULL);
    free(frames);
    p->at = rc ? NULL : p->base + gpa % PAGE;
    return rc;
}

static void unmap_part(struct xn_ctx *ctx, struct part *p)
{
    hc_unmap(ctx, p->base, p->pages);
}

static int load_segments(struct xn_ctx *ctx, const struct hw_work *w)
{
    struct image *im = w->build->image;
    int rc = 0;

    for ( uint32_t i = 0; !rc && i < im->desc.nr_segments; i++ ) {
        const struct desc_segment *s = &im->desc.segment[i];
        struct part p;

        rc = map_part(ctx, w->build->domid, s->gpa, s->memsz, &p);
        if ( rc )
            break;
        if ( s->filesz )
            rc = image_load(ctx, im, i, p.at);
        memset(p.at + s->filesz, 0, s->memsz - s->filesz);
        unmap_part(ctx, &p);
    }
    return rc;
}

/* A file from offset on, and zeros to the end of its last page. */
static int load_file(struct xn_ctx *ctx, uint32_t domid, const struct ramdisk *file,
                     uint64_t offset, uint64_t gpa)
{
    const uint64_t bytes = file->size - offset;
    struct part p;
    int rc;

    if ( file->fd < 0 )
        return 0;
    rc = map_part(ctx, domid, gpa, bytes, &p);
    if ( rc )
        return rc;
    rc = image_read(ctx, file->name, file->fd, p.at, bytes, offset);
    memset(p.at + bytes, 0, -(gpa + bytes) % PAGE);
    unmap_part(ctx, &p);
    return rc;
}

static int load_files(struct xn_ctx *ctx, const struct hw_work *w)
{
    const uint32_t domid = w->build->domid;
    const struct direct *d = &w->direct;
    int rc = 0;

    for ( unsigned int i = 0; !rc && i < w->layout.nr_modules; i++ )
        rc = load_file(ctx, domid, &w->module[i], 0, w->layout.module[i].gpa);
    if ( !rc && d->kernel.fd >= 0 )
        rc = load_file(ctx, domid, &d->kernel, d->setup_bytes, d->kernel_gpa);
    return rc ? rc : load_file(ctx, domid, &d->ramdisk, 0, d->ramdisk_gpa);
}

/* start_info, and hvmloader's own table. */
static int write_info(struct xn_ctx *ctx, const struct hw_work *w)
{
    const struct hw_build *b = w->build;
    struct part p;
    int rc = map_part(ctx, b->domid, w->layout.info_gpa, w->layout.info_bytes, &p);

    if ( rc )
        return rc;
    hw_fill_start_info(&w->layout, &w->request, p.at);
    unmap_part(ctx, &p);
    if ( b->use != USE_FIRMWARE )
        return 0;
    rc = map_part(ctx, b->domid, HVM_INFO_PFN * PAGE, PAGE, &p);
    if ( rc )
        return rc;
    memset(p.at, 0, PAGE);
    hw_fill_hvm_info(&w->layout, b->nr_vcpus, b->online, b->apic_mode,
                     (struct hvm_info_table *)(p.at + HVM_INFO_OFFSET));
    unmap_part(ctx, &p);
    return 0;
}

static int write_acpi(struct xn_ctx *ctx, const struct hw_work *w)
{
    const struct hw_layout *l = &w->layout;
    const struct hw_range range = { HW_ACPI_GPA / PAGE, (HW_ACPI_GPA + l->acpi_bytes) / PAGE };
    struct part p;
    int rc;

    if ( !w->acpi )
        return 0;
    rc = hw_add_pages(ctx, w->build->domid, range.first_gfn, range.end_gfn - range.first_gfn);
    if ( !rc )
        rc = map_part(ctx, w->build->domid, HW_ACPI_GPA, l->acpi_bytes, &p);
    if ( rc )
        return rc;
    memset(p.at, 0, l->acpi_bytes);
    memcpy(p.at, w->acpi, w->request.acpi_bytes);
    unmap_part(ctx, &p);
    return 0;
}

int hw_add_pages(struct xn_ctx *ctx, uint32_t domid, uint64_t first, uint64_t count)
{
    uint64_t frames[256];

    while ( count ) {
        const uint64_t n = count < 256 ? count : 256;
        long got;

        for ( uint64_t i = 0; i < n; i++ )
            frames[i] = first + i;
        got = hc_populate_physmap(ctx, domid, 0, 0, frames, n);
        if ( got != (long)n )
            return got < 0 ? (int)got : xn_fail(ctx, ENOMEM, "too little memory for the pages "
                                                "that others share with it");
        first += n;
        count -= n;
    }
    return 0;
}

/* The pages that are shared with others, and what says where they are. */
static int add_shared(struct xn_ctx *ctx, const struct hw_work *w)
{
    const uint32_t domid = w->build->domid;
    const bool all = w->build->use == USE_FIRMWARE;
    const uint64_t first = all ? HW_IOREQ_GFN : HW_STORE_GFN, count = HW_SPECIAL_END - first;
    struct part p;
    uint32_t *table;
    int rc = hw_add_pages(ctx, domid, first, count);

    if ( !rc )
        rc = map_part(ctx, domid, first * PAGE, count * PAGE, &p);
    if ( rc )
        return rc;
    memset(p.at, 0, count * PAGE);
    /* 4 MiB each, the whole of 4 GiB: for processors that cannot do without paging. */
    table = (uint32_t *)(p.at + (HW_IDENT_PT_GFN - first) * PAGE);
    for ( uint32_t i = 0; i < 1024; i++ )
        table[i] = i << 22 | 0xe7;              /* present, writable, user, A, D, large */
    unmap_part(ctx, &p);
    return hw_set_shared(ctx, w->build);
}

static int grants(struct xn_ctx *ctx, const struct hw_build *b)
{
    const struct ring_grant console = { HW_CONSOLE_GFN, b->console_domid };
    const struct ring_grant store = { HW_STORE_GFN, b->store_domid };

    return grants_seed(ctx, b->domid, &console, &store);
}

/* Everything that needs no domain. */
static int prepare(struct xn_ctx *ctx, const struct hw_build *b, struct hw_work *w)
{
    const bool firmware = b->use == USE_FIRMWARE;
    unsigned int nr = 0;
    struct image_error e;
    int rc = 0;

    w->build = b;
    w->request = (struct hw_request){
        .use = b->use, .memory_kib = b->memory_kib, .hole_bytes = b->hole_bytes,
        .cmdline = b->cmdline,
    };
    for ( unsigned int i = 0; !rc && i < HW_MODULES; i++ ) {
        rc = ramdisk_open(ctx, b->module[i].what, b->module[i].path, &w->module[nr]);
        w->request.module[nr].bytes = w->module[nr].size;
        w->request.module[nr].cmdline = b->module[i].cmdline;
        nr += b->module[i].path != NULL;
    }
    if ( rc )
        return rc;
    if ( !b->nr_vcpus || b->nr_vcpus > (firmware ? HVM_MAX_VCPUS : HW_MAX_VCPUS) )
        return xn_fail(ctx, EINVAL, "%u vCPUs: such a guest has %u at most", b->nr_vcpus,
                       firmware ? HVM_MAX_VCPUS : HW_MAX_VCPUS);
    if ( !firmware && !b->no_acpi ) {
        w->acpi = calloc(1, acpi_bytes(b->nr_vcpus));
        if ( !w->acpi )
            return xn_fail(ctx, ENOMEM, "no memory");
        w->request.acpi_bytes = acpi_build(w->acpi, HW_ACPI_GPA, b->nr_vcpus);
    }
    if ( hw_layout(&b->image->desc, &w->request, &w->layout, &e) )
        return xn_fail(ctx, EINVAL, "%s: %s", nr ? w->module[0].name : b->image->name, e.text);
    return direct_open(ctx, b->kernel_path, b->ramdisk_path, w->layout.low_end, &w->direct);
}

static void finish(struct hw_work *w)
{
    free(w->acpi);
    for ( unsigned int i = 0; i < HW_MODULES; i++ )
        ramdisk_close(&w->module[i]);
    direct_close(&w->direct);
}

int build_hw_check(struct xn_ctx *ctx, const struct hw_build *b)
{
    struct hw_work w = { .module = { { .fd = -1 }, { .fd = -1 } }, .direct = DIRECT_NONE };
    int rc = prepare(ctx, b, &w);

    finish(&w);
    return rc;
}

static int build(struct xn_ctx *ctx, const struct hw_work *w)
{
    const struct hw_build *b = w->build;
    const struct hw_layout *l = &w->layout;
    int rc = hw_set_paging(ctx, b);

    if ( !rc )
        rc = hc_set_memory_map(ctx, b->domid, l->map, l->nr_map);
    if ( !rc )
        rc = ram_populate_ranges(ctx, b->domid, l->ram, l->nr_ram, b->nodes);
    if ( !rc )
        rc = load_segments(ctx, w);
    if ( !rc )
        rc = load_files(ctx, w);
    if ( !rc )
        rc = write_info(ctx, w);
    if ( !rc )
        rc = write_acpi(ctx, w);
    if ( !rc )
        rc = add_shared(ctx, w);
    if ( !rc )
        rc = grants(ctx, b);
    if ( !rc )
        rc = hw_first_vcpu(ctx, b, desc_start(&b->image->desc, b->use), l->info_gpa);
    return rc;
}

int build_hw(struct xn_ctx *ctx, struct hw_build *b)
{
    struct hw_work w = { .module = { { .fd = -1 }, { .fd = -1 } }, .direct = DIRECT_NONE };
    int rc = prepare(ctx, b, &w);

    if ( !rc )
        rc = build(ctx, &w);
    b->stub_fd = -1;
    if ( !rc && w.direct.kernel.fd >= 0 ) {
        b->stub_fd = direct_stub(ctx, &w.direct);
        rc = b->stub_fd < 0 ? b->stub_fd : 0;
    }
    finish(&w);
    if ( rc )
        return xn_because(ctx, rc, "building domain %u", b->domid);
    b->store_gfn = HW_STORE_GFN;
    b->console_gfn = HW_CONSOLE_GFN;
    return 0;
}
