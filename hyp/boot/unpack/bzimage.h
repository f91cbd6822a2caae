/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linux's bzImage: where the real kernel is in it (Linux x86 boot protocol, 2.08 on). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct bzimage {
    const uint8_t *payload;
    size_t payload_len;
    size_t unpacked_len;            /* bytes that unpacking will give */
    bool is_plain;                  /* the payload is an ELF, not compressed */
};

/* Does it start like a bzImage?  (An ELF kernel does not.) */
bool bzimage_is(const void *image, size_t len);

/* 0, or -XEN_EINVAL with *@why set to a static text. */
int must_check bzimage_find(const void *image, size_t len, struct bzimage *out,
                            const char **why);
