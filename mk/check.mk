# Exploration: every order of calls of the specs that ship; how sharp and how fast the search is.

EXPLORED := $(MANAGERS:%=$(GEN)/%/explored.stamp)

.PHONY: check-specs renew-states mutants-check bench-check
check-specs: $(EXPLORED) ## explore the specs that ship: every interleaving of callers and failures
	@head -q -n 1 $(EXPLORED:%.stamp=%.log)
	@$(PYTHON_FOUND) bench/states.py $(EXPLORED:%.stamp=%.log)
renew-states: $(EXPLORED) ## record how many states that is in bench/states.json
	@$(PYTHON_FOUND) bench/states.py --renew $(EXPLORED:%.stamp=%.log)
	@$(PYTHON_FOUND) bench/performance.py
$(EXPLORED): $(GEN)/%/explored.stamp: spec/%.yaml scripts/generate
	@mkdir -p $(@D)
	$(call say,CHECK)
	$(Q)$(GENERATE) $@ check $< >$(@:.stamp=.log) || { cat $(@:.stamp=.log); exit 1; }

mutants-check: ## change the specs that ship row by row and see what berthc check refuses
	@$(PYTHON_FOUND) tests/checker/mutants.py --jobs $(J) $(SPECS)

bench-check: ## states and seconds of the search of the model
	@$(PYTHON_FOUND) bench/check.py $(SPECS) tests/gen/faulty/sound/retries-its-own-plug.yaml
