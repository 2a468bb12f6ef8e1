/*
 * What the tests of stores have in common: a hall, which outlives managers; a depository with a
 * faulty store over one in memory; and what is tracked, as text.
 */
#ifndef HALL_H
#define HALL_H

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <berth/stored.h>
#include <berth/stores.h>
#include <cmocka.h>

#include "depository.h"

enum { MOST_EFFECTS = 64, STATE_SIZE = 16384 };

/* The hooks of the hall, as bits of what goes wrong. */
struct hall {
    pthread_mutex_t lock;
    char effects[MOST_EFFECTS][64]; /* "box a", "drawer a/1"; "" where there is none */
    char log[8192];                 /* "put:a open:a/1 ..." */
    unsigned n_calls;
    unsigned fail_at;       /* the call with this number, from 1, ends with `outcome`; 0: none */
    unsigned fails_forever; /* all calls after that one, too */
    int outcome;
    bool takes_effect; /* an uncertain call has its effect */
    uint32_t sessions;
    int settles;    /* what settle answers */
    uint64_t epoch; /* that the last call or settle saw */
    int (*during)(struct hall *hall, berth_call *call, const char *what); /* NULL: nothing */
    void *arg;
};

struct depot_of_halls {
    struct hall hall;
    berth_memory_store *memory;
    berth_faulty_store store;
    depository *manager;
    berth_error error;
    char state[STATE_SIZE];
};

static inline char *hall_effect(struct hall *hall, const char *name)
{
    for (unsigned i = 0; i < MOST_EFFECTS; i++)
        if (strcmp(hall->effects[i], name) == 0)
            return hall->effects[i];
    return NULL;
}

static inline void hall_set(struct hall *hall, const char *name, bool on)
{
    char *effect = hall_effect(hall, name);

    if (on && !effect) {
        effect = hall_effect(hall, "");
        assert_non_null(effect);
        (void)snprintf(effect, sizeof hall->effects[0], "%s", name);
    } else if (!on && effect) {
        effect[0] = '\0';
    }
}

static inline unsigned hall_count(const struct hall *hall)
{
    unsigned n = 0;

    for (unsigned i = 0; i < MOST_EFFECTS; i++)
        n += hall->effects[i][0] != '\0';
    return n;
}

/* A call: its outcome, and its effect. */
static inline int hall_call(struct hall *hall, berth_call *call, const char *verb, const char *name,
                            bool on)
{
    char what[96];
    bool fails;
    int rc = 0;

    (void)snprintf(what, sizeof what, "%s:%s", verb, name);
    pthread_mutex_lock(&hall->lock);
    hall->n_calls++;
    hall->epoch = berth_call_epoch(call);
    fails = hall->fail_at > 0 && (hall->n_calls == hall->fail_at ||
                                  (hall->fails_forever && hall->n_calls > hall->fail_at));
    if (strlen(hall->log) + strlen(what) + 2 < sizeof hall->log) {
        strcat(hall->log, what);
        strcat(hall->log, " ");
    }
    if (fails)
        rc = hall->outcome;
    if (!fails || hall->takes_effect)
        hall_set(hall, name, on);
    pthread_mutex_unlock(&hall->lock);
    if (hall->during) {
        int other = hall->during(hall, call, what);

        if (other != 0)
            rc = other;
    }
    return rc;
}

static inline int hall_settle(void *ctx, uint64_t epoch)
{
    struct hall *hall = ctx;

    hall->epoch = epoch;
    strcat(hall->log, "settle ");
    return hall->settles;
}

static inline int hall_put(void *ctx, berth_call *call, const depository_box *box,
                           depository_hall_put_out *out)
{
    struct hall *hall = ctx;
    char name[64];

    (void)snprintf(name, sizeof name, "box %s", box->name);
    pthread_mutex_lock(&hall->lock);
    out->session = ++hall->sessions;
    (void)snprintf(out->badge, sizeof out->badge, "badge-%u", (unsigned)out->session);
    pthread_mutex_unlock(&hall->lock);
    return hall_call(hall, call, "put", name, true);
}

static inline int hall_remove(void *ctx, berth_call *call, const depository_box *box)
{
    char name[64];

    (void)snprintf(name, sizeof name, "box %s", box->name);
    return hall_call(ctx, call, "remove", name, false);
}

