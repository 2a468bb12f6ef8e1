/*
 * The slots that readers count themselves in, and who waits for them: one step after the other,
 * without threads. Whoever waits goes to sleep in the test's own function, and what the readers do
 * meanwhile happens there.
 */
#include <stdlib.h>

#include "support/depot.h"

#include "base/store/memory.h"
#include "base/sync/sleeper.h"

static void asleep(void);
int stay_here(void);
static unsigned wakes;

static void wake_it(struct sleeper *sleeper)
{
    (void)sleeper;
    wakes++;
}

static bool sleep_here(struct sleeper *sleeper, int64_t deadline)
{
    (void)sleeper;
    assert_int_equal(deadline, BERTH_NO_DEADLINE);
    asleep();
    return true;
}

#define sleeper_wake wake_it
#define sleeper_sleep sleep_here
#define sched_getcpu stay_here
#include "base/sync/readers.c"

/* Nobody is moved to another processor, and so to another slot. */
int stay_here(void)
{
    return 3;
}

/* Memory that is counted. */

static int64_t live_bytes;

static void *take(void *ctx, size_t size)
{
    (void)ctx;
    live_bytes += (int64_t)size;
    return malloc(size);
}

static void give(void *ctx, void *memory, size_t size)
{
    (void)ctx;
    live_bytes -= (int64_t)size;
    free(memory);
}

static const berth_allocator counted = {take, give, NULL};

/* What the readers do each time that who waits for them is asleep. */

static struct readers readers;
static struct reader_slot *mine; /* the slot of this thread */
static void (*const *steps)(void);
static unsigned n_steps, sleeps;

static void asleep(void)
{
    assert_true(sleeps < n_steps); /* nobody is there to wake it */
    steps[sleeps++]();
}

static void open_it(void)
{
    for (int i = 0; i < READERS_ENOUGH; i++)
        readers_note_contention(&readers, &counted);
}

static void start(void)
{
    live_bytes = 0;
    readers_init(&readers);
    open_it();
    mine = readers_enter(&readers);
    assert_non_null(mine);
    readers_leave(&readers, mine);
}

static unsigned inside(void)
{
    unsigned n = 0;

    for (int i = 0; i < READER_SLOTS; i++)
        n += atomic_load(&atomic_load(&readers.slots)->each[i].inside);
    return n;
}

/*
 * Closes it while the readers do this; it must have slept once for each step when it gets in, and
 * nobody is inside then.
 */
static void close_while(void (*const *script)(void), unsigned n)
{
    steps = script;
    n_steps = n;
    sleeps = wakes = 0;
    readers_close(&readers);
    assert_int_equal(sleeps, n);
    assert_int_equal(inside(), 0);
}

static void stop(void)
{
    assert_true(live_bytes > 0);
    readers_destroy(&readers, &counted);
    assert_int_equal(live_bytes, 0);
}

static void nothing(void)
{
}

static void last_leaves(void)
{
    unsigned before = wakes;

    readers_leave(&readers, mine);
    assert_int_equal(wakes, before + 1);
}

static void one_of_two_leaves(void)
{
    readers_leave(&readers, mine);
}

static void one_comes_too_late(void)
{
    assert_null(readers_count_in(&readers));
}

/*
 * The last one leaves while one that came too late is counted: so that one is the last, and nobody
 * else wakes who waits.
 */
static void last_leaves_before_one_that_comes_too_late(void)
{
    unsigned before = wakes;

    /* it was not the last, so it left as quietly as this */
    (void)atomic_fetch_sub(&mine->inside, 1);
    assert_null(readers_count_in(&readers));
    assert_int_equal(wakes, before + 1);
}

static void a_writer_waits_for_every_slot(void **unused)
{
    static void (*const script[])(void) = {last_leaves};

    (void)unused;
    start();
    for (int i = 0; i < READER_SLOTS; i++) {
        mine = &atomic_load(&readers.slots)->each[i];
        (void)atomic_fetch_add(&mine->inside, 1);
        close_while(script, 1);
        open_it();
    }
    stop();
}

static void empty_slots_are_not_waited_for(void **unused)
{
    (void)unused;
    start();
    close_while(NULL, 0);
    assert_null(readers_enter(&readers));
    stop();
}

static void a_writer_woken_early_sleeps_again(void **unused)
{
    static void (*const script[])(void) = {nothing, one_of_two_leaves, nothing, last_leaves};

    (void)unused;
    start();
    assert_ptr_equal(readers_enter(&readers), mine);
    assert_ptr_equal(readers_enter(&readers), mine);
    close_while(script, 4);
    stop();
}

static void a_late_reader_does_not_let_the_writer_in(void **unused)
{
    static void (*const script[])(void) = {one_comes_too_late, one_comes_too_late, last_leaves};

    (void)unused;
    start();
    assert_ptr_equal(readers_enter(&readers), mine);
    close_while(script, 3);
    stop();
}

static void the_last_late_reader_wakes_the_writer(void **unused)
{
    static void (*const script[])(void) = {last_leaves_before_one_that_comes_too_late};

    (void)unused;
    start();
    assert_ptr_equal(readers_enter(&readers), mine);
    close_while(script, 1);
    stop();
}

static void nobody_is_woken_when_nobody_waits(void **unused)
{
    (void)unused;
    start();
    wakes = 0;
    for (int i = 0; i < 2; i++)
        assert_ptr_equal(readers_enter(&readers), mine);
    for (int i = 0; i < 2; i++)
        readers_leave(&readers, mine);
    assert_int_equal(wakes, 0);
    stop();
}

/* And kept until the end. */
static void slots_are_made_once(void **unused)
{
    int64_t bytes;

    (void)unused;
    start();
    bytes = live_bytes;
    for (int i = 0; i < 3; i++) {
        close_while(NULL, 0);
        open_it();
    }
    assert_int_equal(live_bytes, bytes);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_writer_waits_for_every_slot),
        cmocka_unit_test(empty_slots_are_not_waited_for),
        cmocka_unit_test(a_writer_woken_early_sleeps_again),
        cmocka_unit_test(a_late_reader_does_not_let_the_writer_in),
        cmocka_unit_test(the_last_late_reader_wakes_the_writer),
        cmocka_unit_test(nobody_is_woken_when_nobody_waits),
        cmocka_unit_test(slots_are_made_once),
    };

    return cmocka_run_group_tests_name("reader slots", tests, NULL, NULL);
}
