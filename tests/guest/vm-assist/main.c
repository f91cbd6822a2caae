/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm_assist: the types Linux asks for are taken, the real Xen refuses unknown ones. */
#include "test.h"

void test_main(void)
{
    static const uint32_t known[] = {
        VMASST_TYPE_4gb_segments, VMASST_TYPE_writable_pagetables, VMASST_TYPE_pae_extended_cr3,
        VMASST_TYPE_runstate_update_flag,
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(known); i++ ) {
        /* Answers are ignored by Linux: 0, or a clean refusal. */
        EQ(hc_vm_assist(VMASST_CMD_enable, known[i]) <= 0, 1);
        EQ(hc_vm_assist(VMASST_CMD_disable, known[i]) <= 0, 1);
    }
    EQ(hc_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables), 0);
    EQ(hc_vm_assist(VMASST_CMD_enable, 63), -XEN_EINVAL);
    EQ(hc_vm_assist(VMASST_CMD_enable, 64), -XEN_EINVAL);
    EQ(hc_vm_assist(VMASST_CMD_enable, ~0u), -XEN_EINVAL);
    EQ(hc_vm_assist(2, 0), -XEN_ENOSYS);
}
