/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions that may fault by a guest's doing, and where to go on then (.extable section). */
#pragma once

#include "base/types.h"

/* The fix-up address for a fault at @rip, or 0 if a fault there is our own bug. */
uint64_t extable_search(uint64_t rip);

/* Guarded primitives of entry/entry.S.  Copies: false if either side faulted. */
bool guest_copy_raw(void *dst, const void *src, size_t len);
bool guest_zero_raw(void *dst, size_t len);
bool load_seg_ds(uint16_t sel);
bool load_seg_es(uint16_t sel);
bool load_seg_fs(uint16_t sel);
bool load_seg_gs(uint16_t sel);
bool rdmsr_safe(uint32_t msr, uint64_t *value);
bool wrmsr_safe(uint32_t msr, uint64_t value);
bool xrstor_safe(const void *area, uint64_t mask);
bool fxrstor_safe(const void *area);
