# The store in a file of SQLite: a library and its tests. Needs libsqlite3.

SQLITE_FLAGS := -Icontrib/sqlite/include -Icontrib/sqlite/src
LIBSQLITE := $(BUILD)/libberth-sqlite.a
LIBSQLITE_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard contrib/sqlite/src/*.c))
SQLITE_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/sqlite/test_*.c))
# What tests of `berthc store` read is its work.
KEEP := $(BUILD)/tests/sqlite/keep
SQLITE_SUPPORT := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/sqlite/support/*.c)) \
    $(BUILD)/depository/depository.o

$(BUILD)/obj/tests/sqlite/%.o: TESTING_FLAGS += $(SQLITE_FLAGS) -Itests/sqlite -I$(GEN)/depository
$(patsubst %,$(BUILD)/obj/tests/sqlite/%.o,test_anew test_manager test_move keep support/depot): \
    $(GEN)/depository/depository.h
$(BUILD)/obj/contrib/sqlite/%.o: contrib/sqlite/%.c $(FLAGS_FILE)
	$(call compile,$(SQLITE_FLAGS))

$(LIBSQLITE): $(LIBSQLITE_OBJECTS)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

# The clone's libberth-sqlite is for projects elsewhere too, if it can be built here.
$(BUILD)/pkgconfig/berth-sqlite.pc: INCLUDE := contrib/sqlite/include
ifeq ($(shell printf '\#include <sqlite3.h>\n' | $(CC) -E - >/dev/null 2>&1 && echo yes),yes)
in-place: $(BUILD)/pkgconfig/berth-sqlite.pc $(LIBSQLITE)
endif

$(SQLITE_TESTS) $(KEEP): $(BUILD)/tests/sqlite/%: $(BUILD)/obj/tests/sqlite/%.o \
    $(SQLITE_SUPPORT) $(LIBSQLITE) $(LIBBERTH)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) -lcmocka -lsqlite3 $(LIBS)

$(eval $(call example,restart,taps))
$(restart_OBJECTS): EXAMPLE_FLAGS += -Icontrib/sqlite/include
$(BUILD)/examples/restart: $(LIBSQLITE)
$(BUILD)/examples/restart: LIBS += -lsqlite3

.PHONY: demo-restart run-demo-restart
demo-restart: ## set up, then a program that is killed twice and goes on, with a store in SQLite
	@scripts/setup sqlite
	@$(PARALLEL) run-demo-restart
run-demo-restart: $(BUILD)/examples/restart
	@$(BUILD)/examples/restart

$(eval $(call plain_manager,locker,bench/specs/locker.yaml))
# The same without a store.
$(GEN)/closet.yaml: bench/specs/locker.yaml
	@mkdir -p $(@D)
	$(Q)sed -e '/^store:/d' -e 's/^manager: locker/manager: closet/' $< >$@
$(eval $(call plain_manager,closet,$(GEN)/closet.yaml))
$(BUILD)/obj/bench/store/main.o: BENCH_FLAGS += $(SQLITE_FLAGS) -I$(GEN)/locker -I$(GEN)/closet
$(BUILD)/obj/bench/store/main.o: $(GEN)/locker/locker.h $(GEN)/closet/closet.h
$(BUILD)/bench/store: $(BUILD)/obj/bench/store/main.o $(BUILD)/locker/locker.o \
    $(BUILD)/closet/closet.o $(LIBSQLITE) $(LIBBERTH)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) -lsqlite3 $(LIBS)

.PHONY: bench-store run-bench-store renew-store
bench-store: ## cycles with a store in SQLite, beside bare transactions; loading a million instances
	@scripts/setup sqlite
	@$(PARALLEL) run-bench-store
run-bench-store: $(BUILD)/bench/store
	@$(PYTHON_FOUND) bench/store.py $(STORE_ARGUMENTS) $<
renew-store: $(BUILD)/bench/store ## the same, and record it in bench/store.json
	@$(PYTHON_FOUND) bench/store.py --renew $(STORE_ARGUMENTS) $<
	@$(PYTHON_FOUND) bench/performance.py
