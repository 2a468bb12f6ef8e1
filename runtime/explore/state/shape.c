#include "shape.h"

#include <string.h>

#include "moves.h"

static uint64_t shape_slot_of_thing(const struct thing *thing)
{
    uint8_t slot = plan.resources[thing->resource].slot;

    return slot == 0
               ? 0
               : plan_slot(&type.resources[thing->resource].assigned[slot - 1], world_view(thing)) +
                     1;
}

/* Which values from hooks name the thing, as bits. */
static uint64_t shape_names_of(const struct thing *thing)
{
    const struct plan_list *names = &plan.resources[thing->resource].names;
    uint64_t found = 0;

    for (unsigned i = 0; i < names->n; i++) {
        const struct value *value = &w.manager->layouts[thing->resource].values[names->at[i] - 1];
        const struct node *node =
            (const struct node *)(const void *)((const char *)thing->at + value->link);

        if (!map_is_detached(node))
            found |= (uint64_t)1 << i;
    }
    return found;
}

static const struct plan_value *shape_value_of(uint8_t resource, unsigned assigned)
{
    for (unsigned i = 0; i < plan.n_values; i++)
        if (plan.values[i].resource == resource && plan.values[i].assigned == assigned)
            return &plan.values[i];
    return NULL;
}

/*
 * What a caller with anonymous references remembers: slots of instances that have ended, where the
 * values from hooks lead, and the keys that it will look for.
 */
static void shape_add_memory(struct digest *digest, unsigned who, unsigned alive, bool keys)
{
    const struct caller *caller = &w.callers[who];

    for (unsigned i = 0; i < caller->n_config; i++) {
        uint8_t resource = plan.choices[caller->config[i]].resource;
        const struct plan_list *names = &plan.resources[resource].names;
        int there = world_find(caller->path[i]);

        if (plan.resources[resource].slot > 0 && there < 0 && (caller->told & (1u << i))) {
            const struct plan_value *value =
                shape_value_of(resource, plan.resources[resource].slot);

            digest_add(digest, 2);
            for (size_t j = 0; j < value->size; j++)
                digest_add(digest, world_values(who)[value->offset + j]);
        }
        for (unsigned j = 0; j < names->n; j++) {
            const struct plan_value *value = shape_value_of(resource, names->at[j]);
            int named = moves_named(value, world_values(who) + value->offset);

            digest_add(digest, named < 0 ? 3 : named == there ? 4 : 5);
        }
        if (keys && i >= alive)
            digest_add(digest, plan.choices[caller->config[i]].key + 6u);
    }
}

static struct digest shape_token(unsigned who, unsigned alive, uint64_t mark, bool keys,
                                 bool answers)
{
    const struct caller *caller = &w.callers[who];
    struct digest digest = digest_start(1);

    digest_add(&digest, (uint64_t)caller->is | (uint64_t)caller->n_path << 8 |
                            (uint64_t)alive << 16 | (uint64_t)caller->held << 24 |
                            (uint64_t)caller->took << 32 | (uint64_t)caller->releasing << 40 |
                            (uint64_t)caller->interrupted << 41 | mark << 48);
    for (unsigned i = 0; i < alive && !answers; i++)
        digest_add(&digest, caller->relies[i]);
    if (caller->is == IS_LOOSE)
        shape_add_memory(&digest, who, alive, keys);
    return digest;
}

/* How many levels of a caller's path are there still. `at`: the last of them; NO_THING: none. */
static unsigned shape_alive(const struct caller *caller, int *at)
{
    unsigned alive = 0;

    *at = NO_THING;
    for (int next; alive < caller->n_path && (next = world_find(caller->path[alive])) >= 0; alive++)
        *at = next;
    return alive;
}

/* The references of callers that are idle: by requests that failed later on. */
static void shape_add_idle(struct digest *bags, unsigned marked, bool plain)
{
    for (unsigned i = 0; i < w.n_things; i++)
        for (unsigned who = 0; w.things[i].anonymous > 0 && who < plan.callers; who++) {
            struct digest token = digest_start(10);

            if (w.callers[who].is != IS_IDLE || !world_has_reference(w.things[i].at, who))
                continue;
            digest_add(&token, plain ? who + 2u : who == marked);
            digest_put(&bags[i], token);
        }
}

/* A thing without its place. What is rare is added only where it is there, and noted as such. */
static struct digest shape_thing(const struct thing *thing, bool key, effects of)
{
    effects truth = thing->truth & of, open = thing->open & of;
    uint64_t slot = shape_slot_of_thing(thing), names = shape_names_of(thing);
    struct digest digest = digest_start(2);

    digest_add(&digest, (uint64_t)thing->resource | (uint64_t)thing->state << 8 |
                            (uint64_t)thing->kind << 24 |
                            (uint64_t)(key ? plan.choices[thing->choice].key + 1u : 0) << 40 |
                            (uint64_t)(open != 0) << 60 | (uint64_t)(slot != 0) << 61 |
                            (uint64_t)(names != 0) << 62 | (uint64_t)(thing->anonymous != 0) << 63);
    digest_add(&digest, truth);
    if (open)
        digest_add(&digest, open);
    if (slot)
        digest_add(&digest, slot);
    if (names)
        digest_add(&digest, names);
    if (thing->anonymous)
        digest_add(&digest, thing->anonymous);
    return digest;
}

/* `answers`: of the backend only what hooks are asked for counts, and of callers not what they rely
 * on. */
