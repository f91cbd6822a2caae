/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end: soft-off by the PM1 registers with the values that dom0 found in AML, restart
 * by every means known, and standing still.  Sleep states that return are not supported.
 */
#include "plat/acpi.h"

#include "base/log.h"
#include "cpu/asm.h"
#include "mem/paging.h"
#include "plat/pci.h"
#include "plat/smp.h"

#define PM1_SLP_EN      0x2000
#define ACPI_S5         5

#define SPACE_MEMORY    0
#define SPACE_IO        1
#define SPACE_PCI       2

static void *reset_reg;         /* mapped at boot: a panic cannot map */

void acpi_sleep_init(void)
{
    if ( acpi.reset_addr && acpi.reset_space == SPACE_MEMORY )
        reset_reg = ioremap(acpi.reset_addr, 1);
}

static void delay_ms(unsigned int ms)
{
    /* Port 0x80 takes about a microsecond; clocks may be gone by now. */
    for ( unsigned int i = 0; i < ms * 1000; i++ )
        outb(0x80, 0);
}

int acpi_enter_sleep(uint32_t pm1a_value, uint32_t pm1b_value, uint8_t state)
{
    if ( state != ACPI_S5 )
        return -XEN_EOPNOTSUPP;
    if ( !acpi.pm1a_cnt_port )
        return -XEN_ENODEV;

    log_info("acpi: powering off\n");
    smp_stop_others();
    wbinvd();
    /* Type first, then the enable bit: some chip sets want two writes. */
    outw(acpi.pm1a_cnt_port, pm1a_value & ~PM1_SLP_EN);
    if ( acpi.pm1b_cnt_port )
        outw(acpi.pm1b_cnt_port, pm1b_value & ~PM1_SLP_EN);
    outw(acpi.pm1a_cnt_port, pm1a_value | PM1_SLP_EN);
    if ( acpi.pm1b_cnt_port )
        outw(acpi.pm1b_cnt_port, pm1b_value | PM1_SLP_EN);
    delay_ms(1000);
    log_err("acpi: still on after S5 was entered\n");
    machine_power_off_or_halt();
}

static void acpi_reset(void)
{
    if ( !acpi.reset_addr )
        return;
    if ( acpi.reset_space == SPACE_IO ) {
        outb(acpi.reset_addr, acpi.reset_value);
    } else if ( acpi.reset_space == SPACE_PCI ) {
        /* ACPI 6.4, 5.2.3.2: device 47:32, function 31:16, register 15:0, of bus 0. */
        const struct pci_sbdf d = {
            .devfn = ((acpi.reset_addr >> 32) & 31) << 3 | ((acpi.reset_addr >> 16) & 7) };

        pci_write(d, acpi.reset_addr & 0xff, 1, acpi.reset_value);
    } else if ( reset_reg ) {
        write_once(*(uint8_t *)reset_reg, acpi.reset_value);
    }
}

void machine_reboot(void)
{
    static const struct desc_ptr no_idt = { 0, 0 };

    smp_stop_others();
    acpi_reset();
    delay_ms(100);
    for ( unsigned int i = 0; i < 1000 && (inb(0x64) & 2); i++ )
        outb(0x80, 0);
    outb(0x64, 0xfe);           /* keyboard controller: pulse the reset line */
    delay_ms(100);
    outb(0xcf9, 0x02);
    outb(0xcf9, 0x06);
    delay_ms(100);
    lidt(&no_idt);
    for ( ; ; )
        breakpoint_never();
}

void machine_power_off_or_halt(void)
{
    smp_stop_others();
    smp_stop_self();
}
