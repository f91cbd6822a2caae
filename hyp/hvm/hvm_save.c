/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the hypervisor holds of a hardware guest, as a list of records: written for the tools that
 * save it, and read back.  One table says which records there are.
 *
 * A record that cannot be loaded ends the whole with -XEN_EINVAL and a line that names the field;
 * what came before it is loaded, so the tools must not run such a domain.
 */
#include "hvm/hvm_save.h"

#include "base/log.h"
#include "base/string.h"
#include "cpu/asm.h"
#include "cpu/msr.h"
#include "cpu/xstate.h"
#include "kern/clock.h"

#define APIC_ID         0x020
#define APIC_VERSION    0x030
#define APIC_ISR        0x100           /* TMR and IRR follow, eight words each */
#define APIC_TMCCT      0x390

int hvm_load_bad(const struct domain *d, unsigned int i, const char *what, uint64_t value)
{
    log_warn("%pd: state of number %u not loaded: bad %s (%#lx)\n", d, i, what, value);
    return -XEN_EINVAL;
}

static void save_header(struct domain *d, unsigned int i, void *rec, uint64_t tsc)
{
    *(struct hvm_save_header *)rec = (struct hvm_save_header){
        .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION,
        .cpuid = cpuid_count(1, 0).a, .gtsc_khz = clock_tsc_khz(),
    };
}

static int load_header(struct domain *d, unsigned int i, const void *rec, uint32_t len, uint64_t tsc)
{
    const struct hvm_save_header *const h = rec;

    if ( h->magic != HVM_FILE_MAGIC || h->version != HVM_FILE_VERSION )
        return hvm_load_bad(d, i, "magic number or version", (uint64_t)h->magic << 32 | h->version);
    return 0;
}

static void save_lapic(struct domain *d, unsigned int i, void *rec, uint64_t tsc)
{
    struct hvm_hw_lapic *const l = rec;

    l->apic_base_msr = d->vcpu[i]->hvm->vlapic.base;
    (void)!vlapic_read_msr(d->vcpu[i], MSR_TSC_DEADLINE, &l->tdt_msr);
}

static int load_lapic(struct domain *d, unsigned int i, const void *rec, uint32_t len, uint64_t tsc)
{
    const struct hvm_hw_lapic *const l = rec;
    struct vlapic *const a = &d->vcpu[i]->hvm->vlapic;
    const uint64_t flags = l->apic_base_msr ^ VLAPIC_DEFAULT_BASE;

    if ( (flags & ~(uint64_t)(APIC_BASE_BSP | APIC_BASE_X2APIC | APIC_BASE_ENABLE)) ||
         (flags & (APIC_BASE_X2APIC | APIC_BASE_ENABLE)) == APIC_BASE_X2APIC )
        return hvm_load_bad(d, i, "APIC base", l->apic_base_msr);
    a->base = l->apic_base_msr;
    a->timer_deadline = l->tdt_msr;
    return 0;
}

static void save_lapic_regs(struct domain *d, unsigned int i, void *rec, uint64_t tsc)
{
    struct vcpu *const v = d->vcpu[i];
    const struct vlapic *const a = &v->hvm->vlapic;
    uint64_t left = 0;
    uint32_t *const to = rec;

    if ( !(a->base & APIC_BASE_X2APIC) )     /* first: a read completes IRR */
        left = vlapic_read(v, APIC_TMCCT);
    else
        (void)!vlapic_read_msr(v, MSR_X2APIC_FIRST + APIC_TMCCT / 16, &left);
    for ( unsigned int r = 0; r < VLAPIC_REGS; r++ )
        to[r * 4] = read_once(a->regs[r][0]);
    to[APIC_TMCCT / 4] = left;
}

static int load_lapic_regs(struct domain *d, unsigned int i, const void *rec, uint32_t len, uint64_t tsc)
{
    struct vcpu *const v = d->vcpu[i];
    struct vlapic *const a = &v->hvm->vlapic;
    const uint32_t *const from = rec;

    for ( unsigned int r = 0; r < VLAPIC_REGS; r++ )
        if ( r != APIC_ID / 16 && r != APIC_VERSION / 16 )
            a->regs[r][0] = from[r * 4];
    for ( unsigned int r = APIC_ISR / 16; r < APIC_ISR / 16 + 24; r += 8 )
        a->regs[r][0] &= ~0xffffU;      /* there are no vectors below 16 */
    a->irr_words = 0xff;
    a->changed = VLAPIC_MODE;
    vlapic_timer_resume(v, from[APIC_TMCCT / 4], a->timer_deadline);
    hvm_kick(v);
    return 0;
}

