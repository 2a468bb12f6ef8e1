/* The end of a started operation, from two threads at once. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "support/started.h"
#include "support/threads.h"

/*
 * Destroying as soon as the last `done` was called, while the thread that called it is still on its
 * way out of the manager.
 */

struct last {
    struct depot depot;
    atomic_bool called;
    berth_token token;
};

static void last_done(void *arg, int code)
{
    assert_int_equal(code, -EIO);
    atomic_store(&((struct last *)arg)->called, true);
    /* and only then it leaves the manager */
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

static void *complete_last(void *arg)
{
    assert_int_equal(berth_complete(((struct last *)arg)->token, -EIO, NULL, 0), 0);
    return NULL;
}

static void destroyed_right_after_the_last_done(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 500; i++) {
        struct last last;
        struct path path;
        pthread_t other;
        depot_op op;
        berth_request request = {.operation = OP_USE,
                                 .config = depot_path(&path, "a", 0)->config,
                                 .deadline = BERTH_NO_DEADLINE};

        depot_start_changed(
            &last.depot,
            &(struct depot_change){.state = IDLE, .event = OPEN, .fail = {.state = GONE}});
        last.depot.hook = leave_token;
        last.depot.arg = &last.token;
        atomic_store(&last.called, false);
        assert_int_equal(berth_manager_start(last.depot.manager, &request, NULL, i % 2 ? &op : NULL,
                                             last_done, &last),
                         0);
        assert_int_equal(berth_manager_destroy(last.depot.manager, NULL), -EBUSY);
        assert_int_equal(pthread_create(&other, NULL, complete_last, &last), 0);
        while (!atomic_load(&last.called))
            if (i % 4 < 2)
                sched_yield();
        assert_int_equal(berth_manager_destroy(last.depot.manager, NULL), 0);
        assert_int_equal(last.depot.live_bytes, 0);
        pthread_join(other, NULL);
    }
}

/* Cancelling and completing at the same moment. */

struct race {
    struct job job;
    berth_token token;
    atomic_bool go;
};

static void *cancel_race(void *arg)
{
    struct race *race = arg;
    int rc;

    while (!atomic_load(&race->go))
        ;
    rc = job_cancel(&race->job);
    assert_true(rc == 0 || rc == -ENOENT);
    return NULL;
}

static void cancelled_while_it_is_completed(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = leave_token;
    for (unsigned i = 0; i < 300; i++) {
        struct race race;
        pthread_t other;

        atomic_store(&race.go, false);
        depot.arg = &race.token;
        job_init(&race.job, &depot);
        race.job.keep = true;
        assert_int_equal(job_start(&race.job, OP_USE, "a", BERTH_NO_DEADLINE), 0);
        assert_not_done(&race.job);
        assert_int_equal(pthread_create(&other, NULL, cancel_race, &race), 0);
        atomic_store(&race.go, true);
        assert_int_equal(berth_complete(race.token, i % 2 ? -EIO : 0, NULL, 0), 0);
        pthread_join(other, NULL);
        assert_done(&race.job, i % 2 ? -EIO : 0); /* notified or not, its hook's answer counts */
        depot.hook = NULL;
        assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, NULL), 0);
        depot.hook = leave_token;
    }
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(destroyed_right_after_the_last_done),
        cmocka_unit_test(cancelled_while_it_is_completed),
    };

    return cmocka_run_group_tests_name("races", tests, NULL, NULL);
}
