/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces by rtnetlink (libnl-route), and what sysfs says of them.
 */
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/dev.h"
#include "device/link.h"

bool link_name_good(const char *name)
{
    const size_t n = strlen(name);

    return n && n < IFNAMSIZ && strcmp(name, ".") && strcmp(name, "..") &&
           !strpbrk(name, "/: \t\n");
}

bool link_exists(const char *name)
{
    return link_name_good(name) && if_nametoindex(name) != 0;
}

static bool is_bridge(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%.60s/class/net/%.15s/bridge", dev_sysfs, name);
    return !access(path, F_OK);
}

static void list_bridges(char *text, size_t size)
{
    const struct dirent *e;
    char path[128];
    size_t at = 0;
    DIR *dir;

    text[0] = 0;
    snprintf(path, sizeof(path), "%.60s/class/net", dev_sysfs);
    dir = opendir(path);
    while ( dir && (e = readdir(dir)) && at + IFNAMSIZ + 3 < size )
        if ( e->d_name[0] != '.' && is_bridge(e->d_name) )
            at += (size_t)snprintf(text + at, size - at, "%s%s", at ? ", " : "", e->d_name);
    if ( dir )
        closedir(dir);
}

int link_check_bridge(struct xn_ctx *ctx, const char *bridge)
{
    char names[256];
    int rc;

    if ( link_name_good(bridge) && is_bridge(bridge) )
        return 0;
    if ( link_exists(bridge) )
        rc = xn_fail(ctx, ENODEV, "interface %s is no bridge", bridge);
    else
        rc = xn_fail(ctx, ENODEV, "there is no bridge %s", bridge);
    list_bridges(names, sizeof(names));
    if ( names[0] )
        xn_remedy(ctx, "give one with bridge=; there is: %s", names);
    else
        xn_remedy(ctx, "there is none at all: \"ip link add %s type bridge && ip link set %s up\""
                  " makes one", bridge, bridge);
    return rc;
}

unsigned int link_mtu(const char *name)
{
    unsigned int mtu = 0;
    char path[128];
    FILE *f;

    if ( !link_name_good(name) )
        return 0;
    snprintf(path, sizeof(path), "%.60s/class/net/%.15s/mtu", dev_sysfs, name);
    f = fopen(path, "re");
    if ( f ) {
        if ( fscanf(f, "%u", &mtu) != 1 )
            mtu = 0;
        fclose(f);
    }
    return mtu;
}

static int change(struct nl_sock *sock, unsigned int index, const char *new_name,
                  unsigned int master, unsigned int mtu)
{
    struct rtnl_link *link = rtnl_link_alloc(), *to = rtnl_link_alloc();
    int rc = -NLE_NOMEM;

    if ( link && to ) {
        rtnl_link_set_ifindex(link, (int)index);
        if ( new_name )
            rtnl_link_set_name(to, new_name);
        if ( mtu )
            rtnl_link_set_mtu(to, mtu);
        if ( master )
            rtnl_link_set_master(to, (int)master);
        rtnl_link_set_flags(to, IFF_UP);
        rc = rtnl_link_change(sock, link, to, 0);
    }
    if ( link )
        rtnl_link_put(link);
    if ( to )
        rtnl_link_put(to);
    return rc;
}

int link_set_up(struct xn_ctx *ctx, const char *name, const char *new_name, const char *bridge,
                unsigned int mtu)
{
    const unsigned int index = if_nametoindex(name);
    unsigned int master = 0;
    struct nl_sock *sock;
    int rc;

    if ( !index )
        return xn_fail(ctx, ENODEV, "there is no interface %s", name);
    if ( bridge ) {
        rc = link_check_bridge(ctx, bridge);
        if ( rc )
            return rc;
        master = if_nametoindex(bridge);
    }
    sock = nl_socket_alloc();
    if ( !sock )
        return xn_fail(ctx, ENOMEM, "out of memory");
    rc = nl_connect(sock, NETLINK_ROUTE);
    if ( !rc )
        rc = change(sock, index, new_name, master, mtu);
    nl_socket_free(sock);
    if ( rc )
        return xn_fail(ctx, EIO, "setting up interface %s%s%s%s%s: %s", name,
                       new_name ? " as " : "", new_name ? new_name : "",
                       bridge ? " on bridge " : "", bridge ? bridge : "", nl_geterror(rc));
    return 0;
}

void link_remove(struct xn_ctx *ctx, const char *name)
{
    struct nl_sock *sock = nl_socket_alloc();
    struct rtnl_link *link = rtnl_link_alloc();
    int rc = -NLE_NOMEM;

    if ( sock && link ) {
        rtnl_link_set_ifindex(link, (int)if_nametoindex(name));
        rc = nl_connect(sock, NETLINK_ROUTE);
        if ( !rc )
            rc = rtnl_link_delete(sock, link);
    }
    if ( rc && rc != -NLE_NODEV )
        xn_log(ctx, XN_WARN, "removing interface %s: %s", name, nl_geterror(rc));
    if ( link )
        rtnl_link_put(link);
    if ( sock )
        nl_socket_free(sock);
}
