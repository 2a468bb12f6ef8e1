# Exploration: every order of calls of the specs that ship; how sharp and how fast the search is.

EXPLORED := $(MANAGERS:%=$(GEN)/%/explored.stamp)

.PHONY: check-specs renew-states mutants-check bench-check renew-check
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

bench-check: ## the search in C beside the one in Python: states, time, memory; and the targets
	@$(PYTHON_FOUND) bench/check.py
renew-check: ## the same, and record it in bench/check.json
	@$(PYTHON_FOUND) bench/check.py --renew
	@$(PYTHON_FOUND) bench/performance.py
