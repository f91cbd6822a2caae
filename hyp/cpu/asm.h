/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One inline function per instruction, nothing else.  No other C file contains asm. */
#pragma once

#include "base/types.h"

static inline uint64_t read_cr0(void) { uint64_t v; __asm__ volatile ("mov %%cr0, %0" : "=r" (v)); return v; }
static inline uint64_t read_cr2(void) { uint64_t v; __asm__ volatile ("mov %%cr2, %0" : "=r" (v)); return v; }
static inline uint64_t read_cr3(void) { uint64_t v; __asm__ volatile ("mov %%cr3, %0" : "=r" (v)); return v; }
static inline uint64_t read_cr4(void) { uint64_t v; __asm__ volatile ("mov %%cr4, %0" : "=r" (v)); return v; }
static inline void write_cr0(uint64_t v) { __asm__ volatile ("mov %0, %%cr0" : : "r" (v) : "memory"); }
static inline void write_cr2(uint64_t v) { __asm__ volatile ("mov %0, %%cr2" : : "r" (v)); }
static inline void write_cr3(uint64_t v) { __asm__ volatile ("mov %0, %%cr3" : : "r" (v) : "memory"); }
static inline void write_cr4(uint64_t v) { __asm__ volatile ("mov %0, %%cr4" : : "r" (v) : "memory"); }

#define ASM_DR(n) \
    static inline uint64_t read_dr##n(void) \
    { uint64_t v; __asm__ volatile ("mov %%db" #n ", %0" : "=r" (v)); return v; } \
    static inline void write_dr##n(uint64_t v) { __asm__ volatile ("mov %0, %%db" #n : : "r" (v)); }
ASM_DR(0) ASM_DR(1) ASM_DR(2) ASM_DR(3) ASM_DR(6) ASM_DR(7)
#undef ASM_DR

static inline uint64_t read_rsp(void) { uint64_t v; __asm__ volatile ("mov %%rsp, %0" : "=r" (v)); return v; }

static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t lo, hi;

    __asm__ volatile ("rdmsr" : "=a" (lo), "=d" (hi) : "c" (msr));
    return lo | (uint64_t)hi << 32;
}
static inline void wrmsr(uint32_t msr, uint64_t v)
{
    __asm__ volatile ("wrmsr" : : "c" (msr), "a" ((uint32_t)v), "d" ((uint32_t)(v >> 32)) : "memory");
}
static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;

    __asm__ volatile ("rdtsc" : "=a" (lo), "=d" (hi) : : "memory");
    return lo | (uint64_t)hi << 32;
}
/* Waits for earlier loads: for time stamps that are compared across CPUs. */
static inline uint64_t rdtsc_ordered(void)
{
    __asm__ volatile ("lfence" : : : "memory");
    return rdtsc();
}

/* Before an x2APIC or deadline MSR is written: those writes do not wait for earlier stores (SDM vol 3A 10.12.3). */
static inline void mfence_lfence(void) { __asm__ volatile ("mfence; lfence" : : : "memory"); }

struct cpuid_regs { uint32_t a, b, c, d; };
static inline struct cpuid_regs cpuid_count(uint32_t leaf, uint32_t sub)
{
    struct cpuid_regs r;

    __asm__ volatile ("cpuid" : "=a" (r.a), "=b" (r.b), "=c" (r.c), "=d" (r.d) : "a" (leaf), "c" (sub));
    return r;
}

static inline void outb(uint16_t port, uint8_t v) { __asm__ volatile ("outb %0, %1" : : "a" (v), "Nd" (port)); }
static inline void outw(uint16_t port, uint16_t v) { __asm__ volatile ("outw %0, %1" : : "a" (v), "Nd" (port)); }
static inline void outl(uint16_t port, uint32_t v) { __asm__ volatile ("outl %0, %1" : : "a" (v), "Nd" (port)); }
static inline uint8_t inb(uint16_t port)
{ uint8_t v; __asm__ volatile ("inb %1, %0" : "=a" (v) : "Nd" (port)); return v; }
static inline uint16_t inw(uint16_t port)
{ uint16_t v; __asm__ volatile ("inw %1, %0" : "=a" (v) : "Nd" (port)); return v; }
static inline uint32_t inl(uint16_t port)
{ uint32_t v; __asm__ volatile ("inl %1, %0" : "=a" (v) : "Nd" (port)); return v; }

