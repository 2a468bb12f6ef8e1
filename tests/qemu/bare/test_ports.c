/* Root ports and virtiofsd: given back after each end, by a monitor that does as a test tells. */
#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "berth_qemu_virtiofs.h"
#include "support/plugs.h"

enum { PORTS = 2 };

/* One manager, connected to a monitor that a script plays. */
struct scene {
    struct bare *bare;
    const struct plugs *plugs;
    struct peer *qmp;
    struct seen seen;
    void *manager;
    unsigned descriptors;
};

static void open_scene(struct scene *scene, struct bare *bare, const struct plugs *plugs)
{
    const char *path = bare_file(bare, "other.sock");

    *scene = (struct scene){.bare = bare, .plugs = plugs};
    berth_qemu_close(bare->vm);
    bare_wait_until(plugs_children(bare) == 0);
    scene->qmp = peer_start(path, PEER_QMP);
    bare->options.port_count = PORTS;
    bare->options.virtiofsd = plugs_sleeper;
    assert_int_equal(berth_qemu_open(path, bare->agent_path, &bare->options, &bare->vm), 0);
    assert_int_equal(berth_qemu_wait_agent(bare->vm, BARE_REQUEST_MS), 0);
    scene->manager = plugs->open(bare, &scene->seen);
    scene->descriptors = bare_descriptors();
}

/* Nothing is left, neither in the manager nor of virtiofsd. */
static void close_scene(struct scene *scene)
{
    struct bare *bare = scene->bare;

    assert_int_equal(scene->plugs->close(scene->manager), 0);
    assert_int_equal(plugs_children(bare), 0);
    assert_int_equal(plugs_sockets(bare), 0);
    bare_wait_until(bare_descriptors() == scene->descriptors); /* the peers accept in their time */
    assert_int_equal(berth_qemu_in_flight(bare->vm), 0);
    bare_open_again(bare);
    peer_end(scene->qmp);
}

static void reserve(const struct scene *scene, unsigned number, uuid_t reservation)
{
    plugs_reserve(scene->bare, scene->plugs, scene->manager, number, reservation);
}

static int add(const struct scene *scene, const uuid_t reservation)
{
    return scene->plugs->add(scene->manager, reservation, BERTH_NO_DEADLINE);
}

static int take(const struct scene *scene, const uuid_t reservation)
{
    return scene->plugs->remove(scene->manager, reservation, BERTH_NO_DEADLINE);
}

static void for_each_kind(void **state, void (*test)(struct scene *scene))
{
    for (int i = 0; i < PLUGS_KINDS; i++) {
        struct scene scene;

        open_scene(&scene, *state, &plugs_of[i]);
        test(&scene);
        close_scene(&scene);
    }
}

static void ports_run_out(struct scene *scene)
{
    uuid_t a, b, c;

    reserve(scene, 0, a);
    reserve(scene, 1, b);
    reserve(scene, 2, c);
    assert_int_equal(add(scene, a), 0);
    assert_int_equal(add(scene, b), 0);
    assert_int_equal(plugs_children(scene->bare), scene->plugs->are_shares ? 2 : 0);
    assert_int_equal(plugs_sockets(scene->bare), scene->plugs->are_shares ? 2 : 0);
    assert_int_equal(add(scene, c), -ENOSPC);
    assert_int_equal(scene->seen.outcome, BERTH_FAILED);
    assert_int_equal(peer_heard(scene->qmp, "\"device_add\""), 2);
    assert_int_equal(peer_heard(scene->qmp, "\"bus\":\"port0\""), 1);
    assert_int_equal(peer_heard(scene->qmp, "\"bus\":\"port1\""), 1);
    assert_int_equal(take(scene, c), 0);
    assert_int_equal(take(scene, a), 0);
    reserve(scene, 3, c);
    assert_int_equal(add(scene, c), 0);
    assert_int_equal(peer_heard(scene->qmp, "\"bus\":\"port0\""), 2);
    assert_int_equal(take(scene, b), 0);
    assert_int_equal(take(scene, c), 0);
}

