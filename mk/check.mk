# Exploration: what ships is explored before it is built; how sharp and how fast that is.

EXPLORED := $(MANAGERS:%=$(BUILD)/%/explored.stamp)

.PHONY: explored mutants-check bench-check
all: explored
explored: $(EXPLORED) ## explore the specs that ship: every interleaving of callers and failures
$(EXPLORED): $(BUILD)/%/explored.stamp: spec/%.yaml $(COMPILER)
	@mkdir -p $(@D)
	$(call say,CHECK)
	$(Q)$(BERTHC) check $< >$@.log
	@mv $@.log $@

mutants-check: ## change the specs that ship row by row and see what berthc check refuses
	@$(PYTHON_FOUND) tests/checker/mutants.py --jobs $(J) $(SPECS)

bench-check: ## states and seconds of the exploration, beside Spin on the exported model
	@$(PYTHON_FOUND) bench/check.py $(SPECS) tests/gen/faulty/sound/retries-its-own-plug.yaml
