/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x86 branch filter that xz puts before LZMA2 for executables. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Turn call and jump targets in @buf back from absolute to relative.  @buf is a whole block. */
void bcj_x86_decode(uint8_t *buf, size_t len, uint32_t start_offset);
