/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the hypervisor holds of a hardware guest, as a list of records: written for the tools that
 * save it, and read back.  One table says which records there are.
 *
 * A record that cannot be loaded ends the whole with -XEN_EINVAL and a line that names the field;
 * what came before it is loaded, so the tools must not run such a domain.
 */
#include "hvm/hvm_save.h"

#include "base/bits.h"
#include "base/errno.h"
#include "base/log.h"
#include "base/string.h"
#include "cpu/asm.h"
#include "cpu/msr.h"
#include "cpu/xstate.h"
#include "kern/clock.h"

#define APIC_ID         0x020
#define APIC_VERSION    0x030
#define APIC_SPIV       0x0f0
#define   SPIV_ENABLED    0x100
#define APIC_ISR        0x100
#define APIC_TMR        0x180
#define APIC_IRR        0x200
#define APIC_TMCCT      0x390
#define APIC_TDCR       0x3e0

int hvm_load_bad(const struct domain *d, unsigned int i, const char *what, uint64_t value)
{
    log_warn("%pd: state of number %u not loaded: bad %s (%#lx)\n", d, i, what, value);
    return -XEN_EINVAL;
}

static uint32_t save_header(struct domain *d, unsigned int i, void *rec, uint64_t tsc)
{
    *(struct hvm_save_header *)rec = (struct hvm_save_header){
        .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION,
        .cpuid = cpuid_count(1, 0).a, .gtsc_khz = clock_tsc_khz(),
    };
    return sizeof(struct hvm_save_header);
}

static int load_header(struct domain *d, unsigned int i, const void *rec, uint32_t len, uint64_t tsc)
{
    const struct hvm_save_header *const h = rec;

    if ( h->magic != HVM_FILE_MAGIC || h->version != HVM_FILE_VERSION )
        return hvm_load_bad(d, i, "magic number or version", (uint64_t)h->magic << 32 | h->version);
    return 0;
}

static uint32_t save_lapic(struct domain *d, unsigned int i, void *rec, uint64_t tsc)
{
    const struct vlapic *const a = &d->vcpu[i]->hvm->vlapic;
    const uint32_t tdcr = a->regs[APIC_TDCR / 16];
    uint64_t deadline = 0;

    (void)!vlapic_read_msr(d->vcpu[i], MSR_TSC_DEADLINE, &deadline);
    *(struct hvm_hw_lapic *)rec = (struct hvm_hw_lapic){
        .apic_base_msr = a->base, .tdt_msr = deadline,
        .disabled = !(a->base & APIC_BASE_ENABLE) << 1 | !(a->regs[APIC_SPIV / 16] & SPIV_ENABLED),
        .timer_divisor = 1U << (((tdcr & 3) | (tdcr & 8) >> 1) + 1) % 8,
    };
    return sizeof(struct hvm_hw_lapic);
}

static int load_lapic(struct domain *d, unsigned int i, const void *rec, uint32_t len, uint64_t tsc)
{
    const struct hvm_hw_lapic *const l = rec;
    struct vlapic *const a = &d->vcpu[i]->hvm->vlapic;
    const uint64_t flags = APIC_BASE_BSP | APIC_BASE_X2APIC | APIC_BASE_ENABLE;

    if ( (l->apic_base_msr & ~flags) != VLAPIC_DEFAULT_BASE ||
         (l->apic_base_msr & (APIC_BASE_X2APIC | APIC_BASE_ENABLE)) == APIC_BASE_X2APIC )
        return hvm_load_bad(d, i, "APIC base", l->apic_base_msr);
    a->base = l->apic_base_msr;
    a->timer_deadline = l->tdt_msr;
    return 0;
}

