/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Included first by every compilation: no symbol leaves the image, so none needs a GOT. */
#pragma GCC visibility push(hidden)
