#include "ways.h"

#include <string.h>

#include "../base/fatal.h"

/* A commit at which the process can die. */
struct ways_death {
    unsigned n_chosen;
    uint8_t chosen[BACKEND_CALLS];
    uint8_t commits;
    bool late;
};

static struct ways_death *ways_deaths;
static size_t ways_n, ways_room;

static void ways_add(unsigned commits, bool late)
{
    struct ways_death *death;

    if (ways_n == ways_room) {
        ways_room = ways_room ? ways_room * 2 : 64;
        ways_deaths = fatal_realloc(ways_deaths, ways_room * sizeof *ways_deaths);
    }
    death = &ways_deaths[ways_n++];
    death->n_chosen = script.n_chosen < commits - 1 ? script.n_chosen : commits - 1;
    memcpy(death->chosen, script.chosen, death->n_chosen);
    death->commits = (uint8_t)commits;
    death->late = late;
}

/* Does it make a difference if the call takes effect after the process has died? */
static bool ways_matters(const struct called *call)
{
    const struct plan_hook *hook = &plan.hooks[call->hook];

    return !hook->asks && (backend_after_call(hook, call->before) != call->before ||
                           (call->open_before & (hook->own | hook->undoes)));
}

/* Notes the commits that are new: the calls before the last choice were made on an earlier way. */
static void ways_note_commits(void)
{
    for (unsigned i = script.n_chosen; i < n_called; i++) {
        ways_add(i + 1, false);
        if (ways_matters(&called[i]))
            ways_add(i + 1, true);
    }
    if (store_commits > n_called)
        ways_add(n_called + 1, false);
}

static void ways_die(const struct image *image, const struct move *move, effects there,
                     const struct ways_death *death, ways_take *take, void *arg)
{
    world_restore(image);
    memcpy(script.chosen, death->chosen, death->n_chosen);
    script.n_chosen = death->n_chosen;
    backend_begin(MODE_FREE);
    backend_die(death->commits, death->late);
    step_run(move, there);
    if (!store_has_died)
        fatal_broken("%s makes fewer commits than before", type.operations[move->op].name);
    take(arg);
}

static void ways_each(const struct image *image, const struct move *move, effects there,
                      enum mode mode, ways_take *take, void *arg)
{
    bool dies = mode == MODE_FREE && plan_is_stored();

    ways_n = 0;
    script.n_chosen = 0;
    do {
        world_restore(image);
        backend_begin(mode);
        step_run(move, there);
        if (dies)
            ways_note_commits();
        take(arg);
    } while (backend_next());
    for (size_t i = 0; i < ways_n; i++)
        ways_die(image, move, there, &ways_deaths[i], take, arg);
}