static uint32_t save_lapic_regs(struct domain *d, unsigned int i, void *rec, uint64_t tsc)
{
    struct vcpu *const v = d->vcpu[i];
    const struct vlapic *const a = &v->hvm->vlapic;
    uint64_t left = 0;
    uint32_t *const to = rec;

    for ( unsigned int r = 0; r < ARRAY_SIZE(a->regs); r++ )
        to[r * 4] = a->regs[r];
    for ( unsigned int r = 0; r < 8; r++ ) {
        to[APIC_ISR / 4 + r * 4] = a->isr[r / 2] >> r % 2 * 32;
        to[APIC_TMR / 4 + r * 4] = a->tmr[r / 2] >> r % 2 * 32;
        to[APIC_IRR / 4 + r * 4] = a->irr[r / 2] >> r % 2 * 32;
    }
    if ( !(a->base & APIC_BASE_X2APIC) )
        left = vlapic_read(v, APIC_TMCCT);
    else
        (void)!vlapic_read_msr(v, MSR_X2APIC_FIRST + APIC_TMCCT / 16, &left);
    to[APIC_TMCCT / 4] = left;
    return sizeof(struct hvm_hw_lapic_regs);
}

static int load_lapic_regs(struct domain *d, unsigned int i, const void *rec, uint32_t len, uint64_t tsc)
{
    struct vcpu *const v = d->vcpu[i];
    struct vlapic *const a = &v->hvm->vlapic;
    const uint32_t *const from = rec;

    for ( unsigned int r = 0; r < ARRAY_SIZE(a->regs); r++ )
        if ( r != APIC_ID / 16 && r != APIC_VERSION / 16 )
            a->regs[r] = from[r * 4];
    for ( unsigned int w = 0; w < 4; w++ ) {
        const uint64_t real = w ? ~0ULL : ~0xffffULL;       /* there are no vectors below 16 */
        const unsigned int r = w * 8;

        a->isr[w] = (from[APIC_ISR / 4 + r] | (uint64_t)from[APIC_ISR / 4 + r + 4] << 32) & real;
        a->tmr[w] = (from[APIC_TMR / 4 + r] | (uint64_t)from[APIC_TMR / 4 + r + 4] << 32) & real;
        a->irr[w] = (from[APIC_IRR / 4 + r] | (uint64_t)from[APIC_IRR / 4 + r + 4] << 32) & real;
    }
    vlapic_timer_resume(v, from[APIC_TMCCT / 4], a->timer_deadline);
    hvm_kick(v);
    return 0;
}

/* Records in the order in which they are saved.  @nr 0: one of each vCPU. */
static const struct record {
    uint16_t     type;
    uint16_t     nr;
    uint32_t     size;          /* the least, and but for XSAVE the most */
    hvm_save_fn *save;          /* NULL: never written */
    hvm_load_fn *load;          /* NULL: the device model's, or what no guest of ours has */
} records[] = {
#define REC(name, nr, type, fn) { HVM_SAVE_CODE_##name, nr, sizeof(struct type), hvm_save_##fn, hvm_load_##fn }
#define DEV(name, nr, type, fn) { HVM_SAVE_CODE_##name, nr, sizeof(struct type), save_##fn, load_##fn }
    DEV(HEADER, 1, hvm_save_header, header),
    REC(CPU, 0, hvm_hw_cpu, cpu),
    { CPU_XSAVE_CODE, 0, sizeof(struct hvm_hw_cpu_xsave), hvm_save_xsave, hvm_load_xsave },
    { CPU_MSR_CODE, 0, sizeof(struct hvm_msr), NULL, hvm_load_msrs },
    REC(MTRR, 0, hvm_hw_mtrr, mtrr),
    REC(TSC_ADJUST, 0, hvm_tsc_adjust, tsc_adjust),
    DEV(LAPIC, 0, hvm_hw_lapic, lapic),
    DEV(LAPIC_REGS, 0, hvm_hw_lapic_regs, lapic_regs),
    { HVM_SAVE_CODE_RTC, 1, 0, NULL, NULL },
    { HVM_SAVE_CODE_PMTIMER, 1, 0, NULL, NULL },
    { HVM_SAVE_CODE_VMCE_VCPU, 0, 0, NULL, NULL },
#undef REC
#undef DEV
};

