#include "backend.h"

#include <errno.h>
#include <string.h>

#include "../../src/model/field.h"
#include "../base/fatal.h"
#include "rows.h"

/* What is made. */

static const berth_operation *backend_making;
static const struct plan_operation *backend_making_planned;
static const uint16_t *backend_making_choices;
static effects backend_making_there;

static void backend_makes(const berth_operation *operation, const struct plan_operation *planned,
                          const uint16_t *choices, effects there)
{
    backend_making = operation;
    backend_making_planned = planned;
    backend_making_choices = choices;
    backend_making_there = there;
}

static uint16_t backend_choice(uint8_t resource, uint8_t level)
{
    uint16_t choice;

    if (!backend_making || !backend_making_choices || level >= backend_making->levels)
        fatal_broken("an instance of %s appears that nobody asked for",
                     type.resources[resource].name);
    choice = backend_making_choices[level];
    if (plan.choices[choice].resource != resource)
        fatal_broken("an instance of %s is made for another resource",
                     type.resources[resource].name);
    return choice;
}

static void backend_made(struct thing *thing)
{
    if (backend_making->form != BERTH_CREATE || thing->resource != backend_making->resource)
        return;
    thing->truth = backend_making_planned->there | backend_making_there;
    thing->open = thing->truth | backend_making_planned->unsaid;
}

/* Endings. */

static void backend_add_ending(struct ending *endings, unsigned *n, struct ending ending)
{
    if (*n == BACKEND_ENDINGS)
        fatal_limit("endings of a call");
    endings[(*n)++] = ending;
}

/* The truth, as far as it is known; or that the hook cannot tell. Open effects may be there. */
static unsigned backend_answers(const struct plan_hook *hook, const struct thing *thing, bool clean,
                                struct ending *endings)
{
    unsigned n = 0;

    if (hook->asked & thing->truth) {
        backend_add_ending(endings, &n, (struct ending){.outcome = BERTH_ANSWERED_YES});
    } else {
        for (unsigned i = 0; i < 64; i++)
            if (hook->asked & thing->open & ((effects)1 << i))
                backend_add_ending(
                    endings, &n,
                    (struct ending){.outcome = BERTH_ANSWERED_YES, .found = (effects)1 << i});
        if (hook->asks_more)
            backend_add_ending(endings, &n, (struct ending){.outcome = BERTH_ANSWERED_YES});
        backend_add_ending(endings, &n, (struct ending){.outcome = BERTH_ANSWERED_NO});
    }
    if (!clean)
        backend_add_ending(endings, &n, (struct ending){.outcome = BERTH_ANSWERED_UNKNOWN});
    return n;
}

/*
 * Those that can make a difference. Where every row treats uncertain like failed, uncertain without
 * effect is the same as failed.
 */
static unsigned backend_possible(const struct plan_hook *hook, const struct thing *thing,
                                 bool clean, struct ending *endings)
{
    unsigned n = 0;

    if (hook->asks)
        return backend_answers(hook, thing, clean, endings);
    backend_add_ending(endings, &n, (struct ending){.outcome = BERTH_OK, .effect = true});
    if (clean)
        return n;
    backend_add_ending(endings, &n, (struct ending){.outcome = BERTH_FAILED});
    if (hook->names) {
        backend_add_ending(endings, &n, (struct ending){.outcome = BERTH_UNSURE, .effect = true});
        backend_add_ending(endings, &n,
                           (struct ending){.outcome = BERTH_UNSURE, .effect = true, .zero = true});
    } else if (backend_after_call(hook, thing->truth) != thing->truth ||
               (thing->open & (hook->own | hook->undoes))) {
        backend_add_ending(endings, &n, (struct ending){.outcome = BERTH_UNSURE, .effect = true});
    }
    if (hook->tells)
        backend_add_ending(endings, &n, (struct ending){.outcome = BERTH_UNSURE});
    return n;
}

/* Choices. */

static void backend_begin(enum mode mode)
{
    script.mode = mode;
    script.n = 0;
    script.failures = 0;
    script.commits = 0;
    store_begin(0);
    n_called = 0;
}

static void backend_die(uint8_t commits, bool late)
{
    script.commits = commits;
    script.late = late;
    store_begin(commits);
}

static unsigned backend_choose(const struct thing *thing, unsigned count)
{
    unsigned choice;

    if (script.mode == MODE_DRAIN && script.free != thing->born)
        return 0;
    if (script.n == BACKEND_CALLS)
        fatal_limit("calls of one request");
    choice = script.n < script.n_chosen ? script.chosen[script.n] : 0;
    script.chosen[script.n] = (uint8_t)choice;
    script.counts[script.n++] = (uint8_t)count;
    if (choice >= count)
        fatal_broken("a request that is made again calls other hooks");
    return choice;
}

static bool backend_next(void)
{
    while (script.n > 0 && script.chosen[script.n - 1] + 1 >= script.counts[script.n - 1])
        script.n--;
    if (script.n == 0)
        return false;
    script.chosen[script.n - 1]++;
    script.n_chosen = script.n;
    return true;
}

/* Out-values. */

/* Is the value at `offset` of a view, with this content, somebody's already? */
static bool backend_in_use(const struct thing *thing, const berth_assigned *assigned,
                           unsigned number, const void *content)
{
    for (unsigned i = 0; i < w.n_things; i++)
        if (w.things[i].resource == thing->resource &&
            memcmp((const char *)world_view(&w.things[i]) + assigned->view_offset, content,
                   assigned->size) == 0)
            return true;
    for (unsigned i = 0; i < plan.n_values; i++)
        for (unsigned j = 0; j < plan.callers; j++)
            if (plan.values[i].resource == thing->resource &&
                plan.values[i].assigned == number + 1 && w.callers[j].is != IS_IDLE &&
                memcmp(world_values(j) + plan.values[i].offset, content, assigned->size) == 0)
                return true;
    return false;
}

