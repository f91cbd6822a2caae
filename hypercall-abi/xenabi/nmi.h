/* SPDX-License-Identifier: MIT */
/*
 * nmi_op: the NMI callback of dom0, and the reasons in arch_shared_info.nmi_reason.
 */
#ifndef XENABI_NMI_H
#define XENABI_NMI_H

#include <xenabi/types.h>

#define XENNMI_register_callback    0
#define XENNMI_unregister_callback  1

#define XEN_NMIREASON_io_error      (1UL << 0)
#define XEN_NMIREASON_pci_serr      (1UL << 1)
#define XEN_NMIREASON_unknown       (1UL << 2)

struct xennmi_callback {
    uint64_t handler_address;
    uint64_t pad;
};
ABI_SIZE(xennmi_callback, 16);

#endif
