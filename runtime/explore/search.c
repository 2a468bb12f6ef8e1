#include "search.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "findings/clean.h"
#include "reachable/drains.h"
#include "base/fatal.h"
#include "reachable/future.h"
#include "inflight/inflight.h"
#include "invariants.h"
#include "findings/judge.h"
#include "base/known.h"
#include "findings/left.h"
#include "reachable/poisoned.h"
#include "state/rows.h"
#include "findings/seen.h"
#include "state/shape.h"
#include "state/ways.h"
#include "findings/stated.h"
#include "reachable/stranded.h"
#include "print.h"
#include "trail.h"
#include "base/usage.h"
#include "wanted.h"

enum { LOOK_AT_MEMORY = 256, TELL_PROGRESS = 1024 };

struct nodes {
    uint32_t *at;
    size_t first, n, room;
};

static struct {
    struct known states;   /* to numbers of nodes */
    struct known reported; /* faults */
    struct known trees;    /* what decides what drains do */
    struct nodes waiting;  /* a ring would save little */
    struct nodes drained;  /* those whose drains may do what others' drains do not */
    uint64_t transitions, cancelled;
    bool clean;    /* this walk: no call fails */
    bool full;     /* this walk met more states, or needs more memory, than it may */
    bool complete; /* nothing was left out for want of states or memory */
    bool limited;  /* something was left out because it has too many failures */
    bool cut;      /* something was left out behind a fault */
    bool dangles;  /* a holder was left with nothing: what it waits for may end under it */
    bool out_of_memory;
    bool asked[UINT8_MAX + 1], called[UINT8_MAX + 1]; /* operations and hooks */
} search;

/* Faults. */

/* Is the fault new? */
static bool search_note_fault(const struct fault *fault)
{
    struct digest digest = digest_start(8);
    const struct place *place = &fault->place;

    digest_add(&digest, (uint64_t)fault->finding | (uint64_t)place->resource << 8 |
                            (uint64_t)place->event << 16 | (uint64_t)place->state << 24 |
                            (uint64_t)place->shown << 40);
    digest_add(&digest,
               (uint64_t)place->row | (uint64_t)place->op << 16 | (uint64_t)place->step << 24);
    return known_add(&search.reported, digest);
}

/* Should the search stop here? */
static bool search_stops(const struct fault *fault)
{
    if (fault->finding == DENIED || fault->finding == AMBIGUOUS || fault_accepted(fault))
        return false;
    search.cut = true;
    return true;
}

/* Tells a fault that is new, with the way to a state and the requests that come then. */
static bool search_tell(const struct fault *fault, uint32_t node, const struct request *requests,
                        unsigned n)
{
    search.dangles |= fault->finding == DANGLING;
    if (search_note_fault(fault)) {
        print_found(fault, node, requests, n);
    }
    return search_stops(fault);
}

static struct request search_clean_request(const struct move *move)
{
    return (struct request){.move = *move, .clean = true};
}

static void search_told_drain(uint32_t origin, const struct fault *fault,
                              const struct drain_steps *steps)
{
    static struct request requests[DRAIN_STEPS];

    for (unsigned i = 0; i < steps->n; i++) {
        requests[i] =
            (struct request){.move = {.part = PART_DRAIN, .thing = (uint16_t)steps->thing},
                             .n_chosen = steps->at[i].n_chosen};
        memcpy(requests[i].chosen, steps->at[i].chosen, steps->at[i].n_chosen);
    }
    (void)search_tell(fault, origin, requests, steps->n);
}

/* States. */

static void search_append(struct nodes *nodes, uint32_t node)
{
    if (nodes->n == nodes->room) {
        nodes->room = nodes->room ? nodes->room * 2 : 1024;
        nodes->at = fatal_realloc(nodes->at, nodes->room * sizeof *nodes->at);
    }
    nodes->at[nodes->n++] = node;
}

