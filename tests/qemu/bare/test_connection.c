/* Connections: that cannot be made, that end, that are made again. */
#define _GNU_SOURCE

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "support/disks.h"

static void refused_to_open(const struct bare *bare, const char *qmp, const char *agent, int error)
{
    const unsigned descriptors = bare_descriptors();
    berth_qemu_options options = bare->options;
    berth_qemu *vm = (berth_qemu *)&options;

    options.qmp_timeout_ms = BARE_PATIENCE_MS;
    assert_int_equal(berth_qemu_open(qmp, agent, &options, &vm), error);
    assert_null(vm);
    bare_wait_until(bare_descriptors() == descriptors); /* the other side closes too */
}

static void test_what_is_not_there_cannot_be_opened(void **state)
{
    struct bare *bare = *state;
    char too_long[200];

    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    assert_int_equal(berth_qemu_open(bare->machine.qmp, NULL, NULL, NULL), -EINVAL);
    refused_to_open(bare, NULL, NULL, -EINVAL);
    refused_to_open(bare, too_long, NULL, -EINVAL);
    refused_to_open(bare, "/nowhere/at/all", NULL, -ENOENT);
    refused_to_open(bare, bare_image(bare, "file"), NULL, -ECONNREFUSED);
}

static void test_what_is_no_monitor_cannot_be_opened(void **state)
{
    static const struct {
        enum peer_kind kind;
        int error;
    } kinds[] = {{PEER_MUTE, -ETIMEDOUT},
                 {PEER_AGENT, -ETIMEDOUT},
                 {PEER_WRONG, -EPROTO},
                 {PEER_CLOSED, -ENOTCONN}};
    struct bare *bare = *state;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *path = bare_file(bare, "other.sock");
        struct peer *peer = peer_start(path, kinds[i].kind);

        refused_to_open(bare, path, NULL, kinds[i].error);
        peer_end(peer);
    }
}

/* A client that died while it was greeted has agreed in its place. */
static void test_a_monitor_that_has_agreed_already_is_connected_to(void **state)
{
    struct bare *bare = *state;
    const char *path = bare_file(bare, "other.sock");
    struct peer *peer = peer_start(path, PEER_QMP);
    const unsigned descriptors = bare_descriptors();
    berth_qemu *vm;

    peer_answers_to(peer, "qmp_capabilities", PEER_SAYS,
                    "{\"id\":%lld,\"error\":{\"class\":\"CommandNotFound\",\"desc\":"
                    "\"Capabilities negotiation is already complete, command ignored\"}}");
    assert_int_equal(berth_qemu_open(path, NULL, &bare->options, &vm), 0);
    assert_int_equal(berth_qemu_ask(vm, false, "{\"execute\":\"query-status\"}", NULL), 0);
    berth_qemu_close(vm);
    bare_wait_until(bare_descriptors() == descriptors); /* the other side closes too */
    peer_answers_to(peer, "qmp_capabilities", PEER_REFUSES, NULL);
    refused_to_open(bare, path, NULL, -EPROTO);
    peer_end(peer);
}

static void test_without_its_agent_it_cannot_be_opened(void **state)
{
    struct bare *bare = *state;
    const char *path = bare_file(bare, "other.sock");
    struct peer *peer = peer_start(path, PEER_QMP);
    char too_long[200];

    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    refused_to_open(bare, path, "/nowhere/at/all", -ENOENT);
    refused_to_open(bare, path, too_long, -EINVAL);
    peer_end(peer);
}

/* A monitor serves one client. QEMU lets a few others wait, and tells more to come again. */
static void test_a_monitor_that_serves_another_client_is_late(void **state)
{
    struct bare *bare = *state;

    for (int i = 0; i < 5; i++)
        refused_to_open(bare, bare->machine.qmp, NULL, -ETIMEDOUT);
    assert_true(bare_says(bare, "{\"execute\":\"query-status\"}", "prelaunch"));
    bare_open_again(bare);
}

/* A disk that was added, and whose mount never ends. */
static void begin_to_mount(struct bare *bare, scsi *disks, struct disks_task *task, uuid_t a)
{
    peer_answers_to(bare->agent, "\"do\":\"mount\"", PEER_SILENT, NULL);
    disks_reserve(disks, bare_image(bare, "disk"), a);
    disks_begin(task, disks, disks_map, a);
    assert_true(peer_hears(bare->agent, "\"do\":\"mount\"", 1));
}

static void test_a_qemu_that_is_killed_leaves_calls_uncertain(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    struct disks_task task;
    uuid_t a;

    disks_reserve(disks, bare_image(bare, "disk"), a);
    machine_freeze(&bare->machine);
    disks_begin(&task, disks, disks_map, a);
    bare_wait_until(berth_qemu_in_flight(bare->vm) == 1);
    bare_kill(bare);
    assert_int_equal(disks_end(&task), -ENOTCONN);
    assert_int_equal(seen.outcome, BERTH_UNSURE);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_SUSPECT);
    bare_wait_until(atomic_load(&bare->lost) == 1);
    assert_false(berth_qemu_is_connected(bare->vm));
    assert_int_equal(berth_qemu_in_flight(bare->vm), 0);
    disks_discard(disks);
}

