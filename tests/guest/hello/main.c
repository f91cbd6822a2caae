/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start of day: a kernel of ours is built, entered and can print and end.
 * The real Xen fills start_info as checked here; a hardware guest's is the runtime's own.
 * pvh: yes
 */
#include "test.h"

void test_main(void)
{
    console_printf("hello: %s, %lu pages, flags %#x, command line '%s'\n", start_info->magic,
                   start_info->nr_pages, start_info->flags, start_info->cmd_line);
    CHECK(start_info->nr_pages > 1024);
    CHECK((start_info->pt_base & 4095) == 0);
    CHECK(shared_info != NULL);
    CHECK(mem_mfn_to_pfn(mem_va_to_mfn(start_info)) == mem_va_to_pfn(start_info));
    if ( guest_is_pv() ) {
        CHECK(memcmp(start_info->magic, "xen-3.0-x86_64", 14) == 0);
        CHECK(start_info->nr_pt_frames >= 4);
        CHECK((start_info->shared_info & 4095) == 0);
    } else {
        CHECK(memcmp(start_info->magic, "hvm", 4) == 0);
        CHECK(strstr((const char *)start_info->cmd_line, "type=pvh") != NULL);
    }
    EQ(smp_id(), 0);
}
