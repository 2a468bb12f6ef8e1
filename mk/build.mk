# Libraries, generated managers, simulators, examples.

RUNTIME_SOURCES := $(wildcard runtime/src/*/*.c runtime/src/*/*/*.c)
TESTING_SOURCES := $(wildcard runtime/testing/*/*.c)
# The library is one translation unit; its files one by one are for what looks at parts of it.
RUNTIME_OBJECT := $(BUILD)/obj/runtime/library.o
PARTS_OBJECTS := $(RUNTIME_SOURCES:%.c=$(BUILD)/obj/%.o)
TESTING_OBJECTS := $(TESTING_SOURCES:%.c=$(BUILD)/obj/%.o)
MANAGER_OBJECTS := $(foreach m,$(ALL_MANAGERS),$(BUILD)/$(m)/$(m).o)

LIBBERTH := $(BUILD)/libberth.a
LIBPARTS := $(BUILD)/libberth-parts.a
LIBTESTING := $(BUILD)/libberth-testing.a
SONAME := libberth.so.$(firstword $(subst ., ,$(VERSION)))
LIBSHARED := $(BUILD)/libberth.so.$(VERSION)
LIBRARIES := $(LIBBERTH) $(LIBSHARED)

TESTING_FLAGS := -Iruntime/testing/include -Iruntime/testing
SIMULATORS := $(foreach m,$(ALL_MANAGERS),$(BUILD)/$(m)/$(m)-sim)
CONFORMANCE := $(foreach m,$(ALL_MANAGERS),$(BUILD)/$(m)/$(m)-conformance)
EXAMPLES := $(patsubst %,$(BUILD)/examples/%,demo minimal threads epoll netns migrate)

.PHONY: managers simulators examples run-demo run-demo-netns
managers: $(MANAGER_OBJECTS)
	@:
examples: $(EXAMPLES)
	@:

# The simulators read JSON; without json-c the rest can be had all the same.
ifeq ($(shell printf '\#include <json-c/json.h>\n' | $(CC) -E - >/dev/null 2>&1 && echo yes),yes)
simulators: $(SIMULATORS)
	@:
in-place: $(BUILD)/pkgconfig/berth-testing.pc $(LIBTESTING)
else
simulators:
	@echo "no json-c here: the simulators are left out (make setup installs it)"
endif

$(RUNTIME_OBJECT): runtime/library.c $(FLAGS_FILE)
	$(call compile)
# Whoever links parts has a clock of their own, or the library's.
$(BUILD)/obj/runtime/src/%.o: runtime/src/%.c $(FLAGS_FILE)
	$(call compile,-DBERTH_NO_CLOCK)
$(BUILD)/obj/runtime/testing/%.o: runtime/testing/%.c $(FLAGS_FILE)
	$(call compile,$(TESTING_FLAGS))
$(BUILD)/obj/examples/%.o: examples/%.c $(FLAGS_FILE)
	$(call compile,$(EXAMPLE_FLAGS))


# The search of `berthc check`. berthc compiles it by itself, and without warnings: see
# gen/berthc/explore/engine/build.py. This is the same with them.
SEARCH_OBJECT := $(BUILD)/obj/runtime/explore/explore.o
$(SEARCH_OBJECT): runtime/explore/explore.c $(FLAGS_FILE)
	$(call compile,-DBERTH_NO_LIBUUID -DBERTH_NO_MALLOC -DBERTH_NO_CLOCK)
.PHONY: search
search: $(SEARCH_OBJECT) ## compile the search of `berthc check`, with all warnings
	@:

$(LIBBERTH): $(RUNTIME_OBJECT)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

# pkg-config files of the clone itself: projects elsewhere build with it, and nothing is installed.
.PHONY: in-place
in-place: ## let projects elsewhere use this clone: set PKG_CONFIG_PATH to build/pkgconfig
in-place: $(BUILD)/pkgconfig/berth.pc $(LIBBERTH)
	@:
$(BUILD)/pkgconfig/berth.pc: INCLUDE := runtime/include
$(BUILD)/pkgconfig/berth-testing.pc: INCLUDE := runtime/testing/include
$(BUILD)/pkgconfig/%.pc: scripts/%.pc.in
	@mkdir -p $(@D)
	$(Q){ printf 'prefix=%s\nlibdir=%s\nincludedir=%s\n' \
	        "$$PWD" "$$(realpath $(BUILD))" "$$PWD/$(INCLUDE)"; \
	    sed -e 1,3d -e 's|@VERSION@|$(VERSION)|' $<; } >$@

.PHONY: renew-library-names
renew-library-names: ## the names that specs must not take, and those of this system besides
	@scripts/python scripts/library-names gen/berthc/data/library_names.txt >$(BUILD)/library_names.txt
	@mv $(BUILD)/library_names.txt gen/berthc/data/library_names.txt

