#include "inflight.h"

#include <stdio.h>
#include <stdlib.h>

#include "../base/fatal.h"
#include "../base/usage.h"
#include "../invariants.h"
#include "../state/shape.h"
#include "flight.h"
#include "history.h"

enum { INFLIGHT_LOOK = 1024 };

static struct inflight {
    struct known states, rest; /* all; those between operations */
    struct image **images;     /* of the states that were not looked at yet; by state */
    size_t first, n, room;
    uint64_t transitions;
    unsigned most, most_waiting; /* operations in flight, and of them in queues */
    bool complete;
    const struct known *whole; /* NULL: they are not compared */
} inflight;

/* The present state is between operations. */
static void inflight_rest(void)
{
    struct digest digest = shape_state(-1);

    change.refused = false;
    invariants_check();
    (void)known_add(&inflight.rest, digest);
    if (inflight.whole && !known_find(inflight.whole, digest))
        fatal_broken("operations in flight lead to a state that no order of whole ones leads to");
}

static void inflight_count(unsigned n_flights)
{
    unsigned n_waiting = 0;

    for (unsigned i = 0; i < plan.callers; i++)
        n_waiting += flights[i].active && flights[i].hook == 0;
    if (n_flights > inflight.most)
        inflight.most = n_flights;
    if (n_waiting > inflight.most_waiting)
        inflight.most_waiting = n_waiting;
}

static void inflight_append(void)
{
    if (inflight.n == inflight.room) {
        inflight.room = inflight.room ? inflight.room * 2 : 1024;
        inflight.images = fatal_realloc(inflight.images, inflight.room * sizeof(struct image *));
        history_reserve(inflight.room);
    }
    history_keep(inflight.n);
    inflight.images[inflight.n++] = world_save();
}

/* Takes the present state, to which the last move has led. Returns its digest. */
static struct digest inflight_enter(void)
{
    struct digest digests[PLAN_CALLERS], state;
    unsigned n = flight_count();

    flight_digests(digests);
    state = shape_in_flight(digests);
    inflight.transitions++;
    if (known_find(&inflight.states, state))
        return state;
    if (inflight.n >= plan.states) {
        inflight.complete = false;
        return state;
    }
    (void)known_add(&inflight.states, state);
    if (n == 0)
        inflight_rest();
    inflight_count(n);
    inflight_append();
    return state;
}

static void inflight_ask(const struct image *image, const struct move *move)
{
    effects there = 0, maybe = plan.operations[move->op].maybe;

    do {
        world_restore(image);
        history_start(move);
        flight_start(move, there);
        (void)inflight_enter();
        there = step_next_there(there, maybe);
    } while (there != 0);
}

/* The first caller with nothing in flight; `idle`: that holds nothing. plan.callers: none. */
static unsigned inflight_free_caller(bool idle)
{
    unsigned i = 0;

    while (i < plan.callers && (flights[i].active || (idle && w.callers[i].is != IS_IDLE)))
        i++;
    return i;
}

/*
 * Does the request give a config that is only there to conflict? It is refused at once, or not at
 * all: if it waited, it could make an instance that no caller of the search makes.
 */
static bool inflight_conflicts(const struct move *move)
{
    const struct plan_list *list;

    if (move->n_config == 0)
        return false;
    list = &plan.resources[type.operations[move->op].resource].choices;
    for (unsigned i = 0; i < list->n; i++)
        if (list->at[i] == move->choice[move->n_config - 1])
            return false;
    return true;
}

/* Lists what callers may start. Keys are told apart: operations that wait name them. */
static void inflight_list(struct moves *moves)
{
    bool symmetric = plan.symmetric;
    unsigned idle = inflight_free_caller(true), any = inflight_free_caller(false), n = 0;

    moves->n = 0;
    plan.symmetric = false;
    moves_list(moves, false);
    plan.symmetric = symmetric;
    for (unsigned i = 0; i < moves->n; i++) {
        struct move *move = &moves->at[i];

        if (move->part == PART_FREE)
            move->who = (uint8_t)(idle < plan.callers ? idle : any);
        else if (flights[move->who].active ||
                 (w.callers[move->who].is == IS_IDLE && move->who != idle))
            continue;
        if (flight_count() > 0 && inflight_conflicts(move))
            continue;
        moves->at[n++] = *move;
    }
    moves->n = n;
}

