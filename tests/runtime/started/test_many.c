/*
 * Started operations in large numbers: chains without stack, a hundred thousand in flight, a
 * hundred thousand in one queue.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/clock.h"
#include "support/started.h"

enum { MANY = 100000, SMALL_STACK = 256 * 1024 };

static void wake(void *ctx)
{
    ++*(unsigned *)ctx;
}

/* One after the other */

static void next_in_chain(struct job *job, int code)
{
    unsigned *left = job->arg;

    assert_int_equal(code, 0);
    if (--*left == 0)
        return;
    job->n_done = 0;
    assert_int_equal(job_start(job, *left % 2 ? OP_RESOLVE : OP_LOOK, "a", BERTH_NO_DEADLINE), 0);
}

struct chain {
    bool loop;
    unsigned left;
};

static void *run_chain(void *arg)
{
    struct chain *chain = arg;
    struct depot depot;
    struct job job;
    uuid_t id;
    unsigned woken = 0;

    depot_start(&depot, NULL,
                chain->loop ? &(berth_config){.wake = wake, .wake_ctx = &woken} : NULL);
    assert_int_equal(reserve(&depot, "a", 0, id, NULL), 0);
    job_init(&job, &depot);
    job.id = id;
    job.then = next_in_chain;
    job.arg = &chain->left;
    assert_int_equal(job_start(&job, OP_RESOLVE, "a", BERTH_NO_DEADLINE), 0);
    while (chain->loop && chain->left > 0)
        assert_int_equal(berth_manager_poll(depot.manager, NULL), 0);
    assert_int_equal(woken, chain->loop ? MANY - 1 : 0);
    depot_stop(&depot);
    return NULL;
}

static void a_chain(bool loop)
{
    struct chain chain = {.loop = loop, .left = MANY};
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    assert_int_equal(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
    assert_int_equal(pthread_create(&thread, &attributes, run_chain, &chain), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    assert_int_equal(chain.left, 0);
}

static void operations_that_start_each_other_need_no_stack(void **unused)
{
    (void)unused;
    a_chain(false);
}

static void with_a_loop_they_do_not_either(void **unused)
{
    (void)unused;
    a_chain(true);
}

/* At the same time */

static berth_token *tokens;
static unsigned n_tokens;

static int keep(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)depot;
    (void)hook;
    (void)view;
    (void)out;
    tokens[n_tokens++] = berth_call_token(call);
    return BERTH_PENDING;
}

struct counter {
    unsigned n[2]; /* with 0, with another code */
};

static void count(void *arg, int code)
{
    ((struct counter *)arg)->n[code != 0]++;
}

static void many_in_flight_on_one_thread(void **unused)
{
    struct depot depot;
    struct counter counter = {{0, 0}};
    char(*names)[8] = malloc(MANY * sizeof *names);
    struct path *paths = malloc(MANY * sizeof *paths);
    int64_t before;

    (void)unused;
    assert_true(BERTH_OP_SIZE(2, 2, 2) < 512);
    depot_start_many(&depot, NULL);
    tokens = malloc(MANY * sizeof *tokens);
    n_tokens = 0;
    assert_non_null(names);
    assert_non_null(paths);
    assert_non_null(tokens);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "r%06u", i);
        assert_int_equal(on_rack(&depot, OP_RESOLVE, names[i], NULL), 0);
    }
    before = depot.live_bytes;
    depot.hook = keep;
    for (unsigned i = 0; i < MANY; i++) {
        berth_request request = {.operation = OP_USE,
                                 .config = depot_path(&paths[i], names[i], 0)->config,
                                 .deadline = berth_now() + HOUR};

        assert_int_equal(berth_manager_start(depot.manager, &request, NULL, NULL, count, &counter),
                         0);
    }
    assert_int_equal(n_tokens, MANY);
    assert_int_equal(counter.n[0] + counter.n[1], 0);
    /* all in: the block, and its part of the table of calls */
    assert_true((depot.live_bytes - before) / MANY < 512);
    for (unsigned i = MANY; i-- > 0;)
        assert_int_equal(berth_complete(tokens[i], i % 4 ? 0 : -EIO, NULL, 0), 0);
    assert_int_equal(counter.n[0], MANY / 4 * 3);
    assert_int_equal(counter.n[1], MANY / 4);
    depot_stop(&depot);
    free(tokens);
    free(names);
    free(paths);
}

static void many_in_one_queue(void **unused)
{
    struct depot depot;
    struct counter counter = {{0, 0}};
    struct path path;
    berth_token token;
    berth_request request = {.operation = OP_USE,
                             .config = depot_path(&path, "a", 0)->config,
                             .deadline = BERTH_NO_DEADLINE};

    (void)unused;
    depot_start(&depot, NULL, NULL);
    tokens = &token;
    n_tokens = 0;
    depot.hook = keep;
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(berth_manager_start(depot.manager, &request, NULL, NULL, count, &counter),
                         0);
    assert_int_equal(counter.n[0] + counter.n[1], 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    assert_int_equal(berth_complete(token, 0, NULL, 0), 0);
    assert_int_equal(counter.n[0], MANY);
    assert_int_equal(depot.n_calls, 1);
    assert_state(&depot, "rack a on 100000+0\nrack b idle 0+0\n");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_that_start_each_other_need_no_stack),
        cmocka_unit_test(with_a_loop_they_do_not_either),
        cmocka_unit_test(many_in_flight_on_one_thread),
        cmocka_unit_test(many_in_one_queue),
    };

    return cmocka_run_group_tests_name("started, many", tests, NULL, NULL);
}
