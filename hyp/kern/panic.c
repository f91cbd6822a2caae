/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Panic.  The first CPU that comes here speaks; others stop.  Nothing is trusted that
 * could be what broke: no locks, no memory, and a second fault inside ends in silence
 * and a reboot rather than in a loop.
 */
#include "kern/panic.h"

#include "base/fmt.h"
#include "base/log.h"
#include "base/string.h"
#include "cpu/asm.h"
#include "cpu/pcpu.h"
#include "kern/clock.h"
#include "kern/cmdline.h"
#include "kern/console.h"
#include "kern/symbols.h"
#include "plat/acpi.h"
#include "plat/smp.h"

#define BACKTRACE_MAX   24      /* lines */
#define STACK_MAX       8192    /* bytes looked at */

static uint32_t panicking;      /* CPU + 1 */

static void show_address(const char *how, uint64_t addr)
{
    uint64_t offset;
    const char *name = symbol_lookup(addr, &offset);

    if ( name )
        log_err("   %s %016lx %s+%#lx\n", how, addr, name, offset);
    else
        log_err("   %s %016lx\n", how, addr);
}

/*
 * There are no frame pointers: whatever on the stack looks like a return address is
 * shown, stale ones included.  Stays inside the stack's own mapped pages.
 */
static void show_stack(uint64_t sp)
{
    const uint64_t block_end = (uint64_t)(pcpu_of_stack(sp) + 1);
    const uint64_t in_block = sp & (PCPU_STRIDE - 1);
    const uint64_t end = in_block >= 0xc000 ? block_end - sizeof(struct pcpu)
                                            : ALIGN_DOWN(sp, PAGE_SIZE) + PAGE_SIZE;
    unsigned int lines = 0;

    if ( block_end <= PCPU_BASE || block_end > PCPU_BASE + (uint64_t)NR_CPUS * PCPU_STRIDE ) {
        log_err("   the stack pointer %016lx is outside of all stacks\n", sp);
        return;
    }

    for ( uint64_t p = ALIGN_UP(sp, 8); p + 8 <= end && p < sp + STACK_MAX; p += 8 ) {
        const uint64_t word = *(const uint64_t *)p;
        uint64_t offset;

        if ( !symbol_lookup(word, &offset) )
            continue;
        show_address("at", word);
        if ( ++lines == BACKTRACE_MAX )
            break;
    }
}

static void show_frame(const struct cpu_frame *f)
{
    log_err("vector %u error %#x cpu%u\n", f->vector, f->error_code, this_pcpu()->id);
    log_err("rip %04lx:%016lx flags %016lx\n", f->cs & 0xffff, f->rip, f->rflags);
    log_err("rsp %04lx:%016lx rbp %016lx\n", f->ss & 0xffff, f->rsp, f->rbp);
    log_err("rax %016lx rbx %016lx rcx %016lx\n", f->rax, f->rbx, f->rcx);
    log_err("rdx %016lx rsi %016lx rdi %016lx\n", f->rdx, f->rsi, f->rdi);
    log_err("r8  %016lx r9  %016lx r10 %016lx\n", f->r8, f->r9, f->r10);
    log_err("r11 %016lx r12 %016lx r13 %016lx\n", f->r11, f->r12, f->r13);
    log_err("r14 %016lx r15 %016lx\n", f->r14, f->r15);
    if ( frame_from_guest(f) )
        return;
    show_address("in", f->rip);
    show_stack(f->rsp);
}

void noreturn reboot_or_stop(void)
{
    console_force();            /* who is stopped may hold its lock */
    smp_stop_others();
    if ( opt.noreboot ) {
        log_err("the host stays halted (option noreboot)\n");
        smp_stop_self();
    }
    log_err("reboot in %u seconds\n", opt.reboot_delay);
    if ( clock_tsc_khz() ) {
        const uint64_t start = rdtsc();

        while ( rdtsc() - start < (uint64_t)opt.reboot_delay * clock_tsc_khz() * 1000 )
            cpu_relax();
    }
    machine_reboot();
}

/* Make this the CPU that speaks; a fault while it does only reboots. */
static void panic_begin(void)
{
    const uint32_t me = this_pcpu()->id + 1;
    uint32_t none = 0;

    irq_disable();
    if ( !__atomic_compare_exchange_n(&panicking, &none, me, false,
                                      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ) {
        if ( none != me || opt.noreboot )
            smp_stop_self();
        machine_reboot();
    }
    console_force();
    smp_stop_others();
}

/* @f: where a fault was taken; NULL: the caller's own stack tells it all. */
static void noreturn panic_say(const struct cpu_frame *f, const char *fmt, va_list ap)
{
    char text[256];

    vsnprintf(text, sizeof(text), fmt, ap);
    log_err("----------------------------------------\n");
    log_err("Panic on CPU %u:\n", this_pcpu()->id);
    log_err("%s%s", text, text[0] && text[strnlen(text, sizeof(text)) - 1] == '\n' ? "" : "\n");
    log_err("cr0 %016lx cr2 %016lx cr3 %016lx cr4 %08lx\n", read_cr0(), read_cr2(), read_cr3(),
            read_cr4());
    if ( f )
        show_frame(f);
    else
        show_stack(read_rsp());
    log_err("----------------------------------------\n");
    reboot_or_stop();
}

void noreturn panic_at(const struct cpu_frame *f, const char *fmt, ...)
{
    va_list ap;

    panic_begin();
    va_start(ap, fmt);
    panic_say(f, fmt, ap);
}

void noreturn panic(const char *fmt, ...)
{
    va_list ap;

    panic_begin();
    va_start(ap, fmt);
    panic_say(NULL, fmt, ap);
}
