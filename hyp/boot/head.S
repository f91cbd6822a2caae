/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the boot loader to C.  Multiboot 1 (0.6.96, with address fields, so that a
 * 64-bit ELF will do) and multiboot 2 (2.0) both enter here in 32-bit protected mode
 * without paging:
 *   in: EAX loader's magic, EBX physical address of its information, interrupts off
 * Builds the first page tables (low 4 GiB mapped one to one and at the direct map; the
 * image; CPU 0's block), enters long mode and calls boot_main(magic, info).
 */
#include "config.h"
#include "asm-offsets.h"

#define PHYS(sym)   ((sym) - IMAGE_VIRT + IMAGE_PHYS)

#define MB1_MAGIC   0x1badb002
#define MB1_FLAGS   0x00010003      /* page-aligned modules, memory map, address fields */
#define MB2_MAGIC   0xe85250d6

#define PTE_TABLE   0x003           /* present, writable */
#define PTE_LARGE   0x083           /* and 2 MiB */

    .section .head, "ax"
    .align 8
mb1_header:
    .long MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)
    .long PHYS(mb1_header), PHYS(_start), PHYS(_edata), PHYS(_end), PHYS(boot_entry32_virt)

    .align 8
mb2_header:
    .long MB2_MAGIC, 0, mb2_header_end - mb2_header
    .long -(MB2_MAGIC + (mb2_header_end - mb2_header))
    .short 2, 0                     /* addresses of header, load, load end, bss end */
    .long 24, PHYS(mb2_header), PHYS(_start), PHYS(_edata), PHYS(_end)
    .short 3, 0                     /* entry */
    .long 12, PHYS(boot_entry32_virt), 0
    .short 6, 0                     /* modules on page boundaries */
    .long 8
    .short 0, 0
    .long 8
mb2_header_end:

    .code32
    .global boot_entry32_virt
boot_entry32_virt:
    cli
    cld
    mov %eax, %esi                  /* kept for boot_main */
    mov %ebx, %edi

    /* The low 4 GiB in 2 MiB pages. */
    mov $PHYS(boot_l2_low), %ebx
    mov $PTE_LARGE, %eax
    xor %ecx, %ecx
1:  mov %eax, (%ebx,%ecx,8)
    movl $0, 4(%ebx,%ecx,8)
    add $0x200000, %eax
    inc %ecx
    cmp $2048, %ecx
    jne 1b
    mov $PHYS(boot_l3_low), %ebx
    lea PTE_TABLE + PHYS(boot_l2_low), %eax
    xor %ecx, %ecx
1:  mov %eax, (%ebx,%ecx,8)
    add $0x1000, %eax
    inc %ecx
    cmp $4, %ecx
    jne 1b

    /* The image: 8 MiB from IMAGE_PHYS; protections come later. */
    mov $PHYS(hyp_l2_image), %ebx
    mov $(PTE_LARGE + IMAGE_PHYS), %eax
    mov $((IMAGE_VIRT >> 21) & 511), %ecx
1:  mov %eax, (%ebx,%ecx,8)
    add $0x200000, %eax
    inc %ecx
    cmp $(((IMAGE_VIRT >> 21) & 511) + 4), %ecx
    jne 1b

    /* CPU 0's stacks, as cpu/pcpu.h lays them out. */
    movl $(PTE_TABLE + PHYS(hyp_l1_pcpu)), PHYS(hyp_l2_image) + ((PCPU_BASE >> 21) & 511) * 8
    mov $PHYS(hyp_l1_pcpu), %ebx
    lea PTE_TABLE + PHYS(boot_stacks), %eax
    mov $0x01, %ecx
1:  mov %eax, (%ebx,%ecx,8)         /* pages 1, 3, 5, 7: IST stacks */
    add $0x1000, %eax
    add $2, %ecx
    cmp $9, %ecx
    jne 1b
    mov $0x0c, %ecx
1:  mov %eax, (%ebx,%ecx,8)         /* pages 12 to 15: primary stack */
    add $0x1000, %eax
    inc %ecx
    cmp $16, %ecx
    jne 1b

    movl $(PTE_TABLE + PHYS(hyp_l2_image)), PHYS(hyp_l3_private) + ((IMAGE_VIRT >> 30) & 511) * 8
    movl $(PTE_TABLE + PHYS(boot_l3_low)), PHYS(hyp_l4)
    movl $(PTE_TABLE + PHYS(boot_l3_low)), PHYS(hyp_l4) + ((DIRECTMAP_BASE >> 39) & 511) * 8
    movl $(PTE_TABLE + PHYS(hyp_l3_private)), PHYS(hyp_l4) + ((IMAGE_VIRT >> 39) & 511) * 8

    mov $0x80000001, %eax           /* long mode and NX, or there is no point */
    cpuid
    and $0x20100000, %edx
    cmp $0x20100000, %edx
    jne no_long_mode

    mov $PHYS(hyp_l4), %eax
    mov %eax, %cr3
    mov $0x000000a0, %eax           /* PAE, PGE */
    mov %eax, %cr4
    mov $0xc0000080, %ecx           /* EFER: SCE, LME, NX */
    rdmsr
    or $0x901, %eax
    wrmsr
    mov $0x80010023, %eax           /* PG, WP, NE, MP, PE */
    mov %eax, %cr0
    lgdtl PHYS(boot_gdt_ptr)
    ljmp $8, $PHYS(entry64_low)

no_long_mode:
    mov $PHYS(no_long_mode_text), %esi
1:  lodsb
    test %al, %al
    jz 2f
    mov $0x3f8, %dx
    out %al, %dx
    mov %al, 0xb8000
    jmp 1b
2:  hlt
    jmp 2b
no_long_mode_text:
    .asciz "xenolith: this processor has no 64-bit mode with no-execute pages; a 64-bit machine is needed\r\n"

    .code64
entry64_low:
    movabs $entry64, %rax
    jmp *%rax
entry64:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    movabs $(PCPU_BASE + PCPU_STRIDE - PCPU_SIZE), %rsp
    xor %ebp, %ebp
    /* Swap: boot_main(magic, info). */
    xchg %rdi, %rsi
    mov %edi, %edi
    mov %esi, %esi
    call boot_main
    ud2

    .align 8
boot_gdt:
    .quad 0
    .quad 0x00af9a000000ffff        /* 8: 64-bit code */
    .quad 0x00cf92000000ffff        /* 16: data */
boot_gdt_ptr:
    .short boot_gdt_ptr - boot_gdt - 1
    .long PHYS(boot_gdt)

    .section .bss.page_aligned, "aw", @nobits
    .align 4096
    .global hyp_l4, hyp_l3_private, hyp_l2_image, hyp_l1_pcpu
hyp_l4:             .skip 4096
hyp_l3_private:     .skip 4096
hyp_l2_image:       .skip 4096
hyp_l1_pcpu:        .skip 4096
boot_l3_low:        .skip 4096
boot_l2_low:        .skip 4096 * 4
boot_stacks:        .skip 4096 * 8
