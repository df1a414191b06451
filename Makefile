# libfsock: sockets that are FILE*. Needs GNU make 3.81 or newer; there is no configure step.
#
## make             the static and the shared library, in build/cc
## make tls         libfsock-tls, which make builds as well where OpenSSL 3 is with its headers
## make demo        build the static library, run examples/demo.c (a C compiler and make suffice)
## make command     the command fsock (build/cc/fsock), which make builds as well
## make examples    build all examples against the static library
## make amalgamation  build/amalgamation/fsock.c and fsock.h, to be compiled with a program (needs python3)
## make sizes       what each part of these costs in a static program, in KB (musl-gcc)
## make install     DESTDIR, PREFIX, BINDIR, LIBDIR, INCLUDEDIR, MANDIR, EXAMPLEDIR; make uninstall undoes it
## make dist        the source of a release, from git: build/libfsock-VERSION.tar.gz; DIST_OF=COMMIT
## make test        unit tests, examples, other programs to talk to; T=addr runs addr_test only
## make check       everything: all variants, lint, headers, installation; AFTER=test: but what test ran
## make deps        install what the tests need (Debian), say what that is elsewhere; make deps test
##                  installs what make test needs, which is less
## make test-package  a few minutes of unit tests that need no root, namespaces or network, for packages
## make test-STAGE  one stage of it; make stages lists them
## make bench       the benchmarks
## make fuzz        the fuzzers, FUZZ_SECONDS each; T=addr runs tests/fuzz/addr_fuzz.c only
## make coverage    which lines and branches of src the unit tests run; fails below the targets
## make lint        the house rules that a script can check
## make format      clang-format over everything that is written by hand
## make clean       remove build/

ifneq ($(firstword $(sort 3.81 $(MAKE_VERSION))),3.81)
$(error GNU make 3.81 or newer is needed; this is $(MAKE_VERSION))
endif

VERSION   := 0.1.0
SOVERSION := 0
# The project's page, for what describes an installed library. There is no public one yet.
HOMEPAGE  := https://fsock.example/

CFLAGS     ?= -O2 -g
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
EXAMPLEDIR ?= $(PREFIX)/share/doc/fsock/examples
PKGDIR     ?= $(LIBDIR)/pkgconfig
CMAKEDIR   ?= $(LIBDIR)/cmake/fsock
INSTALL    ?= install
V          ?=
# What is built for, by its name in uname(1): Darwin for macOS, where another system's compiler makes it.
SYSTEM     ?= $(shell uname -s)
Q          := $(if $(V),,@)

# Tells what is made: "$(call say,CC)". The demo begins with its own first line: before it, on a terminal alone,
# stands what is made at the moment.
ifeq ($(MAKECMDGOALS),demo)
JOBS := $(if $(findstring j,$(firstword -$(MAKEFLAGS)))$(findstring -j,$(MAKEFLAGS)),,-j$(shell getconf _NPROCESSORS_ONLN 2>/dev/null))
MAKEFLAGS += $(JOBS)
say = $(if $(V),,@)[ ! -t 1 ] || printf '\r  %s\033[K' "$(1) $@"
else
say = @echo "  $(1) $@"
endif

