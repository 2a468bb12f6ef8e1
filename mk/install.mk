# Installing, in four parts: the runtime, the compiler, the library for tests, documentation with
# examples. The backend for QEMU and the store in SQLite are two more, which `make install` leaves
# out: they need libraries that Berth does not, and the agent of the first a static json-c.
# Each part keeps a list of its files in $(SHARE), from which uninstall takes them away.

PREFIX ?= /usr/local
DESTDIR ?=
INSTALL ?= install
PACKAGE_FILES = $(shell cd gen && find berthc -name '*.py' -o -name '*.j2' -o -name '*.js' \
    -o -name '*.css' -o -name '*.txt' -o -name '*.yaml' -o -name 'py.typed')

# What `berthc check` compiles: the search, and the runtime that it searches.
SEARCH_FILES = library.c $(shell cd runtime && find include src explore -name '*.[ch]')

# A word for the shell, whatever is in it.
quote = '$(subst ','\'',$(1))'
# A relative PREFIX counts from here; an empty one stays empty.
absolute = $(shell realpath -ms -- $(call quote,$(1)))
FINAL = $(eval FINAL := $(if $(strip $(PREFIX)),$(call absolute,$(PREFIX))))$(FINAL)
# Where the files go now, below a folder of packagers.
TO = $(DESTDIR)$(FINAL)

# Folders below PREFIX.
HEADERS := include/berth
LIB := lib
SHARE := share/berth
DOC := share/doc/berth
PROGRAMS := lib/berth

# Documents keep their places beside each other, so that their links lead somewhere. Links in
# examples become files.
DOCUMENTS = README.md CHANGELOG.md LICENSE \
    $(shell find docs examples -name build -prune -o ! -type d -print)

# $(call listed,files): names below PREFIX, for the list of the part.
LIST = $(call quote,$(TO)/$(SHARE)/files-$(@:install-%=%))
listed = printf '%s\n' $(1) >>$(LIST)
# What an earlier installation put there stays in the list.
begin = $(INSTALL) -d $(call quote,$(TO)/$(SHARE)) && touch $(LIST) && sort -u -o $(LIST) $(LIST)
# $(call put,mode,files,folder)
put = $(INSTALL) -d $(call quote,$(TO)/$(3)) && \
    $(INSTALL) -m $(1) $(2) $(call quote,$(TO)/$(3)) && \
    for file in $(2); do $(call listed,$(3)/"$${file$(hash)$(hash)*/}"); done
hash := \#
# $(call put_tree,files,folder of the files,folder): with the folders that they are in.
put_tree = for file in $(1); do \
    $(INSTALL) -D -m 644 $(2)$$file $(call quote,$(TO)/$(3))/$$file && \
    $(call listed,$(3)/$$file) || exit 1; done
# $(call link,to,name)
link = ln -sf $(1) $(call quote,$(TO)/$(2)) && $(call listed,$(2))
# $(call pkg_config,name): sed has three characters of its own in what it puts in.
escaped = $(subst &,\&,$(subst |,\|,$(subst \,\\,$(FINAL))))
pkg_config = $(INSTALL) -d $(call quote,$(TO)/$(LIB)/pkgconfig) && \
    sed -e $(call quote,s|@PREFIX@|$(escaped)|) -e 's|@VERSION@|$(VERSION)|' scripts/$(1).pc.in \
    >$(call quote,$(TO)/$(LIB)/pkgconfig/$(1).pc) && $(call listed,$(LIB)/pkgconfig/$(1).pc)