static const struct record *find_record(uint32_t type)
{
    for ( size_t r = 0; r < ARRAY_SIZE(records); r++ )
        if ( records[r].type == type )
            return &records[r];
    return NULL;
}

static bool has_instance(const struct domain *d, const struct record *r, unsigned int i)
{
    return r->nr ? i < r->nr : i < d->max_vcpus && d->vcpu[i];
}

static uint32_t room_for(const struct record *r)
{
    return r->size + (r->type == CPU_XSAVE_CODE ? xstate_size(xstate_host_mask) : 0);
}

int hvm_save(struct domain *d, void *buf, uint32_t *size)
{
    const uint64_t tsc = rdtsc();
    uint32_t done = 0;

    for ( size_t n = 0; n < ARRAY_SIZE(records); n++ ) {
        const struct record *const r = &records[n];

        for ( unsigned int i = 0; r->save && i < (r->nr ? r->nr : d->max_vcpus); i++ ) {
            const uint32_t room = sizeof(struct hvm_save_descriptor) + room_for(r);
            struct hvm_save_descriptor *const desc = (void *)((uint8_t *)buf + done);

            if ( !has_instance(d, r, i) || (r->type == HVM_SAVE_CODE_CPU && !d->vcpu[i]->hvm->is_started) )
                continue;
            if ( buf ) {
                if ( *size < done + room + sizeof(*desc) )
                    return -XEN_ENOSPC;
                memset(desc, 0, room);
                *desc = (struct hvm_save_descriptor){ r->type, i, r->save(d, i, desc + 1, tsc) };
                done += desc->length ? sizeof(*desc) + desc->length : 0;
            }
            else
                done += room;
        }
    }
    if ( buf )
        memset((uint8_t *)buf + done, 0, sizeof(struct hvm_save_descriptor));     /* END */
    *size = done + sizeof(struct hvm_save_descriptor);
    return 0;
}

int hvm_save_one(struct domain *d, uint32_t type, uint32_t instance, void *buf, uint32_t *size)
{
    const struct record *const r = find_record(type);

    if ( !r || !r->save || !has_instance(d, r, instance) )
        return -XEN_ENOENT;
    if ( !buf ) {
        *size = room_for(r);
        return 0;
    }
    if ( *size < room_for(r) )
        return -XEN_ENOSPC;
    memset(buf, 0, room_for(r));
    *size = r->save(d, instance, buf, rdtsc());
    return *size ? 0 : -XEN_ENOENT;
}

int hvm_load(struct domain *d, const void *buf, uint32_t size)
{
    const uint64_t tsc = rdtsc();
    uint32_t done = 0;

    for ( ; ; ) {
        const struct hvm_save_descriptor *const desc = (const void *)((const uint8_t *)buf + done);
        const struct record *r;
        int rc;

        if ( size - done < sizeof(*desc) || size - done - sizeof(*desc) < desc->length )
            return hvm_load_bad(d, 0, "end: records cut off at", done);
        r = find_record(desc->typecode);
        if ( done == 0 && (!r || r->type != HVM_SAVE_CODE_HEADER) )
            return hvm_load_bad(d, 0, "beginning: not the header but type", desc->typecode);
        if ( desc->typecode == HVM_SAVE_CODE_END )
            return 0;
        if ( !r || desc->length % 8 )
            return hvm_load_bad(d, desc->instance, "record: its type or length is unknown", desc->typecode);
        if ( r->load && (!has_instance(d, r, desc->instance) || desc->length < r->size ||
                         (r->save && desc->length > room_for(r))) )
            return hvm_load_bad(d, desc->instance, "instance or length of record type", desc->typecode);
        rc = r->load ? r->load(d, desc->instance, desc + 1, desc->length, tsc) : 0;
        if ( rc )
            return rc;
        done += sizeof(*desc) + desc->length;
    }
}
