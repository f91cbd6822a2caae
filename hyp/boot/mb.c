/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot information: the part that does not depend on the multiboot version. */
#include "boot/mb_priv.h"

int mb_keep_string(struct mb_parse *p, const char *s, size_t max, const char **to)
{
    struct boot_info *out = p->out;
    const size_t len = strnlen(s, max);

    if ( !range_ok(out->strings_used, len + 1, sizeof(out->strings)) ) {
        p->why = "boot loader: command lines are longer than 8 KiB together";
        return -XEN_ENOSPC;
    }

    char *copy = out->strings + out->strings_used;

    memcpy(copy, s, len);
    copy[len] = '\0';
    out->strings_used += len + 1;
    *to = copy;
    return 0;
}

int mb_add_module(struct mb_parse *p, uint64_t start, uint64_t end,
                  const char *cmdline, size_t max)
{
    struct boot_info *out = p->out;

    if ( out->nr_modules >= BOOT_MODULES_MAX ) {
        p->why = "boot loader: more than 16 modules";
        return -XEN_ENOSPC;
    }
    if ( start > end )
        return mb_fail(p, "boot loader: a module ends before it starts");

    struct boot_module *m = &out->modules[out->nr_modules];

    m->start = start;
    m->end = end;
    const int rc = mb_keep_string(p, cmdline, max, &m->cmdline);

    if ( !rc )
        out->nr_modules++;
    return rc;
}

int mb_add_memory(struct mb_parse *p, uint64_t addr, uint64_t size, uint32_t type)
{
    const int rc = e820_add(&p->out->memory, addr, size, type);

    if ( rc )
        p->why = "boot loader: memory map has more than 256 entries";
    return rc;
}

int mb_add_basic_memory(struct mb_parse *p, uint32_t lower_kib, uint32_t upper_kib)
{
    const int rc = mb_add_memory(p, 0, (uint64_t)lower_kib << 10, XEN_E820_RAM);

    return rc ? rc : mb_add_memory(p, 1UL << 20, (uint64_t)upper_kib << 10, XEN_E820_RAM);
}

void mb_set_video(struct mb_parse *p, uint64_t addr, uint32_t pitch, uint32_t width,
                  uint32_t height, uint8_t bpp, uint8_t type, const uint8_t *color)
{
    enum { FB_INDEXED, FB_RGB, FB_TEXT };

    /* Indexed colours are of no use here, and text is what there is without a frame buffer. */
    if ( type != FB_RGB )
        return;
    p->out->video = (struct dom0_vga_console_info){
        .video_type = XEN_VGATYPE_VESA_LFB,
        .u.vesa_lfb = {
            .width = width, .height = height, .bytes_per_line = pitch, .bits_per_pixel = bpp,
            .lfb_base = (uint32_t)addr, .ext_lfb_base = addr >> 32,
            .lfb_size = DIV_ROUND_UP((uint64_t)pitch * height, 65536),
            .red_pos = color[0], .red_size = color[1], .green_pos = color[2], .green_size = color[3],
            .blue_pos = color[4], .blue_size = color[5],
        },
    };
}

static const char *skip_spaces(const char *s)
{
    while ( *s == ' ' || *s == '\t' )
        s++;
    return s;
}

/* @s after its first word, and the spaces around it. */
static const char *skip_word(const char *s)
{
    s = skip_spaces(s);
    while ( *s && *s != ' ' && *s != '\t' )
        s++;
    return skip_spaces(s);
}

static bool first_word_is(const char *s, const char *word)
{
    const size_t n = strlen(word);

    return !strncmp(s, word, n) && (!s[n] || s[n] == ' ' || s[n] == '\t');
}

/*
 * Most loaders put the file's name in front of the options.  GRUB 2 does not, but
 * Debian's menu entries have the word "placeholder" there for old times' sake.
 */
static const char *strip_file_name(const char *cmdline, const char *loader)
{
    cmdline = skip_spaces(cmdline);
    if ( strncmp(loader, "GRUB 2", 6) != 0 || first_word_is(cmdline, "placeholder") )
        return skip_word(cmdline);
    return cmdline;
}

int boot_info_parse(uint32_t magic, uint64_t info, const struct boot_phys *phys,
                    struct boot_info *out, const char **why)
{
    struct mb_parse p = { .phys = phys, .out = out };
    int rc;

    memset(out, 0, sizeof(*out));
    out->loader = out->cmdline = "";

    if ( magic == MB1_LOADER_MAGIC )
        rc = mb1_parse(&p, info);
    else if ( magic == MB2_LOADER_MAGIC )
        rc = mb2_parse(&p, info);
    else
        rc = mb_fail(&p, "not started by a multiboot loader");
    if ( !rc && !out->memory.nr )
        rc = mb_fail(&p, "boot loader: no memory map given");
    if ( rc ) {
        *why = p.why;
        return rc;
    }

    out->cmdline = strip_file_name(out->cmdline, out->loader);
    for ( uint32_t i = 0; i < out->nr_modules; i++ )
        out->modules[i].cmdline = strip_file_name(out->modules[i].cmdline, out->loader);
    return 0;
}
