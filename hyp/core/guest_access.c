/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Range checks before the guarded copies of entry/entry.S. */
#include "core/guest_access.h"
#include "base/string.h"
#include "core/guest_ops.h"
#include "cpu/extable.h"

bool guest_slow_range(void) { return current->hvm; }

/* Where @va is in the arguments of the 32-bit call that runs, or NULL. */
static uint8_t *compat_at(guest_ptr_t va, size_t len)
{
    return current->compat_args && range_ok(va - COMPAT_BASE, len, COMPAT_BYTES)
           ? (uint8_t *)current->compat_args + (va - COMPAT_BASE) : NULL;
}

bool guest_slow_in(void *dst, guest_ptr_t src, size_t len)
{
    const uint8_t *const own = compat_at(src, len);

    if ( own ) {
        memcpy(dst, own, len);
        return true;
    }
    return current->hvm && current->domain->ops->copy_in(dst, src, len);
}

bool guest_slow_out(guest_ptr_t dst, const void *src, size_t len)
{
    uint8_t *const own = compat_at(dst, len);

    if ( own ) {
        memcpy(own, src, len);
        return true;
    }
    return current->hvm && current->domain->ops->copy_out(dst, src, len);
}

bool (copy_from_guest)(void *dst, guest_ptr_t src, size_t len)
{
    return likely(guest_is_direct(src, len)) ? guest_copy_raw(dst, (const void *)src, len)
                                             : guest_slow_in(dst, src, len);
}

bool (copy_to_guest)(guest_ptr_t dst, const void *src, size_t len)
{
    return likely(guest_is_direct(dst, len)) ? guest_copy_raw((void *)dst, src, len)
                                             : guest_slow_out(dst, src, len);
}

bool clear_guest(guest_ptr_t dst, size_t len)
{
    static const uint8_t zeros[256];

    if ( likely(guest_is_direct(dst, len)) )
        return guest_zero_raw((void *)dst, len);
    for ( size_t n; len; dst += n, len -= n ) {
        n = min(len, sizeof(zeros));
        if ( !guest_slow_out(dst, zeros, n) )
            return false;
    }
    return true;
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
