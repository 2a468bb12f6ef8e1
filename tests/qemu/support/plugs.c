#define _GNU_SOURCE

#include "plugs.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth_qemu_pci_ports.h"
#include "berth_qemu_plan9_mount.h"
#include "berth_qemu_virtiofs.h"
#include "berth_qemu_vpci.h"

const char *const plugs_sleeper[] = {"sh", "-c", "exec sleep 1000", NULL};

/* What all managers have in common. */
#define MANAGER(m)                                                                                 \
    static void *m##_plugs_open(const struct bare *bare, struct seen *seen)                        \
    {                                                                                              \
        const m##_backend backend = berth_qemu_##m(bare->vm);                                      \
        const berth_config config = {.trace = seen ? seen_trace : NULL, .trace_ctx = seen};        \
        struct m *manager;                                                                         \
                                                                                                   \
        assert_int_equal(m##_create(NULL, &backend, &config, &manager, NULL), 0);                  \
        return manager;                                                                            \
    }                                                                                              \
    static int m##_plugs_discard(void *manager)                                                    \
    {                                                                                              \
        return m##_discard(manager);                                                               \
    }                                                                                              \
    static int m##_plugs_close(void *manager)                                                      \
    {                                                                                              \
        return m##_destroy(manager, NULL);                                                         \
    }

#define SHARES(m)                                                                                  \
    MANAGER(m)                                                                                     \
    static int m##_plugs_add(void *manager, const uuid_t reservation, int64_t deadline)            \
    {                                                                                              \
        return m##_map_to_guest_until(manager, reservation, NULL, 0, deadline, NULL);              \
    }                                                                                              \
    static int m##_plugs_remove(void *manager, const uuid_t reservation, int64_t deadline)         \
    {                                                                                              \
        return m##_unmap_from_guest_until(manager, reservation, deadline, NULL);                   \
    }                                                                                              \
    static int m##_plugs_reserve(void *manager, const char *host, unsigned number,                 \
                                 uuid_t reservation)                                               \
    {                                                                                              \
        const m##_share_config share = {.host_path = host};                                        \
        const m##_mount_config mount = {.read_only = false};                                       \
                                                                                                   \
        (void)number;                                                                              \
        return m##_reserve(manager, &share, &mount, reservation, NULL);                            \
    }

#define DEVICES(m)                                                                                 \
    MANAGER(m)                                                                                     \
    static int m##_plugs_add(void *manager, const uuid_t reservation, int64_t deadline)            \
    {                                                                                              \
        return m##_add_to_vm_until(manager, reservation, deadline, NULL);                          \
    }                                                                                              \
    static int m##_plugs_remove(void *manager, const uuid_t reservation, int64_t deadline)         \
    {                                                                                              \
        return m##_remove_from_vm_until(manager, reservation, deadline, NULL);                     \
    }

SHARES(plan9_mount)
SHARES(virtiofs)
DEVICES(vpci)
DEVICES(pci_ports)

static int vpci_plugs_reserve(void *manager, const char *host, unsigned number, uuid_t reservation)
{
    const vpci_device_config device = {.device_instance_id = host,
                                       .virtual_function_index = (uint16_t)number};
    uuid_t guid;

    return vpci_reserve(manager, &device, reservation, guid, NULL);
}

static int pci_ports_plugs_reserve(void *manager, const char *host, unsigned number,
                                   uuid_t reservation)
{
    const pci_ports_device_config device = {.host = host, .virtual_function = (uint16_t)number};

    return pci_ports_reserve(manager, &device, reservation, NULL);
}

#define KIND(m, shares)                                                                            \
    {                                                                                              \
        .name = #m, .are_shares = (shares), .open = m##_plugs_open, .reserve = m##_plugs_reserve,  \
        .add = m##_plugs_add, .remove = m##_plugs_remove, .discard = m##_plugs_discard,            \
        .close = m##_plugs_close                                                                   \
    }

const struct plugs plugs_of[PLUGS_KINDS] = {KIND(plan9_mount, true), KIND(virtiofs, true),
                                            KIND(vpci, false), KIND(pci_ports, false)};

void plugs_reserve(const struct bare *bare, const struct plugs *plugs, void *manager,
                   unsigned number, uuid_t reservation)
{
    const char *host = "json:{\"driver\":\"virtio-rng-pci\"}";
    char name[16];

    if (plugs->are_shares) {
        (void)snprintf(name, sizeof name, "share%u", number);
        host = bare_file(bare, name);
        assert_true(mkdir(host, 0755) == 0 || errno == EEXIST);
    }
    assert_int_equal(plugs->reserve(manager, host, number, reservation), 0);
}

/* The fourth word of its stat, which comes after the name in brackets, is its parent. */
static bool is_child(const char *process)
{
    char path[64], text[512], *end;
    bool is = false;
    FILE *file;
    size_t size;

    (void)snprintf(path, sizeof path, "/proc/%.20s/stat", process);
    file = fopen(path, "re");
    if (!file)
        return false;
    size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    end = strrchr(text, ')');
    if (end && strlen(end) > 4)
        is = strtol(end + 4, NULL, 10) == (long)getpid();
    (void)fclose(file);
    return is;
}

static unsigned count_files(const char *path, bool (*counts)(const char *name))
{
    DIR *folder = opendir(path);
    const struct dirent *file;
    unsigned count = 0;

    assert_non_null(folder);
    while ((file = readdir(folder)))
        count += counts(file->d_name);
    (void)closedir(folder);
    return count;
}

unsigned plugs_children(const struct bare *bare)
{
    return count_files("/proc", is_child) - (bare->machine.process > 0);
}

static bool is_socket_of_virtiofsd(const char *name)
{
    return strncmp(name, "berth-", 6) == 0;
}

unsigned plugs_sockets(const struct bare *bare)
{
    return count_files(bare->folder, is_socket_of_virtiofsd);
}
