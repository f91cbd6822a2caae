/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Privileged instructions that a PV guest's kernel (or, with I/O permission, its user mode)
 * executes in ring 3: the processor says #GP or #UD, and what is allowed is done here.
 */
#include "pv/pv_mm.h"

#include "base/string.h"
#include "core/guest_cpuid.h"
#include "core/guest_access.h"
#include "core/insn.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/cpuid.h"
#include "cpu/xstate.h"

#define LAR_LONG    (1U << 21)
#define ANY_CR4     (CR4_TSD | CR4_DE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_PSE | CR4_PAE | CR4_PGE | CR4_MCE)
#define GUEST_CR4   (ANY_CR4 | CR4_FSGSBASE | CR4_OSXSAVE)

/* What an emulated instruction comes to. */
enum outcome { DONE, FAULT_GP, INJECTED };

/* Of the bits that come with features, those that its policy has. */
static uint64_t guest_cr4(const struct vcpu *v)
{
    return v->pv.cr4 & (ANY_CR4 | cpuid_policy_cr4(guest_cpu_policy(v->domain)));
}

static enum outcome cr_read(struct vcpu *v, unsigned int cr, uint64_t *val)
{
    switch ( cr ) {
    case 0:
        *val = (read_cr0() & ~(uint64_t)CR0_TS) | v->pv.cr0_ts;
        return DONE;
    case 2:
        *val = v->vcpu_info->arch.cr2;
        return DONE;
    case 3:
        *val = v->pv.kernel_cr3;
        return DONE;
    case 4:
        *val = guest_cr4(v);
        return DONE;
    default:
        return FAULT_GP;
    }
}

static enum outcome cr3_write(struct vcpu *v, uint64_t val)
{
    struct domain *d = v->domain;
    int rc;

    spin_lock(&d->mm_lock);
    rc = pv_new_baseptr(v, pte_mfn(val));
    spin_unlock(&d->mm_lock);
    return rc ? FAULT_GP : DONE;
}

static enum outcome cr_write(struct vcpu *v, unsigned int cr, uint64_t val)
{
    switch ( cr ) {
    case 0:
        if ( (val ^ read_cr0()) & ~(uint64_t)CR0_TS )
            return FAULT_GP;
        v->pv.cr0_ts = val & CR0_TS;
        if ( v->pv.cr0_ts )
            write_cr0(read_cr0() | CR0_TS);
        else
            clts();
        return DONE;
    case 2:
        v->vcpu_info->arch.cr2 = val;
        return DONE;
    case 3:
        return cr3_write(v, val);
    case 4:
        v->pv.cr4 = (val & GUEST_CR4) | (cpu_base_cr4() & CR4_PAE);
        cpu_load_cr4(cpu_base_cr4() | (val & CR4_TSD));
        return DONE;
    default:
        return FAULT_GP;
    }
}

static enum outcome dr_access(struct vcpu *v, const struct insn *in, bool write)
{
    const unsigned int dr = in->reg == 4 ? 6 : in->reg == 5 ? 7 : in->reg;
    uint64_t *reg = insn_reg(&v->regs, in->rm);

    if ( dr > 7 )
        return FAULT_GP;
    if ( write )
        return pv_set_debugreg(v, dr, *reg) ? FAULT_GP : DONE;
    *reg = v->pv.dr[dr];
    return DONE;
}

static enum outcome msr_access(struct vcpu *v, bool write)
{
    struct cpu_frame *r = &v->regs;
    uint64_t val = (uint32_t)r->rax | r->rdx << 32;

    if ( write )
        return msr_guest_write(v, r->rcx, val) ? FAULT_GP : DONE;
    if ( msr_guest_read(v, r->rcx, &val) )
        return FAULT_GP;
    r->rax = (uint32_t)val;
    r->rdx = val >> 32;
    return DONE;
}

static void do_cpuid(struct vcpu *v)
{
    struct cpu_frame *r = &v->regs;
    struct cpuid_regs out;

    guest_cpuid(v, guest_cr4(v) & CR4_OSXSAVE, r->rax, r->rcx, &out);
    r->rax = out.a;
    r->rbx = out.b;
    r->rcx = out.c;
    r->rdx = out.d;
}

/* 0f 01: INVLPG and XSETBV are a kernel's; the rest of the group is not offered. */
static enum outcome group7(struct vcpu *v, const struct insn *in)
{
    struct cpu_frame *r = &v->regs;
    const uint64_t val = (uint32_t)r->rax | r->rdx << 32;

