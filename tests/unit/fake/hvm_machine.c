/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See hvm_machine.h. */
#include <string.h>

#include "core/p2m.h"
#include "core/preempt.h"
#include "cpu/regs.h"
#include "fake/hvm_machine.h"

struct machine m;
static uint8_t device_memory[0x2000];

static void get_segment(struct vcpu *v, enum hvm_seg seg, struct hvm_segment *s)
{
    *s = m.seg[seg];
}

static const struct hvm_backend backend = { .get_segment = get_segment };
const struct hvm_backend *hvm_backend = &backend;

void machine_reset(unsigned int mode)
{
    memset(&m, 0, sizeof(m));
    memset(device_memory, 0, sizeof(device_memory));
    m.device = device_memory;
    m.device_base = 0x100000;
    m.device_size = sizeof(device_memory);
    m.v.hvm = &m.h;
    m.v.domain = &m.d;
    m.v.regs.rip = 0x1000;
    m.v.regs.rflags = FLAGS_MBS;
    m.h.cr0 = CR0_PE;
    m.mode = mode;
    m.vector = -1;
    m.preempt_in = -1;
    m.bad_page = m.ro_page = ~0ULL;
    for ( unsigned int i = 0; i < SEG_NR; i++ )
        m.seg[i] = (struct hvm_segment){ .attr = 0x93 | (mode == 4 ? SEG_ATTR_DB : 0), .limit = ~0U };
    m.seg[SEG_CS].attr |= 8;
}

unsigned int machine_run(const uint8_t *insn, unsigned int len)
{
    const uint64_t rip = m.v.regs.rip;
    unsigned int answers = 0;

    memcpy(m.ram + 0x1000, insn, len);
    while ( m.v.regs.rip == rip && m.vector < 0 && !m.is_crashed ) {
        if ( m.h.io.is_emulated ) {
            answers++;
            memset(m.ram + 0x1000, 0xcc, 15);       /* the guest changes it: too late */
            hvm_emulate_again(&m.v);
        } else {
            memcpy(m.ram + 0x1000, insn, len);
            hvm_emulate_mmio(&m.v, m.fault ? m.fault : m.device_base, m.is_write_fault);
        }
    }
    return answers;
}

unsigned int hvm_cpl(struct vcpu *v) { return m.cpl; }
unsigned int hvm_code_bytes(struct vcpu *v) { return m.mode; }
void hvm_advance(struct vcpu *v, unsigned int len) { v->regs.rip += len; }

void hvm_inject(struct vcpu *v, uint8_t vector, int32_t error)
{
    m.vector = vector;
    m.error = error;
}

void hvm_inject_pf(struct vcpu *v, uint64_t cr2, uint32_t error)
{
    hvm_inject(v, VEC_PF, error);
    m.cr2 = cr2;
}

bool hvm_fetch_insn(struct vcpu *v, uint8_t *bytes, unsigned int max)
{
    memcpy(bytes, m.ram + 0x1000, max);
    return true;
}

bool hvm_walk(struct vcpu *v, uint64_t va, unsigned int flags, uint64_t *gpa, uint32_t *pf_error)
{
    *pf_error = flags & (WALK_USER | WALK_WRITE);
    *gpa = va;
    return va >> 12 != m.bad_page && (!(flags & WALK_WRITE) || va >> 12 != m.ro_page);
}

bool hvm_read_phys(struct domain *d, uint64_t gpa, void *dst, size_t len)
{
    if ( gpa >= RAM_SIZE || len > RAM_SIZE - gpa )
        return false;
    memcpy(dst, m.ram + gpa, len);
    return true;
}

bool hvm_write_phys(struct domain *d, uint64_t gpa, const void *src, size_t len)
{
    if ( gpa >= RAM_SIZE || len > RAM_SIZE - gpa )
        return false;
    memcpy(m.ram + gpa, src, len);
    return true;
}

