#include "history.h"

#include <stdio.h>
#include <string.h>

#include "../base/fatal.h"

struct history {
    uint32_t from; /* state */
    uint8_t who;
    uint8_t op;   /* that is started */
    uint8_t hook; /* that ends; without both, the caller's operation is cancelled */
    uint8_t outcome;
    uint16_t key[BERTH_MAX_LEVELS]; /* of the path that is asked for, from 1 on */
};

static struct history *history_moves, history_next; /* by state */

static void history_tell_move(const struct history *move)
{
    static const char *const endings[] = {
        [BERTH_OK] = "ok",
        [BERTH_FAILED] = "failed",
        [BERTH_UNSURE] = "uncertain",
        [BERTH_ANSWERED_YES] = "yes",
        [BERTH_ANSWERED_NO] = "no",
        [BERTH_ANSWERED_UNKNOWN] = "unknown",
    };

    (void)printf("; %c", 'A' + move->who);
    if (move->hook > 0)
        (void)printf(": %s ends %s", type.hooks[move->hook].name, endings[move->outcome]);
    else
        (void)printf(move->op > 0 ? " starts %s" : " cancels", type.operations[move->op].name);
    for (unsigned i = 0; move->op > 0 && i < BERTH_MAX_LEVELS && move->key[i] > 0; i++)
        (void)printf(" %u", move->key[i]);
}

static void history_tell_state(size_t state)
{
    if (state == 0)
        return;
    history_tell_state(history_moves[state].from);
    history_tell_move(&history_moves[state]);
}

static void history_tell(void)
{
    history_tell_state(history_next.from);
    history_tell_move(&history_next);
}

static void history_begin(void)
{
    fatal_way = history_tell;
    history_next = (struct history){0};
}

static void history_reserve(size_t room)
{
    history_moves = fatal_realloc(history_moves, room * sizeof *history_moves);
}

static void history_from(size_t state)
{
    history_next = (struct history){.from = (uint32_t)state};
}

static void history_start(const struct move *move)
{
    history_next = (struct history){.from = history_next.from, .who = move->who, .op = move->op};
    for (unsigned i = 0; i < move->n_config; i++)
        history_next.key[i] = (uint16_t)(plan.choices[move->choice[i]].key + 1);
}

static void history_end(unsigned who, uint8_t hook, uint8_t outcome)
{
    history_next = (struct history){
        .from = history_next.from, .who = (uint8_t)who, .hook = hook, .outcome = outcome};
}

static void history_cancel(unsigned who)
{
    history_next = (struct history){.from = history_next.from, .who = (uint8_t)who};
}

static void history_keep(size_t state)
{
    history_moves[state] = history_next;
}