static void test_ports_run_out_and_are_given_back(void **state)
{
    for_each_kind(state, ports_run_out);
}

static void device_is_refused(struct scene *scene)
{
    uuid_t a;

    peer_answers_to(scene->qmp, "\"device_add\"", PEER_REFUSES, "it is told to");
    for (unsigned i = 0; i < PORTS + 1; i++) {
        reserve(scene, 0, a);
        assert_int_equal(add(scene, a), -EIO);
        assert_int_equal(scene->seen.outcome, BERTH_FAILED);
        assert_int_equal(plugs_children(scene->bare), 0);
        assert_int_equal(plugs_sockets(scene->bare), 0);
        assert_int_equal(peer_heard(scene->qmp, "\"chardev-remove\""),
                         scene->plugs->are_shares ? i + 1 : 0);
        assert_int_equal(take(scene, a), 0);
    }
    peer_answers_to(scene->qmp, "", PEER_OK, NULL);
    for (unsigned i = 0; i < PORTS; i++) {
        uuid_t b;

        reserve(scene, i, b);
        assert_int_equal(add(scene, b), 0);
        assert_int_equal(take(scene, b), 0);
    }
}

static void test_a_refused_device_gives_its_port_back(void **state)
{
    for_each_kind(state, device_is_refused);
}

static void removal_is_refused(struct scene *scene)
{
    uuid_t a, b;

    reserve(scene, 0, a);
    assert_int_equal(add(scene, a), 0);
    peer_answers_to(scene->qmp, "\"device_del\"", PEER_REFUSES, "Device is busy");
    assert_int_equal(take(scene, a), -EBUSY);
    assert_int_equal(scene->seen.outcome, BERTH_FAILED);
    assert_int_equal(plugs_children(scene->bare), scene->plugs->are_shares ? 1 : 0);
    peer_answers_to(scene->qmp, "\"device_del\"", PEER_REFUSES, "Device 'x' not found");
    assert_int_equal(take(scene, a), 0);
    peer_answers_to(scene->qmp, "", PEER_OK, NULL);
    reserve(scene, 1, a);
    reserve(scene, 2, b);
    assert_int_equal(add(scene, a), 0);
    assert_int_equal(add(scene, b), 0);
    assert_int_equal(take(scene, a), 0);
    assert_int_equal(take(scene, b), 0);
}

static void test_a_refused_removal_keeps_everything(void **state)
{
    for_each_kind(state, removal_is_refused);
}

/* The try that nobody saw the end of has a port, and keeps it in the next. */
static void add_is_late(struct scene *scene)
{
    uuid_t a, b;

    reserve(scene, 0, a);
    reserve(scene, 1, b);
    assert_int_equal(add(scene, a), 0);
    peer_answers_to(scene->qmp, "\"device_add\"", PEER_SILENT, NULL);
    assert_int_equal(scene->plugs->add(scene->manager, b, bare_within(BARE_LONG_PATIENCE_MS)),
                     -ETIMEDOUT);
    assert_int_equal(scene->seen.outcome, BERTH_UNSURE);
    assert_int_equal(plugs_children(scene->bare), scene->plugs->are_shares ? 2 : 0);
    assert_int_equal(take(scene, a), 0);
    peer_answers_to(scene->qmp, "\"qom-list\"", PEER_SAYS, "{\"id\":%lld,\"return\":[]}");
    assert_int_equal(add(scene, b), 0);
    assert_int_equal(peer_heard(scene->qmp, "\"bus\":\"port0\""), 1);
    assert_int_equal(peer_heard(scene->qmp, "\"bus\":\"port1\""), 2);
    assert_int_equal(take(scene, b), 0);
    peer_answers_to(scene->qmp, "", PEER_OK, NULL);
}

static void test_a_second_try_has_the_port_of_the_first(void **state)
{
    for_each_kind(state, add_is_late);
}

