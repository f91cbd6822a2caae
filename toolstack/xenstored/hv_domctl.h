/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one hypercall that the store makes itself.  Apart from hv_xen.c, as the libraries'
 * headers there and hypercall-abi here define the same names.
 */
#ifndef XENSTORED_HV_DOMCTL_H
#define XENSTORED_HV_DOMCTL_H

#include "hv.h"

#define HV_GRANT_XENSTORE 1u    /* GNTTAB_RESERVED_XENSTORE */
#define HV_VIRQ_DOM_EXC   3u    /* VIRQ_DOM_EXC */

bool must_check hv_domctl_init(void);
int must_check hv_domctl_info(uint16_t first, struct hv_domain *out);  /* like hv_next_domain */

#endif
