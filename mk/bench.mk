# Numbers: time of the compiler, sizes of what it makes, memory per instance.

MEMORY_OBJECT := $(BUILD)/obj/bench/memory.o

$(MEMORY_OBJECT): bench/memory.c $(FLAGS_FILE) $(BUILD)/plan9/plan9.h $(BUILD)/scsi/scsi.h $(BUILD)/vpci/vpci.h
	$(call compile,-I$(BUILD)/plan9 -I$(BUILD)/scsi -I$(BUILD)/vpci)
$(BUILD)/bench/memory: $(MEMORY_OBJECT) $(BUILD)/plan9/plan9.o $(BUILD)/scsi/scsi.o $(BUILD)/vpci/vpci.o $(LIBBERTH)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(LIBS)

# It measures an inner part of the runtime, hence its private headers.
$(BUILD)/obj/bench/uuid.o: bench/uuid.c $(FLAGS_FILE)
	$(call compile,-Iruntime/src)
$(BUILD)/bench/uuid: $(BUILD)/obj/bench/uuid.o $(LIBBERTH)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LDFLAGS) $(LIBS)

.PHONY: bench
bench: all $(BUILD)/bench/memory $(BUILD)/bench/uuid ## generator time, object sizes, bytes per instance, cost of a UUID
	@echo "berthc gen:"
	@PYTHON=$(PYTHON_FOUND) $(PYTHON_FOUND) bench/compiler.py $(SPECS)
	@echo "objects:"
	@size $(foreach m,$(MANAGERS),$(BUILD)/$(m)/$(m).o) $(LIBSHARED) | sed 's/^/  /'
	@echo "memory:"
	@$(BUILD)/bench/memory | sed 's/^/  /'
	@echo "UUIDs:"
	@$(BUILD)/bench/uuid | sed 's/^/  /'
