#define _GNU_SOURCE

#include "depot.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The hall */

static unsigned number_of(const depository_box *box)
{
    return (unsigned)(box->name[0] - 'a');
}

static int call(struct hall_file *hall, berth_call *of, _Atomic int *effect, int value)
{
    const bool dies = ++hall->calls == hall->kill_at;

    hall->epoch = berth_call_epoch(of);
    if (!dies || hall->takes_effect)
        *effect = value;
    if (dies)
        (void)raise(SIGKILL);
    return 0;
}

static int settle(void *ctx, uint64_t epoch)
{
    struct hall_file *hall = ctx;

    hall->epoch = epoch;
    return 0;
}

static int put(void *ctx, berth_call *of, const depository_box *box, depository_hall_put_out *out)
{
    struct hall_file *hall = ctx;

    out->session = ++hall->sessions;
    (void)snprintf(out->badge, sizeof out->badge, "badge-%u", (unsigned)out->session);
    return call(hall, of, &hall->boxes[number_of(box)], 1);
}

static int take_out(void *ctx, berth_call *of, const depository_box *box)
{
    struct hall_file *hall = ctx;

    return call(hall, of, &hall->boxes[number_of(box)], 0);
}

static int has(void *ctx, berth_call *of, const depository_box *box)
{
    struct hall_file *hall = ctx;

    (void)of;
    return hall->boxes[number_of(box)] ? BERTH_YES : BERTH_NO;
}

static int open_drawer(void *ctx, berth_call *of, const depository_drawer *drawer)
{
    struct hall_file *hall = ctx;

    return call(hall, of, &hall->drawers[number_of(drawer->box)], 1);
}

static int close_drawer(void *ctx, berth_call *of, const depository_drawer *drawer)
{
    struct hall_file *hall = ctx;

    return call(hall, of, &hall->drawers[number_of(drawer->box)], 0);
}

/* The depository */

void depot_start(struct depot *depot)
{
    depot_start_with(depot, &(berth_sqlite_options){.backend = "hall 1"});
}

void depot_start_with(struct depot *depot, const berth_sqlite_options *options)
{
    memset(depot, 0, sizeof *depot);
    fake_start(&depot->fake, options);
    depot->hall =
        mmap(NULL, sizeof *depot->hall, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(depot->hall != MAP_FAILED);
}

void depot_stop(struct depot *depot)
{
    (void)munmap(depot->hall, sizeof *depot->hall);
    fake_stop(&depot->fake);
}

int depot_open(struct depot *depot)
{
    const depository_backend backend = {
        .version = DEPOSITORY_BACKEND_VERSION,
        .ctx = depot->hall,
        .hall = {.settle = settle,
                 .put = put,
                 .remove = take_out,
                 .has = has,
                 .open = open_drawer,
                 .close = close_drawer},
    };

    return depository_open(NULL, &backend, &depot->config, depot->fake.store, &depot->manager,
                           &depot->error);
}

void depot_close(struct depot *depot)
{
    assert_int_equal(depository_destroy(depot->manager, &depot->error), 0);
    depot->manager = NULL;
}

int depot_recover(struct depot *depot)
{
    return depository_recover(depot->manager, BERTH_NO_DEADLINE, &depot->error);
}

int depot_rent(struct depot *depot)
{
    depository_box_config box = DEPOSITORY_BOX_CONFIG_DEFAULT;
    const depository_drawer_config drawer = {.index = 7};
    uuid_t id = {0};

    box.name = "a";
    box.kind = DEPOSITORY_BOX_KIND_GLASS;
    return depository_rent(depot->manager, &box, &drawer, id, "ann", &depot->error);
}

int depot_round(struct depot *depot, unsigned n, const char *owner)
{
    static const char *const content[] = {"pins", "", "needles"};
    depository_box_config box = DEPOSITORY_BOX_CONFIG_DEFAULT;
    const depository_drawer_config drawer = {.index = 7};
    char name[2] = {(char)('a' + n % 8), '\0'}, number[DEPOSITORY_BOX_NUMBER_SIZE];
    uuid_t id = {0};
    int rc;

    box.name = name;
    box.kind = DEPOSITORY_BOX_KIND_STEEL;
    box.weight = -3;
    box.content = (berth_strings){content, n % 4};
    rc = depository_rent(depot->manager, &box, &drawer, id, owner, NULL);
    if (rc == 0)
        rc = depository_use(depot->manager, id, NULL, NULL);
    if (rc == 0)
        rc = depository_add(depot->manager, &box, owner, number, sizeof number, NULL);
    if (rc == 0)
        rc = depository_give_back(depot->manager, id, NULL);
    if (rc == 0)
        rc = depository_drop(depot->manager, number, owner, NULL);
    return rc;
}

const char *depot_rows(struct depot *depot)
{
    return fake_ask(&depot->fake,
                    "SELECT (SELECT count(*) FROM box) || ' boxes, ' || (SELECT count(*) FROM "
                    "drawer) || ' drawers, ' || (SELECT count(*) FROM _reservations) || ' "
                    "reservations, ' || (SELECT count(*) FROM _references) || ' references, ' || "
                    "(SELECT count(*) FROM _intents) || ' intents'");
}

unsigned depot_effects(const struct depot *depot)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 8; i++)
        n += (unsigned)(depot->hall->boxes[i] + depot->hall->drawers[i]);
    return n;
}
