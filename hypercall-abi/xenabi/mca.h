/* SPDX-License-Identifier: MIT */
/*
 * mca: machine checks as dom0 asks about them.  Numbers only.
 */
#ifndef XENABI_MCA_H
#define XENABI_MCA_H

#define XEN_MCA_INTERFACE_VERSION   0x01ecc003

#define XEN_MC_fetch                1
#define XEN_MC_notifydomain         2
#define XEN_MC_physcpuinfo          3
#define XEN_MC_msrinject            4
#define XEN_MC_mceinject            5
#define XEN_MC_inject_v2            6

#define XEN_MC_OK                   0x0
#define XEN_MC_FETCHFAILED          0x1
#define XEN_MC_NODATA               0x2
#define XEN_MC_NOMATCH              0x4
#define XEN_MC_CANNOTHANDLE         0x8
#define XEN_MC_NOTDELIVERED         0x10

#endif
