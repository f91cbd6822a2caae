/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug keys: one character asks for one dump; from the serial line or `xl debug-keys`. */
#ifndef KERN_KEYHANDLER_H
#define KERN_KEYHANDLER_H

#include "base/types.h"

/* @fn runs with no lock held; @in_all: key * runs it too.  Boot only; one owner per key. */
void keyhandler_register(char key, void (*fn)(void), const char *help, bool in_all);
void keyhandler_run(char key);      /* an unknown key says how to get help */

#endif
