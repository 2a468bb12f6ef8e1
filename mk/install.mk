# Installing: headers, libraries, pkg-config files, the compiler with its Python package, and the specs.

PREFIX ?= /usr/local
DESTDIR ?=
INSTALL ?= install
libdir := $(PREFIX)/lib
sharedir := $(PREFIX)/share/berth
PACKAGE_FILES = $(shell cd gen && find berthc -name '*.py' -o -name '*.j2' -o -name 'py.typed')

# What managers that are compiled with BERTH_SPECIALIZE include.
SPECIALIZED = runtime/src/*.h $(shell sed -n 's|^\#include "../../\(src/.*\.c\)"|runtime/\1|p' runtime/include/berth/specialize.h)

# $(call put,mode,files,folder)
put = $(INSTALL) -d '$(DESTDIR)$(3)' && $(INSTALL) -m $(1) $(2) '$(DESTDIR)$(3)'

pc = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|'

.PHONY: install uninstall
install: $(LIBRARIES) $(LIBTESTING) ## below DESTDIR and PREFIX (/usr/local)
	@$(call put,644,runtime/include/berth/*.h runtime/testing/include/berth/*.h,$(PREFIX)/include/berth)
	@sed -i 's|"../../src/|"src/|' '$(DESTDIR)$(PREFIX)/include/berth/specialize.h'
	@$(call put,644,$(SPECIALIZED),$(PREFIX)/include/berth/src)
	@$(call put,644,$(LIBBERTH) $(LIBTESTING),$(libdir))
	@$(call put,755,$(LIBSHARED),$(libdir))
	@ln -sf $(notdir $(LIBSHARED)) '$(DESTDIR)$(libdir)/$(SONAME)'
	@ln -sf $(SONAME) '$(DESTDIR)$(libdir)/libberth.so'
	@$(INSTALL) -d '$(DESTDIR)$(libdir)/pkgconfig'
	@for name in berth berth-testing; do $(pc) scripts/$$name.pc.in >'$(DESTDIR)$(libdir)/pkgconfig/'$$name.pc || exit 1; done
	@$(call put,755,bin/berthc,$(PREFIX)/bin)
	@$(call put,755,scripts/find-python,$(sharedir))
	@$(call put,644,spec/*.yaml,$(sharedir)/spec)
	@$(call put,644,spec/schema/*.json,$(sharedir)/spec/schema)
	@$(call put,644,spec/schema/berth.schema.json,$(sharedir)/python/berthc)
	@for file in $(PACKAGE_FILES); do $(INSTALL) -D -m 644 gen/$$file '$(DESTDIR)$(sharedir)/python/'$$file || exit 1; done
	@echo "installed below $(DESTDIR)$(PREFIX)"

uninstall: ## take away what install put there
	rm -rf '$(DESTDIR)$(PREFIX)/include/berth' '$(DESTDIR)$(sharedir)'
	rm -f '$(DESTDIR)$(PREFIX)/bin/berthc' '$(DESTDIR)$(libdir)/libberth.a' '$(DESTDIR)$(libdir)/libberth-testing.a' \
	    '$(DESTDIR)$(libdir)/libberth.so' '$(DESTDIR)$(libdir)/$(SONAME)' '$(DESTDIR)$(libdir)/$(notdir $(LIBSHARED))' \
	    '$(DESTDIR)$(libdir)/pkgconfig/berth.pc' '$(DESTDIR)$(libdir)/pkgconfig/berth-testing.pc'
