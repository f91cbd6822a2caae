/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 16550 serial ports, polled output, interrupt or polled input. */
#pragma once

#include "base/types.h"

/* @index is 0 or 1 everywhere.  "com1=115200,8n1,0x3f8,4" style setting.  False: cannot be parsed (nothing changed). */
bool uart_configure(unsigned int index, const char *setting);
bool uart_init_early(unsigned int index);   /* polled, before anything else works; false: no such port */
void uart_putc(unsigned int index, char c);     /* bounded wait */
int uart_getc(unsigned int index);              /* -1: nothing */
void uart_init_irq(unsigned int index);         /* input by interrupt: sets PCPU_WORK_CONSOLE */
/* The I/O ports and irq that dom0 must not have; false if @index is not in use. */
bool uart_resources(unsigned int index, uint16_t *port, unsigned int *irq);
