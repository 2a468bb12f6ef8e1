/*
 * The search of `berthc check` over the C that ships: the generated tables and the runtime, in one
 * translation unit with the search, so that it sees the runtime's own structures. Built for one
 * manager, whose descriptor is `berth_explored`. Reads a plan on standard input.
 *
 * See docs/architecture.md for its parts, and for the way the data goes.
 */
#define BERTH_NO_KEYS_IN_ERRORS
#include "../library.c"

#include "base/fatal.c"
#include "base/known.c"
#include "base/word.c"
#include "base/plan.c"
#include "base/usage.c"
#include "findings/fault.c"
#include "state/store.c"
#include "state/world.c"
#include "state/rows.c"
#include "state/backend.c"
#include "state/shape.c"
#include "state/moves.c"
#include "state/step.c"
#include "state/death.c"
#include "state/ways.c"
#include "reachable/future.c"
#include "findings/judge.c"
#include "findings/left.c"
#include "findings/stated.c"
#include "findings/clean.c"
#include "findings/seen.c"
#include "reachable/poisoned.c"
#include "reachable/stranded.c"
#include "invariants.c"
#include "reachable/drains.c"
#include "trail.c"
#include "print.c"
#include "wanted.c"
#include "inflight/flight.c"
#include "inflight/queues.c"
#include "inflight/history.c"
#include "inflight/inflight.c"
#include "search.c"

extern const berth_manager_type *const berth_explored;
extern const berth_stored_type *const berth_explored_stored; /* or NULL */

int64_t berth_now(void)
{
    return 0;
}

int main(void)
{
    plan_read(berth_explored, berth_explored_stored);
    backend_use();
    death_begin();
    search_run();
    return 0;
}