static void backend_write_number(const berth_assigned *assigned, unsigned n, void *to)
{
    memset(to, 0, assigned->size);
    if (assigned->type == BERTH_BOOL) {
        *(bool *)to = (n & 1) != 0;
        return;
    }
    if (assigned->type == BERTH_CHARS) {
        char digits[8];
        size_t length = 0;

        do {
            digits[length++] = (char)('a' + n % 26);
            n /= 26;
        } while (n > 0);
        memcpy(to, digits, length < assigned->size ? length : assigned->size - 1u);
        return;
    }
    memcpy(to, &n, assigned->size < sizeof n ? assigned->size : sizeof n);
}

/* Values that are new: each is the lowest that nobody has. */
static void backend_write_new(uint8_t hook, const struct thing *thing, void *out)
{
    const berth_resource *resource = &type.resources[thing->resource];
    unsigned char view[4096];

    if (resource->view_size > sizeof view)
        fatal_limit("bytes of a view");
    memcpy(view, world_view(thing), resource->view_size);
    for (unsigned i = 0; i < resource->n_assigned; i++) {
        const berth_assigned *assigned = &resource->assigned[i];

        if (assigned->kind != BERTH_ASSIGN_HOOK || assigned->hook != hook)
            continue;
        for (unsigned n = 1; n < 1000; n++) {
            backend_write_number(assigned, n, view + assigned->view_offset);
            if (!backend_in_use(thing, assigned, i, view + assigned->view_offset))
                break;
        }
    }
    type.preset(hook, view, out);
}

static int backend_result_of(struct ending ending)
{
    switch ((berth_outcome)ending.outcome) {
    case BERTH_OK:
        return 0;
    case BERTH_ANSWERED_YES:
        return BERTH_YES;
    case BERTH_ANSWERED_NO:
        return BERTH_NO;
    case BERTH_UNSURE:
        return BERTH_UNCERTAIN(-ETIMEDOUT);
    default:
        return -EIO;
    }
}

static void backend_note_truth(struct called *call, struct thing *thing)
{
    const struct plan_hook *hook = &plan.hooks[call->hook];

    call->before = thing->truth;
    call->open_before = thing->open;
    if (call->ending.effect) {
        thing->truth = backend_after_call(hook, thing->truth);
        thing->open &= ~(hook->own | hook->undoes);
    } else {
        thing->truth |= call->ending.found;
        thing->open &=
            ~(call->ending.outcome == BERTH_ANSWERED_NO ? hook->asked : call->ending.found);
    }
    call->after = thing->truth;
    call->open = thing->open;
}

static struct thing *backend_thing(struct instance *instance)
{
    int at = world_thing(instance);

    return &w.things[at < 0 ? world_add(instance) : at];
}

static struct called *backend_note_call(struct instance *instance, uint8_t hook, uint16_t row,
                                        struct ending ending)
{
    struct thing *thing = backend_thing(instance);
    struct called *record = &called[n_called];
    const struct rows_cell *cell;

    if (n_called == BACKEND_CALLS)
        fatal_limit("calls of one request");
    *record = (struct called){.hook = hook, .thing = *thing, .ending = ending};
    record->row = (uint16_t)(type.resources[thing->resource].first_row + row);
    cell = rows_cell(record->row);
    record->state = cell->state;
    record->event = cell->event;
    backend_note_truth(record, thing);
    n_called++;
    return record;
}

static int backend_call(const void *backend, uint8_t hook, berth_call *call, const void *view,
                        void *out)
{
    struct instance *instance = (struct instance *)(uintptr_t)view - 1;
    struct ending endings[BACKEND_ENDINGS];
    struct thing *thing = backend_thing(instance);
    const struct called *record;
    unsigned count, number;

    (void)backend;
    if (store_has_died)
        fatal_broken("%s is called without a store", type.hooks[hook].name);
    if (plan_is_stored() && store_commits <= n_called)
        fatal_broken("%s is called before that is durable", type.hooks[hook].name);
    count = backend_possible(&plan.hooks[hook], thing, script.mode == MODE_CLEAN, endings);
    number = backend_choose(thing, count);
    record = backend_note_call(instance, hook, call->row, endings[number]);
    script.failures += record->ending.outcome == BERTH_FAILED ||
                       record->ending.outcome == BERTH_UNSURE ||
                       record->ending.outcome == BERTH_ANSWERED_UNKNOWN;
    if (out && type.hooks[hook].out_size > 0) {
        if (record->ending.zero)
            memset(out, 0, type.hooks[hook].out_size);
        else if (record->ending.outcome != BERTH_FAILED)
            backend_write_new(hook, thing, out);
    }
    return backend_result_of(record->ending);
}

static bool backend_has(const void *backend, uint8_t hook)
{
    (void)backend;
    return !plan.hooks[hook].absent;
}

static void backend_use(void)
{
    type.call = backend_call;
    type.has = backend_has;
    type.backend_size = sizeof backend_nothing;
    type.backend_version = 0;
}

static effects backend_lost(const struct called *call)
{
    const struct plan_hook *hook = &plan.hooks[call->hook];

    return call->ending.effect ? hook->undoes & (call->before | call->open_before) & ~call->after
                               : 0;
}