/*
 * The records in the order in which they are saved.  @nr 0: one of each vCPU.  Those of the interrupt
 * controllers and timers come with migration; the domain builder knows none of them.
 */
static const struct record {
    uint16_t     type, nr;
    uint32_t     size;          /* of XSAVE: the least */
    hvm_save_fn *save;
    hvm_load_fn *load;
} records[] = {
#define REC(code, nr, type, save, load) { HVM_SAVE_CODE_##code, nr, sizeof(struct type), save, load }
    REC(HEADER, 1, hvm_save_header, save_header, load_header),
    REC(CPU, 0, hvm_hw_cpu, hvm_save_cpu, hvm_load_cpu),
    { CPU_XSAVE_CODE, 0, sizeof(struct hvm_hw_cpu_xsave), hvm_save_xsave, hvm_load_xsave },
    REC(MTRR, 0, hvm_hw_mtrr, hvm_save_mtrr, hvm_load_mtrr),
    REC(LAPIC, 0, hvm_hw_lapic, save_lapic, load_lapic),
    REC(LAPIC_REGS, 0, hvm_hw_lapic_regs, save_lapic_regs, load_lapic_regs),
#undef REC
};

static const struct record *find_record(uint32_t type)
{
    for ( size_t r = 0; r < ARRAY_SIZE(records); r++ )
        if ( records[r].type == type )
            return &records[r];
    return NULL;
}

/* There is number @i of it, or of what it describes. */
static bool has_instance(const struct domain *d, const struct record *r, unsigned int i)
{
    return r->nr ? i < r->nr : i < d->max_vcpus && d->vcpu[i];
}

static uint32_t size_of(const struct record *r)
{
    return r->type != CPU_XSAVE_CODE ? r->size :
           xstate_host_mask ? HVM_XSAVE_FIXED + xstate_size(xstate_host_mask) : 0;
}

static void save_record(struct domain *d, const struct record *r, unsigned int i, void *to, uint64_t tsc)
{
    memset(to, 0, size_of(r));
    r->save(d, i, to, tsc);
}

int hvm_save(struct domain *d, void *buf, uint32_t *size)
{
    const uint64_t tsc = rdtsc();
    struct hvm_save_descriptor *desc = buf;
    uint32_t done = 0;

    for ( const struct record *r = records; r < records + ARRAY_SIZE(records); r++ )
        for ( unsigned int i = 0; size_of(r) && i < (r->nr ? r->nr : d->max_vcpus); i++ ) {
            const uint32_t len = sizeof(*desc) + size_of(r);

            if ( !has_instance(d, r, i) || (r->type == HVM_SAVE_CODE_CPU && !d->vcpu[i]->hvm->is_started) )
                continue;
            if ( buf ) {
                if ( *size < done + len + sizeof(*desc) )
                    return -XEN_ENOSPC;
                *desc = (struct hvm_save_descriptor){ r->type, i, size_of(r) };
                save_record(d, r, i, desc + 1, tsc);
                desc = (void *)((uint8_t *)desc + len);
            }
            done += len;
        }
    if ( buf )
        *desc = (struct hvm_save_descriptor){ HVM_SAVE_CODE_END, 0, 0 };
    *size = done + sizeof(*desc);
    return 0;
}

int hvm_save_one(struct domain *d, uint32_t type, uint32_t instance, void *buf, uint32_t *size)
{
    const struct record *const r = find_record(type);
    const uint32_t room = *size;

    if ( !r || !has_instance(d, r, instance) || !size_of(r) )
        return -XEN_ENOENT;
    *size = size_of(r);
    if ( buf && room < *size )
        return -XEN_ENOSPC;
    if ( buf )
        save_record(d, r, instance, buf, rdtsc());
    return 0;
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
        if ( !r || desc->length % 8 || !has_instance(d, r, desc->instance) ||
             (r->type == CPU_XSAVE_CODE ? desc->length < r->size : desc->length != r->size) )
            return hvm_load_bad(d, desc->instance, "record: no such thing or another length, type", desc->typecode);
        rc = r->load(d, desc->instance, desc + 1, desc->length, tsc);
        if ( rc )
            return rc;
        done += sizeof(*desc) + desc->length;
    }
}
