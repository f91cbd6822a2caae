# SPDX-License-Identifier: MIT
# To be included by the Makefile of a program on this runtime (example/Makefile, tests/guest/Makefile).
#
# GUEST_CFLAGS    to compile a file of the program with
# GUEST_LINK      to link with, before the program's objects
# GUEST_OBJS      the runtime, which is always linked; then GUEST_LIB, the front ends: what is used of them is linked
# GUEST_OUT       where objects go; may be set before

GUEST_DIR := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
GUEST_PV  := $(abspath $(GUEST_DIR)/..)
GUEST_OUT ?= $(abspath $(GUEST_PV)/..)/build/guest/obj

GUEST_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wno-unused-parameter -Werror -Wmissing-prototypes -ffreestanding \
	-fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fcf-protection=none -fno-tree-loop-distribute-patterns \
	-I$(abspath $(GUEST_PV)/../hypercall-abi) -I$(GUEST_PV) -MMD -MP
GUEST_LINK := $(CC) -nostdlib -static -no-pie -Wl,-z,max-page-size=4096,--build-id=none,-z,noexecstack \
	-Wl,--no-warn-rwx-segments -Wl,-T,$(GUEST_DIR)/guest.lds

GUEST_DEVICES := $(wildcard $(GUEST_DIR)/device_*.c)
GUEST_RT_SRCS := $(filter-out $(GUEST_DEVICES),$(wildcard $(GUEST_DIR)/*.c $(GUEST_DIR)/*.S))
GUEST_LIB_SRCS := $(GUEST_DEVICES) $(wildcard $(addprefix $(GUEST_PV)/,ring/*.c xenbus/*.c lend/*.c blk/front*.c \
	net/front*.c net/nodes.c net/packet.c console/*.c kbd/*.c))
GUEST_OBJS := $(GUEST_RT_SRCS:$(GUEST_PV)/%=$(GUEST_OUT)/pv/%.o)
GUEST_LIB_OBJS := $(GUEST_LIB_SRCS:$(GUEST_PV)/%=$(GUEST_OUT)/pv/%.o)
GUEST_LIB := $(GUEST_OUT)/pv/front.a

$(GUEST_LIB): $(GUEST_LIB_OBJS)
	rm -f $@
	$(AR) rcs $@ $^
$(GUEST_OUT)/pv/%.o: $(GUEST_PV)/%
	@mkdir -p $(@D)
	$(CC) $(GUEST_CFLAGS) -c -o $@ $<
-include $(GUEST_OBJS:.o=.d) $(GUEST_LIB_OBJS:.o=.d)
