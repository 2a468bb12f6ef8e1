/*
 * keep FILE: a manager leaves rows of all kinds in a store, and its process dies in a hook. For the
 * tests of `berthc store`.
 */
#include <stdio.h>
#include <stdlib.h>

#include "support/depot.h"

static int leave_rows(struct depot *depot)
{
    depository_box_config box = DEPOSITORY_BOX_CONFIG_DEFAULT;
    const depository_drawer_config drawer = {.index = 7};
    char number[DEPOSITORY_BOX_NUMBER_SIZE];
    uuid_t first = {1}, second = {2};
    int rc;

    box.name = "a";
    box.kind = DEPOSITORY_BOX_KIND_STEEL;
    rc = depository_rent(depot->manager, &box, &drawer, first, "ann", &depot->error);
    if (rc == 0)
        rc = depository_use(depot->manager, first, NULL, &depot->error);
    box.name = "b";
    if (rc == 0)
        rc = depository_add(depot->manager, &box, "zoe", number, sizeof number, &depot->error);
    box.name = "c";
    if (rc == 0)
        rc = depository_rent(depot->manager, &box, &drawer, second, "bob", &depot->error);
    depot->hall->kill_at = depot->hall->calls + 2; /* open the drawer of c */
    if (rc == 0)
        rc = depository_use(depot->manager, second, NULL, &depot->error);
    return rc;
}

int main(int argc, char **argv)
{
    struct depot depot = {.manager = NULL};
    int rc;

    if (argc != 2)
        return 2;
    depot.fake.object = berth_sqlite_create(argv[1], &(berth_sqlite_options){.backend = "hall 1"});
    depot.fake.store = berth_sqlite_store(depot.fake.object);
    depot.hall = calloc(1, sizeof *depot.hall);
    if (!depot.fake.object || !depot.hall)
        return 2;
    rc = depot_open(&depot);
    if (rc == 0)
        rc = depot_recover(&depot);
    if (rc == 0)
        rc = leave_rows(&depot);
    fprintf(stderr, "%d\n", rc);
    return 1;
}
