/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and folders for tests. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"

char *folder_make(void)
{
    char *path = strdup("/tmp/build-test-XXXXXX");

    if ( !path || !mkdtemp(path) )
        abort();
    return path;
}

const char *in_folder(const char *folder, const char *name)
{
    static char path[4][512];
    static unsigned int next;
    char *p = path[next++ % 4];

    snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
    return p;
}

void folder_remove(char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;

    chmod(path, 0700);
    while ( d && (e = readdir(d)) ) {
        struct stat st;

        if ( !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") )
            continue;
        if ( !fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode) )
            folder_remove(strdup(in_folder(path, e->d_name)));
        else
            unlinkat(dirfd(d), e->d_name, 0);
    }
    if ( d )
        closedir(d);
    rmdir(path);
    free(path);
}

void file_write(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "w");

    if ( !f || fwrite(data, 1, size, f) != size || fclose(f) )
        abort();
}

void file_age(const char *path)
{
    const struct timespec t[2] = { { .tv_sec = 1700000000 }, { .tv_sec = 1700000000 } };

    if ( utimensat(AT_FDCWD, path, t, 0) )
        abort();
}

size_t files_in(const char *folder, const char *prefix)
{
    DIR *d = opendir(folder);
    struct dirent *e;
    size_t n = 0;

    while ( d && (e = readdir(d)) )
        n += e->d_name[0] != '.' && !strncmp(e->d_name, prefix, strlen(prefix));
    if ( d )
        closedir(d);
    return n;
}

size_t open_files(void)
{
    return files_in("/proc/self/fd", "");
}
