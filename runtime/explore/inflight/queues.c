#include "queues.h"

#include "../../src/core/waiting/queue.h"
#include "../base/fatal.h"
#include "../invariants.h"
#include "flight.h"

static uint32_t queues_roots[PLAN_CALLERS], queues_arrived[PLAN_CALLERS]; /* before the move */
static uint32_t queues_born; /* the newest thing then */

static void queues_note(void)
{
    for (unsigned i = 0; i < plan.callers; i++) {
        queues_roots[i] = flights[i].root;
        queues_arrived[i] = flights[i].arrived;
    }
    queues_born = w.born;
}

static const char *queues_name(unsigned who)
{
    return type.operations[flights[who].move.op].name;
}

/* The number of a flight by its operation; plan.callers: it is none. */
static unsigned queues_number(const struct operation *operation)
{
    unsigned i = 0;

    while (i < plan.callers && flight_operation(i) != operation)
        i++;
    return i;
}

/* The operation's hook pends, and the root of the instance is its own. */
static void queues_check_pending(unsigned who)
{
    const struct operation *operation = flight_operation(who);

    if (flights[who].hook == 0 || operation->stage != STAGE_CALLED || operation->call.completed)
        fatal_broken("%s neither waits nor has called a hook", queues_name(who));
    if (world_thing(flights[who].at) < 0)
        fatal_broken("%s has called a hook for an instance that is gone", queues_name(who));
    if (operation->root != instance_root(flights[who].at) ||
        queue_owner(operation->root) != operation)
        fatal_broken("%s has called a hook for an instance of a root that is not its own",
                     queues_name(who));
}

/* One line of a root's queue: sets `waits` for those in it. */
static void queues_check_line(const struct root *root, const struct operation *first, uint32_t born,
                              uint32_t waits[PLAN_CALLERS])
{
    const struct operation *at = first;

    for (unsigned n = 0; at && (n == 0 || at != first); n++, at = at->next) {
        unsigned who = queues_number(at);

        if (who == plan.callers || !flights[who].active || !at->waits || waits[who] > 0)
            fatal_broken("somebody is in a queue who does not wait");
        if (at->queued && at->queued != root)
            fatal_broken("%s is in the queue of another root", queues_name(who));
        waits[who] = born;
    }
}

/* The root is locked by one operation in flight, if by any. Sets `waits` for its waiters. */
static void queues_check_root(const struct thing *thing, uint32_t waits[PLAN_CALLERS])
{
    const struct root *root = instance_as_root(thing->at);
    const char *name = type.resources[thing->resource].name;
    unsigned n = 0;

    for (unsigned i = 0; i < plan.callers; i++)
        n += flights[i].active && flights[i].hook > 0 && flight_operation(i)->root == root;
    if (n > 1)
        fatal_broken("%u operations work on one %s", n, name);
    if (thing->at->locked != (n == 1) || thing->at->waking)
        fatal_broken("%u operations work on a %s that is %slocked", n, name,
                     thing->at->locked ? "" : "not ");
    if (thing->at->locked && thing->at->awaited)
        for (unsigned line = LINE_KEY; line <= LINE_OTHER; line++)
            queues_check_line(root, root->entry.lock->lines[line], thing->born, waits);
}

/* Did two who waited for one root, which is still there, end in the order of their arrival? */
static void queues_check_ends(void)
{
    for (unsigned i = 0; i < n_landed; i++)
        for (unsigned j = i + 1; j < n_landed; j++) {
            unsigned one = landed[i].who, other = landed[j].who;
            bool both = queues_roots[one] > 0 && queues_roots[one] == queues_roots[other];

            for (unsigned k = 0; k < w.n_things && both; k++)
                if (w.things[k].born == queues_roots[one] &&
                    queues_arrived[one] > queues_arrived[other])
                    fatal_broken("an operation is served before one that came earlier");
        }
}

/* Those who came later are not served before those who came earlier and wait still. */
static void queues_check_order(void)
{
    for (unsigned i = 0; i < plan.callers; i++)
        for (unsigned j = 0; j < plan.callers; j++) {
            const struct flight *one = &flights[i], *other = &flights[j];
            bool both = one->root > 0 && one->root == other->root;
            bool still = queues_roots[i] > 0 && one->root == queues_roots[i];

            if (both && one->arrived < other->arrived &&
                flight_operation(i)->turn >= flight_operation(j)->turn)
                fatal_broken("%s comes after one that came later", queues_name(i));
            if (still && queues_roots[j] == queues_roots[i] && other->root != one->root &&
                queues_arrived[j] > queues_arrived[i])
                fatal_broken("%s still waits, and one that came later does not", queues_name(i));
        }
}

/* The one with the earliest turn, of those who wait and have no number yet; plan.callers: none. */
static unsigned queues_next_arrival(void)
{
    unsigned next = plan.callers;

    for (unsigned i = 0; i < plan.callers; i++)
        if (flights[i].root > 0 && flights[i].arrived == 0 &&
            (next == plan.callers || flight_operation(i)->turn < flight_operation(next)->turn))
            next = i;
    return next;
}

/*
 * Gives numbers to those who came to wait. Those whose root has ended keep theirs in the queue of
 * one that is made then.
 */
static void queues_take_arrivals(const uint32_t waits[PLAN_CALLERS])
{
    uint32_t last = 0;

    for (unsigned i = 0; i < plan.callers; i++) {
        if (waits[i] != flights[i].root && (flights[i].root == 0 || waits[i] <= queues_born))
            flights[i].arrived = 0;
        flights[i].root = waits[i];
        last = flights[i].arrived > last ? flights[i].arrived : last;
    }
    for (unsigned i; (i = queues_next_arrival()) < plan.callers;)
        flights[i].arrived = ++last;
}

static void queues_check(void)
{
    uint32_t waits[PLAN_CALLERS] = {0};
    unsigned n_pending = 0;

    if (w.manager->n_operations != flight_count())
        fatal_broken("%llu operations are counted, and %u run",
                     (unsigned long long)w.manager->n_operations, flight_count());
    if (w.manager->ready || w.manager->waiting || w.manager->workers)
        fatal_broken("an operation could go on, and nobody runs it");
    for (unsigned i = 0; i < w.n_things; i++)
        if (w.things[i].parent < 0)
            queues_check_root(&w.things[i], waits);
    for (unsigned i = 0; i < plan.callers; i++) {
        if (!flights[i].active || (waits[i] > 0 && flight_operation(i)->waits))
            continue;
        queues_check_pending(i);
        n_pending++;
    }
    if (w.manager->calls.count != n_pending)
        fatal_broken("the map of calls counts %zu, and %u are pending", w.manager->calls.count,
                     n_pending);
    queues_take_arrivals(waits);
    queues_check_order();
    queues_check_ends();
    invariants_check_counts();
}

static unsigned queues_rank(unsigned who)
{
    unsigned rank = 0;

    for (unsigned i = 0; i < plan.callers; i++)
        rank += flights[i].active && flights[i].root == flights[who].root &&
                flights[i].arrived < flights[who].arrived;
    return rank;
}
