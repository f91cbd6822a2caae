/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting the other processors one after the other (INIT, start-up IPI: SDM vol 3A 8.4),
 * and asking running ones to look at their work, run a function, or stop.
 *
 * An AP comes through trampoline.S on page tables of its own, the hypervisor's and the
 * first 2 MiB one to one, and leaves those in smp_ap_main.
 */
#include "plat/smp.h"

#include "base/atomic.h"
#include "base/log.h"
#include "base/string.h"
#include "core/sched.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/pcpu.h"
#include "cpu/spinlock.h"
#include "entry/entry.h"
#include "kern/clock.h"
#include "kern/timer.h"
#include "mem/heap.h"
#include "mem/paging.h"
#include "plat/acpi.h"
#include "plat/apic.h"
#include "plat/irq.h"
#include "plat/tlb.h"

#define START_TIMEOUT_NS    1000000000ULL
#define STOP_TIMEOUT_LOOPS  1000000

struct trampoline_args {
    uint64_t entry, stack;
    uint32_t cr3;
    uint32_t far32;
    uint16_t far32_cs, pad;
    uint32_t far64;
    uint16_t far64_cs;
    uint16_t gdt_limit;
    uint32_t gdt_base;
} packed;

extern const uint8_t trampoline_start[], trampoline_args[], trampoline_end[];

paddr_t smp_trampoline_page;

static struct cpu_topology topology[NR_CPUS];
static uint32_t ap_alive;           /* id of the CPU that reached C */
static bool stopping;

int pcpu_map(unsigned int cpu)
{
    static const uint16_t ist_offsets[] = { 0x1000, 0x3000, 0x5000, 0x7000 };
    const uint64_t base = PCPU_BASE + (uint64_t)cpu * PCPU_STRIDE;
    const uint64_t primary = PCPU_STRIDE - PCPU_STACK_PAGES * PAGE_SIZE;
    int rc;

    for ( size_t i = 0; i < ARRAY_SIZE(ist_offsets) + PCPU_STACK_PAGES; i++ ) {
        const mfn_t mfn = heap_alloc(0, 64, 0);
        const uint64_t offset = i < ARRAY_SIZE(ist_offsets)
            ? ist_offsets[i] : primary + (i - ARRAY_SIZE(ist_offsets)) * PAGE_SIZE;

        if ( mfn_eq(mfn, INVALID_MFN) )
            return -XEN_ENOMEM;
        rc = paging_map(base + offset, mfn, 1, MAP_RW, false);
        if ( rc )
            return rc;
    }
    memset(pcpu_get(cpu), 0, sizeof(struct pcpu));
    pcpu_get(cpu)->id = cpu;
    return 0;
}

static unsigned int bits_for(uint32_t n) { return order_of(n ? n : 1); }

/* Socket and core from the APIC id's fields (SDM vol 3A 8.9). */
static void detect_topology(unsigned int cpu_id)
{
    const uint32_t id = pcpu_get(cpu_id)->apic_id, max_leaf = cpuid_count(0, 0).a;
    unsigned int smt_shift = 0, package_shift = 0;

    if ( max_leaf >= 0xb && cpuid_count(0xb, 0).b ) {
        for ( unsigned int level = 0; level < 8; level++ ) {
            const struct cpuid_regs r = cpuid_count(0xb, level);

            if ( !((r.c >> 8) & 0xff) )
                break;
            if ( ((r.c >> 8) & 0xff) == 1 )
                smt_shift = r.a & 31;
            package_shift = r.a & 31;
        }
    } else if ( cpuid_count(1, 0).d & (1U << 28) ) {
        const uint32_t logical = (cpuid_count(1, 0).b >> 16) & 0xff;
        const uint32_t cores = max_leaf >= 4 ? (cpuid_count(4, 0).a >> 26) + 1 : 1;

        package_shift = bits_for(logical);
        smt_shift = package_shift - min(package_shift, bits_for(cores));
    }
    topology[cpu_id].socket = id >> package_shift;
    topology[cpu_id].core = (id & ((1U << package_shift) - 1)) >> smt_shift;
}

const struct cpu_topology *smp_topology(unsigned int cpu) { return &topology[cpu < NR_CPUS ? cpu : 0]; }

void smp_ap_main(void)
{
    struct pcpu *p = this_pcpu();

    p->cr3 = mfn_to_paddr(hyp_l4_mfn);
    write_cr3(p->cr3);
    cpu_init();
    apic_init_cpu();
    __atomic_store_n(&ap_alive, p->id, __ATOMIC_RELEASE);
    clock_init_cpu();
    timer_init_cpu(p->id);
    sched_init_cpu(p->id);
    detect_topology(p->id);
    tlb_flush_local_global();
    __atomic_store_n(&p->online, true, __ATOMIC_RELEASE);
    exit_to_guest();
}

/*
 * Page tables for the way up: ours, and the first 2 MiB one to one.  Three pages below
 * 4 GiB, for 32-bit code loads CR3.  INVALID_MFN: no memory.
 */
static mfn_t make_ap_tables(void)
{
    const mfn_t first = heap_alloc(2, 32, 0);
    uint64_t *l4;

    if ( mfn_eq(first, INVALID_MFN) )
        return first;
    l4 = mfn_to_virt(first);
    memset(l4, 0, 3 * PAGE_SIZE);
    memcpy(&l4[L4_HYP_FIRST], &hyp_l4[L4_HYP_FIRST],
           (L4_HYP_LAST - L4_HYP_FIRST + 1) * sizeof(*l4));
    l4[0] = mfn_to_paddr(mfn_add(first, 1)) | PTE_P | PTE_RW;
    l4[512] = mfn_to_paddr(mfn_add(first, 2)) | PTE_P | PTE_RW;
    l4[1024] = PTE_P | PTE_RW | PTE_PSE;
    return first;
}