static enum hvm_io_result device_access(struct machine_access a, uint64_t *data)
{
    const bool is_device = a.is_port ||
        (a.addr >= m.device_base && a.addr - m.device_base + a.bytes <= m.device_size);

    if ( !is_device )
        return IO_UNHANDLED;
    if ( m.waits && !m.is_asked ) {
        m.is_asked = true;
        m.asked = a;
        return IO_WAIT;
    }
    /* With an answer there, the same access must be made. */
    if ( m.is_asked && (m.asked.addr != a.addr || m.asked.bytes != a.bytes || m.asked.is_write != a.is_write ||
                        m.asked.is_port != a.is_port || (a.is_write && m.asked.data != a.data)) )
        __builtin_trap();
    m.is_asked = false;
    if ( a.is_port && !a.is_write )
        *data = m.port_value++;
    else if ( !a.is_port && a.is_write )
        memcpy(m.device + (a.addr - m.device_base), data, a.bytes);
    else if ( !a.is_port )
        memcpy(data, m.device + (a.addr - m.device_base), a.bytes);
    a.data = *data;
    m.log[m.nr_log++ % 64] = a;
    return IO_DONE;
}

enum hvm_io_result hvm_port_access(struct vcpu *v, uint16_t port, unsigned int bytes, bool is_write, uint64_t *data)
{
    return device_access((struct machine_access){ port, is_write ? *data : 0, bytes, true, is_write }, data);
}

enum hvm_io_result hvm_mmio_access(struct vcpu *v, uint64_t gpa, unsigned int bytes, bool is_write, uint64_t *data)
{
    return device_access((struct machine_access){ gpa, is_write ? *data : 0, bytes, false, is_write }, data);
}

mfn_t p2m_lookup(const struct domain *d, uint64_t gfn, enum p2m_type *type)
{
    *type = gfn < RAM_SIZE >> 12 ? P2M_RAM : P2M_NONE;
    return MFN(gfn);
}

/* A device model that knows them reads and writes the guest's memory itself. */
enum hvm_io_result hvm_io_string(struct vcpu *v, const struct ioreq *req)
{
    const bool is_port = req->type == IOREQ_TYPE_PIO, is_read = req->bits & IOREQ_BITS_READ;
    struct machine_access a = { req->addr, req->count, req->size, is_port, !is_read };
    uint64_t unused = req->count;

    if ( !m.has_strings )
        return IO_UNHANDLED;
    if ( m.waits && !m.is_asked )
        return device_access(a, &unused);
    for ( uint32_t i = 0; i < req->count; i++ ) {
        const uint64_t at = i * req->size * (req->bits & IOREQ_BITS_DF ? -1ULL : 1);
        void *const port = &m.port_value, *const device = is_port ? port : m.device + (req->addr + at - m.device_base);
        const void *const value = req->bits & IOREQ_BITS_DATA_IS_PTR ? m.ram + req->data + at : (void *)&req->data;

        if ( is_read )
            memcpy(m.ram + req->data + at, device, req->size);
        else
            memcpy(device, value, req->size);
        m.port_value += is_read && is_port;
    }
    a.is_write = true;              /* only counted */
    m.is_asked = false;
    m.log[m.nr_log++ % 64] = a;
    return IO_DONE;
}

bool vlapic_mmio_at(const struct vcpu *v, uint64_t gpa) { return m.lapic && gpa >> 12 == m.lapic >> 12; }
uint32_t vlapic_read(struct vcpu *v, uint32_t offset) { return m.lapic_reg + offset; }
void vlapic_write(struct vcpu *v, uint32_t offset, uint32_t value) { m.lapic_reg = value - offset; }

void domain_crash(struct domain *d, const char *fmt, ...) { m.is_crashed = true; }

void preempt_reset(void) { }

bool preempt_needed(void)
{
    return m.preempt_in >= 0 && m.preempt_in-- == 0;
}
