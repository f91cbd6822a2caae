/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a hardware guest's port and memory-mapped I/O goes: to our own devices, those that the domain
 * has, else to the device model that claims it (ioreq.c).
 *
 * An access that waits leaves what it asked for in v->hvm->io.  When the answer is there
 * the instruction is begun again (hvm_io_resume), comes to the same access, and finds it.
 */
#include "core/host_console.h"
#include "hvm/hvm_vcpu.h"
#include "hvm/ioreq.h"
#include "hvm/vhpet.h"
#include "hvm/vioapic.h"
#include "hvm/vpic.h"
#include "hvm/vpit.h"

#define PORT_DEBUG      0xe9        /* a character for the log, as firmware and boot loaders know it */

/* --- Our own devices --------------------------------------------------------------------------------- */

static uint8_t debug_read(struct domain *d, uint16_t port) { return PORT_DEBUG; }
static void debug_write(struct domain *d, uint16_t port, uint8_t value)
{
    const char c = value;

    host_console_write(d, &c, 1);
}

/* Byte-wide registers; there if the pointer at @device of struct hvm_domain is. */
static const struct port_device {
    uint16_t first, last, device;
    uint8_t  (*read)(struct domain *d, uint16_t port);
    void     (*write)(struct domain *d, uint16_t port, uint8_t value);
} port_devices[] = {
#define DEVICE(first, last, member, name) \
    { first, last, offsetof(struct hvm_domain, member), name##_read, name##_write }
    DEVICE(0x20, 0x21, vpic, vpic),
    DEVICE(0xa0, 0xa1, vpic, vpic),
    DEVICE(0x4d0, 0x4d1, vpic, vpic),
    DEVICE(0x40, 0x43, vpit, vpit),
    DEVICE(0x61, 0x61, vpit, vpit),
    DEVICE(PORT_DEBUG, PORT_DEBUG, servers, debug),
#undef DEVICE
};

static const struct port_device *port_device(const struct hvm_domain *h, uint16_t port)
{
    for ( size_t i = 0; i < ARRAY_SIZE(port_devices); i++ ) {
        const struct port_device *const p = &port_devices[i];

        if ( port >= p->first && port <= p->last && *(void *const *)((const uint8_t *)h + p->device) )
            return p;
    }
    return NULL;
}

/* The APICs have registers of four bytes; an access of any size may stay in one or two of them. */
static uint32_t apic_read(struct vcpu *v, uint64_t gpa, bool is_lapic)
{
    const uint32_t offset = gpa & (PAGE_SIZE - 1);

    return is_lapic ? vlapic_read(v, offset) : vioapic_read(v->domain, offset);
}

static bool is_own_memory(const struct vcpu *v, uint64_t gpa)
{
    return vhpet_at(v->domain, gpa) || vlapic_mmio_at(v, gpa) ||
           (v->domain->hvm->vioapic && gpa - VIOAPIC_BASE < PAGE_SIZE);
}

static bool must_check mmio_device(struct vcpu *v, uint64_t gpa, unsigned int bytes, bool is_write, uint64_t *data)
{
    struct domain *const d = v->domain;
    const bool is_lapic = vlapic_mmio_at(v, gpa);
    const uint64_t reg = gpa & ~3UL;

    if ( vhpet_at(d, gpa) && vhpet_at(d, gpa + bytes - 1) ) {
        if ( is_write )
            vhpet_write(d, gpa - VHPET_BASE, bytes, *data);
        else
            *data = vhpet_read(d, gpa - VHPET_BASE, bytes);
        return true;
    }
    if ( !is_lapic && (!d->hvm->vioapic || gpa - VIOAPIC_BASE >= PAGE_SIZE) )
        return false;
    if ( !is_write ) {
        *data = apic_read(v, reg, is_lapic);
        if ( (gpa & 3) + bytes > 4 )
            *data |= (uint64_t)apic_read(v, reg + 4, is_lapic) << 32;
        *data >>= (gpa & 3) * 8;
    } else if ( gpa == reg && is_lapic ) {      /* a write to a register's other bytes has no meaning */
        vlapic_write(v, gpa & (PAGE_SIZE - 1), *data);
    } else if ( gpa == reg ) {
        vioapic_write(d, gpa & (PAGE_SIZE - 1), *data);
    }
    return true;
}

/* --- The device model ---------------------------------------------------------------------------------- */

static uint64_t value_mask(unsigned int bytes) { return bytes >= 8 ? ~0UL : BIT(bytes * 8) - 1; }

static bool same_request(const struct ioreq *a, const struct ioreq *b)
{
    return a->addr == b->addr && a->size == b->size && a->count == b->count && a->type == b->type &&
           a->bits == b->bits;
}

static enum hvm_io_result ask(struct vcpu *v, const struct ioreq *req, uint64_t *data)
{
    struct hvm_io *const io = &v->hvm->io;
    const uint8_t state = io->state;
    struct ioreq sent = *req;
    enum hvm_io_result result;

    io->state = HVM_IO_NONE;
    if ( state >= HVM_IO_READY && same_request(&io->req, req) ) {
        result = state == HVM_IO_READY ? IO_DONE : IO_UNHANDLED;
        sent.data = io->req.data;
    } else {
        io->req = *req;
        io->rip = v->regs.rip;
        result = ioreq_send(v, &sent);
    }
    if ( result == IO_DONE && data && (req->bits & IOREQ_BITS_READ) )
        *data = sent.data & value_mask(req->size);
    return result;
}

enum hvm_io_result hvm_port_access(struct vcpu *v, uint16_t port, unsigned int bytes, bool is_write, uint64_t *data)
{
    const struct ioreq req = {
        .addr = port, .data = is_write ? *data & value_mask(bytes) : 0, .count = 1, .size = bytes,
        .bits = is_write ? 0 : IOREQ_BITS_READ, .type = IOREQ_TYPE_PIO,
    };
    const struct port_device *const p = port_device(v->domain->hvm, port);

    if ( !p )
        return ask(v, &req, data);
    if ( !is_write )
        *data = 0;
    for ( unsigned int i = 0; i < bytes; i++ ) {
        const bool is_there = port + i <= p->last;

        if ( is_write && is_there )
            p->write(v->domain, port + i, *data >> (i * 8));
        else if ( !is_write )
            *data |= (uint64_t)(is_there ? p->read(v->domain, port + i) : 0xff) << (i * 8);
    }
    return IO_DONE;
}

enum hvm_io_result hvm_mmio_access(struct vcpu *v, uint64_t gpa, unsigned int bytes, bool is_write, uint64_t *data)
{
    const struct ioreq req = {
        .addr = gpa, .data = is_write ? *data & value_mask(bytes) : 0, .count = 1, .size = bytes,
        .bits = is_write ? 0 : IOREQ_BITS_READ, .type = IOREQ_TYPE_COPY,
    };

    if ( !mmio_device(v, gpa, bytes, is_write, data) )
        return ask(v, &req, data);
    if ( !is_write )
        *data &= value_mask(bytes);
    return IO_DONE;
}

enum hvm_io_result hvm_io_string(struct vcpu *v, const struct ioreq *req)
{
    const struct hvm_io *const io = &v->hvm->io;
    const bool is_own = req->type == IOREQ_TYPE_PIO ? !!port_device(v->domain->hvm, req->addr)
                                                    : is_own_memory(v, req->addr);

    /* An answer that is there already, to one of the single accesses, is left to that. */
    return is_own || (io->state >= HVM_IO_READY && io->req.count == 1) ? IO_UNHANDLED : ask(v, req, NULL);
}

void hvm_io_resume(struct vcpu *v)
{
    struct hvm_io *const io = &v->hvm->io;

    if ( io->state < HVM_IO_READY )
        return;
    if ( io->is_emulated )
        hvm_emulate_again(v);
    else if ( io->rip == v->regs.rip )
        hvm_exit_io(v, io->req.addr, io->req.size, !(io->req.bits & IOREQ_BITS_READ), false, io->insn_len);
    else
        io->state = HVM_IO_NONE;        /* it was made to be elsewhere meanwhile */
}
