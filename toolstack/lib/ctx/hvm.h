/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls about guests that the hardware virtualises.  See hypercall.h for what is common.
 */
#ifndef CTX_HVM_H
#define CTX_HVM_H

#include <xenabi/hvm/params.h>

#include "ctx/hypercall.h"

/* index: HVM_PARAM_* */
int hc_set_hvm_param(struct xn_ctx *ctx, uint32_t domid, uint32_t index, uint64_t value);
int hc_get_hvm_param(struct xn_ctx *ctx, uint32_t domid, uint32_t index, uint64_t *value);

/*
 * The records of xenabi/hvm/save.h.  get with a null buffer: *size is the room it needs; else
 * *size IN room, OUT bytes.
 */
int hc_gethvmcontext(struct xn_ctx *ctx, uint32_t domid, void *buffer, uint32_t *size);
int hc_sethvmcontext(struct xn_ctx *ctx, uint32_t domid, const void *buffer, uint32_t size);

/* Memory for the tables that translate the guest's addresses. */
int hc_set_paging_mempool(struct xn_ctx *ctx, uint32_t domid, uint64_t bytes);

#endif
