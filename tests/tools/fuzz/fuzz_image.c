/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that the confined child does with a kernel image, unpackers included.  Whatever is taken
 * must be a description that a layout can be made of.
 */
#include <stdlib.h>

#include "build/layout.h"
#include "build/parse.h"

#define ROOM (2U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t unpacked[ROOM];
    const struct parse_output out = { .unpacked = unpacked, .room = ROOM };
    struct image_error e = { .text = "" };
    struct image_desc d;
    struct pv_layout l;

    if ( parse_image(data, size, &out, &d, &e) ) {
        if ( !e.text[0] )
            abort();                    /* refused without a reason */
        return 0;
    }
    if ( d.source == SOURCE_UNPACKED && d.unpacked_bytes > ROOM )
        abort();
    for ( uint32_t i = 0; i < d.nr_segments; i++ )
        if ( d.segment[i].offset + d.segment[i].filesz >
             (d.source == SOURCE_FILE ? size : d.unpacked_bytes) )
            abort();
    if ( !desc_check(&d, d.source == SOURCE_FILE ? size : d.unpacked_bytes, &e) &&
         !desc_check_use(&d, USE_PV, &e) )
        (void)layout_pv(&d, 1 << 16, size, &l, &e);
    return 0;
}
