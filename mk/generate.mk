# From specs to C. berthc writes a file only if its text changes, so a stamp says when it last ran.
# The C files keep their times; a change of the compiler that makes no difference compiles nothing.
# scripts/generate writes a depfile beside the stamp: what berthc loaded and opened for this step.

# Folder of the generated sources. Builds with other flags share them with the first one.
GEN ?= $(BUILD)
SOURCES :=

SPECS := $(wildcard spec/*.yaml)
TEST_SPECS := $(wildcard tests/gen/specs/*.yaml)
# The projects of examples/cmake, make and meson have the spec of examples/minimal.
EXAMPLE_SPECS := \
    $(patsubst %,examples/%.yaml,minimal/net netns/netns restart/taps) \
    $(wildcard examples/qemu/*.yaml)
ALL_SPECS := $(SPECS) $(TEST_SPECS) $(EXAMPLE_SPECS)

manager_of = $(basename $(notdir $(1)))
MANAGERS := $(call manager_of,$(SPECS))
TEST_MANAGERS := $(call manager_of,$(TEST_SPECS))
EXAMPLE_MANAGERS := $(call manager_of,$(EXAMPLE_SPECS))
ALL_MANAGERS := $(MANAGERS) $(TEST_MANAGERS) $(EXAMPLE_MANAGERS)

GENERATE = PYTHONDONTWRITEBYTECODE=1 $(PYTHON_FOUND) scripts/generate

# $(call generated,stamp,spec,subcommand,files)
define generated
$(1): $(2) scripts/generate
	@mkdir -p $$(@D)
	$$(call say,GEN)
	$$(Q)$$(GENERATE) $$@ $(3) -q -o $(GEN) $(2)
$(4): $(1)
	@test -f $$@ || $$(GENERATE) $(1) $(3) -q -o $(GEN) $(2)
SOURCES += $(4)
endef

define manager_rules
$(call generated,$(GEN)/$(1)/gen.stamp,$(2),gen --sim,$(addprefix $(GEN)/$(1)/$(1),.c .h -sim.c))
$(call generated,$(GEN)/$(1)/tests.stamp,$(2),tests,$(GEN)/$(1)/$(1)-conformance.c)
endef
$(foreach spec,$(ALL_SPECS),$(eval $(call manager_rules,$(call manager_of,$(spec)),$(spec))))

.PHONY: generated
generated: $(SOURCES)
	@:
ifneq ($(GEN),$(BUILD))
-include $(wildcard $(GEN)/*/*.stamp.d)
endif
