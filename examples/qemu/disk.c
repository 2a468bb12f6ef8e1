#define _GNU_SOURCE

#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MIB = 1024 * 1024,
    START = MIB, /* of the partition */
    SIZE = 9 * MIB,
    SECTOR = 512,
    SUPERBLOCK = START + 1024, /* of ext4 */
    MAGIC = 56                 /* its number, in the superblock */
};

static int disk_write(const char *image, off_t at, const void *bytes, size_t size)
{
    int fd = open(image, O_WRONLY | O_CLOEXEC), rc = 0;

    if (fd < 0)
        return -errno;
    if (pwrite(fd, bytes, size, at) != (ssize_t)size)
        rc = -EIO;
    (void)close(fd);
    return rc;
}

static void put_32(unsigned char *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(value >> (8 * i));
}

/* One entry of a master boot record: a Linux partition from START to the end. */
static int disk_partition(const char *image)
{
    unsigned char entry[16] = {0}, mark[2] = {0x55, 0xaa};
    int rc;

    entry[4] = 0x83;
    put_32(entry + 8, START / SECTOR);
    put_32(entry + 12, (SIZE - START) / SECTOR);
    rc = disk_write(image, 446, entry, sizeof entry);
    return rc == 0 ? disk_write(image, 510, mark, sizeof mark) : rc;
}

static int disk_format(const char *image, const char *folder)
{
    char from[200], to[200], program[] = "/usr/sbin/mkfs.ext4", elsewhere[] = "/sbin/mkfs.ext4";
    char *arguments[] = {program,          "-q", "-F", "-O", "^has_journal", "-E",
                         "offset=1048576", "-d", from, to,   "8M",           NULL};
    pid_t process;
    int status = 0, rc;

    (void)snprintf(from, sizeof from, "%s", folder);
    (void)snprintf(to, sizeof to, "%s", image);
    if (access(program, X_OK) != 0)
        arguments[0] = elsewhere;
    rc = posix_spawn(&process, arguments[0], NULL, NULL, arguments, environ);
    if (rc != 0)
        return -rc;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* The text in a file called hello, in a folder of its own. */
static int disk_folder(const char *folder, const char *text)
{
    char path[256];
    FILE *file;
    int rc = 0;

    if (mkdir(folder, 0755) < 0 && errno != EEXIST)
        return -errno;
    (void)snprintf(path, sizeof path, "%s/hello", folder);
    file = fopen(path, "we");
    if (!file)
        return -errno;
    if (fputs(text, file) < 0)
        rc = -EIO;
    if (fclose(file) != 0)
        rc = -EIO;
    return rc;
}

static void disk_forget_folder(const char *folder)
{
    char path[256];

    (void)snprintf(path, sizeof path, "%s/hello", folder);
    (void)unlink(path);
    (void)rmdir(folder);
}

int disk_make(const char *image, const char *text)
{
    char folder[200];
    int fd = open(image, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int rc = fd < 0 || ftruncate(fd, SIZE) < 0 ? -errno : 0;

    if (fd >= 0)
        (void)close(fd);
    (void)snprintf(folder, sizeof folder, "%.180s.files", image);
    if (rc == 0)
        rc = disk_folder(folder, text);
    if (rc == 0)
        rc = disk_format(image, folder);
    if (rc == 0)
        rc = disk_partition(image);
    disk_forget_folder(folder);
    return rc;
}

int disk_damage(const char *image)
{
    return disk_write(image, SUPERBLOCK + MAGIC, "\0\0", 2);
}

int disk_repair(const char *image)
{
    return disk_write(image, SUPERBLOCK + MAGIC, "\x53\xef", 2);
}
