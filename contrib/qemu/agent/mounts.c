#define _GNU_SOURCE

#include "mounts.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DATA_MAX = 1024 };

bool is_clean_path(const char *path)
{
    if (path[0] != '/' || strlen(path) >= PATH_MAX)
        return false;
    for (const char *part = path; *part;) {
        size_t size = strcspn(++part, "/");

        if (size == 0 || (size == 1 && part[0] == '.') || strncmp(part, "../", 3) == 0 ||
            strcmp(part, "..") == 0)
            return false;
        part += size;
    }
    return true;
}

/* Makes the folders above `path`, and itself if `whole`. */
static int mounts_make_folders(const char *path, bool whole)
{
    char folder[PATH_MAX];

    for (const char *end = strchr(path + 1, '/');; end = strchr(end + 1, '/')) {
        size_t size = end ? (size_t)(end - path) : strlen(path);

        if (!end && !whole)
            return 0;
        memcpy(folder, path, size);
        folder[size] = '\0';
        if (mkdir(folder, 0755) < 0 && errno != EEXIST)
            return -errno;
        if (!end)
            return 0;
    }
}

/* Options of mount(8) that are flags of mount(2). */
static const struct {
    const char *name;
    unsigned long flag;
} mounts_flags[] = {
    {"ro", MS_RDONLY},        {"nosuid", MS_NOSUID},     {"nodev", MS_NODEV},
    {"noexec", MS_NOEXEC},    {"noatime", MS_NOATIME},   {"nodiratime", MS_NODIRATIME},
    {"sync", MS_SYNCHRONOUS}, {"relatime", MS_RELATIME},
};

static unsigned long mounts_flag(const char *option)
{
    for (size_t i = 0; i < sizeof mounts_flags / sizeof *mounts_flags; i++)
        if (strcmp(mounts_flags[i].name, option) == 0)
            return mounts_flags[i].flag;
    return 0;
}

/* Splits options into flags and what the file system reads itself. */
static int mounts_split(struct json_object *options, unsigned long *flags, char *data)
{
    size_t count = options ? json_object_array_length(options) : 0, used = 0;

    data[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *option = json_object_get_string(json_object_array_get_idx(options, i));
        unsigned long flag = option ? mounts_flag(option) : 0;
        int size;

        *flags |= flag;
        if (!option || flag != 0)
            continue;
        size = snprintf(data + used, DATA_MAX - used, "%s%s", used != 0 ? "," : "", option);
        if (size < 0 || (size_t)size >= DATA_MAX - used)
            return -E2BIG;
        used += (size_t)size;
    }
    return 0;
}

/*
 * Tries each file system of the kernel that needs a device. A wrong one says EINVAL, or EBUSY where
 * the device is mounted already; any other error is that of the right one.
 */
static int mounts_any_type(const struct mount_wish *wish, unsigned long flags, const char *data)
{
    FILE *file = fopen("/proc/filesystems", "re");
    char line[128], type[64];
    int found = -ENODEV;

    if (!file)
        return -errno;
    while (found != 0 && fgets(line, sizeof line, file)) {
        int rc;

        if (line[0] != '\t' || sscanf(line, "%63s", type) != 1)
            continue;
        rc = mount(wish->source, wish->path, type, flags, data) == 0 ? 0 : -errno;
        if (found == -ENODEV || (rc != -EINVAL && rc != -EBUSY && rc != -ENODEV))
            found = rc;
    }
    (void)fclose(file);
    return found;
}

int mounts_add(const struct mount_wish *wish)
{
    unsigned long flags = wish->read_only ? MS_RDONLY : 0;
    char data[DATA_MAX];
    int rc = mounts_split(wish->options, &flags, data);

    if (rc == 0)
        rc = mounts_make_folders(wish->path, true);
    if (rc != 0)
        return rc;
    if (wish->type[0] == '\0')
        rc = mounts_any_type(wish, flags, data);
    else
        rc = mount(wish->source, wish->path, wish->type, flags, data) == 0 ? 0 : -errno;
    if (rc != 0)
        (void)rmdir(wish->path);
    return rc;
}

int mounts_link(const char *node, const char *path)
{
    int rc = mounts_make_folders(path, false);

    if (rc == 0 && symlink(node, path) < 0)
        rc = -errno;
    return rc;
}

static bool is_link(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0 && S_ISLNK(found.st_mode);
}

int mounts_remove(const char *path)
{
    if (is_link(path))
        return unlink(path) == 0 ? 0 : -errno;
    if (umount2(path, UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
        return -errno;
    (void)rmdir(path); /* nobody needs it; if somebody else put something there, it stays */
    return 0;
}

/* Calls `is` for each mount until it says true. Paths with spaces are not decoded: ours have none. */
static bool mounts_find(bool (*is)(void *arg, const char *number, const char *path), void *arg)
{
    FILE *file = fopen("/proc/self/mountinfo", "re");
    char *line = NULL, number[32], path[1024];
    size_t room = 0;
    bool found = false;

    if (!file)
        return false;
    while (!found && getline(&line, &room, file) > 0)
        if (sscanf(line, "%*s %*s %31s %*s %1023s", number, path) == 2)
            found = is(arg, number, path);
    free(line);
    (void)fclose(file);
    return found;
}

static bool is_path(void *arg, const char *number, const char *path)
{
    (void)number;
    return strcmp(arg, path) == 0;
}

static bool is_number(void *arg, const char *number, const char *path)
{
    (void)path;
    return strcmp(arg, number) == 0;
}

static bool add_path(void *arg, const char *number, const char *path)
{
    (void)number;
    if (strncmp(path, "/run/mounts/", strlen("/run/mounts/")) == 0)
        json_object_array_add(arg, json_object_new_string(path));
    return false;
}

bool mounts_have(const char *path)
{
    char copy[PATH_MAX];

    (void)snprintf(copy, sizeof copy, "%s", path);
    return is_link(path) || mounts_find(is_path, copy);
}

bool mounts_have_device(const char *number)
{
    char copy[32];

    (void)snprintf(copy, sizeof copy, "%s", number);
    return mounts_find(is_number, copy);
}

void mounts_list(struct json_object *answer)
{
    struct json_object *list = json_object_new_array();

    (void)mounts_find(add_path, list);
    json_object_object_add(answer, "mounts", list);
}
