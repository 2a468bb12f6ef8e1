#include "flight.h"

#include <errno.h>
#include <string.h>

#include "../../src/core/waiting/queue.h"
#include "../base/fatal.h"
#include "../state/backend.h"
#include "queues.h"

static unsigned char *flight_blocks; /* of operations, by caller; behind the flights */
static size_t flight_block_size;

static struct operation *flight_operation(unsigned who)
{
    return (struct operation *)(void *)(flight_blocks + who * flight_block_size);
}

static unsigned flight_count(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < plan.callers; i++)
        n += flights[i].active;
    return n;
}

/* Memory that the manager frees during a move: an address must not name two instances there. */

enum { FREED = 1000 };
static struct {
    void *memory;
    size_t size;
} flight_freed[FREED];
static unsigned flight_n_freed;

static void flight_release(void *ctx, void *memory, size_t size)
{
    (void)ctx;
    if (flight_n_freed == FREED)
        fatal_limit("blocks that one move frees");
    flight_freed[flight_n_freed].memory = memory;
    flight_freed[flight_n_freed++].size = size;
}

static void flight_free_memory(void)
{
    for (unsigned i = 0; i < flight_n_freed; i++)
        w.arena.allocator.release(w.arena.allocator.ctx, flight_freed[i].memory,
                                  flight_freed[i].size);
    flight_n_freed = 0;
}

/* What the manager calls. */

static int flight_call(const void *backend, uint8_t hook, berth_call *call, const void *view,
                       void *out)
{
    struct flight *flight = ((struct operation *)call)->done_arg;

    (void)backend;
    (void)out;
    if (!flight->active || flight->hook > 0)
        fatal_broken("an operation calls %s while it does something else", type.hooks[hook].name);
    if (++flight->n_calls > BACKEND_CALLS)
        fatal_limit("calls of one request");
    flight->hook = hook;
    flight->at = (struct instance *)(uintptr_t)view - 1;
    flight->token = berth_call_token(call).id;
    return BERTH_PENDING;
}

static void flight_land(struct flight *flight, int code, const struct operation *operation)
{
    struct landed *one = &landed[n_landed++];

    if (!flight->active)
        fatal_broken("an operation ends twice");
    flight->active = false;
    *one = (struct landed){.who = (uint8_t)(flight - flights), .code = code};
    if (code == 0 && !operation->absent)
        for (unsigned i = 0; i < operation->type->levels; i++)
            one->path[i] = operation->levels[i].instance;
}

static void flight_done(void *arg, int code)
{
    struct flight *flight = arg;

    flight_land(flight, code, flight_operation((unsigned)(flight - flights)));
}

/* After a move. */

static void flight_makes(const struct flight *flight)
{
    backend_makes(&type.operations[flight->move.op], &plan.operations[flight->move.op],
                  flight->move.n_config > 0 ? flight->move.choice : NULL, flight->there);
}

/* For world_meets: whose path the instance is on. The one who came to it last has made it. */
static void flight_find_maker(const struct instance *at)
{
    backend_makes(NULL, NULL, NULL, 0);
    for (unsigned i = 0; i < n_landed; i++)
        for (unsigned level = 0; level < BERTH_MAX_LEVELS; level++)
            if (landed[i].path[level] == at)
                flight_makes(&flights[landed[i].who]);
    for (unsigned i = 0; i < plan.callers; i++)
        for (unsigned level = 0; flights[i].active && level < flight_operation(i)->n_levels;
             level++)
            if (flight_operation(i)->levels[level].instance == at)
                flight_makes(&flights[i]);
}

/* How many anonymous references there were at a level when the landed operation ended. */
static uint32_t flight_left_references(unsigned number, struct instance *instance)
{
    for (unsigned i = number + 1; i < n_landed; i++) /* others have run since, without a hook */
        for (unsigned level = 0; level < BERTH_MAX_LEVELS; level++)
            if (landed[i].path[level] == instance)
                return flight_operation(landed[i].who)->levels[level].anonymous;
    for (unsigned i = 0; i < plan.callers; i++)
        for (unsigned level = 0; flights[i].active && level < flight_operation(i)->n_levels;
             level++)
            if (flight_operation(i)->levels[level].instance == instance)
                return flight_operation(i)->levels[level].anonymous;
    return instance->anonymous;
}

