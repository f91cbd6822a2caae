/* SPDX-License-Identifier: MIT */
/*
 * xsm_op: the security module's commands, as libxl probes them.  Numbers only.
 */
#ifndef XENABI_XSM_H
#define XENABI_XSM_H

#define XEN_FLASK_INTERFACE_VERSION     1

#define FLASK_LOAD                      1
#define FLASK_GETENFORCE                2
#define FLASK_SETENFORCE                3
#define FLASK_CONTEXT_TO_SID            4
#define FLASK_SID_TO_CONTEXT            5
#define FLASK_ACCESS                    6

#endif
