/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hardware guest's memory: by linear address through its own page tables (SDM vol 3A chapter 4),
 * and by guest-physical address.  Lookups take no lock, as core/p2m.h allows: nothing in here waits.
 */
#include "base/atomic.h"
#include "base/string.h"
#include "core/p2m.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "hvm/hvm_vcpu.h"
#include "mem/frame.h"

#define PF_P            0x1
#define PF_FLAGS        (WALK_WRITE | WALK_USER | WALK_FETCH)

/* Where @gpa is for us; NULL: no RAM, or not to be written. */
static uint8_t *ram_at(const struct domain *d, uint64_t gpa, bool is_write)
{
    enum p2m_type type;
    const mfn_t mfn = p2m_lookup(d, gpa >> PAGE_SHIFT, &type);

    if ( type == P2M_NONE || (is_write && (type == P2M_RAM_RO || type == P2M_GRANT_RO)) )
        return NULL;
    return (uint8_t *)frame_map(mfn) + (gpa & ~PAGE_MASK);
}

/* How this vCPU's paging works now: levels (0: off) and bytes of an entry. */
static unsigned int paging_levels(const struct hvm_vcpu *h, unsigned int *entry_bytes)
{
    *entry_bytes = h->cr4 & CR4_PAE ? 8 : 4;
    if ( !(h->cr0 & CR0_PG) )
        return 0;
    if ( h->efer & EFER_LMA )
        return 4;
    return h->cr4 & CR4_PAE ? 3 : 2;
}

/* May an access with @flags use a translation whose entries allow @rights (AND of all levels)? */
static bool allowed(const struct vcpu *v, uint64_t rights, unsigned int flags)
{
    const struct hvm_vcpu *const h = v->hvm;

    if ( (flags & WALK_FETCH) && (rights & PTE_NX) )
        return false;
    if ( flags & WALK_USER )
        return (rights & PTE_US) && (!(flags & WALK_WRITE) || (rights & PTE_RW));
    if ( (flags & WALK_WRITE) && (h->cr0 & CR0_WP) && !(rights & PTE_RW) )
        return false;
    if ( !(rights & PTE_US) )
        return true;
    if ( flags & WALK_FETCH )
        return !(h->cr4 & CR4_SMEP);
    return !(h->cr4 & CR4_SMAP) || (flags & WALK_SYSTEM) || (v->regs.rflags & FLAGS_AC);
}

bool hvm_walk(struct vcpu *v, uint64_t va, unsigned int flags, uint64_t *gpa, uint32_t *pf_error)
{
    const struct hvm_vcpu *const h = v->hvm;
    unsigned int bytes, level = paging_levels(h, &bytes);
    const unsigned int bits = bytes == 8 ? 9 : 10, levels = level;
    uint64_t base = h->cr3 & (levels == 3 ? 0xffffffe0 : levels == 2 ? 0xfffff000 : PTE_ADDR);
    uint64_t rights = PTE_US | PTE_RW;

    if ( levels != 4 )
        va = (uint32_t)va;
    if ( !levels ) {
        *gpa = va;
        return true;
    }
    *pf_error = flags & PF_FLAGS;
    for ( ; ; level-- ) {
        const unsigned int shift = PAGE_SHIFT + bits * (level - 1);
        const uint64_t index = (va >> shift) & (BIT(bits) - 1), size = BIT(shift);
        const uint64_t pos = base + index * bytes;
        uint8_t *const p = ram_at(v->domain, pos, false);
        const bool pdpte = levels == 3 && level == 3;       /* has no rights of its own */
        uint64_t e;
        uint32_t seen;
        bool leaf;

        if ( !p )
            return false;
        e = bytes == 8 ? read_once(*(uint64_t *)p) : read_once(*(uint32_t *)p);
        if ( !(e & PTE_P) )
            return false;
        if ( !pdpte )
            rights = (rights & e & (PTE_US | PTE_RW)) |
                     (h->efer & EFER_NX ? (rights | e) & PTE_NX : 0);
        leaf = level == 1 || ((e & PTE_PSE) && (level == 2 || (level == 3 && levels == 4)) &&
                              (bytes == 8 || (h->cr4 & CR4_PSE)));
        seen = PTE_A | (leaf && (flags & WALK_WRITE) ? PTE_D : 0);
        if ( leaf && !allowed(v, rights, flags) ) {
            *pf_error |= PF_P;
            return false;
        }
        if ( !pdpte && ((e & seen) != seen) && ram_at(v->domain, pos, true) )
            atomic_or32((uint32_t *)p, seen);
        base = e & PTE_ADDR;
        if ( leaf ) {
            *gpa = (base & ~(size - 1)) | (va & (size - 1));
            return true;
        }
    }
}

static bool copy_phys(struct domain *d, uint64_t gpa, uint8_t *buf, size_t len, bool is_write)
{
    for ( size_t n; len; gpa += n, buf += n, len -= n ) {
        uint8_t *const p = ram_at(d, gpa, is_write);

        n = min(len, PAGE_SIZE - (gpa & ~PAGE_MASK));
        if ( !p )
            return false;
        memcpy(is_write ? p : buf, is_write ? buf : p, n);
    }
    return true;
}

bool hvm_read_phys(struct domain *d, uint64_t gpa, void *dst, size_t len)
{
    return copy_phys(d, gpa, dst, len, false);
}

bool hvm_write_phys(struct domain *d, uint64_t gpa, const void *src, size_t len)
{
    return copy_phys(d, gpa, (void *)src, len, true);
}

/* Hypercall arguments: as the kernel would reach them. */
static bool copy_linear(guest_ptr_t va, uint8_t *buf, size_t len, unsigned int flags)
{
    struct vcpu *const v = current;

    for ( size_t n; len; va += n, buf += n, len -= n ) {
        uint64_t gpa;
        uint32_t error;

        n = min(len, PAGE_SIZE - (va & ~PAGE_MASK));
        if ( !hvm_walk(v, va, flags | WALK_SYSTEM, &gpa, &error) ||
             !copy_phys(v->domain, gpa, buf, n, flags & WALK_WRITE) )
            return false;
    }
    return true;
}

bool hvm_copy_from_guest(void *dst, guest_ptr_t src, size_t len)
{
    return copy_linear(src, dst, len, 0);
}

bool hvm_copy_to_guest(guest_ptr_t dst, const void *src, size_t len)
{
    return copy_linear(dst, (void *)src, len, WALK_WRITE);
}

bool hvm_fetch_insn(struct vcpu *v, uint8_t *bytes, unsigned int max)
{
    const unsigned int flags = WALK_FETCH | (hvm_cpl(v) == 3 ? WALK_USER : 0);
    struct hvm_segment cs;
    unsigned int done = 0;
    uint64_t va;

    hvm_backend->get_segment(v, SEG_CS, &cs);
    va = v->regs.rip + (cs.attr & SEG_ATTR_L && (v->hvm->efer & EFER_LMA) ? 0 : cs.base);
    memset(bytes, 0, max);
    while ( done < max ) {
        const unsigned int n = min((uint64_t)(max - done), PAGE_SIZE - (va & ~PAGE_MASK));
        uint64_t gpa;
        uint32_t error;

        if ( !hvm_walk(v, va, flags, &gpa, &error) ) {
            if ( !done )
                hvm_inject_pf(v, va, error);
            return done;
        }
        if ( !hvm_read_phys(v->domain, gpa, bytes + done, n) ) {
            if ( !done )
                domain_crash(v->domain, "%pv: runs code at %#lx, where there is no memory", v, gpa);
            return done;
        }
        done += n;
        va += n;
    }
    return true;
}
