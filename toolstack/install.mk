# SPDX-License-Identifier: GPL-2.0-or-later
# make install: programs, the library with its headers, manual, completion, units and a default
# configuration.  PREFIX, DESTDIR and each folder may be given; STRIP= keeps the symbols.  What
# the administrator may have changed (SYSCONFDIR) is never overwritten.

PREFIX     ?= /usr/local
DESTDIR    ?=
BINDIR     ?= $(PREFIX)/bin
SBINDIR    ?= $(PREFIX)/sbin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
BASHDIR    ?= $(PREFIX)/share/bash-completion/completions
SYSCONFDIR ?= /etc
UNITDIR    ?= $(if $(filter /usr,$(PREFIX)),/lib/systemd/system,/etc/systemd/system)
MODULESDIR ?= $(if $(filter /usr,$(PREFIX)),/usr/lib/modules-load.d,/etc/modules-load.d)

STRIP      ?= -s

INSTALL := install
PROGRAM := $(INSTALL) $(STRIP) -m 755
DATA    := $(INSTALL) -m 644

MADE   := $(BUILD)/install
MANUAL := $(patsubst man/%.in,$(MADE)/man/%,$(wildcard man/*.in))
UNITS  := $(patsubst systemd/%.in,$(MADE)/systemd/%,$(wildcard systemd/*.in))

# What is made of xl's table of commands.
$(MADE)/man/%: man/%.in $(BUILD)/xl
	@mkdir -p $(@D)
	@$(BUILD)/xl help --format=man >$@.commands
	@sed -e 's/@VERSION@/$(VERSION)/' -e '/^@COMMANDS@$$/{' -e 'r $@.commands' -e 'd' -e '}' $< >$@
	@rm -f $@.commands

$(MADE)/completion/xl: completion/xl.bash.in completion/make.sh $(BUILD)/xl
	@mkdir -p $(@D)
	@completion/make.sh $(BUILD)/xl $< >$@

# These name where the programs are.
$(MADE)/systemd/%: systemd/%.in FORCE
	@mkdir -p $(@D)
	@sed 's|@sbindir@|$(SBINDIR)|' $< >$@

install: all
	@$(MAKE) --no-print-directory install-files

install-files: $(MANUAL) $(MADE)/completion/xl $(UNITS)
	$(INSTALL) -d $(addprefix $(DESTDIR),$(BINDIR) $(SBINDIR) $(LIBDIR)/pkgconfig \
		$(INCLUDEDIR)/xenolith $(MANDIR)/man1 $(MANDIR)/man5 $(BASHDIR) $(UNITDIR) \
		$(MODULESDIR) $(SYSCONFDIR)/xen/auto $(SYSCONFDIR)/xen/scripts \
		/var/lib/xen/dump /var/log/xen)
	$(PROGRAM) $(addprefix $(BUILD)/,xl xenstored xenconsoled xenolith-blk xenolith-net) \
		$(DESTDIR)$(SBINDIR)
	ln -sf xl $(DESTDIR)$(SBINDIR)/xm
	ln -sf xl $(DESTDIR)$(SBINDIR)/xentop
	$(DATA) $(BUILD)/libxenolith.a $(DESTDIR)$(LIBDIR)
	$(DATA) $(wildcard lib/include/xenolith/*.h) $(DESTDIR)$(INCLUDEDIR)/xenolith
	sed -e 's|@prefix@|$(PREFIX)|' -e 's|@libdir@|$(LIBDIR)|' -e 's|@includedir@|$(INCLUDEDIR)|' \
		-e 's|@version@|$(VERSION)|' etc/xenolith.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/xenolith.pc
	$(DATA) $(filter %.1,$(MANUAL)) $(DESTDIR)$(MANDIR)/man1
	$(DATA) $(filter %.5,$(MANUAL)) $(DESTDIR)$(MANDIR)/man5
	$(DATA) $(MADE)/completion/xl $(DESTDIR)$(BASHDIR)/xl
	ln -sf xl $(DESTDIR)$(BASHDIR)/xm
	$(DATA) $(UNITS) $(wildcard systemd/*.mount) $(DESTDIR)$(UNITDIR)
	$(DATA) systemd/xenolith.conf $(DESTDIR)$(MODULESDIR)/xenolith.conf
	[ -e $(DESTDIR)$(SYSCONFDIR)/xen/xl.conf ] || \
		$(DATA) etc/xl.conf $(DESTDIR)$(SYSCONFDIR)/xen/xl.conf

# The programs and what came with them; configuration and state stay.
uninstall:
	rm -f $(addprefix $(DESTDIR)$(SBINDIR)/,xl xm xentop xenstored xenconsoled xenolith-blk xenolith-net) \
		$(DESTDIR)$(LIBDIR)/libxenolith.a $(DESTDIR)$(LIBDIR)/pkgconfig/xenolith.pc \
		$(patsubst man/%.in,$(DESTDIR)$(MANDIR)/man1/%,$(wildcard man/*.1.in)) \
		$(patsubst man/%.in,$(DESTDIR)$(MANDIR)/man5/%,$(wildcard man/*.5.in)) \
		$(addprefix $(DESTDIR)$(BASHDIR)/,xl xm) $(DESTDIR)$(MODULESDIR)/xenolith.conf \
		$(addprefix $(DESTDIR)$(UNITDIR)/,$(notdir $(UNITS)) $(notdir $(wildcard systemd/*.mount)))
	rm -rf $(DESTDIR)$(INCLUDEDIR)/xenolith

FORCE:
.PHONY: install install-files uninstall FORCE
