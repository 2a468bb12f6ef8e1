/* A hook that writes what a test says, for the tests of values. */
#ifndef BERTH_TEST_VALUES_H
#define BERTH_TEST_VALUES_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/rules.h"

/* What the next calls of rack.open write, and how they end. */
struct script {
    rack_out out;
    bool silent; /* it writes nothing */
    int answer;
    berth_token token;
    rack_view seen; /* by the last hook of a rack, before it wrote */
};

static inline int play(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                       void *out)
{
    struct script *script = depot->arg;

    if (hook <= RACK_EJECT)
        script->seen = *(const rack_view *)view;
    script->token = berth_call_token(call);
    if (hook != RACK_OPEN)
        return depot->outcome[hook];
    if (!script->silent)
        *(rack_out *)out = script->out;
    return script->answer;
}

#define START_SCRIPT()                                                                             \
    struct script script = {                                                                       \
        .out = {.watt = 9, .door = -3, .badge = "blue", .session = {1, 2, 3}}};                    \
    START(NULL);                                                                                   \
    depot.hook = play;                                                                             \
    depot.arg = &script

/* The label of the rack that the value names; NULL: none. */
static inline const char *named(struct depot *depot, uint8_t operation, const void *by)
{
    static char label[21];
    void *results[] = {label};
    const size_t sizes[] = {sizeof label};
    const berth_request request = {.operation = operation,
                                   .by = by,
                                   .results = results,
                                   .result_sizes = sizes,
                                   .deadline = BERTH_NO_DEADLINE};
    berth_error error;

    memset(label, 0, sizeof label);
    if (berth_manager_run(depot->manager, &request, &error) != 0) {
        assert_int_equal(error.code, -ENOENT);
        assert_where(&error, "rack", NULL, NULL, NULL);
        return NULL;
    }
    return label[0] != '\0' ? label : NULL; /* absent: ok */
}

static inline const char *by_badge(struct depot *depot, const char *badge)
{
    return named(depot, OP_BY_BADGE, badge);
}

static inline const char *by_door(struct depot *depot, int32_t door)
{
    return named(depot, OP_BY_DOOR, &door);
}

#define assert_names(call, label) assert_string_equal((call) ? (call) : "nobody", label)
#define assert_names_none(call) assert_names(call, "nobody")

#endif
