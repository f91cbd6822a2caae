/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What mb.c, mb1.c and mb2.c share; not for anyone else. */
#pragma once

#include "base/le.h"
#include "base/string.h"
#include "boot/mb.h"

struct mb_parse {
    const struct boot_phys *phys;
    struct boot_info *out;
    const char *why;
};

int must_check mb1_parse(struct mb_parse *p, uint64_t info);
int must_check mb2_parse(struct mb_parse *p, uint64_t info);

/* Copy the text of at most @max bytes (NUL or not) into the result; sets *@to. */
int must_check mb_keep_string(struct mb_parse *p, const char *s, size_t max, const char **to);
int must_check mb_add_module(struct mb_parse *p, uint64_t start, uint64_t end,
                             const char *cmdline, size_t max);
int must_check mb_add_memory(struct mb_parse *p, uint64_t addr, uint64_t size, uint32_t type);
/* From "KiB below 1 MiB" and "KiB above", for loaders that give no map. */
int must_check mb_add_basic_memory(struct mb_parse *p, uint32_t lower_kib, uint32_t upper_kib);

/* @color: the six bytes of an RGB framebuffer's colour description. */
void mb_set_video(struct mb_parse *p, uint64_t addr, uint32_t pitch, uint32_t width,
                  uint32_t height, uint8_t bpp, uint8_t type, const uint8_t *color);

static inline int must_check mb_fail(struct mb_parse *p, const char *why)
{
    p->why = why;
    return -XEN_EINVAL;
}

static inline const void *mb_at(const struct mb_parse *p, uint64_t addr, size_t len)
{
    return p->phys->at(p->phys->ctx, addr, len);
}
