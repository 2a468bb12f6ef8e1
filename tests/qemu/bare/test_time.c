/* Time that is over: a QEMU that is frozen, callers that give up, a removal that never ends. */
#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "berth_qemu_pci_ports.h"
#include "support/disks.h"

/* More than a socket holds; QEMU reads it byte by byte, which takes a second. */
enum { HUGE = 240 * 1024 };

/* Freezes QEMU just before it is sent a line with this text, unless that is NULL. */
static const struct machine *frozen;
static _Atomic(const char *) frozen_before;

static void freeze_before(void *ctx, berth_qemu_line which, const char *line)
{
    const char *part = atomic_load(&frozen_before);

    (void)ctx;
    if (which == BERTH_QEMU_TO_QMP && part && strstr(line, part))
        machine_freeze(frozen);
}

static void open_freezing(struct bare *bare, const char *part)
{
    frozen = &bare->machine;
    atomic_store(&frozen_before, part);
    bare->options.trace = freeze_before;
    bare_open_again(bare);
}

static void thaw(const struct bare *bare, uint64_t late)
{
    machine_thaw(&bare->machine);
    bare_wait_until(berth_qemu_late(bare->vm) == late);
}

/* An add that nobody saw the end of, and whose node is there when QEMU goes on. */
static void cut_add(struct bare *bare, scsi *disks, const struct seen *seen, uuid_t a)
{
    disks_reserve(disks, bare_image(bare, "disk"), a);
    machine_freeze(&bare->machine);
    assert_int_equal(disks_map(disks, a, bare_within(BARE_PATIENCE_MS)), -ETIMEDOUT);
    assert_string_equal(seen->hook, "vm.add_disk");
    assert_int_equal(seen->outcome, BERTH_UNSURE);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_SUSPECT);
    assert_int_equal(berth_qemu_in_flight(bare->vm), 0);
    assert_int_equal(berth_qemu_late(bare->vm), 0);
}

static void test_letting_go_cleans_up_what_came_late(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    uuid_t a;

    cut_add(bare, disks, &seen, a);
    thaw(bare, 1);
    assert_int_equal(bare_nodes(bare), 1);
    assert_int_equal(bare_devices(bare), 0);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    bare_holds_nothing(bare);
    disks_close(disks);
}

static void test_the_retry_finds_no_disk_and_goes_on(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    uuid_t a;

    cut_add(bare, disks, &seen, a);
    machine_thaw(&bare->machine);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(berth_qemu_late(bare->vm), 1);
    assert_true(bare_has_device(bare, "disk-0-0"));
    assert_int_equal(bare_nodes(bare), 1);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

static void test_the_retry_finds_the_disk_and_adds_nothing(void **state)
{
    struct bare *bare = *state;
    scsi *disks;
    uuid_t a;

    open_freezing(bare, "\"device_add\"");
    disks = disks_open(bare, NULL);
    disks_reserve(disks, bare_image(bare, "disk"), a);
    assert_int_equal(disks_map(disks, a, bare_within(BARE_LONG_PATIENCE_MS)), -ETIMEDOUT);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_SUSPECT);
    thaw(bare, 1);
    assert_true(bare_has_device(bare, "disk-0-0"));
    atomic_store(&frozen_before, "\"blockdev-add\""); /* it would take for ever */
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    atomic_store(&frozen_before, NULL);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

static void test_a_question_that_nobody_answers_changes_nothing(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    uuid_t a;

    cut_add(bare, disks, &seen, a);
    assert_int_equal(disks_map(disks, a, bare_within(BARE_PATIENCE_MS)), -ETIMEDOUT);
    assert_string_equal(seen.hook, "vm.has_disk");
    assert_int_equal(seen.outcome, BERTH_ANSWERED_UNKNOWN);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_SUSPECT);
    thaw(bare, 2);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

static void test_a_removal_that_was_cut_goes_on(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks;
    uuid_t a;

    open_freezing(bare, "\"device_del\"");
    disks = disks_open(bare, &seen);
    disks_reserve(disks, bare_image(bare, "disk"), a);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(disks_unmap(disks, a, bare_within(BARE_LONG_PATIENCE_MS)), -ETIMEDOUT);
    assert_int_equal(seen.outcome, BERTH_UNSURE);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_EJECTED);
    thaw(bare, 1);
    bare_wait_until(bare_devices(bare) == 0);
    bare_wait_until(!bare_says(bare, "{\"execute\":\"query-block\"}", "node-0-0"));
    atomic_store(&frozen_before, NULL);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    bare_holds_nothing(bare);
    disks_close(disks);
}

