/* What is wrong with a spec: which finding, where, and what berthc needs for its sentence. */
#ifndef BERTH_EXPLORE_FAULT_H
#define BERTH_EXPLORE_FAULT_H

#include "../base/plan.h"

/* In the order of berthc.explore.findings.judge.IDS. */
enum finding {
    STRANDED,
    POISONED,
    LEAK,
    DANGLING,
    INTERFERENCE,
    DENIED,
    DOUBLE,
    NEEDS,
    AMBIGUOUS,
    EFFECTS,
    MISSING_EFFECT
};

/* The sentence: berthc.explore.engine.faults has the same list, with the arguments of each. */
enum sentence {
    DOUBLE_THERE,
    DOUBLE_NOTHING,
    INTERFERENCE_EFFECT,
    INTERFERENCE_HOLD,
    LEAK_ENDS,
    DANGLING_OTHER,
    DANGLING_OWN,
    DANGLING_GIVEN,
    DANGLING_BELOW,
    LEAK_REFERENCE,
    LEAK_STAYS,
    LEAK_EFFECT,
    LEAK_BELOW,
    NEEDS_MISSING,
    NEEDS_LOST,
    EFFECTS_COMES,
    EFFECTS_MADE,
    MISSING_EFFECT_OF,
    LEAK_SLOT,
    DENIED_ROW,
    DENIED_OPERATION,
    DENIED_TOLD,
    AMBIGUOUS_STATE,
    STRANDED_NO_OPERATION,
    STRANDED_HOLD,
    STRANDED_TRY,
    POISONED_KEY
};

/* What to show in the spec. */
enum shown { SHOWN_ROW, SHOWN_STEP, SHOWN_OPERATION, SHOWN_STATE, SHOWN_RESOURCE };

/* `resource.state.event`, as far as they are not 0, and the line to show. */
struct place {
    uint8_t resource, event;
    uint16_t state;
    uint8_t shown;
    uint16_t row;     /* SHOWN_ROW */
    uint8_t op, step; /* SHOWN_STEP: the event of `step`; SHOWN_OPERATION */
};

enum { FAULT_ARGUMENTS = 5 };

struct fault {
    uint8_t finding, sentence;
    struct place place;
    uint64_t arguments[FAULT_ARGUMENTS];
};

enum { FAULTS = 100 };

struct faults {
    unsigned n;
    struct fault at[FAULTS];
};

static void fault_add(struct faults *faults, enum finding finding, enum sentence sentence,
                      struct place place, uint64_t a, uint64_t b, uint64_t c, uint64_t d);

/* Does the author accept it? */
static bool fault_accepted(const struct fault *fault);
static bool fault_all_accepted(const struct faults *faults);

/* Appends others up to one that is not accepted: what comes after it follows from it. */
static void fault_append_up_to(struct faults *faults, const struct faults *others);

#endif
