// The managers that are compared, behind one set of names: ours, the one written by hand with
// either source of UUIDs, and the floor.
//
// Each has reserve, map, unmap (vpci: reserve, add, remove) by one key and one child. Hooks do
// nothing, or sleep.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include "../floor/floor.h"
#include "../hand/plan9_mount.h"
#include "../hand/scsi.h"
#include "../hand/uuids.h"
#include "../hand/vpci.h"

#include "plan9_mount.h"
#include "scsi.h"
#include "vpci.h"

inline void must(int result)
{
    if (result != 0)
        std::abort();
}

// What every hook gets as its context.
struct Backend {
    long sleep_ns = 0; // in hooks that add something
    std::atomic<long> adds{0};

    virtual ~Backend() = default;
    virtual int add()
    {
        adds.fetch_add(1, std::memory_order_relaxed);
        if (sleep_ns > 0) {
            const timespec time = {0, sleep_ns};
            nanosleep(&time, nullptr);
        }
        return 0;
    }
};

template <class View> int berth_add(void *ctx, berth_call *, const View *)
{
    return static_cast<Backend *>(ctx)->sleep_ns == 0 ? 0 : static_cast<Backend *>(ctx)->add();
}
template <class View> int berth_other(void *, berth_call *, const View *)
{
    return 0;
}
template <class View> int hand_add(void *ctx, const View *)
{
    return static_cast<Backend *>(ctx)->sleep_ns == 0 ? 0 : static_cast<Backend *>(ctx)->add();
}
template <class View> int hand_other(void *, const View *)
{
    return 0;
}

enum class Source { libuuid, pool };

template <Source source> class Uuids
{
  public:
    Uuids() : uuids(source == Source::pool ? hand_pool_make() : hand_libuuid)
    {
    }
    ~Uuids()
    {
        if (source == Source::pool)
            hand_pool_free(uuids);
    }
    hand_uuids uuids;
};

namespace plan9_mount_case
{

class Berth
{
  public:
    explicit Berth(Backend &backend, const berth_config *config = nullptr)
    {
        const plan9_mount_backend hooks = {
            .version = PLAN9_MOUNT_BACKEND_VERSION,
            .ctx = &backend,
            .vm = {.add_plan9 = berth_add<plan9_mount_share>,
                   .remove_plan9 = berth_other<plan9_mount_share>},
            .guest = {.add_mapped_directory = berth_other<plan9_mount_mount>,
                      .remove_mapped_directory = berth_other<plan9_mount_mount>},
        };
        must(plan9_mount_create(nullptr, &hooks, config, &manager, nullptr));
    }
    ~Berth()
    {
        must(plan9_mount_discard(manager));
        must(plan9_mount_destroy(manager, nullptr));
    }
    void reserve(const char *key, std::uint64_t, uuid_t id)
    {
        const plan9_mount_share_config share = {
            .host_path = key, .read_only = true, .restrict_ = false, .allowed_names = {nullptr, 0}};
        const plan9_mount_mount_config mount = {.read_only = true};
        must(plan9_mount_reserve(manager, &share, &mount, id, nullptr));
    }
    void map(const uuid_t id, bool)
    {
        char path[PLAN9_MOUNT_MOUNT_GUEST_PATH_SIZE];
        must(plan9_mount_map_to_guest(manager, id, path, sizeof path, nullptr));
    }
    void unmap(const uuid_t id, bool)
    {
        must(plan9_mount_unmap_from_guest(manager, id, nullptr));
    }

    plan9_mount *manager;
};

template <Source source> class Hand
{
  public:
    explicit Hand(Backend &backend)
    {
        const hand_plan9_mount_backend hooks = {
            .ctx = &backend,
            .add_plan9 = hand_add<hand_share>,
            .remove_plan9 = hand_other<hand_share>,
            .add_mapped_directory = hand_other<hand_share_mount>,
            .remove_mapped_directory = hand_other<hand_share_mount>,
        };
        manager = hand_plan9_mount_create(&hooks, &source_of.uuids, false);
    }
    ~Hand()
    {
        hand_plan9_mount_destroy(manager);
    }
    void reserve(const char *key, std::uint64_t, uuid_t id)
    {
        const hand_share_config share = {
            .host_path = key, .read_only = true, .restrict_ = false, .allowed_names = {nullptr, 0}};
        must(hand_plan9_mount_reserve(manager, &share, true, id));
    }
    void map(const uuid_t id, bool)
    {
        char path[39];
        must(hand_plan9_mount_map(manager, id, path, sizeof path));
    }
    void unmap(const uuid_t id, bool)
    {
        must(hand_plan9_mount_unmap(manager, id));
    }

  private:
    Uuids<source> source_of;
    hand_plan9_mount *manager;
};

} // namespace plan9_mount_case

namespace scsi_case
{

class Berth
{
  public:
    explicit Berth(Backend &backend, const berth_config *config = nullptr)
    {
        const scsi_backend hooks = {
            .version = SCSI_BACKEND_VERSION,
            .ctx = &backend,
            .vm = {.add_disk = berth_add<scsi_disk>, .remove_disk = berth_other<scsi_disk>},
            .guest = {.mount = berth_other<scsi_mount>,
                      .format_and_mount = nullptr,
                      .unmount = berth_other<scsi_mount>,
                      .eject = berth_other<scsi_disk>},
        };
        scsi_options options = SCSI_OPTIONS_DEFAULT;
        options.controllers = 4;
        must(scsi_create(&options, &hooks, config, &manager, nullptr));
    }
    ~Berth()
    {
        must(scsi_discard(manager));
        must(scsi_destroy(manager, nullptr));
    }
    void reserve(const char *key, std::uint64_t child, uuid_t id)
    {
        const scsi_disk_config disk = {.host_path = key,
                                       .read_only = true,
                                       .type = SCSI_DISK_TYPE_VIRTUAL_DISK,
                                       .evd_type = ""};
        const scsi_mount_config mount = {
            .partition = child, .read_only = true, .filesystem = "ext4"};
        must(scsi_reserve(manager, &disk, &mount, id, nullptr));
    }
    void map(const uuid_t id, bool)
    {
        char path[SCSI_MOUNT_GUEST_PATH_SIZE];
        must(scsi_map_to_guest(manager, id, path, sizeof path, nullptr));
    }
    void unmap(const uuid_t id, bool)
    {
        must(scsi_unmap_from_guest(manager, id, nullptr));
    }

