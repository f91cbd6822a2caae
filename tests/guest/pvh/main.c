/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A control domain of a few lines that builds one hardware guest, tests/system/tiny/pvh.S, runs
 * it and takes it down: the shortest way to see a backend work (AMD-V in QEMU, VT-x in Bochs).
 * The guest's own steps are on the hypervisor's console; it ends by power-off only after the last.
 * With exits=1 the guest also measures its exits (tests/system/bench/exits.py), with HVM's devices and a device
 * model of a few lines: this domain.
 * With viridian=1 it tests Microsoft's hypervisor interface (viridian.c).
 * limit: 120
 * run: viridian=0
 * run: viridian=1
 * domU: no
 */
#include "test.h"
#include "exits.h"

#include <xenabi/domctl.h>
#include <xenabi/hvm/dm_op.h>
#include <xenabi/hvm/hvm_op.h>
#include <xenabi/hvm/ioreq.h>
#include <xenabi/hvm/params.h>
#include <xenabi/hvm/save.h>
#include <xenabi/memory.h>
#include <xenabi/sched.h>

#define GUEST       7
#define WINDOW      0x100000000000ul
#define VIRIDIAN    (HVMPV_feature_mask & ~(HVMPV_no_freq | HVMPV_ex_processor_masks | HVMPV_cpu_hotplug))
#define DM_WINDOW   (WINDOW + (1ul << 30))

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

/* --- Device model ------------------------------------------------------------------------------ */

static struct ioreq *const request = (struct ioreq *)DM_WINDOW;
static long dm_port;

static void dm(struct xen_dm_op *op)
{
    struct xen_dm_op_buf buf = { HC_PTR(op), sizeof(*op) };

    EQ(hc_dm_op(GUEST, 1, HC_PTR(&buf)), 0);
}

static void dm_claim(uint16_t id, uint32_t type, uint64_t start, uint64_t end)
{
    dm(&(struct xen_dm_op){
        .op = XEN_DMOP_map_io_range_to_ioreq_server,
        .u.map_io_range_to_ioreq_server = { .id = id, .type = type, .start = start, .end = end },
    });
}

static void dm_start(void)
{
    struct xen_dm_op op = { .op = XEN_DMOP_create_ioreq_server };
    uint64_t mfn = 0;
    struct xen_mem_acquire_resource r = {
        .domid = GUEST, .type = XENMEM_resource_ioreq_server, .nr_frames = 1, .frame = 1, .frame_list = HC_PTR(&mfn),
    };
    struct mmu_update u;
    uint16_t id;

    dm(&op);
    r.id = id = op.u.create_ioreq_server.id;
    EQ(hc_memory_op(XENMEM_acquire_resource, HC_PTR(&r)), 0);
    EQ(mem_map(DM_WINDOW, 0, 0), 0);
    u.ptr = mem_entry_maddr(mem_entry(mem_root(), DM_WINDOW, 1)) | MMU_PT_UPDATE_NO_TRANSLATE;
    u.val = mem_make_pte(mfn, PTE_RW_PAGE);
    EQ(hc_mmu_update(HC_PTR(&u), 1, 0, GUEST), 0);
    dm_claim(id, XEN_DMOP_IO_RANGE_PORT, DM_PORT, DM_PORT + 3);
    dm_claim(id, XEN_DMOP_IO_RANGE_MEMORY, DM_MEMORY, DM_MEMORY + 0xfff);
    op = (struct xen_dm_op){ .op = XEN_DMOP_set_ioreq_server_state, .u.set_ioreq_server_state = { id, 1, 0 } };
    dm(&op);
    dm_port = event_bind_interdomain(GUEST, request->vp_eport);
    CHECK(dm_port > 0);
}

/* True: there was a request.  What is read is not looked at: this is about the way. */
static bool dm_serve(void)
{
    if ( event_poll(dm_port, clock_now() + 10000000) || !event_clear(dm_port) )
        return false;
    if ( (request->bits & IOREQ_BITS_STATE) == STATE_IOREQ_READY ) {
        request->bits += STATE_IORESP_READY - STATE_IOREQ_READY;
        event_send(dm_port);
    }
    return true;
}

/* The pages of its image that the guest has written since this was last asked, as bits. */
static uint64_t written(void)
{
    uint64_t map = 0;
    struct xen_dm_op op = { .op = XEN_DMOP_track_dirty_vram, .u.track_dirty_vram = { IMAGE_PAGES, 0, IMAGE_GFN } };
    struct xen_dm_op_buf bufs[2] = { { HC_PTR(&op), sizeof(op) }, { HC_PTR(&map), IMAGE_PAGES / 8 } };

    EQ(hc_dm_op(GUEST, 2, HC_PTR(bufs)), 0);
    return map;
}

/* --- Life ---------------------------------------------------------------------------------------- */

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
    written();
    if ( measures )
        dm_start();
    EQ(control(XEN_DOMCTL_unpausedomain), 0);
    do {
        struct sched_poll p = { .timeout = clock_now() + 10000000 };

        while ( measures && dm_serve() )
            ;
        if ( !measures )
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
    if ( measures ) {
        figures();
    } else if ( !is_viridian ) {             /* its stack, not the page behind all that it has */
        const uint64_t map = written();

        console_printf("written: %#lx\n", map);
        CHECK(map & 0xfff0);
        EQ(map >> (IMAGE_PAGES - 1), 0);
        EQ(written(), 0);
    }
    for ( unsigned int i = 0; i < IMAGE_PAGES; i++ )
        EQ(mem_map(WINDOW + i * 4096ul, 0, 0), 0);
    if ( measures )
        EQ(mem_map(DM_WINDOW, 0, 0), 0);
    do
        rc = control(XEN_DOMCTL_destroydomain);
    while ( rc == -XEN_ERESTART || rc == -XEN_EBUSY );
    EQ(rc, 0);
}
