# Numbers: time of the compiler, sizes of what it makes, memory per instance.

MEMORY_OBJECT := $(BUILD)/obj/bench/memory.o

$(MEMORY_OBJECT): bench/memory.c $(FLAGS_FILE) $(BUILD)/plan9/plan9.h $(BUILD)/scsi/scsi.h $(BUILD)/vpci/vpci.h
	$(call compile,-I$(BUILD)/plan9 -I$(BUILD)/scsi -I$(BUILD)/vpci)
$(BUILD)/bench/memory: $(MEMORY_OBJECT) $(BUILD)/plan9/plan9.o $(BUILD)/scsi/scsi.o $(BUILD)/vpci/vpci.o $(LIBBERTH)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(LIBS)

.PHONY: bench
bench: all $(BUILD)/bench/memory ## generator time, object sizes, bytes per instance
	@echo "compiler, four specs (gen, cold):"
	@rm -rf $(BUILD)/bench/gen
	@/bin/sh -c 'time -p $(BERTHC) gen -o $(BUILD)/bench/gen $(SPECS) 2>/dev/null' 2>&1 | sed -n 's/^real/  seconds/p'
	@echo "objects:"
	@size $(foreach m,$(MANAGERS),$(BUILD)/$(m)/$(m).o) $(LIBSHARED)
	@echo "memory:"
	@$(BUILD)/bench/memory