    scsi *manager;
};

template <Source source> class Hand
{
  public:
    explicit Hand(Backend &backend)
    {
        const hand_scsi_backend hooks = {
            .ctx = &backend,
            .add_disk = hand_add<hand_disk>,
            .remove_disk = hand_other<hand_disk>,
            .eject = hand_other<hand_disk>,
            .mount = hand_other<hand_disk_mount>,
            .unmount = hand_other<hand_disk_mount>,
        };
        manager = hand_scsi_create(&hooks, &source_of.uuids, 4);
    }
    ~Hand()
    {
        hand_scsi_destroy(manager);
    }
    void reserve(const char *key, std::uint64_t child, uuid_t id)
    {
        const hand_disk_config disk = {
            .host_path = key, .evd_type = "", .read_only = true, .type = 0};
        const hand_mount_config mount = {
            .partition = child, .read_only = true, .filesystem = "ext4"};
        must(hand_scsi_reserve(manager, &disk, &mount, id));
    }
    void map(const uuid_t id, bool)
    {
        char path[64];
        must(hand_scsi_map(manager, id, path, sizeof path));
    }
    void unmap(const uuid_t id, bool)
    {
        must(hand_scsi_unmap(manager, id));
    }

  private:
    Uuids<source> source_of;
    hand_scsi *manager;
};

} // namespace scsi_case

namespace vpci_case
{

class Berth
{
  public:
    explicit Berth(Backend &backend, const berth_config *config = nullptr)
    {
        const vpci_backend hooks = {
            .version = VPCI_BACKEND_VERSION,
            .ctx = &backend,
            .vm = {.add_device = berth_add<vpci_device>, .remove_device = berth_other<vpci_device>},
            .guest = {.add_vpci_device = berth_other<vpci_device>},
        };
        must(vpci_create(nullptr, &hooks, config, &manager, nullptr));
    }
    ~Berth()
    {
        must(vpci_discard(manager));
        must(vpci_destroy(manager, nullptr));
    }
    void reserve(const char *key, std::uint64_t, uuid_t id)
    {
        uuid_t guid;
        const vpci_device_config device = {.device_instance_id = key, .virtual_function_index = 1};
        must(vpci_reserve(manager, &device, id, guid, nullptr));
    }
    void map(const uuid_t id, bool)
    {
        must(vpci_add_to_vm(manager, id, nullptr));
    }
    void unmap(const uuid_t id, bool)
    {
        must(vpci_remove_from_vm(manager, id, nullptr));
    }

    vpci *manager;
};

template <Source source> class Hand
{
  public:
    explicit Hand(Backend &backend)
    {
        const hand_vpci_backend hooks = {
            .ctx = &backend,
            .add_device = hand_add<hand_device>,
            .remove_device = hand_other<hand_device>,
            .add_vpci_device = hand_other<hand_device>,
        };
        manager = hand_vpci_create(&hooks, &source_of.uuids);
    }
    ~Hand()
    {
        hand_vpci_destroy(manager);
    }
    void reserve(const char *key, std::uint64_t, uuid_t id)
    {
        uuid_t guid;
        must(hand_vpci_reserve(manager, key, 1, id, guid));
    }
    void map(const uuid_t id, bool)
    {
        must(hand_vpci_add(manager, id));
    }
    void unmap(const uuid_t id, bool)
    {
        must(hand_vpci_remove(manager, id));
    }

  private:
    Uuids<source> source_of;
    hand_vpci *manager;
};

} // namespace vpci_case

// `call`: the hooks run and the instances go, as they do for the last holder.
template <const floor_shape &shape> class Floor
{
  public:
    explicit Floor(Backend &) : least_work(floor_create(&shape))
    {
    }
    ~Floor()
    {
        floor_destroy(least_work);
    }
    void reserve(const char *key, std::uint64_t child, uuid_t id)
    {
        floor_reserve(least_work, key, child, id);
    }
    void map(const uuid_t id, bool call)
    {
        floor_map(least_work, id, call);
    }
    void unmap(const uuid_t id, bool call)
    {
        floor_unmap(least_work, id, call);
    }

  private:
    least *least_work;
};

// Sizes are those of the runtime's blocks for the keys and configs above.
inline constexpr floor_shape plan9_mount_floor = {.root_size = 192,
                                                  .child_size = 136,
                                                  .child_key = false,
                                                  .record_size = 88,
                                                  .root_uuids = 0,
                                                  .map_hooks = 2,
                                                  .unmap_hooks = 2};
inline constexpr floor_shape scsi_floor = {.root_size = 168,
                                           .child_size = 184,
                                           .child_key = true,
                                           .record_size = 88,
                                           .root_uuids = 0,
                                           .map_hooks = 2,
                                           .unmap_hooks = 3};
inline constexpr floor_shape vpci_floor = {.root_size = 168,
                                           .child_size = 0,
                                           .child_key = false,
                                           .record_size = 72,
                                           .root_uuids = 1,
                                           .map_hooks = 2,
                                           .unmap_hooks = 1};