# What shells and man know, for the folder share. It is not committed, so it cannot differ from the
# command line and the headers. $(call manual,commands|library)
MANUAL := $(BUILD)/manual
manual = $(call put_tree,$(shell cd $(MANUAL)/$(1) && find * -type f),$(MANUAL)/$(1)/,share)
$(MANUAL)/%.stamp: scripts/manual $(addprefix gen/,$(PACKAGE_FILES)) \
    $(wildcard runtime/include/berth/*.h contrib/sqlite/include/*.h)
	$(call say,MANUAL)
	@rm -rf $(MANUAL)/$*
	$(Q)PYTHONDONTWRITEBYTECODE=1 $(PYTHON_FOUND) scripts/manual $* $(MANUAL)/$*
	@touch $@

INSTALLS := install-runtime install-compiler install-testing install-docs

.PHONY: install install-qemu install-sqlite $(INSTALLS) uninstall need-elsewhere need-testing \
    need-json need-sqlite
install install-qemu install-sqlite $(INSTALLS): need-elsewhere
install: need-testing ## below DESTDIR and PREFIX (/usr/local): all of the following
	@$(MAKE) $(INSTALLS)

install-runtime: $(LIBRARIES) ## the libraries, their headers and berth.pc; needs libuuid only
	@$(begin)
	@$(call put,644,runtime/include/berth/*.h,$(HEADERS))
	@$(call put,644,$(LIBBERTH),$(LIB))
	@$(call put,755,$(LIBSHARED),$(LIB))
	@$(call link,$(notdir $(LIBSHARED)),$(LIB)/$(SONAME))
	@$(call link,$(SONAME),$(LIB)/libberth.so)
	@$(call pkg_config,berth)
	@$(call put,644,LICENSE,$(DOC))
	@printf '%s\n' $(call quote,installed the runtime below $(TO))

install-compiler: ## berthc with its Python package, manual pages and completion; the specs
install-compiler: $(MANUAL)/commands.stamp
	@$(begin)
	@$(call put,755,bin/berthc,bin)
	@$(call put,755,scripts/find-python,$(SHARE))
	@$(call put,644,spec/*.yaml,$(SHARE)/spec)
	@$(call put,644,spec/schema/*.json,$(SHARE)/spec/schema)
	@$(call put,644,spec/schema/berth.schema.json,$(SHARE)/python/berthc)
	@$(call put_tree,$(PACKAGE_FILES),gen/,$(SHARE)/python)
	@$(call put_tree,$(SEARCH_FILES),runtime/,$(SHARE)/runtime)
	@$(call manual,commands)
	@printf '%s\n' $(call quote,installed the compiler below $(TO))

install-testing: need-testing $(LIBTESTING) ## libberth-testing, for generated tests and simulators
	@$(begin)
	@$(call put,644,runtime/testing/include/berth/*.h,$(HEADERS))
	@$(call put,644,$(LIBTESTING),$(LIB))
	@$(call pkg_config,berth-testing)
	@printf '%s\n' $(call quote,installed the library for tests below $(TO))

install-docs: ## LICENSE, documentation, examples, and manual pages of the library
install-docs: $(MANUAL)/library.stamp
	@$(begin)
	@$(call manual,library)
	@$(call put_tree,$(DOCUMENTS),,$(DOC))
	@printf '%s\n' $(call quote,installed documentation and examples below $(TO))

install-qemu: ## the backend for QEMU with its agent; not part of install
install-qemu: need-json $(LIBQEMU) $(AGENT)
	@$(begin)
	@$(call put,644,contrib/qemu/include/*.h,include)
	@$(call put,644,$(LIBQEMU),$(LIB))
	@$(call put,755,$(AGENT),$(PROGRAMS))
	@$(call pkg_config,berth-qemu)
	@printf '%s\n' $(call quote,installed the backend for QEMU below $(TO))

install-sqlite: ## the store in a file of SQLite, with its manual pages; not part of install
install-sqlite: need-sqlite $(LIBSQLITE) $(MANUAL)/sqlite.stamp
	@$(begin)
	@$(call put,644,contrib/sqlite/include/*.h,include)
	@$(call put,644,$(LIBSQLITE),$(LIB))
	@$(call pkg_config,berth-sqlite)
	@$(call manual,sqlite)
	@printf '%s\n' $(call quote,installed the store in SQLite below $(TO))

uninstall: ## take away what install put there, and nothing else
	@scripts/uninstall $(call quote,$(TO)) $(SHARE) $(HEADERS) $(DOC) $(PROGRAMS)

# Before anything is installed. The source tree has folders of the same names, bin among them.
need-elsewhere:
	@[ ! $(call quote,$(TO)) -ef . ] || \
	    { echo "PREFIX is this source tree: choose another folder" >&2; exit 1; }
# $(call can_include,headers)
can_include = printf '\#include <%s>\n' $(1) | $(CC) $(ALL_CPPFLAGS) -E - >/dev/null 2>&1
# $(call need,header,what needs it,how to install it)
need = $(call can_include,$(1)) || { \
    echo "<$(1)> is missing, which $(2) needs: scripts/setup $(3) installs it on Debian" >&2; \
    exit 1; }
need-json:
	@$(call need,json-c/json.h,the backend for QEMU,qemu)
need-sqlite:
	@$(call need,sqlite3.h,the store in SQLite,sqlite)
need-testing:
	@for header in json-c/json.h cmocka.h; do \
	    $(call can_include,stdarg.h stddef.h stdint.h setjmp.h $$header) || { \
	        echo "<$$header> is missing, which libberth-testing needs:" \
	            "make setup installs it on Debian" >&2; \
	        echo "without it: make install-runtime install-compiler install-docs" >&2; exit 1; }; \
	done
$(LIBQEMU_OBJECTS) $(AGENT): | $(if $(filter install-qemu,$(MAKECMDGOALS)),need-json)
$(LIBSQLITE_OBJECTS): | $(if $(filter install-sqlite,$(MAKECMDGOALS)),need-sqlite)
$(TESTING_OBJECTS): | $(if $(filter install install-testing,$(MAKECMDGOALS)),need-testing)
