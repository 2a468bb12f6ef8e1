/* No thread: the caller polls, and started operations go on in berth_qemu_process. */
#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "support/disks.h"

enum { MANY = 32, PATIENCE_MS = 10000 };

/* One disk, from its start to its end. */
struct flow {
    struct loop *loop;
    scsi_op op;
    uuid_t reservation;
    int rc;
    unsigned ended; /* the how-manieth it was; 0: not yet */
};

struct loop {
    struct bare *bare;
    scsi *disks;
    int epoll;
    unsigned ended;
    pthread_t thread; /* of all that is told */
    struct flow flows[MANY];
};

static void open_loop(struct loop *loop, struct bare *bare)
{
    struct epoll_event event = {.events = EPOLLIN};

    loop->bare = bare;
    loop->ended = 0;
    loop->thread = pthread_self();
    bare->options.loop = true;
    bare_open_again(bare);
    loop->disks = disks_open(bare, NULL);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    assert_true(loop->epoll >= 0);
    assert_int_equal(epoll_ctl(loop->epoll, EPOLL_CTL_ADD, berth_qemu_fd(bare->vm), &event), 0);
}

static void close_loop(struct loop *loop)
{
    disks_close(loop->disks);
    (void)close(loop->epoll);
}

/* One turn, which waits for the library and for nothing else. */
static void turn(const struct loop *loop)
{
    struct epoll_event event;

    assert_int_equal(epoll_wait(loop->epoll, &event, 1, PATIENCE_MS), 1);
    berth_qemu_process(loop->bare->vm);
}

static void turn_until(const struct loop *loop, unsigned ended)
{
    while (loop->ended < ended)
        turn(loop);
}

static void ended(void *arg, int rc)
{
    struct flow *flow = arg;

    assert_true(pthread_equal(pthread_self(), flow->loop->thread));
    flow->rc = rc;
    flow->ended = ++flow->loop->ended;
}

static void begin_to_map(struct flow *flow, int64_t deadline)
{
    flow->ended = 0;
    assert_int_equal(scsi_map_to_guest_start(flow->loop->disks, &flow->op, flow->reservation, NULL,
                                             0, deadline, NULL, ended, flow),
                     0);
}

static void begin_to_unmap(struct flow *flow)
{
    flow->ended = 0;
    assert_int_equal(scsi_unmap_from_guest_start(flow->loop->disks, &flow->op, flow->reservation,
                                                 BERTH_NO_DEADLINE, NULL, ended, flow),
                     0);
}

static void reserve_many(struct loop *loop)
{
    for (unsigned i = 0; i < MANY; i++) {
        char name[16];

        (void)snprintf(name, sizeof name, "disk%u", i);
        loop->flows[i].loop = loop;
        disks_reserve(loop->disks, bare_image(loop->bare, name), loop->flows[i].reservation);
    }
}

static unsigned count_threads(void)
{
    DIR *folder = opendir("/proc/self/task");
    unsigned count = 0;

    assert_non_null(folder);
    while (readdir(folder))
        count++;
    (void)closedir(folder);
    return count;
}

static void test_there_is_no_thread(void **state)
{
    struct bare *bare = *state;
    const unsigned with = count_threads();
    static struct loop loop;

    open_loop(&loop, bare);
    assert_int_equal(count_threads(), with - 1);
    assert_int_equal(berth_qemu_wait_agent(bare->vm, 0), -EINVAL);
    close_loop(&loop);
}

static void test_many_are_in_flight_at_once(void **state)
{
    struct bare *bare = *state;
    static struct loop loop;

    open_loop(&loop, bare);
    reserve_many(&loop);
    for (unsigned i = 0; i < MANY; i++)
        begin_to_map(&loop.flows[i], BERTH_NO_DEADLINE);
    assert_int_equal(berth_qemu_in_flight(bare->vm), MANY);
    assert_int_equal(loop.ended, 0);
    turn_until(&loop, MANY);
    assert_int_equal(berth_qemu_in_flight(bare->vm), 0);
    assert_int_equal(bare_devices(bare), MANY);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(loop.flows[i].rc, 0);
        begin_to_unmap(&loop.flows[i]);
    }
    turn_until(&loop, 2 * MANY);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(loop.flows[i].rc, 0);
    bare_holds_nothing(bare);
    close_loop(&loop);
}

/* Those that end in one turn are told in the order in which they came to their end. */
static void test_they_are_told_in_order(void **state)
{
    struct bare *bare = *state;
    static struct loop loop;

    open_loop(&loop, bare);
    reserve_many(&loop);
    peer_answers_to(bare->agent, "\"do\":\"mount\"", PEER_LATE, NULL);
    for (unsigned i = 0; i < MANY; i++) {
        begin_to_map(&loop.flows[i], BERTH_NO_DEADLINE);
        while (peer_heard(bare->agent, "\"do\":\"mount\"") < i + 1) {
            bare_sleep(1);
            berth_qemu_process(bare->vm);
        }
    }
    assert_int_equal(loop.ended, 0);
    peer_release(bare->agent);
    turn(&loop);
    turn_until(&loop, MANY);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(loop.flows[i].ended, i + 1);
    peer_answers_to(bare->agent, "", PEER_OK, NULL);
    for (unsigned i = 0; i < MANY; i++)
        begin_to_unmap(&loop.flows[i]);
    turn_until(&loop, 2 * MANY);
    close_loop(&loop);
}