static void test_a_request_ends_without_a_deadline_too(void **state)
{
    struct bare *bare = *state;
    scsi *disks;
    uuid_t a;

    bare->options.qmp_timeout_ms = BARE_PATIENCE_MS;
    bare_open_again(bare);
    disks = disks_open(bare, NULL);
    disks_reserve(disks, bare_image(bare, "disk"), a);
    machine_freeze(&bare->machine);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), -ETIMEDOUT);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_SUSPECT);
    assert_int_equal(berth_qemu_ask(bare->vm, false, "{\"execute\":\"query-status\"}", NULL),
                     -ETIMEDOUT);
    thaw(bare, 2);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

/* NULL: it was answered. */
static void *ask_for_much(void *arg)
{
    struct bare *bare = arg;
    int rc;
    char *request = malloc(HUGE + 64);
    int used = snprintf(request, 60, "{\"execute\":\"query-status\",\"arguments\":{\"x\":\"");

    memset(request + used, 'x', HUGE);
    (void)snprintf(request + used + HUGE, 4, "\"}}");
    rc = berth_qemu_ask(bare->vm, false, request, NULL);
    free(request);
    return rc == -ETIMEDOUT ? bare : NULL;
}

/* What QEMU did not take has no effect, now or later. */
static void test_what_was_not_sent_has_failed(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks;
    pthread_t thread;
    void *is_late;
    uuid_t a;

    bare->options.qmp_timeout_ms = 4 * BARE_REQUEST_MS;
    bare_open_again(bare);
    disks = disks_open(bare, &seen);
    disks_reserve(disks, bare_image(bare, "disk"), a);
    machine_freeze(&bare->machine);
    assert_int_equal(pthread_create(&thread, NULL, ask_for_much, bare), 0);
    bare_wait_until(berth_qemu_in_flight(bare->vm) == 1);
    assert_int_equal(disks_map(disks, a, bare_within(BARE_PATIENCE_MS)), -ETIMEDOUT);
    assert_int_equal(seen.outcome, BERTH_FAILED);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_FAILED);
    machine_thaw(&bare->machine);
    assert_int_equal(pthread_join(thread, &is_late), 0);
    assert_null(is_late);
    bare_holds_nothing(bare);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

/* A line that was sent in part is sent to its end: the next one must not continue it. */
static void test_what_was_sent_in_part_is_sent_to_its_end(void **state)
{
    struct bare *bare = *state;
    int rc = -ETIMEDOUT;

    bare->options.qmp_timeout_ms = BARE_LONG_PATIENCE_MS;
    bare_open_again(bare);
    machine_freeze(&bare->machine);
    assert_non_null(ask_for_much(bare));
    assert_int_equal(berth_qemu_in_flight(bare->vm), 0);
    machine_thaw(&bare->machine);
    for (int i = 0; i < 20 && rc == -ETIMEDOUT; i++)
        rc = berth_qemu_ask(bare->vm, false, "{\"execute\":\"query-status\"}", NULL);
    assert_int_equal(rc, 0);
    bare->options.qmp_timeout_ms = BARE_REQUEST_MS;
    bare_open_again(bare);
}

struct end {
    atomic_int rc;
    atomic_bool is_told;
};

static void tell_end(void *arg, int rc)
{
    struct end *end = arg;

    atomic_store(&end->rc, rc);
    atomic_store(&end->is_told, true);
}

static void test_a_started_operation_is_cancelled(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    struct end end = {0, false};
    scsi_op op;
    uuid_t a;

    disks_reserve(disks, bare_image(bare, "disk"), a);
    machine_freeze(&bare->machine);
    assert_int_equal(
        scsi_map_to_guest_start(disks, &op, a, NULL, 0, BERTH_NO_DEADLINE, NULL, tell_end, &end),
        0);
    assert_int_equal(scsi_cancel(disks, &op), 0);
    bare_wait_until(atomic_load(&end.is_told));
    assert_int_equal(atomic_load(&end.rc), -ECANCELED);
    assert_int_equal(seen.outcome, BERTH_UNSURE);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_SUSPECT);
    thaw(bare, 1);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