/* The levels of which a release that failed has let go. One that called nothing did nothing. */
static uint8_t flight_dropped(unsigned number, const struct caller *caller)
{
    const struct landed *one = &landed[number];
    const struct operation *operation = flight_operation(one->who);
    uint8_t dropped = 0;

    if (flights[one->who].move.part != PART_RELEASES || one->code == 0 ||
        flights[one->who].n_calls == 0)
        return 0;
    for (unsigned i = 0; i < operation->type->levels && i < caller->n_path; i++)
        if (operation->levels[i].instance == caller->path[i].at &&
            (world_find(caller->path[i]) < 0 ||
             flight_left_references(number, caller->path[i].at) < operation->levels[i].anonymous))
            dropped |= (uint8_t)(1u << i);
    return dropped;
}

static void flight_update_caller(unsigned number)
{
    const struct landed *one = &landed[number];
    struct flight *flight = &flights[one->who];
    const struct move *move = &flight->move;

    change.move = *move;
    change.there = flight->there;
    change.code = one->code;
    for (unsigned i = 0; i < type.operations[move->op].levels; i++) {
        change.path[i] = move->part == PART_USES ? world_find(move->path[i])
                         : one->path[i]          ? world_thing(one->path[i])
                                                 : NO_THING;
        change.levels[i] = change.path[i] >= 0 ? world_ref(change.path[i]) : (struct ref){NULL, 0};
    }
    step_update_caller(move, flight->id, flight_dropped(number, &w.callers[one->who]));
}

static void flight_look(void)
{
    world_look();
    for (unsigned i = 0; i < n_landed; i++)
        flight_update_caller(i);
    for (unsigned i = 0; i < n_landed; i++)
        flights[landed[i].who] = (struct flight){0};
    world_look_at_holds();
    flight_free_memory();
    queues_check();
}

/* Moves. */

static void flight_start(const struct move *move, effects there)
{
    struct flight *flight = &flights[move->who];
    struct step_request asked;
    int rc;

    n_landed = 0;
    *flight = (struct flight){.active = true, .move = *move, .there = there};
    step_ask(&asked, move, flight->id);
    if (asked.request.by) {
        size_t size = moves_value_of(&type.operations[move->op])->size;

        if (size > sizeof flight->value)
            fatal_limit("bytes of a value by which operations find");
        memcpy(flight->value, asked.value, size);
        asked.request.by = flight->value;
    }
    queues_note();
    rc = berth_manager_start((berth_manager *)w.manager, &asked.request, NULL,
                             flight_operation(move->who), flight_done, flight);
    if (rc != 0)
        flight_land(flight, rc, NULL);
    flight_look();
}

static void flight_complete(unsigned who, struct ending ending)
{
    static _Alignas(16) unsigned char out[BERTH_MAX_OUT];
    struct flight *flight = &flights[who];
    uint8_t hook = flight->hook;
    struct thing *thing = &w.things[world_thing(flight->at)];
    struct called record = {.hook = hook, .ending = ending};
    berth_token token = {.manager = (berth_manager *)w.manager, .id = flight->token};
    bool gives = type.hooks[hook].out_size > 0 && ending.outcome != BERTH_FAILED;
    int rc;

    n_landed = 0;
    memset(out, 0, sizeof out);
    if (gives && !ending.zero)
        backend_write_new(hook, thing, out);
    backend_note_truth(&record, thing);
    flight->hook = 0;
    queues_note();
    rc = berth_complete(token, backend_result_of(ending), gives ? out : NULL,
                        gives ? type.hooks[hook].out_size : 0);
    if (rc != 0)
        fatal_broken("the completion of %s gives %s", type.hooks[hook].name, berth_errno_name(rc));
    flight_look();
}

