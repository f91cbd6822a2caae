/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot sector for bochs.py: asks the BIOS for the memory map, reads the disk's other sectors to INFO
 * and starts what they hold as a multiboot loader would.  INFO, where the boot information is,
 * but for its map, ENTRY of the image and END, the last sector and one, come from bochs.py.
 */
#define MAP     0x8000
#define COUNT   256             /* sectors in a command */

        .code16
        .globl  _start
_start:
        cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7c00, %sp
        inb     $0x92, %al              /* A20 */
        orb     $2, %al
        outb    %al, $0x92
        xorl    %ebx, %ebx
        movw    $MAP, %di
1:      movl    $20, (%di)              /* each entry's size, then what int 0x15 stores */
        addw    $4, %di
        movl    $0xe820, %eax
        movl    $0x534d4150, %edx
        movl    $20, %ecx
        int     $0x15
        addw    $20, %di
        testl   %ebx, %ebx
        jnz     1b
        subw    $MAP, %di
        lgdt    gdtr
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        ljmp    $8, $2f

        .code32
2:      movl    $16, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movzwl  %di, %esi
        movb    $2, %al                 /* no interrupts of the disk */
        movl    $0x3f6, %edx
        outb    %al, (%dx)
        movl    $INFO, %edi
        movl    $1, %ebx
1:      movl    $0x1f2, %edx            /* count; bits 0-7, 8-15, 16-23, 24-27 of the sector; READ SECTORS */
        xorl    %eax, %eax
        outb    %al, (%dx)
        movl    %ebx, %eax
        movl    $3, %ecx
2:      incl    %edx
        outb    %al, (%dx)
        shrl    $8, %eax
        loop    2b
        incl    %edx
        orb     $0xe0, %al
        outb    %al, (%dx)
        incl    %edx
        movb    $0x20, %al
        outb    %al, (%dx)
        movl    $COUNT, %ebp
3:      movl    $0x1f7, %edx
        inb     (%dx), %al
        andb    $0x88, %al
        cmpb    $8, %al                 /* not busy, has data */
        jne     3b
        movl    $0x1f0, %edx
        movl    $128, %ecx
        rep insl
        decl    %ebp
        jnz     3b
        addl    $COUNT, %ebx
        cmpl    $END, %ebx
        jb      1b

        movl    $INFO, %ebx
        movl    %esi, 44(%ebx)          /* mmap_length, mmap_addr */
        movl    $MAP, 48(%ebx)
        movl    $0x2badb002, %eax
        movl    $ENTRY, %ecx
        jmp     *%ecx

        .balign 8
gdt:    .quad   0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr:   .word   . - gdt - 1
        .long   gdt

        .org    510
        .word   0xaa55
        .section .note.GNU-stack, "", @progbits
