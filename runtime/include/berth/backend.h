/* What a backend needs: the outcomes of a hook, and the handle of the call it answers. */
#ifndef BERTH_BACKEND_H
#define BERTH_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A hook ends in one of four ways:
 *
 *   return 0;                        it took effect
 *   return -EIO;                     it failed and had no effect (any negative errno value)
 *   return BERTH_UNCERTAIN(-EIO);    it failed, and may have taken effect: a timeout, a lost
 *                                    connection
 *   return BERTH_PENDING;            not yet known; somebody calls berth_complete() later, from any
 *                                    thread
 *
 * Its out-values begin with those that the instance has. What it wrote is kept when it ended ok or
 * uncertain, and dropped when it failed.
 *
 * Anything else counts as BERTH_UNCERTAIN(-EPROTO); so does BERTH_PENDING when nobody took the
 * call's token, because nobody could ever complete it.
 *
 * A hook that asks (`asks` in the spec) changes nothing and tells whether an effect is there:
 *
 *   return BERTH_YES;                it is there
 *   return BERTH_NO;                 it is not there
 *   return -ETIMEDOUT;               it cannot tell (any negative errno value)
 *   return BERTH_PENDING;            as above
 *
 * Anything else, 0 included, counts as "cannot tell", with -EPROTO.
 */
#define BERTH_PENDING 1
#define BERTH_YES 2
#define BERTH_NO 3
#define BERTH_UNCERTAIN(error) ((error)-BERTH_UNCERTAIN_BASE)
#define BERTH_UNCERTAIN_BASE 0x10000

/* No deadline. */
#define BERTH_NO_DEADLINE INT64_MAX

typedef struct berth_manager berth_manager;

/*
 * The call that a hook answers. Valid from the hook's start until it returns, or, when it returns
 * BERTH_PENDING, until it is completed. All functions on it may be used from any thread within that
 * time.
 */
typedef struct berth_call berth_call;

/*
 * Names a pending call for berth_complete(). A value: copy it freely. It never names another call,
 * however late it is used.
 */
typedef struct berth_token {
    berth_manager *manager;
    uint64_t id;
} berth_token;

/*
 * Deadline of the operation in nanoseconds of CLOCK_MONOTONIC, or BERTH_NO_DEADLINE. A hook that
 * cannot end by then should end as uncertain.
 */
int64_t berth_call_deadline(const berth_call *call);

/*
 * True once nobody waits for the outcome any more: the operation was cancelled, its deadline has
 * passed, or its root or the manager was discarded. The hook should end soon, as failed or
 * uncertain if need be. Its outcome counts all the same, except after a discard, when it is
 * ignored.
 */
bool berth_call_cancelled(const berth_call *call);

/*
 * What a hook wants to be told by. Runs with the manager locked: it must be short (write to an
 * eventfd), and must not call the manager.
 */
typedef void berth_notify(void *ctx);

/*
 * Has `notify` called, once, when the operation of this call is cancelled, its deadline passes, or
 * its root or the manager is discarded. For hooks that answer BERTH_PENDING: the deadline of one
 * that runs is looked at by berth_call_cancelled() only. A later `notify` replaces an earlier one;
 * NULL takes it back. It is forgotten when the call is completed: it does not run once
 * berth_complete() of the call has returned 0.
 *
 * Threads: `notify` runs on the thread that cancels, discards or polls, or on that of the
 * operation's blocking caller.
 *
 * 0           `notify` will be called
 * -ECANCELED  it is cancelled already, see berth_call_cancelled(); `notify` was not called and will
 *             not be
 * -ENOENT     the call is completed already
 * -EDEADLK    from a callback that runs with the manager locked
 */
int berth_call_on_cancel(berth_call *call, berth_notify *notify, void *ctx);

/*
 * Name of the hook ("vm.add_disk") and of the operation ("map_to_guest") this call is for. Static
 * strings.
 */
const char *berth_call_hook(const berth_call *call);
const char *berth_call_operation(const berth_call *call);

/*
 * Which life of the manager makes this call: one more with each time that it is opened with its
 * store. 0: it has no store.
 */
uint64_t berth_call_epoch(const berth_call *call);

/*
 * Token of this call, the same each time. Take it before the hook returns BERTH_PENDING. Its id is
 * 0, and names nothing, only for a thread that is inside a callback which runs with the manager
 * locked (trace, visitor, allocator).
 */
berth_token berth_call_token(berth_call *call);

/*
 * Completes a call whose hook returned, or is about to return, BERTH_PENDING.
 *
 * `result` is what the hook would have returned: 0, a negative errno value or BERTH_UNCERTAIN(); of
 * a hook that asks BERTH_YES, BERTH_NO or a negative errno value. `out`, unless NULL, is the hook's
 * out-value struct, whose `out_size` bytes are copied before the function returns. With NULL and 0,
 * what the hook itself wrote counts. When the hook has not returned yet, the completion counts if
 * it then returns BERTH_PENDING, and is dropped otherwise.
 *
 * Threads: any, also one that is inside a hook. Must not be used after the manager was destroyed.
 *
 * 0          accepted; the operation goes on: a blocking one on its caller's thread, a started one
 *            on this thread before the function returns, or in <manager>_poll (see
 *            berth_config.wake)
 * -ENOENT    the token names no call that is open: completed already, answered by its hook itself,
 *            or never given out. Nothing happened
 * -EINVAL    `result` is BERTH_PENDING or no outcome of this hook, or `out_size` is not the size of
 *            this hook's out-values. The call stays open
 * -EDEADLK   from a callback that runs with the manager locked (trace, visitor, allocator). The
 *            call stays open
 */
int berth_complete(berth_token token, int result, const void *out, uint32_t out_size);

#ifdef __cplusplus
}
#endif
#endif
