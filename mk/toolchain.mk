# Compilers, flags, and the Python that sees what berthc needs.

ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar

J ?= $(shell nproc 2>/dev/null || echo 2)
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wcast-qual -Wmissing-prototypes -Werror
ALL_CFLAGS = -std=c11 $(WARNINGS) -fPIC -pthread $(CFLAGS)
ALL_CPPFLAGS = -Iruntime/include $(CPPFLAGS)
ALL_LDFLAGS = -pthread $(LDFLAGS)
LIBS := -luuid

# make asan, tsan and coverage build everything again in folders of their own with one of these set.
SANITIZE ?=
ifneq ($(SANITIZE),)
ALL_CFLAGS += -O1 -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=$(SANITIZE)
endif
COVERAGE ?=
ifneq ($(COVERAGE),)
ALL_CFLAGS += -O0 --coverage
ALL_LDFLAGS += --coverage
endif

# Looked for when it is first needed, so that `make help` and `make setup` work without. PYTHON on
# the command line of make is not in the environment of $(shell). TEST_PYTHON has pytest as well.
python_for = '$(or $(shell PYTHON='$(PYTHON)' scripts/setup --python $1),$(error no usable Python))'
PYTHON_FOUND = $(eval PYTHON_FOUND := $(call python_for,build))$(PYTHON_FOUND)
TEST_PYTHON = $(eval TEST_PYTHON := $(call python_for,test))$(TEST_PYTHON)
COVERAGE_PYTHON = $(eval COVERAGE_PYTHON := $(call python_for,coverage))$(COVERAGE_PYTHON)
# These goals start Python after long compilations, so they look for it first.
GOALS := $(or $(MAKECMDGOALS),$(.DEFAULT_GOAL))
$(if $(filter check-page-tests check-qemu check check-long check-all run-lint lint-mypy,$(GOALS)), \
    $(if $(TEST_PYTHON),))
$(if $(filter coverage-python,$(GOALS)),$(if $(COVERAGE_PYTHON),))
$(if $(filter all managers simulators examples suites c-suites check-c clang-objects generated \
    check-specs run-demo run-demo-restart run-demo-netns bench-sizes run-bench run-check-budget \
    renew-budget compare-memory renew-memory run-small compare-small renew-small small-native soak \
    run-mutants coverage-c,$(GOALS)),$(if $(PYTHON_FOUND),))

BERTHC = PYTHON=$(PYTHON_FOUND) PYTHONDONTWRITEBYTECODE=1 bin/berthc

VERSION := $(shell sed -n 's/^\#define BERTH_VERSION "\(.*\)"/\1/p' runtime/include/berth/berth.h)

# One short line per file; whole commands with V=1.
V ?=
Q := $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-5s %s\n' $(1) $@)

# Objects are built again when compiler or flags change.
FLAGS_FILE := $(BUILD)/flags
COMPILER = $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)
.PHONY: force
$(FLAGS_FILE): force
	@mkdir -p $(@D)
	@echo '$(COMPILER)' | cmp -s - $@ || echo '$(COMPILER)' >$@

# $(call compile,extra flags): an object from the first prerequisite, with a depfile beside it.
define compile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(1) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
endef

# Make itself as many times as there are processors, unless the caller chose a number.
PARALLEL = $(MAKE) $(if $(filter -j%,$(MAKEFLAGS)),,-j$(J))
