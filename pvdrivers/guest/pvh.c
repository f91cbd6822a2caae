/* SPDX-License-Identifier: MIT */
/*
 * A hardware guest, started by PVH's entry or by a multiboot loader: page tables of its own, exceptions by an IDT,
 * events by a vector of the hypervisor's, vCPUs by INIT and start-up IPIs.
 */
#include <xenabi/hvm/hvm_op.h>
#include <xenabi/hvm/params.h>
#include <xenabi/hvm/start_info.h>
#include <xenabi/memory.h>
#include <xenabi/vcpu.h>
#include "clock.h"
#include "hypercall.h"
#include "lib.h"
#include "mem.h"
#include "platform.h"
#include "smp.h"
#include "start.h"
#include "trap.h"

#define CODE64          0x10
#define STUB_BYTES      16
#define EVENT_VECTOR    0x30
#define NR_VECTORS      (EVENT_VECTOR + 1)

#define HIGH_START      (3ul << 30)             /* of the GiB that is mapped at itself plus HIGH_BASE */
#define HIGH_END        (4ul << 30)
#define HIGH_BASE       0xffffffff00000000ul

#define APIC            (HIGH_BASE + 0xfee00000)
#define APIC_ICR        0x300
#define APIC_ICR_HIGH   0x310
#define ICR_INIT        0x4500
#define ICR_STARTUP     0x4600
#define APIC_ID(vcpu)   ((vcpu) * 2)            /* as Xen numbers them */
#define TRAMPOLINE_PFN  8ul
#define START_NS        (10 * 1000000000ull)    /* for a vCPU to come */

extern const char pvh_trap_stubs[], pvh_event_stub[], pvh_trap_exit[], pvh_vmcall[], pvh_vmmcall[];
extern const char pvh_trampoline[], pvh_trampoline_end[], guest_image_end[];
extern uint64_t pvh_l4[512];
extern uint32_t pvh_info;                       /* what EBX was */
extern struct pvh_vcpu {                        /* pvh.S: what a new vCPU begins with */
    char *sp;
    void *arg;
    void (*fn)(void *arg);
} pvh_vcpu;

uint32_t pvh_info;
struct pvh_vcpu pvh_vcpu;
static struct start_info info;
static uint64_t holes;                          /* the first frame behind everything there is */

/* ------------------------------------------------------------------ start */

static void *at_physical(uint64_t pa)
{
    if ( pa < 1ul << 30 )
        return (void *)(GUEST_BASE + pa);
    return pa >= HIGH_START && pa < HIGH_END ? (void *)(HIGH_BASE + pa) : NULL;
}

static void *builders_page(uint64_t pfn)
{
    return at_physical(pfn << 12);
}

static uint64_t parameter(uint32_t index)
{
    struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index };

    return hc_hvm_op(HVMOP_get_param, HC_PTR(&p)) ? 0 : p.value;
}

static const void *hypercall_of_this_processor(void)
{
    uint32_t a = 0, b, c, d;

    asm ( "cpuid" : "+a" (a), "=b" (b), "=c" (c), "=d" (d) );
    /* AuthenticAMD, HygonGenuine */
    return c == 0x444d4163 || c == 0x656e6975 ? pvh_vmmcall : pvh_vmcall;
}

/* Both loaders leave a structure, and we can tell them apart by its first word. */
static void copy_command_line(void)
{
    const struct hvm_start_info *start = at_physical(pvh_info);
    const uint32_t *multiboot = (const void *)start;    /* flags: bit 2, a command line; its address is the fifth */
    const char *from = NULL;

    if ( start && start->magic == XEN_HVM_START_MAGIC_VALUE ) {
        info.flags = start->flags;
        from = start->cmdline_paddr ? at_physical(start->cmdline_paddr) : NULL;
    } else if ( start && (multiboot[0] & 4) )
        from = at_physical(multiboot[4]);
    if ( from )
        snprintf((char *)info.cmd_line, sizeof(info.cmd_line), "%s", from);
}

