# Small machines: the managers that ship, with limits, for Cortex-M, linked with no malloc; and the
# same programs for this machine.

SMALL_CROSS ?= arm-none-eabi-
SMALL_CPU ?= -mcpu=cortex-m3 -mthumb
SMALL := $(BUILD)/small
SMALL_DEFINES := $(addprefix -DBERTH_NO_,THREADS LIBUUID MALLOC CLOCK STORE)
# Enums of that machine's own sizes would not be ints.
SMALL_CFLAGS = -std=c11 $(WARNINGS) $(SMALL_CPU) -Os -fno-short-enums -ffunction-sections \
    -fdata-sections -fcallgraph-info=su
SMALL_LDFLAGS = $(SMALL_CPU) -specs=nano.specs -specs=nosys.specs -Wl,--gc-sections \
    -Wl,--no-enum-size-warning -Wl,--no-warn-mismatch

SMALL_PROGRAMS := $(MANAGERS:%=$(SMALL)/arm/%.elf)
SMALL_NATIVE := $(MANAGERS:%=$(SMALL)/native/%)

$(MANAGERS:%=$(SMALL)/spec/%.yaml): $(SMALL)/spec/%.yaml: spec/%.yaml examples/small/limits/%.yaml
	@mkdir -p $(@D)
	@(cat spec/$*.yaml; echo; cat examples/small/limits/$*.yaml) >$@
$(MANAGERS:%=$(SMALL)/gen/%.stamp): $(SMALL)/gen/%.stamp: $(SMALL)/spec/%.yaml scripts/generate
	@mkdir -p $(@D)
	$(call say,GEN)
	$(Q)$(GENERATE) $@ gen -q -o $(SMALL)/gen $<

small_cc = $(SMALL_CROSS)gcc $(SMALL_CFLAGS) $(SMALL_DEFINES) -Iruntime/include
$(SMALL)/arm/library.o: runtime/library.c $(RUNTIME_SOURCES) mk/small.mk \
    $(wildcard runtime/include/berth/*.h runtime/src/*/*.h runtime/src/*/*/*.h)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(small_cc) -c -o $@ $<
$(SMALL)/arm/board.o: examples/small/board.c examples/small/board.h mk/small.mk \
    $(wildcard runtime/include/berth/*.h)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(small_cc) -c -o $@ $<
$(SMALL_PROGRAMS): $(SMALL)/arm/%.elf: $(SMALL)/gen/%.stamp examples/small/%.c \
    $(SMALL)/arm/board.o $(SMALL)/arm/library.o
	$(call say,LD)
	$(Q)$(small_cc) -I$(SMALL)/gen/$* -c -o $(SMALL)/arm/$*.o $(SMALL)/gen/$*/$*.c
	$(Q)$(small_cc) -I$(SMALL)/gen/$* -Iexamples/small -c -o $(SMALL)/arm/$*-main.o examples/small/$*.c
	$(Q)$(SMALL_CROSS)gcc $(SMALL_LDFLAGS) -o $@ $(SMALL)/arm/$*-main.o $(SMALL)/arm/$*.o \
	    $(SMALL)/arm/board.o $(SMALL)/arm/library.o

$(SMALL_NATIVE): $(SMALL)/native/%: $(SMALL)/gen/%.stamp examples/small/%.c examples/small/board.c \
    $(RUNTIME_SOURCES) $(FLAGS_FILE)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) -std=c11 $(WARNINGS) $(CFLAGS) $(SMALL_DEFINES) -Iruntime/include \
	    -I$(SMALL)/gen/$* -o $@ examples/small/$*.c examples/small/board.c \
	    $(SMALL)/gen/$*/$*.c runtime/library.c

.PHONY: small run-small check-small renew-small small-native
small: ## build the managers that ship for Cortex-M, without malloc; a table of what they take
	@scripts/setup small
	@$(PARALLEL) run-small
run-small: $(SMALL_PROGRAMS)
	@$(PYTHON_FOUND) bench/small.py $(SMALL_CROSS) $(SMALL)/arm $(MANAGERS)
check-small: ## does docs/small.md still say what make small measures? (needs the cross compiler)
	@if command -v $(SMALL_CROSS)gcc >/dev/null 2>&1; then $(MAKE) compare-small; else \
	    echo "docs/small.md: not compared, there is no $(SMALL_CROSS)gcc here:" \
	        "scripts/setup small installs it"; fi
.PHONY: compare-small
compare-small: $(SMALL_PROGRAMS)
	@$(PYTHON_FOUND) bench/small_page.py $(SMALL_CROSS) $(SMALL)/arm $(MANAGERS)
renew-small: $(SMALL_PROGRAMS) ## put what make small measures into docs/small.md
	@$(PYTHON_FOUND) bench/small_page.py --renew $(SMALL_CROSS) $(SMALL)/arm $(MANAGERS)
	@$(PYTHON_FOUND) bench/performance.py
small-native: $(SMALL_NATIVE) ## build and run the same programs on this machine
	@for program in $^; do $$program || { echo "$$program: ended with $$?"; exit 1; }; done
	@echo "small: $(words $^) programs ran"
