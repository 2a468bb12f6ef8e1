# Other machines: i386 (32 bits), s390x (big-endian) and arm64. Debian's cross compilers build for
# them, and qemu-user runs what they built. The libraries of those machines are Debian's packages,
# unpacked into a folder below $(BUILD)/portable; this machine's packages stay as they are.

PORTABLE := i386 s390x arm64
PORTABLE_CFLAGS ?= -O1 -g
TRIPLET_i386 := i686-linux-gnu
TRIPLET_s390x := s390x-linux-gnu
TRIPLET_arm64 := aarch64-linux-gnu
EMULATOR_i386 := qemu-i386-static
EMULATOR_s390x := qemu-s390x-static
EMULATOR_arm64 := qemu-aarch64-static
PORTABLE_PACKAGES := libc6-dev,libcmocka-dev,libjson-c-dev,libsqlite3-dev,uuid-dev
DEBIAN_MIRROR ?= http://deb.debian.org/debian
DEBIAN = $(shell . /etc/os-release && echo $$VERSION_CODENAME)

# What depends most on the order of bytes and on the size of a word.
SHORT_TESTS := $(filter $(BUILD)/tests/runtime/base/%,$(RUNTIME_TESTS)) \
    $(addprefix $(BUILD)/tests/runtime/,api/test_arguments api/test_create api/test_instances \
    rules/test_find rules/test_holders rules/test_ends rules/test_rows waiting/test_deadlines \
    waiting/test_waiting)
SHORT_SUITES := $(SHORT_TESTS) $(BUILD)/kitchen/kitchen-conformance
SHORT_SCRIPTS := 30
LONG_SCRIPTS := 200

PORTABLE_ROOTS := $(PORTABLE:%=$(BUILD)/portable/%.stamp)
$(PORTABLE_ROOTS): $(BUILD)/portable/%.stamp:
	@mkdir -p $(@D) && rm -rf $(BUILD)/portable/root-$*
	$(call say,ROOT)
	$(Q)mmdebstrap --quiet --variant=extract --architectures=$* --include=$(PORTABLE_PACKAGES) \
	    $(DEBIAN) $(BUILD)/portable/root-$* $(DEBIAN_MIRROR)
	@touch $@

# $(call portable_make,architecture): make, for that machine
portable_root = $(abspath $(BUILD)/portable/root-$(1))
portable_make = $(MAKE) BUILD=$(BUILD)/portable/$(1) GEN=$(GEN) \
    CC=$(TRIPLET_$(1))-gcc AR=$(TRIPLET_$(1))-ar CFLAGS='$(PORTABLE_CFLAGS)' \
    CPPFLAGS=--sysroot=$(call portable_root,$(1)) LDFLAGS=--sysroot=$(call portable_root,$(1)) \
    MACHINE=$(1) WRAP='$(EMULATOR_$(1)) -L $(call portable_root,$(1))'

.PHONY: portable-roots
portable-roots: $(BUILD)/portable/i386.stamp $(BUILD)/portable/s390x.stamp
	@:
.PHONY: portable run-portable portable-short run-portable-short check-machine check-machine-short \
    $(PORTABLE:%=run-portable-%)
portable: ## every C suite, example and simulator on i386, s390x and arm64, with qemu (long)
	@scripts/setup portable
	@$(PARALLEL) run-portable
run-portable:
	@status=0; \
	    for machine in $(PORTABLE); do $(MAKE) run-portable-$$machine || status=1; done; \
	    exit $$status
$(PORTABLE:%=run-portable-%): run-portable-%: $(BUILD)/portable/%.stamp
	@$(call portable_make,$*) check-machine

portable-short: ## the suites that depend most on the machine, on i386 and s390x
	@scripts/setup portable
	@$(PARALLEL) run-portable-short
run-portable-short: portable-roots
	@status=0; $(call portable_make,i386) check-machine-short || status=1; \
	    $(call portable_make,s390x) check-machine-short || status=1; exit $$status

# Within such a make. $(call machine_tests,suites,managers' specs,scripts for each)
machine_tests = $(foreach s,$(1),'cmocka:$(MACHINE)/$(s:$(BUILD)/%=%)=$(WRAP) $(s)') \
    'script:$(MACHINE)/differential=env PYTHONPATH=gen BERTH_BUILD=$(BUILD) "BERTH_RUN=$(WRAP)" \
    $(TEST_PYTHON) tests/differential/differ.py --scripts $(3) $(2)'
# Suites of examples ask the kernel, and qemu does not translate all that they say; no QEMU runs
# within qemu.
MACHINE_SUITES = $(filter-out $(EXAMPLE_TESTS) $(QEMU_BARE_SUITES),$(C_SUITES))
check-machine: c-suites $(SIMULATORS)
	@$(TEST_PYTHON) scripts/run-tests --jobs $(J) --timeout 1800 --results $(BUILD)/results.txt \
	    $(call machine_tests,$(MACHINE_SUITES),$(ALL_SPECS),$(LONG_SCRIPTS)) \
	    $(call examples,$(MACHINE)/,$(WRAP),$(BUILD))
check-machine-short: $(SHORT_SUITES) $(BUILD)/kitchen/kitchen-sim
	@$(TEST_PYTHON) scripts/run-tests --jobs $(J) --results $(BUILD)/results.txt \
	    $(call machine_tests,$(SHORT_SUITES),tests/gen/specs/kitchen.yaml,$(SHORT_SCRIPTS))
