# SPDX-License-Identifier: GPL-2.0-or-later
# How every part of the toolstack is compiled; included by its Makefiles.  TOP is theirs.

BUILD  ?= $(TOP)/build/toolstack
CC     ?= gcc
CFLAGS ?= -O2 -g
VERSION := $(shell cat $(TOP)/VERSION 2>/dev/null || echo 0.1)

TOOL_CFLAGS := -std=gnu11 -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla \
	-Wno-unused-parameter -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DVERSION='"$(VERSION)"' \
	-fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -MMD -MP \
	-I$(TOP)/toolstack/lib/include -I$(TOP)/toolstack/lib -I$(TOP)/hypercall-abi \
	-isystem /usr/include/libxml2 -isystem /usr/include/libnl3
TOOL_LDFLAGS := -pie -Wl,-z,relro,-z,now
