#define _GNU_SOURCE /* strerrorname_np */

#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "devices.h"
#include "mounts.h"

enum { WAIT_MS = 5000, READ_MAX = 4096 };

/* A member, or what stands for it. */
static const char *get_text(struct json_object *request, const char *name, const char *otherwise)
{
    struct json_object *found = NULL;

    return json_object_object_get_ex(request, name, &found) &&
                   json_object_is_type(found, json_type_string)
               ? json_object_get_string(found)
               : otherwise;
}

static int get_int(struct json_object *request, const char *name, int otherwise)
{
    struct json_object *found = NULL;

    return json_object_object_get_ex(request, name, &found) &&
                   json_object_is_type(found, json_type_int)
               ? json_object_get_int(found)
               : otherwise;
}

static bool get_bool(struct json_object *request, const char *name)
{
    struct json_object *found = NULL;

    return json_object_object_get_ex(request, name, &found) && json_object_get_boolean(found);
}

static struct disk get_disk(struct json_object *request)
{
    return (struct disk){.controller = get_text(request, "controller", ""),
                         .lun = get_int(request, "lun", -1)};
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Tries again while the device is on its way: a node is there before it can be used (ENXIO), a share
 * before the driver knows its tag (EINVAL). The host cancels what takes longer than it waits.
 */
static int work_until(struct json_object *request, int (*try)(struct json_object *request))
{
    int64_t end = now_ms() + get_int(request, "wait_ms", WAIT_MS);
    int rc;

    for (;;) {
        rc = try(request);
        if ((rc != -ENODEV && rc != -ENXIO && rc != -EAGAIN) || now_ms() >= end)
            return rc;
        (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}

static int try_mount(struct json_object *request)
{
    struct json_object *options = NULL;
    const char *tag = get_text(request, "tag", NULL);
    char node[64];
    struct mount_wish wish = {.source = tag ? tag : node,
                              .path = get_text(request, "path", ""),
                              .type = tag ? "virtiofs" : get_text(request, "type", ""),
                              .read_only = get_bool(request, "read_only")};
    int rc;

    if (json_object_object_get_ex(request, "options", &options) &&
        json_object_is_type(options, json_type_array))
        wish.options = options;
    if (!tag) {
        struct disk disk = get_disk(request);

        rc = disk_node(&disk, (unsigned)get_int(request, "partition", 0), node, sizeof node);
        if (rc != 0)
            return rc;
        if (get_bool(request, "link"))
            return mounts_link(node, wish.path);
    }
    rc = mounts_add(&wish);
    return tag && rc == -EINVAL ? -EAGAIN : rc;
}

static int work_mount(struct json_object *request, struct json_object *answer)
{
    const char *path = get_text(request, "path", "");

    (void)answer;
    if (!is_clean_path(path))
        return -EINVAL;
    return mounts_have(path) ? -EEXIST : work_until(request, try_mount);
}

static int work_unmount(struct json_object *request, struct json_object *answer)
{
    const char *path = get_text(request, "path", "");

    (void)answer;
    return is_clean_path(path) ? mounts_remove(path) : -EINVAL;
}

static int work_mounted(struct json_object *request, struct json_object *answer)
{
    const char *path = get_text(request, "path", "");

    if (!is_clean_path(path))
        return -EINVAL;
    json_object_object_add(answer, "mounted", json_object_new_boolean(mounts_have(path)));
    return 0;
}

static int work_eject(struct json_object *request, struct json_object *answer)
{
    struct disk disk = get_disk(request);

    (void)answer;
    return disk_eject(&disk);
}

static int try_port(struct json_object *request)
{
    return port_has_device(get_text(request, "port", ""));
}

static int work_wait(struct json_object *request, struct json_object *answer)
{
    (void)answer;
    return work_until(request, try_port);
}

static int work_list(struct json_object *request, struct json_object *answer)
{
    (void)request;
    mounts_list(answer);
    devices_list(answer);
    return 0;
}

/* The beginning of a file, as text: what is no printable ASCII becomes '?'. */
static int work_read(struct json_object *request, struct json_object *answer)
{
    int fd = open(get_text(request, "path", ""), O_RDONLY | O_CLOEXEC);
    char text[READ_MAX];
    ssize_t size;
    int rc = 0;

    if (fd < 0)
        return -errno;
    size = read(fd, text, sizeof text);
    if (size < 0)
        rc = -errno;
    (void)close(fd);
    for (ssize_t i = 0; i < size; i++)
        if ((text[i] < ' ' && text[i] != '\n') || text[i] > '~')
            text[i] = '?';
    if (rc == 0)
        json_object_object_add(answer, "text", json_object_new_string_len(text, (int)size));
    return rc;
}

static int work_write(struct json_object *request, struct json_object *answer)
{
    const char *text = get_text(request, "text", "");
    int fd = open(get_text(request, "path", ""), O_WRONLY | O_CREAT | O_CLOEXEC | O_TRUNC, 0644);
    int rc = 0;

    (void)answer;
    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        rc = errno != 0 ? -errno : -EIO;
    if (rc == 0 && get_bool(request, "sync") && fsync(fd) < 0)
        rc = -errno;
    (void)close(fd);
    return rc;
}

static const struct {
    const char *name;
    int (*run)(struct json_object *request, struct json_object *answer);
} works[] = {
    {"mount", work_mount}, {"unmount", work_unmount}, {"mounted", work_mounted},
    {"eject", work_eject}, {"wait", work_wait},       {"list", work_list},
    {"read", work_read},   {"write", work_write},
};

static int work_run(struct json_object *request, struct json_object *answer)
{
    const char *wanted = get_text(request, "do", "");

    for (size_t i = 0; i < sizeof works / sizeof *works; i++)
        if (strcmp(works[i].name, wanted) == 0)
            return works[i].run(request, answer);
    return -ENOSYS;
}

void work(struct json_object *request, int64_t number, int to)
{
    struct json_object *answer = json_object_new_object();
    const char *text;
    int rc;

    json_object_object_add(answer, "id", json_object_new_int64(number));
    rc = work_run(request, answer);
    if (rc == 0) {
        json_object_object_add(answer, "ok", json_object_new_boolean(true));
    } else {
        const char *name = strerrorname_np(-rc);

        json_object_object_add(answer, "error", json_object_new_string(name ? name : "EIO"));
        json_object_object_add(answer, "unsure", json_object_new_boolean(false));
        json_object_object_add(answer, "why", json_object_new_string(strerror(-rc)));
    }
    text = json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN);
    for (size_t sent = 0, size = strlen(text); sent < size;) {
        ssize_t written = write(to, text + sent, size - sent);

        if (written < 0 && errno != EINTR)
            break;
        sent += written > 0 ? (size_t)written : 0;
    }
    json_object_put(answer);
}
