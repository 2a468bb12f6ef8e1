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

/* The first file that a pattern names. */
static int devices_first(const char *pattern, char *found, size_t size)
{
    glob_t names;
    int rc = glob(pattern, 0, NULL, &names);

    if (rc != 0)
        return rc == GLOB_NOMATCH ? -ENODEV : -ENOMEM;
    rc = (size_t)snprintf(found, size, "%s", names.gl_pathv[0]) < size ? 0 : -ENAMETOOLONG;
    globfree(&names);
    return rc;
}

/* The device's folder in sysfs; `below` goes on from there. */
static int disk_path(const struct disk *disk, const char *below, char *path, size_t size)
{
    char pattern[160];

    if (!is_pci_address(disk->controller) || disk->lun < 0)
        return -EINVAL;
    (void)snprintf(pattern, sizeof pattern,
                   "/sys/bus/pci/devices/%s/virtio*/host*/target*:0:0/*:0:0:%d%s", disk->controller,
                   disk->lun, below);
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

/* Is the disk, or a partition of it, mounted? The numbers of both are in files called dev. */
static bool disk_is_mounted(const struct disk *disk)
{
    static const char *const files[] = {"/block/*/dev", "/block/*/*/dev"};
    bool found = false;

    for (size_t i = 0; i < 2 && !found; i++) {
        char pattern[160];
        glob_t names;

        (void)snprintf(pattern, sizeof pattern,
                       "/sys/bus/pci/devices/%s/virtio*/host*/target*:0:0/*:0:0:%d%s",
                       disk->controller, disk->lun, files[i]);
        if (glob(pattern, 0, NULL, &names) != 0)
            continue;
        for (size_t n = 0; n < names.gl_pathc && !found; n++) {
            char number[32] = "";
            FILE *file = fopen(names.gl_pathv[n], "re");

            if (file && fscanf(file, "%31s", number) == 1)
                found = mounts_have_device(number);
            if (file)
                (void)fclose(file);
        }
        globfree(&names);
    }
    return found;
}

int disk_eject(const struct disk *disk)
{
    char path[512];
    int rc = disk_path(disk, "/delete", path, sizeof path);

    if (rc == -ENODEV)
        return 0;
    if (rc != 0)
        return rc;
    if (disk_is_mounted(disk))
        return -EBUSY;
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

/* The names that a pattern finds, each without what is before `from`. */
static struct json_object *devices_names(const char *pattern, const char *from)
{
    struct json_object *list = json_object_new_array();
    glob_t names;

    if (glob(pattern, 0, NULL, &names) != 0)
        return list;
    for (size_t i = 0; i < names.gl_pathc; i++) {
        const char *begin = strstr(names.gl_pathv[i], from);

        if (begin)
            json_object_array_add(list, json_object_new_string(begin + strlen(from)));
    }
    globfree(&names);
    return list;
}

void devices_list(struct json_object *answer)
{
    json_object_object_add(answer, "disks",
                           devices_names("/sys/bus/scsi/devices/*:*:*:*", "/devices/"));
    json_object_object_add(answer, "pci", devices_names("/sys/bus/pci/devices/*", "/devices/"));
}
