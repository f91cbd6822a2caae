/* SPDX-License-Identifier: MIT */
/* A paravirtual guest: the hypervisor's trap table, page tables by hypercall, vCPUs from a context. */
#include <xenabi/arch-x86.h>
#include <xenabi/callback.h>
#include <xenabi/grant_table.h>
#include <xenabi/sched.h>
#include <xenabi/vcpu.h>
#include "event.h"
#include "hypercall.h"
#include "lib.h"
#include "mem.h"
#include "platform.h"
#include "smp.h"
#include "start.h"
#include "trap.h"

#define STUB_BYTES  32
#define MAX_TRAPS   34

extern const char trap_stubs[], event_stub[], failsafe_stub[], syscall_stub[], int80_stub[];
extern const char pv_trap_exit[], pv_hypercall[], smp_entry[], guest_image_end[];

static void init(void)
{
    hypercall_entry = pv_hypercall;
    trap_exit = pv_trap_exit;
}

/* ------------------------------------------------------------------ traps */

static uint64_t fault_address(void)
{
    return event_vcpu()->arch.cr2;
}

static long register_callback(uint16_t type, const char *stub)
{
    struct callback_register cb = { .type = type, .address = (uint64_t)stub };

    return hc_callback_op(CALLBACKOP_register, HC_PTR(&cb));
}

/* Fill @table (MAX_TRAPS entries, ended by a zero one); returns how many. */
static unsigned int trap_table(struct trap_info *table)
{
    unsigned int n = 0;

    memset(table, 0, MAX_TRAPS * sizeof(*table));
    for ( unsigned int vec = 0; vec < 32; vec++ ) {
        /* Vectors that the hypervisor keeps for itself, or never delivers. */
        if ( vec == 9 || vec == 15 || (vec >= 20 && vec != 21) )
            continue;
        table[n].vector = vec;
        /* INT3 and INTO may come from user mode. */
        table[n].flags = vec == TRAP_BP || vec == TRAP_OF ? 3 : 0;
        table[n].cs = FLAT_KERNEL_CS;
        table[n++].address = (uint64_t)trap_stubs + vec * STUB_BYTES;
    }
    table[n].vector = TRAP_INT80;
    table[n].flags = 3;
    table[n].cs = FLAT_KERNEL_CS;
    table[n++].address = (uint64_t)int80_stub;
    return n;
}

static void traps(void)
{
    struct trap_info table[MAX_TRAPS];

    trap_table(table);
    hc_set_trap_table(HC_PTR(table));
    register_callback(CALLBACKTYPE_event, event_stub);
    register_callback(CALLBACKTYPE_failsafe, failsafe_stub);
    register_callback(CALLBACKTYPE_syscall, syscall_stub);
}

/* ------------------------------------------------------------------ memory */

/* Frames below *first are the builder's: image, lists, page tables, boot stack. */
static void free_pages(uint64_t *first, uint64_t *unmapped)
{
    uint64_t end = mem_va_to_pfn(guest_image_end + 4095);
    const uint64_t others[] = {
        mem_va_to_pfn((void *)(start_info->mfn_list + start_info->nr_pages * 8 + 4095)),
        mem_va_to_pfn((void *)(start_info->pt_base + start_info->nr_pt_frames * 4096)),
        mem_va_to_pfn((char *)start_info + 4096),
    };
    uint64_t *e;

    for ( unsigned int i = 0; i < ARRAY_SIZE(others); i++ ) {
        if ( others[i] > end )
            end = others[i];
    }
    *first = end + 2;   /* the boot stack, and one for the layouts that put a page before it */
    *unmapped = *first;
    while ( (e = mem_entry(mem_root(), GUEST_BASE + (*unmapped << 12), 1)) && (*e & PTE_P) )
        ++*unmapped;
}

static uint64_t pfn_to_mfn(uint64_t pfn)
{
    return ((const uint64_t *)start_info->mfn_list)[pfn];
}

static uint64_t mfn_to_pfn(uint64_t mfn)
{
    const uint64_t pfn = ((const volatile uint64_t *)M2P_BASE)[mfn];

    return pfn < start_info->nr_pages && pfn_to_mfn(pfn) == mfn ? pfn : ~0ul;
}

static void *builders_page(uint64_t mfn)
{
    return mem_pfn_to_va(mfn_to_pfn(mfn));
}

