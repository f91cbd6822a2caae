/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records that a hardware guest's state consists of (hvm_save.c). */
#pragma once

#include <xenabi/hvm/save.h>

#include "hvm/hvm_vcpu.h"

/* Fill @rec, all zeros, with instance @i; @tsc: the time-stamp counter that goes for the whole. */
typedef void hvm_save_fn(struct domain *d, unsigned int i, void *rec, uint64_t tsc);
/* 0, or -XEN_EINVAL with a line that names the field; nothing of the record was taken then. */
typedef int hvm_load_fn(struct domain *d, unsigned int i, const void *rec, uint32_t len, uint64_t tsc);

hvm_save_fn hvm_save_cpu, hvm_save_mtrr, hvm_save_xsave;
hvm_load_fn hvm_load_cpu, hvm_load_mtrr, hvm_load_xsave;

#define HVM_XSAVE_FIXED offsetof(struct hvm_hw_cpu_xsave, save_area)

/* Says what is wrong with a record.  -XEN_EINVAL. */
int hvm_load_bad(const struct domain *d, unsigned int i, const char *what, uint64_t value);
