/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * multicall: results in place, errors do not stop the rest, unknown numbers
 * and nesting are refused entry by entry.  The real Xen answers as here.
 */
#include "test.h"
#include <xenabi/sched.h>

static struct multicall_entry c[300];

void test_main(void)
{
    c[0].op = __HYPERVISOR_xen_version;
    c[1].op = 11;
    c[2].op = __HYPERVISOR_sched_op;
    c[2].args[0] = SCHEDOP_yield;
    c[3].op = __HYPERVISOR_xen_version;
    c[3].args[0] = 99;
    c[4].op = ~0ul;
    c[5].op = __HYPERVISOR_xen_version;
    EQ(hc_multicall(HC_PTR(c), 6), 0);
    EQ(c[0].result, (4 << 16) | 17);
    EQ(c[1].result, -XEN_ENOSYS);
    EQ(c[2].result, 0);
    EQ(c[3].result, -XEN_ENOSYS);
    EQ(c[4].result, -XEN_ENOSYS);
    EQ(c[5].result, (4 << 16) | 17);

    EQ(hc_multicall(HC_PTR(c), 0), 0);
    EQ(hc_multicall(BAD_PTR, 1), -XEN_EFAULT);
    EQ(hc_multicall(HOLE_PTR, 1), -XEN_EFAULT);
    EQ(hc_multicall(BAD_PTR, ~0ul) < 0, 1);

    /* Nested. */
    c[1].op = __HYPERVISOR_multicall;
    c[1].args[0] = HC_PTR(&c[5]);
    c[1].args[1] = 1;
    c[1].result = 1;
    {
        const long rc = hc_multicall(HC_PTR(c), 2);

        EQ_ROW("refused, as a whole or its entry", rc == -XEN_EINVAL ||
               (long)c[1].result == -XEN_EINVAL, 1);
    }

    /* Page-table updates in one go: two mappings change places. */
    char *a = mem_alloc_page(), *b = mem_alloc_page();

    a[0] = 'a';
    b[0] = 'b';
    memset(c, 0, sizeof(c));
    for ( unsigned int i = 0; i < 2; i++ ) {
        c[i].op = __HYPERVISOR_update_va_mapping;
        c[i].args[0] = HC_PTR(i ? b : a);
        c[i].args[1] = mem_make_pte(mem_va_to_mfn(i ? a : b), PTE_RW_PAGE);
        c[i].args[2] = UVMF_INVLPG;
    }
    EQ(hc_multicall(HC_PTR(c), 2), 0);
    EQ(c[0].result, 0);
    EQ(c[1].result, 0);
    EQ(*(volatile char *)a, 'b');
    EQ(*(volatile char *)b, 'a');

    for ( unsigned int i = 0; i < ARRAY_SIZE(c); i++ )
        c[i] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version, .result = 1 };
    EQ(hc_multicall(HC_PTR(c), ARRAY_SIZE(c)), 0);
    EQ(c[ARRAY_SIZE(c) - 1].result, (4 << 16) | 17);

    /* An array whose end is not there: those before it are done. */
    char *page = mem_alloc_page();
    struct multicall_entry *last = (void *)(page + 4096 - sizeof(*last));

    void *next = mem_alloc_page();

    if ( (char *)next == page + 4096 ) {
        EQ(hc_update_va_mapping(HC_PTR(next), 0, UVMF_INVLPG), 0);
        last->op = __HYPERVISOR_xen_version;
        EQ(hc_multicall(HC_PTR(last), 2), -XEN_EFAULT);
    }
}