static void prepare_trampoline(unsigned int cpu_id, mfn_t tables)
{
    uint8_t *page = mfn_to_virt(paddr_to_mfn(smp_trampoline_page));
    struct trampoline_args *args = (void *)(page + (trampoline_args - trampoline_start));

    memcpy(page, trampoline_start, trampoline_end - trampoline_start);
    args->entry = (uint64_t)smp_ap_main;
    args->stack = (uint64_t)pcpu_get(cpu_id);
    args->cr3 = mfn_to_paddr(tables);
    args->far32 += smp_trampoline_page;
    args->far64 += smp_trampoline_page;
    args->gdt_base += smp_trampoline_page;
    smp_mb();
}

static bool wait_for(bool (*done)(unsigned int), unsigned int arg, uint64_t ns)
{
    const uint64_t end = clock_now_ns() + ns;

    while ( !done(arg) ) {
        if ( clock_now_ns() > end )
            return false;
        clock_sync_serve();
        tlb_poll();
        cpu_relax();
    }
    return true;
}

static bool is_alive(unsigned int cpu_id)
{
    return __atomic_load_n(&ap_alive, __ATOMIC_ACQUIRE) == cpu_id;
}

static bool is_online(unsigned int cpu_id)
{
    return __atomic_load_n(&pcpu_get(cpu_id)->online, __ATOMIC_ACQUIRE);
}

/* True when CPU @cpu_id is in its idle loop. */
static bool start_cpu(unsigned int cpu_id, mfn_t tables)
{
    const uint32_t id = pcpu_get(cpu_id)->apic_id;
    const uint8_t page = smp_trampoline_page >> PAGE_SHIFT;

    prepare_trampoline(cpu_id, tables);
    apic_send_init(id);
    clock_delay_us(200);
    apic_send_sipi(id, page);
    if ( !wait_for(is_alive, cpu_id, 10000000) ) {
        /* The second one that the manual asks for: old processors may miss the first. */
        apic_send_sipi(id, page);
        if ( !wait_for(is_alive, cpu_id, START_TIMEOUT_NS) )
            return false;
    }
    return wait_for(is_online, cpu_id, START_TIMEOUT_NS);
}

static bool can_start(const struct acpi_cpu *c)
{
    return c->enabled && c->apic_id != apic_id() && (c->apic_id < 255 || apic_is_x2apic());
}

static void init_boot_cpu(void)
{
    struct pcpu *p = this_pcpu();

    p->apic_id = apic_id();
    for ( uint32_t i = 0; i < acpi.nr_cpus; i++ )
        if ( acpi.cpus[i].apic_id == p->apic_id )
            p->acpi_id = acpi.cpus[i].acpi_id;
    p->online = true;
    detect_topology(0);
    if ( !nr_cpus )
        nr_cpus = 1;
}

void smp_init(unsigned int max)
{
    mfn_t tables;

    init_boot_cpu();
    if ( !max || max > NR_CPUS )
        max = NR_CPUS;
    if ( !smp_trampoline_page || smp_trampoline_page >= 0x100000 || max == 1 )
        return;
    tables = make_ap_tables();
    if ( mfn_eq(tables, INVALID_MFN) ) {
        log_err("smp: no memory below 4 GiB: one CPU only\n");
        return;
    }

    for ( uint32_t i = 0; i < acpi.nr_cpus && nr_cpus < max; i++ ) {
        const struct acpi_cpu *c = &acpi.cpus[i];

        if ( !can_start(c) )
            continue;
        if ( pcpu_map(nr_cpus) ) {
            log_err("smp: no memory for CPU %u\n", nr_cpus);
            break;
        }
        pcpu_get(nr_cpus)->apic_id = c->apic_id;
        pcpu_get(nr_cpus)->acpi_id = c->acpi_id;
        if ( !start_cpu(nr_cpus, tables) ) {
            /* Back to waiting for a start-up IPI; its block stays, it may be in use. */
            apic_send_init(c->apic_id);
            log_err("smp: CPU with APIC id %u does not start\n", c->apic_id);
            break;
        }
        nr_cpus++;
    }
    heap_free(tables, 2, false);
    log_info("smp: %u CPUs\n", nr_cpus);
}

void smp_kick(unsigned int cpu_id)
{
    if ( cpu_id != this_pcpu()->id )
        apic_send_ipi(pcpu_get(cpu_id)->apic_id, VEC_KICK);
}

void smp_stop_self(void)
{
    write_once(this_pcpu()->online, false);
    for ( ; ; ) {
        irq_disable();
        halt();
    }
}

void smp_nmi(void)
{
    if ( read_once(stopping) )
        smp_stop_self();
}

void smp_stop_others(void)
{
    const unsigned int self = this_pcpu()->id;

    /* Two at once: the second is one of those that the first stops. */
    if ( __atomic_exchange_n(&stopping, true, __ATOMIC_SEQ_CST) || nr_cpus < 2 )
        return;
    apic_send_nmi_others();
    for ( unsigned int cpu_id = 0; cpu_id < nr_cpus; cpu_id++ ) {
        if ( cpu_id == self )
            continue;
        for ( unsigned int i = 0; i < STOP_TIMEOUT_LOOPS && is_online(cpu_id); i++ )
            cpu_relax();
    }
}