    if ( in->is_reg && (in->reg & 7) == 2 && (in->rm & 7) == 1 ) {      /* 0f 01 d1: XSETBV */
        if ( (uint32_t)r->rcx || !(v->pv.cr4 & CR4_OSXSAVE) || !guest_xcr0_valid(v->domain, val) )
            return FAULT_GP;
        v->xcr0 = val;
        xstate_load_xcr0(val);
        return DONE;
    }
    if ( !in->is_reg && (in->reg & 7) == 7 ) {                          /* INVLPG: which is not decoded */
        tlb_flush_local();
        return DONE;
    }
    return FAULT_GP;
}

static enum outcome kernel_only(struct vcpu *v, const struct insn *in)
{
    struct cpu_frame *r = &v->regs;
    uint64_t val;

    switch ( in->opcode ) {
    case 0x0f01: return group7(v, in);
    case 0x0f06:
        v->pv.cr0_ts = 0;
        clts();
        return DONE;
    case 0x0f08: case 0x0f09:                   /* INVD is done as WBINVD: nothing is lost */
        if ( domain_is_control(v->domain) )
            wbinvd();
        return DONE;
    case 0x0f20:
        if ( cr_read(v, in->reg, &val) != DONE )
            return FAULT_GP;
        *insn_reg(r, in->rm) = val;
        return DONE;
    case 0x0f22: return cr_write(v, in->reg, *insn_reg(r, in->rm));
    case 0x0f21: return dr_access(v, in, false);
    case 0x0f23: return dr_access(v, in, true);
    case 0x0f30: return msr_access(v, true);
    case 0x0f32: return msr_access(v, false);
    case 0x0f31:
        val = rdtsc();
        r->rax = (uint32_t)val;
        r->rdx = val >> 32;
        return DONE;
    default: return FAULT_GP;
    }
}

static enum outcome execute(struct vcpu *v, struct insn *in)
{
    switch ( in->opcode ) {
    case 0x6c ... 0x6f:
        switch ( pv_io_string(v, in) ) {
        case PV_IO_DONE:    return DONE;
        case PV_IO_FAULTED: return INJECTED;
        default:            return FAULT_GP;
        }
    case 0xe4 ... 0xe7: case 0xec ... 0xef:
        return pv_io(v, in) == PV_IO_DONE ? DONE : FAULT_GP;
    case 0xfa: case 0xfb:
        /* POPF would not trap, so pretending to follow CLI would lose interrupts for good. */
        return pv_io_privileged(v) ? DONE : FAULT_GP;
    case 0x0fa2:                                /* of user mode too: cpu/levelling.c */
        do_cpuid(v);
        return DONE;
    default:
        return v->pv.kernel_mode ? kernel_only(v, in) : FAULT_GP;
    }
}

static unsigned int fetch(struct vcpu *v, uint8_t *bytes)
{
    unsigned int n = INSN_MAX;

    while ( n && !copy_from_guest(bytes, v->regs.rip, n) )
        n--;
    return n;
}

/* After an instruction: single-stepping guests expect #DB. */
static void finish(struct vcpu *v, unsigned int len)
{
    struct cpu_frame *r = &v->regs;

    r->rip += len;
    r->vector = 0;
    r->rflags &= ~(uint64_t)FLAGS_RF;
    if ( r->rflags & FLAGS_TF ) {
        v->pv.dr[6] |= 1UL << 14;
        pv_inject(v, VEC_DB, false, 0);
    }
}

bool pv_emulate_forced(struct vcpu *v)
{
    static const uint8_t prefix[7] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };
    uint8_t bytes[7];

    if ( !copy_from_guest(bytes, v->regs.rip, sizeof(bytes)) || memcmp(bytes, prefix, sizeof(prefix)) )
        return false;
    do_cpuid(v);
    finish(v, sizeof(prefix));
    return true;
}

/* WRMSR and RDMSR without prefixes: kernels switch tasks by them. */
static bool emulate_msr(struct vcpu *v)
{
    uint64_t code;
    bool write;

    if ( !v->pv.kernel_mode || !copy_from_guest(&code, v->regs.rip, sizeof(code)) )
        return false;
    write = (code & 0xffff) == 0x300f;
    if ( (!write && (code & 0xffff) != 0x320f) || msr_access(v, write) != DONE )
        return false;
    finish(v, 2);
    return true;
}

static noinline bool emulate_any(struct vcpu *v)
{
    const unsigned int mode = lar(v->regs.cs) & LAR_LONG ? 8 : 4;
    uint8_t bytes[INSN_MAX];
    struct insn in;
    const unsigned int n = fetch(v, bytes);

    if ( !insn_decode(bytes, n, mode, &in) || in.addr_bytes != mode )
        return false;
    switch ( execute(v, &in) ) {
    case DONE:
        finish(v, in.len);
        return true;
    case INJECTED:
        return true;
    default:
        return false;
    }
}

bool pv_emulate(struct vcpu *v) { return emulate_msr(v) || emulate_any(v); }
