# The page of a manager in a browser, and the schema in an editor's server. The packages for Node.js
# are those of tests/node/package-lock.json; only tests use them.

NODE_MODULES := $(GEN)/node/node_modules
NODE_READY := $(GEN)/node/ready

$(NODE_READY): tests/node/package.json tests/node/package-lock.json
	@mkdir -p $(@D)
	$(call say,NPM)
	$(Q)cp $^ $(@D)
	$(Q)cd $(@D) && npm ci --silent --no-audit --no-fund --no-progress
	$(Q)touch $@

.PHONY: node-modules test-page check-page-tests
node-modules: $(NODE_READY)
	@:

test-page: ## set up, then the page in a browser, its simulator, the schema in an editor's server
	@scripts/setup page
	@$(PARALLEL) check-page-tests
PAGE_TESTS = $(sort $(wildcard tests/page/test_*.py tests/page/*/test_*.py))
check-page-tests: $(NODE_READY) $(SIMULATORS)
	@BERTH_BUILD=$(abspath $(BUILD)) BERTH_NODE_MODULES=$(abspath $(NODE_MODULES)) PYTHONPATH=gen \
	    $(TEST_PYTHON) scripts/run-tests --jobs $(J) --results $(BUILD)/results-page.txt \
	    $(foreach t,$(PAGE_TESTS),'pytest:$(t:tests/%.py=%)=$(t)')
