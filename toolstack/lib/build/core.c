/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a domain's memory to a file: ELF-64, of type ET_CORE, without program headers, with
 * the sections .note.Xen, .xen_prstatus, .xen_shared_info, .xen_p2m and .xen_pages that crash
 * and gdbsx know.  Pages of zeros are holes in the file.  The domain is not paused.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xenabi/elfnote.h>

#include "build/core.h"
#include "ctx/domctl.h"
#include "ctx/foreign.h"
#include "ctx/sysctl.h"
#include "xenolith/domain.h"

#define PAGE            4096UL
#define BATCH           256UL           /* frames mapped at once */
#define MAGIC_PV        0xf00febedULL
#define FORMAT_VERSION  1

enum { S_NULL, S_STRINGS, S_NOTE, S_STATUS, S_SHARED, S_PAGES, S_P2M, S_COUNT };

static const char strings[] =
    "\0.shstrtab\0.note.Xen\0.xen_prstatus\0.xen_shared_info\0.xen_pages\0.xen_p2m";

struct note_header {            /* XEN_ELFNOTE_DUMPCORE_HEADER */
    uint64_t magic, nr_vcpus, nr_pages, page_size;
};

struct note_version {           /* XEN_ELFNOTE_DUMPCORE_XEN_VERSION */
    uint64_t major, minor;
    xen_extraversion_t extra;
    struct xen_compile_info compile;
    xen_capabilities_info_t capabilities;
    xen_changeset_info_t changeset;
    struct xen_platform_parameters platform;
    uint64_t page_size;
};
_Static_assert(sizeof(struct note_version) == 1280, "as the format has it");

struct dump {
    struct xn_ctx *ctx;
    uint32_t domid;
    const char *path;
    int fd;
    struct xn_domain info;
    struct core_frame *frames;
    size_t nr_frames;
    struct vcpu_guest_context *vcpus;
    size_t nr_vcpus;
    uint64_t at[S_COUNT], size[S_COUNT];
};