/* The end of the memory that we lie in, and of everything. */
static void read_memory_map(void)
{
    static struct xen_e820_entry map[128];
    struct xen_memory_map op = { .nr_entries = ARRAY_SIZE(map), .buffer = HC_PTR(map) };
    const uint64_t image = (uint64_t)guest_image_end - GUEST_BASE;

    holes = HIGH_END;
    info.nr_pages = mem_va_to_pfn(guest_image_end);         /* without a map nothing is free */
    if ( hc_memory_op(XENMEM_memory_map, HC_PTR(&op)) )
        op.nr_entries = 0;
    for ( unsigned int i = 0; i < op.nr_entries; i++ ) {
        const uint64_t end = map[i].addr + map[i].size;

        if ( map[i].type == XEN_E820_RAM && map[i].addr < image && image <= end )
            info.nr_pages = end >> 12;
        holes = end > holes ? end : holes;
    }
    holes = (holes + PAGE_SIZE - 1) >> 12;
}

static void outb(uint16_t port, uint8_t value)
{
    asm volatile ( "outb %0, %1" :: "a" (value), "Nd" (port) );
}

static void init(void)
{
    start_info = &info;
    hypercall_entry = hypercall_of_this_processor();
    trap_exit = pvh_trap_exit;
    copy_command_line();
    read_memory_map();
    memcpy(info.magic, "hvm", 4);
    info.pt_base = (uint64_t)pvh_l4;
    info.store_mfn = parameter(HVM_PARAM_STORE_PFN);
    info.store_evtchn = (uint32_t)parameter(HVM_PARAM_STORE_EVTCHN);
    info.console.domU.mfn = parameter(HVM_PARAM_CONSOLE_PFN);
    info.console.domU.evtchn = (uint32_t)parameter(HVM_PARAM_CONSOLE_EVTCHN);
    outb(0x21, 0xff);                           /* HVM: the firmware's timer shall not interrupt us */
    outb(0xa1, 0xff);
}

/* ------------------------------------------------------------------ traps */

static struct gate {
    uint16_t offset_low, selector, flags, offset_mid;
    uint32_t offset_high, reserved;
} idt[NR_VECTORS];

static void set_gate(unsigned int vector, const char *stub)
{
    const uint64_t at = (uint64_t)stub;

    idt[vector] = (struct gate){ (uint16_t)at, CODE64, 0x8e00, (uint16_t)(at >> 16), (uint32_t)(at >> 32), 0 };
}

static void load_idt(void)
{
    const struct __attribute__((packed)) {
        uint16_t limit;
        const void *base;
    } idtr = { sizeof(idt) - 1, idt };

    asm volatile ( "lidt %0" :: "m" (idtr) );
}

static void traps(void)
{
    struct xen_hvm_param via = {
        .domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ,
        .value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | EVENT_VECTOR,
    };

    for ( unsigned int i = 0; i < 32; i++ )
        set_gate(i, pvh_trap_stubs + i * STUB_BYTES);
    set_gate(EVENT_VECTOR, pvh_event_stub);
    load_idt();
    hc_hvm_op(HVMOP_set_param, HC_PTR(&via));
}

static uint64_t fault_address(void)
{
    uint64_t va;

    asm volatile ( "mov %%cr2, %0" : "=r" (va) );
    return va;
}

/* ------------------------------------------------------------------ memory */

static void free_pages(uint64_t *first, uint64_t *unmapped)
{
    const uint64_t mapped = (1ul << 30) / PAGE_SIZE;

    *first = mem_va_to_pfn(guest_image_end);
    *unmapped = info.nr_pages < mapped ? info.nr_pages : mapped;
}

static uint64_t same(uint64_t frame)
{
    return frame;
}

static long set_entry(const uint64_t *entry, uint64_t value)
{
    write_once(*(uint64_t *)entry, value);
    return 0;
}

