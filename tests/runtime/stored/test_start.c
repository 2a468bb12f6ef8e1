/*
 * The start of a process as docs/survive.md shows it, which is start.h word for word. Its scsi is
 * the depository here.
 */
#include "hall.h"

#define scsi depository
#define scsi_open depository_open
#define scsi_recover depository_recover
#define scsi_for_each_reservation depository_for_each_reservation
#define scsi_unmap_from_guest_until depository_give_back_until

struct service {
    depository_backend backend;
    const berth_store *store;
    depository *disks;
};

struct orphans {
    uuid_t ids[16];
    unsigned count;
};

static bool owner_is_alive(const char *owner)
{
    return strcmp(owner, "gone") != 0;
}

/* Twice, as if another thread were quicker each time. */
static void add_orphan(struct orphans *orphans, const unsigned char *id)
{
    for (unsigned i = 0; i < 2; i++)
        memcpy(orphans->ids[orphans->count++], id, sizeof(uuid_t));
}

#include "start.h"

static int64_t soon(void)
{
    return berth_now() + INT64_C(20000000);
}

/* The process died in a hook of ann's, and two owners are gone. */
static void prepare(struct depot_of_halls *halls, struct service *service)
{
    uuid_t a = {0}, b = {0}, c = {0};

    halls_start(halls);
    assert_int_equal(rent(halls, "b", 1, b, "gone"), 0);
    assert_int_equal(use(halls, b), 0);
    assert_int_equal(rent(halls, "a", 1, a, "ann"), 0);
    assert_int_equal(rent(halls, "c", 1, c, "gone"), 0);
    halls->store.at = halls->store.n_commits + 2;
    halls->store.fault = BERTH_FAULT_DIE;
    assert_int_equal(use(halls, a), -EOWNERDEAD);
    halls->store.at = 0;
    halls->store.dead = false;
    assert_int_equal(depository_destroy(halls->manager, NULL), 0);
    halls->manager = NULL;
    *service =
        (struct service){.backend = hall_backend(&halls->hall), .store = &halls->store.functions};
}

static void check(struct depot_of_halls *halls, struct service *service, int wanted, bool orphans)
{
    const char *state;

    assert_int_equal(start(service, soon()), wanted);
    halls->manager = service->disks;
    state = halls_state(halls);
    assert_non_null(strstr(state, " ann a/1"));
    assert_int_equal(strstr(state, "gone") != NULL, orphans);
    halls_stop(halls);
}

static void orphans_are_given_back(void **unused)
{
    struct depot_of_halls halls;
    struct service service;

    (void)unused;
    prepare(&halls, &service);
    check(&halls, &service, 0, false);
}

/* An error in recover does not keep the start from giving back. */
static void error_in_recover_leaves_no_orphans(void **unused)
{
    struct depot_of_halls halls;
    struct service service;

    (void)unused;
    prepare(&halls, &service);
    halls.hall.fail_at = halls.hall.n_calls + 1;
    halls.hall.outcome = -EIO;
    check(&halls, &service, -EIO, false);
}

/* Nothing is recovered then. The others are given back all the same, and nobody waits for ever. */
static void settle_that_fails_is_told(void **unused)
{
    struct depot_of_halls halls;
    struct service service;

    (void)unused;
    prepare(&halls, &service);
    halls.hall.settles = -EIO;
    check(&halls, &service, -EIO, false);
}

static void error_of_an_orphan_leaves_no_others(void **unused)
{
    struct depot_of_halls halls;
    struct service service;

    (void)unused;
    prepare(&halls, &service);
    halls.hall.fail_at = halls.hall.n_calls + 2; /* after the one of recover */
    halls.hall.outcome = -EBUSY;
    check(&halls, &service, -EBUSY, false); /* add_orphan makes it try again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orphans_are_given_back),
        cmocka_unit_test(error_in_recover_leaves_no_orphans),
        cmocka_unit_test(settle_that_fails_is_told),
        cmocka_unit_test(error_of_an_orphan_leaves_no_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