static void test_after_the_end_calls_fail(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    uuid_t a, b;

    disks_reserve(disks, bare_image(bare, "one"), a);
    disks_reserve(disks, bare_image(bare, "two"), b);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    bare_kill(bare);
    bare_wait_until(atomic_load(&bare->lost) == 1);
    assert_int_equal(disks_map(disks, b, BERTH_NO_DEADLINE), -ENOTCONN);
    assert_int_equal(seen.outcome, BERTH_FAILED);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_FAILED);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), -ENOTCONN);
    assert_int_equal(seen.outcome, BERTH_FAILED);
    assert_int_equal(berth_qemu_ask(bare->vm, false, "{\"execute\":\"query-status\"}", NULL),
                     -ENOTCONN);
    assert_int_equal(berth_qemu_ask(bare->vm, true, "{\"do\":\"list\"}", NULL), -ENOTCONN);
    assert_int_equal(berth_qemu_wait_agent(bare->vm, 0), -ENOTCONN);
    assert_int_equal(berth_qemu_connect(bare->vm), -ECONNREFUSED);
    disks_discard(disks);
    assert_int_equal(atomic_load(&bare->lost), 1);
}

static void test_an_agent_that_hangs_up_is_the_end_too(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    uuid_t a;

    disks_reserve(disks, bare_image(bare, "disk"), a);
    peer_answers(bare->agent, PEER_HANGS_UP, NULL);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), -ENOTCONN);
    assert_string_equal(seen.hook, "guest.mount");
    assert_int_equal(seen.outcome, BERTH_UNSURE);
    assert_int_equal(disks_mount_state(disks), SCSI_MOUNT_STATE_SUSPECT);
    bare_wait_until(atomic_load(&bare->lost) == 1);
    peer_answers(bare->agent, PEER_OK, NULL);
    assert_int_equal(berth_qemu_connect(bare->vm), 0);
    assert_int_equal(berth_qemu_wait_agent(bare->vm, BARE_REQUEST_MS), 0);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(atomic_load(&bare->lost), 1);
    disks_close(disks);
}

static void test_disconnecting_ends_calls_and_tells_nobody(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    struct disks_task task;
    uuid_t a;

    begin_to_mount(bare, disks, &task, a);
    berth_qemu_disconnect(bare->vm);
    assert_int_equal(disks_end(&task), -ENOTCONN);
    assert_int_equal(seen.outcome, BERTH_UNSURE);
    assert_int_equal(disks_mount_state(disks), SCSI_MOUNT_STATE_SUSPECT);
    assert_false(berth_qemu_is_connected(bare->vm));
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), -ENOTCONN);
    assert_int_equal(seen.outcome, BERTH_FAILED);
    berth_qemu_disconnect(bare->vm);
    assert_int_equal(berth_qemu_connect(bare->vm), 0);
    assert_true(berth_qemu_is_connected(bare->vm));
    assert_true(peer_hears(bare->agent, "\"hello\"", 2));
    peer_answers_to(bare->agent, "", PEER_OK, NULL);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(atomic_load(&bare->lost), 0);
    disks_close(disks);
}

static void test_connecting_anew_ends_calls_too(void **state)
{
    struct bare *bare = *state;
    scsi *disks = disks_open(bare, NULL);
    struct disks_task task;
    uuid_t a;

    begin_to_mount(bare, disks, &task, a);
    assert_int_equal(berth_qemu_connect(bare->vm), 0);
    assert_int_equal(disks_end(&task), -ENOTCONN);
    peer_answers_to(bare->agent, "", PEER_OK, NULL);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(atomic_load(&bare->lost), 0);
    disks_close(disks);
}

/* Many calls, and connections that change under them. */
static void test_connections_change_under_calls(void **state)
{
    struct bare *bare = *state;
    const unsigned descriptors = bare_descriptors();
    scsi *disks = disks_open(bare, NULL);

    for (int i = 0; i < 10; i++) {
        struct disks_task task;
        uuid_t a;

        disks_reserve(disks, bare_image(bare, "disk"), a);
        disks_begin(&task, disks, disks_map, a);
        bare_sleep(i % 5);
        assert_int_equal(berth_qemu_connect(bare->vm), 0);
        (void)disks_end(&task);
        bare_wait_until(disks_unmap(disks, a, BERTH_NO_DEADLINE) == 0);
    }
    bare_wait_until(bare_descriptors() == descriptors);
    disks_close(disks);
}

static atomic_int asked;

static void ask_when_lost(void *ctx)
{
    struct bare *bare = ctx;

    atomic_store(&asked, berth_qemu_ask(bare->vm, false, "{\"execute\":\"query-status\"}", NULL));
    assert_int_equal(berth_qemu_wait_agent(bare->vm, 0), -EDEADLK);
    (void)atomic_fetch_add(&bare->lost, 1);
}

static void test_the_thread_of_the_library_waits_for_nobody(void **state)
{
    struct bare *bare = *state;

    bare->options.lost = ask_when_lost;
    bare_open_again(bare);
    bare_kill(bare);
    bare_wait_until(atomic_load(&bare->lost) == 1);
    assert_int_equal(atomic_load(&asked), -EDEADLK);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_not_there_cannot_be_opened),
        cmocka_unit_test(test_what_is_no_monitor_cannot_be_opened),
        cmocka_unit_test(test_a_monitor_that_has_agreed_already_is_connected_to),
        cmocka_unit_test(test_without_its_agent_it_cannot_be_opened),
        cmocka_unit_test(test_a_monitor_that_serves_another_client_is_late),
        cmocka_unit_test(test_a_qemu_that_is_killed_leaves_calls_uncertain),
        cmocka_unit_test(test_after_the_end_calls_fail),
        cmocka_unit_test(test_an_agent_that_hangs_up_is_the_end_too),
        cmocka_unit_test(test_disconnecting_ends_calls_and_tells_nobody),
        cmocka_unit_test(test_connecting_anew_ends_calls_too),
        cmocka_unit_test(test_connections_change_under_calls),
        cmocka_unit_test(test_the_thread_of_the_library_waits_for_nobody),
    };

    return bare_run(tests);
}