static inline uint32_t port_in(uint16_t port, unsigned int bytes)
{
    return bytes == 1 ? inb(port) : bytes == 2 ? inw(port) : inl(port);
}
static inline void port_out(uint16_t port, unsigned int bytes, uint32_t v)
{
    if ( bytes == 1 )
        outb(port, v);
    else if ( bytes == 2 )
        outw(port, v);
    else
        outl(port, v);
}

static inline void irq_disable(void) { __asm__ volatile ("cli" : : : "memory"); }
/* Take what is pending: STI holds it back for one instruction, and an emulator's PAUSE for one more. */
static inline void irq_window(void) { __asm__ volatile ("sti; nop; cli" : : : "memory"); }
/* Interrupts are taken only here and there: between STI and HLT none can be lost (SDM vol 2B, STI). */
static inline void irq_enable_halt_disable(void) { __asm__ volatile ("sti; hlt; cli" : : : "memory"); }
static inline void halt(void) { __asm__ volatile ("hlt" : : : "memory"); }
static inline void cpu_relax(void) { __asm__ volatile ("pause" : : : "memory"); }
static inline void breakpoint_never(void) { __asm__ volatile ("ud2" : : : "memory"); }

static inline void invlpg(uint64_t va) { __asm__ volatile ("invlpg (%0)" : : "r" (va) : "memory"); }
static inline void wbinvd(void) { __asm__ volatile ("wbinvd" : : : "memory"); }
static inline void clts(void) { __asm__ volatile ("clts" : : : "memory"); }
static inline void swapgs(void) { __asm__ volatile ("swapgs" : : : "memory"); }

struct desc_ptr { uint16_t limit; uint64_t base; } packed;
static inline void lgdt(const struct desc_ptr *p) { __asm__ volatile ("lgdt %0" : : "m" (*p)); }
static inline struct desc_ptr sidt(void) { struct desc_ptr p; __asm__ volatile ("sidt %0" : "=m" (p)); return p; }
static inline void lidt(const struct desc_ptr *p) { __asm__ volatile ("lidt %0" : : "m" (*p)); }
static inline void lldt(uint16_t sel) { __asm__ volatile ("lldt %0" : : "rm" (sel)); }
static inline void ltr(uint16_t sel) { __asm__ volatile ("ltr %0" : : "rm" (sel)); }

/* After a new GDT: our own code and stack selectors, null for the rest. */
#define load_segments() \
    __asm__ volatile ("pushq %0; lea 1f(%%rip), %%rax; push %%rax; lretq; 1: mov %1, %%ss;" \
                      "mov %2, %%ds; mov %2, %%es; mov %2, %%fs; mov %2, %%gs" \
                      : : "i" (0xe008), "r" (0xe010), "r" (0) : "rax", "memory")

/* Access rights of @sel's descriptor, 0 if there is none (SDM vol 2A LAR). */
static inline uint32_t lar(uint16_t sel)
{
    uint32_t v = 0;

    __asm__ volatile ("lar %1, %0" : "+r" (v) : "r" ((uint32_t)sel) : "cc");
    return v;
}

static inline uint16_t read_ds(void) { uint16_t v; __asm__ volatile ("mov %%ds, %0" : "=r" (v)); return v; }
static inline uint16_t read_es(void) { uint16_t v; __asm__ volatile ("mov %%es, %0" : "=r" (v)); return v; }
static inline uint16_t read_fs(void) { uint16_t v; __asm__ volatile ("mov %%fs, %0" : "=r" (v)); return v; }
static inline uint16_t read_gs(void) { uint16_t v; __asm__ volatile ("mov %%gs, %0" : "=r" (v)); return v; }

static inline void vmsave(uint64_t vmcb_pa) { __asm__ volatile ("vmsave" : : "a" (vmcb_pa) : "memory"); }

