/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All ways into the hypervisor, and the one way out.
 *
 * From a guest, the processor (through TSS.rsp0) and the stubs push straight into
 * the current vCPU's `regs`; then the stack becomes this CPU's own:
 *
 *      struct vcpu  +-----------------+
 *                   | exit_fault      |  <- frame of a fault on the last IRET
 *                   | r15 ... rdi     |  <- %rsp after SAVE_GPRS: &v->regs
 *                   | error | vector  |
 *                   | rip cs flags    |
 *                   | rsp ss          |
 *   regs_top ->     | hyp_stack       |
 *
 * From the hypervisor itself (idle's HLT, a guarded access, our own bug) the frame lies on the
 * stack in use.  NMI, #DB, #DF and #MC have stacks of their own (IST).
 */
#include "config.h"
#include "asm-offsets.h"
#include "cpu/regs.h"

/* What a guest's handler starts without (pv_trap.c). */
#define FLAGS_BOUNCE_CLEARS \
    (FLAGS_TF | FLAGS_DF | FLAGS_IOPL | FLAGS_NT | FLAGS_RF | FLAGS_VM | FLAGS_AC)

.macro SAVE_GPRS
    .irp reg, rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15
    push %\reg
    .endr
.endm

.macro RESTORE_GPRS
    .irp reg, r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi
    pop %\reg
    .endr
.endm

.macro RESTORE_AND_IRET
    RESTORE_GPRS
    add $8, %rsp                    /* error|vector */
    iretq
.endm

/* A fault at \from goes on at \to (cpu/extable.c). */
.macro ON_FAULT from:req to:req
    .pushsection .extable, "a"
    .balign 8
    .quad \from, \to
    .popsection
.endm

/* Becomes CLAC or STAC where SMAP is on (cpu/cpu.c patches the sites). */
.macro SMAP_SITE is_stac:req
900: .byte 0x0f, 0x1f, 0x00
    .pushsection .smap_sites, "a"
    .long 900b - ., \is_stac
    .popsection
.endm
#define SMAP_CLAC   SMAP_SITE 0
#define SMAP_STAC   SMAP_SITE 1

    .text

/* --- Exceptions and interrupts ------------------------------------------- */

    .align 16
trap_common:                        /* stack: error|vector, processor's frame */
    SAVE_GPRS
    cld
    SMAP_CLAC
    testb $3, FRAME_CS(%rsp)
    jz trap_from_hyp_entry
    lea -VCPU_REGS(%rsp), %rdi
    mov VCPU_HYP_STACK - VCPU_REGS(%rsp), %rsp
    xor %ebp, %ebp
    call trap_from_guest            /* (struct vcpu *) */

/* As exit_to_guest, which it skips where there is nothing to do.  in: RSP struct pcpu. */
exit_check:
    mov PCPU_CURR(%rsp), %rax
    mov PCPU_WORK(%rsp), %edx
    or VCPU_WORK(%rax), %edx
    jnz exit_to_guest
    mov VCPU_INFO(%rax), %rdx
    cmpb $0, INFO_PENDING(%rdx)
    je exit_restore

    .global exit_to_guest
exit_to_guest:
    call exit_work                  /* returns the vCPU to run, nothing left to do */
exit_restore:
    lea VCPU_REGS(%rax), %rsp
    cmpl $0x100, FRAME_VECTOR(%rsp)
    jne exit_other
    /* SYSRET faults in ring 0 on a non-canonical address: IRET then. */
    mov FRAME_RIP(%rsp), %rax
    sar $47, %rax
    inc %eax
    cmp $1, %eax
    ja exit_by_iret
    RESTORE_GPRS
    mov 8(%rsp), %rcx               /* rip */
    mov 24(%rsp), %r11              /* flags */
    mov 32(%rsp), %rsp
    sysretq

exit_other:
    ja exit_to_hvm
exit_by_iret:
    RESTORE_GPRS
    add $8, %rsp
    .global exit_iretq
exit_iretq:
    iretq

exit_to_hvm:
    mov %rax, %rdi
    mov VCPU_HYP_STACK(%rdi), %rsp
    call hvm_enter                  /* (struct vcpu *), does not return */

trap_from_hyp_entry:
    lea exit_iretq(%rip), %rax
    cmp %rax, FRAME_RIP(%rsp)
    je iret_fault
    lea exit_user_iretq(%rip), %rax
    cmp %rax, FRAME_RIP(%rsp)
    je user_iret_fault
    mov %rsp, %rdi
    call trap_from_hyp              /* (struct cpu_frame *) */
    RESTORE_AND_IRET

/*
 * The IRET to the guest faulted: its selectors or RIP are bad.  The registers in this frame are the
 * guest's; the frame's RSP points to v->regs.rip.  Put them back into v->regs and tell C.
 */
iret_fault:
    RESTORE_GPRS
    mov 8 + 24(%rsp), %rsp          /* &v->regs.rip */
    push $0
    SAVE_GPRS
    lea -VCPU_REGS(%rsp), %rdi
    mov VCPU_HYP_STACK - VCPU_REGS(%rsp), %rsp
    xor %ebp, %ebp
    call trap_iret_fault            /* (struct vcpu *) */
    jmp exit_to_guest

/* The same of syscall_iret's, whose five words are on this CPU's stack. */
user_iret_fault:
    mov %rsp, %rsi
    mov FRAME_RSP(%rsp), %rdx
    mov %rsp, %rax
    or $(PCPU_STRIDE - 1), %rax
    mov 1 - PCPU_SIZE + PCPU_REGS_TOP(%rax), %rdi
    sub $FRAME_SIZE, %rdi           /* &v->regs */
    lea -VCPU_REGS(%rdi), %rbx
    mov $(FRAME_SIZE / 8 - 5), %ecx
    rep movsq
    mov %rdx, %rsi
    mov $5, %ecx
    rep movsq
    mov %rbx, %rdi
    mov VCPU_HYP_STACK(%rdi), %rsp
    xor %ebp, %ebp
    call trap_iret_fault            /* (struct vcpu *) */
    jmp exit_to_guest

/* NMI and #MC: handled where they are, whoever was interrupted. */
    .align 16
trap_ist:
    SAVE_GPRS
    cld
    SMAP_CLAC
    mov %rsp, %rdi
    call trap_nmi_mce               /* (struct cpu_frame *) */
    RESTORE_AND_IRET

/*
 * #DB comes on its own stack because MOV SS can delay it to the first instruction of the
 * SYSCALL entry, on the guest's stack.  From a guest: as if it had come the ordinary way.
 */
    .align 16
trap_debug:
    SAVE_GPRS
    cld
    SMAP_CLAC
    testb $3, FRAME_CS(%rsp)
    jz 1f
    mov %rsp, %rsi
    mov %rsp, %rax
    or $(PCPU_STRIDE - 1), %rax
    mov 1 - PCPU_SIZE + PCPU_REGS_TOP(%rax), %rdi
    sub $FRAME_SIZE, %rdi           /* &v->regs */
    mov %rdi, %rdx
    mov $(FRAME_SIZE / 8), %ecx
    rep movsq
    lea -VCPU_REGS(%rdx), %rdi
    mov VCPU_HYP_STACK - VCPU_REGS(%rdx), %rsp
    xor %ebp, %ebp
    call trap_from_guest
    jmp exit_check
1:  mov %rsp, %rdi
    call trap_from_hyp
    RESTORE_AND_IRET

/* One stub of 16 bytes for each vector: error word if the processor pushes none, vector, away. */
    .align 16
    .global trap_stubs
trap_stubs:
    .set vector, 0
    .rept 256
    .align 16
    .if (vector != 8) && ((vector < 10) || (vector > 14)) && \
        (vector != 17) && (vector != 21) && (vector != 29) && (vector != 30)
    push $0
    .endif
    movl $vector, 4(%rsp)
    .if (vector == 2) || (vector == 8) || (vector == 18)
    jmp trap_ist
    .elseif (vector == 1)
    jmp trap_debug
    .else
    jmp trap_common
    .endif
    .set vector, vector + 1
    .endr

/* --- SYSCALL -------------------------------------------------------------- */

/*
 * LSTAR of CPU n points to stub n: it finds the CPU's block by its own address, because GS
 * is the guest's.  in: RCX return address, R11 flags, RSP the guest's.
 * out: RSP the end of v->regs, the guest's RSP in pcpu.scratch.
 */
.macro SYSCALL_STUBS entry:req
    .set block, pcpu_base_sym + PCPU_STRIDE - PCPU_SIZE
    .rept NR_CPUS
    .align 32
    mov %rsp, block + PCPU_SCRATCH(%rip)
    mov block + PCPU_REGS_TOP(%rip), %rsp
    jmp \entry
    .set block, block + PCPU_STRIDE
    .endr
.endm

    .align 64
    .global syscall_stubs
syscall_stubs:
    SYSCALL_STUBS syscall_entry

/* Fields of struct vcpu and its frame from the end of v->regs, where hyp_stack follows. */
#define V(field)    (VCPU_##field - VCPU_HYP_STACK)
#define R(field)    (FRAME_##field - FRAME_SIZE)

.macro GUARDED insn:vararg
910: \insn
    ON_FAULT 910b 920f
.endm

/* Load @cr3 as pv_load_cr3 does.  in: RSP struct pcpu less @off; clobbers the low half of @tmp. */
.macro LOAD_CR3 cr3:req tmp:req off=0
    mov tlb_epoch(%rip), \tmp
    mov \tmp, \off + PCPU_TLB_EPOCH(%rsp)
    mov \cr3, \off + PCPU_CR3(%rsp)
    mov \cr3, %cr3
.endm

    .section .rodata
    .balign 8
above_hyp:
    .quad HYP_VIRT_END                  /* addresses from here on are the guest's, and canonical */
    .text

/*
 * The shortest way for each of the three kinds of SYSCALL; whatever is unusual goes to
 * syscall_general, with registers as they were here.  Nothing is looked at in v->work and
 * pcpu.work where no C code ran: who sets bits there from elsewhere sends an interrupt too, which
 * comes as soon as the guest goes on.
 */
    .align 16
syscall_entry:
    cmpw $1, V(KERNEL_MODE)(%rsp)       /* and need_update_runstate behind it */
    jb syscall_user
    ja syscall_general
    cmp $HYPERCALL_IRET, %rax
    je syscall_iret

/* A hypercall.  On the way back callee-saved registers are in place; R11 and RCX are SYSRET's. */
    mov %rcx, R(RIP)(%rsp)
    movq $GUEST_CS64, R(CS)(%rsp)
    mov %r11, R(RFLAGS)(%rsp)
    movq $GUEST_DS, R(SS)(%rsp)
    movl $0x100, R(VECTOR)(%rsp)
#define SAVE(reg, name) mov %reg, R(name)(%rsp);
    SAVE(rdi, RDI) SAVE(rsi, RSI) SAVE(rdx, RDX) SAVE(rax, RAX) SAVE(r8, R8) SAVE(r9, R9)
    SAVE(r10, R10) SAVE(rbx, RBX) SAVE(rbp, RBP) SAVE(r12, R12) SAVE(r13, R13) SAVE(r14, R14)
    SAVE(r15, R15)
    mov (%rsp), %rcx                    /* struct pcpu, which this CPU's stack ends at */
    mov PCPU_SCRATCH(%rcx), %r11
    mov %r11, R(RSP)(%rsp)
    mov %rcx, %rsp
    xor %ebp, %ebp
    movl $0, PCPU_PREEMPT_ASKED(%rsp)
    cmp $HYPERCALL_MAX, %rax
    jae hypercall_rare
    lea hypercall_table(%rip), %r11
    mov (%r11, %rax, 8), %r11
    test %r11, %r11
    jz hypercall_rare
    mov %r10, %rcx
    call *%r11                          /* (rdi, rsi, rdx, rcx) */
    mov PCPU_CURR(%rsp), %rcx
    cmp $-ERESTART, %rax
    je hypercall_again
    mov %rax, VCPU_REGS + FRAME_RAX(%rcx)
    mov PCPU_WORK(%rsp), %edx
    or VCPU_WORK(%rcx), %edx
    jnz exit_to_guest
    mov VCPU_INFO(%rcx), %rdx
    cmpb $0, INFO_PENDING(%rdx)
    jne exit_to_guest
    cmpl $0x100, VCPU_REGS + FRAME_VECTOR(%rcx)
    jne exit_to_guest
    mov above_hyp(%rip), %rdx           /* SYSRET must not get another kind of address */
    cmp %rdx, VCPU_REGS + FRAME_RIP(%rcx)
    jb exit_to_guest
#define LOAD(reg, name) mov VCPU_REGS + FRAME_##name(%rcx), %reg;
    LOAD(rdi, RDI) LOAD(rsi, RSI) LOAD(rdx, RDX) LOAD(r8, R8) LOAD(r9, R9) LOAD(r10, R10)
    LOAD(rbp, RBP) LOAD(r11, RFLAGS) LOAD(rsp, RSP) LOAD(rcx, RIP)
    sysretq

hypercall_rare:
    mov PCPU_CURR(%rsp), %rdi
    call hypercall                      /* (struct vcpu *) */
    jmp exit_check
hypercall_again:
    mov %rcx, %rdi
    call hypercall_restart              /* (struct vcpu *) */
    jmp exit_to_guest

/*
 * A system call of guest user mode, to the guest kernel's callback: what pv_syscall does.
 * Upwards from the kernel's new stack pointer: rcx r11 rip cs|mask rflags rsp ss.
 * RDI: that stack pointer; RSI: end of v->regs; RDX: vcpu_info; RAX: scratch, event mask.
 */
syscall_user:
    mov %rdi, R(RDI)(%rsp)
    mov V(KERNEL_SP)(%rsp), %rdi
    and $-16, %rdi
    sub $7 * 8, %rdi
    cmp above_hyp(%rip), %rdi
    jb syscall_user_general
    cmpq $0, V(SYSCALL_EIP)(%rsp)
    je syscall_user_general
    mov %rsi, R(RSI)(%rsp)
    mov %rdx, R(RDX)(%rsp)
    mov %rax, R(RAX)(%rsp)
    mov %rsp, %rsi
    mov (%rsi), %rsp                    /* struct pcpu, and our stack should a store fault */
    mov V(KERNEL_CR3)(%rsi), %rax
    LOAD_CR3 %rax, %edx
    swapgs
    movb $1, V(KERNEL_MODE)(%rsi)
    mov V(INFO)(%rsi), %rdx
    movzbl INFO_MASK(%rdx), %eax
    SMAP_STAC                           /* SYSRET clears AC again */
    GUARDED mov %rcx, (%rdi)
    GUARDED mov %r11, 8(%rdi)
    GUARDED mov %rcx, 16(%rdi)
    GUARDED movl $GUEST_CS64, 24(%rdi)
    GUARDED mov %eax, 28(%rdi)
    GUARDED mov %r11, 32(%rdi)          /* user mode's flags: IF set, IOPL 0 */
    test %eax, %eax
    jz 1f
    GUARDED andl $~FLAGS_IF, 32(%rdi)
1:  mov PCPU_SCRATCH(%rsp), %rax
    GUARDED mov %rax, 40(%rdi)
    GUARDED movq $GUEST_DS, 48(%rdi)
    mov V(SYSCALL_MASKS)(%rsi), %al
    or %al, INFO_MASK(%rdx)
    and $~FLAGS_BOUNCE_CLEARS, %r11
    mov V(SYSCALL_EIP)(%rsi), %rcx
    mov R(RAX)(%rsi), %rax
    mov R(RDX)(%rsi), %rdx
    mov %rdi, PCPU_SCRATCH(%rsp)
    mov R(RDI)(%rsi), %rdi
    mov R(RSI)(%rsi), %rsi
    mov PCPU_SCRATCH(%rsp), %rsp
    sysretq

920:                                    /* its stack took no frame: undo, to say so */
    SMAP_CLAC
    movb $0, V(KERNEL_MODE)(%rsi)
    swapgs
    mov V(USER_CR3)(%rsi), %rax
    LOAD_CR3 %rax, %edx
    mov %rsi, %rsp
    mov R(RSI)(%rsp), %rsi
    mov R(RDX)(%rsp), %rdx
    mov R(RAX)(%rsp), %rax
syscall_user_general:
    mov R(RDI)(%rsp), %rdi
    jmp syscall_general

/*
 * The hypercall iret, back to user mode by IRET with events unmasked and none waiting: what
 * pv_iret does.  Upwards from the guest's RSP: rax r11 rcx flags rip cs rflags rsp ss.  They are
 * pushed from there onto our stack:
 *
 *      rax r11 rcx | rip cs rflags rsp ss | RIP of the SYSCALL
 *
 * RAX: end of v->regs; R11: the guest's RSP, then CR3; RCX: scratch.
 */
syscall_iret:
    mov %rsp, %rax
    mov (%rax), %rsp
    push %rcx
    mov 8 + PCPU_SCRATCH(%rsp), %r11
    cmp above_hyp(%rip), %r11
    jb syscall_iret_general
    SMAP_STAC
    GUARDED cmpq $0, 24(%r11)
    jne syscall_iret_general
    GUARDED pushq 64(%r11)
    orb $3, (%rsp)
    GUARDED pushq 56(%r11)
    GUARDED mov 48(%r11), %ecx
    test $FLAGS_IF, %ecx
    jz syscall_iret_general
    and $~(FLAGS_IOPL | FLAGS_VM | FLAGS_VIF | FLAGS_VIP), %ecx
    or $FLAGS_MBS, %ecx
    push %rcx
    GUARDED pushq 40(%r11)
    mov (%rsp), %ecx
    not %ecx
    test $3, %cl
    jnz syscall_iret_general
    GUARDED pushq 32(%r11)
    GUARDED pushq 16(%r11)
    GUARDED pushq 8(%r11)
    GUARDED pushq (%r11)
    testl $VCPUF_NMI_ANY, V(FLAGS)(%rax)
    jnz syscall_iret_general
    mov V(USER_CR3)(%rax), %r11
    test %r11, %r11
    jz syscall_iret_general
    mov V(INFO)(%rax), %rcx
    cmpb $0, INFO_PENDING(%rcx)
    jne syscall_iret_general
    movb $0, INFO_MASK(%rcx)
    movb $0, V(KERNEL_MODE)(%rax)
    swapgs
    LOAD_CR3 %r11, %ecx, 9*8
    pop %rax
    pop %r11
    pop %rcx
exit_user_iretq:
    iretq

920:
syscall_iret_general:
    SMAP_CLAC
    mov (%rax), %rsp
    mov -8(%rsp), %rcx
    mov %rax, %rsp
    mov $HYPERCALL_IRET, %eax
    mov $FLAGS_IF | FLAGS_MBS, %r11d    /* lost, and only for a crash's report */

    .align 16
syscall_general:
    mov %rcx, R(RIP)(%rsp)
    movq $GUEST_CS64, R(CS)(%rsp)
    mov %r11, R(RFLAGS)(%rsp)
    movq $GUEST_DS, R(SS)(%rsp)
    sub $5 * 8, %rsp
    push $0
    movl $0x100, 4(%rsp)
    SAVE_GPRS
    lea -VCPU_REGS(%rsp), %rdi
    mov VCPU_HYP_STACK(%rdi), %rsp
    mov PCPU_SCRATCH(%rsp), %rax
    mov %rax, VCPU_REGS + FRAME_RSP(%rdi)
    xor %ebp, %ebp
    lea exit_to_guest(%rip), %rax
    push %rax
    cmpb $0, VCPU_KERNEL_MODE(%rdi)
    jne hypercall                       /* (struct vcpu *) */
    jmp pv_syscall                      /* (struct vcpu *): to the guest kernel's callback */

/* 32-bit SYSCALL and SYSENTER: guest user code only. */
    .align 32
    .global syscall32_stubs
syscall32_stubs:
    SYSCALL_STUBS syscall32_entry

    .align 16
syscall32_entry:
    pushq $GUEST_DS
    sub $8, %rsp
    push %r11
    pushq $GUEST_CS32
    push %rcx
    push $0
    SAVE_GPRS
    cld
    lea -VCPU_REGS(%rsp), %rdi
    mov VCPU_HYP_STACK(%rdi), %rsp
    mov PCPU_SCRATCH(%rsp), %rax
    mov %rax, VCPU_REGS + FRAME_RSP(%rdi)
    xor %ebp, %ebp
    call pv_syscall32
    jmp exit_to_guest

/* --- Guarded accesses to guest memory --------------------------------------- */

.macro FUNCTION name:req
    .align 16
    .global \name
\name:
.endm

/*
 * bool guest_copy_raw(void *dst [rdi], const void *src [rsi], size_t len [rdx])
 * Either side may fault; false then.  clobbers: rax rcx rdx rsi rdi.
 */
    FUNCTION guest_copy_raw
    SMAP_STAC
    mov %rdx, %rcx
    shr $3, %rcx
    and $7, %edx
10: rep movsq
    mov %edx, %ecx
11: rep movsb
    mov $1, %eax
12: SMAP_CLAC
    ret
20: xor %eax, %eax
    jmp 12b
    ON_FAULT 10b 20b
    ON_FAULT 11b 20b

/* bool guest_zero_raw(void *dst [rdi], size_t len [rsi]) */
    FUNCTION guest_zero_raw
    SMAP_STAC
    xor %eax, %eax
    mov %rsi, %rcx
10: rep stosb
    mov $1, %eax
11: SMAP_CLAC
    ret
20: xor %eax, %eax
    jmp 11b
    ON_FAULT 10b 20b

/* --- Instructions that a guest's values can make fault ------------------------- */

/* True; or false if the instruction at the label 10 before this faulted. */
.macro RETURN_SAFELY
    mov $1, %eax
    ret
20: xor %eax, %eax
    ret
    ON_FAULT 10b 20b
.endm

/* bool load_seg_{ds,es,fs,gs}(uint16_t sel [edi]): false: refused, and the null selector is loaded. */
.macro LOAD_SEG name
    FUNCTION load_seg_\name
10: mov %edi, %\name
    mov $1, %eax
    ret
20: xor %eax, %eax
    mov %eax, %\name
    ret
    ON_FAULT 10b 20b
.endm
LOAD_SEG ds
LOAD_SEG es
LOAD_SEG fs
LOAD_SEG gs

/* bool rdmsr_safe(uint32_t msr [edi], uint64_t *value [rsi]) */
    FUNCTION rdmsr_safe
    mov %edi, %ecx
10: rdmsr
    mov %eax, (%rsi)
    mov %edx, 4(%rsi)
    RETURN_SAFELY

/* bool wrmsr_safe(uint32_t msr [edi], uint64_t value [rsi]) */
    FUNCTION wrmsr_safe
    mov %edi, %ecx
    mov %esi, %eax
    mov %rsi, %rdx
    shr $32, %rdx
10: wrmsr
    RETURN_SAFELY

/* bool xrstor_safe(const void *area [rdi], uint64_t mask [rsi]); bool fxrstor_safe(const void *area) */
    FUNCTION xrstor_safe
    mov %esi, %eax
    mov %rsi, %rdx
    shr $32, %rdx
10: xrstor64 (%rdi)
    RETURN_SAFELY
    FUNCTION fxrstor_safe
10: fxrstor64 (%rdi)
    RETURN_SAFELY

    .section .note.GNU-stack, "", @progbits
