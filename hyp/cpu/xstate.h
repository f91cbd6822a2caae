/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extended processor state (x87 to AVX-512), saved and restored eagerly at every switch. */
#pragma once

#include "base/types.h"

#define XCR0_X87        0x001UL
#define XCR0_SSE        0x002UL
#define XCR0_AVX        0x004UL
#define XCR0_AVX512     0x0e0UL     /* opmask, ZMM high halves, ZMM 16-31 */

extern uint64_t xstate_host_mask;       /* XCR0 with all that we handle; 0 without XSAVE */

void xstate_init_cpu(void);
/* Bytes of an area for @xcr0 (the legacy 512 without XSAVE). */
uint32_t xstate_size(uint64_t xcr0);
/* A clean area, or NULL. */
void *xstate_alloc(void);
void xstate_free(void *area);
void xstate_reset(void *area);          /* to the state at power-up */
/* True if a guest may set XCR0 to @xcr0 (SDM vol 1 13.3). */
bool xstate_xcr0_valid(uint64_t xcr0);

void xstate_save(void *area);
/* If the area cannot be loaded, the clean state is: nothing of another vCPU is ever left. */
void xstate_restore(void *area, uint64_t guest_xcr0);
/* XSETBV by the running guest. */
void xstate_load_xcr0(uint64_t xcr0);

/* The legacy region, which vcpu_guest_context carries. */
void xstate_import_fxsave(void *area, const uint8_t fx[512]);
void xstate_export_fxsave(const void *area, uint8_t fx[512]);
