/*
 * A manager with siblings and three levels, whose reservations do not go to the last level. A call
 * gives a value and leaves the state. One comes between the drops of a reservation.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <berth/stores.h>
#include <cmocka.h>

#include "leases.h"

struct owner {
    berth_memory_store *memory;
    berth_faulty_store store;
    leases *manager;
    uint32_t leases;
    int razes; /* what this hook answers */
};

static int hook_shed(void *ctx, berth_call *call, const leases_shed *shed)
{
    (void)ctx;
    (void)call;
    (void)shed;
    return 0;
}

static int hook_raze(void *ctx, berth_call *call, const leases_shed *shed)
{
    (void)call;
    (void)shed;
    return ((struct owner *)ctx)->razes;
}

static int hook_renew(void *ctx, berth_call *call, const leases_shed *shed,
                      leases_hw_renew_out *out)
{
    struct owner *owner = ctx;

    (void)call;
    (void)shed;
    out->lease = ++owner->leases;
    return 0;
}

static int hook_door(void *ctx, berth_call *call, const leases_door *door)
{
    (void)ctx;
    (void)call;
    (void)door;
    return 0;
}

static int hook_settle(void *ctx, uint64_t epoch)
{
    (void)ctx;
    (void)epoch;
    return 0;
}

static void open_leases(struct owner *owner)
{
    const leases_backend backend = {.version = LEASES_BACKEND_VERSION,
                                    .ctx = owner,
                                    .hw = {.build = hook_shed,
                                           .raze = hook_raze,
                                           .renew = hook_renew,
                                           .forget = hook_shed,
                                           .open = hook_door,
                                           .close = hook_door,
                                           .settle = hook_settle}};

    owner->store.at = 0;
    owner->store.dead = false;
    assert_int_equal(
        leases_open(NULL, &backend, NULL, &owner->store.functions, &owner->manager, NULL), 0);
    assert_int_equal(leases_recover(owner->manager, BERTH_NO_DEADLINE, NULL), 0);
}

static void start_leases(struct owner *owner)
{
    memset(owner, 0, sizeof *owner);
    owner->memory = berth_memory_store_make(NULL);
    berth_faulty_store_init(&owner->store, berth_memory_store_functions(owner->memory));
    open_leases(owner);
}

/* The process dies, and the next one has what is stored. */
static void reopen_leases(struct owner *owner)
{
    (void)berth_store_lost(owner->store.link);
    assert_int_equal(leases_destroy(owner->manager, NULL), 0);
    open_leases(owner);
}

static int drain_leases(struct owner *owner)
{
    return leases_drain(owner->manager, BERTH_NO_DEADLINE, NULL);
}

static void stop_leases(struct owner *owner)
{
    static const char *const tables[] = {"shed",          "door",        "lamp",    "shelf",
                                         "_reservations", "_references", "_intents"};

    owner->razes = 0;
    for (unsigned i = 0; i < 3; i++)
        (void)drain_leases(owner);
    assert_int_equal(leases_destroy(owner->manager, NULL), 0);
    for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++)
        assert_int_equal(berth_memory_store_count(owner->memory, tables[i]), 0);
    berth_memory_store_free(owner->memory);
}

static void die_at(struct owner *owner, unsigned commit)
{
    owner->store.at = owner->store.n_commits + commit;
    owner->store.fault = BERTH_FAULT_DIE;
}

static const leases_shed_config shed = {.name = "s"};

static void rent_door(struct owner *owner, uint8_t number, uuid_t id, const char *by)
{
    const leases_door_config door = {.number = number};

    memset(id, 0, sizeof(uuid_t));
    assert_int_equal(leases_rent(owner->manager, &shed, &door, id, by, NULL), 0);
}

/* What is there */

struct looking {
    const unsigned char *id;
    int held;            /* -1: there is no such reservation */
    unsigned shed, door; /* their states, by the reservation */
    uint32_t lease;
    bool is_ajar; /* a door is */
};

