#include "seen.h"

#include <stdio.h>
#include <string.h>

#include "../base/fatal.h"
#include "judge.h"
#include "../base/known.h"
#include "../state/shape.h"

struct range {
    bool any;
    effects always, ever; /* there each time, and at any time */
    effects unknown;      /* at some time nobody knew whether they were there */
};

struct class
{
    uint8_t resource, levels;
    uint16_t state;
    uint16_t kinds[BERTH_MAX_LEVELS]; /* along the path, root first */
    struct range over[2];             /* at rest: all runs, and those in which no call fails */
    struct range calling;             /* before or after a call, in all runs */
    struct range drained;             /* at rest, after a drain that did not end it */
};

static struct class *seen_classes;
static unsigned seen_n_classes, seen_classes_room;
static struct known seen_numbers;

static void seen_begin(void)
{
    seen_n_classes = 0;
    known_clear(&seen_numbers);
}

/* `kinds` has those along the path, root first. */
static struct class *seen_class(uint8_t resource, uint16_t state, const uint16_t *kinds)
{
    struct digest digest = digest_start(7);
    unsigned levels = type.resources[resource].level + 1u;
    struct class *class;
    uint64_t *number;
    bool is_new;

    digest_add(&digest, (uint64_t)resource | (uint64_t)state << 16);
    for (unsigned i = 0; i < levels; i++)
        digest_add(&digest, kinds[i]);
    number = known_put(&seen_numbers, digest, seen_n_classes, &is_new);
    if (!is_new)
        return &seen_classes[*number];
    if (seen_n_classes == seen_classes_room) {
        seen_classes_room = seen_classes_room ? seen_classes_room * 2 : 64;
        seen_classes = fatal_realloc(seen_classes, seen_classes_room * sizeof *seen_classes);
    }
    class = &seen_classes[seen_n_classes++];
    *class = (struct class){.resource = resource, .state = state, .levels = (uint8_t)levels};
    memcpy(class->kinds, kinds, levels * sizeof kinds[0]);
    return class;
}

static struct class *seen_class_of(const struct thing *thing)
{
    uint16_t kinds[BERTH_MAX_LEVELS];

    kinds[thing->level] = thing->kind;
    for (int up = thing->parent; up >= 0; up = w.things[up].parent)
        kinds[w.things[up].level] = w.things[up].kind;
    return seen_class(thing->resource, thing->state, kinds);
}

/* Takes what is there. Returns the effects that are now both there and not for the first time. */
static effects seen_take(struct range *range, effects truth, effects open)
{
    effects was = range->ever & ~range->always;

    range->always = range->any ? range->always & truth : truth;
    range->ever |= truth;
    range->unknown |= open & ~truth;
    range->any = true;
    return range->ever & ~range->always & ~was;
}

static void seen_look(struct faults *faults, bool clean)
{
    for (unsigned i = 0; i < w.n_things; i++) {
        const struct thing *thing = &w.things[i];
        effects now = seen_take(&seen_class_of(thing)->over[clean], thing->truth, thing->open);

        now &= ~plan.resources[thing->resource].states[thing->state].adopted;
        if (clean && now)
            fault_add(faults, AMBIGUOUS, AMBIGUOUS_STATE,
                      judge_state_place(thing->resource, thing->state), now, 0, 0, 0);
    }
}

/* The class of the instance that a call was about, which may have ended since. */
static struct class *seen_class_of_call(const struct called *call)
{
    uint16_t kinds[BERTH_MAX_LEVELS];

    for (unsigned i = 0; i <= call->thing.level; i++) {
        int was = change.path_before[i];

        kinds[i] = was >= 0 ? before.things[was].kind : plan.choices[change.move.choice[i]].kind;
    }
    return seen_class(call->thing.resource, call->state, kinds);
}

static void seen_take_call(struct class *class, const struct called *call)
{
    (void)seen_take(&class->calling, call->before, call->open_before);
    (void)seen_take(&class->calling, call->after, call->open);
}

static void seen_look_at_calls(void)
{
    for (unsigned i = 0; i < n_called; i++)
        seen_take_call(seen_class_of_call(&called[i]), &called[i]);
}

static void seen_look_at_drained(int was, int now)
{
    uint16_t kinds[BERTH_MAX_LEVELS];
    const struct thing *thing = &before.things[was];

    for (int up = was; up >= 0; up = before.things[up].parent)
        kinds[before.things[up].level] = before.things[up].kind;
    for (unsigned i = 0; i < n_called; i++)
        seen_take_call(seen_class(thing->resource, called[i].state, kinds), &called[i]);
    if (now >= 0)
        (void)seen_take(&seen_class(thing->resource, w.things[now].state, kinds)->drained,
                        w.things[now].truth, w.things[now].open);
}

static void seen_print_range(const struct class *class, const struct range *range, unsigned when)
{
    if (!range->any)
        return;
    (void)printf("seen %u %u %u %llu %llu %llu %u", when, class->resource, class->state,
                 (unsigned long long)range->always, (unsigned long long)range->ever,
                 (unsigned long long)range->unknown, class->levels);
    for (unsigned i = 0; i < class->levels; i++)
        (void)printf(" %u", class->kinds[i]);
    (void)putchar('\n');
}

static void seen_print(void)
{
    for (unsigned i = 0; i < seen_n_classes; i++) {
        seen_print_range(&seen_classes[i], &seen_classes[i].over[false], 0);
        seen_print_range(&seen_classes[i], &seen_classes[i].over[true], 1);
        seen_print_range(&seen_classes[i], &seen_classes[i].calling, 2);
        seen_print_range(&seen_classes[i], &seen_classes[i].drained, 3);
    }
}