/* The oldest is told first, also when all are lost. */
static void test_the_end_is_told_in_order_too(void **state)
{
    struct bare *bare = *state;
    static struct loop loop;

    open_loop(&loop, bare);
    reserve_many(&loop);
    machine_freeze(&bare->machine);
    for (unsigned i = 0; i < MANY; i++)
        begin_to_map(&loop.flows[i], BERTH_NO_DEADLINE);
    bare_kill(bare);
    turn_until(&loop, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(loop.flows[i].rc, -ENOTCONN);
        assert_int_equal(loop.flows[i].ended, i + 1);
    }
    assert_int_equal(atomic_load(&bare->lost), 1);
    assert_int_equal(scsi_discard(loop.disks), 0);
    close_loop(&loop);
}

/* The descriptor tells deadlines too: nobody needs a timer. And it is still when nothing is due. */
static void test_a_deadline_makes_it_readable(void **state)
{
    struct bare *bare = *state;
    static struct loop loop;
    struct epoll_event event;
    int64_t begin;

    open_loop(&loop, bare);
    reserve_many(&loop);
    machine_freeze(&bare->machine);
    begin = berth_now();
    begin_to_map(&loop.flows[1], BERTH_NO_DEADLINE);
    begin_to_map(&loop.flows[0], bare_within(BARE_PATIENCE_MS));
    turn_until(&loop, 1);
    assert_true(berth_now() - begin >= (int64_t)BARE_PATIENCE_MS * 1000000);
    assert_true(berth_now() - begin < (int64_t)BARE_REQUEST_MS * 1000000);
    assert_int_equal(loop.flows[1].ended, 0);
    assert_int_equal(loop.flows[0].rc, -ETIMEDOUT);
    assert_int_equal(disks_state(loop.disks), SCSI_DISK_STATE_RESERVED); /* of the last one */
    assert_int_equal(epoll_wait(loop.epoll, &event, 1, 50), 0);
    machine_thaw(&bare->machine);
    turn_until(&loop, 2);
    assert_int_equal(loop.flows[1].rc, 0);
    assert_int_equal(berth_qemu_late(bare->vm), 1);
    for (unsigned i = 0; i < MANY; i++)
        begin_to_unmap(&loop.flows[i]);
    turn_until(&loop, MANY + 2);
    close_loop(&loop);
}

static void test_a_cancelled_one_makes_it_readable(void **state)
{
    struct bare *bare = *state;
    static struct loop loop;

    open_loop(&loop, bare);
    reserve_many(&loop);
    machine_freeze(&bare->machine);
    begin_to_map(&loop.flows[0], BERTH_NO_DEADLINE);
    begin_to_map(&loop.flows[1], BERTH_NO_DEADLINE);
    turn(&loop);
    assert_int_equal(scsi_cancel(loop.disks, &loop.flows[0].op), 0);
    turn_until(&loop, 1);
    assert_int_equal(loop.flows[0].rc, -ECANCELED);
    assert_int_equal(loop.flows[1].ended, 0);
    machine_thaw(&bare->machine);
    turn_until(&loop, 2);
    assert_int_equal(loop.flows[1].rc, 0);
    for (unsigned i = 0; i < MANY; i++)
        begin_to_unmap(&loop.flows[i]);
    turn_until(&loop, 2 + MANY);
    close_loop(&loop);
}

/* A request of the program's own runs the loop itself, and others end meanwhile. */
static void test_own_requests_turn_the_loop(void **state)
{
    struct bare *bare = *state;
    static struct loop loop;

    open_loop(&loop, bare);
    reserve_many(&loop);
    begin_to_map(&loop.flows[0], BERTH_NO_DEADLINE);
    while (loop.ended == 0)
        assert_true(bare_says(bare, "{\"execute\":\"query-status\"}", "prelaunch"));
    assert_int_equal(loop.flows[0].rc, 0);
    for (unsigned i = 0; i < MANY; i++)
        begin_to_unmap(&loop.flows[i]);
    turn_until(&loop, 1 + MANY);
    close_loop(&loop);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_is_no_thread),
        cmocka_unit_test(test_many_are_in_flight_at_once),
        cmocka_unit_test(test_they_are_told_in_order),
        cmocka_unit_test(test_the_end_is_told_in_order_too),
        cmocka_unit_test(test_a_deadline_makes_it_readable),
        cmocka_unit_test(test_a_cancelled_one_makes_it_readable),
        cmocka_unit_test(test_own_requests_turn_the_loop),
    };

    return bare_run(tests);
}
