# SPDX-License-Identifier: GPL-2.0-or-later
# Configurations: xl.cfg, libvirt's XML, libxl's JSON.
TARGETS += cfg xml json
CONFIG_SRCS := $(wildcard $(TOOLS)/lib/config/*.c) $(TOOLS)/lib/ctx/context.c
CONFIG_LIBS := -ljson-c -lxml2 -luuid
cfg_SRCS := $(CONFIG_SRCS)
xml_SRCS := $(CONFIG_SRCS)
json_SRCS := $(CONFIG_SRCS)
cfg_LIBS := $(CONFIG_LIBS)
xml_LIBS := $(CONFIG_LIBS)
json_LIBS := $(CONFIG_LIBS)