static struct digest shape_state_of(int marked, bool plain, bool answers,
                                    const struct digest *flights)
{
    struct digest bags[WORLD_THINGS + 1]; /* what is below and at a thing; the last: the root */
    uint64_t named = moves_named_resources();
    struct raised raised = world_raised();

    memset(bags, 0, w.n_things * sizeof bags[0]);
    bags[WORLD_THINGS] = (struct digest){0, 0};

    for (unsigned i = 0; i < plan.callers; i++) {
        bool flies = flights && (flights[i].a | flights[i].b);
        struct digest token;
        unsigned alive;
        int at;

        if (w.callers[i].is == IS_IDLE && !flies)
            continue;
        alive = shape_alive(&w.callers[i], &at);
        token = shape_token(i, alive, plain && !flights ? i + 2u : (int)i == marked, named != 0,
                            answers);
        if (flies)
            digest_add_digest(&token, flights[i]);
        digest_put(&bags[at < 0 ? WORLD_THINGS : at], token);
    }
    if (plan_is_stored())
        shape_add_idle(bags, (unsigned)marked, plain && !flights);
    for (unsigned i = w.n_things; i-- > 0;) {
        const struct thing *thing = &w.things[i];
        struct digest digest = shape_thing(thing, plain || ((named >> (thing->resource % 64)) & 1),
                                           answers ? plan.asked : ~(effects)0);

        if (thing->at == raised.at)
            digest_add(&digest, raised.event);
        if (bags[i].a | bags[i].b)
            digest_add_digest(&digest, bags[i]);
        digest_put(&bags[thing->parent < 0 ? WORLD_THINGS : thing->parent], digest);
    }
    if (plain && marked >= 0) /* else the caller's own token says so */
        digest_add(&bags[WORLD_THINGS], (uint64_t)marked + 1);
    return bags[WORLD_THINGS];
}

static struct digest shape_state(int marked)
{
    return shape_state_of(marked, !plan.symmetric, false, NULL);
}

static struct digest shape_answers(int marked)
{
    return shape_state_of(marked, !plan.symmetric, true, NULL);
}

static struct digest shape_plain(void)
{
    return shape_state_of(-1, true, false, NULL);
}

static struct digest shape_in_flight(const struct digest *flights)
{
    return shape_state_of(-1, true, false, flights);
}

/* A caller, by what makes it like others. */
struct likeness {
    struct digest token, state; /* `state`: with this caller marked, where that was needed */
    int at;
    unsigned who;
    bool has_state;
};

static struct digest shape_marked(struct likeness *one)
{
    if (!one->has_state)
        one->state = shape_state((int)one->who);
    one->has_state = true;
    return one->state;
}

/* Callers with one token at one thing are alike; with one token elsewhere the state decides. */
static bool shape_are_alike(struct likeness *one, struct likeness *other)
{
    return digest_equal(one->token, other->token) &&
           (one->at == other->at || digest_equal(shape_marked(one), shape_marked(other)));
}

static void shape_distinct(bool asks[PLAN_CALLERS], bool grouped)
{
    struct likeness found[PLAN_CALLERS];
    bool keys = grouped && moves_named_resources() != 0;
    unsigned n = 0;

    for (unsigned i = 0; i < plan.callers; i++) {
        unsigned alive;

        asks[i] = w.callers[i].is != IS_IDLE;
        if (!asks[i] || !grouped)
            continue;
        found[n] = (struct likeness){.who = i};
        alive = shape_alive(&w.callers[i], &found[n].at);
        found[n].token = shape_token(i, alive, 0, keys, false);
        for (unsigned j = 0; j < n && asks[i]; j++)
            asks[i] = !shape_are_alike(&found[j], &found[n]);
        n += asks[i];
    }
}

static struct digest shape_tree_of(int thing, effects of)
{
    struct digest found[WORLD_THINGS], set = {0, 0};
    unsigned n = 0;

    for (unsigned i = 0; i < w.n_things; i++) {
        const struct thing *child = &w.things[i];
        struct digest digest;
        bool is_new = true;

        if (child->parent != thing)
            continue;
        digest = digest_start(3);
        digest_add(&digest, (uint64_t)child->resource | (uint64_t)child->state << 8 |
                                (uint64_t)child->kind << 24);
        digest_add(&digest, child->truth & of);
        digest_add(&digest, child->open & of);
        digest_add_digest(&digest, shape_tree_of((int)i, of));
        for (unsigned j = 0; j < n && is_new; j++)
            is_new = !digest_equal(found[j], digest);
        if (is_new) {
            found[n++] = digest;
            digest_put(&set, digest);
        }
    }
    return set;
}

static struct digest shape_tree(int thing)
{
    return shape_tree_of(thing, plan.asked);
}

static struct digest shape_all(void)
{
    return shape_tree_of(NO_THING, ~(effects)0);
}

static struct digest shape_path_of(int thing, effects truth, effects open)
{
    struct digest digest = digest_start(4);

    for (; thing >= 0; thing = w.things[thing].parent) {
        const struct thing *at = &w.things[thing];

        digest_add(&digest,
                   (uint64_t)at->resource | (uint64_t)at->state << 8 | (uint64_t)at->kind << 24);
        digest_add(&digest, at->truth & truth);
        digest_add(&digest, at->open & open);
    }
    return digest;
}

static struct digest shape_kinds(int thing)
{
    return shape_path_of(thing, 0, 0);
}

static struct digest shape_situation(int thing)
{
    return shape_path_of(thing, ~(effects)0, ~(effects)0);
}

static struct digest shape_kept(int thing)
{
    struct digest digest = shape_path_of(thing, plan.asked, plan.asked);

    digest_add_digest(&digest, shape_tree(thing));
    return digest;
}
