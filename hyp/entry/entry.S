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

.macro SAVE_GPRS
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
.endm

.macro RESTORE_GPRS
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
.endm

/* Becomes CLAC where SMAP is on (cpu/cpu.c patches the sites). */
.macro SMAP_CLAC
900: .byte 0x0f, 0x1f, 0x00
    .pushsection .smap_sites, "a"
    .long 900b - ., 0
    .popsection
.endm

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

    .global exit_to_guest
exit_to_guest:
    call exit_work                  /* returns the vCPU to run, nothing left to do */
    lea VCPU_REGS(%rax), %rsp
    cmpl $0x100, FRAME_VECTOR(%rsp)
    jne exit_by_iret
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

exit_by_iret:
    RESTORE_GPRS
    add $8, %rsp
    .global exit_iretq
exit_iretq:
    iretq

trap_from_hyp_entry:
    lea exit_iretq(%rip), %rax
    cmp %rax, FRAME_RIP(%rsp)
    je iret_fault
    mov %rsp, %rdi
    call trap_from_hyp              /* (struct cpu_frame *) */
    RESTORE_GPRS
    add $8, %rsp
    iretq

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

/* NMI and #MC: handled where they are, whoever was interrupted. */
    .align 16
trap_ist:
    SAVE_GPRS
    cld
    SMAP_CLAC
    mov %rsp, %rdi
    call trap_nmi_mce               /* (struct cpu_frame *) */
    RESTORE_GPRS
    add $8, %rsp
    iretq

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
    jmp exit_to_guest
1:  mov %rsp, %rdi
    call trap_from_hyp
    RESTORE_GPRS
    add $8, %rsp
    iretq

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
 */
    .align 64
    .global syscall_stubs
syscall_stubs:
    .set cpu, 0
    .rept NR_CPUS
    .align 32
    mov %rsp, pcpu_base_sym + (cpu + 1) * PCPU_STRIDE - PCPU_SIZE + PCPU_SCRATCH(%rip)
    mov pcpu_base_sym + (cpu + 1) * PCPU_STRIDE - PCPU_SIZE + PCPU_REGS_TOP(%rip), %rsp
    pushq $GUEST_DS
    pushq pcpu_base_sym + (cpu + 1) * PCPU_STRIDE - PCPU_SIZE + PCPU_SCRATCH(%rip)
    jmp syscall_entry
    .set cpu, cpu + 1
    .endr

    .align 16
syscall_entry:
    push %r11
    pushq $GUEST_CS64
    push %rcx
    push $0
    movl $0x100, 4(%rsp)
    SAVE_GPRS
    cld
    lea -VCPU_REGS(%rsp), %rdi
    cmpb $0, VCPU_KERNEL_MODE(%rdi)
    mov VCPU_HYP_STACK(%rdi), %rsp
    mov $0, %ebp
    je 1f
    call hypercall                  /* (struct vcpu *) */
    jmp exit_to_guest
1:  call pv_syscall                 /* (struct vcpu *): to the guest kernel's callback */
    jmp exit_to_guest

/* 32-bit SYSCALL and SYSENTER: guest user code only. */
    .align 32
    .global syscall32_stubs
syscall32_stubs:
    .set cpu, 0
    .rept NR_CPUS
    .align 32
    mov %rsp, pcpu_base_sym + (cpu + 1) * PCPU_STRIDE - PCPU_SIZE + PCPU_SCRATCH(%rip)
    mov pcpu_base_sym + (cpu + 1) * PCPU_STRIDE - PCPU_SIZE + PCPU_REGS_TOP(%rip), %rsp
    pushq $GUEST_DS
    pushq pcpu_base_sym + (cpu + 1) * PCPU_STRIDE - PCPU_SIZE + PCPU_SCRATCH(%rip)
    jmp syscall32_entry
    .set cpu, cpu + 1
    .endr

    .align 16
syscall32_entry:
    push %r11
    pushq $GUEST_CS32
    push %rcx
    push $0
    SAVE_GPRS
    cld
    lea -VCPU_REGS(%rsp), %rdi
    mov VCPU_HYP_STACK(%rdi), %rsp
    xor %ebp, %ebp
    call pv_syscall32
    jmp exit_to_guest

/* --- Guarded accesses to guest memory --------------------------------------- */

/*
 * bool guest_copy_raw(void *dst [rdi], const void *src [rsi], size_t len [rdx])
 * Either side may fault; false then.  clobbers: rax rcx rdx rsi rdi.
 */
    .align 16
    .global guest_copy_raw
guest_copy_raw:
900: .byte 0x0f, 0x1f, 0x00         /* STAC */
    .pushsection .smap_sites, "a"
    .long 900b - ., 1
    .popsection
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
    .pushsection .extable, "a"
    .balign 8
    .quad 10b, 20b, 11b, 20b
    .popsection

/* bool guest_zero_raw(void *dst [rdi], size_t len [rsi]) */
    .align 16
    .global guest_zero_raw
guest_zero_raw:
900: .byte 0x0f, 0x1f, 0x00         /* STAC */
    .pushsection .smap_sites, "a"
    .long 900b - ., 1
    .popsection
    xor %eax, %eax
    mov %rsi, %rcx
10: rep stosb
    mov $1, %eax
11: SMAP_CLAC
    ret
20: xor %eax, %eax
    jmp 11b
    .pushsection .extable, "a"
    .balign 8
    .quad 10b, 20b
    .popsection

/* --- Instructions that a guest's values can make fault ------------------------- */

/* bool load_seg_{ds,es,fs,gs}(uint16_t sel [edi]): false: refused, and the null selector is loaded. */
.macro LOAD_SEG name
    .align 16
    .global load_seg_\name
load_seg_\name:
10: mov %edi, %\name
    mov $1, %eax
    ret
20: xor %eax, %eax
    mov %eax, %\name
    ret
    .pushsection .extable, "a"
    .balign 8
    .quad 10b, 20b
    .popsection
.endm
LOAD_SEG ds
LOAD_SEG es
LOAD_SEG fs
LOAD_SEG gs

/* bool rdmsr_safe(uint32_t msr [edi], uint64_t *value [rsi]) */
    .align 16
    .global rdmsr_safe
rdmsr_safe:
    mov %edi, %ecx
10: rdmsr
    mov %eax, (%rsi)
    mov %edx, 4(%rsi)
    mov $1, %eax
    ret
20: xor %eax, %eax
    ret
    .pushsection .extable, "a"
    .balign 8
    .quad 10b, 20b
    .popsection

/* bool wrmsr_safe(uint32_t msr [edi], uint64_t value [rsi]) */
    .align 16
    .global wrmsr_safe
wrmsr_safe:
    mov %edi, %ecx
    mov %esi, %eax
    mov %rsi, %rdx
    shr $32, %rdx
10: wrmsr
    mov $1, %eax
    ret
20: xor %eax, %eax
    ret
    .pushsection .extable, "a"
    .balign 8
    .quad 10b, 20b
    .popsection

/* bool xrstor_safe(const void *area [rdi], uint64_t mask [rsi]); bool fxrstor_safe(const void *area) */
    .align 16
    .global xrstor_safe
xrstor_safe:
    mov %esi, %eax
    mov %rsi, %rdx
    shr $32, %rdx
10: xrstor64 (%rdi)
    mov $1, %eax
    ret
20: xor %eax, %eax
    ret
    .global fxrstor_safe
fxrstor_safe:
11: fxrstor64 (%rdi)
    mov $1, %eax
    ret
    .pushsection .extable, "a"
    .balign 8
    .quad 10b, 20b, 11b, 20b
    .popsection

    .section .note.GNU-stack, "", @progbits