static inline int hall_has(void *ctx, berth_call *call, const depository_box *box)
{
    struct hall *hall = ctx;
    char name[64];

    (void)call;
    (void)snprintf(name, sizeof name, "box %s", box->name);
    strcat(hall->log, "has ");
    return hall_effect(hall, name) ? BERTH_YES : BERTH_NO;
}

static inline void drawer_name(char name[64], const depository_drawer *drawer)
{
    (void)snprintf(name, 64, "drawer %s/%u", drawer->box->name, drawer->index);
}

static inline int hall_open(void *ctx, berth_call *call, const depository_drawer *drawer)
{
    char name[64];

    drawer_name(name, drawer);
    return hall_call(ctx, call, "open", name, true);
}

static inline int hall_close(void *ctx, berth_call *call, const depository_drawer *drawer)
{
    char name[64];

    drawer_name(name, drawer);
    return hall_call(ctx, call, "close", name, false);
}

static inline depository_backend hall_backend(struct hall *hall)
{
    return (depository_backend){
        .version = DEPOSITORY_BACKEND_VERSION,
        .ctx = hall,
        .hall = {.settle = hall_settle,
                 .put = hall_put,
                 .remove = hall_remove,
                 .has = hall_has,
                 .open = hall_open,
                 .close = hall_close},
    };
}

/* Opens the depository with its store: what open returned. */
static inline int halls_open(struct depot_of_halls *halls)
{
    depository_backend backend = hall_backend(&halls->hall);

    return depository_open(NULL, &backend, NULL, &halls->store.functions, &halls->manager,
                           &halls->error);
}

/* The same with another store, as if the spec named no hook that settles: no root waits for it. */
static inline int halls_open_unsettled(struct depot_of_halls *halls, const berth_config *config,
                                       const berth_store *store)
{
    static berth_stored_type type;
    depository_backend backend = hall_backend(&halls->hall);

    type = depository_stored_type;
    type.has_settle = NULL;
    type.settle = NULL;
    return berth_stored_open(&type, NULL, &backend, config, store,
                             (berth_manager **)&halls->manager, &halls->error);
}

static inline void halls_start(struct depot_of_halls *halls)
{
    memset(halls, 0, sizeof *halls);
    pthread_mutex_init(&halls->hall.lock, NULL);
    halls->memory = berth_memory_store_make("hall 1");
    berth_faulty_store_init(&halls->store, berth_memory_store_functions(halls->memory));
    assert_int_equal(halls_open(halls), 0);
}

/* The process is gone: what is in memory is lost, and what the store has is loaded. */
static inline void halls_reopen(struct depot_of_halls *halls)
{
    berth_error error;

    assert_int_equal(depository_destroy(halls->manager, &error), 0);
    halls->manager = NULL;
    halls->store.at = 0;
    halls->store.dead = false;
    halls->store.n_commits = 0;
    assert_int_equal(halls_open(halls), 0);
}

/* The process dies now, whatever it does. */
static inline void halls_kill(struct depot_of_halls *halls)
{
    assert_int_equal(berth_store_lost(halls->store.link), 0);
    halls_reopen(halls);
}

static inline int halls_recover(struct depot_of_halls *halls)
{
    return depository_recover(halls->manager, BERTH_NO_DEADLINE, &halls->error);
}

/* Everything is let go of: nothing is left in the manager, in the hall, and in the store. */
static inline void halls_stop(struct depot_of_halls *halls)
{
    static const char *const tables[] = {"box", "drawer", "_reservations", "_references",
                                         "_intents"};

    halls->store.at = 0;
    halls->hall.fail_at = 0;
    halls->hall.during = NULL;
    halls->hall.settles = 0;
    assert_int_equal(halls_recover(halls), 0);
    for (unsigned i = 0; i < 4; i++)
        (void)depository_drain(halls->manager, BERTH_NO_DEADLINE, &halls->error);
    if (hall_count(&halls->hall) > 0)
        print_message("hall: %s\n", halls->hall.log);
    assert_int_equal(hall_count(&halls->hall), 0);
    assert_int_equal(depository_destroy(halls->manager, &halls->error), 0);
    for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++)
        assert_int_equal(berth_memory_store_count(halls->memory, tables[i]), 0);
    berth_memory_store_free(halls->memory);
    pthread_mutex_destroy(&halls->hall.lock);
}

/* What is tracked, as text */

static inline void add_text(struct depot_of_halls *halls, const char *format, ...)
{
    size_t at = strlen(halls->state);
    va_list list;

    va_start(list, format);
    (void)vsnprintf(halls->state + at, sizeof halls->state - at, format, list);
    va_end(list);
}