TLS_SOURCES := $(sort $(wildcard src/tls/*.c))
SOURCES  := $(filter-out $(TLS_SOURCES),$(sort $(wildcard src/*/*.c src/*/*/*.c)))
SOURCE_DIRS := $(sort $(dir $(SOURCES)))
HEADERS  := $(sort $(wildcard include/*.h include/fsock/*.h))
HAS_TLS  := $(shell pkg-config --atleast-version=3.0 openssl 2>/dev/null && echo yes)
TLS_EXAMPLES := $(shell grep -l '<fsock/tls.h>' examples/*.c)
HAS_ZLIB := $(shell pkg-config --exists zlib 2>/dev/null && echo yes)
ZLIB_EXAMPLES := $(shell grep -l '<zlib.h>' examples/*.c)
EXAMPLES := $(filter-out $(if $(HAS_TLS),,$(TLS_EXAMPLES)) $(if $(HAS_ZLIB),,$(ZLIB_EXAMPLES)),$(sort $(wildcard examples/*.c)))
ALL_EXAMPLES := examples/README.md $(sort $(wildcard examples/*.c))
PAGES    := $(sort $(wildcard man/*.[1-9]))

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
STRICT   := -std=c11 -fPIC -fvisibility=hidden -pthread $(WARNINGS)

ifeq ($(SYSTEM),Darwin)
SHARED  := libfsock.$(VERSION).dylib
SONAME  := libfsock.$(SOVERSION).dylib
SOLINK  := libfsock.dylib
# iconv(3) is a library of its own there.
SYSTEM_LIBS := -liconv
SOFLAGS  = -dynamiclib -install_name $(LIBDIR)/$(SONAME) -Wl,-exported_symbols_list,$(EXPORTS)
EXPORT   = sed -n 's/^[a-z]/_&/p' $<
else
SHARED  := libfsock.so.$(VERSION)
SONAME  := libfsock.so.$(SOVERSION)
SOLINK  := libfsock.so
# Look-up threads may outlive every call, so that dlclose() must leave the code where it is. The
# linker of macOS has no such flag: there a program must not dlclose() the library.
SOFLAGS  = -shared -Wl,-soname,$(SONAME) -Wl,-z,nodelete -Wl,--version-script,$(EXPORTS)
# The version of each symbol is that of the soname: LIBFSOCK_0, LIBFSOCK_TLS_0.
EXPORT   = { echo '$(VERSION_NODE) { global:'; sed -n 's/^[a-z].*/&;/p' $<; echo 'local: *; };'; }
VERSION_NODE = LIBFSOCK_$(if $(findstring tls,$@),TLS_)$(SOVERSION)
endif
EXPORTS := build/exports

.PHONY: all demo examples install uninstall clean help
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
all: build/cc/libfsock.a build/cc/$(SHARED)

# ---- TLS: a library of its own, made where OpenSSL 3 is.

TLS_SHARED := $(subst libfsock,libfsock-tls,$(SHARED))
TLS_SONAME := $(subst libfsock,libfsock-tls,$(SONAME))
TLS_SOLINK := $(subst libfsock,libfsock-tls,$(SOLINK))
TLS_OBJECTS := $(TLS_SOURCES:%.c=build/cc/%.o)
TLS_LIBS   = $(shell pkg-config --libs openssl)

.PHONY: tls
ifneq ($(HAS_TLS),)
all: tls
tls: build/cc/libfsock-tls.a build/cc/$(TLS_SHARED)
else
all: no-tls
.PHONY: no-tls
no-tls:
	@echo "  libfsock-tls is left out: pkg-config finds no OpenSSL 3 with its headers (libssl-dev)"
tls:
	@echo "libfsock-tls needs OpenSSL 3 with its headers (libssl-dev)" >&2; exit 1
endif

build/cc/$(TLS_SHARED): $(TLS_OBJECTS) build/cc/$(SHARED) $(EXPORTS)-tls src/tls
	@echo "  LD $@"
	$(Q)$(CC) $(CFLAGS) -pthread $(LDFLAGS) $(subst $(SONAME),$(TLS_SONAME),$(subst $(EXPORTS),$(EXPORTS)-tls,$(SOFLAGS))) \
	    -o $@ $(TLS_OBJECTS) -Lbuild/cc -lfsock $(TLS_LIBS)
	$(Q)ln -sf $(TLS_SHARED) $(@D)/$(TLS_SONAME)
	$(Q)ln -sf $(TLS_SHARED) $(@D)/$(TLS_SOLINK)

# ---- Variants: a compiler with its flags, and a directory under build/ of its own.

VARIANTS := cc
CC.cc     = $(CC)
CFLAGS.cc = $(CFLAGS)
LDLIBS.cc = $(SYSTEM_LIBS)

-include tests/rules.mk
MAKEFILES_READ := Makefile $(wildcard tests/rules.mk)

# $(1) is the name of the variant. Of the sources, only those of the tests see the inner headers.
define VARIANT_RULES
OBJECTS.$(1) := $(SOURCES:%.c=build/$(1)/%.o)

build/$(1)/%.o: %.c $(MAKEFILES_READ)
	@mkdir -p $$(@D)
	$$(call say,CC)
	$$(Q)$$(CC.$(1)) $(STRICT) $$(CFLAGS.$(1)) -Iinclude \
	    $$(if $$(filter tests/%,$$<),$$(TESTFLAGS.$(1))) $$(CPPFLAGS) -MMD -MP -c -o $$@ $$<

# A directory is newer when a source was taken away: the library must lose it, too.
build/$(1)/libfsock.a: $$(OBJECTS.$(1)) $(SOURCE_DIRS)
	$$(call say,AR)
	$$(Q)rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$(OBJECTS.$(1))

build/$(1)/libfsock-tls.a: $(TLS_SOURCES:%.c=build/$(1)/%.o) src/tls
	$$(call say,AR)
	$$(Q)rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$(filter %.o,$$^)

build/$(1)/$(SHARED): $$(OBJECTS.$(1)) $(EXPORTS) $(SOURCE_DIRS)
	@echo "  LD $$@"
	$$(Q)$$(CC.$(1)) $$(CFLAGS.$(1)) -pthread $$(LDFLAGS) $$(SOFLAGS) -o $$@ $$(OBJECTS.$(1)) \
	    $$(LDLIBS.$(1))
	$$(Q)ln -sf $(SHARED) $$(@D)/$(SONAME)
	$$(Q)ln -sf $(SHARED) $$(@D)/$(SOLINK)

-include $$(OBJECTS.$(1):.o=.d) $(TLS_SOURCES:%.c=build/$(1)/%.d)
endef
$(foreach v,$(VARIANTS),$(eval $(call VARIANT_RULES,$(v))))

$(EXPORTS)-tls: src/tls/symbols.list Makefile
	@mkdir -p $(@D)
	$(Q)$(EXPORT) >$@

$(EXPORTS): src/symbols.list Makefile
	@mkdir -p $(@D)
	$(Q)$(EXPORT) >$@

# ---- The command: linked to the static libraries, so that it runs wherever it is. TLS is a part of it where
# libfsock-tls is.

COMMAND := $(filter-out %tls.c,$(sort $(wildcard tools/fsock/*.c)))

.PHONY: command
all: command
command: build/cc/fsock

# $(1) is the variant, $(2) its sources. The OpenSSL of this machine suits only some variants.
define COMMAND_RULES
build/$(1)/fsock: $(2:%.c=build/$(1)/%.o) $(if $(filter %/tls.c,$(2)),build/$(1)/libfsock-tls.a) build/$(1)/libfsock.a
	@echo "  LD $$@"
	$$(Q)$$(CC.$(1)) $$(CFLAGS.$(1)) -pthread $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) \
	    $$(if $$(filter %/tls.o,$$^),$$(TLS_LIBS)) $$(LDLIBS.$(1))

-include $(2:%.c=build/$(1)/%.d)
endef
$(foreach v,$(VARIANTS),$(eval $(call COMMAND_RULES,$(v),$(COMMAND) \
    tools/fsock/$(if $(and $(HAS_TLS),$(filter cc $(TLS_TESTED),$(v))),,no_)tls.c)))

# ---- Examples: compiled as their reader would compile them.

examples: $(EXAMPLES:%.c=build/cc/%)

build/cc/examples/%: examples/%.c build/cc/libfsock.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -Wall -Wextra $(CFLAGS) -Iinclude $(CPPFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $< \
	    $(or $(EXAMPLE_LIBS),build/cc/libfsock.a) $(SYSTEM_LIBS) -pthread

$(TLS_EXAMPLES:%.c=build/cc/%): build/cc/libfsock-tls.a
$(TLS_EXAMPLES:%.c=build/cc/%): EXAMPLE_LIBS = build/cc/libfsock-tls.a build/cc/libfsock.a $(TLS_LIBS)
$(ZLIB_EXAMPLES:%.c=build/cc/%): EXAMPLE_LIBS = build/cc/libfsock.a $(shell pkg-config --libs zlib)

-include $(EXAMPLES:%.c=build/cc/%.d)

demo: build/cc/examples/demo
	@[ ! -t 1 ] || printf '\r\033[K'
	@build/cc/examples/demo

# ---- The library as two files.

.PHONY: amalgamation sizes
amalgamation:
	$(Q)python3 tools/amalgamate.py build/amalgamation
	@echo "  MADE build/amalgamation/fsock.c build/amalgamation/fsock.h"

sizes: amalgamation
	@tools/sizes

# ---- Installation.

# The names of page $p; it is found under each of them.
PAGE_NAMES = sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([A-Za-z_0-9]*\).*/\1/p' $$p

# Fills in a file NAME.in.
FILL = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
    -e 's|@VERSION@|$(VERSION)|' -e 's|@HOMEPAGE@|$(HOMEPAGE)|' -e 's|@SOLINK@|$(SOLINK)|' \
    -e 's|@TLS_SOLINK@|$(TLS_SOLINK)|' -e 's|@SYSTEM_LIBS@|$(SYSTEM_LIBS:%= %)|'

install: all
	$(INSTALL) -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(LIBDIR)" "$(DESTDIR)$(PKGDIR)" "$(DESTDIR)$(INCLUDEDIR)/fsock"
	$(INSTALL) -m 755 build/cc/fsock "$(DESTDIR)$(BINDIR)/"
	$(INSTALL) -m 644 build/cc/libfsock.a "$(DESTDIR)$(LIBDIR)/"
	$(INSTALL) -m 755 build/cc/$(SHARED) "$(DESTDIR)$(LIBDIR)/"
	ln -sf $(SHARED) "$(DESTDIR)$(LIBDIR)/$(SONAME)"
	ln -sf $(SHARED) "$(DESTDIR)$(LIBDIR)/$(SOLINK)"
	$(INSTALL) -m 644 include/fsock.h "$(DESTDIR)$(INCLUDEDIR)/"
	$(INSTALL) -m 644 include/fsock/*.h "$(DESTDIR)$(INCLUDEDIR)/fsock/"
	$(FILL) fsock.pc.in >"$(DESTDIR)$(PKGDIR)/fsock.pc"
	$(INSTALL) -d "$(DESTDIR)$(CMAKEDIR)"
	for f in fsock-config fsock-config-version; do $(FILL) $$f.cmake.in >"$(DESTDIR)$(CMAKEDIR)/$$f.cmake" || exit 1; done
	$(if $(HAS_TLS),$(INSTALL) -m 644 build/cc/libfsock-tls.a "$(DESTDIR)$(LIBDIR)/")
	$(if $(HAS_TLS),$(INSTALL) -m 755 build/cc/$(TLS_SHARED) "$(DESTDIR)$(LIBDIR)/")
	$(if $(HAS_TLS),ln -sf $(TLS_SHARED) "$(DESTDIR)$(LIBDIR)/$(TLS_SONAME)")
	$(if $(HAS_TLS),ln -sf $(TLS_SHARED) "$(DESTDIR)$(LIBDIR)/$(TLS_SOLINK)")
	$(if $(HAS_TLS),$(FILL) fsock-tls.pc.in >"$(DESTDIR)$(PKGDIR)/fsock-tls.pc")
	$(if $(PAGES),for p in $(PAGES); do d="$(DESTDIR)$(MANDIR)/man$${p##*.}"; \
	    $(INSTALL) -d "$$d" && $(INSTALL) -m 644 $$p "$$d/" || exit 1; \
	    for n in $$($(PAGE_NAMES)); do l="$$d/$$n.$${p##*.}"; \
	        [ -e "$$l" ] || ln -s $${p##*/} "$$l" || exit 1; done; done)
	$(INSTALL) -d "$(DESTDIR)$(EXAMPLEDIR)"
	$(INSTALL) -m 644 $(ALL_EXAMPLES) "$(DESTDIR)$(EXAMPLEDIR)/"

uninstall:
	rm -f "$(DESTDIR)$(BINDIR)/fsock"
	for f in libfsock.a $(SHARED) $(SONAME) $(SOLINK); do rm -f "$(DESTDIR)$(LIBDIR)/$$f"; done
	for f in $(HEADERS:include/%=%); do rm -f "$(DESTDIR)$(INCLUDEDIR)/$$f"; done
	for f in libfsock-tls.a $(TLS_SHARED) $(TLS_SONAME) $(TLS_SOLINK); do \
	    rm -f "$(DESTDIR)$(LIBDIR)/$$f"; done
	rm -f "$(DESTDIR)$(PKGDIR)/fsock.pc" "$(DESTDIR)$(PKGDIR)/fsock-tls.pc"
	for f in fsock-config fsock-config-version; do rm -f "$(DESTDIR)$(CMAKEDIR)/$$f.cmake"; done
	$(if $(PAGES),for p in $(PAGES); do d="$(DESTDIR)$(MANDIR)/man$${p##*.}"; \
	    for n in $$($(PAGE_NAMES)); do rm -f "$$d/$$n.$${p##*.}"; done; rm -f "$$d/$${p##*/}"; done)
	for f in $(notdir $(ALL_EXAMPLES)); do rm -f "$(DESTDIR)$(EXAMPLEDIR)/$$f"; done
	-rmdir "$(DESTDIR)$(INCLUDEDIR)/fsock" "$(DESTDIR)$(EXAMPLEDIR)" "$(DESTDIR)$(CMAKEDIR)"

# ---- The source of a release: what is committed, or in DIST_OF, another commit or a tag. One commit always gives
# the same octets.

DIST_OF ?= HEAD
DIST    := build/libfsock-$(VERSION).tar.gz

.PHONY: dist
dist:
	@git rev-parse -q --verify "$(DIST_OF)^{commit}" >/dev/null || { \
	    echo "make dist needs a clone of the repository and a commit: DIST_OF=$(DIST_OF)" >&2; exit 1; }
	@mkdir -p $(dir $(DIST))
	@git diff --quiet HEAD || echo "  uncommitted changes are left out"
	@echo "  DIST $(DIST)"
	$(Q)git -c tar.umask=0022 archive --format=tar --prefix=libfsock-$(VERSION)/ "$(DIST_OF)^{commit}" >$(DIST:.gz=)
	$(Q)gzip -9nf $(DIST:.gz=)

clean:
	rm -rf build

help:
	@sed -n 's/^## //p' Makefile
