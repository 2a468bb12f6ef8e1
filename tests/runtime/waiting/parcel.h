/* A thread that completes a call, for the tests of pending hooks. */
#ifndef BERTH_TEST_PARCEL_H
#define BERTH_TEST_PARCEL_H

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "support/clock.h"
#include "support/threads.h"

/* What a hook leaves for whoever completes it. */
struct parcel {
    struct gate gate;
    berth_token token;
    berth_call *call;
    int early;  /* -1: no; else how often to complete before the hook returns */
    int answer; /* of the hook */
    int results[3];
    rack_out out;
    bool give_out;
    bool wants_to_know; /* when it is cancelled: counts in `notified` */
};

static atomic_uint notified;

static inline void count_notified(void *ctx)
{
    assert_ptr_equal(ctx, &notified);
    atomic_fetch_add(&notified, 1);
}

static inline int pass_parcel(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                              void *out)
{
    struct parcel *parcel = depot->arg;

    (void)view;
    if (hook != RACK_OPEN)
        return 0;
    ((rack_out *)out)->watt = 11;
    parcel->call = call;
    parcel->token = berth_call_token(call);
    assert_true(parcel->token.id > 0);
    assert_int_equal(berth_call_token(call).id, parcel->token.id);
    assert_string_equal(berth_call_hook(call), "rack.open");
    assert_string_equal(berth_call_operation(call), "use");
    for (int i = 0; i < parcel->early; i++)
        parcel->results[i] =
            berth_complete(parcel->token, 0, parcel->give_out ? &parcel->out : NULL,
                           parcel->give_out ? sizeof parcel->out : 0);
    if (parcel->wants_to_know)
        assert_int_equal(berth_call_on_cancel(call, count_notified, &notified), 0);
    gate_pass(&parcel->gate);
    return parcel->answer;
}

static inline void start(struct depot *depot, struct parcel *parcel)
{
    memset(parcel, 0, sizeof *parcel);
    gate_init(&parcel->gate);
    parcel->answer = BERTH_PENDING;
    depot_start(depot, NULL, NULL);
    depot->hook = pass_parcel;
    depot->arg = parcel;
}

#endif
