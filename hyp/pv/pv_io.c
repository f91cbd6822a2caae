/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port I/O.  The guest's I/O privilege level and bitmap say whether it gets #GP; the
 * domain's permissions say what really reaches the hardware: a port that the domain was not given
 * reads as all ones and swallows writes.  PCI configuration goes through plat/pci.c.
 */
#include "core/guest_access.h"
#include "cpu/asm.h"
#include "cpu/regs.h"
#include "plat/pci.h"
#include "pv/pv_mm.h"

#define PCI_ADDR        0xcf8
#define PCI_DATA        0xcfc
#define PCI_ENABLE      0x80000000U
#define STEPS_MAX       512

static uint32_t pci_address;        /* the control domain's; it alone gets this far */

bool pv_io_privileged(const struct vcpu *v) { return v->pv.iopl >= (v->pv.kernel_mode ? 1 : 3); }

/* The bitmap that the guest registered: a clear bit allows. */
static bool bitmap_allows(const struct vcpu *v, uint16_t port, unsigned int bytes)
{
    uint16_t bits = 0;
    bool ok;

    if ( (unsigned int)port + bytes > v->pv.iobmp_limit || !v->pv.iobmp )
        return false;
    /* It lies in the kernel's half of the address space. */
    if ( !v->pv.kernel_mode )
        pv_load_cr3(v->pv.kernel_cr3);
    ok = copy_from_guest(&bits, v->pv.iobmp + port / 8, port / 8 + 1 < 8192 ? 2 : 1);
    if ( !v->pv.kernel_mode )
        pv_load_cr3(v->pv.user_cr3);
    return ok && !(bits >> (port % 8) & ((1U << bytes) - 1));
}

static bool is_pci(uint16_t port, unsigned int bytes)
{
    return (port == PCI_ADDR && bytes == 4) || (port >= PCI_DATA && port + bytes <= PCI_DATA + 4);
}

static struct pci_sbdf pci_target(uint16_t port, uint16_t *reg)
{
    *reg = (pci_address & 0xfc) | (port & 3) | (pci_address >> 16 & 0xf00);
    return (struct pci_sbdf){ 0, pci_address >> 16 & 0xff, pci_address >> 8 & 0xff };
}

static uint32_t port_read(struct domain *d, uint16_t port, unsigned int bytes)
{
    uint16_t reg;

    if ( domain_is_control(d) && is_pci(port, bytes) ) {
        if ( port == PCI_ADDR )
            return pci_address;
        if ( pci_address & PCI_ENABLE ) {
            const struct pci_sbdf dev = pci_target(port, &reg);

            return pci_read(dev, reg, bytes);
        }
    }
    if ( !rangeset_contains(&d->ioports, port, port + bytes - 1) )
        return ~0U;
    return port_in(port, bytes);
}

static void port_write(struct domain *d, uint16_t port, unsigned int bytes, uint32_t val)
{
    uint16_t reg;

    if ( domain_is_control(d) && is_pci(port, bytes) ) {
        if ( port == PCI_ADDR ) {
            pci_address = val;
            return;
        }
        if ( pci_address & PCI_ENABLE ) {
            const struct pci_sbdf dev = pci_target(port, &reg);

            if ( !msi_owns_register(dev, reg, bytes) )
                pci_write(dev, reg, bytes, val);
            return;
        }
    }
    if ( rangeset_contains(&d->ioports, port, port + bytes - 1) )
        port_out(port, bytes, val);
}

enum pv_io_result pv_io(struct vcpu *v, const struct insn *in)
{
    struct cpu_frame *r = &v->regs;
    const unsigned int bytes = in->op_bytes;
    const uint16_t port = in->opcode < 0xe8 ? (uint8_t)in->imm : (uint16_t)r->rdx;

    if ( !pv_io_privileged(v) && !bitmap_allows(v, port, bytes) )
        return PV_IO_REFUSED;
    if ( in->opcode & 2 )
        port_write(v->domain, port, bytes, r->rax);
    else
        insn_write_reg(r, 0, bytes, true, port_read(v->domain, port, bytes));
    return PV_IO_DONE;
}

enum pv_io_result pv_io_string(struct vcpu *v, struct insn *in)
{
    struct cpu_frame *r = &v->regs;
    const unsigned int bytes = in->op_bytes;
    const uint64_t step = r->rflags & FLAGS_DF ? -(uint64_t)bytes : bytes;
    const uint16_t port = r->rdx;
    const bool out = in->opcode & 2;
    uint64_t *addr = out ? &r->rsi : &r->rdi;

    if ( !pv_io_privileged(v) && !bitmap_allows(v, port, bytes) )
        return PV_IO_REFUSED;
    if ( in->rep && !r->rcx )
        return PV_IO_DONE;
    for ( unsigned int n = 0; n < STEPS_MAX; n++ ) {
        uint32_t val = 0;

        if ( !out )
            val = port_read(v->domain, port, bytes);
        if ( out ? !copy_from_guest(&val, *addr, bytes) : !copy_to_guest(*addr, &val, bytes) ) {
            pv_inject_pf(v, *addr, out ? 0 : PF_WRITE);
            return PV_IO_FAULTED;
        }
        if ( out )
            port_write(v->domain, port, bytes, val);
        *addr += step;
        if ( !in->rep || !--r->rcx )
            return PV_IO_DONE;
    }
    in->len = 0;                        /* the guest comes back for the rest */
    return PV_IO_DONE;
}