/* What a manager was discarded for may go later: then its port is free. */
static void gone_after_discard(struct scene *scene)
{
    static const char *const names[PLUGS_KINDS] = {"share-plan9-0", "share-0", NULL, "pci-port0"};
    const char *name = names[scene->plugs - plugs_of];
    char line[128];
    uuid_t a, b;

    if (!name)
        return; /* the manager chose it at random */
    scene->bare->options.port_count = 1;
    berth_qemu_close(scene->bare->vm);
    assert_int_equal(scene->plugs->close(scene->manager), 0);
    assert_int_equal(berth_qemu_open(bare_file(scene->bare, "other.sock"), scene->bare->agent_path,
                                     &scene->bare->options, &scene->bare->vm),
                     0);
    scene->manager = scene->plugs->open(scene->bare, &scene->seen);
    reserve(scene, 0, a);
    assert_int_equal(add(scene, a), 0);
    assert_int_equal(scene->plugs->discard(scene->manager), 0);
    (void)snprintf(line, sizeof line, "{\"event\":\"DEVICE_DELETED\",\"data\":{\"device\":\"%s\"}}",
                   name);
    peer_say(scene->qmp, line);
    assert_int_equal(berth_qemu_ask(scene->bare->vm, false, "{\"execute\":\"x\"}", NULL), 0);
    reserve(scene, 1, b);
    assert_int_equal(add(scene, b), 0);
    assert_int_equal(take(scene, b), 0);
    berth_qemu_close(scene->bare->vm); /* ends the first virtiofsd */
    assert_int_equal(berth_qemu_open(bare_file(scene->bare, "other.sock"), scene->bare->agent_path,
                                     &scene->bare->options, &scene->bare->vm),
                     0);
    scene->bare->options.port_count = MACHINE_PORTS;
}

static void test_a_port_is_free_when_its_device_goes(void **state)
{
    for_each_kind(state, gone_after_discard);
}

static void for_shares(void **state, void (*test)(struct scene *scene))
{
    for (int i = 0; i < PLUGS_KINDS; i++) {
        struct scene scene;

        if (!plugs_of[i].are_shares)
            continue;
        open_scene(&scene, *state, &plugs_of[i]);
        test(&scene);
        peer_answers_to(scene.qmp, "", PEER_OK, NULL);
        close_scene(&scene);
    }
}

/* It is removed and added again, once; or it is in use. */
static void channel_is_there(struct scene *scene)
{
    uuid_t a;

    reserve(scene, 0, a);
    peer_answers_to(scene->qmp, "\"chardev-add\"", PEER_REFUSES, "it already exists");
    assert_int_equal(add(scene, a), -EEXIST);
    assert_int_equal(scene->seen.outcome, BERTH_FAILED);
    assert_int_equal(peer_heard(scene->qmp, "\"chardev-add\""), 2);
    assert_int_equal(peer_heard(scene->qmp, "\"chardev-remove\""), 1);
    assert_int_equal(plugs_children(scene->bare), 0);
    assert_int_equal(take(scene, a), 0);
    peer_answers(scene->qmp, PEER_REFUSES, "it is busy");
    reserve(scene, 0, a);
    assert_int_equal(add(scene, a), -EBUSY);
    assert_int_equal(scene->seen.outcome, BERTH_FAILED);
    assert_int_equal(peer_heard(scene->qmp, "\"chardev-remove\""), 2);
    assert_int_equal(plugs_children(scene->bare), 0);
    assert_int_equal(take(scene, a), 0);
    peer_answers(scene->qmp, PEER_OK, NULL);
}

static void test_a_channel_that_was_left_over_is_replaced(void **state)
{
    for_shares(state, channel_is_there);
}

static void channel_stays(struct scene *scene)
{
    uuid_t a;

    reserve(scene, 0, a);
    assert_int_equal(add(scene, a), 0);
    peer_answers_to(scene->qmp, "\"chardev-remove\"", PEER_REFUSES, "it is busy");
    assert_int_equal(take(scene, a), -EBUSY);
    assert_int_equal(scene->seen.outcome, BERTH_UNSURE);
    assert_int_equal(plugs_children(scene->bare), 1);
    peer_answers_to(scene->qmp, "", PEER_OK, NULL);
    assert_int_equal(take(scene, a), 0);
}

