/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Xen notes of a kernel (xenabi/elfnote.h): where it wants to be and what it can do.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include <xenabi/elfnote.h>

#include "build/parse.h"

static uint64_t number(const uint8_t *p, size_t size)
{
    uint64_t v = 0;

    memcpy(&v, p, size < 8 ? size : 8);
    return v;
}

/* A string that need not end; what does not print becomes '?'. */
static void text(char *to, size_t room, const uint8_t *p, size_t size)
{
    size_t n = strnlen((const char *)p, size);

    if ( n > room - 1 )
        n = room - 1;
    for ( size_t i = 0; i < n; i++ )
        to[i] = p[i] >= ' ' && p[i] < 127 ? (char)p[i] : '?';
    to[n] = '\0';
}

static bool is_text(const uint8_t *p, size_t size, const char *want)
{
    const size_t n = strlen(want);

    return size >= n && !memcmp(p, want, n) && (size == n || !p[n]);
}

static int feature(const char *name, size_t len, bool required, struct image_desc *d,
                   struct image_error *e)
{
    for ( unsigned int i = 0; desc_feature_name(i); i++ ) {
        if ( strlen(desc_feature_name(i)) != len || memcmp(desc_feature_name(i), name, len) )
            continue;
        d->supported |= 1ULL << i;
        if ( required )
            d->required |= 1ULL << i;
        return 0;
    }
    if ( required )
        return image_refuse(e, "it insists on a feature that is not known here: %.*s",
                            len > 48 ? 48 : (int)len, name);
    return 0;
}

/* "a|b|!c": names, those with '!' insisted on. */
static int features(const uint8_t *p, size_t size, struct image_desc *d, struct image_error *e)
{
    char list[512];
    int rc = 0;

    text(list, sizeof(list), p, size);
    for ( const char *c = list; !rc && *c; ) {
        const bool required = *c == '!';
        const size_t len = strcspn(c + required, "|");

        if ( len )
            rc = feature(c + required, len, required, d, e);
        c += required + len;
        c += *c == '|';
    }
    return rc;
}

static int xen_note(uint32_t type, const uint8_t *p, size_t size, struct elf_notes *n,
                    struct image_error *e)
{
    struct image_desc *const d = n->d;

    switch ( type ) {
    case XEN_ELFNOTE_ENTRY:
        d->entry = number(p, size);
        d->notes |= NOTE_ENTRY;
        break;
    case XEN_ELFNOTE_HYPERCALL_PAGE:
        d->hypercall_page = number(p, size);
        d->notes |= NOTE_HYPERCALL_PAGE;
        break;
    case XEN_ELFNOTE_VIRT_BASE:
        d->virt_base = number(p, size);
        d->notes |= NOTE_VIRT_BASE;
        break;
    case XEN_ELFNOTE_INIT_P2M:
        d->init_p2m = number(p, size);
        d->notes |= NOTE_INIT_P2M;
        break;
    case XEN_ELFNOTE_MOD_START_PFN:
        if ( number(p, size) )
            d->notes |= NOTE_MOD_START_PFN;
        break;
    case XEN_ELFNOTE_PHYS32_ENTRY:
        d->phys32_entry = number(p, size);
        d->notes |= NOTE_PHYS32_ENTRY;
        return 0;                                   /* says nothing about PV */
    case XEN_ELFNOTE_PADDR_OFFSET:
        d->paddr_offset = number(p, size);
        break;
    case XEN_ELFNOTE_SUSPEND_CANCEL:
        d->suspend_cancel = number(p, size) != 0;
        break;
    case XEN_ELFNOTE_SUPPORTED_FEATURES:
        d->supported |= number(p, size);
        break;
    case XEN_ELFNOTE_FEATURES:
        n->found++;
        return features(p, size, d, e);
    case XEN_ELFNOTE_XEN_VERSION:
        if ( !is_text(p, size, "xen-3.0") )
            return image_refuse(e, "it is for another interface than xen-3.0");
        break;
    case XEN_ELFNOTE_LOADER:
        if ( !is_text(p, size, "generic") )
            return image_refuse(e, "it asks for another loader than \"generic\"");
        break;
    case XEN_ELFNOTE_GUEST_OS:
        text(d->guest_os, sizeof(d->guest_os), p, size);
        break;
    case XEN_ELFNOTE_GUEST_VERSION:
        text(d->guest_version, sizeof(d->guest_version), p, size);
        break;
    default:
        return 0;
    }
    n->found++;
    return 0;
}

int parse_notes(const uint8_t *p, size_t size, struct elf_notes *n, struct image_error *e)
{
    int rc = 0;

    while ( !rc && size >= sizeof(Elf64_Nhdr) ) {
        Elf64_Nhdr h;
        size_t name, desc;

        memcpy(&h, p, sizeof(h));
        p += sizeof(h);
        size -= sizeof(h);
        name = ((size_t)h.n_namesz + 3) & ~(size_t)3;
        desc = ((size_t)h.n_descsz + 3) & ~(size_t)3;
        if ( name > size || h.n_descsz > size - name )
            return image_refuse(e, "an ELF file whose notes are garbage");
        if ( h.n_namesz == 4 && !memcmp(p, "Xen", 4) )
            rc = xen_note(h.n_type, p + name, h.n_descsz, n, e);
        if ( desc > size - name )
            break;                                  /* the last one's padding may be missing */
        p += name + desc;
        size -= name + desc;
    }
    return rc;
}
