/*
 * A disk, a virtual machine, and what goes wrong between them:
 *
 *   1. two callers share a disk: it is added and mounted once, and goes with the last of them;
 *   2. a file system is damaged: the mount fails, everything is taken back, and after a repair it
 *      works;
 *   3. the machine is paused while a caller waits: nobody knows whether the guest has mounted. When
 *      the machine goes on, the manager looks, and goes on from what it finds.
 *
 * In the end QEMU and the guest are asked what they have.
 *
 *   qemu IMAGE        the folder of the kernel and the initramfs; see image.py
 *   qemu crash IMAGE  another story: a program is killed while the machine runs on; see crash.h
 */
#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "berth_qemu_scsi.h"
#include "crash.h"
#include "disk.h"
#include "machine.h"
#include "story.h"

enum { BOOT_MS = 60000, PATIENCE_MS = 700 };

struct example {
    struct machine machine;
    berth_qemu *vm;
    scsi *disks;
    char folder[64], good[96], bad[96];
};

static void fail(const char *what, int rc)
{
    (void)fprintf(stderr, "%s: %s\n", what, strerror(-rc));
    exit(1);
}

static void expect(const char *what, int rc, int wanted)
{
    if (rc != wanted)
        fail(what, rc != 0 ? rc : -EPROTO);
}

static void setup(struct example *example, const char *image)
{
    const struct machine_config config = {.image = image, .folder = example->folder};
    const berth_config traced = {.trace = story_manager};
    berth_qemu_options options = machine_options();
    scsi_backend backend;
    berth_error error;

    if (!mkdtemp(example->folder))
        fail(example->folder, -errno);
    (void)snprintf(example->good, sizeof example->good, "%s/good.img", example->folder);
    (void)snprintf(example->bad, sizeof example->bad, "%s/damaged.img", example->folder);
    expect(example->good, disk_make(example->good, "Hello from the disk.\n"), 0);
    expect(example->bad, disk_make(example->bad, "Hello after the repair.\n"), 0);
    expect(example->bad, disk_damage(example->bad), 0);

    story_begin();
    story_tell("A virtual machine boots. Its first process is the agent that serves the guest.");
    expect("qemu-system-x86_64", machine_start(&example->machine, &config), 0);
    options.folder = example->folder;
    options.trace = story_line;
    expect("QMP",
           berth_qemu_open(example->machine.qmp, example->machine.agent, &options, &example->vm),
           0);
    expect("the guest", berth_qemu_wait_agent(example->vm, BOOT_MS), 0);
    backend = berth_qemu_scsi(example->vm);
    expect("scsi_create", scsi_create(NULL, &backend, &traced, &example->disks, &error), 0);
}

static void reserve(struct example *example, const char *image, uuid_t reservation)
{
    scsi_disk_config disk = SCSI_DISK_CONFIG_DEFAULT;
    scsi_mount_config mount = SCSI_MOUNT_CONFIG_DEFAULT;
    berth_error error;

    disk.host_path = image;
    disk.read_only = true;
    mount.partition = 1;
    mount.read_only = true;
    expect("scsi_reserve", scsi_reserve(example->disks, &disk, &mount, reservation, &error), 0);
}

static int map(struct example *example, const char *who, const uuid_t reservation, int64_t deadline)
{
    char path[SCSI_MOUNT_GUEST_PATH_SIZE], what[96];
    berth_error error;
    int rc =
        scsi_map_to_guest_until(example->disks, reservation, path, sizeof path, deadline, &error);

    (void)snprintf(what, sizeof what, "%s: scsi_map_to_guest", who);
    story_ended(what, rc, &error);
    return rc;
}

static void unmap(struct example *example, const char *who, const uuid_t reservation)
{
    char what[96];
    berth_error error;
    int rc = scsi_unmap_from_guest(example->disks, reservation, &error);

    (void)snprintf(what, sizeof what, "%s: scsi_unmap_from_guest", who);
    story_ended(what, rc, &error);
    expect(what, rc, 0);
}

