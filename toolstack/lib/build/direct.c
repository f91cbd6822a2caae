/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels that the firmware starts without a disk.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "build/direct.h"
#include "build/image.h"
#include "build/le.h"

/* Offsets in the header. */
#define SETUP_SECTS     0x1f1
#define BOOT_FLAG       0x1fe
#define HEADER_MAGIC    0x202
#define PROTOCOL        0x206
#define LOAD_FLAGS      0x211
#define RAMDISK_IMAGE   0x218
#define RAMDISK_SIZE    0x21c
#define RELOCATABLE     0x234
#define RAMDISK_MAX     0x22c
#define PREF_ADDRESS    0x258
#define INIT_SIZE       0x260

#define LOADED_HIGH     1
#define MIN_PROTOCOL    0x20a           /* the first with a preferred address and a size */

#define MIB             (1ULL << 20)
#define LOWEST          (16 * MIB)      /* hvmloader works below this */
#define FIRMWARES       (16 * MIB)      /* SeaBIOS works in the last of low memory */
#define LARGE_PAGE      (2 * MIB)

bool direct_place(const uint8_t head[DIRECT_HEAD], uint64_t low_end, struct direct *d)
{
    const uint32_t sectors = head[SETUP_SECTS] ? head[SETUP_SECTS] : 4;
    uint64_t end;

    if ( le16(head + BOOT_FLAG) != 0xaa55 || memcmp(head + HEADER_MAGIC, "HdrS", 4) ||
         le16(head + PROTOCOL) < MIN_PROTOCOL || !(head[LOAD_FLAGS] & LOADED_HIGH) ||
         !head[RELOCATABLE] )
        return false;
    d->setup_bytes = (sectors + 1) * 512;
    d->kernel_gpa = le64(head + PREF_ADDRESS);
    if ( d->kernel.size <= d->setup_bytes || low_end < FIRMWARES ||
         d->kernel_gpa < LOWEST || d->kernel_gpa > low_end )
        return false;
    end = d->kernel.size - d->setup_bytes;
    if ( end < le32(head + INIT_SIZE) )
        end = le32(head + INIT_SIZE);
    if ( end > low_end )
        return false;
    d->ramdisk_gpa = (d->kernel_gpa + end + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    end = low_end - FIRMWARES;
    return d->ramdisk_gpa <= end && d->ramdisk.size <= end - d->ramdisk_gpa &&
           (!d->ramdisk.size || d->ramdisk_gpa + d->ramdisk.size - 1 <= le32(head + RAMDISK_MAX));
}

int direct_open(struct xn_ctx *ctx, const char *kernel, const char *ramdisk, uint64_t low_end,
                struct direct *d)
{
    uint8_t head[DIRECT_HEAD];
    int rc;

    d->kernel.fd = d->ramdisk.fd = -1;
    if ( !kernel )
        return 0;
    rc = ramdisk_open(ctx, "kernel", kernel, &d->kernel);
    if ( !rc )
        rc = ramdisk_open(ctx, "ramdisk", ramdisk, &d->ramdisk);
    if ( !rc && d->kernel.size >= sizeof(head) ) {
        rc = image_read(ctx, d->kernel.name, d->kernel.fd, head, sizeof(head), 0);
        /* QEMU's multiboot loader would wait for ever for a kind of DMA that it does not have under Xen. */
        if ( !rc && !memcmp(head, "\177ELF", 4) )
            rc = xn_fail(ctx, EINVAL, "%s: an ELF file: in an HVM guest only GRUB can start it, from a disk or a CD "
                         "(or try type=\"pvh\")", d->kernel.name);
        if ( rc || direct_place(head, low_end, d) )
            return rc;
    }
    direct_close(d);
    return rc;
}

void direct_close(struct direct *d)
{
    ramdisk_close(&d->kernel);
    ramdisk_close(&d->ramdisk);
    d->kernel.fd = d->ramdisk.fd = -1;
}

/*
 * Entered by the real-mode part with boot_params' address in ESI, EAX free.  The ramdisk's
 * place is told here since the device model's loader would write its own over it.
 */
static size_t put_code(uint8_t *p, const struct direct *d)
{
    const struct {
        uint8_t opcode[6];
        uint8_t length;
        uint64_t value;
    } code[] = {
        { { 0xc7, 0x86, RAMDISK_IMAGE & 0xff, RAMDISK_IMAGE >> 8 }, 6,    /* movl $, image(%esi) */
          d->ramdisk.size ? d->ramdisk_gpa : 0 },
        { { 0xc7, 0x86, RAMDISK_SIZE & 0xff, RAMDISK_SIZE >> 8 }, 6, d->ramdisk.size },
        { { 0xb8 }, 1, d->kernel_gpa },                                   /* movl $, %eax */
    };
    size_t at = 0;

    for ( size_t i = 0; i < sizeof(code) / sizeof(code[0]); i++ ) {
        const uint32_t value = (uint32_t)code[i].value;

        memcpy(p + at, code[i].opcode, code[i].length);
        memcpy(p + at + code[i].length, &value, sizeof(value));
        at += code[i].length + sizeof(value);
    }
    memcpy(p + at, (uint8_t[]){ 0xff, 0xe0 }, 2);                         /* jmp *%eax */
    return at + 2;
}

int direct_stub(struct xn_ctx *ctx, const struct direct *d)
{
    const size_t size = d->setup_bytes + DIRECT_STUB;
    uint8_t *p = calloc(1, size);
    int rc, fd = -1;

    if ( !p )
        return xn_fail(ctx, ENOMEM, "no memory");
    rc = image_read(ctx, d->kernel.name, d->kernel.fd, p, d->setup_bytes, 0);
    if ( !rc ) {
        (void)put_code(p + d->setup_bytes, d);
        fd = memfd_create("xenolith-kernel", MFD_CLOEXEC);
        if ( fd < 0 || write(fd, p, size) != (ssize_t)size )
            rc = xn_fail(ctx, errno, "a file for the device model: %s", strerror(errno));
    }
    free(p);
    if ( rc && fd >= 0 )
        close(fd);
    return rc ? rc : fd;
}
