/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names, ids, UUIDs and times of domains: vm-list, domid, domname, uptime, rename.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "show.h"
#include "xl.h"

int cmd_vm_list(int argc, char **argv)
{
    struct xn_domain *list;
    struct json j;
    bool json = false;
    size_t n;
    int c;

    while ( (c = xl_getopt(argc, argv)) != -1 )
        json |= c == OPT_JSON;
    if ( xl_domains(NULL, 0, &list, &n) )
        return XL_FAILED;
    json_init(&j, stdout);
    if ( json )
        json_open(&j, NULL, '[');
    else
        printf("UUID                                  ID    name\n");
    for ( size_t i = 0; i < n; i++ ) {
        char *name = json ? xl_name(list[i].domid) : xl_shown_name(list[i].domid), uuid[37];

        xl_uuid_text(list[i].uuid, uuid);
        if ( json ) {
            json_open(&j, NULL, '{');
            json_string(&j, "uuid", uuid);
            json_uint(&j, "domid", list[i].domid);
            json_string(&j, "name", name);
            json_close(&j);
        } else {
            printf("%s  %u    %-30s\n", uuid, list[i].domid, name);
        }
        free(name);
    }
    if ( json )
        json_close(&j);
    free(list);
    return XL_OK;
}

/* One value alone, or as {"domid": ..., "name": ...}. */
static void print_pair(bool json, uint32_t domid, const char *name, bool want_id)
{
    struct json j;

    if ( !json ) {
        if ( want_id )
            printf("%u\n", domid);
        else
            printf("%s\n", name);
        return;
    }
    json_init(&j, stdout);
    json_open(&j, NULL, '{');
    json_uint(&j, "domid", domid);
    json_string(&j, "name", name);
    json_close(&j);
}

/* A name, not an id: a domain that is called "5" is found, and id 5 is not. */
static int find_name(const char *name, uint32_t *domid)
{
    struct xn_domain *list;
    bool found = false;
    size_t n;

    if ( xl_domains(NULL, 0, &list, &n) )
        return XL_FAILED;
    for ( size_t i = 0; i < n && !found; i++ ) {
        char *it = xl_name(list[i].domid);

        found = it && !strcmp(it, name);
        *domid = list[i].domid;
        free(it);
    }
    free(list);
    return found ? XL_OK : xl_error("%s: %s: no domain has this name; xl list shows those "
                                    "that there are", name, xl.command->name);
}

int cmd_domid(int argc, char **argv)
{
    bool json = false;
    uint32_t domid = 0;
    int c;

    while ( (c = xl_getopt(argc, argv)) != -1 )
        json |= c == OPT_JSON;
    if ( find_name(argv[optind], &domid) )
        return XL_FAILED;
    print_pair(json, domid, argv[optind], true);
    return XL_OK;
}

int cmd_domname(int argc, char **argv)
{
    bool json = false;
    long domid;
    char *name;
    int c;

    while ( (c = xl_getopt(argc, argv)) != -1 )
        json |= c == OPT_JSON;
    if ( !xl_number(argv[optind], 0, UINT16_MAX, &domid) )
        return xl_error("%s: domname: not a domain's id; it is a number", argv[optind]);
    name = xl_name((uint32_t)domid);
    if ( !name )
        return xl_error("%ld: domname: no domain with this id has a name; xl list shows those "
                        "that there are", domid);
    print_pair(json, (uint32_t)domid, name, false);
    free(name);
    return XL_OK;
}

int cmd_rename(int argc, char **argv)
{
    uint32_t domid;

    xl_no_options(argc, argv);
    if ( xl_find(argv[optind], &domid) )
        return XL_FAILED;
    if ( !*argv[optind + 1] )
        return xl_error("%s: rename: the new name is empty", argv[optind]);
    if ( xl.dry_run ) {
        printf("domain %u would be renamed to %s\n", domid, argv[optind + 1]);
        return XL_OK;
    }
    if ( xn_domain_rename(xl_ctx(), domid, argv[optind + 1]) )
        return xl_failed(argv[optind], "rename");
    return XL_OK;
}

static void print_uptime(const struct xn_domain *d, bool is_short, struct json *j)
{
    char *name = j ? xl_name(d->domid) : xl_shown_name(d->domid), up[40] = "?";
    uint64_t seconds = 0;
    bool known = !xn_domain_uptime(xl_ctx(), d->domid, &seconds);

    if ( j ) {
        json_open(j, NULL, '{');
        json_string(j, "name", name);
        json_uint(j, "domid", d->domid);
        if ( known )
            json_uint(j, "uptime_seconds", seconds);
        json_close(j);
    } else if ( is_short ) {
        time_t now = time(NULL);
        struct tm tm;

        localtime_r(&now, &tm);
        if ( known )
            show_uptime(seconds, up, sizeof(up));
        if ( known )
            up[strlen(up) - 3] = 0;         /* no seconds */
        printf(" %02d:%02d:%02d up %s, %s (%u)\n", tm.tm_hour, tm.tm_min, tm.tm_sec, up, name,
               d->domid);
    } else {
        if ( known )
            show_uptime(seconds, up, sizeof(up));
        printf("%-33s %4u %s\n", name, d->domid, up);
    }
    free(name);
}

int cmd_uptime(int argc, char **argv)
{
    bool is_short = false, json = false;
    struct xn_domain *list;
    struct json j;
    size_t n;
    int c;

    while ( (c = xl_getopt(argc, argv)) != -1 ) {
        is_short |= c == 's';
        json |= c == OPT_JSON;
    }
    if ( xl_domains(argv + optind, argc - optind, &list, &n) )
        return XL_FAILED;
    json_init(&j, stdout);
    if ( json )
        json_open(&j, NULL, '[');
    else if ( !is_short )
        printf("Name                                ID Uptime\n");
    for ( size_t i = 0; i < n; i++ )
        print_uptime(&list[i], is_short, json ? &j : NULL);
    if ( json )
        json_close(&j);
    free(list);
    return XL_OK;
}