static long set_table(const uint64_t *entry, const void *table)
{
    return set_entry(entry, mem_make_pte(mem_va_to_pfn(table), PTE_TABLE));
}

static void flush_page(uint64_t va)
{
    asm volatile ( "invlpg (%0)" :: "r" (va) : "memory" );
}

/* The memory that was at this place is given up: where it is, everybody finds ours. */
static long add_to_physmap(unsigned int space, unsigned int nr, const void *page)
{
    struct xen_add_to_physmap op = { .domid = DOMID_SELF, .space = space, .idx = nr, .gpfn = mem_va_to_pfn(page) };

    return hc_memory_op(XENMEM_add_to_physmap, HC_PTR(&op));
}

static long map_shared_info(void *page)
{
    return add_to_physmap(XENMAPSPACE_shared_info, 0, page);
}

static long map_grant_table(char *pages, unsigned int nr)
{
    long rc = 0;

    for ( unsigned int i = 0; rc == 0 && i < nr; i++ )
        rc = add_to_physmap(XENMAPSPACE_grant_table, i, pages + i * PAGE_SIZE);
    return rc;
}

/* A grant goes to a guest-physical place: one without memory, which @va is made to name the first time. */
static uint64_t grant_address(uint64_t va)
{
    uint64_t *e = mem_entry(mem_root(), va, 1);

    if ( !e )
        return ~0ul & ~4095ul;
    if ( !(*e & PTE_P) )
        set_entry(e, mem_make_pte(holes++, PTE_RW_PAGE));
    return (*e & PTE_FRAME) | (va & 4095);
}

/* ------------------------------------------------------------------ events */

static void on(void)
{
    asm volatile ( "sti; nop" ::: "memory" );   /* delivered behind the NOP, not after what comes */
}

static void off(void)
{
    asm volatile ( "cli" ::: "memory" );
}

static void on_and_sleep(void)
{
    asm volatile ( "sti; hlt" ::: "memory" );
}

/* ------------------------------------------------------------------ vCPUs */

static struct {
    void (*fn)(void *);
    volatile bool taken;
} next_vcpu;

static void begin(void *arg)
{
    void (*const fn)(void *) = next_vcpu.fn;

    load_idt();
    next_vcpu.taken = true;
    fn(arg);
}

static void send(unsigned int id, uint32_t what)
{
    *(volatile uint32_t *)(APIC + APIC_ICR_HIGH) = APIC_ID(id) << 24;
    *(volatile uint32_t *)(APIC + APIC_ICR) = what;
    clock_spin(1000000);
}

static long start_vcpu(unsigned int id, void (*fn)(void *), void *arg, void *stack)
{
    const long up = hc_vcpu_op(VCPUOP_is_up, id, 0);
    const uint64_t end = clock_now() + START_NS;

    if ( up )
        return up < 0 ? up : -XEN_EEXIST;
    pvh_vcpu = (struct pvh_vcpu){ (char *)stack + SMP_STACK_SIZE, arg, begin };
    next_vcpu.fn = fn;
    next_vcpu.taken = false;
    memcpy(mem_pfn_to_va(TRAMPOLINE_PFN), pvh_trampoline, (size_t)(pvh_trampoline_end - pvh_trampoline));
    send(id, ICR_INIT);
    send(id, ICR_STARTUP | TRAMPOLINE_PFN);
    while ( !next_vcpu.taken ) {
        if ( clock_now() >= end )
            return -XEN_EIO;
        asm volatile ( "pause" );
    }
    return 0;
}

const struct platform platform_pvh = {
    .init = init, .traps = traps, .fault_address = fault_address, .free_pages = free_pages, .pfn_to_mfn = same,
    .mfn_to_pfn = same, .builders_page = builders_page, .set_entry = set_entry, .set_table = set_table,
    .flush_page = flush_page, .map_shared_info = map_shared_info, .map_grant_table = map_grant_table,
    .grant_address = grant_address, .events_on = on, .events_off = off, .events_wait = on_and_sleep,
    .start_vcpu = start_vcpu,
};
