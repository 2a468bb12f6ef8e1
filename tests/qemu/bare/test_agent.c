/* An agent that refuses, is unsure, silent, late, or talks nonsense. */
#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/disks.h"

/* One mount, answered so: what the manager makes of it. The disk is let go of in the end. */
static void answered(struct bare *bare, enum peer_way way, const char *text, int error,
                     berth_outcome outcome)
{
    const bool is_unsure = outcome == BERTH_UNSURE;
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    uuid_t a;

    disks_reserve(disks, bare_image(bare, "disk"), a);
    peer_answers(bare->agent, way, text);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), error);
    assert_string_equal(seen.hook, "guest.mount");
    assert_int_equal(seen.outcome, outcome);
    assert_int_equal(disks_mount_state(disks),
                     is_unsure ? SCSI_MOUNT_STATE_SUSPECT : SCSI_MOUNT_STATE_FAILED);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_ATTACHED);
    peer_answers(bare->agent, PEER_OK, NULL);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(berth_qemu_in_flight(bare->vm), 0);
    disks_close(disks);
}

static void test_refusals_have_failed(void **state)
{
    answered(*state, PEER_REFUSES, "EINVAL", -EINVAL, BERTH_FAILED);
    answered(*state, PEER_REFUSES, "ENXIO", -ENXIO, BERTH_FAILED);
    answered(*state, PEER_REFUSES, "ETIMEDOUT", -ETIMEDOUT, BERTH_FAILED);
}

static void test_names_that_are_no_error_are_told_as_eio(void **state)
{
    answered(*state, PEER_REFUSES, "ENONSENSE", -EIO, BERTH_FAILED);
    answered(*state, PEER_SAYS, "{\"id\":%lld,\"error\":\"\"}", -EIO, BERTH_FAILED);
}

static void test_the_unsure_are_uncertain(void **state)
{
    answered(*state, PEER_UNSURE, "ETIMEDOUT", -ETIMEDOUT, BERTH_UNSURE);
    answered(*state, PEER_UNSURE, "EIO", -EIO, BERTH_UNSURE);
    answered(*state, PEER_SAYS, "{\"id\":%lld,\"unsure\":true}", -EIO, BERTH_UNSURE);
}

static void test_silence_is_uncertain_and_the_request_is_cancelled(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    uuid_t a;

    peer_answers(bare->agent, PEER_SILENT, NULL);
    disks_reserve(disks, bare_image(bare, "disk"), a);
    assert_int_equal(disks_map(disks, a, bare_within(BARE_LONG_PATIENCE_MS)), -ETIMEDOUT);
    assert_int_equal(seen.outcome, BERTH_UNSURE);
    assert_int_equal(disks_mount_state(disks), SCSI_MOUNT_STATE_SUSPECT);
    assert_true(peer_hears(bare->agent, "\"cancel\"", 1));
    assert_int_equal(peer_heard(bare->agent, "\"cancel\":3}"), 1); /* after two requests of QMP */
    assert_int_equal(peer_heard(bare->agent, "\"id\":3}"), 1);
    peer_answers(bare->agent, PEER_OK, NULL);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(peer_heard(bare->agent, "\"do\":\"mounted\""), 1);
    assert_int_equal(peer_heard(bare->agent, "\"do\":\"mount\""), 2);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(berth_qemu_late(bare->vm), 0);
    disks_close(disks);
}

static void test_each_request_has_its_own_patience(void **state)
{
    struct bare *bare = *state;
    scsi *disks;
    uuid_t a;

    bare->options.agent_timeout_ms = BARE_PATIENCE_MS;
    bare_open_again(bare);
    disks = disks_open(bare, NULL);
    peer_answers(bare->agent, PEER_SILENT, NULL);
    disks_reserve(disks, bare_image(bare, "disk"), a);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), -ETIMEDOUT);
    assert_int_equal(disks_mount_state(disks), SCSI_MOUNT_STATE_SUSPECT);
    peer_answers(bare->agent, PEER_OK, NULL);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

static void test_late_answers_are_dropped(void **state)
{
    struct bare *bare = *state;
    scsi *disks = disks_open(bare, NULL);
    uuid_t a;

    peer_answers_to(bare->agent, "\"do\":\"mount\"", PEER_LATE, NULL);
    disks_reserve(disks, bare_image(bare, "disk"), a);
    assert_int_equal(disks_map(disks, a, bare_within(BARE_LONG_PATIENCE_MS)), -ETIMEDOUT);
    peer_release(bare->agent);
    bare_wait_until(berth_qemu_late(bare->vm) == 1);
    assert_int_equal(disks_mount_state(disks), SCSI_MOUNT_STATE_SUSPECT);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(berth_qemu_late(bare->vm), 1);
    disks_close(disks);
}

