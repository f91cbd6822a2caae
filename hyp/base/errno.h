/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error numbers are the ABI's own (XEN_E*): a handler's rc goes to the guest as it is. */
#pragma once

#include <xenabi/errno.h>
