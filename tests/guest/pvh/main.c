/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A control domain of a few lines that builds one hardware guest, tests/system/tiny/pvh.S, runs
 * it and takes it down: the shortest way to see a backend work (AMD-V in QEMU, VT-x in Bochs).
 * The guest's own steps are on the hypervisor's console; it ends by power-off only after the last.
 * With exits=1 the guest also measures its exits (tests/system/bench/exits.py), with HVM's devices.
 * With viridian=1 it tests Microsoft's hypervisor interface (viridian.c).
 * limit: 120
 * run: viridian=0
 * run: viridian=1
 * domU: no
 */
#include "test.h"
#include "exits.h"

#include <xenabi/domctl.h>
#include <xenabi/hvm/hvm_op.h>
#include <xenabi/hvm/params.h>
#include <xenabi/hvm/save.h>
#include <xenabi/memory.h>
#include <xenabi/sched.h>

#define GUEST       7
#define WINDOW      0x100000000000ul
#define VIRIDIAN    (HVMPV_feature_mask & ~(HVMPV_no_freq | HVMPV_ex_processor_masks | HVMPV_cpu_hotplug))

__asm__ (".pushsection .rodata; pvh_image: .incbin \"pvh.bin\"; pvh_image_end: .popsection");
__asm__ (".pushsection .rodata; exits_image: .incbin \"exits.bin\"; exits_image_end: .popsection");
__asm__ (".pushsection .rodata; viridian_image: .incbin \"viridian.bin\"; viridian_image_end: .popsection");
extern const uint8_t pvh_image[], pvh_image_end[], exits_image[], exits_image_end[],
    viridian_image[], viridian_image_end[];

static struct xen_domctl d;
static bool measures, is_viridian;
static uint64_t gfns[IMAGE_PAGES], done[IMAGE_PAGES];

static long control(uint32_t cmd)
{
    d.cmd = cmd;
    d.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    d.domain = GUEST;
    return hc_domctl(HC_PTR(&d));
}

static long create(void)
{
    memset(&d, 0, sizeof(d));
    d.u.createdomain = (struct xen_domctl_createdomain){
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap, .max_vcpus = 2, .max_evtchn_port = 1023,
        .max_grant_frames = 4, .max_maptrack_frames = 4, .grant_opts = 1,
        .arch.emulation_flags = measures || is_viridian ? XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI : XEN_X86_EMU_LAPIC,
    };
    return control(XEN_DOMCTL_createdomain);
}

static void memory(void)
{
    struct xen_memory_reservation r = {
        .extent_start = HC_PTR(done), .nr_extents = IMAGE_PAGES, .domid = GUEST,
    };

    for ( unsigned int i = 0; i < IMAGE_PAGES; i++ )
        gfns[i] = done[i] = IMAGE_GFN + i;
    d.u.max_mem.max_memkb = 4096;
    EQ(control(XEN_DOMCTL_max_mem), 0);
    EQ(hc_memory_op(XENMEM_populate_physmap, HC_PTR(&r)), IMAGE_PAGES);
    done[0] = 8;                            /* pvh.S's LOW_GFN */
    r.nr_extents = 1;
    EQ(hc_memory_op(XENMEM_populate_physmap, HC_PTR(&r)), 1);
    EQ(mem_map_foreign(WINDOW, gfns, IMAGE_PAGES, GUEST), 0);
    if ( is_viridian )
        memcpy((void *)WINDOW, viridian_image, viridian_image_end - viridian_image);
    else if ( measures )
        memcpy((void *)WINDOW, exits_image, exits_image_end - exits_image);
    else
        memcpy((void *)WINDOW, pvh_image, pvh_image_end - pvh_image);
}

/* PVH's start: 32 bits, flat, no paging (docs of the PVH boot protocol). */
static void registers(void)
{
    static struct {
        struct hvm_save_descriptor header_d;
        struct hvm_save_header header;
        struct hvm_save_descriptor cpu_d;
        struct hvm_hw_cpu cpu;
        struct hvm_save_descriptor end_d;
    } __attribute__((packed)) c;

    c.header_d = (struct hvm_save_descriptor){ HVM_SAVE_CODE_HEADER, 0, sizeof(c.header) };
    c.header.magic = HVM_FILE_MAGIC;
    c.header.version = HVM_FILE_VERSION;
    c.cpu_d = (struct hvm_save_descriptor){ HVM_SAVE_CODE_CPU, 0, sizeof(c.cpu) };
    c.cpu.rip = IMAGE_GFN << 12;
    c.cpu.rflags = 2;
    c.cpu.cr0 = 0x11;
    c.cpu.dr6 = 0xffff0ff0;
    c.cpu.dr7 = 0x400;
    c.cpu.cs_limit = c.cpu.ds_limit = c.cpu.es_limit = c.cpu.ss_limit = 0xffffffff;
    c.cpu.tr_limit = 0x67;
    c.cpu.cs_arbytes = 0xc9b;
    c.cpu.ds_arbytes = c.cpu.es_arbytes = c.cpu.ss_arbytes = 0xc93;
    c.cpu.tr_arbytes = 0x8b;
    d.u.hvmcontext.size = sizeof(c);
    d.u.hvmcontext.buffer = HC_PTR(&c);
    EQ(control(XEN_DOMCTL_sethvmcontext), 0);
}

static void *image(uint64_t gpa)
{
    return (void *)(WINDOW + gpa - (IMAGE_GFN << 12));
}

static void figures(void)
{
    const struct {
        uint64_t total, name;
    } *f = image(FIGURES);

    for ( ; f->name; f++ )
        console_printf("exits: %s = %lu\n", (const char *)image(f->name), f->total / ROUNDS);
}

void test_main(void)
{
    long rc;

    measures = test_option("exits", 0);
    is_viridian = test_option("viridian", 0);
    if ( create() )
        test_skip("no hardware guests here");
    d.u.max_vcpus.max = 2;
    EQ(control(XEN_DOMCTL_max_vcpus), 0);
    if ( is_viridian ) {
        struct xen_hvm_param p = { .domid = GUEST, .index = HVM_PARAM_VIRIDIAN, .value = VIRIDIAN };

        EQ(hc_hvm_op(HVMOP_set_param, HC_PTR(&p)), 0);
    }
    memory();
    registers();
    EQ(control(XEN_DOMCTL_unpausedomain), 0);
    do {
        struct sched_poll p = { .timeout = clock_now() + 10000000 };

        hc_sched_op(SCHEDOP_poll, HC_PTR(&p));
        rc = control(XEN_DOMCTL_getdomaininfo);
    } while ( !rc && !(d.u.getdomaininfo.flags & XEN_DOMINF_shutdown) );
    EQ(rc, 0);
    EQ(d.u.getdomaininfo.flags >> 16 & 0xff, is_viridian ? SHUTDOWN_crash : SHUTDOWN_poweroff);
    if ( is_viridian ) {
        const uint32_t *f = image(FIGURES);

        if ( f[0] )
            console_printf("viridian.c: line %u\n", f[0]);
        CHECK(!f[0] && f[1]);
    }
    if ( measures )
        figures();
    for ( unsigned int i = 0; i < IMAGE_PAGES; i++ )
        EQ(mem_map(WINDOW + i * 4096ul, 0, 0), 0);
    do
        rc = control(XEN_DOMCTL_destroydomain);
    while ( rc == -XEN_ERESTART || rc == -XEN_EBUSY );
    EQ(rc, 0);
}
