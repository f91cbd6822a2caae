/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulation of what hardware leaves to us: instructions with an operand in memory that is no RAM,
 * and INS and OUTS.  core/insn.c decodes, core/insn_exec.c computes; here are the operands.
 *
 * An instruction is done in steps, one for each repetition.  A step locates and checks all its operands, then
 * reads, computes on a copy of the registers, writes, and takes the copy over: a
 * fault leaves nothing half-done.  When the device model must be asked, nothing is taken over; with its answer
 * hvm_emulate_again does the step from its start.  What the step has read or written by then is not
 * accessed a second time: struct hvm_io remembers it byte by byte.
 */
#include "base/string.h"
#include "core/insn.h"
#include "core/p2m.h"
#include "core/preempt.h"
#include "cpu/regs.h"
#include "hvm/hvm_vcpu.h"

#define FLAG_ZF     0x40

enum place { NOWHERE, RM, SI, DI, STACK, PORT };

/* Where each instruction reads (CMPS twice) and writes, register operands aside. */
static const struct {
    uint8_t rd, rd2, wr;        /* enum place */
} places[INSN_NR] = {
    [INSN_MOV] = { NOWHERE, NOWHERE, RM },      /* to memory; else see step() */
    [INSN_MOVSX] = { RM }, [INSN_TEST] = { RM }, [INSN_CMP] = { RM }, [INSN_BT] = { RM },
    [INSN_NOT ... INSN_XOR] = { RM, NOWHERE, RM },
    [INSN_DEC ... INSN_XADD] = { RM, NOWHERE, RM },
    [INSN_BTS ... INSN_BTC] = { RM, NOWHERE, RM },
    [INSN_PUSH] = { RM, NOWHERE, STACK }, [INSN_POP] = { STACK, NOWHERE, RM },
    [INSN_STOS] = { NOWHERE, NOWHERE, DI }, [INSN_LODS] = { SI }, [INSN_SCAS] = { DI },
    [INSN_MOVS] = { SI, NOWHERE, DI }, [INSN_CMPS] = { SI, DI },
    [INSN_INS] = { PORT, NOWHERE, DI }, [INSN_OUTS] = { SI, NOWHERE, PORT },
};

struct operand {
    uint64_t gpa[2];            /* a port's number; the second: behind the end of a page */
    uint8_t bytes, first;       /* of them at gpa[0] */
    bool is_port;
};

struct emul {
    struct vcpu *v;
    struct cpu_frame regs;      /* as the instruction makes them */
    struct insn in;
    unsigned int mode;          /* hvm_code_bytes */
    unsigned int walk;          /* WALK_USER or 0 */
    uint8_t nr_read, nr_written;    /* bytes of this step so far */
};

enum result { DONE, WAITS, FAULTED, SINGLE };

/* --- Operands ------------------------------------------------------------------------------------- */

/* Segment limits and rights outside 64-bit mode (SDM vol 3A 5.3 to 5.5). */
static bool segment_allows(const struct emul *e, const struct hvm_segment *s, uint64_t off, bool is_write)
{
    const unsigned int bytes = e->in.mem_bytes;
    const bool is_code = s->attr & 8, is_rw = s->attr & 2;  /* code: readable, data: writable */

    if ( !(s->attr & SEG_ATTR_P) )
        return false;
    if ( (e->v->hvm->cr0 & CR0_PE) && !(e->regs.rflags & FLAGS_VM) &&
         (is_write ? is_code || !is_rw : is_code && !is_rw) )
        return false;
    if ( !is_code && (s->attr & 4) )                        /* expands down */
        return off > s->limit && off + bytes - 1 <= (s->attr & SEG_ATTR_DB ? 0xffffffffU : 0xffffU);
    return off + bytes - 1 <= s->limit;
}

