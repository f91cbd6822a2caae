/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random instructions of the emulated subset, executed by this processor (a child process, single-stepped)
 * and by hvm/emul.c on a device whose registers are plain memory: both must leave the same
 * general registers, flags and memory.  In 64-bit and in 32-bit code.
 */
#include "cm.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#undef PAGE_SIZE
#undef PAGE_MASK

#include "base/bits.h"
#include "core/insn.h"
#include "cpu/regs.h"
#include "fake/hvm_machine.h"

#define CODE        0x20000000UL
#define DATA        (CODE + 0x1000)
#define DATA_SIZE   0x3000
#define CASES       40000
#define R           (m.v.regs)

#define AF          0x010
#define FLAGS_SEEN  (0x8d5 | FLAGS_DF)
#define USER_CS32   0x23
#define USER_CS64   0x33
#define USER_DS     0x2b

/* How an opcode goes on: any ModRM.reg, or one of the extensions whose bits are set; 0: no ModRM. */
static const struct {
    uint16_t opcode, extensions;
} subset[] = {
#define ANY 0x100
#define ALU_ROW(n) { n, ANY }, { n + 1, ANY }, { n + 2, ANY }, { n + 3, ANY }
    ALU_ROW(0x00), ALU_ROW(0x08), ALU_ROW(0x10), ALU_ROW(0x18),
    ALU_ROW(0x20), ALU_ROW(0x28), ALU_ROW(0x30), ALU_ROW(0x38),
    { 0x63, ANY }, { 0x80, 0xff }, { 0x81, 0xff }, { 0x83, 0xff }, { 0x84, ANY }, { 0x85, ANY }, { 0x86, ANY },
    { 0x87, ANY }, { 0x88, ANY }, { 0x89, ANY }, { 0x8a, ANY }, { 0x8b, ANY }, { 0x8f, 1 }, { 0xa0, 0 }, { 0xa1, 0 },
    { 0xa2, 0 }, { 0xa3, 0 }, { 0xa4, 0 }, { 0xa5, 0 }, { 0xa6, 0 }, { 0xa7, 0 }, { 0xaa, 0 }, { 0xab, 0 },
    { 0xac, 0 }, { 0xad, 0 }, { 0xae, 0 }, { 0xaf, 0 }, { 0xc6, 1 }, { 0xc7, 1 }, { 0xf6, 0x0d }, { 0xf7, 0x0d },
    { 0xfe, 3 }, { 0xff, 0x43 }, { 0x0fa3, ANY }, { 0x0fab, ANY }, { 0x0fb3, ANY }, { 0x0fbb, ANY }, { 0x0fba, 0xf0 },
    { 0x0fb0, ANY }, { 0x0fb1, ANY }, { 0x0fc0, ANY }, { 0x0fc1, ANY }, { 0x0fb6, ANY }, { 0x0fb7, ANY },
    { 0x0fbe, ANY }, { 0x0fbf, ANY }, { 0x0fc3, ANY },
};

static uint64_t seed = 0x1234567;
static pid_t child;
static uint8_t emulated[DATA_SIZE];     /* what the emulator sees at DATA */

struct test_case {
    uint8_t bytes[24];
    unsigned int mode;
    struct insn in;
    uint64_t fs_base, gs_base;
};

static uint64_t random_value(void)
{
    static const uint64_t edges[] = {
        0, 1, ~0ULL, 0x7f, 0x80, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0x7fffffffffffffff, 0x8000000000000000,
    };

    return next_random(&seed) % 3 ? next_random(&seed) : edges[next_random(&seed) % ARRAY_SIZE(edges)];
}

/* Somewhere around the end of the data's first page, so that nothing near it lies outside. */
static uint64_t random_target(void)
{
    return next_random(&seed) & 1 ? DATA + 0xff0 + next_random(&seed) % 32 : DATA + 0xc00 + next_random(&seed) % 0x800;
}

