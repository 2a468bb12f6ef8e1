# A fresh machine: a bare Debian root with only the packages that set-up asks for.

# The goals, each in a clone of its own; FRESH_TARGETS=demo takes a minute or two.
FRESH_TARGETS ?= demo test

.PHONY: fresh
fresh: ## on a bare Debian: make demo of HEAD, a clone elsewhere, make test (as root)
	@scripts/fresh '$(abspath $(BUILD))' $(FRESH_TARGETS)
