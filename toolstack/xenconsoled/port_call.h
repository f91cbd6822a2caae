/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two hypercalls of the console daemon.  Apart from port_xen.c because the libraries'
 * headers bring definitions of the same structures.
 */
#ifndef XENCONSOLED_PORT_CALL_H
#define XENCONSOLED_PORT_CALL_H

#include <stddef.h>
#include <stdint.h>

struct port_domain;

int call_open(void);
int call_domains(struct port_domain **list);
int call_hv_log(char *buf, size_t size, uint32_t *index);

#endif
