# Style and static analysis. Each tool is a target of its own, so that `make lint` shows everything
# at once.

C_FILES = $(shell git ls-files 'runtime/*.[ch]' 'examples/*.[ch]' 'contrib/*.[ch]' 'tests/*.[ch]' \
    'bench/*.[ch]' 'bench/*.[ch]pp' | \
    grep -v '^tests/gen/golden/\|^examples/\(cmake\|make\|meson\)/')
# The programs of examples/small need headers with limits, which make small builds with warnings of
# its own. The library is its files, which are looked at one by one. The search is one unit, whose
# files do not compile alone.
NOT_ANALYZED = tests/% examples/small/% runtime/library.c runtime/explore/%
ANALYZED = $(filter-out $(NOT_ANALYZED),$(filter %.c,$(C_FILES))) \
    $(foreach m,$(ALL_MANAGERS),$(GEN)/$(m)/$(m).c)
INCLUDES = -Iruntime/include -Iruntime/src -Iruntime/testing/include -Iruntime/testing \
    $(foreach m,$(ALL_MANAGERS) stock locker closet,-I$(GEN)/$(m)) $(QEMU_FLAGS) $(SQLITE_FLAGS) \
    -Ibench $(GLIB_FLAGS)
SHELL_FILES = contrib/github/berth-review contrib/git/berth-textconv bin/berthc .ci/run \
    $(addprefix scripts/,clang-tidy uninstall find-python python setup fresh exports)
LINT := lint-format lint-tidy lint-cppcheck lint-mypy lint-shell lint-javascript

.PHONY: lint run-lint format $(LINT)
lint: ## clang-format, clang-tidy, cppcheck, mypy --strict, shellcheck, eslint, both compilers
	@scripts/setup lint
	@$(PARALLEL) -k run-lint

run-lint: $(LINT) all clang-objects
	@echo "lint: clean"

format: ## lay out the hand-written C
	clang-format -i $(C_FILES)

lint-format:
	clang-format --dry-run --Werror $(C_FILES)
lint-tidy: managers $(GEN)/stock/stock.h $(GEN)/locker/locker.h $(GEN)/closet/closet.h
	@printf '%s\n' $(ANALYZED) | xargs -P $(J) -n 1 scripts/clang-tidy -std=c11 $(INCLUDES) --
# cppcheck does not read <uuid/uuid.h> and takes uuid_t for a number, so it calls every result of
# that type uninitialised; clang-tidy looks for the same and knows better.
lint-cppcheck: managers $(GEN)/stock/stock.h $(GEN)/locker/locker.h $(GEN)/closet/closet.h
	cppcheck --quiet -j $(J) --error-exitcode=1 --std=c11 \
	    --enable=warning,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem --suppress=uninitvar $(INCLUDES) $(ANALYZED)
lint-mypy:
	mypy --strict --python-executable $(TEST_PYTHON) gen/berthc
	mypy --strict scripts/library-names
	mypy --strict scripts/generate
	MYPYPATH=gen mypy --strict --python-executable $(TEST_PYTHON) scripts/manual
	mypy --strict examples/qemu/image.py
	mypy --strict scripts/run-tests \
	    $(patsubst %,bench/%.py,compiler small_page performance store states memory count)
lint-shell:
	shellcheck $(SHELL_FILES)
# The rules import the packages that stand beside them.
lint-javascript: $(NODE_READY)
	cp tests/node/eslint.config.mjs $(GEN)/node
	$(NODE_MODULES)/.bin/eslint --config $(GEN)/node/eslint.config.mjs \
	    gen/berthc/emit/html tests/node tests/page