$(LIBPARTS): $(PARTS_OBJECTS)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^
$(LIBTESTING): $(TESTING_OBJECTS)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

# Only what the public headers declare is exported.
$(BUILD)/libberth.map: $(wildcard runtime/include/berth/*.h) scripts/exports
	@mkdir -p $(@D)
	$(Q)scripts/exports runtime/include/berth/*.h >$@
$(LIBSHARED): $(RUNTIME_OBJECT) $(BUILD)/libberth.map
	$(call say,LD)
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=$(BUILD)/libberth.map -Wl,-z,defs \
	    $(ALL_LDFLAGS) -o $@ $(RUNTIME_OBJECT) $(LIBS)

# $(call plain_manager,name,spec): a manager for tests and benches, without simulator and suite.
define plain_manager
$(call generated,$(GEN)/$(1)/gen.stamp,$(2),gen,$(GEN)/$(1)/$(1).c $(GEN)/$(1)/$(1).h)
$(BUILD)/$(1)/$(1).o: $(GEN)/$(1)/$(1).c $(GEN)/$(1)/$(1).h $(FLAGS_FILE)
	$$(call compile)
endef

# Each manager, its simulator and its suite.
define manager_build
$(BUILD)/$(1)/$(1).o: $(GEN)/$(1)/$(1).c $(GEN)/$(1)/$(1).h $(FLAGS_FILE)
	$$(call compile)
$(BUILD)/$(1)/$(1)-sim.o: $(GEN)/$(1)/$(1)-sim.c $(GEN)/$(1)/$(1).h $(FLAGS_FILE)
	$$(call compile,$(TESTING_FLAGS))
$(BUILD)/$(1)/$(1)-conformance.o: $(GEN)/$(1)/$(1)-conformance.c $(GEN)/$(1)/$(1).h $(FLAGS_FILE)
	$$(call compile,$(TESTING_FLAGS))
$(BUILD)/$(1)/$(1)-sim: $(BUILD)/$(1)/$(1)-sim.o $(BUILD)/$(1)/$(1).o $(LIBTESTING) $(LIBBERTH)
	$$(call say,LD)
	$$(Q)$$(CC) $$(ALL_CFLAGS) -o $$@ $$^ $$(ALL_LDFLAGS) -ljson-c $$(LIBS)
$(BUILD)/$(1)/$(1)-conformance: $(BUILD)/$(1)/$(1)-conformance.o $(BUILD)/$(1)/$(1).o \
    $(LIBTESTING) $(LIBBERTH)
	$$(call say,LD)
	$$(Q)$$(CC) $$(ALL_CFLAGS) -o $$@ $$^ $$(ALL_LDFLAGS) -lcmocka -ljson-c $$(LIBS)
endef
$(foreach m,$(ALL_MANAGERS),$(eval $(call manager_build,$(m))))

# $(call example,name,manager): every source of examples/<name> with one manager.
define example
$(1)_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard examples/$(1)/*.c))
$$($(1)_OBJECTS): EXAMPLE_FLAGS := -I$(GEN)/$(2)
$$($(1)_OBJECTS): $(GEN)/$(2)/$(2).h
$(BUILD)/examples/$(1): $$($(1)_OBJECTS) $(BUILD)/$(2)/$(2).o $(LIBBERTH)
	@mkdir -p $$(@D)
	$$(call say,LD)
	$$(Q)$$(CC) $$(ALL_CFLAGS) -o $$@ $$^ $$(ALL_LDFLAGS) $$(LIBS)
endef
$(eval $(call example,demo,scsi))
$(eval $(call example,minimal,net))
$(eval $(call example,threads,scsi))
$(eval $(call example,epoll,vpci))
$(eval $(call example,netns,netns))
# Its store is that of libberth-testing, which needs json-c for other things. examples/restart is in
# mk/sqlite.mk.
$(eval $(call example,migrate,stored_scsi))
$(BUILD)/examples/migrate: $(BUILD)/obj/runtime/testing/stores/memory_store.o
$(migrate_OBJECTS): EXAMPLE_FLAGS += -Iruntime/testing/include

run-demo: $(BUILD)/examples/demo
	@$(BUILD)/examples/demo
run-demo-netns: $(BUILD)/examples/netns
	@$(BUILD)/examples/netns

# Other builds have folders within this one.
NOT_OF_THIS_BUILD := $(foreach d,asan tsan clang portable fresh,-path '$(BUILD)/$(d)' -prune -o)
-include $(shell [ -d $(BUILD) ] && find $(BUILD) $(NOT_OF_THIS_BUILD) -type f -name '*.d' -print)
