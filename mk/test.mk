# Tests. `make test` runs the quick suites, `make ci` all of them; `check`, `check-long` and
# `check-all` are the same without the set-up. Every suite is a line for scripts/run-tests, which
# counts and closes.

# The sanitizers of gcc 12 do not cope with the address space layout of some kernels; without
# randomisation they do.
FIXED_LAYOUT := $(shell setarch -R true 2>/dev/null && echo setarch -R)
# Other builds of the same sources.
ASAN := BUILD=$(BUILD)/asan GEN=$(GEN) SANITIZE=address,undefined
TSAN := BUILD=$(BUILD)/tsan GEN=$(GEN) SANITIZE=thread
CLANG := BUILD=$(BUILD)/clang GEN=$(GEN) CC=clang

# The runtime tests move the clock: see tests/runtime/support/clock.h.
RUNTIME_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/runtime/*/test_*.c))
TESTING_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/testing/test_*.c))
SUPPORT_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/runtime/support/*.c))
EXAMPLE_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/examples/test_*.c))
C_SUITES := $(RUNTIME_TESTS) $(TESTING_TESTS) $(EXAMPLE_TESTS) $(QEMU_BARE_SUITES) $(SQLITE_TESTS) \
    $(CONFORMANCE)

$(BUILD)/obj/tests/%.o: tests/%.c $(FLAGS_FILE)
	$(call compile,$(TESTING_FLAGS) -Itests/runtime -Iruntime/src)
# The library as it is but for the clock. Some tests call parts of the runtime or bring a part of
# their own; the others only look into a manager.
TESTED := $(BUILD)/obj/runtime/library-no-clock.o
$(TESTED): runtime/library.c $(FLAGS_FILE)
	$(call compile,-DBERTH_NO_CLOCK)
PARTS_TESTS := $(addprefix $(BUILD)/tests/runtime/base/test_, \
    fields hash map pool reader_slots strings text uuid) $(BUILD)/tests/runtime/api/test_create
$(PARTS_TESTS): TESTED :=
# These use a generated manager: $(eval $(call with_manager,test,manager))
define with_manager
$(BUILD)/obj/tests/runtime/$(1).o: TESTING_FLAGS += -I$(GEN)/$(2)
$(BUILD)/obj/tests/runtime/$(1).o: $(GEN)/$(2)/$(2).h
$(BUILD)/tests/runtime/$(1): $(BUILD)/$(2)/$(2).o
$(BUILD)/tests/runtime/$(1): GENERATED := $(BUILD)/$(2)/$(2).o
endef
$(eval $(call with_manager,rules/test_asking,probe))
$(eval $(call with_manager,api/test_results,kitchen))
# The tests of stores have managers of their own, and the stores of libberth-testing.
$(eval $(call plain_manager,depository,tests/runtime/stored/depository.yaml))
$(eval $(call plain_manager,leases,tests/runtime/stored/leases.yaml))
LEASES_TEST := $(BUILD)/tests/runtime/stored/test_leases
STORED_TESTS := $(filter $(BUILD)/tests/runtime/stored/%,$(RUNTIME_TESTS))
$(foreach t,$(patsubst $(BUILD)/tests/runtime/%,%,$(filter-out $(LEASES_TEST),$(STORED_TESTS))),\
    $(eval $(call with_manager,$(t),depository)))
$(eval $(call with_manager,stored/test_leases,leases))
$(STORED_TESTS): $(LIBTESTING)
$(STORED_TESTS): GENERATED := $(BUILD)/depository/depository.o $(LIBTESTING)
$(LEASES_TEST): GENERATED := $(BUILD)/leases/leases.o $(LIBTESTING)
$(RUNTIME_TESTS): $(BUILD)/tests/runtime/%: $(BUILD)/obj/tests/runtime/%.o $(SUPPORT_OBJECTS) \
    $(TESTED) $(LIBPARTS)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(GENERATED) $(SUPPORT_OBJECTS) $(TESTED) $(LIBPARTS) \
	    $(ALL_LDFLAGS) -lcmocka $(LIBS)
$(TESTING_TESTS): $(BUILD)/tests/testing/%: $(BUILD)/obj/tests/testing/%.o $(LIBTESTING) $(LIBBERTH)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) -lcmocka -ljson-c $(LIBS)
# $(call with_example,name): the suite of an example, with all that the example has but main.c. It
# may stand between it and the kernel.
define with_example
$(BUILD)/obj/tests/examples/test_$(1).o: TESTING_FLAGS += -Iexamples -I$(GEN)/$(1)
$(BUILD)/obj/tests/examples/test_$(1).o: $(GEN)/$(1)/$(1).h
$(BUILD)/tests/examples/test_$(1): $(BUILD)/obj/tests/examples/test_$(1).o \
    $(filter-out %/main.o,$($(1)_OBJECTS)) $(BUILD)/$(1)/$(1).o $(LIBBERTH)
	@mkdir -p $$(@D)
	$$(call say,LD)
	$$(Q)$$(CC) $$(ALL_CFLAGS) -o $$@ $$^ -Wl,--wrap=send,--wrap=recv $$(ALL_LDFLAGS) -lcmocka $$(LIBS)
endef
$(eval $(call with_example,netns))
.SECONDARY:

c-suites: $(C_SUITES) $(EXAMPLES) $(BUILD)/examples/restart
	@:
suites: c-suites $(SIMULATORS) $(SEARCH_OBJECT) $(AGENT) $(FUZZED) $(KEEP)
	@:

# $(call cmocka,label,prefix of the command,folder): the C suites as run-tests wants them.
cmocka = $(foreach s,$(C_SUITES:$(BUILD)/%=%),'cmocka:$(1)$(s)=$(strip $(2) $(3)/$(s))')
# Python tests marked `long` are for `make ci`, the others for `make test`: docs/testing.md says
# why. tests/page needs a browser: mk/page.mk.
PYTEST_FILES := $(sort $(shell find tests -path tests/page -prune -o -name 'test_*.py' -print))
LONG_FILES := $(shell grep -lE 'mark\.long|EACH_(COMPILER|SPEC)' $(PYTEST_FILES))
ONLY_LONG := $(shell grep -l '^pytestmark = .*mark\.long' $(PYTEST_FILES))
# $(call pytest,label,which marks,files)
pytest = $(foreach f,$(3),'pytest:$(1)$(f:tests/%=%)=-m "$(2)" $(f)')
# $(call examples,label,prefix of the command,folder)
examples = 'script:$(1)demo=$(strip $(2) $(3)/examples/demo)' \
    'script:$(1)example minimal=$(strip $(2) $(3)/examples/minimal)' \
    'script:$(1)example threads=$(strip $(2) $(3)/examples/threads 4 200)' \
    'script:$(1)example epoll=$(strip $(2) $(3)/examples/epoll 500)' \
    'script:$(1)example restart=$(strip $(2) $(3)/examples/restart)' \
    'script:$(1)example migrate=$(strip $(2) $(3)/examples/migrate)'
DIFFER = PYTHONPATH=gen $(PYTHON_FOUND) tests/differential/differ.py
SOAK_SECONDS ?= 300

# What tests that start programs of their own need to know.
export BERTH_BUILD = $(abspath $(BUILD))
export BERTH_CACHE ?= $(abspath $(BUILD))/cache
export BERTH_CC = $(CC)
export BERTH_CFLAGS = $(CFLAGS)

SUITES = $(call cmocka,,,$(BUILD)) $(call examples,,,$(BUILD)) \
    $(call cmocka,asan/,$(FIXED_LAYOUT),$(BUILD)/asan) \
    $(call examples,asan/,$(FIXED_LAYOUT),$(BUILD)/asan) \
    'script:drift of docs=$(MAKE) check-pages' \
    'script:exploration of the specs=$(MAKE) check-specs' \
    $(call pytest,,not long,$(filter-out $(ONLY_LONG),$(PYTEST_FILES)))
LONG_SUITES = $(call pytest,long/,long,$(LONG_FILES)) \
    $(call cmocka,tsan/,$(FIXED_LAYOUT),$(BUILD)/tsan) \
    $(call examples,tsan/,$(FIXED_LAYOUT),$(BUILD)/tsan) \
    'script:drift of sizes=$(MAKE) check-small' \
    'script:drift of memory=$(MAKE) check-memory' \
    'script:budget of instructions=$(MAKE) run-check-budget'
# $(call run_tests,file for the closing line,suites)
run_tests = PYTHON=$(TEST_PYTHON) \
    $(TEST_PYTHON) scripts/run-tests --jobs $(J) --results $(BUILD)/$(1) $(2)

BUILT := $(LIBRARIES) suites asan-suites
BUILT_LONG := $(BUILT) $(INSTRUCTIONS) clang-objects tsan-suites

.PHONY: c-suites suites check check-long check-all check-c clang-objects asan tsan valgrind \
    coverage coverage-c coverage-python
check: $(BUILT) ## what make test runs, without the set-up
	@$(call run_tests,results.txt,$(SUITES))
check-long: $(BUILT_LONG) ## what make ci runs and make test does not, without the set-up
	@$(call run_tests,results-long.txt,$(LONG_SUITES))
check-all: $(BUILT_LONG)
	@$(call run_tests,results.txt,$(LONG_SUITES) $(SUITES))

check-c: c-suites ## the C suites alone, without the set-up
	@$(PYTHON_FOUND) scripts/run-tests --jobs $(J) \
	    $(call cmocka,,$(WRAP),$(BUILD)) $(call examples,,$(WRAP),$(BUILD))

.PHONY: asan-suites tsan-suites
asan-suites: generated
	@$(MAKE) $(ASAN) suites
tsan-suites: generated
	@$(MAKE) $(TSAN) c-suites
clang-objects: generated
	@$(MAKE) $(CLANG) suites

asan: ## every C suite with AddressSanitizer and UndefinedBehaviorSanitizer
	@scripts/setup asan
	@$(MAKE) $(ASAN) WRAP='$(FIXED_LAYOUT)' check-c

tsan: ## every C suite with ThreadSanitizer
	@scripts/setup tsan
	@$(MAKE) $(TSAN) WRAP='$(FIXED_LAYOUT)' check-c

VALGRIND = valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite
valgrind: ## every C suite under valgrind
	@scripts/setup valgrind
	@$(MAKE) WRAP='$(VALGRIND)' check-c

.PHONY: names
names: ## every word that the compiler knows of in every role of the language (long)
	@scripts/setup ci
	@BERTH_EVERY_NAME=1 $(TEST_PYTHON) -m pytest -q -p no:cacheprovider \
	    tests/gen/names/test_name_roles.py

.PHONY: mutants
mutants: ## change each cell of the tables, and lines about fields: do suites notice? (long)
	@scripts/setup test
	@$(MAKE) run-mutants
MUTANTS = CC=$(CC) $(PYTHON_FOUND) tests/mutants/run.py \
    --out '$(abspath $(BUILD))/mutants' --jobs $(J)
run-mutants:
	$(MUTANTS) $(SPECS) tests/mutants/fields.yaml
	$(MUTANTS) --kind line $(TEST_SPECS)

coverage: ## lines and branches of the runtime, lines of the compiler
	@scripts/setup coverage
	@$(MAKE) BUILD=$(BUILD)/coverage COVERAGE=1 coverage-c
	@$(MAKE) BUILD=$(BUILD)/coverage/compiler coverage-python

GCOVR = gcovr --root . --filter 'runtime/src/' --exclude-unreachable-branches
coverage-c: c-suites
	@find $(BUILD) -name '*.gcda' -delete
	@$(PYTHON_FOUND) scripts/run-tests --jobs $(J) $(call cmocka,,,$(BUILD))
	@$(GCOVR) --print-summary --txt $(BUILD)/lines.txt $(BUILD) >$(BUILD)/summary.txt
	@$(GCOVR) --branches --txt $(BUILD)/branches.txt $(BUILD)
	@cat $(BUILD)/lines.txt $(BUILD)/branches.txt $(BUILD)/summary.txt

# Some of these tests build programs, with libraries that are not instrumented. Most start
# interpreters, and these measure too: every interpreter that gets this user folder does. Measured
# code is slow, so nobody asks how fast it is.
LINES = $(abspath $(BUILD))/lines
USER_FOLDER = PYTHONUSERBASE='$(LINES)/user'
MEASURED_FILES = $(filter-out %/test_speed.py,$(filter tests/gen/%,$(PYTEST_FILES)))
coverage-python: $(LIBBERTH) $(LIBTESTING)
	@rm -rf '$(LINES)' && mkdir -p '$(LINES)'
	@printf '%s\n' '[run]' 'source = $(abspath gen/berthc)' 'data_file = $(LINES)/data' \
	    'parallel = true' '[report]' 'skip_covered = true' >'$(LINES)/rc'
	@site=$$($(USER_FOLDER) $(COVERAGE_PYTHON) -m site --user-site); mkdir -p "$$site" && \
	    printf 'import coverage\ncoverage.process_startup()\n' >"$$site/usercustomize.py"
	@$(USER_FOLDER) COVERAGE_PROCESS_START='$(LINES)/rc' PYTHON=$(COVERAGE_PYTHON) \
	    $(COVERAGE_PYTHON) scripts/run-tests --jobs $(J) \
	    $(foreach f,$(MEASURED_FILES),'pytest:$(f:tests/%=%)=$(f)')
	@$(COVERAGE_PYTHON) -m coverage combine -q --rcfile='$(LINES)/rc'
	@$(COVERAGE_PYTHON) -m coverage report --rcfile='$(LINES)/rc' --fail-under=95

.PHONY: soak
# One simulator against the other; stored managers that are killed; random specs by both searches;
# the backend for QEMU, fuzzed.
soak: ## SOAK_SECONDS (300) for each of: simulators, managers killed, random specs, QEMU's backend
soak: suites asan-suites
	$(DIFFER) $(SOAK) $(ALL_SPECS)
	$(PYTHON_FOUND) tests/killing/kills.py $(SOAK) $(KILLED_SPECS)
	PYTHONPATH=gen $(PYTHON_FOUND) tests/checker/random_engines.py $(SOAK)
	BERTH_FUZZ_SECONDS=$(SOAK_SECONDS) BERTH_FUZZ_SEED=$$(date +%s) \
	    $(TEST_PYTHON) -m pytest -q tests/qemu/test_wrong_lines.py
SOAK = --seconds $(SOAK_SECONDS) --seed $$(date +%s)
# The operation `open` of examples/minimal has the name of a function of stored managers.
KILLED_SPECS = $(filter-out examples/minimal/net.yaml,$(ALL_SPECS))
