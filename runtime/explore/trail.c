#include "trail.h"

#include <stdlib.h>
#include <string.h>

#include "base/fatal.h"

enum { TRAIL_HEAD = 11 }; /* bytes of a request before its choices */

static uint32_t trail_room;
static unsigned char *trail_steps; /* the requests, one after the other */
static size_t trail_steps_size, trail_steps_room;

static void trail_begin(void)
{
    for (uint32_t i = 0; i < trail_n; i++)
        world_drop(trail_nodes[i].image);
    trail_n = 0;
    trail_steps_size = 1; /* step 0: none */
}

static struct request trail_request(unsigned n_there, bool clean)
{
    struct request request = {.move = change.move,
                              .n_there = n_there,
                              .there = change.there,
                              .n_chosen = script.n_chosen,
                              .clean = clean,
                              .commits = script.commits,
                              .late = script.late};

    memcpy(request.chosen, script.chosen, script.n_chosen);
    return request;
}

static void trail_put(const void *from, size_t size)
{
    if (trail_steps_size + size > trail_steps_room) {
        trail_steps_room = trail_steps_room ? trail_steps_room * 2 : 1 << 16;
        trail_steps = fatal_realloc(trail_steps, trail_steps_room);
    }
    memcpy(trail_steps + trail_steps_size, from, size);
    trail_steps_size += size;
}

/* Stores the request that the script and `change` tell of. */
static size_t trail_store(unsigned n_there, bool clean)
{
    size_t at = trail_steps_size;
    const struct move *move = &change.move;
    unsigned char head[TRAIL_HEAD] = {move->who,
                                      move->part,
                                      move->op,
                                      move->by,
                                      move->n_config,
                                      (unsigned char)move->thing,
                                      (unsigned char)n_there,
                                      (unsigned char)script.n_chosen,
                                      clean,
                                      script.commits,
                                      script.late};

    trail_put(head, sizeof head);
    trail_put(move->choice, move->n_config * sizeof move->choice[0]);
    trail_put(script.chosen, script.n_chosen);
    return at;
}

static struct request trail_load(size_t at)
{
    const unsigned char *from = trail_steps + at;
    struct request request = {.move = {.who = from[0],
                                       .part = from[1],
                                       .op = from[2],
                                       .by = from[3],
                                       .n_config = from[4],
                                       .thing = from[5]},
                              .n_there = from[6],
                              .n_chosen = from[7],
                              .clean = from[8],
                              .commits = from[9],
                              .late = from[10]};

    memcpy(request.move.choice, from + TRAIL_HEAD,
           request.move.n_config * sizeof request.move.choice[0]);
    memcpy(request.chosen,
           from + TRAIL_HEAD + request.move.n_config * sizeof request.move.choice[0],
           request.n_chosen);
    return request;
}

static void trail_keep_image(struct trail_node *node)
{
    node->image = world_save();
}

static uint32_t trail_append(size_t step, uint32_t from, unsigned failures)
{
    if (trail_n == trail_room) {
        trail_room = trail_room ? trail_room * 2 : 1024;
        trail_nodes = fatal_realloc(trail_nodes, trail_room * sizeof *trail_nodes);
    }
    trail_nodes[trail_n] = (struct trail_node){.step = step, .from = from, .failures = failures};
    trail_keep_image(&trail_nodes[trail_n]);
    return trail_n++;
}

static uint32_t trail_add_first(void)
{
    return trail_append(0, 0, 0);
}

static uint32_t trail_add(uint32_t from, unsigned n_there, bool clean, unsigned failures)
{
    return trail_append(trail_store(n_there, clean), from, failures);
}

static void trail_drop(uint32_t node)
{
    if (node == 0) /* all others are made again from it */
        return;
    world_drop(trail_nodes[node].image);
    trail_nodes[node].image = NULL;
}

static void trail_replace(uint32_t node, uint32_t from, unsigned n_there, bool clean,
                          unsigned failures)
{
    trail_drop(node);
    trail_nodes[node] = (struct trail_node){
        .step = trail_store(n_there, clean), .from = from, .failures = failures};
    trail_keep_image(&trail_nodes[node]);
}

static void trail_die_in_drain(const struct request *request)
{
    step_look();
    memcpy(script.chosen, request->chosen, request->n_chosen);
    script.n_chosen = request->n_chosen;
    script.free = w.things[request->move.thing].born;
    backend_begin(MODE_DRAIN);
    backend_die(request->commits, request->late);
    step_die_in_drain(request->move.thing);
}

static void trail_restore(uint32_t node)
{
    struct request request;

    if (trail_nodes[node].image) {
        world_restore(trail_nodes[node].image);
        return;
    }
    trail_restore(trail_nodes[node].from);
    request = trail_load(trail_nodes[node].step);
    if (request.move.part == PART_DRAIN) {
        trail_die_in_drain(&request);
        return;
    }
    moves_find_path(&request.move);
    for (unsigned i = 0; i < request.n_there; i++)
        request.there = step_next_there(request.there, plan.operations[request.move.op].maybe);
    step_look();
    memcpy(script.chosen, request.chosen, request.n_chosen);
    script.n_chosen = request.n_chosen;
    backend_begin(request.clean ? MODE_CLEAN : MODE_FREE);
    backend_die(request.commits, request.late);
    step_run(&request.move, request.there);
}

static struct request trail_last(uint32_t node)
{
    return trail_load(trail_nodes[node].step);
}

static unsigned trail_length(uint32_t node)
{
    unsigned n = 0;

    for (; trail_nodes[node].step > 0; node = trail_nodes[node].from)
        n++;
    return n;
}
