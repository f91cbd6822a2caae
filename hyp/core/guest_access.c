/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Range checks before the guarded copies of entry/entry.S. */
#include "core/guest_access.h"
#include "base/bits.h"
#include "config.h"
#include "cpu/extable.h"

bool (copy_from_guest)(void *dst, guest_ptr_t src, size_t len)
{
    return guest_range_ok(src, len) && guest_copy_raw(dst, (const void *)src, len);
}

bool (copy_to_guest)(guest_ptr_t dst, const void *src, size_t len)
{
    return guest_range_ok(dst, len) && guest_copy_raw((void *)dst, src, len);
}

bool clear_guest(guest_ptr_t dst, size_t len)
{
    return guest_range_ok(dst, len) && guest_zero_raw((void *)dst, len);
}

bool copy_from_guest_index(void *dst, guest_ptr_t base, uint64_t i, size_t size)
{
    uint64_t off;

    if ( __builtin_mul_overflow(i, size, &off) || __builtin_add_overflow(base, off, &base) )
        return false;
    return copy_from_guest(dst, base, size);
}

bool copy_to_guest_index(guest_ptr_t base, uint64_t i, const void *src, size_t size)
{
    uint64_t off;

    if ( __builtin_mul_overflow(i, size, &off) || __builtin_add_overflow(base, off, &base) )
        return false;
    return copy_to_guest(base, src, size);
}