/* With a trace may_run() of sched/waiters.c refuses: the same state must come of it. */
static void inflight_try_traced(const struct image *image, unsigned who, struct ending ending,
                                struct digest state)
{
    struct digest digests[PLAN_CALLERS];

    world_restore(image);
    n_ran = 0;
    w.manager->trace = rows_trace;
    flight_complete(who, ending);
    flight_digests(digests);
    if (!digest_equal(shape_in_flight(digests), state))
        fatal_broken("waiters come to another state with a trace");
}

static void inflight_complete_each(const struct image *image, unsigned who)
{
    struct ending endings[BACKEND_ENDINGS];
    unsigned n = flight_endings(who, endings);
    bool waits = false;

    for (unsigned i = 0; i < plan.callers; i++)
        waits |= flights[i].active && flights[i].hook == 0;
    for (unsigned i = 0; i < n; i++) {
        struct digest state;

        world_restore(image);
        history_end(who, flights[who].hook, endings[i].outcome);
        flight_complete(who, endings[i]);
        state = inflight_enter();
        if (waits)
            inflight_try_traced(image, who, endings[i], state);
    }
}

/* Cancels an operation that waits: all is as if it had never been started. */
static void inflight_cancel(const struct image *image, unsigned who)
{
    struct digest digests[PLAN_CALLERS], expected;

    flights[who].active = false;
    flight_digests(digests);
    expected = shape_in_flight(digests);
    world_restore(image);
    history_cancel(who);
    flight_cancel(who);
    if (!digest_equal(inflight_enter(), expected))
        fatal_broken("%s is cancelled while it waits, and something changes",
                     type.operations[flights[who].move.op].name);
}

static void inflight_expand(size_t state, struct moves *moves)
{
    struct image *image = inflight.images[state];

    inflight.images[state] = NULL;
    history_from(state);
    world_restore(image);
    if (flight_count() < plan.in_flight) {
        inflight_list(moves);
        for (unsigned i = 0; i < moves->n; i++)
            inflight_ask(image, &moves->at[i]);
    }
    for (unsigned i = 0; i < plan.callers; i++) {
        world_restore(image);
        if (flights[i].active && flights[i].hook > 0)
            inflight_complete_each(image, i);
        else if (flights[i].active)
            inflight_cancel(image, i);
    }
    world_drop(image);
}

static void inflight_look(void)
{
    (void)printf("flying %zu %zu\n", inflight.n, inflight.n - inflight.first);
    (void)fflush(stdout);
    if (plan.memory > 0 && usage_memory() > plan.memory)
        inflight.complete = false;
}

static void inflight_run(const struct known *whole)
{
    struct moves moves = {0};

    inflight.whole = whole;
    inflight.complete = true;
    flight_begin();
    invariants_begin();
    (void)inflight_enter();
    history_begin();
    for (; inflight.first < inflight.n && inflight.complete; inflight.first++) {
        if (inflight.first % INFLIGHT_LOOK == 0)
            inflight_look();
        inflight_expand(inflight.first, &moves);
    }
    if (whole && inflight.complete && inflight.rest.count != whole->count)
        fatal_broken("operations in flight lead to %zu states between them, and whole ones to %zu",
                     inflight.rest.count, whole->count);
    (void)printf("flights %zu %zu %llu %u %u %d %d\n", inflight.n, inflight.rest.count,
                 (unsigned long long)inflight.transitions, inflight.most, inflight.most_waiting,
                 inflight.complete, whole != NULL);
    free(moves.at);
}
