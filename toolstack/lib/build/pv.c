/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building a PV guest: the layout of layout.c filled with a kernel, a ramdisk, the p2m list,
 * page tables and start_info, through one mapping of the frames concerned; then what the
 * hypervisor has to be told.  Frames that are to be zero are cleared by the hypervisor and not
 * mapped at all.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build/grants.h"
#include "build/image.h"
#include "build/layout.h"
#include "build/pv_build.h"
#include "build/ram.h"
#include "build/ramdisk.h"
#include "ctx/domctl.h"
#include "ctx/foreign.h"
#include "ctx/guest.h"
#include "ctx/memory.h"

#define PAGE 4096UL

static int plan(struct xn_ctx *ctx, const struct image *im, const struct ramdisk *r,
                uint64_t memory_kib, struct pv_layout *l)
{
    struct image_error e;

    if ( layout_pv(&im->desc, memory_kib / 4, r->size, l, &e) )
        return xn_fail(ctx, EINVAL, "%s: %s", r->size ? r->name : im->name, e.text);
    return 0;
}

int build_pv_check(struct xn_ctx *ctx, const struct image *image, const char *ramdisk_path,
                   uint64_t memory_kib)
{
    struct pv_layout l;
    struct ramdisk r;
    int rc = ramdisk_open(ctx, "ramdisk", ramdisk_path, &r);

    if ( !rc )
        rc = plan(ctx, image, &r, memory_kib, &l);
    ramdisk_close(&r);
    return rc;
}

/* start_info. */

static void fill_start_info(const struct pv_work *w, struct start_info *si)
{
    const struct pv_layout *l = &w->layout;
    const struct pv_build *b = w->build;

    memset(si, 0, PAGE);
    strcpy(si->magic, "xen-3.0-x86_64");
    si->nr_pages = l->nr_pages;
    si->shared_info = w->shared_info_mfn << 12;
    si->flags = SIF_VIRT_P2M_4TOOLS;
    si->store_mfn = w->p2m[l->store_pfn];
    si->store_evtchn = b->store_port;
    si->console.domU.mfn = w->p2m[l->console_pfn];
    si->console.domU.evtchn = b->console_port;
    si->pt_base = layout_va(l, l->main.first_pfn);
    si->nr_pt_frames = l->main.nr;
    si->mfn_list = l->p2m_va;
    if ( !l->p2m_mapped ) {
        si->first_p2m_pfn = l->p2m_pfn;
        si->nr_p2m_frames = l->p2m_pages + l->p2m.nr;
    }
    if ( l->ramdisk_pages ) {
        si->mod_start = l->ramdisk_mapped ? layout_va(l, l->ramdisk_pfn) : l->ramdisk_pfn;
        si->mod_len = w->ramdisk.size;
        if ( !l->ramdisk_mapped )
            si->flags |= SIF_MOD_START_PFN;
    }
    if ( b->cmdline )
        snprintf((char *)si->cmd_line, sizeof(si->cmd_line), "%s", b->cmdline);
}

/* Filling what window_map (window.c) mapped. */
static int fill(struct xn_ctx *ctx, struct pv_work *w)
{
    const struct pv_layout *l = &w->layout;
    const struct image_desc *d = &w->build->image->desc;
    int rc = 0;

    for ( uint32_t i = 0; !rc && i < d->nr_segments; i++ )
        if ( d->segment[i].filesz )
            rc = image_load(ctx, w->build->image, i, window_at(w, d->segment[i].gpa));
    if ( !rc && l->ramdisk_pages )
        rc = image_read(ctx, w->ramdisk.name, w->ramdisk.fd,
                        window_at(w, l->ramdisk_pfn * PAGE), w->ramdisk.size, 0);
    if ( rc )
        return rc;
    if ( w->ramdisk.size % PAGE )
        memset((uint8_t *)window_at(w, l->ramdisk_pfn * PAGE) + w->ramdisk.size, 0,
               PAGE - w->ramdisk.size % PAGE);
    memcpy(window_at(w, l->p2m_pfn * PAGE), w->p2m, l->nr_pages * 8);
    if ( l->nr_pages * 8 % PAGE )
        memset((uint8_t *)window_at(w, l->p2m_pfn * PAGE) + l->nr_pages * 8, 0xff,
               PAGE - l->nr_pages * 8 % PAGE);
    fill_start_info(w, window_at(w, l->start_info_pfn * PAGE));
    memset(window_at(w, l->main.first_pfn * PAGE), 0, l->main.nr * PAGE);
    if ( l->p2m.nr )
        memset(window_at(w, l->p2m.first_pfn * PAGE), 0, l->p2m.nr * PAGE);
    layout_tables(l, w->p2m, window_at(w, l->main.first_pfn * PAGE),
                  l->p2m.nr ? window_at(w, l->p2m.first_pfn * PAGE) : NULL);

    /* Fresh from the hypervisor; events are masked until the kernel wants them. */
    for ( unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++ )
        w->shared_info->vcpu_info[i].evtchn_upcall_mask = 1;
    w->shared_info->arch.max_pfn = l->nr_pages;
    return 0;
}

/* What the hypervisor is told. */

