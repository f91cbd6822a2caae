/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a configuration from a file, in whichever of the three languages it is, and what
 * of it can be served.
 */
#include "cfg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The whole file, with a NUL behind; "-" is the standard input. */
int cfg_read_file(struct xn_ctx *ctx, const char *path, char **text, size_t *length)
{
    int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(0), rc = 0;
    struct stat st;
    ssize_t n;

    if ( fd < 0 )
        return xn_fail(ctx, errno, "%s: %s", path, strerror(errno));
    if ( fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ) {
        close(fd);
        return xn_fail(ctx, EISDIR, "%s: this is a directory: expected a configuration file",
                       path);
    }
    *length = 0;
    *text = malloc(CFG_TEXT_MAX + 2);
    if ( !*text )
        rc = xn_fail(ctx, ENOMEM, "%s: out of memory", path);
    while ( !rc && *length <= CFG_TEXT_MAX ) {
        n = read(fd, *text + *length, CFG_TEXT_MAX + 1 - *length);
        if ( n < 0 && errno != EINTR )
            rc = xn_fail(ctx, errno, "%s: %s", path, strerror(errno));
        else if ( n == 0 )
            break;
        else if ( n > 0 )
            *length += n;
    }
    close(fd);
    if ( !rc && *length > CFG_TEXT_MAX )
        rc = xn_fail(ctx, EFBIG, "%s: larger than %u bytes: this is no configuration", path,
                     CFG_TEXT_MAX);
    if ( rc ) {
        free(*text);
        *text = NULL;
        return rc;
    }
    (*text)[*length] = '\0';
    return 0;
}

int xn_config_load(struct xn_ctx *ctx, struct xn_domain_config *c, struct xn_findings *f,
                   const char *path, const char *extra)
{
    size_t length, start;
    char *text;
    int rc;

    xn_config_init(c);
    rc = cfg_read_file(ctx, path, &text, &length);
    if ( rc )
        return xn_because(ctx, rc, "reading the configuration");
    start = strspn(text, " \t\r\n");
    if ( extra && *extra && (text[start] == '<' || text[start] == '{') )
        rc = xn_fail(ctx, EINVAL, "settings on the command line go with an xl.cfg file, not with "
                     "%s", path);
    else if ( text[start] == '<' )
        rc = xn_config_from_xml(ctx, c, f, text, length);
    else if ( text[start] == '{' )
        rc = xn_config_from_json(ctx, c, text);
    else
        rc = xn_config_parse(c, f, path, text, length, extra);
    if ( !c->source )
        c->source = cfg_strdup(path);
    free(text);
    if ( f->errors )
        rc = xn_fail(ctx, EINVAL, "%s: %zu error%s in the configuration", path, f->errors,
                     f->errors == 1 ? "" : "s");
    return rc;
}

int xn_config_served(struct xn_ctx *ctx, const struct xn_domain_config *c)
{
    char *names = NULL;
    int rc;

    for ( size_t i = 0; i < c->nr_unserved; i++ )
        cfg_replace(&names, cfg_sprintf("%s%s%s", names ? names : "", names ? ", " : "",
                                        c->unserved[i]));
    if ( !names )
        return 0;
    rc = xn_fail(ctx, EOPNOTSUPP, "known but not served yet: %s", names);
    xn_remedy(ctx, "take %s out of the configuration", c->nr_unserved == 1 ? "it" : "them");
    free(names);
    return rc;
}