/* The answer to the one must not be taken for that to the other. */
static void test_answers_in_another_order_find_their_requests(void **state)
{
    struct bare *bare = *state;
    scsi *disks = disks_open(bare, NULL);
    struct disks_task slow;
    uuid_t a, b;

    peer_answers_to(bare->agent, "\"queue\":\"disk 0 0\"", PEER_LATE, NULL);
    disks_reserve(disks, bare_image(bare, "one"), a);
    disks_reserve(disks, bare_image(bare, "two"), b);
    disks_begin(&slow, disks, disks_map, a);
    assert_true(peer_hears(bare->agent, "\"do\":\"mount\"", 1));
    assert_int_equal(disks_map(disks, b, BERTH_NO_DEADLINE), 0);
    assert_int_equal(berth_qemu_in_flight(bare->vm), 1);
    peer_release(bare->agent);
    assert_int_equal(disks_end(&slow), 0);
    peer_answers_to(bare->agent, "", PEER_OK, NULL);
    assert_int_equal(disks_unmap(disks, b, BERTH_NO_DEADLINE), 0);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

static void test_nonsense_is_survived(void **state)
{
    struct bare *bare = *state;
    scsi *disks = disks_open(bare, NULL);
    char *answer = NULL;
    uuid_t a;

    peer_answers(bare->agent, PEER_GARBAGE, NULL);
    disks_reserve(disks, bare_image(bare, "disk"), a);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(berth_qemu_ask(bare->vm, true, "{\"do\":\"list\"}", &answer), 0);
    assert_non_null(strstr(answer, "\"ok\":true"));
    free(answer);
    assert_int_equal(atomic_load(&bare->lost), 0);
    assert_int_equal(berth_qemu_late(bare->vm), 4); /* one for each request to the agent */
    disks_close(disks);
}

/* Replies from before the fence are about requests of an earlier connection. */
static void test_replies_before_the_hello_are_dropped(void **state)
{
    struct bare *bare = *state;
    scsi *disks;
    struct disks_task task;
    uuid_t a;

    peer_keep_quiet(bare->agent);
    berth_qemu_disconnect(bare->vm);
    assert_int_equal(berth_qemu_connect(bare->vm), 0);
    assert_int_equal(berth_qemu_wait_agent(bare->vm, 20), -ETIMEDOUT);
    disks = disks_open(bare, NULL);
    peer_answers_to(bare->agent, "\"do\":\"mount\"", PEER_LATE, NULL);
    disks_reserve(disks, bare_image(bare, "disk"), a);
    disks_begin(&task, disks, disks_map, a);
    bare_wait_until(berth_qemu_in_flight(bare->vm) == 1 && bare_has_device(bare, "disk-0-0"));
    for (int id = 1; id < 10; id++) {
        char line[64];

        (void)snprintf(line, sizeof line, "{\"id\":%d,\"error\":\"EPERM\"}", id);
        peer_say(bare->agent, line);
    }
    peer_say(bare->agent, "{\"hello\":1}");
    bare_sleep(20);
    assert_int_equal(berth_qemu_in_flight(bare->vm), 1);
    assert_int_equal(berth_qemu_wait_agent(bare->vm, 0), -ETIMEDOUT);
    peer_hello(bare->agent);
    assert_int_equal(berth_qemu_wait_agent(bare->vm, BARE_REQUEST_MS), 0);
    assert_true(peer_hears(bare->agent, "\"do\":\"mount\"", 1));
    peer_release(bare->agent);
    assert_int_equal(disks_end(&task), 0);
    assert_int_equal(berth_qemu_late(bare->vm), 0);
    peer_answers_to(bare->agent, "", PEER_OK, NULL);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

static void test_what_the_guest_does_not_let_go_of_stays(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    uuid_t a;

    disks_reserve(disks, bare_image(bare, "disk"), a);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    peer_answers_to(bare->agent, "\"do\":\"unmount\"", PEER_REFUSES, "EBUSY");
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), -EBUSY);
    assert_int_equal(disks_mount_state(disks), SCSI_MOUNT_STATE_MOUNTED);
    peer_answers_to(bare->agent, "\"do\":\"eject\"", PEER_REFUSES, "EBUSY");
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), -EBUSY);
    assert_string_equal(seen.hook, "guest.eject");
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_ATTACHED);
    peer_answers_to(bare->agent, "\"do\":\"eject\"", PEER_UNSURE, "ETIMEDOUT");
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), -ETIMEDOUT);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_LEAVING);
    assert_true(bare_has_device(bare, "disk-0-0"));
    peer_answers_to(bare->agent, "", PEER_OK, NULL);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

/* A question that is refused is not answered. */
static void test_a_question_that_is_refused_is_asked_again(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    uuid_t a;

    peer_answers_to(bare->agent, "\"do\":\"mount\"", PEER_UNSURE, "EIO");
    disks_reserve(disks, bare_image(bare, "disk"), a);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), -EIO);
    peer_answers(bare->agent, PEER_REFUSES, "ENODEV");
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), -ENODEV);
    assert_int_equal(seen.outcome, BERTH_ANSWERED_UNKNOWN);
    assert_int_equal(disks_mount_state(disks), SCSI_MOUNT_STATE_SUSPECT);
    peer_answers(bare->agent, PEER_SAYS, "{\"id\":%lld,\"mounted\":true}");
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(peer_heard(bare->agent, "\"do\":\"mount\""), 1);
    peer_answers_to(bare->agent, "", PEER_OK, NULL);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