static void share_a_disk(struct example *example)
{
    uuid_t a, b;

    story_tell(
        "1. A and B want the same disk. A's call adds and mounts it; B's call finds it there.");
    reserve(example, example->good, a);
    reserve(example, example->good, b);
    expect("A", map(example, "A", a, BERTH_NO_DEADLINE), 0);
    expect("B", map(example, "B", b, BERTH_NO_DEADLINE), 0);
    expect("the guest reads",
           berth_qemu_ask(example->vm, true,
                          "{\"do\":\"read\",\"path\":\"/run/mounts/scsi/0_0_1/hello\"}", NULL),
           0);
    story_tell("A lets go: B still uses it, so nothing is called. B lets go: it is taken away.");
    unmap(example, "A", a);
    unmap(example, "B", b);
}

static void survive_damage(struct example *example)
{
    uuid_t c, d;

    story_tell("2. C's disk has a damaged file system. The disk is added, and the mount fails.");
    reserve(example, example->bad, c);
    if (map(example, "C", c, BERTH_NO_DEADLINE) == 0)
        fail("a damaged file system was mounted", -EPROTO);
    story_tell("C lets go of what it got: the guest ejects the disk, and QEMU removes it.");
    unmap(example, "C", c);
    story_tell("The file system is repaired, and D's try works.");
    expect("repair", disk_repair(example->bad), 0);
    reserve(example, example->bad, d);
    expect("D", map(example, "D", d, BERTH_NO_DEADLINE), 0);
    unmap(example, "D", d);
}

static void survive_a_pause(struct example *example)
{
    uuid_t e;

    story_tell(
        "3. The machine is paused. QEMU still adds E's disk, but the guest does not answer:\n"
        "   after %d ms E gives up. Nobody knows whether the guest has mounted it, or will.",
        PATIENCE_MS);
    reserve(example, example->good, e);
    expect("stop", machine_pause(example->vm), 0);
    if (map(example, "E", e, berth_now() + (int64_t)PATIENCE_MS * 1000000) == 0)
        fail("a paused guest has mounted", -EPROTO);
    story_tell(
        "The machine goes on. E tries again: the manager asks the guest what it has, and goes\n"
        "   on from the answer.");
    expect("cont", machine_resume(example->vm), 0);
    expect("E", map(example, "E", e, BERTH_NO_DEADLINE), 0);
    unmap(example, "E", e);
}

/* Asks QEMU and the guest, not the manager. */
static void ask_at_the_end(struct example *example)
{
    char *disks = NULL, *guest = NULL;

    story_tell(
        "At the end QEMU is asked for its block nodes, and the guest for its disks and mounts.");
    expect("query-named-block-nodes",
           berth_qemu_ask(example->vm, false, "{\"execute\":\"query-named-block-nodes\"}", &disks),
           0);
    expect("list", berth_qemu_ask(example->vm, true, "{\"do\":\"list\"}", &guest), 0);
    if (strcmp(disks, "[]") != 0 || !strstr(guest, "\"mounts\":[]") ||
        !strstr(guest, "\"disks\":[]")) {
        (void)fprintf(stderr, "left behind: %s %s\n", disks, guest);
        exit(1);
    }
    (void)printf("\nQEMU and the guest hold nothing.\n");
    free(disks);
    free(guest);
}

static void teardown(struct example *example)
{
    static const char *const files[] = {"good.img",   "damaged.img", "qmp.sock",
                                        "agent.sock", "serial.txt",  "qemu.txt"};
    char path[128];
    berth_error error;

    expect("scsi_destroy", scsi_destroy(example->disks, &error), 0);
    berth_qemu_close(example->vm);
    machine_end(&example->machine);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", example->folder, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(example->folder);
}

int main(int argc, char **argv)
{
    struct example example = {.folder = "/tmp/berth-qemu-XXXXXX"};
    int status = 2;

    if (argc > 2 && strcmp(argv[1], "crash") == 0)
        status = crash_main(argc - 2, argv + 2);
    if (argc != 2) {
        if (status == 2)
            (void)fprintf(stderr, "usage: qemu [crash] IMAGE, the folder of vmlinuz and initramfs;"
                                  " crash.h has the arguments of crash\n");
        return status;
    }
    setup(&example, argv[1]);
    share_a_disk(&example);
    survive_damage(&example);
    survive_a_pause(&example);
    ask_at_the_end(&example);
    teardown(&example);
    return 0;
}
