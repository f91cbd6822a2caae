/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Setting a processor up: control registers, SYSCALL entry, protection features. */
#include "cpu/cpu.h"
#include "cpu/asm.h"
#include "cpu/desc.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "cpu/xstate.h"

struct cpu_features cpu ro_after_init;
unsigned int nr_cpus = 1;
static uint64_t base_cr4 ro_after_init, forced_cr4 ro_after_init;

extern const uint8_t syscall_stubs[], syscall32_stubs[];

struct smap_site { int32_t rel; uint32_t is_stac; };
extern const struct smap_site smap_sites_start[], smap_sites_end[];

/*
 * TCG before 8.0 reads IRET's stack as a supervisor, which faults on every PV kernel under
 * SMAP: leave it off there.
 */
static bool is_tcg(void)
{
    struct cpuid_regs r;

    if ( !(cpuid_count(1, 0).c & 1U << 31) )
        return false;
    r = cpuid_count(0x40000000, 0);
    return r.b == 0x54474354 && r.c == 0x43544743 && r.d == 0x47435447;     /* "TCGTCGTCGTCG" */
}

static void smap_patch(void)
{
    for ( const struct smap_site *s = smap_sites_start; s < smap_sites_end; s++ ) {
        uint8_t *insn = (uint8_t *)&s->rel + s->rel;

        /* The image is still writable; STAC is 0f 01 cb, CLAC 0f 01 ca. */
        insn[0] = 0x0f;
        insn[1] = 0x01;
        insn[2] = s->is_stac ? 0xcb : 0xca;
    }
}

void cpu_probe(bool allow_smap, bool allow_smep)
{
    const struct cpuid_regs l0 = cpuid_count(0, 0), l1 = cpuid_count(1, 0);
    const struct cpuid_regs e0 = cpuid_count(0x80000000, 0), e1 = cpuid_count(0x80000001, 0);
    struct cpuid_regs l7 = { 0 };

    cpu.is_amd = l0.b == 0x68747541 || l0.b == 0x6f677948;      /* "Auth", "Hygo" */
    cpu.is_emulated_tcg = is_tcg();
    cpu.xsave = l1.c & 1U << 26;
    cpu.page1gb = e1.d & 1U << 26;
    cpu.rdtscp = e1.d & 1U << 27;
    if ( l0.a >= 7 )
        l7 = cpuid_count(7, 0);
    cpu.smap = (l7.b & 1U << 20) && allow_smap && !cpu.is_emulated_tcg;
    if ( cpu.xsave )
        cpu.xsaveopt = cpuid_count(13, 1).a & 1;
    if ( e0.a >= 0x80000007 )
        cpu.invariant_tsc = cpuid_count(0x80000007, 0).d & 1U << 8;
    cpu.phys_bits = 36;
    if ( e0.a >= 0x80000008 )
        cpu.phys_bits = cpuid_count(0x80000008, 0).a & 0xff;

    base_cr4 = CR4_PAE | CR4_PGE | CR4_DE | CR4_OSFXSR | CR4_OSXMMEXCPT |
               (l1.d & 1U << 14 ? CR4_MCE : 0) | (cpu.xsave ? CR4_OSXSAVE : 0) |
               (l7.b & 1U << 0 ? CR4_FSGSBASE : 0) | (l7.b & 1U << 7 && allow_smep ? CR4_SMEP : 0) |
               (cpu.smap ? CR4_SMAP : 0) | (l7.c & 1U << 2 ? CR4_UMIP : 0);
    if ( cpu.smap )
        smap_patch();
}

uint64_t cpu_base_cr4(void) { return base_cr4; }

void cpu_load_cr4(uint64_t cr4)
{
    struct pcpu *p = this_pcpu();

    cr4 |= forced_cr4;
    if ( p->cr4 != cr4 ) {
        p->cr4 = cr4;
        write_cr4(cr4);
    }
}

void cpu_force_cr4(uint64_t bits)
{
    forced_cr4 |= bits;
    cpu_load_cr4(this_pcpu()->cr4);
}

/* SYSCALL loads CS/SS from STAR[47:32], SYSRET from STAR[63:48] (SDM vol 3A 5.8.8). */
void cpu_load_syscall_msrs(void)
{
    const unsigned int id = this_pcpu()->id;

    wrmsr(MSR_STAR, (uint64_t)HYP_CS << 32 | (uint64_t)GUEST_CS32 << 48);
    wrmsr(MSR_LSTAR, (uintptr_t)syscall_stubs + id * 32);
    wrmsr(MSR_CSTAR, (uintptr_t)syscall32_stubs + id * 32);
    wrmsr(MSR_SFMASK, FLAGS_TF | FLAGS_IF | FLAGS_DF | FLAGS_IOPL | FLAGS_NT | FLAGS_RF | FLAGS_VM |
                      FLAGS_AC);
}

void cpu_init(void)
{
    struct pcpu *p = this_pcpu();

    desc_init_cpu();
    write_cr0(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE | CR0_AM);
    p->cr4 = 0;
    cpu_load_cr4(base_cr4);
    p->cr3 = read_cr3();
    wrmsr(MSR_EFER, EFER_SCE | EFER_LME | EFER_LMA | EFER_NX);
    wrmsr(MSR_PAT, PAT_ABI);
    cpu_load_syscall_msrs();
    if ( !cpu.is_amd ) {
        wrmsr(MSR_SYSENTER_CS, 0);      /* no entry, #GP */
        wrmsr(MSR_SYSENTER_ESP, 0);
        wrmsr(MSR_SYSENTER_EIP, 0);
    }
    xstate_init_cpu();
    write_dr7(DR7_DEFAULT);
    p->dr7 = DR7_DEFAULT;
}