static void random_insn(struct test_case *t)
{
    const unsigned int which = next_random(&seed) % ARRAY_SIZE(subset);
    const uint16_t opcode = subset[which].opcode, ext = subset[which].extensions;
    const bool is_string = opcode >= 0xa4 && opcode <= 0xaf;
    uint8_t *p = t->bytes;

    if ( next_random(&seed) % 4 == 0 && opcode != 0x0fc3 )
        *p++ = 0x66;
    if ( next_random(&seed) % 8 == 0 )
        *p++ = 0x67;
    if ( is_string && (next_random(&seed) & 1) )
        *p++ = next_random(&seed) & 1 ? 0xf3 : 0xf2;
    if ( t->mode == 8 && next_random(&seed) % 8 == 0 )
        *p++ = 0x64 | (next_random(&seed) & 1);
    if ( t->mode == 8 && (next_random(&seed) & 1) )
        *p++ = 0x40 | (next_random(&seed) & 15);
    if ( opcode > 0xff )
        *p++ = 0x0f;
    *p++ = opcode;
    for ( uint8_t *q = p; q < t->bytes + sizeof(t->bytes); q++ )
        *q = random_value();
    if ( ext && ext != ANY ) {
        unsigned int reg;

        do
            reg = next_random(&seed) & 7;
        while ( !(ext >> reg & 1) );
        *p = (*p & 0xc7) | reg << 3;
    }
    if ( ext && *p >= 0xc0 )
        *p &= 0xbf;
}

/* Give registers and displacement values that make the operands lie in our memory.  False: cannot be. */
static bool place_operands(struct test_case *t)
{
    const uint64_t base = t->in.seg == SEG_FS ? t->fs_base : t->in.seg == SEG_GS ? t->gs_base : 0;
    const uint64_t want = random_target() - base;
    const bool is_stack = t->in.op == INSN_PUSH || t->in.op == INSN_POP;
    const bool by_reg = t->in.op >= INSN_BT && t->in.op <= INSN_BTC && !t->in.has_imm;
    const unsigned int imm_bytes = t->in.opcode == 0x83 || t->in.opcode == 0x0fba ? 1 : min(t->in.op_bytes, (uint8_t)4);
    unsigned int disp_bytes = 4;
    uint64_t disp;

    if ( t->in.addr_bytes == 2 )
        return false;
    if ( t->in.op >= INSN_STOS ) {
        R.rsi = want;
        R.rdi = next_random(&seed) & 1 ? random_target() : want + (next_random(&seed) & 15);
        if ( t->in.rep )
            R.rcx = next_random(&seed) % 6;
        return true;
    }
    if ( is_stack ) {
        R.rsp = random_target();
        if ( t->in.base == 4 )
            return base == 0 && t->in.index == INSN_NO_REG && t->in.disp < 256 && t->in.disp > -256;
    }
    if ( by_reg ) {
        if ( t->in.reg == t->in.base || t->in.reg == t->in.index )
            return false;
        *insn_reg(&R, t->in.reg) = (next_random(&seed) & 0xfff) - 0x800;
        if ( next_random(&seed) & 1 )       /* above the operand size it is not looked at */
            *insn_reg(&R, t->in.reg) ^= next_random(&seed) & ~insn_mask(t->in.op_bytes) & insn_mask(t->mode);
    }
    if ( t->in.base < 16 ) {
        if ( t->in.base == t->in.index )
            return false;
        *insn_reg(&R, t->in.base) += want - insn_address(&t->in, &R);
        *insn_reg(&R, t->in.base) &= insn_mask(t->mode);
        return true;
    }
    if ( t->in.index < 16 )
        *insn_reg(&R, t->in.index) &= 0xff;
    disp = t->in.disp + want - insn_address(&t->in, &R);
    if ( t->in.opcode >= 0xa0 && t->in.opcode <= 0xa3 )
        disp_bytes = t->in.addr_bytes;
    memcpy(t->bytes + t->in.len - disp_bytes - (t->in.has_imm ? imm_bytes : 0), &disp, disp_bytes);
    return insn_decode(t->bytes, 15, t->mode, &t->in);
}

static bool random_case(struct test_case *t)
{
    memset(t, 0, sizeof(*t));
    t->mode = next_random(&seed) % 4 ? 8 : 4;
    random_insn(t);
    if ( t->mode == 4 && t->bytes[0] == 0x63 )
        return false;
    if ( !insn_decode(t->bytes, 15, t->mode, &t->in) )
        return false;                       /* too long, ARPL; the fuzz target sees that nothing else is */
    machine_reset(t->mode);
    m.device = emulated;
    m.device_base = DATA;
    m.device_size = DATA_SIZE;
    m.waits = next_random(&seed) & 1;
    if ( next_random(&seed) & 1 )
        m.preempt_in = next_random(&seed) & 3;
    t->fs_base = 8 * (next_random(&seed) & 15);
    t->gs_base = 8 * (next_random(&seed) & 15);
    m.seg[SEG_FS].base = t->fs_base;
    m.seg[SEG_GS].base = t->gs_base;
    for ( unsigned int i = 0; i < 16; i++ )
        *insn_reg(&R, i) = random_value() & insn_mask(t->mode);
    R.rip = CODE + 16;
    R.rflags = FLAGS_MBS | FLAGS_IF | (next_random(&seed) & FLAGS_SEEN);
    if ( !place_operands(t) )
        return false;
    for ( unsigned int i = 0; i < DATA_SIZE; i += 8 ) {
        const uint64_t val = random_value();

        memcpy(emulated + i, &val, 8);
    }
    if ( next_random(&seed) & 1 )           /* equal operands, for CMPXCHG, CMPS and SCAS */
        for ( unsigned int i = 0; i < DATA_SIZE; i += 8 )
            memcpy(emulated + i, &R.rax, 8);
    memcpy((void *)DATA, emulated, DATA_SIZE);
    memcpy((void *)(CODE + 16), t->bytes, 15);
    return true;
}