/* Of states with equal trees one is drained. Where failures are counted, that count matters too. */
static void search_note_tree(uint32_t node)
{
    if (!search.clean && (plan.any_needs || plan.any_stated || plan.crash) &&
        (plan.failures != UINT_MAX || known_add(&search.trees, shape_all())))
        search_append(&search.drained, node);
}

/* What the effects of a new state mean. */
static void search_look_at_meaning(uint32_t node)
{
    static struct faults faults;

    faults.n = 0;
    seen_look(&faults, search.clean);
    for (unsigned i = 0; i < faults.n; i++)
        (void)search_tell(&faults.at[i], node, NULL, 0);
}

/* Enters the present state, which is new. */
static void search_enter(struct digest state, uint32_t node)
{
    (void)known_put(&search.states, state, node, NULL);
    search_append(&search.waiting, node);
    if (world_is_locked()) /* nothing rests until recovery has run */
        return;
    search_note_tree(node);
    search_look_at_meaning(node);
}

/* May there be one state more? */
static bool search_has_room(void)
{
    if (trail_n < plan.states)
        return true;
    search.full = true;
    search.complete = false;
    return false;
}

/* The present state, of this digest, gets a number when it is new. `n_there`: of its request. */
static void search_number_state(struct digest state, uint32_t from, unsigned n_there,
                                unsigned failures)
{
    const uint64_t *known = known_find(&search.states, state);

    if (!known) {
        if (search_has_room())
            search_enter(state, trail_add(from, n_there, search.clean, failures));
    } else if (plan.failures != UINT_MAX && failures < trail_nodes[*known].failures) {
        /* more may follow when fewer failures are used up */
        trail_replace((uint32_t)*known, from, n_there, search.clean, failures);
        search_append(&search.waiting, (uint32_t)*known);
    }
}

/* Requests. */

static bool search_judge_clean(uint32_t from)
{
    static struct faults faults;
    struct fault told;
    struct move shown[3];
    struct request requests[3];

    stated_learn();
    stated_learn_slots();
    faults.n = 0;
    clean_judge_refusal(&faults);
    requests[0] = trail_request(0, true);
    for (unsigned i = 0; i < faults.n; i++)
        (void)search_tell(&faults.at[i], from, requests, 1);
    if (clean_judge_told(&told, shown)) {
        for (unsigned i = 0; i < 3; i++)
            requests[i] = search_clean_request(&shown[i]);
        (void)search_tell(&told, from, requests, 3);
    }
    faults.n = 0;
    judge_change(&faults);
    stated_judge(&faults);
    return !fault_all_accepted(&faults); /* the next walk tells it */
}

static bool search_judge_all(uint32_t from, unsigned n_there)
{
    struct request request;

    static struct faults faults, stated;
    bool stop = false, effects_told = false;

    if (world_is_locked())
        return false; /* nothing is as it stays until recovery has run */
    faults.n = stated.n = 0;
    judge_change(&faults);
    stated_judge(&stated);
    fault_append_up_to(&faults, &stated);
    for (unsigned i = 0; i < faults.n; i++)
        effects_told |= (faults.at[i].finding == NEEDS || faults.at[i].finding == EFFECTS) &&
                        !fault_accepted(&faults.at[i]);
    {
        bool accepted = fault_all_accepted(&faults);

        if (!effects_told) /* else an effect is missing for that */
            stated_judge_success(&faults);
        if (accepted)
            stated_judge_slots(&faults);
    }
    if (faults.n > 0)
        request = trail_request(n_there, false);
    for (unsigned i = 0; i < faults.n; i++)
        stop |= search_tell(&faults.at[i], from, &request, 1);
    return stop;
}

/* A fault that is told when all drains were judged: what a whole drain shows is shown by one. */
struct told_later {
    struct fault fault;
    uint32_t from;
    struct request request;
};

static struct told_later *search_later;
static size_t search_n_later, search_later_room;

static bool search_judge_dying_drain(uint32_t from)
{
    static struct faults faults;

    faults.n = 0;
    drains_judge_death(&faults);
    for (unsigned i = 0; i < faults.n; i++) {
        if (search_n_later == search_later_room) {
            search_later_room = search_later_room ? search_later_room * 2 : 64;
            search_later = fatal_realloc(search_later, search_later_room * sizeof *search_later);
        }
        search_later[search_n_later++] =
            (struct told_later){faults.at[i], from, trail_request(0, false)};
    }
    return !fault_all_accepted(&faults);
}

