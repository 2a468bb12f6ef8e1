# A fresh machine: a bare Debian root with only the packages that set-up asks for.

# The goals, each in a clone of its own; FRESH_TARGETS=demo is the quickest.
FRESH_TARGETS ?= demo test ci

.PHONY: fresh
fresh: ## on a bare Debian: make demo, make test and make ci of HEAD, in a clone each (as root)
	@scripts/fresh '$(abspath $(BUILD))' $(FRESH_TARGETS)
