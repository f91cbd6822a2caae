/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and folders for tests. */
#ifndef TEST_COMMON_H
#define TEST_COMMON_H

#include <stdbool.h>
#include <stddef.h>

/* A new folder under /tmp of this process's; remove it with all that is in it. */
char *folder_make(void);
void folder_remove(char *path);

/* "folder/name" in a buffer that stays until the next four calls. */
const char *in_folder(const char *folder, const char *name);

void file_write(const char *path, const void *data, size_t size);
/* Make it look an hour old, so that its times tell it apart. */
void file_age(const char *path);
size_t files_in(const char *folder, const char *prefix);
size_t open_files(void);

#endif