static int see_reservation(void *arg, const berth_reservation *reservation)
{
    struct looking *looking = arg;

    if (memcmp(reservation->id, looking->id, sizeof(uuid_t)) == 0) {
        looking->held = reservation->held;
        looking->shed = reservation->states[0];
        looking->door = reservation->states[1];
        assert_int_equal(reservation->states[2], 0); /* no shelf is on its path */
    }
    return 0;
}

static int see_item(void *arg, const leases_item *item)
{
    struct looking *looking = arg;

    if (item->resource == LEASES_RESOURCE_SHED)
        looking->lease = item->shed->lease;
    if (item->resource == LEASES_RESOURCE_DOOR && item->state == LEASES_DOOR_STATE_AJAR)
        looking->is_ajar = true;
    return 0;
}

static struct looking look(struct owner *owner, const uuid_t id)
{
    struct looking looking = {.id = id, .held = -1};

    assert_int_equal(leases_for_each_reservation(owner->manager, see_reservation, &looking), 0);
    assert_int_equal(leases_for_each(owner->manager, see_item, &looking), 0);
    return looking;
}

enum { SHED = 1, DOOR = 2 }; /* bits of what is held */

static void a_value_is_durable_without_a_change_of_state(void **unused)
{
    struct owner owner;
    uuid_t a;

    (void)unused;
    start_leases(&owner);
    rent_door(&owner, 1, a, "ann");
    assert_int_equal(leases_use(owner.manager, a, NULL), 0);
    assert_int_equal(leases_renew(owner.manager, a, NULL), 0);
    assert_int_equal(leases_renew(owner.manager, a, NULL), 0);
    assert_int_equal(look(&owner, a).lease, 2);
    reopen_leases(&owner);
    assert_int_equal(look(&owner, a).lease, 2);
    stop_leases(&owner);
}

static void a_reservation_shows_the_states_on_its_path(void **unused)
{
    struct owner owner;
    struct looking found;
    uuid_t a;

    (void)unused;
    start_leases(&owner);
    rent_door(&owner, 1, a, "ann");
    found = look(&owner, a);
    assert_int_equal(found.shed, LEASES_SHED_STATE_PLANNED);
    assert_int_equal(found.door, LEASES_DOOR_STATE_SHUT);
    assert_int_equal(leases_use(owner.manager, a, NULL), 0);
    reopen_leases(&owner);
    found = look(&owner, a);
    assert_int_equal(found.shed, LEASES_SHED_STATE_BUILT);
    assert_int_equal(found.door, LEASES_DOOR_STATE_OPEN);
    stop_leases(&owner);
}

/* Somebody else holds the door too, so it does not end. */
static void a_drop_is_durable_before_the_next_call(void **unused)
{
    struct owner owner;
    uuid_t a, b;

    (void)unused;
    start_leases(&owner);
    rent_door(&owner, 1, a, "ann");
    rent_door(&owner, 1, b, "bob");
    assert_int_equal(leases_use(owner.manager, a, NULL), 0);
    die_at(&owner, 1);
    assert_int_equal(leases_give_back(owner.manager, a, NULL), -EOWNERDEAD);
    reopen_leases(&owner);
    assert_int_equal(look(&owner, a).held, SHED);
    assert_int_equal(look(&owner, b).held, SHED | DOOR);
    assert_int_equal(leases_give_back(owner.manager, a, NULL), 0);
    assert_int_equal(look(&owner, a).held, -1);
    stop_leases(&owner);
}

/* Its process died in the call after which the shed has ended. */
static void a_drain_ends_what_holds_nothing(void **unused)
{
    (void)unused;
    for (unsigned drains = 0; drains < 2; drains++) {
        struct owner owner;
        uuid_t a;

        start_leases(&owner);
        rent_door(&owner, 1, a, "ann");
        die_at(&owner, 1);
        assert_int_equal(leases_give_back(owner.manager, a, NULL), -EOWNERDEAD);
        reopen_leases(&owner);
        assert_int_equal(look(&owner, a).held, 0);
        if (drains)
            assert_int_equal(drain_leases(&owner), 0);
        else
            assert_int_equal(leases_give_back(owner.manager, a, NULL), 0);
        assert_int_equal(look(&owner, a).held, -1);
        assert_int_equal(berth_memory_store_count(owner.memory, "_reservations"), 0);
        assert_int_equal(berth_memory_store_count(owner.memory, "shed"), 0);
        stop_leases(&owner);
    }
}

