#define _GNU_SOURCE /* syscall */

#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void init_mount(const char *type, const char *path)
{
    (void)mkdir(path, 0755);
    if (mount(type, path, type, 0, "") < 0)
        (void)fprintf(stderr, "berth-agent: %s: %s\n", path, strerror(errno));
}

static void init_modules(void)
{
    FILE *order = fopen("/modules/order", "re");
    char name[128], path[160];

    while (order && fscanf(order, "%127s", name) == 1) {
        int fd;

        (void)snprintf(path, sizeof path, "/modules/%s", name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
            (void)fprintf(stderr, "berth-agent: %s: %s\n", name, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
    }
    if (order)
        (void)fclose(order);
}

void init_guest(void)
{
    init_mount("proc", "/proc");
    init_mount("sysfs", "/sys");
    init_mount("devtmpfs", "/dev");
    init_mount("tmpfs", "/run");
    init_modules();
}

int init_port(const char *name)
{
    for (;;) {
        glob_t found;

        if (glob("/sys/class/virtio-ports/*/name", 0, NULL, &found) == 0) {
            for (size_t i = 0; i < found.gl_pathc; i++) {
                FILE *file = fopen(found.gl_pathv[i], "re");
                char has[64] = "", node[64], port[32];

                if (file && fscanf(file, "%63s", has) == 1 && strcmp(has, name) == 0 &&
                    sscanf(found.gl_pathv[i], "/sys/class/virtio-ports/%31[^/]", port) == 1) {
                    int fd;

                    (void)snprintf(node, sizeof node, "/dev/%s", port);
                    fd = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
                    (void)fclose(file);
                    globfree(&found);
                    return fd < 0 ? -errno : fd;
                }
                if (file)
                    (void)fclose(file);
            }
            globfree(&found);
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}
