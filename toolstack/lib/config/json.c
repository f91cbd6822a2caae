/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxl's JSON form of a domain's configuration: what xl create -n and xl list -l print and
 * what is kept of a running domain.  What is read and not known (devices that are not served,
 * of a domain that Xen's xl made) is kept as it is and written again.
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
    if ( a != XN_ACTION_DESTROY )
        jo_text(o, key, action_words[a]);
}

static void read_action(struct json_object *o, const char *key, enum xn_action *a)
{
    const char *word;

    *a = XN_ACTION_DESTROY;
    if ( !json_get_text(o, key, &word) )
        return;
    for ( size_t i = 0; i < sizeof(action_words) / sizeof(action_words[0]); i++ )
        if ( !strcmp(word, action_words[i]) )
            *a = i;
}

/* What this file and json_devices.c read and write at the top. */
static const char *const known[] = {
    "disks", "nics", "pcidevs", "channels", "on_poweroff", "on_reboot", "on_watchdog", "on_crash",
    "on_soft_reset", NULL
};

/* Behind the rest: devices and the like that were read from JSON and are not known here. */
static void write_rest(struct json_out *o, struct json_object *rest)
{
    if ( !rest )
        return;
    json_object_object_foreach(rest, name, value)
        if ( strcmp(name, "c_info") && strcmp(name, "b_info") )
            jo_value(o, name, value);
}

/* Keep what is not known, so that it is not lost when the configuration is written again. */
static void keep_rest(struct xn_domain_config *c, struct json_object *o)
{
    json_drop_known(o);
    for ( size_t i = 0; known[i]; i++ )
        json_object_object_del(o, known[i]);
    cfg_replace(&c->json_rest,
                cfg_strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN)));
}

int xn_config_to_json(struct xn_ctx *ctx, const struct xn_domain_config *c, char **json)
{
    struct json_object *rest = c->json_rest ? json_tokener_parse(c->json_rest) : NULL;
    struct json_out o = { 0 };

    jo_open(&o, NULL, '{');
    json_write_info(&o, ctx, c, rest);
    json_write_devices(&o, c);
    write_action(&o, "on_poweroff", c->on_poweroff);
    write_action(&o, "on_reboot", c->on_reboot);
    write_action(&o, "on_watchdog", c->on_watchdog);
    write_action(&o, "on_crash", c->on_crash);
    write_action(&o, "on_soft_reset", c->on_soft_reset);
    write_rest(&o, rest);
    jo_close(&o, '}');
    json_object_put(rest);
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
    if ( !t )
        return xn_fail(ctx, ENOMEM, "out of memory");
    if ( length > CFG_TEXT_MAX )
        rc = xn_fail(ctx, EFBIG, "JSON: more than %u bytes", CFG_TEXT_MAX);
    else
        o = json_tokener_parse_ex(t, json, length + 1);
    if ( !rc && json_tokener_get_error(t) != json_tokener_success )
        rc = xn_fail(ctx, EINVAL, "JSON: %s at byte %zu",
                     json_tokener_error_desc(json_tokener_get_error(t)),
                     (size_t)json_tokener_get_parse_end(t));
    else if ( !rc && json[json_tokener_get_parse_end(t) +
                         strspn(json + json_tokener_get_parse_end(t), " \t\r\n")] )
        rc = xn_fail(ctx, EINVAL, "JSON: something follows at byte %zu",
                     (size_t)json_tokener_get_parse_end(t));
    else if ( !rc && !json_get(o, "c_info", json_type_object) )
        rc = xn_fail(ctx, EINVAL, "JSON: this is no domain's configuration: it has no \"c_info\"");
    if ( !rc ) {
        json_read_info(c, o);
        json_read_devices(c, o);
        read_action(o, "on_poweroff", &c->on_poweroff);
        read_action(o, "on_reboot", &c->on_reboot);
        read_action(o, "on_watchdog", &c->on_watchdog);
        read_action(o, "on_crash", &c->on_crash);
        read_action(o, "on_soft_reset", &c->on_soft_reset);
        keep_rest(c, o);
    }
    json_object_put(o);
    json_tokener_free(t);
    return rc;
}