static int put(struct dump *d, const void *data, size_t size, uint64_t offset)
{
    const uint8_t *p = data;

    while ( size ) {
        const ssize_t n = pwrite(d->fd, p, size, (off_t)offset);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
            return xn_fail(d->ctx, n ? errno : EIO, "writing %s: %s", d->path,
                           strerror(n ? errno : EIO));
        p += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return 0;
}

/* What goes into the file. */

static int gather_vcpus(struct dump *d)
{
    const uint32_t nr = d->info.max_vcpu_id < 8192 ? d->info.max_vcpu_id + 1 : 1;
    int rc;

    d->vcpus = calloc(nr, sizeof(*d->vcpus));
    if ( !d->vcpus )
        return xn_fail(d->ctx, ENOMEM, "no memory");
    /* Those that the guest never set up have nothing to tell. */
    for ( uint32_t i = 0; i < nr; i++ ) {
        rc = hc_getvcpucontext(d->ctx, d->domid, i, &d->vcpus[d->nr_vcpus]);
        if ( !rc )
            d->nr_vcpus++;
        else if ( rc != -ESRCH && rc != -EINVAL && rc != -ENODATA )
            return rc;
    }
    xn_clear_error(d->ctx);
    return 0;
}

static int gather_version(struct xn_ctx *ctx, struct note_version *v)
{
    const struct {
        unsigned int cmd;
        void *to;
        size_t size;
    } parts[] = {
        { XENVER_extraversion, v->extra, sizeof(v->extra) },
        { XENVER_compile_info, &v->compile, sizeof(v->compile) },
        { XENVER_capabilities, v->capabilities, sizeof(v->capabilities) },
        { XENVER_changeset, v->changeset, sizeof(v->changeset) },
        { XENVER_platform_parameters, &v->platform, sizeof(v->platform) },
    };
    long rc = hc_xen_version(ctx, XENVER_version, NULL, 0);

    memset(v, 0, sizeof(*v));
    v->major = (uint64_t)rc >> 16;
    v->minor = (uint64_t)rc & 0xffff;
    v->page_size = PAGE;
    for ( size_t i = 0; rc >= 0 && i < sizeof(parts) / sizeof(parts[0]); i++ )
        rc = hc_xen_version(ctx, parts[i].cmd, parts[i].to, parts[i].size);
    return rc < 0 ? (int)rc : 0;
}

static size_t add_note(uint8_t *to, size_t at, uint32_t type, const void *desc, size_t size)
{
    const Elf64_Nhdr h = { .n_namesz = 4, .n_descsz = (uint32_t)size, .n_type = type };

    memcpy(to + at, &h, sizeof(h));
    memcpy(to + at + sizeof(h), "Xen", 4);
    memcpy(to + at + sizeof(h) + 4, desc, size);
    return at + sizeof(h) + 4 + size;
}

static int write_notes(struct dump *d)
{
    const struct note_header head = { MAGIC_PV, d->nr_vcpus, d->nr_frames, PAGE };
    const uint64_t format = FORMAT_VERSION;
    uint8_t notes[sizeof(head) + sizeof(struct note_version) + 128];
    struct note_version version;
    size_t n = 0;
    int rc = gather_version(d->ctx, &version);

    if ( rc )
        return rc;
    n = add_note(notes, n, XEN_ELFNOTE_DUMPCORE_NONE, &head, 0);
    n = add_note(notes, n, XEN_ELFNOTE_DUMPCORE_HEADER, &head, sizeof(head));
    n = add_note(notes, n, XEN_ELFNOTE_DUMPCORE_XEN_VERSION, &version, sizeof(version));
    n = add_note(notes, n, XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION, &format, sizeof(format));
    d->size[S_NOTE] = n;
    return put(d, notes, n, d->at[S_NOTE]);
}

static int write_shared_info(struct dump *d)
{
    void *page;
    int rc = hc_map(d->ctx, d->domid, PROT_READ, &d->info.shared_info_frame, 1, &page, NULL);

    if ( rc )
        return rc;
    rc = put(d, page, PAGE, d->at[S_SHARED]);
    hc_unmap(d->ctx, page, 1);
    return rc;
}

/* Pages. */

static bool is_zero(const uint8_t *page)
{
    const uint64_t *w = (const uint64_t *)page;

    for ( size_t i = 0; i < PAGE / 8; i += 4 )
        if ( w[i] | w[i + 1] | w[i + 2] | w[i + 3] )
            return false;
    return true;
}

/* n frames from number @first of the list on.  What cannot be mapped has gone by now: zeros. */
static int write_batch(struct dump *d, size_t first, size_t n)
{
    uint64_t mfns[BATCH];
    int errs[BATCH] = { 0 }, rc;
    uint8_t *pages;
    size_t run = 0;

    for ( size_t i = 0; i < n; i++ )
        mfns[i] = d->frames[first + i].mfn;
    rc = hc_map(d->ctx, d->domid, PROT_READ, mfns, n, (void **)&pages, errs);
    if ( rc )
        return rc;
    for ( size_t i = 0; !rc && i <= n; i++ ) {
        if ( i < n && !errs[i] && !is_zero(pages + i * PAGE) )
            continue;
        if ( i > run )
            rc = put(d, pages + run * PAGE, (i - run) * PAGE,
                     d->at[S_PAGES] + (first + run) * PAGE);
        run = i + 1;
    }
    hc_unmap(d->ctx, pages, n);
    return rc;
}

static int write_pages(struct dump *d)
{
    int rc = 0;

    for ( size_t i = 0; !rc && i < d->nr_frames; i += BATCH ) {
        xn_progress(d->ctx, "dumping memory", i * PAGE, d->nr_frames * PAGE);
        rc = write_batch(d, i, d->nr_frames - i < BATCH ? d->nr_frames - i : BATCH);
    }
    return rc;
}

/* The file. */

static void place_sections(struct dump *d)
{
    const size_t notes = 4 * (sizeof(Elf64_Nhdr) + 4) + sizeof(struct note_header) +
                         sizeof(struct note_version) + 8;
    uint64_t at = sizeof(Elf64_Ehdr) + S_COUNT * sizeof(Elf64_Shdr);

    d->size[S_STRINGS] = sizeof(strings);
    d->size[S_NOTE] = notes;
    d->size[S_STATUS] = d->nr_vcpus * sizeof(*d->vcpus);
    d->size[S_SHARED] = PAGE;
    d->size[S_P2M] = d->nr_frames * sizeof(*d->frames);
    d->size[S_PAGES] = d->nr_frames * PAGE;
    d->at[S_NOTE] = at;
    d->at[S_STATUS] = (at + notes + 7) & ~7ULL;
    d->at[S_SHARED] = d->at[S_STATUS] + d->size[S_STATUS];
    at = (d->at[S_SHARED] + PAGE + PAGE - 1) & ~(PAGE - 1);
    d->at[S_PAGES] = at;
    d->at[S_P2M] = at + d->size[S_PAGES];
    d->at[S_STRINGS] = d->at[S_P2M] + d->size[S_P2M];
}

static int write_headers(struct dump *d)
{
    const Elf64_Ehdr h = {
        .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT, 0, 1 },
        .e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
        .e_shoff = sizeof(h), .e_ehsize = sizeof(h),
        .e_phentsize = sizeof(Elf64_Phdr), .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = S_COUNT, .e_shstrndx = S_STRINGS,
    };
    static const Elf64_Word types[S_COUNT] = {
        SHT_NULL, SHT_STRTAB, SHT_NOTE, SHT_PROGBITS, SHT_PROGBITS, SHT_PROGBITS, SHT_PROGBITS,
    };
    const uint64_t entry[S_COUNT] = {
        [S_STATUS] = sizeof(*d->vcpus), [S_SHARED] = PAGE, [S_P2M] = sizeof(*d->frames),
        [S_PAGES] = PAGE,
    };
    Elf64_Shdr s[S_COUNT] = { 0 };
    Elf64_Word name = 1;
    int rc;

    for ( unsigned int i = 1; i < S_COUNT; i++ ) {
        s[i] = (Elf64_Shdr){
            .sh_name = name, .sh_type = types[i], .sh_offset = d->at[i], .sh_size = d->size[i],
            .sh_addralign = i == S_PAGES ? PAGE : i == S_STRINGS || i == S_NOTE ? 1 : 8,
            .sh_entsize = entry[i],
        };
        name += (Elf64_Word)strlen(strings + name) + 1;
    }
    rc = put(d, &h, sizeof(h), 0);
    return rc ? rc : put(d, s, sizeof(s), sizeof(h));
}

