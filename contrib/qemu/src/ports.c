#define _GNU_SOURCE

#include "ports.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 24 };

/* The number of the port that has this owner, "" for a free one; -1: none has. */
static int ports_find(const berth_qemu *vm, const char *owner)
{
    for (uint32_t i = 0; i < vm->options.port_count; i++)
        if (strcmp(vm->ports[i].owner, owner) == 0)
            return (int)i;
    return -1;
}

int ports_take(berth_qemu *vm, const char *device, int wanted)
{
    int port = wanted;

    if (wanted < 0) {
        port = ports_find(vm, device); /* of a try that nobody saw the end of */
        if (port < 0)
            port = ports_find(vm, "");
    }
    if (port < 0 || (uint32_t)port >= vm->options.port_count)
        return -ENOSPC;
    /* One that is named may have an owner: its manager has forgotten it, and QEMU refuses if
     * not. */
    ports_give_back(vm, device);
    (void)snprintf(vm->ports[port].owner, sizeof vm->ports[port].owner, "%s", device);
    return port;
}

void ports_give_back(berth_qemu *vm, const char *device)
{
    for (uint32_t i = 0; i < vm->options.port_count; i++)
        if (strcmp(vm->ports[i].owner, device) == 0)
            vm->ports[i].owner[0] = '\0';
}

const berth_qemu_port *ports_of(const berth_qemu *vm, const char *device)
{
    for (uint32_t i = 0; i < vm->options.port_count; i++)
        if (strcmp(vm->ports[i].owner, device) == 0)
            return &vm->options.ports[i];
    return NULL;
}

/* A socket that listens already, so that QEMU can connect before virtiofsd has started. */
static int servers_listen(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, rc = 0;

    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    (void)unlink(path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0)
        rc = -errno;
    if (rc == 0)
        return fd;
    (void)close(fd);
    return rc;
}

/* "source=" and the folder, in which commas separate options unless they are escaped. */
static int servers_source(char *text, size_t size, const char *folder)
{
    size_t used = (size_t)snprintf(text, size, "source=");

    for (const char *c = folder; *c; c++) {
        if (used + 3 > size)
            return -ENAMETOOLONG;
        if (*c == ',' || *c == '\\')
            text[used++] = '\\';
        text[used++] = *c;
    }
    text[used] = '\0';
    return 0;
}

/* posix_spawn changes no word, but its type does not say so. */
static void servers_add_word(char **arguments, size_t *count, const char *word)
{
    memcpy(&arguments[(*count)++], &word, sizeof word);
}

/* Its socket becomes descriptor 3. */
static int servers_spawn(const berth_qemu *vm, int fd, const char *folder, bool read_only,
                         pid_t *process)
{
    static const char *const as_root[] = {"/usr/lib/qemu/virtiofsd", "-o", "log_level=err", NULL};
    static const char *const as_user[] = {"unshare",       "-r", "/usr/lib/qemu/virtiofsd", "-o",
                                          "log_level=err", NULL};
    const char *const *words = vm->options.virtiofsd;
    char *arguments[ARGUMENTS_MAX + 5];
    char source[4096];
    size_t count = 0;
    posix_spawn_file_actions_t actions;
    int rc = servers_source(source, sizeof source, folder);

    if (rc != 0)
        return rc;
    if (!words)
        words = geteuid() == 0 ? as_root : as_user;
    while (words[count]) {
        if (count == ARGUMENTS_MAX)
            return -E2BIG;
        servers_add_word(arguments, &count, words[count]);
    }
    servers_add_word(arguments, &count, "--fd=3");
    servers_add_word(arguments, &count, "-o");
    servers_add_word(arguments, &count, source);
    if (read_only)
        servers_add_word(arguments, &count, vm->options.virtiofsd_read_only);
    arguments[count] = NULL;
    rc = posix_spawn_file_actions_init(&actions);
    if (rc != 0)
        return -rc;
    rc = posix_spawn_file_actions_adddup2(&actions, fd, 3);
    if (rc == 0)
        rc = posix_spawnp(process, arguments[0], &actions, NULL, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return -rc;
}

int servers_start(berth_qemu *vm, const char *name, const char *folder, bool read_only, char *path,
                  size_t size)
{
    const char *below = vm->options.folder ? vm->options.folder : "/tmp";
    struct server *server;
    struct stat status;
    int fd, rc;

    if (read_only && !vm->options.virtiofsd_read_only)
        return -EOPNOTSUPP;
    if (stat(folder, &status) < 0)
        return -errno;
    if (!S_ISDIR(status.st_mode))
        return -ENOTDIR;
    if (access(folder, R_OK | X_OK) < 0)
        return -errno;
    servers_end(vm, name);
    (void)snprintf(path, size, "%s/berth-%ld-%s.sock", below, (long)getpid(), name);
    server = calloc(1, sizeof *server);
    if (!server)
        return -ENOMEM;
    fd = servers_listen(path);
    if (fd < 0) {
        free(server);
        return fd;
    }
    rc = servers_spawn(vm, fd, folder, read_only, &server->process);
    (void)close(fd);
    if (rc != 0) {
        (void)unlink(path);
        free(server);
        return rc;
    }
    (void)snprintf(server->name, sizeof server->name, "%s", name);
    (void)snprintf(server->path, sizeof server->path, "%s", path);
    server->next = vm->servers;
    vm->servers = server;
    return 0;
}

void servers_end(berth_qemu *vm, const char *name)
{
    struct server **link = &vm->servers;

    while (*link) {
        struct server *server = *link;

        if (name && strcmp(server->name, name) != 0) {
            link = &server->next;
            continue;
        }
        *link = server->next;
        (void)kill(server->process, SIGKILL);
        while (waitpid(server->process, NULL, 0) < 0 && errno == EINTR)
            continue;
        (void)unlink(server->path);
        free(server);
    }
}
