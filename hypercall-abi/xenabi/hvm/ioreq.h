/* SPDX-License-Identifier: MIT */
/*
 * How the hypervisor asks a device model to do an access of a hardware guest.
 *
 * One page of struct ioreq, by vCPU number: the hypervisor fills a slot, makes its state READY
 * and notifies vp_eport; the device model makes it INPROCESS, does it, makes it RESP_READY and
 * notifies back.  One page of a ring for writes that need no answer.
 */
#ifndef XENABI_HVM_IOREQ_H
#define XENABI_HVM_IOREQ_H

#include <xenabi/types.h>

#define IOREQ_WRITE                         0
#define IOREQ_READ                          1

#define STATE_IOREQ_NONE                    0
#define STATE_IOREQ_READY                   1
#define STATE_IOREQ_INPROCESS               2
#define STATE_IORESP_READY                  3

#define IOREQ_TYPE_PIO                      0
#define IOREQ_TYPE_COPY                     1   /* memory */
#define IOREQ_TYPE_PCI_CONFIG               2   /* addr: SBDF << 32 | register */
#define IOREQ_TYPE_TIMEOFFSET               7
#define IOREQ_TYPE_INVALIDATE               8   /* drop cached mappings of the guest */

struct ioreq {
    uint64_t addr;                  /* port or guest-physical address */
    uint64_t data;                  /* the value, or where in the guest's memory it is */
    uint32_t count;                 /* of a repeated instruction, else 1 */
    uint32_t size;                  /* bytes of one access */
    uint32_t vp_eport;              /* the hypervisor's port for this vCPU: bind to it */
    uint16_t _pad0;
    uint8_t  bits;                  /* IOREQ_BITS_* */
    uint8_t  type;                  /* IOREQ_TYPE_* */
};
ABI_SIZE(ioreq, 32);
ABI_OFFSET(ioreq, bits, 30);

#define IOREQ_BITS_STATE                    0x0f    /* STATE_* */
#define IOREQ_BITS_DATA_IS_PTR              0x10
#define IOREQ_BITS_READ                     0x20
#define IOREQ_BITS_DF                       0x40    /* addresses go downwards */

struct buf_ioreq {
    uint8_t  type;
    uint8_t  bits;                  /* BUF_IOREQ_* */
    uint16_t addr_high;             /* address: bits 4-19 here, 0-3 in bits 4-7 of `bits` */
    uint32_t data;
};
ABI_SIZE(buf_ioreq, 8);

#define BUF_IOREQ_READ                      0x02
#define BUF_IOREQ_SIZE_SHIFT                2       /* 0-3: 1, 2, 4, 8 bytes; 8 take two slots */
#define BUF_IOREQ_ADDR_SHIFT                4

#define IOREQ_BUFFER_SLOT_NUM               511

struct buffered_iopage {
    uint32_t read_pointer;          /* both count up freely, one for each slot */
    uint32_t write_pointer;
    struct buf_ioreq buf_ioreq[IOREQ_BUFFER_SLOT_NUM];
};
ABI_SIZE(buffered_iopage, 4096);

/* ACPI registers of the two chipsets that HVM_PARAM_ACPI_IOPORTS_LOCATION chooses from. */
#define ACPI_PM1A_EVT_BLK_ADDRESS_V0        0x1f40
#define ACPI_PM1A_CNT_BLK_ADDRESS_V0        0x1f44
#define ACPI_PM_TMR_BLK_ADDRESS_V0          0x1f48
#define ACPI_GPE0_BLK_ADDRESS_V0            0x1f68
#define ACPI_GPE0_BLK_LEN_V0                8
#define ACPI_PM1A_EVT_BLK_ADDRESS_V1        0xb000
#define ACPI_PM1A_CNT_BLK_ADDRESS_V1        0xb004
#define ACPI_PM_TMR_BLK_ADDRESS_V1          0xb008
#define ACPI_GPE0_BLK_ADDRESS_V1            0xafe0
#define ACPI_GPE0_BLK_LEN_V1                4

#endif
