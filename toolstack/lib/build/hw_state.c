/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the hypervisor is told of a hardware guest: parameters, and the state of its vCPUs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xenabi/hvm/save.h>

#include "build/hw_build.h"
#include "ctx/hvm.h"

#define MIB             1024ULL             /* in KiB */
#define VCPU_KIB        1024ULL             /* of tables, for a vCPU */
#define TABLE_KIB       8ULL                /* for a MiB of its memory */

#define CR0_PE          (1U << 0)
#define CR0_ET          (1U << 4)
#define AR_CODE         0xc9b               /* 32 bits, 4 KiB units, readable, accessed */
#define AR_DATA         0xc93
#define AR_TSS          0x08b               /* busy */
#define AR_UNUSABLE     0x10000
#define MTRR_ENABLE     (1U << 11)
#define MTRR_WB         6

uint64_t build_hw_paging_kib(uint64_t memory_kib, uint32_t nr_vcpus)
{
    const uint64_t kib = VCPU_KIB * nr_vcpus + memory_kib / MIB * TABLE_KIB;

    return (kib + MIB - 1) / MIB * MIB;
}

/* Calls that not every hypervisor has, or needs. */
static int unless_unknown(struct xn_ctx *ctx, int rc)
{
    if ( rc != -ENOSYS && rc != -EOPNOTSUPP )
        return rc;
    xn_clear_error(ctx);
    return 0;
}

int hw_set_paging(struct xn_ctx *ctx, const struct hw_build *b)
{
    const uint64_t kib = build_hw_paging_kib(b->memory_kib, b->nr_vcpus);
    int rc = hc_set_paging_mempool(ctx, b->domid, kib << 10);

    return unless_unknown(ctx, rc);
}

int hw_set_shared(struct xn_ctx *ctx, const struct hw_build *b)
{
    const struct {
        uint32_t index;
        uint64_t value;
        bool firmware, optional;
    } params[] = {
        { HVM_PARAM_STORE_PFN, HW_STORE_GFN, false, false },
        { HVM_PARAM_STORE_EVTCHN, b->store_port, false, false },
        { HVM_PARAM_CONSOLE_PFN, HW_CONSOLE_GFN, false, false },
        { HVM_PARAM_CONSOLE_EVTCHN, b->console_port, false, false },
        { HVM_PARAM_IDENT_PT, HW_IDENT_PT_GFN << 12, false, true },
        { HVM_PARAM_BUFIOREQ_PFN, HW_BUFIOREQ_GFN, true, false },
        { HVM_PARAM_IOREQ_PFN, HW_DEFAULT_IOREQ_GFN, true, false },
        { HVM_PARAM_IOREQ_SERVER_PFN, HW_IOREQ_GFN, true, true },
        { HVM_PARAM_NR_IOREQ_SERVER_PAGES, HW_NR_IOREQ, true, true },
    };
    int rc = 0;

    for ( size_t i = 0; !rc && i < sizeof(params) / sizeof(params[0]); i++ ) {
        if ( params[i].firmware && b->use != USE_FIRMWARE )
            continue;
        rc = hc_set_hvm_param(ctx, b->domid, params[i].index, params[i].value);
        if ( params[i].optional )
            rc = unless_unknown(ctx, rc);
    }
    return rc;
}

/* Flat segments, no paging, no interrupts. */
static void fill_cpu(struct hvm_hw_cpu *c, uint64_t rip, uint64_t info_gpa)
{
    memset(c, 0, sizeof(*c));
    c->rip = rip;
    c->rbx = info_gpa;
    c->rflags = 2;
    c->cr0 = CR0_PE | CR0_ET;
    c->dr6 = 0xffff0ff0;
    c->dr7 = 0x400;
    c->cs_limit = c->ds_limit = c->es_limit = c->ss_limit = ~0U;
    c->fs_limit = c->gs_limit = ~0U;
    c->cs_arbytes = AR_CODE;
    c->ds_arbytes = c->es_arbytes = c->ss_arbytes = AR_DATA;
    c->fs_arbytes = c->gs_arbytes = AR_DATA;
    c->tr_limit = 0x67;
    c->tr_arbytes = AR_TSS;
    c->ldtr_arbytes = AR_UNUSABLE;
}

struct context {
    uint8_t *to;
    uint32_t at;
};

static void add(struct context *c, uint16_t code, uint16_t instance, const void *record,
                uint32_t length)
{
    const struct hvm_save_descriptor d = { code, instance, length };

    memcpy(c->to + c->at, &d, sizeof(d));
    if ( length )
        memcpy(c->to + c->at + sizeof(d), record, length);
    c->at += (uint32_t)sizeof(d) + length;
}

uint32_t hw_make_context(const uint8_t *now, uint32_t size, bool cached, uint64_t rip,
                         uint64_t info_gpa, uint8_t **to)
{
    /* No record grows, and vCPU 0's may be new. */
    struct context c = { .to = malloc((size_t)size + 2 * sizeof(struct hvm_hw_cpu)) };
    struct hvm_save_descriptor d;
    struct hvm_hw_cpu cpu;
    struct hvm_hw_mtrr mtrr;

    *to = c.to;
    if ( !c.to )
        return 0;
    for ( uint32_t at = 0; size - at >= sizeof(d); at += d.length ) {
        memcpy(&d, now + at, sizeof(d));
        at += (uint32_t)sizeof(d);
        if ( d.length > size - at || d.typecode == HVM_SAVE_CODE_END )
            break;
        if ( d.typecode == HVM_SAVE_CODE_HEADER && !c.at ) {
            add(&c, d.typecode, d.instance, now + at, d.length);
            fill_cpu(&cpu, rip, info_gpa);
            add(&c, HVM_SAVE_CODE_CPU, 0, &cpu, sizeof(cpu));
        }
        if ( d.typecode == HVM_SAVE_CODE_MTRR && d.length == sizeof(mtrr) && c.at && cached ) {
            memcpy(&mtrr, now + at, sizeof(mtrr));
            mtrr.msr_mtrr_def_type = MTRR_ENABLE | MTRR_WB;
            add(&c, d.typecode, d.instance, &mtrr, sizeof(mtrr));
        }
    }
    if ( c.at )
        add(&c, HVM_SAVE_CODE_END, 0, NULL, 0);
    return c.at;
}

int hw_first_vcpu(struct xn_ctx *ctx, const struct hw_build *b, uint64_t rip, uint64_t info_gpa)
{
    uint8_t *now = NULL, *to = NULL;
    uint32_t size = 0, bytes;
    int rc = hc_gethvmcontext(ctx, b->domid, NULL, &size);

    if ( !rc ) {
        now = calloc(1, size + 1);
        rc = now ? hc_gethvmcontext(ctx, b->domid, now, &size) :
             xn_fail(ctx, ENOMEM, "no memory");
    }
    if ( !rc ) {
        bytes = hw_make_context(now, size, b->use == USE_PVH, rip, info_gpa, &to);
        rc = bytes ? hc_sethvmcontext(ctx, b->domid, to, bytes) :
             xn_fail(ctx, EIO, "its context has no header");
    }
    free(to);
    free(now);
    return rc ? xn_because(ctx, rc, "starting the first vCPU") : 0;
}
