/* A monitor that says what a real one seldom does. */
#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "berth_qemu_pci_ports.h"
#include "support/disks.h"
#include "support/plugs.h"

#define DELETED "{\"event\":\"DEVICE_DELETED\",\"data\":{\"device\":\"disk-0-0\"}}"
#define REFUSED "{\"event\":\"DEVICE_UNPLUG_GUEST_ERROR\",\"data\":{\"device\":\"disk-0-0\"}}"
#define ANSWER "{\"id\":%lld,\"return\":{}}"

/* Disks of a monitor that a script plays. */
struct scene {
    struct bare *bare;
    struct peer *qmp;
    struct seen seen;
    scsi *disks;
};

static void open_scene(struct scene *scene, void **state)
{
    struct bare *bare = *state;
    const char *path = bare_file(bare, "other.sock");

    *scene = (struct scene){.bare = bare, .qmp = peer_start(path, PEER_QMP)};
    berth_qemu_close(bare->vm);
    assert_int_equal(berth_qemu_open(path, bare->agent_path, &bare->options, &bare->vm), 0);
    assert_int_equal(berth_qemu_wait_agent(bare->vm, BARE_REQUEST_MS), 0);
    scene->disks = disks_open(bare, &scene->seen);
}

static void close_scene(const struct scene *scene)
{
    assert_int_equal(berth_qemu_in_flight(scene->bare->vm), 0);
    disks_close(scene->disks);
    bare_open_again(scene->bare);
    peer_end(scene->qmp);
}

static int add(const struct scene *scene, uuid_t reservation)
{
    disks_reserve(scene->disks, "/disk", reservation);
    return disks_map(scene->disks, reservation, BERTH_NO_DEADLINE);
}

static int take(const struct scene *scene, const uuid_t reservation)
{
    return disks_unmap(scene->disks, reservation, BERTH_NO_DEADLINE);
}

static void test_refusals_are_told_by_their_text(void **state)
{
    static const struct {
        const char *text;
        int error;
    } texts[] = {
        {"Duplicate ID 'x'", -EEXIST}, /* and what is left over cannot be removed, either */
        {"Could not open 'x': No such file or directory", -ENOENT},
        {"Device 'x' not found", -ENOENT},
        {"Failed to find node", -ENOENT},
        {"Cannot find device", -ENOENT},
        {"Could not open 'x': Permission denied", -EACCES},
        {"Node 'x' is busy: in the process of unplug", -EALREADY},
        {"guest is busy", -EBUSY},
        {"Node 'x' is in use", -EBUSY},
        {"Failed to get shared lock", -EBUSY},
        {"The device is already attached", -EBUSY},
        {"No space left on device", -ENOSPC},
        {"no slot/function available", -ENOSPC},
        {"Bus 'x' does not support hotplugging", -EOPNOTSUPP},
        {"Block node is read-only", -EROFS},
        {"Connection refused", -ECONNREFUSED},
        {"", -EIO},
        {"'in use", -EIO},
        {"something else", -EIO},
    };
    struct scene scene;

    open_scene(&scene, state);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uuid_t a;

        peer_answers(scene.qmp, PEER_REFUSES, texts[i].text);
        if (texts[i].text[0] == '\0')
            peer_answers(scene.qmp, PEER_SAYS, "{\"id\":%lld,\"error\":{}}");
        assert_int_equal(add(&scene, a), texts[i].error);
        assert_int_equal(scene.seen.outcome, BERTH_FAILED);
        assert_int_equal(take(&scene, a), 0);
    }
    close_scene(&scene);
}

/* Whatever has the name comes back, or was not removed: one more try is enough. */
static void test_a_name_that_is_always_taken_is_refused(void **state)
{
    struct scene scene;
    uuid_t a;

    open_scene(&scene, state);
    peer_answers_to(scene.qmp, "\"blockdev-add\"", PEER_REFUSES, "Duplicate nodes");
    assert_int_equal(add(&scene, a), -EEXIST);
    assert_int_equal(scene.seen.outcome, BERTH_FAILED);
    assert_int_equal(peer_heard(scene.qmp, "\"blockdev-add\""), 2);
    assert_int_equal(peer_heard(scene.qmp, "\"blockdev-del\""), 1);
    assert_int_equal(take(&scene, a), 0);
    close_scene(&scene);
}

/* Both the device and the way back are refused: the node may be there. */
static void test_what_cannot_be_taken_back_is_uncertain(void **state)
{
    struct scene scene;
    uuid_t a;

    open_scene(&scene, state);
    peer_answers(scene.qmp, PEER_REFUSES, "Node is in use");
    peer_answers_to(scene.qmp, "\"blockdev-add\"", PEER_OK, NULL);
    assert_int_equal(add(&scene, a), -EBUSY);
    assert_int_equal(scene.seen.outcome, BERTH_UNSURE);
    assert_int_equal(disks_state(scene.disks), SCSI_DISK_STATE_SUSPECT);
    peer_answers(scene.qmp, PEER_OK, NULL);
    assert_int_equal(take(&scene, a), 0);
    close_scene(&scene);
}

