/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error numbers are the ABI's own (XEN_E*): a handler's rc goes to the guest as it is. */
#ifndef BASE_ERRNO_H
#define BASE_ERRNO_H

#include <xenabi/errno.h>

#endif
