/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RSDP, XSDT, FADT, MADT and a DSDT that has a device for each vCPU.
 *
 * A vCPU's APIC id is twice its number, as everywhere in this ABI; its ACPI id is its number.
 */
#include <stdio.h>
#include <string.h>

#include "build/acpi.h"

#define HEADER          36          /* bytes that all tables begin with */
#define RSDP_BYTES      36
#define FADT_BYTES      268         /* revision 5 */
#define DEVICE_BYTES    32          /* a vCPU in the DSDT */
#define LAPIC_BYTES     8
#define X2APIC_BYTES    16
#define LAPIC_GPA       0xfee00000U
#define MAX_XAPIC_ID    254

/* FADT */
#define BOOT_NO_VGA     (1 << 2)
#define BOOT_NO_RTC     (1 << 5)
#define FLAG_WBINVD     (1 << 0)
#define FLAG_REDUCED    (1 << 20)

struct out {
    uint8_t *to;
    uint64_t gpa;
    size_t at;
};

static void put(struct out *o, uint64_t value, unsigned int bytes)
{
    for ( unsigned int i = 0; i < bytes; i++ )
        o->to[o->at++] = (uint8_t)(value >> 8 * i);
}

static void put_text(struct out *o, const char *text, size_t bytes)
{
    memcpy(o->to + o->at, text, bytes);
    o->at += bytes;
}

static void poke(struct out *o, size_t at, uint64_t value, unsigned int bytes)
{
    struct out there = { o->to, o->gpa, at };

    put(&there, value, bytes);
}

/* What makes these bytes add up to 0. */
static uint8_t checksum(const uint8_t *p, size_t bytes)
{
    uint8_t sum = 0;

    while ( bytes-- )
        sum += *p++;
    return (uint8_t)-sum;
}

/* Tables begin at multiples of 16 bytes.  Returns where; finish() fills in the rest. */
static size_t begin(struct out *o, const char *signature, uint8_t revision)
{
    size_t start;

    while ( o->at % 16 )
        put(o, 0, 1);
    start = o->at;
    put_text(o, signature, 4);
    put(o, 0, 4);
    put(o, revision, 1);
    put(o, 0, 1);
    put_text(o, "XENLTH", 6);
    put_text(o, "XENOLITH", 8);
    put(o, 1, 4);
    put_text(o, "XNLT", 4);
    put(o, 1, 4);
    return start;
}

static uint64_t finish(struct out *o, size_t start)
{
    poke(o, start + 4, o->at - start, 4);
    o->to[start + 9] = checksum(o->to + start, o->at - start);
    return o->gpa + start;
}

static void put_device(struct out *o, uint32_t vcpu)
{
    static const char hex[] = "0123456789ABCDEF";
    const char name[4] = { 'P', hex[vcpu >> 8 & 15], hex[vcpu >> 4 & 15], hex[vcpu & 15] };

    put(o, 0x825b, 2);                          /* Device */
    put(o, DEVICE_BYTES - 2, 1);                /* its length from here on */
    put_text(o, name, 4);
    put(o, 0x08, 1);                            /* Name */
    put_text(o, "_HID", 4);
    put(o, 0x0d, 1);                            /* a string */
    put_text(o, "ACPI0007", 9);
    put(o, 0x08, 1);
    put_text(o, "_UID", 4);
    put(o, 0x0c, 1);                            /* a double word */
    put(o, vcpu, 4);
}

static uint64_t dsdt(struct out *o, uint32_t nr_vcpus)
{
    const size_t start = begin(o, "DSDT", 2);
    const size_t length = 4 + 5 + (size_t)nr_vcpus * DEVICE_BYTES;

    put(o, 0x10, 1);                            /* Scope, with a length of four bytes */
    put(o, 0xc0 | (length & 15), 1);
    put(o, length >> 4, 3);
    put_text(o, "\\_SB_", 5);
    for ( uint32_t i = 0; i < nr_vcpus; i++ )
        put_device(o, i);
    return finish(o, start);
}

static uint64_t fadt(struct out *o, uint64_t dsdt_gpa)
{
    const size_t start = begin(o, "FACP", 5);

    memset(o->to + o->at, 0, FADT_BYTES - HEADER);
    poke(o, start + 40, dsdt_gpa, 4);
    poke(o, start + 109, BOOT_NO_VGA | BOOT_NO_RTC, 2);
    poke(o, start + 112, FLAG_WBINVD | FLAG_REDUCED, 4);
    poke(o, start + 131, 1, 1);                 /* revision 5.1 */
    poke(o, start + 140, dsdt_gpa, 8);
    o->at = start + FADT_BYTES;
    return finish(o, start);
}

static uint64_t madt(struct out *o, uint32_t nr_vcpus)
{
    const size_t start = begin(o, "APIC", 3);

    put(o, LAPIC_GPA, 4);
    put(o, 0, 4);                               /* no 8259 */
    for ( uint32_t i = 0; i < nr_vcpus; i++ ) {
        const uint32_t id = 2 * i;

        if ( id <= MAX_XAPIC_ID ) {
            put(o, 0 | LAPIC_BYTES << 8, 2);
            put(o, i, 1);
            put(o, id, 1);
            put(o, 1, 4);                       /* enabled */
        } else {
            put(o, 9 | X2APIC_BYTES << 8, 2);
            put(o, 0, 2);
            put(o, id, 4);
            put(o, 1, 4);
            put(o, i, 4);
        }
    }
    return finish(o, start);
}

size_t acpi_bytes(uint32_t nr_vcpus)
{
    return 1024 + (size_t)nr_vcpus * (DEVICE_BYTES + X2APIC_BYTES);
}

size_t acpi_build(uint8_t *to, uint64_t gpa, uint32_t nr_vcpus)
{
    struct out o = { to, gpa, 48 };             /* behind the RSDP */
    const uint64_t fadt_gpa = fadt(&o, dsdt(&o, nr_vcpus));
    const uint64_t madt_gpa = madt(&o, nr_vcpus);
    const size_t start = begin(&o, "XSDT", 1);
    uint64_t xsdt_gpa;
    size_t end;

    put(&o, fadt_gpa, 8);
    put(&o, madt_gpa, 8);
    xsdt_gpa = finish(&o, start);
    end = o.at;
    memset(to, 0, 48);
    o.at = 0;
    put_text(&o, "RSD PTR ", 8);
    put(&o, 0, 1);
    put_text(&o, "XENLTH", 6);
    put(&o, 2, 1);
    put(&o, 0, 4);
    put(&o, RSDP_BYTES, 4);
    put(&o, xsdt_gpa, 8);
    to[8] = checksum(to, 20);
    to[32] = checksum(to, RSDP_BYTES);
    return end;
}