static long set_entry(const uint64_t *entry, uint64_t value)
{
    struct mmu_update u = { .ptr = mem_entry_maddr(entry) | MMU_NORMAL_PT_UPDATE, .val = value };

    return hc_mmu_update(HC_PTR(&u), 1, 0, DOMID_SELF);
}

static long set_table(const uint64_t *entry, const void *table)
{
    const long rc = mem_make_readonly(table);

    return rc ? rc : set_entry(entry, mem_make_pte(mem_va_to_mfn(table), PTE_TABLE));
}

static void flush_page(uint64_t va)
{
    mem_mmuext(MMUEXT_INVLPG_LOCAL, va, 0);
}

static long map_shared_info(void *page)
{
    return mem_set_va(page, (start_info->shared_info & PTE_FRAME) | PTE_RW_PAGE);
}

static long map_grant_table(char *pages, unsigned int nr)
{
    uint64_t frames[32];
    struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = nr, .frame_list = HC_PTR(frames) };
    long rc = nr > ARRAY_SIZE(frames) ? -XEN_EINVAL : hc_grant_table_op(GNTTABOP_setup_table, HC_PTR(&op), 1);

    if ( rc == 0 )
        rc = op.status;
    for ( unsigned int i = 0; rc == 0 && i < nr; i++ )
        rc = mem_set_va(pages + i * PAGE_SIZE, mem_make_pte(frames[i], PTE_RW_PAGE));
    return rc;
}

static uint64_t grant_address(uint64_t va)
{
    return va;
}

/* ------------------------------------------------------------------ events */

static void on(void)
{
    struct vcpu_info *vi = event_vcpu();

    write_once(vi->evtchn_upcall_mask, 0);
    barrier();
    /* An event that came while delivery was off: any hypercall delivers it. */
    if ( read_once(vi->evtchn_upcall_pending) )
        hc_xen_version(0, 0);
}

static void off(void)
{
    write_once(event_vcpu()->evtchn_upcall_mask, 1);
    barrier();
}

static void on_and_sleep(void)
{
    hc_sched_op(SCHEDOP_block, 0);
}

/* ------------------------------------------------------------------ vCPUs */

static long start_vcpu(unsigned int id, void (*fn)(void *), void *arg, void *stack)
{
    static struct vcpu_guest_context c;
    struct trap_info table[MAX_TRAPS];

    memset(&c, 0, sizeof(c));
    for ( unsigned int i = 0, n = trap_table(table); i < n; i++ )
        c.trap_ctxt[table[i].vector] = table[i];
    c.flags = VGCF_in_kernel;
    c.user_regs.rip = (uint64_t)smp_entry;
    c.user_regs.rsp = (uint64_t)stack + SMP_STACK_SIZE;
    c.user_regs.rdi = (uint64_t)arg;
    c.user_regs.rsi = (uint64_t)fn;
    c.user_regs.cs = FLAT_KERNEL_CS;
    c.user_regs.ss = FLAT_KERNEL_SS;
    c.user_regs.rflags = 1u << 9;
    c.kernel_ss = FLAT_KERNEL_SS;
    c.kernel_sp = (uint64_t)stack + SMP_STACK_SIZE;
    c.ctrlreg[3] = mem_va_to_mfn(mem_root()) << 12;
    c.event_callback_eip = (uint64_t)event_stub;
    c.failsafe_callback_eip = (uint64_t)failsafe_stub;
    c.syscall_callback_eip = (uint64_t)syscall_stub;

    const long rc = hc_vcpu_op(VCPUOP_initialise, id, HC_PTR(&c));

    return rc ? rc : hc_vcpu_op(VCPUOP_up, id, 0);
}

const struct platform platform_pv = {
    .init = init, .traps = traps, .fault_address = fault_address, .free_pages = free_pages,
    .pfn_to_mfn = pfn_to_mfn, .mfn_to_pfn = mfn_to_pfn, .builders_page = builders_page, .set_entry = set_entry,
    .set_table = set_table, .flush_page = flush_page, .map_shared_info = map_shared_info,
    .map_grant_table = map_grant_table, .grant_address = grant_address, .events_on = on, .events_off = off,
    .events_wait = on_and_sleep, .start_vcpu = start_vcpu,
};
