# SPDX-License-Identifier: GPL-2.0-or-later
# The store daemon: whole requests, and the journal's files.

TARGETS += xsrequest xsjournal
XS      := $(TOOLS)/xenstored
XS_CORE := $(filter-out %/hv_xen.c %/hv_domctl.c %/main.c,$(wildcard $(XS)/*.c)) \
	$(TOP)/tests/tools/xenstored/hv_fake.c
xsrequest_SRCS   := $(XS_CORE)
xsrequest_CFLAGS := -I$(XS)
xsjournal_SRCS   := $(XS_CORE)
xsjournal_CFLAGS := -I$(XS)
