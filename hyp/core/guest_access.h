/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only ways to the current guest's memory by its own addresses.  Ranges are
 * checked against the hypervisor's slots; a fault ends the copy.  True is success.
 * Anything read here is a private copy: read once, then decide.
 */
#ifndef CORE_GUEST_ACCESS_H
#define CORE_GUEST_ACCESS_H

#include "base/types.h"
#include "base/compiler.h"

/* True if [va, va + len) keeps out of the hypervisor's addresses.  Safe for any values. */
bool guest_range_ok(guest_ptr_t va, uint64_t len);

bool must_check copy_from_guest(void *dst, guest_ptr_t src, size_t len);
bool must_check copy_to_guest(guest_ptr_t dst, const void *src, size_t len);
bool must_check clear_guest(guest_ptr_t dst, size_t len);

/* Element @i of an array of @size-byte elements at @base; no overflow is possible. */
bool must_check copy_from_guest_index(void *dst, guest_ptr_t base, uint64_t i, size_t size);
bool must_check copy_to_guest_index(guest_ptr_t base, uint64_t i, const void *src, size_t size);

#endif
