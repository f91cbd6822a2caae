/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A little user address space: one page each of code, stack and data. */
#include "user.h"
#include "test.h"

static void *code_page, *root;

static void *map_page(uint64_t va)
{
    void *page = mem_alloc_page();

    if ( !page || mem_map_in(root, va, mem_va_to_mfn(page), PTE_RW_PAGE) )
        test_error("cannot map a user page");
    return page;
}

void *user_root(void)
{
    return root;
}

void *user_setup(void)
{
    root = mem_alloc_page();
    if ( mem_make_readonly(root) || mem_pin(4, mem_va_to_mfn(root)) )
        test_error("cannot pin a user L4");
    code_page = map_page(USER_CODE);
    map_page(USER_STACK - PAGE_SIZE);

    void *data = map_page(USER_DATA);

    if ( mem_mmuext(MMUEXT_NEW_USER_BASEPTR, mem_va_to_mfn(root), 0) )
        test_error("cannot set the user page tables");
    return data;
}

struct trap_frame *user_run(const void *code, size_t size, uint64_t arg)
{
    struct trap_frame f = {
        .rip = USER_CODE, .cs = USER_CS, .ss = USER_SS, .rsp = USER_STACK, .rflags = 0x202,
        .rdi = arg,
    };

    memcpy(code_page, code, size);

    struct trap_frame *out = trap_run_user(&f);

    events_off();
    return out;
}
