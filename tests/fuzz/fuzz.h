/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each fuzz target defines: libFuzzer's entry point, also called by driver.c. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((visibility("default")))
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A property of the code under test that must hold for any input. */
#define MUST(cond) \
    do { \
        if ( !(cond) ) { \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #cond); \
            abort(); \
        } \
    } while ( 0 )

#endif
