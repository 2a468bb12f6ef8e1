# From specs to C. berthc writes a file only when its text changes, so a stamp says when it last ran; the C files keep
# their times and nothing is compiled again for a change of the compiler that makes no difference.

SPECS := $(wildcard spec/*.yaml)
TEST_SPECS := $(wildcard tests/gen/specs/*.yaml)
# The projects of examples/cmake, make and meson have the spec of examples/minimal.
EXAMPLE_SPECS := examples/minimal/net.yaml
ALL_SPECS := $(SPECS) $(TEST_SPECS) $(EXAMPLE_SPECS)

manager_of = $(basename $(notdir $(1)))
MANAGERS := $(call manager_of,$(SPECS))
TEST_MANAGERS := $(call manager_of,$(TEST_SPECS))
EXAMPLE_MANAGERS := $(call manager_of,$(EXAMPLE_SPECS))
ALL_MANAGERS := $(MANAGERS) $(TEST_MANAGERS) $(EXAMPLE_MANAGERS)

COMPILER := $(shell find gen/berthc -name '*.py' -o -name '*.j2' -o -name '*.txt') $(wildcard spec/schema/*.json)

# $(call generated,stamp,spec,subcommand,files)
define generated
$(1): $(2) $(COMPILER)
	@mkdir -p $$(@D)
	$$(call say,GEN)
	$$(Q)$$(BERTHC) $(3) -q -o $(BUILD) $(2)
	@touch $$@
$(4): $(1)
	@test -f $$@ || $$(BERTHC) $(3) -q -o $(BUILD) $(2)
endef

define manager_rules
$(call generated,$(BUILD)/$(1)/gen.stamp,$(2),gen --sim,$(BUILD)/$(1)/$(1).c $(BUILD)/$(1)/$(1).h $(BUILD)/$(1)/$(1)-sim.c)
$(call generated,$(BUILD)/$(1)/tests.stamp,$(2),tests,$(BUILD)/$(1)/$(1)-conformance.c)
endef
$(foreach spec,$(ALL_SPECS),$(eval $(call manager_rules,$(call manager_of,$(spec)),$(spec))))