static inline void xsetbv(uint32_t idx, uint64_t v)
{
    __asm__ volatile ("xsetbv" : : "c" (idx), "a" ((uint32_t)v), "d" ((uint32_t)(v >> 32)));
}
static inline uint64_t xgetbv(uint32_t idx)
{
    uint32_t lo, hi;

    __asm__ volatile ("xgetbv" : "=a" (lo), "=d" (hi) : "c" (idx));
    return lo | (uint64_t)hi << 32;
}
static inline void xsave64(void *area, uint64_t mask)
{
    __asm__ volatile ("xsave64 (%0)" : : "r" (area), "a" ((uint32_t)mask), "d" ((uint32_t)(mask >> 32)) : "memory");
}
static inline void xsaveopt64(void *area, uint64_t mask)
{
    __asm__ volatile ("xsaveopt64 (%0)" : : "r" (area), "a" ((uint32_t)mask), "d" ((uint32_t)(mask >> 32)) : "memory");
}
static inline void fxsave64(void *area) { __asm__ volatile ("fxsave64 (%0)" : : "r" (area) : "memory"); }

static inline void rep_stosq(void *p, uint64_t v, size_t nr_words)
{
    __asm__ volatile ("rep stosq" : "+D" (p), "+c" (nr_words) : "a" (v) : "memory");
}

/*
 * Guest memory, one word at a time: between smap_open and smap_close; a fault goes to @fault in the
 * caller (.extable), which has to close too.  entry.S explains the patched sites.
 */
#define SMAP_SITE(is_stac) \
    "900: .byte 0x0f, 0x1f, 0x00; .pushsection .smap_sites, \"a\"; .long 900b - ., " #is_stac "; .popsection"
static inline void smap_open(void) { __asm__ volatile (SMAP_SITE(1) : : : "memory"); }
static inline void smap_close(void) { __asm__ volatile (SMAP_SITE(0) : : : "memory"); }
#define ON_FAULT(label) \
    ".pushsection .extable, \"a\"; .balign 8; .quad 1b, %l[" #label "]; .popsection"
#define guest_store64(to, value, fault) \
    __asm__ goto ("1: movq %1, %0; " ON_FAULT(fault) \
                  : : "m" (*(uint64_t *)(to)), "er" ((uint64_t)(value)) : "memory" : fault)
#define guest_load64(value, from, fault) \
    __asm__ goto ("1: movq %1, %0; " ON_FAULT(fault) \
                  : "=r" (value) : "m" (*(const uint64_t *)(from)) : "memory" : fault)

/* VT-x (SDM vol 3C chapter 30).  False: the instruction failed, by CF or ZF. */
#define VMX_INSN(insn, ...) \
    ({ bool ok_; __asm__ volatile (insn : "=@cca" (ok_) : __VA_ARGS__ : "memory"); ok_; })
static inline bool must_check vmxon(uint64_t pa) { return VMX_INSN("vmxon %1", "m" (pa)); }
static inline bool must_check vmclear(uint64_t pa) { return VMX_INSN("vmclear %1", "m" (pa)); }
static inline bool must_check vmptrld(uint64_t pa) { return VMX_INSN("vmptrld %1", "m" (pa)); }
static inline bool must_check vmwrite_raw(uint64_t field, uint64_t v)
{ return VMX_INSN("vmwrite %2, %1", "r" (field), "r" (v)); }
static inline bool must_check vmread_raw(uint64_t field, uint64_t *v)
{
    bool ok;

    __asm__ volatile ("vmread %2, %1" : "=@cca" (ok), "=r" (*v) : "r" (field) : "memory");
    return ok;
}
static inline bool must_check invept(uint64_t type, uint64_t eptp)
{
    const struct { uint64_t eptp, zero; } d = { eptp, 0 };

    return VMX_INSN("invept %2, %1", "r" (type), "m" (d));
}
/* An NMI or machine check that was taken from a guest: to its handler, whose IRET unblocks NMIs. */
static inline void raise_nmi(void) { __asm__ volatile ("int $2" : : : "memory"); }
static inline void raise_mc(void) { __asm__ volatile ("int $18" : : : "memory"); }
