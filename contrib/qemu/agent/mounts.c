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

/* Makes the folders above `path`, and itself unless `made` is NULL: was it made? */
static int mounts_make_folders(const char *path, bool *made)
{
    char folder[PATH_MAX];
    int rc;

    for (const char *end = strchr(path + 1, '/');; end = strchr(end + 1, '/')) {
        size_t size = end ? (size_t)(end - path) : strlen(path);

        if (!end && !made)
            return 0;
        memcpy(folder, path, size);
        folder[size] = '\0';
        rc = mkdir(folder, 0755) < 0 ? -errno : 0;
        if (rc != 0 && rc != -EEXIST)
            return rc;
        if (!end) {
            *made = rc == 0;
            return 0;
        }
    }
}

/* Options of mount(8) that set or clear flags of mount(2). */
static const struct flag {
    const char *name;
    unsigned long set, clear;
} mounts_flags[] = {
    {"defaults", 0, 0},           {"ro", MS_RDONLY, 0},
    {"rw", 0, MS_RDONLY},         {"nosuid", MS_NOSUID, 0},
    {"suid", 0, MS_NOSUID},       {"nodev", MS_NODEV, 0},
    {"dev", 0, MS_NODEV},         {"noexec", MS_NOEXEC, 0},
    {"exec", 0, MS_NOEXEC},       {"noatime", MS_NOATIME, 0},
    {"atime", 0, MS_NOATIME},     {"nodiratime", MS_NODIRATIME, 0},
    {"relatime", MS_RELATIME, 0}, {"strictatime", MS_STRICTATIME, 0},
    {"sync", MS_SYNCHRONOUS, 0},  {"async", 0, MS_SYNCHRONOUS},
    {"dirsync", MS_DIRSYNC, 0},
};

static const struct flag *mounts_flag(const char *option)
{
    for (size_t i = 0; i < sizeof mounts_flags / sizeof *mounts_flags; i++)
        if (strcmp(mounts_flags[i].name, option) == 0)
            return &mounts_flags[i];
    return NULL;
}

/* Splits options into flags and what the file system reads itself. */
static int mounts_split(struct json_object *options, unsigned long *flags, char *data)
{
    size_t count = options ? json_object_array_length(options) : 0, used = 0;

    data[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *option = json_object_get_string(json_object_array_get_idx(options, i));
        const struct flag *flag = mounts_flag(option);
        int size;

        if (flag) {
            *flags = (*flags | flag->set) & ~flag->clear;
            continue;
        }
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
    unsigned long flags = 0;
    char data[DATA_MAX];
    bool made;
    int rc = mounts_split(wish->options, &flags, data);

    if (rc == 0)
        rc = mounts_make_folders(wish->path, &made);
    if (rc != 0)
        return rc;
    if (wish->read_only)
        flags |= MS_RDONLY;
    if (wish->type[0] == '\0')
        rc = mounts_any_type(wish, flags, data);
    else
        rc = mount(wish->source, wish->path, wish->type, flags, data) == 0 ? 0 : -errno;
    if (rc != 0 && made)
        (void)rmdir(wish->path);
    return rc;
}

int mounts_link(const char *node, const char *path)
{
    int rc = mounts_make_folders(path, NULL);

    if (rc == 0 && symlink(node, path) < 0)
        rc = -errno;
    return rc;
}

static bool is_link(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0 && S_ISLNK(found.st_mode);
}

/* Nothing is there, or no mount. */
static bool is_absent(int error)
{
    return error == EINVAL || error == ENOENT || error == ENOTDIR;
}

int mounts_remove(const char *path)
{
    if (umount2(path, UMOUNT_NOFOLLOW) == 0) {
        (void)rmdir(path); /* nobody needs it; if somebody else put something there, it stays */
        return 0;
    }
    if (!is_absent(errno))
        return -errno;
    /* Only now: to look at a share that hangs would hang as well. */
    if (is_link(path))
        return unlink(path) == 0 ? 0 : -errno;
    return mounts_have(path) == 0 ? 0 : -EINVAL; /* of another namespace: not ours to unmount */
}

/* In mountinfo "\040" is a blank, and so on: three octal digits. */
static void mounts_decode(char *path)
{
    char *to = path;

    for (const char *from = path; *from; to++) {
        if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* Calls `is` for each mount until it says true: 1, else 0, or a negative errno value. */
static int mounts_find(bool (*is)(void *arg, const char *number, const char *path), void *arg)
{
    FILE *file = fopen("/proc/self/mountinfo", "re");
    char *line = NULL, *rest, *words[5];
    size_t room = 0;
    int rc = 0;

    if (!file)
        return -errno;
    while (rc == 0 && getline(&line, &room, file) > 0) {
        words[0] = strtok_r(line, " ", &rest);
        for (int i = 1; i < 5; i++)
            words[i] = words[i - 1] ? strtok_r(NULL, " ", &rest) : NULL;
        if (!words[4])
            continue;
        mounts_decode(words[4]);
        rc = is(arg, words[2], words[4]);
    }
    if (rc == 0 && !feof(file))
        rc = -EIO;
    free(line);
    (void)fclose(file);
    return rc;
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

/* The path as the kernel names it: without links in the folders above. The last part is not looked
 * at, since a share there may hang. */
static int mounts_real(const char *path, char *real)
{
    const char *last = strrchr(path, '/');
    char above[PATH_MAX];
    size_t size;

    (void)snprintf(above, sizeof above, "%.*s", last == path ? 1 : (int)(last - path), path);
    if (!realpath(above, real))
        return -errno;
    size = strlen(real);
    if (size == 1)
        size = 0;
    if (size + strlen(last) >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(real + size, last, strlen(last) + 1);
    return 0;
}

int mounts_have(const char *path)
{
    char real[PATH_MAX];
    int rc = mounts_real(path, real);

    if (rc != 0)
        return is_absent(-rc) ? 0 : rc;
    rc = mounts_find(is_path, real);
    return rc != 0 ? rc : is_link(path);
}

int mounts_have_device(const char *number)
{
    char copy[32];

    (void)snprintf(copy, sizeof copy, "%s", number);
    return mounts_find(is_number, copy);
}

int mounts_list(struct json_object *answer)
{
    struct json_object *list = json_object_new_array();
    int rc = mounts_find(add_path, list);

    json_object_object_add(answer, "mounts", list);
    return rc;
}