static int write_all(struct dump *d)
{
    int rc = gather_vcpus(d);

    if ( !rc )
        rc = core_frames(d->ctx, d->domid, &d->frames, &d->nr_frames);
    if ( rc )
        return rc;
    place_sections(d);
    rc = write_pages(d);
    if ( !rc )
        rc = put(d, d->frames, d->size[S_P2M], d->at[S_P2M]);
    if ( !rc )
        rc = put(d, strings, sizeof(strings), d->at[S_STRINGS]);
    if ( !rc )
        rc = put(d, d->vcpus, d->size[S_STATUS], d->at[S_STATUS]);
    if ( !rc )
        rc = write_shared_info(d);
    if ( !rc )
        rc = write_notes(d);
    /* Last, so that a dump that was cut short is no ELF file. */
    return rc ? rc : write_headers(d);
}

int xn_domain_dump_core(struct xn_ctx *ctx, uint32_t domid, const char *path)
{
    struct dump d = { .ctx = ctx, .domid = domid, .path = path, .fd = -1 };
    struct stat st;
    int rc = xn_domain_info(ctx, domid, &d.info);

    if ( rc )
        return rc;
    if ( d.info.hvm )
        return xn_fail(ctx, EOPNOTSUPP, "dumping HVM and PVH guests is not served yet");
    d.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
    if ( d.fd < 0 )
        return xn_fail(ctx, errno, "cannot write %s: %s", path, strerror(errno));
    rc = write_all(&d);
    free(d.frames);
    free(d.vcpus);
    if ( rc && !fstat(d.fd, &st) && S_ISREG(st.st_mode) )
        (void)unlink(path);
    if ( close(d.fd) && !rc )
        rc = xn_fail(ctx, errno, "writing %s: %s", path, strerror(errno));
    return rc ? xn_because(ctx, rc, "dumping domain %u", domid) : 0;
}