/* The process dies at each commit of a drain, which closes the door in two steps. */
static void a_drain_voids_holds_on_what_stays(void **unused)
{
    unsigned n_ajar = 0;
    bool died = true;

    (void)unused;
    for (unsigned at = 1; died; at++) {
        struct owner owner;
        struct looking looking;
        uuid_t a;

        start_leases(&owner);
        rent_door(&owner, 1, a, "ann");
        assert_int_equal(leases_use(owner.manager, a, NULL), 0);
        die_at(&owner, at);
        died = drain_leases(&owner) == -EOWNERDEAD;
        reopen_leases(&owner);
        looking = look(&owner, a);
        if (looking.is_ajar) {
            n_ajar++;
            assert_int_equal(looking.held, SHED);
        }
        stop_leases(&owner);
    }
    assert_true(n_ajar > 0);
}

/* Rows that a save gives, of each table */

static int (*next_row)(void *arg, berth_store_change *row);
static unsigned given[16];

static int count_row(void *arg, berth_store_change *row)
{
    int rc = next_row(arg, row);

    if (rc == 1)
        given[row->table]++;
    return rc;
}

static int replace_and_count(void *ctx, uint64_t epoch, uint64_t sequence,
                             int (*next)(void *arg, berth_store_change *row), void *arg)
{
    const berth_faulty_store *store = ctx;

    next_row = next;
    memset(given, 0, sizeof given);
    return store->inner->replace(store->inner->ctx, epoch, sequence, count_row, arg);
}

static void a_save_gives_rows_of_siblings_and_of_what_has_ended(void **unused)
{
    static const char *const tables[] = {"shed",          "door",        "lamp",     "shelf",
                                         "_reservations", "_references", "_intents", "_counters"};
    static const unsigned wanted[] = {1, 2, 1, 1, 2, 5, 0, 1};
    const leases_lamp_config lamp = {.number = 1};
    const leases_door_config door = {.number = 2};
    const leases_shelf_config shelf = {.row = 1};
    struct owner owner;
    berth_memory_store *other = berth_memory_store_make(NULL);
    berth_faulty_store to;
    uuid_t a, b;

    (void)unused;
    start_leases(&owner);
    rent_door(&owner, 1, a, "ann");
    rent_door(&owner, 1, b, "bob");
    assert_int_equal(leases_use(owner.manager, a, NULL), 0);
    owner.razes = -EIO;
    assert_int_equal(drain_leases(&owner), -EIO); /* the door has ended, and the shed has not */
    assert_int_equal(look(&owner, a).held, SHED);
    assert_int_equal(leases_hang(owner.manager, &shed, &lamp, "cyd", NULL), 0);
    assert_int_equal(leases_put_up(owner.manager, &shed, &door, &shelf, "dan", NULL), 0);
    berth_faulty_store_init(&to, berth_memory_store_functions(other));
    to.functions.replace = replace_and_count;
    assert_int_equal(leases_save(owner.manager, &to.functions, NULL), 0);
    assert_int_equal(leases_destroy(owner.manager, NULL), 0);
    for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (given[i] != wanted[i])
            fail_msg("%s: %u rows", tables[i], given[i]);
        assert_int_equal(berth_memory_store_count(other, tables[i]), wanted[i]);
    }
    berth_memory_store_free(owner.memory);
    owner.memory = other;
    berth_faulty_store_init(&owner.store, berth_memory_store_functions(other));
    open_leases(&owner);
    assert_int_equal(look(&owner, b).held, SHED);
    stop_leases(&owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_durable_without_a_change_of_state),
        cmocka_unit_test(a_reservation_shows_the_states_on_its_path),
        cmocka_unit_test(a_drop_is_durable_before_the_next_call),
        cmocka_unit_test(a_drain_ends_what_holds_nothing),
        cmocka_unit_test(a_drain_voids_holds_on_what_stays),
        cmocka_unit_test(a_save_gives_rows_of_siblings_and_of_what_has_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
