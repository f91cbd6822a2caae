/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ACPI tables of a PVH guest: it has local APICs and nothing else (ACPI 6.4, "hardware-
 * reduced").  Pure.
 */
#ifndef BUILD_ACPI_H
#define BUILD_ACPI_H

#include <stddef.h>
#include <stdint.h>

/* How many bytes acpi_build needs at most. */
size_t acpi_bytes(uint32_t nr_vcpus);

/* Write the tables for guest-physical address gpa; the RSDP is the first.  Returns the bytes. */
size_t acpi_build(uint8_t *to, uint64_t gpa, uint32_t nr_vcpus);

#endif
