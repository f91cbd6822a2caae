/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the measuring guest, exits.S, leaves for its maker. */
#define IMAGE_GFN   0x100
#define IMAGE_PAGES 32
#define FIGURES     ((IMAGE_GFN + IMAGE_PAGES - 1) << 12)
/* What the maker is device model for. */
#define DM_PORT     0x500
#define DM_MEMORY   0xc0000000
#define WARM_UP     20
#define ROUNDS      1000
