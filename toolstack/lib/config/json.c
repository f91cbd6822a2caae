/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxl's JSON form of a domain's configuration: what xl create -n and xl list -l print and
 * what is kept of a running domain.  Reading takes what it knows and leaves the rest.
 */
#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How libxl calls the actions. */
static const char *const action_words[] = {
    [XN_ACTION_DESTROY] = "destroy", [XN_ACTION_RESTART] = "restart",
    [XN_ACTION_RENAME_RESTART] = "restart_rename", [XN_ACTION_PRESERVE] = "preserve",
    [XN_ACTION_COREDUMP_DESTROY] = "coredump_destroy",
    [XN_ACTION_COREDUMP_RESTART] = "coredump_restart", [XN_ACTION_SOFT_RESET] = "soft_reset",
};

/* "destroy" is the default of each and not written. */
static void write_action(struct json_out *o, const char *key, enum xn_action a)
{
    if (a != XN_ACTION_DESTROY)
        jo_text(o, key, action_words[a]);
}

static void read_action(struct json_object *o, const char *key, enum xn_action *a)
{
    const char *word;

    *a = XN_ACTION_DESTROY;
    if (!json_get_text(o, key, &word))
        return;
    for (size_t i = 0; i < sizeof(action_words) / sizeof(action_words[0]); i++)
        if (!strcmp(word, action_words[i]))
            *a = i;
}

int xn_config_to_json(struct xn_ctx *ctx, const struct xn_domain_config *c, char **json)
{
    struct json_out o = { 0 };

    jo_open(&o, NULL, '{');
    json_write_info(&o, ctx, c);
    json_write_devices(&o, c);
    write_action(&o, "on_poweroff", c->on_poweroff);
    write_action(&o, "on_reboot", c->on_reboot);
    write_action(&o, "on_watchdog", c->on_watchdog);
    write_action(&o, "on_crash", c->on_crash);
    write_action(&o, "on_soft_reset", c->on_soft_reset);
    jo_close(&o, '}');
    *json = o.text;
    return 0;
}

#define DEPTH_MAX   32

int xn_config_from_json(struct xn_ctx *ctx, struct xn_domain_config *c, const char *json)
{
    struct json_tokener *t = json_tokener_new_ex(DEPTH_MAX);
    size_t length = strlen(json);
    struct json_object *o = NULL;
    int rc = 0;

    xn_config_init(c);
    if (!t)
        return xn_fail(ctx, ENOMEM, "out of memory");
    if (length > CFG_TEXT_MAX)
        rc = xn_fail(ctx, EFBIG, "JSON: more than %u bytes", CFG_TEXT_MAX);
    else
        o = json_tokener_parse_ex(t, json, length + 1);
    if (!rc && json_tokener_get_error(t) != json_tokener_success)
        rc = xn_fail(ctx, EINVAL, "JSON: %s at byte %zu",
                     json_tokener_error_desc(json_tokener_get_error(t)),
                     (size_t)json_tokener_get_parse_end(t));
    else if (!rc && !json_get(o, "c_info", json_type_object))
        rc = xn_fail(ctx, EINVAL, "JSON: this is no domain's configuration: it has no \"c_info\"");
    if (!rc) {
        json_read_info(c, o);
        json_read_devices(c, o);
        read_action(o, "on_poweroff", &c->on_poweroff);
        read_action(o, "on_reboot", &c->on_reboot);
        read_action(o, "on_watchdog", &c->on_watchdog);
        read_action(o, "on_crash", &c->on_crash);
        read_action(o, "on_soft_reset", &c->on_soft_reset);
    }
    json_object_put(o);
    json_tokener_free(t);
    return rc;
}