/* Takes away by hand what a manager could not, and was discarded for. */
static void take_away(struct bare *bare)
{
    free(bare_ask(bare, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"disk-0-0\"}}"));
    bare_wait_until(!bare_says(bare, "{\"execute\":\"query-block\"}", "node-0-0"));
    free(bare_ask(bare,
                  "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"node-0-0\"}}"));
}

/* Nothing is sent to a guest that cannot be spoken to, or about a controller without a name. */
static void unspoken(struct bare *bare, int error)
{
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    uuid_t a;

    disks_reserve(disks, bare_image(bare, "disk"), a);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), error);
    assert_string_equal(seen.hook, "guest.mount");
    assert_int_equal(seen.outcome, BERTH_FAILED);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), error);
    assert_string_equal(seen.hook, "guest.eject");
    assert_int_equal(seen.outcome, BERTH_FAILED);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_ATTACHED);
    disks_discard(disks);
    take_away(bare);
}

static void test_a_controller_without_a_name_is_refused(void **state)
{
    static const char *const none[1];
    struct bare *bare = *state;

    bare->options.controllers = none;
    bare->options.controller_count = 0;
    bare_open_again(bare);
    unspoken(bare, -ENODEV);
}

/* Then nobody ejects disks, so that they can be let go of. */
static void test_without_an_agent_the_guest_is_refused(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks;
    uuid_t a;

    berth_qemu_close(bare->vm);
    assert_int_equal(berth_qemu_open(bare->machine.qmp, NULL, &bare->options, &bare->vm), 0);
    assert_int_equal(berth_qemu_wait_agent(bare->vm, BARE_REQUEST_MS), -ENOTCONN);
    disks = disks_open(bare, &seen);
    disks_reserve(disks, bare_image(bare, "disk"), a);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), -ENOTCONN);
    assert_string_equal(seen.hook, "guest.mount");
    assert_int_equal(seen.outcome, BERTH_FAILED);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

static char told_hook[32], told_why[128];

static void note_refusal(void *ctx, const char *hook, const char *why)
{
    (void)ctx;
    (void)snprintf(told_hook, sizeof told_hook, "%s", hook);
    (void)snprintf(told_why, sizeof told_why, "%s", why);
}

/* An errno value says little. */
static void test_the_words_of_a_refusal_are_told(void **state)
{
    struct bare *bare = *state;
    scsi *disks;
    uuid_t a;

    bare->options.refused = note_refusal;
    bare_open_again(bare);
    disks = disks_open(bare, NULL);
    disks_reserve(disks, "json:{\"driver\":\"nosuch\"}", a);
    assert_int_not_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_string_equal(told_hook, "vm.add_disk");
    assert_non_null(strstr(told_why, "nosuch"));
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

/* A guest that has never answered was sent nothing, so nothing can happen later. */
static void test_a_guest_that_never_booted_has_failed(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks;
    uuid_t a;

    peer_keep_quiet(bare->agent);
    berth_qemu_disconnect(bare->vm);
    assert_int_equal(berth_qemu_connect(bare->vm), 0);
    disks = disks_open(bare, &seen);
    disks_reserve(disks, bare_image(bare, "disk"), a);
    assert_int_equal(disks_map(disks, a, berth_now() + 300000000), -ETIMEDOUT);
    assert_string_equal(seen.hook, "guest.mount");
    assert_int_equal(seen.outcome, BERTH_FAILED);
    assert_int_equal(disks_mount_state(disks), SCSI_MOUNT_STATE_FAILED);
    peer_hello(bare->agent);
    assert_int_equal(berth_qemu_wait_agent(bare->vm, BARE_REQUEST_MS), 0);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(peer_heard(bare->agent, "\"do\":\"mount\""), 0);
    disks_close(disks);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals_have_failed),
        cmocka_unit_test(test_names_that_are_no_error_are_told_as_eio),
        cmocka_unit_test(test_the_unsure_are_uncertain),
        cmocka_unit_test(test_silence_is_uncertain_and_the_request_is_cancelled),
        cmocka_unit_test(test_each_request_has_its_own_patience),
        cmocka_unit_test(test_late_answers_are_dropped),
        cmocka_unit_test(test_answers_in_another_order_find_their_requests),
        cmocka_unit_test(test_nonsense_is_survived),
        cmocka_unit_test(test_replies_before_the_hello_are_dropped),
        cmocka_unit_test(test_what_the_guest_does_not_let_go_of_stays),
        cmocka_unit_test(test_a_question_that_is_refused_is_asked_again),
        cmocka_unit_test(test_a_controller_without_a_name_is_refused),
        cmocka_unit_test(test_without_an_agent_the_guest_is_refused),
        cmocka_unit_test(test_a_guest_that_never_booted_has_failed),
        cmocka_unit_test(test_the_words_of_a_refusal_are_told),
    };

    return bare_run(tests);
}
