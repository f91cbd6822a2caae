/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Extended state.  All of the host's components that we handle are saved and restored
 * whatever the guest enabled, so no component of one vCPU is ever seen by another.
 */
#include "cpu/xstate.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/extable.h"
#include "cpu/pcpu.h"
#include "base/assert.h"
#include "base/string.h"
#include "mem/heap.h"

#define HANDLED     (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512)
#define FXSAVE_SIZE 512
#define XSAVE_HDR   64

uint64_t xstate_host_mask ro_after_init;
static uint32_t area_size ro_after_init = FXSAVE_SIZE;
static unsigned int area_order ro_after_init;

uint32_t xstate_size(uint64_t xcr0)
{
    uint32_t size = FXSAVE_SIZE + XSAVE_HDR;

    if ( !cpu.xsave )
        return FXSAVE_SIZE;
    for ( unsigned int i = 2; i < 63; i++ ) {
        if ( xcr0 & 1UL << i ) {
            const struct cpuid_regs r = cpuid_count(13, i);

            if ( r.b + r.a > size )
                size = r.b + r.a;
        }
    }
    return size;
}

void xstate_init_cpu(void)
{
    struct pcpu *p = this_pcpu();

    if ( !cpu.xsave )
        return;
    if ( p->id == 0 ) {
        const struct cpuid_regs r = cpuid_count(13, 0);

        xstate_host_mask = (r.a | (uint64_t)r.d << 32) & HANDLED;
        if ( (xstate_host_mask & XCR0_AVX512) != XCR0_AVX512 )
            xstate_host_mask &= ~XCR0_AVX512;
        area_size = xstate_size(xstate_host_mask);
        area_order = order_of(DIV_ROUND_UP(area_size, PAGE_SIZE));
    }
    xsetbv(0, xstate_host_mask);
    p->xcr0 = xstate_host_mask;
}

void xstate_reset(void *area)
{
    memset(area, 0, area_size);
    *(uint16_t *)area = 0x37f;                      /* FCW */
    *(uint32_t *)((uint8_t *)area + 24) = 0x1f80;   /* MXCSR */
    if ( cpu.xsave )
        *(uint64_t *)((uint8_t *)area + FXSAVE_SIZE) = XCR0_X87 | XCR0_SSE;
}

void *xstate_alloc(void)
{
    void *area = heap_alloc_pages(area_order);

    if ( area )
        xstate_reset(area);
    return area;
}

void xstate_free(void *area)
{
    if ( area )
        heap_free_pages(area, area_order);
}

bool xstate_xcr0_valid(uint64_t xcr0)
{
    if ( !(xcr0 & XCR0_X87) || (xcr0 & ~xstate_host_mask) )
        return false;
    if ( (xcr0 & XCR0_AVX) && !(xcr0 & XCR0_SSE) )
        return false;
    if ( (xcr0 & XCR0_AVX512) && ((xcr0 & XCR0_AVX512) != XCR0_AVX512 || !(xcr0 & XCR0_AVX)) )
        return false;
    return true;
}

void xstate_load_xcr0(uint64_t xcr0)
{
    struct pcpu *p = this_pcpu();

    if ( cpu.xsave && p->xcr0 != xcr0 ) {
        p->xcr0 = xcr0;
        xsetbv(0, xcr0);
    }
}

void xstate_save(void *area)
{
    if ( !cpu.xsave ) {
        fxsave64(area);
        return;
    }
    xstate_load_xcr0(xstate_host_mask);
    if ( cpu.xsaveopt )
        xsaveopt64(area, xstate_host_mask);
    else
        xsave64(area, xstate_host_mask);
}

void xstate_restore(void *area, uint64_t guest_xcr0)
{
    bool ok;

    xstate_load_xcr0(xstate_host_mask);
    ok = cpu.xsave ? xrstor_safe(area, xstate_host_mask) : fxrstor_safe(area);
    if ( !ok ) {
        xstate_reset(area);
        ok = cpu.xsave ? xrstor_safe(area, xstate_host_mask) : fxrstor_safe(area);
        CHECK(ok);
    }
    xstate_load_xcr0(guest_xcr0);
}

void xstate_import_fxsave(void *area, const uint8_t fx[512])
{
    xstate_reset(area);
    memcpy(area, fx, 416);                          /* without the software-reserved end */
    *(uint32_t *)((uint8_t *)area + 24) &= 0xffbf;  /* MXCSR: reserved bits fault */
}

void xstate_export_fxsave(const void *area, uint8_t fx[512]) { memcpy(fx, area, 512); }
