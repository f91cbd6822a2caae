/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl.cfg, xl.conf and the specifications of devices.  The first byte says which.
 */
#include "config_host.h"
#include "fuzz.h"

static void one_specification(unsigned int which, const char *text)
{
    struct xn_findings f = { 0 };
    struct xn_channel ch;
    struct xn_disk d;
    struct xn_nic n;
    struct xn_pci p;
    uint32_t number;

    switch ( which ) {
    case 0:
        xn_config_parse_disk(&d, &f, text);
        xn_disk_free(&d);
        break;
    case 1:
        xn_config_parse_nic(&n, &f, text);
        xn_nic_free(&n);
        break;
    case 2:
        xn_config_parse_pci(&p, &f, text);
        xn_pci_free(&p);
        break;
    case 3:
        xn_config_parse_channel(&ch, &f, text);
        xn_channel_free(&ch);
        break;
    default:
        xn_vdev_number(text, &number);
    }
    xn_findings_free(&f);
}

static void whole(struct xn_ctx *ctx, const char *text, size_t length)
{
    struct xn_domain_config c;
    struct xn_findings f = { 0 };

    if ( !xn_config_parse(&c, &f, "fuzz", text, length, NULL) ) {
        xn_config_served(ctx, &c);
        write_both(ctx, &c);
    }
    xn_config_free(&c);
    xn_findings_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xn_findings f = { 0 };
    struct xn_ctx *ctx;
    char *text;

    if ( size < 1 )
        return 0;
    ctx = xn_ctx_new();
    xn_set_log(ctx, XN_ERROR, quiet, NULL);
    text = strndup((const char *)data + 1, size - 1);
    if ( data[0] >= '0' && data[0] <= '4' ) {
        one_specification(data[0] - '0', text);
    } else if ( data[0] == '5' ) {
        struct xn_defaults d;

        xn_defaults_init(&d);
        xn_defaults_parse(&d, &f, (const char *)data + 1, size - 1);
        xn_defaults_free(&d);
        xn_findings_free(&f);
    } else {
        whole(ctx, (const char *)data, size);
    }
    free(text);
    xn_ctx_free(ctx);
    return 0;
}