static void test_what_is_gone_need_not_be_taken_back(void **state)
{
    struct scene scene;
    uuid_t a;

    open_scene(&scene, state);
    peer_answers(scene.qmp, PEER_REFUSES, "Failed to find node");
    peer_answers_to(scene.qmp, "\"blockdev-add\"", PEER_OK, NULL);
    assert_int_equal(add(&scene, a), -ENOENT);
    assert_int_equal(scene.seen.outcome, BERTH_FAILED);
    peer_answers(scene.qmp, PEER_OK, NULL);
    assert_int_equal(take(&scene, a), 0);
    close_scene(&scene);
}

static void test_an_event_may_come_before_its_reply(void **state)
{
    struct scene scene;
    uuid_t a;

    open_scene(&scene, state);
    assert_int_equal(add(&scene, a), 0);
    peer_answers_to(scene.qmp, "\"device_del\"", PEER_SAYS, DELETED "\n" ANSWER);
    assert_int_equal(take(&scene, a), 0);
    close_scene(&scene);
}

static void test_only_the_event_of_its_device_counts(void **state)
{
    static const char *const others[] = {
        "{\"event\":\"DEVICE_DELETED\",\"data\":{\"device\":\"disk-0-1\"}}",
        "{\"event\":\"DEVICE_DELETED\",\"data\":{\"path\":\"/machine/peripheral/disk-0-0\"}}",
        "{\"event\":\"DEVICE_DELETED\"}",
        "{\"event\":\"STOP\",\"data\":{\"device\":\"disk-0-0\"}}",
        "{\"return\":{}}",
        "{\"error\":{\"class\":\"GenericError\",\"desc\":\"no JSON\"}}",
        "{\"id\":0,\"return\":{}}"};
    struct scene scene;
    struct disks_task task;
    uuid_t a;

    open_scene(&scene, state);
    assert_int_equal(add(&scene, a), 0);
    peer_answers_to(scene.qmp, "\"device_del\"", PEER_SAYS, ANSWER);
    disks_begin(&task, scene.disks, disks_unmap, a);
    assert_true(peer_hears(scene.qmp, "\"device_del\"", 1));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        peer_say(scene.qmp, others[i]);
    assert_int_equal(berth_qemu_ask(scene.bare->vm, false, "{\"execute\":\"x\"}", NULL), 0);
    assert_int_equal(berth_qemu_in_flight(scene.bare->vm), 1);
    assert_int_equal(peer_heard(scene.qmp, "\"blockdev-del\""), 0);
    peer_say(scene.qmp, DELETED);
    assert_int_equal(disks_end(&task), 0);
    close_scene(&scene);
}

/* The guest refuses before QEMU has answered, or afterwards. */
static void test_a_guest_that_keeps_a_device_has_it(void **state)
{
    static const char *const answers[] = {REFUSED "\n" ANSWER, ANSWER "\n" REFUSED};
    struct scene scene;
    uuid_t a;

    open_scene(&scene, state);
    assert_int_equal(add(&scene, a), 0);
    for (int i = 0; i < 2; i++) {
        peer_answers_to(scene.qmp, "\"device_del\"", PEER_SAYS, answers[i]);
        assert_int_equal(take(&scene, a), -EBUSY);
        assert_int_equal(scene.seen.outcome, BERTH_FAILED);
        assert_int_equal(disks_state(scene.disks), SCSI_DISK_STATE_EJECTED);
    }
    peer_answers_to(scene.qmp, "", PEER_OK, NULL);
    assert_int_equal(take(&scene, a), 0);
    close_scene(&scene);
}

static void test_what_is_in_the_process_of_unplug_is_waited_for(void **state)
{
    struct scene scene;
    struct disks_task task;
    uuid_t a;

    open_scene(&scene, state);
    assert_int_equal(add(&scene, a), 0);
    peer_answers_to(scene.qmp, "\"device_del\"", PEER_REFUSES,
                    "Device disk-0-0 is already in the process of unplug");
    disks_begin(&task, scene.disks, disks_unmap, a);
    assert_true(peer_hears(scene.qmp, "\"device_del\"", 1));
    assert_int_equal(berth_qemu_ask(scene.bare->vm, false, "{\"execute\":\"x\"}", NULL), 0);
    assert_int_equal(berth_qemu_in_flight(scene.bare->vm), 1);
    peer_say(scene.qmp, DELETED);
    assert_int_equal(disks_end(&task), 0);
    close_scene(&scene);
}

/* Its name is free, but not its node: the event that is still to come is the sign. */
static void test_a_node_of_what_is_going_is_waited_for(void **state)
{
    struct scene scene;
    struct disks_task task;
    uuid_t a;

    open_scene(&scene, state);
    assert_int_equal(add(&scene, a), 0);
    peer_answers(scene.qmp, PEER_REFUSES, "Device 'disk-0-0' not found");
    peer_answers_to(scene.qmp, "\"blockdev-del\"", PEER_REFUSES, "Node is in use");
    disks_begin(&task, scene.disks, disks_unmap, a);
    assert_true(peer_hears(scene.qmp, "\"blockdev-del\"", 1));
    assert_int_equal(berth_qemu_in_flight(scene.bare->vm), 1);
    peer_answers_to(scene.qmp, "", PEER_OK, NULL);
    peer_answers(scene.qmp, PEER_OK, NULL);
    peer_say(scene.qmp, DELETED);
    assert_int_equal(disks_end(&task), 0);
    assert_int_equal(peer_heard(scene.qmp, "\"blockdev-del\""), 2);
    close_scene(&scene);
}