/* Linear address in *@va; false: #GP or #SS was injected. */
static bool linear(const struct emul *e, enum hvm_seg seg, uint64_t off, bool is_write, uint64_t *va)
{
    struct hvm_segment s;
    bool ok;

    hvm_backend->get_segment(e->v, seg, &s);
    if ( e->mode == 8 ) {
        *va = off + (seg >= SEG_FS ? s.base : 0);
        ok = is_canonical(*va) && is_canonical(*va + e->in.mem_bytes - 1);
    } else {
        *va = (uint32_t)(off + s.base);
        ok = segment_allows(e, &s, off, is_write);
    }
    if ( !ok )
        hvm_inject(e->v, seg == SEG_SS ? VEC_SS : VEC_GP, 0);
    return ok;
}

static bool translate(const struct emul *e, uint64_t va, bool is_write, uint64_t *gpa)
{
    uint32_t error;

    if ( hvm_walk(e->v, va, e->walk | (is_write ? WALK_WRITE : 0), gpa, &error) )
        return true;
    hvm_inject_pf(e->v, va, error);
    return false;
}

/* Offset of what PUSH writes or POP reads; RSP moves. */
static uint64_t stack_offset(struct emul *e)
{
    const unsigned int bytes = e->in.op_bytes;
    struct hvm_segment ss;
    unsigned int width;
    uint64_t sp;

    hvm_backend->get_segment(e->v, SEG_SS, &ss);
    width = e->mode == 8 ? 8 : ss.attr & SEG_ATTR_DB ? 4 : 2;
    sp = insn_read_reg(&e->regs, 4, width, true);
    insn_write_reg(&e->regs, 4, width, true, e->in.op == INSN_PUSH ? sp - bytes : sp + bytes);
    return e->in.op == INSN_PUSH ? (sp - bytes) & insn_mask(width) : sp;
}

/* BT and its like with the bit in a register reach as far as that says. */
static int64_t bit_offset(struct emul *e)
{
    const unsigned int bytes = e->in.op_bytes, unused = 64 - 8 * bytes;

    if ( e->in.op < INSN_BT || e->in.op > INSN_BTC || e->in.has_imm )
        return 0;
    return (int64_t)(*insn_reg(&e->regs, e->in.reg) << unused) >> unused >> 3 & -(int64_t)bytes;
}

/* False: an exception was injected. */
static bool locate(struct emul *e, enum place place, bool is_write, struct operand *o)
{
    const uint64_t mask = insn_mask(e->in.addr_bytes);
    struct cpu_frame *r = &e->regs;
    enum hvm_seg seg = e->in.seg;
    uint64_t off, va;

    memset(o, 0, sizeof(*o));
    o->bytes = o->first = e->in.mem_bytes;
    switch ( place ) {
    case NOWHERE:
        return true;
    case PORT:
        o->is_port = true;
        o->gpa[0] = (uint16_t)r->rdx;
        return true;
    case SI:
        off = r->rsi & mask;
        break;
    case DI:
        off = r->rdi & mask;
        seg = SEG_ES;
        break;
    case STACK:
        off = stack_offset(e);
        seg = SEG_SS;
        break;
    default:
        off = (insn_address(&e->in, r) + bit_offset(e)) & mask;
        break;
    }
    if ( !linear(e, seg, off, is_write, &va) || !translate(e, va, is_write, &o->gpa[0]) )
        return false;
    if ( o->bytes <= PAGE_SIZE - (va & ~PAGE_MASK) )
        return true;
    o->first = PAGE_SIZE - (va & ~PAGE_MASK);
    va = (va & PAGE_MASK) + PAGE_SIZE;
    return translate(e, e->mode == 8 ? va : (uint32_t)va, is_write, &o->gpa[1]);
}

/* --- Accesses ------------------------------------------------------------------------------------- */

