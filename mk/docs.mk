# Generated pages and pictures that are committed, because people review them.

DIAGRAM_SPECS := $(SPECS)

.PHONY: docs diagrams run-diagrams check-drift check-pages renew-tutorial
docs: diagrams
diagrams: ## renew docs/managers from the specs
	@scripts/setup docs
	@$(MAKE) run-diagrams

run-diagrams:
	$(BERTHC) docs -o docs/managers $(DIAGRAM_SPECS)
	$(BERTHC) diagram -o docs/managers $(DIAGRAM_SPECS)

check-drift: check-pages check-specs check-small check-memory ## do generated pages say what is so: docs/managers, small.md, performance.md?
check-pages: check-performance
	$(BERTHC) docs --check -o docs/managers $(DIAGRAM_SPECS)
	$(BERTHC) diagram --check -o docs/managers $(DIAGRAM_SPECS)

renew-tutorial: ## put what their commands print now into the pages of the tutorial; read the difference
	@$(MAKE) install PREFIX='$(abspath $(BUILD)/tutorial)'
	$(PYTHON_FOUND) tests/project/renew_tutorial.py docs/tutorial.md $(BUILD)/tutorial
	$(PYTHON_FOUND) tests/project/renew_tutorial.py docs/tutorial-backend.md $(BUILD)/tutorial
