# SPDX-License-Identifier: GPL-2.0-or-later
# The one Makefile to begin with; `make help` lists what it can do.  What each folder needs
# is known by the folder's own Makefile or script; this one only calls them.

PYTHON := /usr/bin/python3
FETCH  := tests/system/fetch.sh
HEADERS := xencall.h xenstore.h json-c/json.h libxml/parser.h uuid/uuid.h netlink/netlink.h \
	netlink/route/link.h liburing.h seccomp.h sys/capability.h zlib.h lzma.h zstd.h lz4frame.h ncurses.h
HV     ?= xenolith
export HV

all: hyp tools

tools: | libraries
	@$(MAKE) --no-print-directory -C toolstack

install: tools
	@$(MAKE) --no-print-directory -C toolstack install

hyp: | compiler
	@$(MAKE) --no-print-directory -C hyp

debug: | compiler
	@$(MAKE) --no-print-directory -C hyp DEBUG=1

guests: | compiler
	@$(MAKE) --no-print-directory -s -C tests/guest

compiler:
	@command -v gcc >/dev/null && command -v ld >/dev/null || \
		{ echo "make: no compiler here; 'make deps' installs what is missing"; exit 1; }

libraries: | compiler
	@for h in $(HEADERS); do echo "#include <$$h>"; done | \
		gcc -E -I/usr/include/libxml2 -I/usr/include/libnl3 - >/dev/null 2>&1 || \
		{ echo "make: libraries of the toolstack are missing; 'make deps' installs them"; exit 1; }

# Packages of the host (installed as root, else the command to run is printed), and the
# stock kernel and tools, unpacked below build/stock.
deps:
	@$(FETCH) --check

stock:
	@$(FETCH)

# With our own tools in dom0; TOOLS=stock: with Debian's.
run: stock
	@$(MAKE) --no-print-directory hyp tools
	@$(PYTHON) tests/system/run.py run

demo: stock
	@$(MAKE) --no-print-directory hyp tools
	@$(PYTHON) tests/system/run.py demo

# BENCH_ARGS=--wall: free-running emulation instead of counted instructions.
bench:
	@$(FETCH) --bench
	@$(MAKE) --no-print-directory hyp tools
	@$(PYTHON) tests/system/bench/bench.py $(BENCH_ARGS)
	@$(PYTHON) tests/system/bench/tools.py $(BENCH_ARGS)
	@$(PYTHON) tests/system/bench/exits.py
	@TOOLS=xenolith $(PYTHON) tests/system/bench/guests.py $(BENCH_ARGS)
	@$(PYTHON) tests/system/bench/io.py $(BENCH_ARGS)
	@$(PYTHON) tests/system/bench/net.py $(BENCH_ARGS)

# All tests; the last line is "N passed, N failed".  PARTS="unit lint": only these.
check: deps
	@$(PYTHON) tests/check.py $(PARTS)

check-abi check-lint check-unit check-fuzz check-tools check-tools-fuzz check-guest check-guest-debug \
check-domu check-hostile check-system check-toolstack check-pvdrivers:
	@$(PYTHON) tests/check.py $(@:check-%=%)

# The guest tests and our toolstack on Debian's Xen 4.17: one that fails there is wrong.
check-oracle: deps
	@$(PYTHON) tests/check.py oracle oracle-domu oracle-tools xl

# FUZZ_SECONDS for each target, ten minutes unless told otherwise.
fuzz:
	@$(MAKE) --no-print-directory -C tests/fuzz

clean:
	rm -rf build/hyp build/hyp-debug build/guest build/tests build/lint build/toolstack

help:
	@echo "make              build/hyp/xenolith and xenolith.gz, dom0's programs in build/toolstack"
	@echo "make install      those programs below PREFIX (/usr/local), DESTDIR obeyed"
	@echo "make debug        the same with assertions, in build/hyp-debug"
	@echo "make run          boot it in QEMU with a stock Debian dom0 and a guest; a shell is yours"
	@echo "make demo         the same unattended; exit status 0 if the guest did all it should"
	@echo "make bench        Xen 4.17 and Xenolith side by side, in instructions; back ends of disks and networks"
	@echo "make check        every test; PARTS=\"abi lint unit\" for some; also make check-PART:"
	@$(PYTHON) tests/check.py --list
	@echo "make check-oracle the guest tests on Debian's Xen 4.17"
	@echo "make fuzz         the fuzzers, FUZZ_SECONDS each"
	@echo "make deps         install and fetch what all this needs"
	@echo "make clean        remove what was built (not what was fetched)"

.PHONY: all hyp debug guests compiler libraries deps stock run demo bench check fuzz clean help check-abi \
	check-lint check-unit check-fuzz check-guest check-guest-debug check-domu check-hostile \
	check-system check-tools check-tools-fuzz check-toolstack check-pvdrivers tools install \
	check-oracle