static void test_a_channel_that_stays_is_let_go_of_later(void **state)
{
    for_shares(state, channel_stays);
}

static void mount_is_uncertain(struct scene *scene)
{
    struct peer *agent = scene->bare->agent;
    unsigned mounts = peer_heard(agent, "\"do\":\"mount\"");
    uuid_t a;

    reserve(scene, 0, a);
    peer_answers_to(agent, "\"do\":\"mount\"", PEER_UNSURE, "ETIMEDOUT");
    assert_int_equal(add(scene, a), -ETIMEDOUT);
    assert_int_equal(scene->seen.outcome, BERTH_UNSURE);
    peer_answers_to(agent, "\"do\":\"mounted\"", PEER_REFUSES, "EIO");
    assert_int_equal(add(scene, a), -EIO);
    assert_int_equal(scene->seen.outcome, BERTH_ANSWERED_UNKNOWN);
    peer_answers_to(agent, "", PEER_OK, NULL);
    assert_int_equal(add(scene, a), 0);
    assert_int_equal(peer_heard(agent, "\"do\":\"mount\""), mounts + 2);
    assert_int_equal(take(scene, a), 0);
}

static void test_an_uncertain_mount_is_asked_for(void **state)
{
    for_shares(state, mount_is_uncertain);
}

/* The arguments of virtiofsd, word by word: commas in the name of a folder separate nothing. */
static void test_virtiofsd_is_told_what_to_share(void **state)
{
    const char *const notes[] = {"sh", "-c", "printf '<%s>' \"$@\" >\"$0\"; exec sleep 1000",
                                 bare_file(*state, "words"), NULL};
    struct bare *bare = *state;
    const virtiofs_mount_config mount = {.read_only = true};
    struct scene scene;
    virtiofs_share_config share = {.read_only = true};
    char words[512] = "", wanted[512];
    uuid_t a;

    open_scene(&scene, bare, &plugs_of[1]);
    bare->options.virtiofsd = notes;
    bare->options.virtiofsd_read_only = "--readonly";
    berth_qemu_close(bare->vm);
    assert_int_equal(scene.plugs->close(scene.manager), 0);
    assert_int_equal(
        berth_qemu_open(bare_file(bare, "other.sock"), bare->agent_path, &bare->options, &bare->vm),
        0);
    scene.manager = scene.plugs->open(bare, NULL);
    share.host_path = bare_file(bare, "a,b\\c");
    assert_int_equal(mkdir(share.host_path, 0755), 0);
    assert_int_equal(virtiofs_reserve(scene.manager, &share, &mount, a, NULL), 0);
    assert_int_equal(add(&scene, a), 0);
    (void)snprintf(wanted, sizeof wanted, "<--fd=3><-o><source=%s/a\\,b\\\\c><--readonly>",
                   bare->folder);
    for (int i = 0; i < 1000 && strlen(words) < strlen(wanted); i++) {
        FILE *file = fopen(notes[3], "re");

        bare_sleep(5);
        if (file)
            words[fread(words, 1, sizeof words - 1, file)] = '\0';
        if (file)
            (void)fclose(file);
    }
    assert_string_equal(words, wanted);
    assert_true(peer_hears(bare->agent, "\"read_only\":true", 1));
    assert_int_equal(take(&scene, a), 0);
    close_scene(&scene);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ports_run_out_and_are_given_back),
        cmocka_unit_test(test_a_refused_device_gives_its_port_back),
        cmocka_unit_test(test_a_refused_removal_keeps_everything),
        cmocka_unit_test(test_a_second_try_has_the_port_of_the_first),
        cmocka_unit_test(test_a_channel_that_was_left_over_is_replaced),
        cmocka_unit_test(test_a_channel_that_stays_is_let_go_of_later),
        cmocka_unit_test(test_an_uncertain_mount_is_asked_for),
        cmocka_unit_test(test_virtiofsd_is_told_what_to_share),
        cmocka_unit_test(test_a_port_is_free_when_its_device_goes),
    };

    return bare_run(tests);
}