/* A discard takes all back that can be: nobody waits for what is under way. */
static void test_a_discard_ends_what_waits(void **state)
{
    struct bare *bare = *state;
    scsi *disks = disks_open(bare, NULL);
    struct disks_task task;
    uuid_t a;

    disks_reserve(disks, bare_image(bare, "disk"), a);
    machine_freeze(&bare->machine);
    disks_begin(&task, disks, disks_map, a);
    bare_wait_until(berth_qemu_in_flight(bare->vm) == 1);
    assert_int_equal(scsi_discard(disks), 0);
    assert_int_equal(disks_end(&task), -ECANCELED);
    disks_close(disks);
    thaw(bare, 1);
    free(bare_ask(bare,
                  "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"node-0-0\"}}"));
}

/* Many short deadlines, each of which must be told as what it is. */
static void test_a_deadline_is_never_told_as_a_cancelling(void **state)
{
    struct bare *bare = *state;
    scsi *disks = disks_open(bare, NULL);
    uuid_t a;

    disks_reserve(disks, bare_image(bare, "disk"), a);
    peer_answers_to(bare->agent, "\"do\":\"mount", PEER_SILENT, NULL);
    for (int i = 0; i < 100; i++)
        assert_int_equal(disks_map(disks, a, bare_within(2 + i % 3)), -ETIMEDOUT);
    peer_answers(bare->agent, PEER_OK, NULL);
    peer_answers_to(bare->agent, "", PEER_OK, NULL);
    bare_wait_until(disks_unmap(disks, a, BERTH_NO_DEADLINE) == 0);
    disks_close(disks);
}

static unsigned pci_state;

static int note_state(void *arg, const pci_ports_item *item)
{
    (void)arg;
    pci_state = item->state;
    return 0;
}

static unsigned state_of(pci_ports *devices)
{
    assert_int_equal(pci_ports_for_each(devices, note_state, NULL), 0);
    return pci_state;
}

/* Nobody answers the eject button of a processor that does not run. */
static void test_a_removal_that_never_ends_can_be_discarded(void **state)
{
    struct bare *bare = *state;
    const pci_ports_backend backend = berth_qemu_pci_ports(bare->vm);
    pci_ports_device_config device = PCI_PORTS_DEVICE_CONFIG_DEFAULT;
    pci_ports *devices;
    uuid_t a;

    assert_int_equal(pci_ports_create(NULL, &backend, NULL, &devices, NULL), 0);
    device.host = "json:{\"driver\":\"virtio-rng-pci\"}";
    assert_int_equal(pci_ports_reserve(devices, &device, a, NULL), 0);
    assert_int_equal(pci_ports_add_to_vm(devices, a, NULL), 0);
    assert_int_equal(state_of(devices), PCI_PORTS_DEVICE_STATE_READY);
    for (int i = 0; i < 2; i++) { /* the second is told: in the process of unplug */
        assert_int_equal(
            pci_ports_remove_from_vm_until(devices, a, bare_within(BARE_PATIENCE_MS), NULL),
            -ETIMEDOUT);
        assert_int_equal(state_of(devices), PCI_PORTS_DEVICE_STATE_SUSPECT);
    }
    assert_int_equal(pci_ports_add_to_vm(devices, a, NULL), 0);
    assert_int_equal(state_of(devices), PCI_PORTS_DEVICE_STATE_READY);
    assert_true(bare_has_device(bare, "pci-port0"));
    assert_int_equal(pci_ports_discard(devices), 0);
    assert_int_equal(pci_ports_destroy(devices, NULL), 0);
    atomic_store(&bare->spent, true);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letting_go_cleans_up_what_came_late),
        cmocka_unit_test(test_the_retry_finds_no_disk_and_goes_on),
        cmocka_unit_test(test_the_retry_finds_the_disk_and_adds_nothing),
        cmocka_unit_test(test_a_question_that_nobody_answers_changes_nothing),
        cmocka_unit_test(test_a_removal_that_was_cut_goes_on),
        cmocka_unit_test(test_a_request_ends_without_a_deadline_too),
        cmocka_unit_test(test_what_was_not_sent_has_failed),
        cmocka_unit_test(test_what_was_sent_in_part_is_sent_to_its_end),
        cmocka_unit_test(test_a_started_operation_is_cancelled),
        cmocka_unit_test(test_a_discard_ends_what_waits),
        cmocka_unit_test(test_a_deadline_is_never_told_as_a_cancelling),
        cmocka_unit_test(test_a_removal_that_never_ends_can_be_discarded),
    };

    return bare_run(tests);
}
