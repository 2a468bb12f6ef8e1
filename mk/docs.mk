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

.PHONY: html page-picture
html: ## pages to review and try the managers that ship, in build/html; open build/html/index.html
	@scripts/setup docs
	$(BERTHC) html -o $(BUILD)/html $(DIAGRAM_SPECS)

page-picture: $(NODE_READY) ## renew docs/page.png, the picture of a page in README.md
	$(BERTHC) html -o $(BUILD)/html spec/scsi.yaml
	BERTH_NODE_MODULES=$(abspath $(NODE_MODULES)) \
	    node tests/page/picture.mjs $(BUILD)/html/scsi.html docs/page.png

check-drift: ## do generated pages say what is so: docs/managers, small.md, performance.md?
check-drift: check-pages check-specs check-small check-memory
check-pages: check-performance
	$(BERTHC) docs --check -o docs/managers $(DIAGRAM_SPECS)
	$(BERTHC) diagram --check -o docs/managers $(DIAGRAM_SPECS)

renew-tutorial: ## put what their commands print now into the tutorial's pages; read the difference
	@$(MAKE) install PREFIX='$(abspath $(BUILD)/tutorial)'
	$(PYTHON_FOUND) tests/project/renew_tutorial.py docs/tutorial.md $(BUILD)/tutorial
	$(PYTHON_FOUND) tests/project/renew_tutorial.py docs/tutorial-backend.md $(BUILD)/tutorial
