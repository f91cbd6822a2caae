/* SPDX-License-Identifier: MIT */
/*
 * A hardware guest's entry points, its entries for exceptions and events, and its first page tables.
 *
 * PVH enters pvh_start with 32 bits, flat segments and no paging, EBX pointing to hvm_start_info; a multiboot loader
 * (QEMU's, for an HVM guest) the same with its own information there, by which pvh.c tells them apart.
 * The page tables map the first GiB at GUEST_BASE, and the fourth, where the builder's pages are, one higher.
 */
#define BASE            0xffffffff80000000
#define PHYS(symbol)    (symbol - BASE)

#define CODE32          0x08
#define CODE64          0x10
#define DATA            0x18

        .section .text.start, "ax"
        .balign 4
multiboot:                              /* Multiboot specification 0.6.96, 3.1: aligned, memory, addresses follow */
        .long   0x1badb002, 0x10003, -(0x1badb002 + 0x10003)
        .long   PHYS(multiboot), PHYS(guest_image_start), PHYS(guest_data_end), PHYS(guest_image_end)
        .long   PHYS(pvh_start)

        .code32
        .globl  pvh_start
pvh_start:
        cli
        cld
        xorl    %esi, %esi
to_long_mode:                           /* esi: 0 for the first CPU */
        lgdtl   PHYS(gdtr)
        movl    %cr4, %eax
        orl     $0x620, %eax            /* PAE; SSE's state and exceptions */
        movl    %eax, %cr4
        movl    $PHYS(start_l4), %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx
        rdmsr
        orl     $0x900, %eax            /* EFER: long mode, no-execute */
        wrmsr
        movl    %cr0, %eax
        andl    $~4, %eax               /* no emulation of the coprocessor */
        orl     $0x80010002, %eax       /* paging, write protection, MP */
        movl    %eax, %cr0
        ljmp    $CODE64, $PHYS(1f)
        .code64
1:      movabs  $2f, %rax               /* to where it is linked */
        jmp     *%rax
2:      movl    $DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        lgdt    gdtr64(%rip)
        movl    $PHYS(pvh_l4), %eax     /* the same without the low addresses */
        mov     %rax, %cr3
        testl   %esi, %esi
        jnz     3f
        movl    %ebx, pvh_info(%rip)
        lea     boot_stack + 16384(%rip), %rsp
        lea     platform_pvh(%rip), %rdi
        xor     %ebp, %ebp
        call    guest_start
        ud2
3:      mov     pvh_vcpu(%rip), %rsp    /* struct pvh_vcpu */
        mov     pvh_vcpu + 8(%rip), %rdi
        mov     pvh_vcpu + 16(%rip), %rsi
        jmp     smp_entry

        /* Copied to below 1 MiB and entered there by a start-up IPI, with IP 0 in real mode. */
        .globl  pvh_trampoline, pvh_trampoline_end
        .code16
pvh_trampoline:
        cli
        lgdtl   %cs:(gdtr - pvh_trampoline)
        movl    %cr0, %eax
        orl     $1, %eax
        movl    %eax, %cr0
        ljmpl   $CODE32, $PHYS(4f)
gdtr:   .word   gdt_end - gdt - 1
        .long   PHYS(gdt)
pvh_trampoline_end:
        .code32
4:      movl    $DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    $1, %esi
        jmp     to_long_mode

        .code64
        .text
        /* in: vector number, 1 if the processor pushed an error code */
        .macro STUB vec, has_code
        .balign 16
        .if !\has_code
        pushq   $0
        .endif
        pushq   $\vec
        jmp     trap_common
        .endm

        .globl  pvh_trap_stubs, pvh_event_stub, pvh_trap_exit
        .balign 16
pvh_trap_stubs:
        .set    i, 0
        .rept   32
        .if (i == 8) || ((i >= 10) && (i <= 14)) || (i == 17) || (i == 21) || (i == 29) || (i == 30)
        STUB    i, 1
        .else
        STUB    i, 0
        .endif
        .set    i, i + 1
        .endr
pvh_event_stub: STUB 256, 0

pvh_trap_exit:
        add     $16, %rsp               /* vector, error code */
        iretq

        .globl  pvh_vmcall, pvh_vmmcall
pvh_vmcall:
        vmcall
        ret
pvh_vmmcall:
        vmmcall
        ret

        .data
        .balign 8
gdt:    .quad   0, 0x00cf9b000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_end:
gdtr64: .word   gdt_end - gdt - 1
        .quad   gdt

        /* Present, writable; the last level accessed, dirty and large. */
        .globl  pvh_l4
        .balign 4096
start_l4:
        .quad   PHYS(l3) + 3
        .skip   510 * 8
        .quad   PHYS(l3) + 3
pvh_l4: .skip   511 * 8
        .quad   PHYS(l3) + 3
l3:     .quad   PHYS(l2) + 3            /* of start_l4's first entry */
        .skip   509 * 8
        .quad   PHYS(l2) + 3, PHYS(l2_high) + 3
        .set    i, 0
l2:     .rept   512
        .quad   (i << 21) + 0xe3
        .set    i, i + 1
        .endr
        .set    i, 3 * 512
l2_high:
        .rept   512
        .quad   (i << 21) + 0xe3
        .set    i, i + 1
        .endr
        .section .note.GNU-stack, "", @progbits
