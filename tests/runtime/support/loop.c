#include "support/loop.h"

static atomic_uint woken;

static void wake(void *ctx)
{
    assert_ptr_equal(ctx, &woken);
    atomic_fetch_add(&woken, 1);
}

const berth_config waking = {.wake = wake, .wake_ctx = &woken};

unsigned wakes(void)
{
    return atomic_exchange(&woken, 0);
}

void loop_start(struct depot *depot, struct shelf_of_calls *shelf)
{
    (void)wakes();
    depot_start(depot, NULL, &waking);
    shelf_init(shelf, depot);
}

void loop_stop(struct depot *depot)
{
    assert_int_equal(berth_manager_discard(depot->manager), 0);
    assert_int_equal(berth_manager_poll(depot->manager, NULL), 0);
    depot_stop(depot);
}

int64_t poll_depot(struct depot *depot)
{
    int64_t next = -1;

    assert_int_equal(berth_manager_poll(depot->manager, &next), 0);
    return next;
}
