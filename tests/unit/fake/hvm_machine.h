/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hvm/emul.c stands on, faked: a vCPU with flat memory, linear addresses equal to guest-physical
 * ones.  Some of it is RAM, some a device that remembers what is written, the rest nobody's.
 */
#ifndef FAKE_HVM_MACHINE_H
#define FAKE_HVM_MACHINE_H

#include "core/vcpu.h"
#include "hvm/hvm_vcpu.h"

#define RAM_SIZE    0x10000     /* from 0 */

struct machine_access {
    uint64_t addr, data;
    uint8_t bytes;
    bool is_port, is_write;
};

struct machine {
    struct vcpu v;
    struct hvm_vcpu h;
    struct domain d;
    struct hvm_segment seg[SEG_NR];
    unsigned int mode, cpl;
    uint8_t ram[RAM_SIZE];

    uint8_t *device;            /* memory of the device at device_base */
    uint64_t device_base, device_size;
    bool waits;                 /* the device model answers at the second call */
    bool is_asked;
    bool has_strings;           /* the device model takes whole strings of port accesses */
    struct machine_access asked, log[64];
    unsigned int nr_log;
    uint64_t port_value;        /* what IN reads; goes up by one each time */

    uint64_t fault;             /* guest-physical; 0: device_base */
    bool is_write_fault;
    uint64_t lapic;             /* where it is; 0: nowhere */
    uint32_t lapic_reg;         /* its first; what follows reads as so much more */

    uint64_t bad_page, ro_page; /* linear: reads fault, writes fault */
    int vector;                 /* injected; -1: nothing */
    int64_t error;
    uint64_t cr2;
    bool is_crashed;
    int preempt_in;             /* calls of preempt_needed until it says yes; -1 never */
};
extern struct machine m;

/* A vCPU in @mode (2, 4, 8 bytes), kernel, segments flat, RIP 0x1000, device at 1 MiB. */
void machine_reset(unsigned int mode);
/* Emulate the instruction up to its end or an exception; returns how often the device model answered. */
unsigned int machine_run(const uint8_t *insn, unsigned int len);

#endif