static void flight_cancel(unsigned who)
{
    struct move move = flights[who].move;
    int rc;

    n_landed = 0;
    flights[who].root = 0; /* it may leave before those who came earlier */
    queues_note();
    flights[who].move.part = PART_NONE; /* it did nothing, so its caller knows nothing new */
    rc = berth_manager_cancel((berth_manager *)w.manager, flight_operation(who));
    if (rc != 0 || n_landed != 1 || landed[0].code != -ECANCELED)
        fatal_broken("%s waits, and is not cancelled", type.operations[move.op].name);
    flight_look();
}

static unsigned flight_endings(unsigned who, struct ending *endings)
{
    const struct flight *flight = &flights[who];

    return backend_possible(&plan.hooks[flight->hook], &w.things[world_thing(flight->at)], false,
                            endings);
}

/* Digests. */

static void flight_add_place(struct digest *digest, const struct instance *instance)
{
    int at = instance ? world_thing(instance) : NO_THING;

    digest_add(digest, at < 0 ? 0 : 1);
    for (; at >= 0; at = w.things[at].parent)
        digest_add(digest,
                   (uint64_t)w.things[at].resource << 16 | plan.choices[w.things[at].choice].key);
}

/* How far it is. What it noted of its levels no longer counts: it has called a hook. */
static void flight_add_progress(struct digest *digest, const struct flight *flight,
                                const struct operation *operation)
{
    digest_add(digest, (uint64_t)flight->hook | (uint64_t)operation->call.row << 8 |
                           (uint64_t)operation->step << 24 | (uint64_t)operation->level << 32 |
                           (uint64_t)operation->event << 40 | (uint64_t)operation->in_step << 48);
    digest_add(digest, (uint64_t)(unsigned)-operation->code);
    for (unsigned i = 0; i < operation->n_levels; i++) {
        digest_add(digest, operation->levels[i].flags);
        flight_add_place(digest, operation->levels[i].instance);
    }
}

static struct digest flight_digest(unsigned who)
{
    const struct flight *flight = &flights[who];
    const struct operation *operation = flight_operation(who);
    const berth_operation *of = operation->type;
    struct digest digest = digest_start(9);

    digest_add(&digest, (uint64_t)flight->move.op | (uint64_t)flight->move.n_config << 8);
    for (unsigned i = 0; i < flight->move.n_config; i++)
        digest_add(&digest, flight->move.choice[i]);
    for (unsigned i = 0; of->at > 0 && i < BERTH_MAX_LEVELS; i++)
        digest_add(&digest, flight->move.at[i]);
    for (unsigned i = 0; of->by > 0 && i < FLIGHT_VALUE; i++)
        digest_add(&digest, flight->value[i]);
    digest_add(&digest, flight->there);
    if (flight->hook > 0) {
        flight_add_progress(&digest, flight, operation);
    } else {
        digest_add(&digest, queues_rank(who));
        flight_add_place(&digest, &queue_root(operation)->instance);
    }
    return digest;
}

static void flight_digests(struct digest *digests)
{
    for (unsigned i = 0; i < plan.callers; i++)
        digests[i] = flights[i].active ? flight_digest(i) : (struct digest){0, 0};
}

static void flight_begin(void)
{
    size_t flights_size = plan.callers * sizeof *flights;

    world_begin();
    flight_block_size = 0;
    for (unsigned op = 1; op <= type.n_operations; op++)
        if (operation_size(w.manager, &type.operations[op]) > flight_block_size)
            flight_block_size = operation_size(w.manager, &type.operations[op]);
    flight_block_size = (flight_block_size + 15) / 16 * 16;
    flights_size = (flights_size + 15) / 16 * 16;
    flights = fatal_alloc(flights_size + plan.callers * flight_block_size);
    flight_blocks = (unsigned char *)flights + flights_size;
    world_include(flights, flights_size + plan.callers * flight_block_size);
    world_meets = flight_find_maker;
    type.call = flight_call;
    /* With one, may_run() of sched/waiters.c lets this thread run no waiter, and the other way
     * would go unsearched. */
    w.manager->trace = NULL;
    w.manager->allocator.release = flight_release;
}
