/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VT-x backend, as hvm_domain.c knows it. */
#pragma once

#include "hvm/hvm_vcpu.h"

extern const struct hvm_backend vmx_backend;

/* Boot CPU.  False: *@missing says what VT-x lacks, or where it is switched on; not if there is none. */
bool vmx_probe(const char **missing);
/* Each CPU: enter VMX operation.  0, -XEN_ENOMEM, -XEN_EOPNOTSUPP with a line in the log. */
int must_check vmx_cpu_up(void);
