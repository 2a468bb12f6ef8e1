#define _GNU_SOURCE /* asprintf */

#include "devices.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mounts.h"

bool is_pci_address(const char *text)
{
    static const char form[] = "hhhh:hh:hh.h";

    for (size_t i = 0; i < sizeof form; i++)
        if (form[i] == 'h' ? !isxdigit((unsigned char)text[i]) : text[i] != form[i])
            return false;
    return true;
}

/* The files that a pattern names: 0, -ENODEV, or what went wrong. */
static int devices_glob(const char *pattern, glob_t *names)
{
    int rc = glob(pattern, 0, NULL, names);

    if (rc == 0)
        return 0;
    return rc == GLOB_NOMATCH ? -ENODEV : rc == GLOB_NOSPACE ? -ENOMEM : -EIO;
}

/* The first one. */
static int devices_first(const char *pattern, char *found, size_t size)
{
    glob_t names;
    int rc = devices_glob(pattern, &names);

    if (rc != 0)
        return rc;
    rc = (size_t)snprintf(found, size, "%s", names.gl_pathv[0]) < size ? 0 : -ENAMETOOLONG;
    globfree(&names);
    return rc;
}

static void disk_pattern(const struct disk *disk, const char *below, char *pattern, size_t size)
{
    (void)snprintf(pattern, size, "/sys/bus/pci/devices/%s/virtio*/host*/target*:0:0/*:0:0:%d%s",
                   disk->controller, disk->lun, below);
}

/* The device's folder in sysfs; `below` goes on from there. */
static int disk_path(const struct disk *disk, const char *below, char *path, size_t size)
{
    char pattern[160];

    if (!is_pci_address(disk->controller) || disk->lun < 0)
        return -EINVAL;
    disk_pattern(disk, below, pattern, sizeof pattern);
    return devices_first(pattern, path, size);
}

int disk_node(const struct disk *disk, unsigned partition, char *node, size_t size)
{
    char path[512], *name;
    int rc = disk_path(disk, "/block/*", path, sizeof path);

    if (rc != 0)
        return rc;
    name = strrchr(path, '/') + 1;
    if (partition == 0)
        (void)snprintf(node, size, "/dev/%s", name);
    else
        (void)snprintf(node, size, "/dev/%s%u", name, partition);
    return access(node, F_OK) == 0 ? 0 : -ENODEV;
}

/* Writes a text to a file of sysfs. */
static int devices_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0)
        rc = -errno;
    (void)close(fd);
    return rc;
}

/* Is the device whose number is in this file mounted? */
static int device_is_mounted(const char *file_name)
{
    FILE *file = fopen(file_name, "re");
    char number[32] = "";
    int rc;

    if (!file)
        return errno == ENOENT ? 0 : -errno;
    rc = fscanf(file, "%31s", number) == 1 ? mounts_have_device(number) : -EIO;
    (void)fclose(file);
    return rc;
}

/* Is the disk, or a partition of it, mounted? The numbers of both are in files called dev. */
static int disk_is_mounted(const struct disk *disk)
{
    static const char *const files[] = {"/block/*/dev", "/block/*/*/dev"};
    int rc = 0;

    for (size_t i = 0; i < 2 && rc == 0; i++) {
        char pattern[160];
        glob_t names;

        disk_pattern(disk, files[i], pattern, sizeof pattern);
        rc = devices_glob(pattern, &names);
        if (rc != 0) {
            rc = rc == -ENODEV ? 0 : rc;
            continue;
        }
        for (size_t n = 0; n < names.gl_pathc && rc == 0; n++)
            rc = device_is_mounted(names.gl_pathv[n]);
        globfree(&names);
    }
    return rc;
}

int disk_eject(const struct disk *disk)
{
    char path[512];
    int rc = disk_path(disk, "/delete", path, sizeof path);

    if (rc == -ENODEV)
        return 0;
    if (rc != 0)
        return rc;
    rc = disk_is_mounted(disk);
    if (rc != 0)
        return rc < 0 ? rc : -EBUSY;
    rc = devices_write(path, "1");
    return rc == -ENOENT || rc == -ENODEV ? 0 : rc;
}

int port_has_device(const char *port)
{
    char pattern[96], found[512];

    if (!is_pci_address(port))
        return -EINVAL;
    (void)snprintf(pattern, sizeof pattern, "/sys/bus/pci/devices/%s/????:??:00.0", port);
    return devices_first(pattern, found, sizeof found);
}

/* Adds the last parts of all paths that a pattern finds, as an array. */
static int devices_names(struct json_object *answer, const char *name, const char *pattern)
{
    struct json_object *list = json_object_new_array();
    glob_t names;
    int rc = devices_glob(pattern, &names);

    json_object_object_add(answer, name, list);
    if (rc != 0)
        return rc == -ENODEV ? 0 : rc;
    for (size_t i = 0; i < names.gl_pathc; i++)
        json_object_array_add(list, json_object_new_string(strrchr(names.gl_pathv[i], '/') + 1));
    globfree(&names);
    return 0;
}

int devices_list(struct json_object *answer)
{
    int rc = devices_names(answer, "disks", "/sys/bus/scsi/devices/*:*:*:*");

    return rc != 0 ? rc : devices_names(answer, "pci", "/sys/bus/pci/devices/*");
}