static void search_tell_later(void)
{
    for (size_t i = 0; i < search_n_later; i++)
        (void)search_tell(&search_later[i].fault, search_later[i].from, &search_later[i].request,
                          1);
    search_n_later = 0;
}

static void search_take_dying_drain(void *arg)
{
    uint32_t from = *(const uint32_t *)arg;
    unsigned failures = trail_nodes[from].failures + script.failures;

    if (plan.failures != UINT_MAX && failures > plan.failures) {
        search.limited = true;
        return;
    }
    search.transitions++;
    rows_count_done(rows_taken);
    for (unsigned i = 0; i < n_called; i++)
        search.called[called[i].hook] = true;
    invariants_check();
    if (!search_judge_dying_drain(from))
        search_number_state(shape_state(-1), from, 0, failures);
}

/* What came of a request, with the digest of the state that it left. */
static void search_take_change(uint32_t from, unsigned n_there, struct digest state)
{
    struct trail_node *node = &trail_nodes[from];
    unsigned failures = node->failures + script.failures;
    bool stop;

    if (plan.failures != UINT_MAX && failures > plan.failures) {
        search.limited = true;
        return;
    }
    search.transitions++;
    step_read_refusal();
    rows_count(rows_taken);
    for (unsigned i = 0; i < n_called; i++)
        search.called[called[i].hook] = true;
    if (plan.crash)
        seen_look_at_calls();
    invariants_check();
    stop = search.clean ? search_judge_clean(from) : search_judge_all(from, n_there);
    if (!change.nothing && !stop)
        search_number_state(state, from, n_there, failures);
}

/* A request of a state. */
struct asking_state {
    uint32_t from;
    const struct image *image;
    const struct move *move;
    bool tries_fast; /* the runtime's other way is taken, too */
    unsigned n_there;
};

static void search_take_way(void *arg)
{
    const struct asking_state *asks = arg;
    bool fast = asks->tries_fast && n_called == 0 && script.commits == 0;
    struct digest state = change.nothing && !fast ? (struct digest){0, 0} : shape_state(-1);

    if (fast)
        invariants_note(state);
    search_take_change(asks->from, asks->n_there, state);
    if (fast)
        invariants_try_fast(asks->image, asks->move);
}

/* `before` is the state of the image. */
static void search_ask_request(struct asking_state *asks)
{
    effects there = 0, maybe = plan.operations[asks->move->op].maybe;

    search.asked[asks->move->op] = true;
    if (!search.clean && asks->move->part != PART_RECOVER) {
        world_restore(asks->image);
        invariants_try_full(asks->image, asks->move);
    }
    do {
        ways_each(asks->image, asks->move, there, search.clean ? MODE_CLEAN : MODE_FREE,
                  search_take_way, asks);
        there = step_next_there(there, maybe);
        asks->n_there++;
    } while (there != 0);
}

/* Is there a fault of the state itself, behind which the search does not go on? */
static bool search_judge_state(uint32_t node, const struct image *image, bool tries)
{
    struct fault fault;
    struct move shown;
    struct request request;
    bool stop = false;

    search.cancelled += invariants_try_uses(image, tries);
    invariants_try_taken(image);
    for (unsigned i = 0; i < plan.callers; i++) {
        if (w.callers[i].is == IS_IDLE || !stranded_judge(image, i, &fault, &shown))
            continue;
        request = search_clean_request(&shown);
        stop |= search_tell(&fault, node, &request, shown.part != PART_NONE);
    }
    if (!stop && poisoned_judge(image, &fault, &shown)) {
        request = search_clean_request(&shown);
        stop = search_tell(&fault, node, &request, 1);
    }
    world_restore(image);
    return stop;
}

