/* SPDX-License-Identifier: MIT */
/*
 * Scalar types of the Xen ABI on x86-64, and the asserts that pin layouts.
 *
 * Every structure in this folder is made of fixed-width members only: no pointers, enums or
 * bit-fields, so a layout is what it looks like.  Usable freestanding and in user space.
 */
#ifndef XENABI_TYPES_H
#define XENABI_TYPES_H

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/* A virtual address in the caller's address space; never to be dereferenced as it is. */
typedef uint64_t guest_ptr_t;

typedef uint16_t domid_t;
typedef uint64_t xen_pfn_t;             /* frame number: address >> 12 */
typedef uint64_t xen_ulong_t;
typedef uint64_t xen_callback_t;        /* linear address of a guest entry point */
typedef uint32_t evtchn_port_t;
typedef uint32_t grant_ref_t;
typedef uint32_t grant_handle_t;
typedef uint8_t  xen_domain_handle_t[16];   /* UUID, big-endian byte order */

/* Fail the build when struct @name is not @size bytes, or @field not at byte @off. */
#define ABI_SIZE(name, size) \
    _Static_assert(sizeof(struct name) == (size), "ABI size of struct " #name)
#define ABI_USIZE(name, size) \
    _Static_assert(sizeof(union name) == (size), "ABI size of union " #name)
#define ABI_OFFSET(name, field, off) \
    _Static_assert(offsetof(struct name, field) == (off), "ABI offset of " #name "." #field)

#endif /* !__ASSEMBLER__ */
#endif
