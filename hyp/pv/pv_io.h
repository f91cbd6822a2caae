/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port I/O of PV guests; private to pv/. */
#ifndef PV_PV_IO_H
#define PV_PV_IO_H

#include "core/insn.h"
#include "core/vcpu.h"

enum pv_io_result { PV_IO_DONE, PV_IO_REFUSED, PV_IO_FAULTED };

/* True if the guest's own I/O privilege level allows port I/O in its present mode. */
bool pv_io_privileged(const struct vcpu *v);
/* IN and OUT.  Refused: #GP. */
enum pv_io_result pv_io(struct vcpu *v, const struct insn *in);
/* INS and OUTS, a bounded number of steps; @in->len is made 0 if more are to do.  Faulted: #PF was injected. */
enum pv_io_result pv_io_string(struct vcpu *v, struct insn *in);

#endif
