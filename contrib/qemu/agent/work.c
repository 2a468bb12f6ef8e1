#define _GNU_SOURCE /* strerrorname_np */

#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "devices.h"
#include "mounts.h"

enum { WAIT_MS = 5000, READ_MAX = 4096 };

const char *work_text(struct json_object *request, const char *name)
{
    struct json_object *found = NULL;
    const char *text;

    if (!json_object_object_get_ex(request, name, &found) ||
        !json_object_is_type(found, json_type_string))
        return NULL;
    text = json_object_get_string(found);
    return strlen(text) == (size_t)json_object_get_string_len(found) ? text : NULL;
}

/* The type of each member. A member of another type is refused, so that it is not taken for one
 * that is missing. Members that are not listed are for later versions. */
static const struct {
    const char *name;
    json_type type;
} members[] = {
    {"controller", json_type_string}, {"lun", json_type_int},
    {"partition", json_type_int},     {"path", json_type_string},
    {"type", json_type_string},       {"tag", json_type_string},
    {"options", json_type_array},     {"read_only", json_type_boolean},
    {"link", json_type_boolean},      {"wait_ms", json_type_int},
    {"port", json_type_string},       {"text", json_type_string},
    {"sync", json_type_boolean},
};

/* Texts have no zero bytes, numbers go from 0 to INT_MAX, and options are texts. */
static bool is_valid(struct json_object *request, const char *name, struct json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_string:
        return work_text(request, name) != NULL;
    case json_type_int:
        return json_object_get_int64(value) >= 0 && json_object_get_int64(value) <= INT_MAX;
    case json_type_array:
        for (size_t i = 0; i < json_object_array_length(value); i++)
            if (!json_object_is_type(json_object_array_get_idx(value, i), json_type_string))
                return false;
        return true;
    default:
        return true;
    }
}

/* The first member that is not what it has to be; NULL: all are. */
static const char *find_invalid(struct json_object *request)
{
    struct json_object *value;

    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (json_object_object_get_ex(request, members[i].name, &value) &&
            (!json_object_is_type(value, members[i].type) ||
             !is_valid(request, members[i].name, value)))
            return members[i].name;
    return NULL;
}

/* Members of a request that was looked through, or what stands for one that is missing. */
static const char *get_text(struct json_object *request, const char *name, const char *otherwise)
{
    const char *found = work_text(request, name);

    return found ? found : otherwise;
}

static int get_int(struct json_object *request, const char *name, int otherwise)
{
    struct json_object *found = NULL;

    return json_object_object_get_ex(request, name, &found) ? json_object_get_int(found)
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
 * Tries again while the answer is -EAGAIN: the device is on its way. A node is there before it can
 * be used (ENXIO), a share before the driver knows its tag (EINVAL). The host cancels what takes
 * longer than it waits.
 */
static int work_until(struct json_object *request, int (*try)(struct json_object *request))
{
    int64_t end = now_ms() + get_int(request, "wait_ms", WAIT_MS);
    int rc;

    while ((rc = try(request)) == -EAGAIN) {
        if (now_ms() >= end)
            return -ENODEV;
        (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    return rc;
}

/* The disk's node, or that of a partition of it. */
static int find_node(struct json_object *request, char *node, size_t size)
{
    struct disk disk = get_disk(request);
    int rc = disk_node(&disk, (unsigned)get_int(request, "partition", 0), node, size);

    return rc == -ENODEV ? -EAGAIN : rc;
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
    int rc = tag ? 0 : find_node(request, node, sizeof node);

    if (json_object_object_get_ex(request, "options", &options))
        wish.options = options;
    if (rc != 0)
        return rc;
    if (!tag && get_bool(request, "link"))
        return mounts_link(node, wish.path);
    rc = mounts_add(&wish);
    return rc == -ENXIO || (tag && rc == -EINVAL) ? -EAGAIN : rc;
}

static int work_mount(struct json_object *request, struct json_object *answer)
{
    const char *path = get_text(request, "path", "");
    int rc = is_clean_path(path) ? mounts_have(path) : -EINVAL;

    (void)answer;
    if (rc != 0)
        return rc < 0 ? rc : -EEXIST;
    return work_until(request, try_mount);
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
    int rc = is_clean_path(path) ? mounts_have(path) : -EINVAL;

    if (rc < 0)
        return rc;
    json_object_object_add(answer, "mounted", json_object_new_boolean(rc));
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
    int rc = port_has_device(get_text(request, "port", ""));

    return rc == -ENODEV ? -EAGAIN : rc;
}

static int work_wait(struct json_object *request, struct json_object *answer)
{
    (void)answer;
    return work_until(request, try_port);
}

static int work_list(struct json_object *request, struct json_object *answer)
{
    int rc = mounts_list(answer);

    (void)request;
    return rc != 0 ? rc : devices_list(answer);
}

/* Opens what the request's path names. */
static int open_path(struct json_object *request, int flags)
{
    const char *path = get_text(request, "path", "");
    int fd;

    if (!is_clean_path(path))
        return -EINVAL;
    fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0644);
    return fd < 0 ? -errno : fd;
}

/* The beginning of a file, as text: what is no printable ASCII becomes '?'. */
static int work_read(struct json_object *request, struct json_object *answer)
{
    int fd = open_path(request, O_RDONLY), rc = 0;
    char text[READ_MAX];
    ssize_t size;

    if (fd < 0)
        return fd;
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
    int fd = open_path(request, O_WRONLY | O_CREAT | O_TRUNC), rc = 0;
    ssize_t size;

    (void)answer;
    if (fd < 0)
        return fd;
    size = write(fd, text, strlen(text));
    if (size != (ssize_t)strlen(text))
        rc = size < 0 ? -errno : -ENOSPC;
    if (rc == 0 && get_bool(request, "sync") && fsync(fd) < 0)
        rc = -errno;
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
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

static void write_all(int to, const char *text, size_t size)
{
    while (size != 0) {
        ssize_t written = write(to, text, size);

        if (written < 0 && errno != EINTR)
            return;
        text += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
}

void work(struct json_object *request, int64_t number, int to)
{
    struct json_object *answer = json_object_new_object();
    const char *invalid = find_invalid(request), *text;
    int rc = invalid ? -EINVAL : 0;

    json_object_object_add(answer, "id", json_object_new_int64(number));
    if (rc == 0)
        rc = work_run(request, answer);
    if (rc == 0) {
        json_object_object_add(answer, "ok", json_object_new_boolean(true));
    } else {
        const char *name = strerrorname_np(-rc);
        char why[128];

        (void)snprintf(why, sizeof why, "%s%s%s", invalid ? invalid : "", invalid ? ": " : "",
                       strerror(-rc));
        json_object_object_add(answer, "error", json_object_new_string(name ? name : "EIO"));
        json_object_object_add(answer, "unsure", json_object_new_boolean(false));
        json_object_object_add(answer, "why", json_object_new_string(why));
    }
    text = json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN);
    if (text)
        write_all(to, text, strlen(text));
    json_object_put(answer);
}