static void search_look_at_bounds(void)
{
    if (plan.memory > 0 && usage_memory() > plan.memory) {
        search.out_of_memory = search.full = true;
        search.complete = false;
    }
}

static void search_expand(uint32_t node, struct moves *moves)
{
    struct image *image;
    bool judges, tries;

    trail_restore(node);
    image = world_save();
    left_source = image;
    judges = !search.clean && !world_is_locked();
    tries = judges && invariants_are_open();
    if (!judges || !search_judge_state(node, image, tries)) {
        moves->n = 0;
        moves_list(moves, false);
        step_look();
        for (unsigned i = 0; i < moves->n; i++)
            search_ask_request(&(struct asking_state){
                .from = node, .image = image, .move = &moves->at[i], .tries_fast = tries});
        if (judges && plan_is_stored())
            ways_each_dying_drain(image, search_take_dying_drain, &node);
    }
    world_drop(image);
    trail_drop(node);
}

static void search_walk(bool clean)
{
    struct moves moves = {0};
    struct nodes *waiting = &search.waiting;

    search.clean = clean;
    search.full = false;
    search.transitions = 0;
    waiting->first = waiting->n = 0;
    known_clear(&search.states);
    trail_begin();
    world_begin();
    invariants_begin();
    step_look();
    change.nothing = false;
    if (search_has_room())
        search_enter(shape_state(-1), trail_add_first());
    for (unsigned done = 0; waiting->first < waiting->n && !search.full; done++) {
        if (done % TELL_PROGRESS == 0)
            print_progress(trail_n, waiting->n - waiting->first, search.transitions);
        if (done % LOOK_AT_MEMORY == 0)
            search_look_at_bounds();
        if (search.full)
            break;
        search_expand(waiting->at[waiting->first++], &moves);
    }
    free(moves.at);
}

/* Drains. */

static void search_judge_drains(void)
{
    for (size_t i = 0; i < search.drained.n; i++) {
        uint32_t node = search.drained.at[i];
        unsigned failures = trail_nodes[node].failures;

        trail_restore(node);
        drains_judge(node, plan.failures == UINT_MAX ? UINT_MAX : plan.failures - failures,
                     search_told_drain);
    }
    drains_again(search_told_drain, trail_restore);
    search_tell_later();
}

static unsigned search_rows(void)
{
    unsigned n = 0;

    for (unsigned i = 1; i <= type.n_resources; i++)
        n += type.resources[i].n_rows;
    return n;
}

static void search_print_seen(void)
{
    print_rows("taken", rows_taken, search_rows());
    print_rows("behind", wanted_behind, search_rows());
    print_numbers("asked", search.asked);
    print_numbers("called", search.called);
    seen_print();
}

static void search_print_done(void)
{
    (void)printf("done %u %llu %d %d %d %d %llu %zu\n", trail_n,
                 (unsigned long long)search.transitions, search.complete, search.limited,
                 search.cut, search.out_of_memory, (unsigned long long)search.cancelled,
                 usage_memory());
}

static void search_end_without_memory(void)
{
    search.complete = false;
    search_print_seen();
    search_tell_later();
    search_print_done();
}

static void search_run(void)
{
    search.complete = true;
    rows_begin();
    wanted_begin(search_rows());
    moves_begin();
    stated_begin();
    poisoned_begin();
    stranded_begin();
    drains_begin();
    seen_begin();
    fatal_last = search_end_without_memory;
    search_walk(true);
    for (uint32_t i = 0; i < trail_n; i++) {
        struct image *image;

        trail_restore(i);
        image = world_save();
        poisoned_learn(image);
        world_drop(image);
    }
    search_walk(false);
    search_judge_drains();
    if (plan.n_wanted > 0)
        wanted_look_for(&search.states);
    fatal_last = NULL;
    search_print_seen();
    search_print_done();
    /* a holder whose root ends while it waits shares an error, which no whole operation gives it */
    if (plan.in_flight > 0 && search.complete && !search.cut && !search.limited)
        inflight_run(search.dangles ? NULL : &search.states);
    (void)fflush(stdout);
}