#define EACH_REG(X) X(rax) X(rcx) X(rdx) X(rbx) X(rsp) X(rbp) X(rsi) X(rdi) X(r8) X(r9) X(r10) X(r11) X(r12) X(r13) \
                    X(r14) X(r15)

/* Let the processor do it; the child's registers in *@u.  False: it did not go beyond the instruction. */
static bool run_native(const struct test_case *t, struct user_regs_struct *u)
{
    assert_int_equal(ptrace(PTRACE_GETREGS, child, NULL, u), 0);
#define TO_USER(r) u->r = R.r;
    EACH_REG(TO_USER)
    u->rip = R.rip;
    u->eflags = R.rflags;
    u->orig_rax = -1;
    u->cs = t->mode == 8 ? USER_CS64 : USER_CS32;
    u->ss = u->ds = u->es = USER_DS;
    u->fs_base = t->fs_base;
    u->gs_base = t->gs_base;
    assert_int_equal(ptrace(PTRACE_SETREGS, child, NULL, u), 0);
    for ( unsigned int i = 0; i < 16 && u->rip == R.rip; i++ ) {
        int status;

        assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
        assert_int_equal(waitpid(child, &status, __WALL), child);
        if ( !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP )
            return false;
        assert_int_equal(ptrace(PTRACE_GETREGS, child, NULL, u), 0);
    }
    return u->rip != R.rip;
}

/* Flags that the manual leaves open. */
static uint64_t undefined_flags(const struct test_case *t)
{
    switch ( t->in.op ) {
    case INSN_AND: case INSN_OR: case INSN_XOR: case INSN_TEST: return AF;
    case INSN_BT ... INSN_BTC: return 0x894;
    default: return 0;
    }
}

static void compare(const struct test_case *t, const struct user_regs_struct *u, bool is_done)
{
    const uint64_t flags = FLAGS_SEEN & ~undefined_flags(t);
    const char *what = !is_done ? "the processor faults" :
                       m.is_crashed ? "not emulated" : m.vector >= 0 ? "emulation faults" : NULL;

#define SAME(r) if ( !what && ((u->r ^ R.r) & insn_mask(t->mode)) ) what = #r;
    EACH_REG(SAME)
    SAME(rip)
    if ( !what && ((u->eflags ^ R.rflags) & flags) )
        what = "flags";
    if ( !what && memcmp((void *)DATA, emulated, DATA_SIZE) )
        what = "memory";
    if ( !what )
        return;
    fprintf(stderr, "%s:", what);
    for ( unsigned int i = 0; i < t->in.len; i++ )
        fprintf(stderr, " %02x", t->bytes[i]);
    fprintf(stderr, " in %u-bit mode: flags %#llx, ours %#lx\n", t->mode * 8, u->eflags, (unsigned long)R.rflags);
    fail();
}

TEST(emulation_leaves_what_this_processor_leaves)
{
    unsigned int done[INSN_NR] = { 0 };

    if ( mmap((void *)CODE, 0x1000 + DATA_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
              MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != (void *)CODE )
        fail();
    child = fork();
    if ( child == 0 ) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        _exit(1);
    }
    assert_int_equal(waitpid(child, NULL, WUNTRACED), child);
    for ( unsigned int i = 0; i < CASES; ) {
        struct user_regs_struct u;
        struct test_case t;
        bool is_done;

        if ( !random_case(&t) )
            continue;
        is_done = run_native(&t, &u);
        machine_run(t.bytes, 15);
        compare(&t, &u, is_done);
        done[t.in.op]++;
        i++;
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    for ( unsigned int op = INSN_MOV; op < INSN_INS; op++ )
        assert_true(done[op] > 20);
}

TESTS(RUN(emulation_leaves_what_this_processor_leaves))
