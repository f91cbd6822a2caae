/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control domain: how much memory, where its pieces lie, its page tables and start_info.
 *
 * Pseudo-physical frames, from 0: [what the kernel's own region maps: image, initrd if it must be mapped, p2m
 * list if it has no place of its own, start_info, page tables, stack, slack] [p2m list and
 * its tables, if INIT_P2M] [initrd's own pages, if MOD_START_PFN] [the rest].
 */
#include "boot/boot.h"

#include <xenabi/arch-x86.h>
#include <xenabi/domctl.h>
#include <xenabi/elfnote.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/string.h"
#include "boot/elf.h"
#include "boot/mb.h"
#include "boot/unpack/bzimage.h"
#include "boot/unpack/unpack.h"
#include "core/page.h"
#include "core/preempt.h"
#include "core/sched.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "cpu/cpu.h"
#include "kern/cmdline.h"
#include "mem/heap.h"
#include "mem/slab.h"
#include "plat/acpi.h"
#include "plat/irq.h"
#include "plat/smp.h"
#include "plat/uart.h"
#include "pv/pv.h"

#define GIB             (1UL << 30)
#define MIB             (1UL << 20)

struct dom0_build {
    struct domain   *d;
    const uint8_t   *file;              /* the kernel, an ELF file */
    size_t           file_len;
    void            *unpacked;          /* NULL if the module is the file */
    unsigned int     unpacked_order;
    struct elf_image elf;
    struct elf_notes notes;
    struct elf_plan  plan;

    mfn_t            initrd_mfn;        /* first frame of its module */
    uint64_t         initrd_len;        /* bytes, 0: none */
    bool             initrd_by_pfn, p2m_apart;

    uint64_t         nr_pages, max_pages;
    uint64_t        *p2m;               /* frame number by pseudo-physical one */

    /* Virtual addresses, page aligned. */
    uint64_t         virt_base, virt_end;       /* of the region that is mapped */
    uint64_t         initrd_va, p2m_va, start_info_va, pt_va, stack_va;
    uint64_t         nr_pt;
    /* Pseudo-physical frames. */
    uint64_t         region_pages, p2m_pfn, nr_p2m, initrd_pfn;
};

/* --- The kernel ------------------------------------------------------------------------- */

static void *scratch_alloc(void *ctx, size_t bytes) { return slab_alloc(bytes); }

static void scratch_free(void *ctx, void *p, size_t bytes) { slab_free(p); }

static unsigned int order_for(uint64_t bytes) { return order_of(DIV_ROUND_UP(bytes, PAGE_SIZE)); }

/* The kernel as an ELF file: the module itself, or what unpacks from it. */
static void kernel_file(struct dom0_build *b, const struct boot_module *m)
{
    const struct unpack_alloc mem = { scratch_alloc, scratch_free, NULL };
    const uint8_t *image = mfn_to_virt(paddr_to_mfn(m->start));
    const size_t len = m->end - m->start;
    const char *why = NULL;
    struct bzimage bz;
    int64_t n;

    b->file = image + (m->start & ~PAGE_MASK);
    b->file_len = len;
    if ( !bzimage_is(b->file, len) )
        return;
    if ( bzimage_find(b->file, len, &bz, &why) )
        panic("dom0 kernel: %s\n", why);
    if ( bz.is_plain ) {
        b->file = bz.payload;
        b->file_len = bz.payload_len;
        return;
    }
    b->unpacked_order = order_for(bz.unpacked_len);
    b->unpacked = b->unpacked_order <= HEAP_MAX_ORDER ? heap_alloc_pages(b->unpacked_order) : NULL;
    if ( !b->unpacked )
        panic("dom0 kernel: no memory to unpack %zu MiB; give the machine more\n", bz.unpacked_len >> 20);
    n = unpack(bz.payload, bz.payload_len, b->unpacked, bz.unpacked_len, &mem, &why);
    if ( n < 0 )
        panic("dom0 kernel: cannot unpack its %s payload: %s\n", unpack_format(bz.payload, bz.payload_len)
              ? unpack_format(bz.payload, bz.payload_len) : "unknown", why);
    b->file = b->unpacked;
    b->file_len = n;
}

static void kernel_parse(struct dom0_build *b)
{
    const char *why = NULL;

    if ( elf_parse(b->file, b->file_len, &b->elf, &why) ||
         elf_read_notes(&b->elf, &b->notes, &why) ||
         elf_plan_pv(&b->elf, &b->notes, HYP_VIRT_START, HYP_VIRT_END, &b->plan, &why) )
        panic("dom0 kernel (module 1): %s\n", why);
    log_info("dom0 kernel: %s %s, %#lx-%#lx, entry %#lx\n", b->notes.guest_os, b->notes.guest_version,
             b->plan.virt_start, b->plan.virt_end, b->notes.entry);
}

/* --- How much memory --------------------------------------------------------------------- */

static uint64_t amount(uint64_t bytes, bool minus, uint64_t avail)
{
    const uint64_t pages = bytes >> PAGE_SHIFT;

    if ( !minus )
        return pages;
    return pages < avail ? avail - pages : 0;
}

/* design: 10 % + 1 GiB by default; something always stays for the hypervisor's own needs. */
static void choose_size(struct dom0_build *b)
{
    const uint64_t initrd = DIV_ROUND_UP(b->initrd_len, PAGE_SIZE);
    const uint64_t total = heap_nr_free() + initrd + (b->unpacked ? 1UL << b->unpacked_order : 0);
    const uint64_t reserve = max(min(total / 16, 128 * MIB >> PAGE_SHIFT), 16 * MIB >> PAGE_SHIFT);
    const uint64_t avail = total > reserve ? total - reserve : 0;
    uint64_t nr = opt.dom0_mem.given ? amount(opt.dom0_mem.size, opt.dom0_mem.minus, avail)
                                     : total / 10 + (GIB >> PAGE_SHIFT);

    if ( opt.dom0_mem.min_given )
        nr = max(nr, amount(opt.dom0_mem.min, opt.dom0_mem.min_minus, avail));
    if ( opt.dom0_mem.max_given )
        nr = min(nr, amount(opt.dom0_mem.max, opt.dom0_mem.max_minus, avail));
    b->nr_pages = min(nr, avail);
    b->max_pages = opt.dom0_mem.max_given
                   ? max(b->nr_pages, amount(opt.dom0_mem.max, opt.dom0_mem.max_minus, avail)) : UINT32_MAX;
    if ( b->nr_pages < nr )
        log_warn("dom0_mem: %lu MiB wanted, %lu MiB is all there is for dom0\n", nr >> 8, b->nr_pages >> 8);
}

/* --- Where the pieces lie ---------------------------------------------------------------------- */

static uint64_t tables_for(uint64_t start, uint64_t end)
{
    uint64_t n = 0;

    for ( unsigned int shift = 21; shift <= 39; shift += 9 )
        n += ((end - 1) >> shift) - (start >> shift) + 1;
    return n;
}

static void choose_layout(struct dom0_build *b)
{
    const uint64_t p2m_bytes = ALIGN_UP(b->nr_pages * 8, PAGE_SIZE);
    uint64_t v = ALIGN_UP(b->plan.virt_end, PAGE_SIZE);

    b->virt_base = b->plan.virt_base;
    b->initrd_by_pfn = b->notes.mod_start_pfn != 0;
    b->p2m_apart = ELF_NOTE_PRESENT(&b->notes, XEN_ELFNOTE_INIT_P2M);
    if ( b->initrd_len && !b->initrd_by_pfn ) {
        b->initrd_va = v;
        v += ALIGN_UP(b->initrd_len, PAGE_SIZE);
    }
    b->p2m_va = b->notes.init_p2m;
    if ( !b->p2m_apart ) {
        b->p2m_va = v;
        v += p2m_bytes;
    }
    b->start_info_va = v;
    b->pt_va = v + PAGE_SIZE;
    for ( b->nr_pt = 4; ; b->nr_pt++ ) {
        b->stack_va = b->pt_va + b->nr_pt * PAGE_SIZE;
        b->virt_end = ALIGN_UP(b->stack_va + PAGE_SIZE, 4 * MIB);
        if ( b->virt_end - (b->stack_va + PAGE_SIZE) < 512 * 1024 )
            b->virt_end += 4 * MIB;
        if ( 1 + tables_for(b->virt_base, b->virt_end) <= b->nr_pt )
            break;
    }
    b->region_pages = (b->virt_end - b->virt_base) >> PAGE_SHIFT;
    b->p2m_pfn = b->region_pages;
    b->nr_p2m = 0;
    if ( b->p2m_apart )
        b->nr_p2m = (p2m_bytes >> PAGE_SHIFT) + tables_for(b->p2m_va, b->p2m_va + p2m_bytes);
    b->initrd_pfn = b->p2m_pfn + b->nr_p2m;
    if ( b->initrd_pfn + DIV_ROUND_UP(b->initrd_len, PAGE_SIZE) > b->nr_pages )
        panic("dom0: %lu MiB of memory are too little for its kernel and initrd, which need %lu MiB; "
              "raise dom0_mem or the machine's memory\n", b->nr_pages >> 8,
              (b->initrd_pfn >> 8) + (b->initrd_len >> 20) + 1);
}

/* --- Memory ------------------------------------------------------------------------------------------ */

static void set_pfn(struct dom0_build *b, uint64_t pfn, mfn_t mfn)
{
    b->p2m[pfn] = mfn.n;
    m2p_set(mfn, pfn);
}

/* The initrd's own pages become dom0's: nothing is copied. */
static uint64_t adopt_initrd(struct dom0_build *b)
{
    const uint64_t nr = DIV_ROUND_UP(b->initrd_len, PAGE_SIZE);

    for ( uint64_t i = 0; i < nr; i++ ) {
        const mfn_t mfn = mfn_add(b->initrd_mfn, i);

        page_assign(b->d, mfn, 0);
        set_pfn(b, b->initrd_pfn + i, mfn);
    }
    return nr;
}

/*
 * Frames for [pfn, end) that have none yet, in blocks as large as there are.  Those that are not
 * @clean have what lay there before: dom0, which may map any memory, learns nothing by it.
 */
static void allocate(struct dom0_build *b, uint64_t pfn, uint64_t end, bool clean)
{
    unsigned int order = HEAP_MAX_ORDER;

    while ( pfn < end ) {
        mfn_t mfn;

        while ( 1UL << order > end - pfn )
            order--;
        mfn = heap_alloc(order, 64, clean ? 0 : HEAP_NO_SCRUB);
        if ( mfn_eq(mfn, INVALID_MFN) ) {
            if ( order-- == 0 )
                panic("dom0: out of memory after %lu of %lu MiB; lower dom0_mem\n", pfn >> 8, b->nr_pages >> 8);
            continue;
        }
        page_assign(b->d, mfn, order);
        for ( uint64_t i = 0; i < 1UL << order; i++ )
            set_pfn(b, pfn + i, mfn_add(mfn, i));
        pfn += 1UL << order;
    }
}

static void *pfn_map(const struct dom0_build *b, uint64_t pfn) { return frame_map(MFN(b->p2m[pfn])); }

static uint64_t va_to_pfn(const struct dom0_build *b, uint64_t va)
{
    return (va - b->virt_base) >> PAGE_SHIFT;
}

static void copy_to_va(const struct dom0_build *b, uint64_t va, const uint8_t *src, uint64_t len)
{
    while ( len ) {
        const uint64_t n = min(len, PAGE_SIZE - (va & ~PAGE_MASK));
        uint8_t *p = pfn_map(b, va_to_pfn(b, va));

        memcpy(p + (va & ~PAGE_MASK), src, n);
        frame_unmap(p);
        va += n;
        src += n;
        len -= n;
    }
}

static void load_kernel(const struct dom0_build *b)
{
    for ( uint32_t i = 0; i < b->elf.nr_segments; i++ ) {
        const struct elf_segment *s = &b->elf.segment[i];

        copy_to_va(b, elf_segment_virt(&b->elf, &b->plan, i), b->elf.data + s->file_offset, s->file_len);
    }
    if ( b->initrd_len && !b->initrd_by_pfn )
        copy_to_va(b, b->initrd_va, mfn_to_virt(b->initrd_mfn), b->initrd_len);
    if ( ELF_NOTE_PRESENT(&b->notes, XEN_ELFNOTE_HYPERCALL_PAGE) ) {
        void *p = pfn_map(b, va_to_pfn(b, b->notes.hypercall_page));

        pv_hypercall_page(p);
        frame_unmap(p);
    }
}

/* The file and what was unpacked from it have served: their memory may be dom0's. */
static void release_kernel(struct dom0_build *b, const struct boot_module *m)
{
    const uint64_t first = DIV_ROUND_UP(m->start, PAGE_SIZE), end = m->end >> PAGE_SHIFT;

    heap_free_pages(b->unpacked, b->unpacked_order);
    b->unpacked = NULL;
    b->elf.data = NULL;
    if ( first < end )
        heap_add(MFN(first), MFN(end));
}

/* --- Page tables ---------------------------------------------------------------------------------------- */

/* The entry of level 1 for @va; missing tables are taken from @next_pfn on. */
static uint64_t *table_entry(struct dom0_build *b, uint64_t va, uint64_t *next_pfn)
{
    uint64_t *t = pfn_map(b, va_to_pfn(b, b->pt_va));

    for ( unsigned int shift = 39; shift > PAGE_SHIFT; shift -= 9 ) {
        uint64_t *e = &t[(va >> shift) & 511];

        if ( !*e ) {
            *e = b->p2m[*next_pfn] << PAGE_SHIFT | PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D;
            ++*next_pfn;
        }
        t = frame_map(MFN((*e & PTE_ADDR) >> PAGE_SHIFT));
    }
    return &t[(va >> PAGE_SHIFT) & 511];
}

static void build_tables(struct dom0_build *b)
{
    const uint64_t first_pt = va_to_pfn(b, b->pt_va);
    uint64_t next = first_pt + 1, p2m_next;

    for ( uint64_t pfn = 0; pfn < b->region_pages; pfn++ ) {
        const bool is_table = pfn - first_pt < b->nr_pt;

        *table_entry(b, b->virt_base + (pfn << PAGE_SHIFT), &next) =
            b->p2m[pfn] << PAGE_SHIFT | PTE_P | PTE_US | PTE_A | PTE_D | (is_table ? 0 : PTE_RW);
    }
    CHECK(next <= first_pt + b->nr_pt);
    if ( !b->p2m_apart )
        return;
    p2m_next = b->p2m_pfn + DIV_ROUND_UP(b->nr_pages * 8, PAGE_SIZE);
    for ( uint64_t i = 0; i < DIV_ROUND_UP(b->nr_pages * 8, PAGE_SIZE); i++ )
        *table_entry(b, b->p2m_va + i * PAGE_SIZE, &p2m_next) =
            b->p2m[b->p2m_pfn + i] << PAGE_SHIFT | PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_NX;
    CHECK(p2m_next <= b->p2m_pfn + b->nr_p2m);
}

static void write_p2m(const struct dom0_build *b)
{
    const uint64_t pfn = b->p2m_apart ? b->p2m_pfn : va_to_pfn(b, b->p2m_va);

    for ( uint64_t i = 0; i < b->nr_pages; i += 512 ) {
        uint64_t *p = pfn_map(b, pfn + i / 512);

        memcpy(p, &b->p2m[i], min(512UL, b->nr_pages - i) * 8);
        frame_unmap(p);
    }
}

/* --- start_info ----------------------------------------------------------------------------------------- */

static void video_info(const struct boot_info *info, struct dom0_vga_console_info *v)
{
    *v = info->video;
    if ( v->video_type ) {
        v->video_type = info->efi_system_table ? XEN_VGATYPE_EFI_LFB : XEN_VGATYPE_VESA_LFB;
        return;
    }
    v->video_type = XEN_VGATYPE_TEXT_MODE_3;
    v->u.text_mode_3.font_height = 16;
    v->u.text_mode_3.columns = 80;
    v->u.text_mode_3.rows = 25;
}

static void write_start_info(const struct dom0_build *b, const struct boot_info *info)
{
    struct start_info *si = pfn_map(b, va_to_pfn(b, b->start_info_va));

    strlcpy(si->magic, "xen-3.0-x86_64p", sizeof(si->magic));
    si->nr_pages = b->nr_pages;
    si->shared_info = mfn_to_paddr(b->d->shared_info_mfn);
    si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN | (b->initrd_by_pfn ? SIF_MOD_START_PFN : 0);
    si->console.dom0.info_off = sizeof(*si);
    si->console.dom0.info_size = sizeof(struct dom0_vga_console_info);
    video_info(info, (struct dom0_vga_console_info *)(si + 1));
    si->pt_base = b->pt_va;
    si->nr_pt_frames = b->nr_pt;
    si->mfn_list = b->p2m_va;
    if ( b->p2m_apart ) {
        si->first_p2m_pfn = b->p2m_pfn;
        si->nr_p2m_frames = b->nr_p2m;
    }
    if ( b->initrd_len ) {
        si->mod_start = b->initrd_by_pfn ? b->initrd_pfn : b->initrd_va;
        si->mod_len = b->initrd_len;
    }
    if ( strlen(info->modules[0].cmdline) >= sizeof(si->cmd_line) )
        log_warn("dom0 kernel: its command line is cut after %zu characters\n", sizeof(si->cmd_line) - 1);
    strlcpy((char *)si->cmd_line, info->modules[0].cmdline, sizeof(si->cmd_line));
    frame_unmap(si);
}

/* --- The machine's devices ----------------------------------------------------------------------------------- */

static void deny(struct rangeset *set, uint64_t first, uint64_t last)
{
    if ( rangeset_remove(set, first, last) )
        panic("dom0: no memory for its permissions\n");
}

/* Everything but what the hypervisor drives itself: interrupt controllers, PIT, its serial port. */
static void give_devices(struct domain *d)
{
    if ( rangeset_add(&d->iomem, 0, (1UL << (cpu.phys_bits - PAGE_SHIFT)) - 1) ||
         rangeset_add(&d->ioports, 0, 0xffff) || rangeset_add(&d->irqs, 0, irq_nr_gsi() - 1) )
        panic("dom0: no memory for its permissions\n");
    deny(&d->iomem, smp_trampoline_page >> PAGE_SHIFT, smp_trampoline_page >> PAGE_SHIFT);
    deny(&d->iomem, acpi.lapic_addr >> PAGE_SHIFT, acpi.lapic_addr >> PAGE_SHIFT);
    deny(&d->iomem, 0xfee00, 0xfeeff);
    for ( uint32_t i = 0; i < acpi.nr_ioapics; i++ )
        deny(&d->iomem, acpi.ioapics[i].addr >> PAGE_SHIFT, acpi.ioapics[i].addr >> PAGE_SHIFT);
    deny(&d->ioports, 0x20, 0x21);
    deny(&d->ioports, 0xa0, 0xa1);
    deny(&d->ioports, 0x40, 0x43);
    for ( unsigned int i = 0; i < 2; i++ ) {
        unsigned int irq;
        uint16_t port;

        if ( uart_resources(i, &port, &irq) ) {
            deny(&d->ioports, port, port + 7);
            if ( irq < irq_nr_gsi() )
                deny(&d->irqs, irq, irq);
        }
    }
}

/* --- Putting it together ------------------------------------------------------------------------------------------ */

static void create(struct dom0_build *b)
{
    struct xen_domctl_createdomain cfg = {
        .max_evtchn_port = UINT32_MAX, .max_grant_frames = -1, .max_maptrack_frames = -1,
    };
    int rc;

    cfg.max_vcpus = opt.dom0_max_vcpus ? opt.dom0_max_vcpus : nr_cpus;
    cfg.max_vcpus = min(max(min(cfg.max_vcpus, nr_cpus), max(opt.dom0_max_vcpus_min, 1U)), (uint32_t)MAX_VCPUS);
    rc = domain_create(0, &cfg, &pv_guest_ops, true, &b->d);
    if ( rc )
        panic("dom0: cannot be created (error %d)\n", rc);
    dom0 = b->d;
    b->d->max_pages = b->max_pages;
    for ( uint32_t i = 0; i < cfg.max_vcpus; i++ ) {
        rc = vcpu_create(b->d, i);
        if ( !rc && opt.dom0_vcpus_pin ) {
            uint64_t cpus[NR_CPUS / 64] = { 0 };

            set_bit(i % nr_cpus, cpus);
            rc = sched_set_affinity(b->d->vcpu[i], cpus, NULL);
        }
        if ( rc )
            panic("dom0: vCPU %u cannot be created (error %d)\n", i, rc);
    }
}

static void start_vcpu(struct dom0_build *b)
{
    struct vcpu_guest_context *c = slab_new(struct vcpu_guest_context);
    struct vcpu *v = b->d->vcpu[0];
    const mfn_t l4 = MFN(b->p2m[va_to_pfn(b, b->pt_va)]);
    int rc;

    if ( !c )
        panic("dom0: no memory for its first context\n");
    c->flags = VGCF_in_kernel | VGCF_online;
    c->user_regs.rip = b->notes.entry;
    c->user_regs.rsp = b->stack_va + PAGE_SIZE;
    c->user_regs.rsi = b->start_info_va;
    c->user_regs.rflags = FLAGS_IF;
    c->user_regs.cs = FLAT_KERNEL_CS;
    c->user_regs.ss = FLAT_KERNEL_SS;
    c->kernel_ss = FLAT_KERNEL_SS;
    c->kernel_sp = b->stack_va + PAGE_SIZE;
    c->ctrlreg[3] = mfn_to_paddr(l4);
    do {
        preempt_reset();
        rc = pv_pin(b->d, l4, FT_L4);
    } while ( rc == -XEN_ERESTART );
    if ( !rc )
        rc = pv_set_context(v, c);
    if ( rc )
        panic("dom0: its first page tables are refused (error %d)\n", rc);
    slab_free(c);
    atomic_or32(&v->flags, VCPUF_UP);
}

void dom0_start(const struct boot_info *info)
{
    struct dom0_build *b = slab_new(struct dom0_build);
    unsigned int p2m_order;

    if ( !b )
        panic("no memory to build dom0\n");
    if ( !info->nr_modules )
        panic("no dom0 kernel: the boot entry must load it as the first module (and its initrd as the second)\n");
    if ( info->modules[0].end <= info->modules[0].start )
        panic("dom0 kernel: the first module is empty\n");
    kernel_file(b, &info->modules[0]);
    kernel_parse(b);
    if ( info->nr_modules > 1 ) {
        b->initrd_mfn = paddr_to_mfn(info->modules[1].start);
        b->initrd_len = info->modules[1].end - info->modules[1].start;
    }
    choose_size(b);
    choose_layout(b);
    p2m_order = order_for(b->nr_pages * 8);
    b->p2m = p2m_order <= HEAP_MAX_ORDER ? heap_alloc_pages(p2m_order) : NULL;
    if ( !b->p2m )
        panic("dom0: no memory for its p2m list\n");
    create(b);
    give_devices(b->d);
    allocate(b, 0, b->initrd_pfn, true);
    load_kernel(b);
    release_kernel(b, &info->modules[0]);
    allocate(b, b->initrd_pfn + (b->initrd_by_pfn ? adopt_initrd(b) : 0), b->nr_pages, false);
    build_tables(b);
    write_p2m(b);
    write_start_info(b, info);
    start_vcpu(b);
    log_info("dom0: %lu MiB, %u vCPU%s\n", b->nr_pages >> 8, b->d->max_vcpus, b->d->max_vcpus == 1 ? "" : "s");

    heap_free_pages(b->p2m, p2m_order);
    b->d->creation_finished = true;
    b->d->ctl_pause_count = 0;
    domain_unpause(b->d);
    slab_free(b);
}
