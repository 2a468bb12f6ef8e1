#include "clean.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../reachable/future.h"
#include "judge.h"
#include "left.h"
#include "../state/rows.h"

static bool clean_is_by_event(void)
{
    return change.error.event != NULL;
}

static bool clean_is_meant(void)
{
    return change.code != 0 && n_ran > 0 && rows_refuses_on_purpose(&ran[n_ran - 1]);
}

static bool clean_is_by_row(void)
{
    return change.error.resource != NULL && n_ran > 0 && !rows_lack_hook();
}

static void clean_judge_refusal(struct faults *faults)
{
    const struct ran *last = n_ran > 0 ? &ran[n_ran - 1] : NULL;
    struct place place;

    if (change.code == 0 || change.move.part == PART_FREE || rows_lack_hook() || change.error.rule)
        return;
    if (clean_is_by_event() && last && last->outcome == BERTH_REJECTED) {
        if (rows_are_guarded(last->resource, last->state, last->event) ||
            rows_refuses_on_purpose(last))
            return; /* policy, part of the protocol, or something has gone wrong */
        place = last->row > 0 ? judge_row_place(last->row)
                              : judge_state_place(last->resource, last->state);
        place.event = last->event;
        fault_add(faults, DENIED, DENIED_ROW, place, change.move.op, (uint64_t)-change.code, 0, 0);
    } else if (change.move.part == PART_USES || change.move.part == PART_ENDS ||
               change.move.part == PART_RELEASES) {
        fault_add(faults, DENIED, DENIED_OPERATION, judge_operation_place(change.move.op),
                  change.move.op, (uint64_t)-change.code, 0, 0);
    }
}

static bool clean_are_alike(const struct move *one, const struct move *other)
{
    return one->op == other->op && one->who == other->who && one->part == other->part &&
           memcmp(one->choice, other->choice, sizeof one->choice) == 0;
}

/* The caller is told, the instance ends, and the caller comes for it. */
static bool clean_is_shown(const struct move *asks, const struct move *ends, uint8_t op,
                           const unsigned char *value, unsigned comer, struct move shown[3])
{
    struct moves moves = {0};
    bool found = false;

    world_restore(left_source);
    step_look();
    shown[0] = *asks;
    shown[0].who = (uint8_t)comer;
    shown[0].part = PART_TOLD;
    step_run_clean(&shown[0]);
    if (change.code != 0)
        return false;
    moves_list(&moves, false);
    for (unsigned i = 0; i < moves.n && !found; i++) {
        found = clean_are_alike(&moves.at[i], ends);
        if (found)
            shown[1] = moves.at[i];
    }
    free(moves.at);
    if (!found)
        return false;
    step_look();
    step_run_clean(&shown[1]);
    shown[2] = moves_look_up(comer, PART_ACQUIRES, op, BY_VALUE, 0, value);
    step_look();
    step_run_clean(&shown[2]);
    return change.code == -ENOENT;
}

static bool clean_find_shown(const struct plan_pair *pair, const struct move *ends,
                             const struct thing *gone, unsigned comer, struct move shown[3])
{
    static unsigned char value[PLAN_VALUE_BYTES];
    struct moves moves = {0};
    bool found = false;
    unsigned level = type.operations[pair->op].levels - 1u;
    int at;

    world_restore(left_source);
    at = world_find((struct ref){gone->at, gone->born});
    if (at < 0)
        return false;
    moves_value(moves_value_of(&type.operations[pair->op]), &w.things[at], value);
    moves_list(&moves, false);
    for (unsigned i = 0; i < moves.n && !found; i++)
        if (moves.at[i].op == pair->teller && level < type.operations[pair->teller].levels &&
            moves.at[i].path[level].born == gone->born)
            found = clean_is_shown(&moves.at[i], ends, pair->op, value, comer, shown);
    free(moves.at);
    return found;
}

static bool clean_judge_told(struct fault *fault, struct move shown[3])
{
    struct future_kept *kept;
    unsigned comer = 0;
    bool found = false;

    if (world_n_gone == 0 || plan.n_pairs == 0)
        return false;
    while (comer < plan.callers &&
           (before.callers[comer].is != IS_IDLE || comer == change.move.who))
        comer++;
    if (comer == plan.callers)
        return false;
    kept = future_keep();
    for (unsigned i = 0; i < plan.n_pairs && !found; i++)
        for (unsigned j = 0; j < kept->n_gone && !found; j++) {
            const struct thing gone = kept->gone[j];
            const struct move ends = kept->change.move;
            const struct plan_pair *pair = &plan.pairs[i];

            if (gone.resource != type.operations[pair->op].resource ||
                !clean_find_shown(pair, &ends, &gone, comer, shown))
                continue;
            found = true;
            *fault = (struct fault){.finding = DENIED,
                                    .sentence = DENIED_TOLD,
                                    .place = judge_operation_place(pair->op),
                                    .arguments = {pair->op, pair->teller}};
        }
    future_bring_back(kept);
    return found;
}
