# SPDX-License-Identifier: GPL-2.0-or-later
TARGETS += image desc
image_SRCS := $(addprefix $(TOOLS)/lib/build/,parse.c unpack.c elf.c notes.c desc.c layout.c)
image_LIBS := -lz -llzma -lzstd -llz4
desc_SRCS := $(addprefix $(TOOLS)/lib/build/,desc.c layout.c tables.c)
