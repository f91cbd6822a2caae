/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Included before everything in host builds: the hypervisor's functions that the C library
 * has too, but with other behaviour, get names of their own.
 */
#ifndef FAKE_HOST_NAMES_H
#define FAKE_HOST_NAMES_H

#define snprintf    hyp_snprintf
#define vsnprintf   hyp_vsnprintf
#define strlcpy     hyp_strlcpy

#endif