/* One access of 1, 2, 4 or 8 bytes that lie in one page.  False: the device model was asked. */
static bool access_part(struct emul *e, const struct operand *o, uint64_t gpa, unsigned int bytes, bool is_write,
                        uint8_t *val)
{
    struct hvm_io *io = &e->v->hvm->io;
    uint8_t *done = is_write ? &io->nr_written : &io->nr_read;
    uint8_t *at = is_write ? &e->nr_written : &e->nr_read;
    uint64_t data = 0;
    enum hvm_io_result rc;

    if ( *at < *done ) {                    /* before the device model was asked for something else */
        if ( !is_write )
            memcpy(val, io->read + *at, bytes);
        *at += bytes;
        return true;
    }
    if ( o->is_port || !(is_write ? hvm_write_phys(e->v->domain, gpa, val, bytes) :
                                    hvm_read_phys(e->v->domain, gpa, val, bytes)) ) {
        if ( is_write )
            memcpy(&data, val, bytes);
        rc = o->is_port ? hvm_port_access(e->v, gpa, bytes, is_write, &data) :
                          hvm_mmio_access(e->v, gpa, bytes, is_write, &data);
        if ( rc == IO_WAIT )
            return false;
        if ( rc == IO_UNHANDLED )
            data = ~0ULL;
        if ( !is_write )
            memcpy(val, &data, bytes);
    }
    if ( !is_write )
        memcpy(io->read + *at, val, bytes);
    *at += bytes;
    *done = *at;
    return true;
}

static bool access_operand(struct emul *e, const struct operand *o, bool is_write, uint64_t *val)
{
    unsigned int n;

    for ( unsigned int at = 0; at < o->bytes; at += n ) {
        const bool is_second = at >= o->first;

        n = BIT(highest_bit((is_second ? o->bytes : o->first) - at));
        if ( !access_part(e, o, is_second ? o->gpa[1] + at - o->first : o->gpa[0] + at, n, is_write,
                          (uint8_t *)val + at) )
            return false;
    }
    return true;
}

/* --- Instructions --------------------------------------------------------------------------------- */

static enum result step(struct emul *e)
{
    const struct insn *in = &e->in;
    const enum place rd = in->op == INSN_MOV && in->to_reg ? RM : places[in->op].rd, rd2 = places[in->op].rd2;
    const enum place wr = in->to_reg ? NOWHERE : places[in->op].wr;
    struct operand src, src2, dst;
    uint64_t val = 0, val2 = 0;

    e->nr_read = e->nr_written = 0;
    if ( !locate(e, rd, rd && rd == wr, &src) || !locate(e, rd2, false, &src2) )
        return FAULTED;
    if ( rd == wr )
        dst = src;
    else if ( !locate(e, wr, true, &dst) )
        return FAULTED;

    if ( (rd && !access_operand(e, &src, false, &val)) || (rd2 && !access_operand(e, &src2, false, &val2)) )
        return WAITS;
    if ( rd2 )
        insn_alu(INSN_CMP, val, val2, in->op_bytes, &e->regs.rflags);
    else
        insn_execute(in, &e->regs, &val);
    return wr && !access_operand(e, &dst, true, &val) ? WAITS : DONE;
}

static bool uses(const struct insn *in, enum place place)
{
    return places[in->op].rd == place || places[in->op].rd2 == place || places[in->op].wr == place;
}

/* Locates @place, and cuts *@max down to what stays in its page and its segment.  False: an exception was injected. */
static bool reach(struct emul *e, enum place place, struct operand *o, uint64_t *max)
{
    const bool is_write = place == DI, df = e->regs.rflags & FLAGS_DF;
    const unsigned int bytes = e->in.op_bytes, addr_bytes = e->in.addr_bytes;
    const uint64_t off = insn_read_reg(&e->regs, is_write ? 7 : 6, addr_bytes, true);
    struct hvm_segment s;
    uint64_t last;

    if ( !locate(e, place, is_write, o) )
        return false;
    last = o->gpa[0] & ~PAGE_MASK;
    *max = min(*max, o->first != bytes ? 1 : df ? last / bytes + 1 : (PAGE_SIZE - last) / bytes);
    last = off + (df ? -(uint64_t)bytes : bytes) * (*max - 1);
    hvm_backend->get_segment(e->v, is_write ? SEG_ES : e->in.seg, &s);
    if ( (last & insn_mask(addr_bytes)) != last || (e->mode != 8 && !segment_allows(e, &s, last, is_write)) )
        *max = 1;
    return true;
}

