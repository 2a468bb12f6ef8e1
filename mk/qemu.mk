# The backend for QEMU: a library, the guest's agent, the example, its tests. Needs json-c; what
# runs a machine needs qemu-system-x86, and a kernel, which examples/qemu/image.py finds or
# downloads.

QEMU_SPECS := $(wildcard examples/qemu/*.yaml)
QEMU_MANAGERS := scsi plan9_mount vpci $(call manager_of,$(QEMU_SPECS))
QEMU_FLAGS := -Icontrib/qemu/include -Icontrib/qemu/src -Icontrib/qemu/common -Iexamples/qemu \
    -Icontrib/sqlite/include $(foreach m,$(QEMU_MANAGERS),-I$(GEN)/$(m))
qemu_objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(1)))
LIBQEMU := $(BUILD)/libberth-qemu.a
LIBQEMU_OBJECTS := $(call qemu_objects,contrib/qemu/src/*.c contrib/qemu/common/*.c)
AGENT := $(BUILD)/qemu/berth-agent
AGENT_SOURCES := $(wildcard contrib/qemu/agent/*.c contrib/qemu/common/*.c)
# One image and one saved machine for all builds.
QEMU_IMAGE := $(GEN)/qemu/image
QEMU_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/qemu/test_*.c tests/qemu/bare/test_*.c))
# What test_wrong_lines.py lies to; the agent is the other one.
FUZZED := $(BUILD)/tests/qemu/fuzz_host
# Those that need a guest are for `make test-qemu`, the others for `make test`.
QEMU_GUEST_SUITES := $(filter $(BUILD)/tests/qemu/test_guest%,$(QEMU_TESTS))
QEMU_BARE_SUITES := $(filter $(BUILD)/tests/qemu/bare/%,$(QEMU_TESTS))
QEMU_SUPPORT := $(call qemu_objects,tests/qemu/support/*.c) \
    $(patsubst %,$(BUILD)/obj/examples/qemu/%.o,machine disk)
QEMU_GENERATED := $(foreach m,$(QEMU_MANAGERS),$(BUILD)/$(m)/$(m).o)

$(foreach d,contrib examples tests,$(BUILD)/obj/$(d)/qemu/%.o): \
    TESTING_FLAGS += $(QEMU_FLAGS) -Itests/qemu
$(BUILD)/obj/examples/qemu/%.o: EXAMPLE_FLAGS := $(QEMU_FLAGS)
$(BUILD)/obj/contrib/qemu/%.o: contrib/qemu/%.c $(FLAGS_FILE)
	$(call compile,$(QEMU_FLAGS))
$(LIBQEMU_OBJECTS) $(QEMU_SUPPORT) \
    $(call qemu_objects,examples/qemu/*.c tests/qemu/*.c tests/qemu/bare/*.c bench/qemu/*.c): \
    $(foreach m,$(QEMU_MANAGERS),$(GEN)/$(m)/$(m).h)

$(LIBQEMU): $(LIBQEMU_OBJECTS)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

# Static, since it is all that the guest has. With a sanitizer it is for the host, where tests run
# it, and so it is where json-c has no static library.
CAN_BE_STATIC = $(shell echo 'int main(void) { return 0; }' | \
    $(CC) -static -x c - -ljson-c -o /dev/null 2>/dev/null && echo -static)
AGENT_SANITIZED = -g -O1 -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
AGENT_FLAGS = $(if $(SANITIZE),$(AGENT_SANITIZED),-O2 $(CAN_BE_STATIC))
$(AGENT): $(AGENT_SOURCES) $(wildcard contrib/qemu/agent/*.h contrib/qemu/common/*.h) $(FLAGS_FILE)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) -std=c11 $(WARNINGS) $(AGENT_FLAGS) -Icontrib/qemu/common -o $@ $(AGENT_SOURCES) -ljson-c

$(QEMU_IMAGE)/initramfs: $(GEN)/qemu/berth-agent examples/qemu/image.py
	$(call say,IMAGE)
	$(Q)rm -f $(QEMU_IMAGE)/state
	$(Q)$(PYTHON_FOUND) examples/qemu/image.py $(GEN)/qemu/berth-agent $(QEMU_IMAGE)

.PHONY: qemu-image
qemu-image: $(QEMU_IMAGE)/initramfs
	@:

$(BUILD)/examples/qemu: $(call qemu_objects,examples/qemu/*.c) \
    $(LIBQEMU) $(LIBSQLITE) $(QEMU_GENERATED) $(LIBBERTH)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) -ljson-c -lsqlite3 $(LIBS)

$(FUZZED): $(BUILD)/obj/tests/qemu/fuzz_host.o $(LIBQEMU) $(QEMU_GENERATED) $(LIBBERTH)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) -ljson-c $(LIBS)

$(QEMU_TESTS): $(BUILD)/tests/qemu/%: $(BUILD)/obj/tests/qemu/%.o $(QEMU_SUPPORT) \
    $(LIBQEMU) $(QEMU_GENERATED) $(LIBBERTH)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) -lcmocka -ljson-c $(LIBS)

.PHONY: demo-qemu run-demo-qemu
demo-qemu: ## set up, then two callers and a virtual machine: real failures, real retries
	@scripts/setup qemu
	@$(PARALLEL) run-demo-qemu
run-demo-qemu: $(BUILD)/examples/qemu $(QEMU_IMAGE)/initramfs
	@$(BUILD)/examples/qemu $(QEMU_IMAGE)

.PHONY: demo-crash run-demo-crash
demo-crash: ## set up, then a program that is killed while its virtual machine runs on, and goes on
	@scripts/setup qemu
	@$(PARALLEL) run-demo-crash
run-demo-crash: $(BUILD)/examples/qemu $(QEMU_IMAGE)/initramfs
	@$(BUILD)/examples/qemu crash $(QEMU_IMAGE)

QEMU_BENCH := $(call qemu_objects,bench/qemu/*.c)
$(QEMU_BENCH): BENCH_FLAGS += $(QEMU_FLAGS) -Ibench/qemu
$(BUILD)/bench/qemu: $(QEMU_BENCH) $(BUILD)/obj/examples/qemu/machine.o $(LIBQEMU) \
    $(BUILD)/scsi/scsi.o $(LIBBERTH)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) -ljson-c $(LIBS)

.PHONY: bench-qemu run-bench-qemu
bench-qemu: ## cycles of disks per second in a QEMU without a guest: by hand, and through scsi
	@scripts/setup qemu
	@$(PARALLEL) run-bench-qemu
run-bench-qemu: $(BUILD)/bench/qemu
	@$(BUILD)/bench/qemu

# Suites with a guest run one after the other where few processors are: a guest needs one itself.
.PHONY: test-qemu check-qemu
test-qemu: ## set up, then the backend for QEMU against a guest that runs
	@scripts/setup qemu
	@$(PARALLEL) check-qemu
check-qemu: $(QEMU_GUEST_SUITES) $(BUILD)/examples/qemu $(QEMU_IMAGE)/initramfs
	@BERTH_QEMU_IMAGE=$(abspath $(QEMU_IMAGE)) \
	    $(TEST_PYTHON) scripts/run-tests --jobs $(J) --results $(BUILD)/results-qemu.txt \
	    $(foreach s,$(QEMU_GUEST_SUITES:$(BUILD)/%=%),'cmocka:$(s)=$(BUILD)/$(s)') \
	    'script:demo-qemu=$(PYTHON_FOUND) tests/qemu/story.py $(BUILD)/examples/qemu $(QEMU_IMAGE)' \
	    'script:kills=$(PYTHON_FOUND) tests/qemu/kills.py $(BUILD)/examples/qemu $(QEMU_IMAGE)'