static int pin_tables(struct xn_ctx *ctx, struct pv_work *w)
{
    const struct mmuext_op pin = {
        .cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = w->p2m[w->layout.main.first_pfn],
    };
    int rc = hc_mmuext_op(ctx, w->build->domid, &pin, 1);

    return rc ? xn_because(ctx, rc, "pinning the page tables") : 0;
}

static int hypercall_page(struct xn_ctx *ctx, struct pv_work *w)
{
    const struct image_desc *d = &w->build->image->desc;

    if ( !(d->notes & NOTE_HYPERCALL_PAGE) )
        return 0;
    return hc_hypercall_init(ctx, w->build->domid, w->p2m[desc_gpa(d, d->hypercall_page) >> 12]);
}

static int grants(struct xn_ctx *ctx, struct pv_work *w)
{
    const struct pv_layout *l = &w->layout;
    const struct pv_build *b = w->build;
    const struct ring_grant console = { w->p2m[l->console_pfn], b->console_domid };
    const struct ring_grant store = { w->p2m[l->store_pfn], b->store_domid };

    return grants_seed(ctx, b->domid, &console, &store);
}

static int first_vcpu(struct xn_ctx *ctx, struct pv_work *w)
{
    const struct pv_layout *l = &w->layout;
    struct vcpu_guest_context *c = calloc(1, sizeof(*c));
    int rc;

    if ( !c )
        return xn_fail(ctx, ENOMEM, "no memory");
    c->flags = VGCF_in_kernel | VGCF_online;
    c->user_regs.rip = w->build->image->desc.entry;
    c->user_regs.rsp = layout_va(l, l->stack_pfn) + PAGE;
    c->user_regs.rsi = layout_va(l, l->start_info_pfn);
    c->user_regs.rflags = 1 << 9;                   /* IF */
    c->user_regs.cs = FLAT_KERNEL_CS;
    c->user_regs.ss = FLAT_KERNEL_SS;
    c->user_regs.ds = c->user_regs.es = FLAT_KERNEL_DS;
    c->user_regs.fs = c->user_regs.gs = FLAT_KERNEL_DS;
    c->kernel_ss = FLAT_KERNEL_SS;
    c->kernel_sp = c->user_regs.rsp;
    c->ctrlreg[3] = w->p2m[l->main.first_pfn] << 12;
    rc = hc_setvcpucontext(ctx, w->build->domid, 0, c);
    free(c);
    return rc ? xn_because(ctx, rc, "starting the first vCPU") : 0;
}

/* All of the memory that it may ever have, so that its balloon can grow. */
static int memory_map(struct xn_ctx *ctx, const struct pv_build *b)
{
    const uint64_t kib = b->maxmem_kib > b->memory_kib ? b->maxmem_kib : b->memory_kib;
    const struct xen_e820_entry map = { .size = kib << 10, .type = XEN_E820_RAM };

    return hc_set_memory_map(ctx, b->domid, &map, 1);
}

static int build(struct xn_ctx *ctx, struct pv_work *w)
{
    const struct pv_layout *l = &w->layout;
    struct pv_build *b = w->build;
    struct xen_domctl_getdomaininfo info;
    int rc = ram_populate(ctx, b->domid, l->nr_pages, b->nodes, w->p2m);

    if ( !rc )
        rc = hc_getdomaininfo(ctx, b->domid, &info);
    if ( rc )
        return rc;
    w->shared_info_mfn = info.shared_info_frame;
    rc = window_clear(ctx, w);
    if ( !rc )
        rc = window_map(ctx, w);
    if ( !rc )
        rc = fill(ctx, w);
    window_unmap(ctx, w);
    if ( !rc )
        rc = hypercall_page(ctx, w);
    if ( !rc )
        rc = pin_tables(ctx, w);
    if ( !rc )
        rc = grants(ctx, w);
    if ( !rc )
        rc = memory_map(ctx, b);
    if ( !rc )
        rc = first_vcpu(ctx, w);
    if ( rc )
        return rc;
    b->store_mfn = w->p2m[l->store_pfn];
    b->console_mfn = w->p2m[l->console_pfn];
    return 0;
}

int build_pv(struct xn_ctx *ctx, struct pv_build *b)
{
    struct pv_work w = { .build = b };
    int rc;

    if ( b->cmdline && strlen(b->cmdline) >= MAX_GUEST_CMDLINE )
        return xn_fail(ctx, EINVAL, "the kernel's command line has %zu characters: %d is the most",
                       strlen(b->cmdline), MAX_GUEST_CMDLINE - 1);
    rc = ramdisk_open(ctx, "ramdisk", b->ramdisk_path, &w.ramdisk);
    if ( !rc )
        rc = plan(ctx, b->image, &w.ramdisk, b->memory_kib, &w.layout);
    if ( !rc ) {
        w.p2m = malloc(w.layout.nr_pages * sizeof(*w.p2m));
        rc = w.p2m ? build(ctx, &w) : xn_fail(ctx, ENOMEM, "no memory for the p2m list");
    }
    free(w.p2m);
    ramdisk_close(&w.ramdisk);
    return rc ? xn_because(ctx, rc, "building domain %u", b->domid) : 0;
}
