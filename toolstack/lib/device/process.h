/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that serve devices: started as nobody's children, known by a descriptor.
 */
#ifndef XENOLITH_PROCESS_H
#define XENOLITH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Run args[0] with nothing of ours but three files; input -1: nothing to read.  Nobody need wait
 * for it.  Its process id, or -errno.
 */
pid_t process_spawn(char **args, int input, int log);

/* A descriptor of a process, readable when it has ended; -1. */
int process_open(pid_t pid);
bool process_ended(int pidfd);
int process_kill(int pidfd);

/* Has it these two arguments, one after the other?  first NULL: the second anywhere. */
bool process_has_args(uint64_t pid, const char *first, const char *second);

/* The last line of a log. */
void process_last_words(const char *path, char text[256]);

#endif