struct owners {
    const char *names[16];
    unsigned n;
};

static inline int add_owner(void *arg, const char *owner)
{
    struct owners *owners = arg;

    assert_true(owners->n < 16);
    owners->names[owners->n++] = owner;
    return 0;
}

static inline int compare_owners(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int berth_stored_for_each_owner(const berth_manager *manager, const void *view,
                                int (*visit)(void *arg, const char *owner), void *arg);

static inline int add_item(void *arg, const depository_item *item)
{
    struct depot_of_halls *halls = arg;

    if (item->resource == DEPOSITORY_RESOURCE_BOX) {
        const depository_box *box = item->box;
        struct owners owners = {.n = 0};
        char id[37];

        uuid_unparse(box->id, id);
        add_text(halls, "box %s %s %u+%u", box->name,
                 depository_box_state_name((depository_box_state)item->state), item->refs,
                 item->children);
        add_text(halls, " %d,%d,%d,%u,%u", box->kind, box->locked, box->weight, box->content.count,
                 box->tags.count);
        add_text(halls, " %s %s %u.%u %s %u %s", box->number, id, box->room, box->row, box->label,
                 (unsigned)box->session, box->badge);
        (void)berth_stored_for_each_owner((berth_manager *)halls->manager, box, add_owner, &owners);
        qsort(owners.names, owners.n, sizeof *owners.names, compare_owners);
        for (unsigned i = 0; i < owners.n; i++)
            add_text(halls, " &%s", owners.names[i]);
    } else {
        add_text(halls, "drawer %s/%u %s %u %llu", item->drawer->box->name, item->drawer->index,
                 depository_drawer_state_name((depository_drawer_state)item->state), item->refs,
                 (unsigned long long)item->drawer->serial);
    }
    add_text(halls, "\n");
    return 0;
}

static inline int add_reservation(void *arg, const berth_reservation *reservation)
{
    const depository_drawer *drawer = reservation->view;
    char id[37];

    assert_int_equal(reservation->resource, DEPOSITORY_RESOURCE_DRAWER);
    uuid_unparse(reservation->id, id);
    add_text(arg, "reservation %s %s %s/%u held %u%s\n", id, reservation->owner, drawer->box->name,
             drawer->index, reservation->held, reservation->releasing ? " releasing" : "");
    return 0;
}

static inline const char *halls_state(struct depot_of_halls *halls)
{
    halls->state[0] = '\0';
    assert_int_equal(depository_for_each(halls->manager, add_item, halls), 0);
    assert_int_equal(depository_for_each_reservation(halls->manager, add_reservation, halls), 0);
    return halls->state;
}

/* Operations */

static inline depository_box_config box_named(const char *name)
{
    static const char *const content[] = {"pins", "", "needles"}, *const tags[] = {"Red", "blue"};
    depository_box_config box = DEPOSITORY_BOX_CONFIG_DEFAULT;

    box.name = name;
    box.kind = DEPOSITORY_BOX_KIND_STEEL;
    box.locked = true;
    box.weight = -3;
    box.content = (berth_strings){content, 3};
    box.tags = (berth_strings){tags, 2};
    box.mark[3] = 7;
    return box;
}

static inline int rent(struct depot_of_halls *halls, const char *name, uint16_t index, uuid_t id,
                       const char *owner)
{
    depository_box_config box = box_named(name);
    depository_drawer_config drawer = {.index = index};

    return depository_rent(halls->manager, &box, &drawer, id, owner, &halls->error);
}

static inline int use(struct depot_of_halls *halls, const uuid_t id)
{
    return depository_use(halls->manager, id, NULL, &halls->error);
}

static inline int give_back(struct depot_of_halls *halls, const uuid_t id)
{
    return depository_give_back(halls->manager, id, &halls->error);
}

static inline int add(struct depot_of_halls *halls, const char *name, const char *owner,
                      char number[DEPOSITORY_BOX_NUMBER_SIZE])
{
    depository_box_config box = box_named(name);

    return depository_add(halls->manager, &box, owner, number, DEPOSITORY_BOX_NUMBER_SIZE,
                          &halls->error);
}

static inline int drop(struct depot_of_halls *halls, const char *number, const char *owner)
{
    return depository_drop(halls->manager, number, owner, &halls->error);
}

static inline int drain(struct depot_of_halls *halls)
{
    return depository_drain(halls->manager, BERTH_NO_DEADLINE, &halls->error);
}

#endif
