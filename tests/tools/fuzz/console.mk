# SPDX-License-Identifier: GPL-2.0-or-later
# The console daemon: rings and viewers; store nodes that guests write.
TARGETS += console console_nodes
console_SRCS := $(addprefix $(TOOLS)/xenconsoled/,console.c history.c logfile.c logwriter.c loop.c ring.c \
	settings.c stream.c terminal.c util.c viewer.c)
console_CFLAGS := -I$(TOOLS)/xenconsoled
console_nodes_SRCS := $(addprefix $(TOOLS)/xenconsoled/,domain_nodes.c util.c)
console_nodes_CFLAGS := -I$(TOOLS)/xenconsoled
