# Style and static analysis. Each tool is a target of its own, so that `make -k lint` shows everything at once.

C_FILES = $(shell git ls-files 'runtime/*.[ch]' 'examples/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]' | grep -v '^tests/gen/golden/')
SHELL_FILES = scripts/find-python scripts/python scripts/setup scripts/exports bin/berthc .ci/run
LINT := lint-format lint-tidy lint-cppcheck lint-mypy lint-shell

.PHONY: lint run-lint format $(LINT)
lint: ## clang-format, clang-tidy, cppcheck, mypy --strict, shellcheck, both compilers
	@scripts/setup lint
	@$(MAKE) -k run-lint

run-lint: $(LINT) all clang-objects
	@echo "lint: clean"

format: ## lay out the hand-written C
	clang-format -i $(C_FILES)

lint-format:
	clang-format --dry-run --Werror $(C_FILES)
lint-tidy: managers
	clang-tidy --quiet $(filter %.c,$(shell git ls-files 'runtime/src/*.c' 'examples/*.c')) $(MANAGERS:%=$(BUILD)/%/%.c) -- \
	    -std=c11 -Iruntime/include -Iruntime/src $(foreach m,$(ALL_MANAGERS),-I$(BUILD)/$(m))
lint-cppcheck: managers
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem -Iruntime/include -Iruntime/src runtime/src examples $(MANAGERS:%=$(BUILD)/%/%.c) \
	    $(foreach m,$(ALL_MANAGERS),-I$(BUILD)/$(m))
lint-mypy:
	MYPYPATH=gen mypy --strict --python-executable $(TEST_PYTHON) gen/berthc
	mypy --strict scripts/run-tests
lint-shell:
	shellcheck $(SHELL_FILES)
