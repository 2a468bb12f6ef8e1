#include "ways.h"

#include <string.h>

#include "../base/fatal.h"
#include "death.h"

/* A commit at which the process can die. */
struct ways_death {
    unsigned n_chosen;
    uint8_t chosen[BACKEND_CALLS];
    uint8_t commits;
    bool late;
    uint16_t thing; /* of a drain: at this one the choices decide */
};

static struct ways_death *ways_deaths;
static size_t ways_n, ways_room;

static void ways_add(unsigned n_chosen, unsigned commits, bool late, unsigned thing)
{
    struct ways_death *death;

    if (commits > UINT8_MAX)
        fatal_limit("commits of one request");
    if (ways_n == ways_room) {
        ways_room = ways_room ? ways_room * 2 : 64;
        ways_deaths = fatal_realloc(ways_deaths, ways_room * sizeof *ways_deaths);
    }
    death = &ways_deaths[ways_n++];
    death->n_chosen = n_chosen;
    memcpy(death->chosen, script.chosen, death->n_chosen);
    death->commits = (uint8_t)commits;
    death->late = late;
    death->thing = (uint16_t)thing;
}

/* Does it make a difference if the call takes effect after the process has died? */
static bool ways_matters(const struct plan_hook *hook, effects truth, effects open)
{
    return !hook->asks &&
           (backend_after_call(hook, truth) != truth || (open & (hook->own | hook->undoes)));
}

/* Notes the commits that are new: the calls before the last choice were made on an earlier way. */
static void ways_note_commits(void)
{
    for (unsigned i = script.n_chosen; i <= n_called && i < store_commits; i++) {
        ways_add(script.n_chosen, i + 1, false, 0);
        if (i < n_called &&
            ways_matters(&plan.hooks[called[i].hook], called[i].before, called[i].open_before))
            ways_add(script.n_chosen, i + 1, true, 0);
    }
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

/* Drains. */

/* A commit of a drain: the choices before it, and whether a call begins that may take effect. */
struct ways_commit {
    unsigned n_chosen;
    bool matters;
};

static struct ways_commit ways_commits[UINT8_MAX];
static unsigned ways_n_commits;

static void ways_note_commit(void)
{
    const struct operation *operation = w.manager->stored->sent->operation;
    const struct instance *begun = death_begun(operation);
    struct ways_commit *commit = &ways_commits[ways_n_commits++];

    if (ways_n_commits > UINT8_MAX)
        fatal_limit("commits of one request");
    *commit = (struct ways_commit){.n_chosen = script.n};
    if (begun) {
        const struct thing *thing = &w.things[world_thing(begun)];

        commit->matters =
            ways_matters(&plan.hooks[operation->call.hook], thing->truth, thing->open);
    }
}

static void ways_drain(const struct image *image, unsigned thing)
{
    world_restore(image);
    ways_n_commits = 0;
    script.free = w.things[thing].born;
    backend_begin(MODE_DRAIN);
    store_commits_told = ways_note_commit;
    (void)step_drain();
    store_commits_told = NULL;
}

/* Where all calls end ok, one instance stands for all. */
static void ways_note_dying_drains(const struct image *image)
{
    unsigned n = w.n_things;

    for (unsigned thing = 0; thing < n; thing++) {
        script.n_chosen = 0;
        do {
            ways_drain(image, thing);
            for (unsigned i = 0; i < ways_n_commits; i++) {
                const struct ways_commit *commit = &ways_commits[i];

                if (commit->n_chosen < script.n_chosen || (script.n_chosen == 0 && thing > 0))
                    continue;
                ways_add(commit->n_chosen, i + 1, false, thing);
                if (commit->matters)
                    ways_add(commit->n_chosen, i + 1, true, thing);
            }
        } while (backend_next());
    }
}

static void ways_each_dying_drain(const struct image *image, ways_take *take, void *arg)
{
    ways_n = 0;
    world_restore(image);
    step_look();
    ways_note_dying_drains(image);
    for (size_t i = 0; i < ways_n; i++) {
        const struct ways_death *death = &ways_deaths[i];

        world_restore(image);
        memcpy(script.chosen, death->chosen, death->n_chosen);
        script.n_chosen = death->n_chosen;
        script.free = w.things[death->thing].born;
        backend_begin(MODE_DRAIN);
        backend_die(death->commits, death->late);
        step_die_in_drain(death->thing);
        take(arg);
    }
}