/* The event overtakes the refusal: one more try, which is the last. */
static void test_a_node_that_nothing_uses_any_more_is_not_waited_for(void **state)
{
    struct scene scene;
    uuid_t a;

    open_scene(&scene, state);
    assert_int_equal(add(&scene, a), 0);
    peer_answers(scene.qmp, PEER_REFUSES, "Device 'disk-0-0' not found");
    peer_answers_to(scene.qmp, "\"blockdev-del\"", PEER_SAYS,
                    DELETED "\n{\"id\":%lld,\"error\":{\"desc\":\"Node is in use\"}}");
    assert_int_equal(take(&scene, a), -EBUSY);
    assert_int_equal(scene.seen.outcome, BERTH_UNSURE);
    assert_int_equal(peer_heard(scene.qmp, "\"blockdev-del\""), 2);
    peer_answers_to(scene.qmp, "", PEER_OK, NULL);
    assert_int_equal(take(&scene, a), 0);
    close_scene(&scene);
}

static void test_nonsense_is_survived(void **state)
{
    struct scene scene;
    uuid_t a;

    open_scene(&scene, state);
    peer_answers(scene.qmp, PEER_GARBAGE, NULL);
    peer_answers_to(scene.qmp, "\"device_del\"", PEER_OK, NULL);
    assert_int_equal(add(&scene, a), 0);
    assert_int_equal(take(&scene, a), 0);
    assert_int_equal(atomic_load(&scene.bare->lost), 0);
    close_scene(&scene);
}

/* A list that is none tells nothing; an empty one does. */
static void test_lists_that_are_none_answer_no_question(void **state)
{
    struct scene scene;
    uuid_t a;

    open_scene(&scene, state);
    peer_answers_to(scene.qmp, "\"device_add\"", PEER_SILENT, NULL);
    disks_reserve(scene.disks, "/disk", a);
    assert_int_equal(disks_map(scene.disks, a, bare_within(BARE_LONG_PATIENCE_MS)), -ETIMEDOUT);
    assert_int_equal(disks_map(scene.disks, a, BERTH_NO_DEADLINE), -EPROTO);
    assert_int_equal(scene.seen.outcome, BERTH_ANSWERED_UNKNOWN);
    peer_answers_to(scene.qmp, "\"qom-list\"", PEER_SAYS,
                    "{\"id\":%lld,\"return\":[7,{\"name\":7},{\"name\":\"disk-0-0\"}]}");
    assert_int_equal(disks_map(scene.disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(peer_heard(scene.qmp, "\"device_add\""), 1);
    peer_answers_to(scene.qmp, "", PEER_OK, NULL);
    assert_int_equal(take(&scene, a), 0);
    close_scene(&scene);
}

/* The program's own requests get the answer, also when it is a refusal. */
static void test_own_requests_are_answered(void **state)
{
    struct scene scene;
    char *answer = NULL;

    open_scene(&scene, state);
    peer_answers(scene.qmp, PEER_REFUSES, "Device 'x' not found");
    assert_int_equal(berth_qemu_ask(scene.bare->vm, false, "{\"execute\":\"x\"}", &answer),
                     -ENOENT);
    assert_non_null(answer);
    assert_non_null(strstr(answer, "not found"));
    free(answer);
    assert_int_equal(berth_qemu_ask(scene.bare->vm, false, "{\"execute\":\"x\"", &answer), -EINVAL);
    assert_null(answer);
    assert_int_equal(berth_qemu_ask(scene.bare->vm, false, "[]", NULL), -EINVAL);
    close_scene(&scene);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals_are_told_by_their_text),
        cmocka_unit_test(test_a_name_that_is_always_taken_is_refused),
        cmocka_unit_test(test_what_cannot_be_taken_back_is_uncertain),
        cmocka_unit_test(test_what_is_gone_need_not_be_taken_back),
        cmocka_unit_test(test_an_event_may_come_before_its_reply),
        cmocka_unit_test(test_only_the_event_of_its_device_counts),
        cmocka_unit_test(test_a_guest_that_keeps_a_device_has_it),
        cmocka_unit_test(test_what_is_in_the_process_of_unplug_is_waited_for),
        cmocka_unit_test(test_a_node_of_what_is_going_is_waited_for),
        cmocka_unit_test(test_a_node_that_nothing_uses_any_more_is_not_waited_for),
        cmocka_unit_test(test_nonsense_is_survived),
        cmocka_unit_test(test_lists_that_are_none_answer_no_question),
        cmocka_unit_test(test_own_requests_are_answered),
    };

    return bare_run(tests);
}
