# Numbers: ratios to what a user would write instead, time of the compiler, sizes of what it makes,
# memory per instance.

CXX ?= g++
BENCH_SPEC := bench/specs/stock.yaml
BENCH_MANAGERS := plan9_mount scsi vpci stock
BENCH_RESULTS := $(BUILD)/bench/results.json
GLIB_FLAGS = $(eval GLIB_FLAGS := $(shell pkg-config --cflags glib-2.0 2>/dev/null))$(GLIB_FLAGS)
BENCH_FLAGS = -Ibench -Iruntime/src $(foreach m,$(BENCH_MANAGERS),-I$(GEN)/$(m)) $(GLIB_FLAGS)
BENCH_SOURCES := $(wildcard bench/hand/*.c bench/floor/*.c bench/cases/*.cpp)
BENCH_OBJECTS := $(patsubst %,$(BUILD)/obj/%.o,$(basename $(BENCH_SOURCES)))

$(eval $(call plain_manager,stock,$(BENCH_SPEC)))

$(BUILD)/obj/bench/%.o: bench/%.c $(FLAGS_FILE)
	$(call compile,$(BENCH_FLAGS))
$(BUILD)/obj/bench/%.o: bench/%.cpp $(FLAGS_FILE)
	@mkdir -p $(@D)
	$(call say,CXX)
	$(Q)$(CXX) $(ALL_CPPFLAGS) $(BENCH_FLAGS) -std=c++20 -Wall -Wextra -Werror \
	    -Wno-missing-field-initializers -pthread $(CFLAGS) -MMD -MP -c -o $@ $<
$(BENCH_OBJECTS): $(foreach m,$(BENCH_MANAGERS),$(GEN)/$(m)/$(m).h)
$(BUILD)/bench/cases: $(BENCH_OBJECTS) $(foreach m,$(BENCH_MANAGERS),$(BUILD)/$(m)/$(m).o) \
    $(LIBBERTH) $(LIBPARTS)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CXX) -o $@ $^ $(ALL_LDFLAGS) $(LIBS) $$(pkg-config --libs glib-2.0) -lbenchmark

MEMORY_PARTS := $(foreach m,plan9_mount scsi vpci,$(BUILD)/$(m)/$(m).o) \
    $(patsubst %,$(BUILD)/obj/bench/hand/%.o,common plan9_mount scsi uuids vpci)
$(BUILD)/bench/memory: $(BUILD)/obj/bench/memory.o $(MEMORY_PARTS) $(LIBBERTH) $(LIBPARTS)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(LIBS) $$(pkg-config --libs glib-2.0)
$(BUILD)/obj/bench/memory.o: $(foreach m,plan9_mount scsi vpci,$(GEN)/$(m)/$(m).h)
$(BUILD)/bench/uuid: $(BUILD)/obj/bench/uuid.o $(LIBPARTS)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(LIBS)

INSTRUCTIONS := $(BUILD)/bench/instructions
$(BUILD)/obj/bench/instructions/cases.o: BENCH_FLAGS += -I$(GEN)/locker
$(BUILD)/obj/bench/instructions/cases.o: $(foreach m,$(BENCH_MANAGERS) locker,$(GEN)/$(m)/$(m).h)
$(INSTRUCTIONS): $(foreach m,$(BENCH_MANAGERS) locker,$(BUILD)/$(m)/$(m).o) \
    $(BUILD)/obj/bench/instructions/cases.o $(LIBBERTH)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $(filter-out %.a,$^) $(LIBBERTH) $(ALL_LDFLAGS) $(LIBS)

.PHONY: bench run-bench bench-sizes run-bench-sizes bench-memory run-bench-memory check-budget \
    run-check-budget renew-budget renew-times performance check-performance check-memory \
    compare-memory renew-memory
MEASURED_WITH = --compiler $(CC) --flags '$(CFLAGS)'
check-budget: ## does an operation take more instructions than bench/budget.json allows?
	@scripts/setup valgrind
	@$(PARALLEL) run-check-budget
run-check-budget: $(INSTRUCTIONS)
	@$(PYTHON_FOUND) bench/count.py --program $(INSTRUCTIONS) $(MEASURED_WITH)
renew-budget: $(INSTRUCTIONS) ## record the instructions per operation in bench/budget.json
	@$(PYTHON_FOUND) bench/count.py --program $(INSTRUCTIONS) $(MEASURED_WITH) --renew
	@$(PYTHON_FOUND) bench/performance.py
renew-times: $(BENCH_RESULTS) $(BUILD)/bench/uuid ## record the last make bench in bench/times.json
	@$(PYTHON_FOUND) bench/report.py --renew --uuids $(BUILD)/bench/uuid $(MEASURED_WITH) \
	    $(BENCH_RESULTS)
	@$(PYTHON_FOUND) bench/performance.py
performance: ## write docs/performance.md from what is recorded
	@$(PYTHON_FOUND) bench/performance.py
check-performance: ## does docs/performance.md say what is recorded?
	@$(PYTHON_FOUND) bench/performance.py --check
check-memory: ## does bench/memory.json still say what a mapped root takes? (needs GLib)
	@if pkg-config --exists glib-2.0 2>/dev/null; then $(MAKE) compare-memory; else \
	    echo "bench/memory.json: not compared, there is no GLib here:" \
	        "scripts/setup bench installs it"; fi
compare-memory: $(BUILD)/bench/memory
	@$(PYTHON_FOUND) bench/memory.py $(MEASURED_WITH) $<
renew-memory: $(BUILD)/bench/memory ## record the bytes per mapped root in bench/memory.json
	@$(PYTHON_FOUND) bench/memory.py --renew $(MEASURED_WITH) $<
	@$(PYTHON_FOUND) bench/performance.py
$(BENCH_RESULTS):
	@echo "there are no results: run make bench first" >&2; exit 1
bench: ## what it costs beside a manager written by hand; ratios, and whether the targets are met
	@scripts/setup bench
	@$(PARALLEL) run-bench
run-bench: $(BUILD)/bench/cases
	@echo "measuring; this takes a while"
	@$(BUILD)/bench/cases --benchmark_out=$(BENCH_RESULTS) --benchmark_out_format=json \
	    $(foreach a,$(BENCH_ARGUMENTS),$(call quote,$(a))) >$(BUILD)/bench/log.txt 2>&1 || \
	    { cat $(BUILD)/bench/log.txt; exit 1; }
	@$(PYTHON_FOUND) bench/report.py $(BENCH_RESULTS)

bench-sizes: ## generator time, object sizes, bytes per mapped root, cost of a UUID
	@scripts/setup bench
	@$(PARALLEL) run-bench-sizes
run-bench-sizes: all $(BUILD)/bench/memory $(BUILD)/bench/uuid
	@echo "berthc gen:"
	@PYTHON=$(PYTHON_FOUND) $(PYTHON_FOUND) bench/compiler.py $(SPECS)
	@echo "objects:"
	@size $(foreach m,$(MANAGERS),$(BUILD)/$(m)/$(m).o) $(LIBSHARED) | sed 's/^/  /'
	@$(MAKE) run-bench-memory
	@echo "UUIDs:"
	@$(BUILD)/bench/uuid | sed 's/^/  /'
bench-memory: ## bytes per mapped root, beside managers written by hand
	@scripts/setup bench
	@$(PARALLEL) run-bench-memory
run-bench-memory: $(BUILD)/bench/memory
	@echo "bytes of memory for each:"
	@$(BUILD)/bench/memory | sed 's/^/  /'
