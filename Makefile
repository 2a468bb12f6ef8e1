# Two commands do everything on a fresh machine: `make demo` and `make test`. `make help` lists the
# rest.
#
# Variables worth knowing:
#   BUILD     folder that everything is built in (build)
#   CC        compiler (gcc)            CFLAGS  optimisation and debugging (-O2 -g)
#   PREFIX    where to install (/usr/local), below DESTDIR
#   PYTHON    interpreter, when the one that scripts/find-python finds is not the right one
#   V         1 prints whole commands
#   J         suites that run at the same time (as many as there are processors)

# All paths count from the folder of this file. make -f from another folder goes there first.
HERE := $(shell dirname -- "$$(printf '%s' '$(subst ','\'',$(MAKEFILE_LIST))' | sed 's/^ //')")
ifneq ($(HERE),.)
ELSEWHERE := $(or $(MAKECMDGOALS),all)
.PHONY: $(ELSEWHERE) elsewhere
$(ELSEWHERE): elsewhere
	@:
elsewhere:
	@$(MAKE) --no-print-directory -C '$(subst ','\'',$(HERE))' $(MAKECMDGOALS)
else

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

BUILD ?= build

ifneq ($(findstring :,$(CURDIR)),)
$(error PATH cannot have a folder with a colon in its name; move the clone: $(CURDIR))
endif

include mk/toolchain.mk
include mk/generate.mk
include mk/build.mk
include mk/bench.mk
include mk/sqlite.mk
include mk/qemu.mk
include mk/page.mk
include mk/test.mk
include mk/lint.mk
include mk/docs.mk
include mk/check.mk
include mk/small.mk
include mk/portable.mk
include mk/install.mk
include mk/fresh.mk

.PHONY: all demo demo-netns test ci help clean setup

all: $(LIBRARIES) managers simulators examples ## library, generated managers, simulators, examples

demo: ## set up, then show a disk shared by two callers: retry, failing mount, last release
	@scripts/setup demo
	@$(PARALLEL) run-demo

demo-netns: ## the same of a bridge, with hooks that are real: needs network namespaces
	@scripts/setup demo
	@$(PARALLEL) run-demo-netns

test: ## set up, then run the tests but for the long ones; ends with "N passed, N failed"
	@scripts/setup test
	@$(PARALLEL) check

ci: ## set up, then run every test; ends with "N passed, N failed"
	@scripts/setup ci
	@$(PARALLEL) check-all

setup: ## install what `make test` needs
	@scripts/setup test

help: ## this list
	@echo "Targets (see the top of the Makefile for variables):"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

clean: ## remove everything that was built
	rm -rf $(BUILD)

endif