static bool is_type(const struct emul *e, const struct operand *o, enum p2m_type wanted)
{
    enum p2m_type type;

    (void)p2m_lookup(e->v->domain, o->gpa[0] >> PAGE_SHIFT, &type);
    return type == wanted;
}

/*
 * REP INS, OUTS, MOVS and STOS: as many repetitions as one request tells, between a page of RAM (or a value) and a port
 * or a page of the device model's.  Done, *@n of them; SINGLE: one must be done alone, for it is no such thing.
 */
static enum result batch(struct emul *e, uint64_t *n)
{
    const struct insn *in = &e->in;
    const bool is_port = uses(in, PORT), is_stos = in->op == INSN_STOS;
    uint64_t max = insn_read_reg(&e->regs, 1, in->addr_bytes, true);
    struct operand si = { 0 }, di = { 0 };
    struct ioreq req = { .addr = (uint16_t)e->regs.rdx, .size = in->op_bytes, .type = IOREQ_TYPE_PIO };
    enum hvm_io_result rc;
    bool is_read;

    if ( (uses(in, SI) && !reach(e, SI, &si, &max)) || (uses(in, DI) && !reach(e, DI, &di, &max)) )
        return FAULTED;
    is_read = in->op == INSN_INS || (in->op == INSN_MOVS && is_type(e, &si, P2M_NONE));
    if ( !is_port ) {
        req.type = IOREQ_TYPE_COPY;
        req.addr = is_read ? si.gpa[0] : di.gpa[0];
    }
    if ( max < 2 || (!is_stos && !is_type(e, is_read ? &di : &si, P2M_RAM)) ||
         (!is_port && ((e->regs.rflags & FLAGS_DF) || !is_type(e, is_read ? &si : &di, P2M_NONE))) )
        return SINGLE;
    req.data = is_stos ? e->regs.rax & insn_mask(in->op_bytes) : is_read ? di.gpa[0] : si.gpa[0];
    req.count = max;
    req.bits = (is_stos ? 0 : IOREQ_BITS_DATA_IS_PTR) | (is_read ? IOREQ_BITS_READ : 0) |
               (e->regs.rflags & FLAGS_DF ? IOREQ_BITS_DF : 0);
    rc = hvm_io_string(e->v, &req);
    *n = max;
    return rc == IO_DONE ? DONE : rc == IO_WAIT ? WAITS : SINGLE;
}

/* After @n repetitions of a string instruction.  True: it repeats. */
static bool next_step(struct emul *e, uint64_t n)
{
    const struct insn *in = &e->in;
    struct cpu_frame *r = &e->regs;
    const uint64_t by = n * (r->rflags & FLAGS_DF ? -(uint64_t)in->op_bytes : in->op_bytes);

    if ( uses(in, SI) )
        insn_write_reg(r, 6, in->addr_bytes, true, r->rsi + by);
    if ( uses(in, DI) )
        insn_write_reg(r, 7, in->addr_bytes, true, r->rdi + by);
    if ( !in->rep )
        return false;
    insn_write_reg(r, 1, in->addr_bytes, true, r->rcx - n);
    if ( (in->op == INSN_CMPS || in->op == INSN_SCAS) && !(r->rflags & FLAG_ZF) == (in->rep == 0xf3) )
        return false;
    return true;
}

