/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device models: who claims which ports and memory of a hardware guest, and how they are asked.
 * Calls that create, change or ask about servers want the domain's domctl_lock held.
 */
#pragma once

#include "hvm/hvm_vcpu.h"

/* Ask the one that claims @req, or put a write into its ring.  IO_WAIT: hvm_io_resume will be called. */
enum hvm_io_result ioreq_send(struct vcpu *v, struct ioreq *req);
