#include "seen.h"

#include <stdio.h>

#include "../base/fatal.h"
#include "judge.h"
#include "../base/known.h"
#include "../state/shape.h"

struct class
{
    uint8_t resource, levels;
    uint16_t state;
    uint16_t kinds[BERTH_MAX_LEVELS]; /* along the path, root first */
    struct {
        bool any;
        effects always, ever; /* there each time, and at any time */
    } over[2];                /* all runs, and those in which no call fails */
};

static struct class *seen_classes;
static unsigned seen_n_classes, seen_classes_room;
static struct known seen_numbers;

static void seen_begin(void)
{
    seen_n_classes = 0;
    known_clear(&seen_numbers);
}

static struct class *seen_class_of(int thing)
{
    struct digest digest = digest_start(7);
    const struct thing *at = &w.things[thing];
    struct class *class;
    uint64_t *number;
    bool is_new;

    digest_add(&digest, (uint64_t)at->resource | (uint64_t)at->state << 16);
    for (int up = thing; up >= 0; up = w.things[up].parent)
        digest_add(&digest, w.things[up].kind);
    number = known_put(&seen_numbers, digest, seen_n_classes, &is_new);
    if (!is_new)
        return &seen_classes[*number];
    if (seen_n_classes == seen_classes_room) {
        seen_classes_room = seen_classes_room ? seen_classes_room * 2 : 64;
        seen_classes = fatal_realloc(seen_classes, seen_classes_room * sizeof *seen_classes);
    }
    class = &seen_classes[seen_n_classes++];
    *class = (struct class){
        .resource = at->resource, .state = at->state, .levels = (uint8_t)(at->level + 1)};
    for (int up = thing; up >= 0; up = w.things[up].parent)
        class->kinds[w.things[up].level] = w.things[up].kind;
    return class;
}

static void seen_look(struct faults *faults, bool clean)
{
    for (unsigned i = 0; i < w.n_things; i++) {
        const struct thing *thing = &w.things[i];
        struct class *class = seen_class_of((int)i);
        effects was, now;

        if (!class->over[clean].any) {
            class->over[clean].any = true;
            class->over[clean].always = class->over[clean].ever = thing->truth;
            continue;
        }
        was = class->over[clean].ever & ~class->over[clean].always;
        class->over[clean].always &= thing->truth;
        class->over[clean].ever |= thing->truth;
        now = class->over[clean].ever & ~class->over[clean].always & ~was;
        now &= ~plan.resources[thing->resource].states[thing->state].adopted;
        if (clean && now)
            fault_add(faults, AMBIGUOUS, AMBIGUOUS_STATE,
                      judge_state_place(thing->resource, thing->state), now, 0, 0, 0);
    }
}

static void seen_print(void)
{
    for (unsigned i = 0; i < seen_n_classes; i++)
        for (unsigned clean = 0; clean < 2; clean++) {
            const struct class *class = &seen_classes[i];

            if (!class->over[clean].any)
                continue;
            (void)printf("seen %u %u %u %llu %llu %u", clean, class->resource, class->state,
                         (unsigned long long)class->over[clean].always,
                         (unsigned long long)class->over[clean].ever, class->levels);
            for (unsigned j = 0; j < class->levels; j++)
                (void)printf(" %u", class->kinds[j]);
            (void)putchar('\n');
        }
}