static void run(struct emul *e)
{
    const bool is_string = e->in.op >= INSN_STOS;
    struct vcpu *v = e->v;
    struct hvm_io *io = &v->hvm->io;
    enum result rc;
    uint64_t n;
    bool more;

    preempt_reset();
    e->regs = v->regs;
    do {
        if ( is_string && e->in.rep && !insn_read_reg(&e->regs, 1, e->in.addr_bytes, true) )
            break;
        rc = is_string && e->in.rep && places[e->in.op].wr && !io->nr_read ? batch(e, &n) : SINGLE;
        if ( rc == SINGLE ) {
            n = 1;
            rc = step(e);
        }
        if ( rc == WAITS ) {
            io->is_emulated = true;
            return;
        }
        io->nr_read = io->nr_written = 0;
        if ( rc == FAULTED ) {
            io->state = HVM_IO_NONE;        /* an answer that nobody takes any more */
            return;
        }
        more = is_string && next_step(e, n);
        v->regs = e->regs;
        if ( more && preempt_needed() )
            return;                         /* the guest comes back for the rest */
    } while ( more );
    hvm_advance(v, e->in.len);
}

/* Take what io.insn holds for the instruction at RIP.  False: it is not emulated. */
static bool prepare(struct vcpu *v, struct emul *e)
{
    e->v = v;
    e->mode = hvm_code_bytes(v);
    e->walk = hvm_cpl(v) == 3 ? WALK_USER : 0;
    return insn_decode(v->hvm->io.insn, INSN_MAX, e->mode, &e->in) && !e->in.is_reg &&
           (places[e->in.op].rd || places[e->in.op].wr);
}

static bool fetch(struct vcpu *v)
{
    struct hvm_io *io = &v->hvm->io;

    io->nr_read = io->nr_written = 0;
    return hvm_fetch_insn(v, io->insn, INSN_MAX);
}

/* The commonest case: a plain MOV to or from a local APIC's register.  The fault has said which: nothing to locate. */
static bool lapic_mov(const struct emul *e, uint64_t gpa, bool is_write)
{
    const struct insn *in = &e->in;
    uint64_t val = 0;

    if ( in->op != INSN_MOV || in->op_bytes != 4 || in->mem_bytes != 4 || in->to_reg == is_write || (gpa & 3) ||
         !vlapic_mmio_at(e->v, gpa) )
        return false;
    if ( !is_write )
        val = vlapic_read(e->v, gpa & ~PAGE_MASK);
    if ( insn_execute(in, &e->v->regs, &val) )
        vlapic_write(e->v, gpa & ~PAGE_MASK, val);
    hvm_advance(e->v, in->len);
    return true;
}

void hvm_emulate_mmio(struct vcpu *v, uint64_t gpa, bool is_write)
{
    const uint8_t *b = v->hvm->io.insn;
    struct emul e;

    if ( !fetch(v) )
        return;
    if ( prepare(v, &e) && !uses(&e.in, PORT) ) {
        if ( !lapic_mov(&e, gpa, is_write) )
            run(&e);
    } else if ( e.walk ) {                  /* a process must not take the guest down */
        hvm_inject(v, VEC_UD, -1);
    } else {
        domain_crash(v->domain, "%pv: instruction %02x %02x %02x %02x %02x %02x %02x %02x %02x %02x at RIP %#lx on "
                     "memory that is no RAM (%#lx) is not emulated", v, b[0], b[1], b[2], b[3], b[4], b[5], b[6],
                     b[7], b[8], b[9], v->regs.rip, gpa);
    }
}

void hvm_emulate_string_io(struct vcpu *v, uint16_t port, unsigned int bytes, bool is_write)
{
    struct emul e;

    /* The processor allowed this access alone: if something else stands there by now, let it run again. */
    if ( fetch(v) && prepare(v, &e) && e.in.op == (is_write ? INSN_OUTS : INSN_INS) && e.in.op_bytes == bytes &&
         (uint16_t)v->regs.rdx == port )
        run(&e);
}

void hvm_emulate_again(struct vcpu *v)
{
    struct emul e;

    v->hvm->io.is_emulated = false;
    if ( prepare(v, &e) )
        run(&e);
}
