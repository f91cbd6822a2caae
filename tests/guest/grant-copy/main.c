/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GNTTABOP_copy between frames and grants of our own, and every bad range.
 * The real Xen refuses what crosses a page's end before it touches anything.
 */
#include "test.h"
#include <guest/grant.h>

static char *src, *dst;
static long src_ref, dst_ref, ro_ref;

static int copy(uint16_t so, uint16_t doff, uint16_t len, uint16_t flags, long sr, long dr)
{
    struct gnttab_copy c = {
        .source = { .domid = DOMID_SELF, .offset = so },
        .dest = { .domid = DOMID_SELF, .offset = doff },
        .len = len, .flags = flags, .status = 99,
    };

    if ( flags & GNTCOPY_source_gref )
        c.source.u.ref = sr;
    else
        c.source.u.gmfn = sr;
    if ( flags & GNTCOPY_dest_gref )
        c.dest.u.ref = dr;
    else
        c.dest.u.gmfn = dr;

    const long rc = hc_grant_table_op(GNTTABOP_copy, HC_PTR(&c), 1);

    return rc ? (int)rc * 1000 : c.status;
}

void test_main(void)
{
    src = mem_alloc_page();
    dst = mem_alloc_page();

    const uint64_t sm = mem_va_to_mfn(src), dm = mem_va_to_mfn(dst);

    EQ(grant_init(), 0);
    src_ref = grant_give(test_domid(), sm, false);
    dst_ref = grant_give(test_domid(), dm, false);
    ro_ref = grant_give(test_domid(), dm, true);
    for ( unsigned int i = 0; i < 4096; i++ )
        src[i] = i % 251;

    EQ(copy(0, 0, 4096, 0, sm, dm), 0);
    EQ(memcmp(src, dst, 4096), 0);
    memset(dst, 0, 4096);
    EQ(copy(100, 200, 1000, GNTCOPY_source_gref, src_ref, dm), 0);
    EQ(memcmp(src + 100, dst + 200, 1000), 0);
    EQ_ROW("nothing before", dst[199], 0);
    EQ_ROW("nothing after", dst[1200], 0);
    EQ(copy(0, 0, 16, GNTCOPY_dest_gref, sm, dst_ref), 0);
    EQ(memcmp(src, dst, 16), 0);
    EQ(copy(0, 4080, 16, GNTCOPY_source_gref | GNTCOPY_dest_gref, src_ref, dst_ref), 0);
    EQ(memcmp(src, dst + 4080, 16), 0);
    EQ(copy(5, 5, 0, 0, sm, dm), 0);

    EQ_ROW("source crosses", copy(4090, 0, 10, 0, sm, dm), GNTST_bad_copy_arg);
    EQ_ROW("destination crosses", copy(0, 4090, 10, 0, sm, dm), GNTST_bad_copy_arg);
    EQ_ROW("longer than a page", copy(0, 0, 4097, 0, sm, dm), GNTST_bad_copy_arg);
    EQ_ROW("offset beyond", copy(5000, 0, 1, 0, sm, dm), GNTST_bad_copy_arg);
    EQ_ROW("sum wraps", copy(0xffff, 0, 0xffff, 0, sm, dm), GNTST_bad_copy_arg);
    EQ_ROW("read-only grant", copy(0, 0, 8, GNTCOPY_dest_gref, sm, ro_ref) < 0, 1);
    EQ_ROW("unused grant", copy(0, 0, 8, GNTCOPY_source_gref, 2000, dm) < 0, 1);
    EQ_ROW("no such grant", copy(0, 0, 8, GNTCOPY_source_gref, 0x7fffffff, dm), GNTST_bad_gntref);
    EQ_ROW("frame of nobody", copy(0, 0, 8, 0, 0xfffffff, dm) < 0, 1);
    EQ_ROW("page table", copy(0, 0, 8, 0, sm, mem_va_to_mfn(mem_root())) < 0, 1);
    EQ(grant_table[src_ref].flags & (GTF_reading | GTF_writing), 0);
    EQ(grant_table[dst_ref].flags & (GTF_reading | GTF_writing), 0);
    EQ(grant_table[ro_ref].flags & (GTF_reading | GTF_writing), 0);
    EQ(hc_grant_table_op(GNTTABOP_copy, BAD_PTR, 1), -XEN_EFAULT);
}
