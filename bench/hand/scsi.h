/*
 * SCSI disks and the partitions mounted from them, by hand: what spec/scsi.yaml says, for Linux
 * guests.
 */
#ifndef BENCH_HAND_SCSI_H
#define BENCH_HAND_SCSI_H

#include "common.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HAND_SCSI_LUNS = 64 };

struct hand_disk {
    char *host_path;
    bool read_only;
    int type;
    char *evd_type;
    uint8_t controller, lun;
};

struct hand_disk_mount {
    const struct hand_disk *disk;
    uint64_t partition;
    bool read_only, encrypted, ensure_filesystem, block_dev;
    struct hand_names options;
    char *filesystem;
    char guest_path[64];
};

struct hand_scsi_backend {
    void *ctx;
    int (*add_disk)(void *ctx, const struct hand_disk *disk);
    int (*remove_disk)(void *ctx, const struct hand_disk *disk);
    int (*eject)(void *ctx, const struct hand_disk *disk);
    int (*mount)(void *ctx, const struct hand_disk_mount *mount);
    int (*unmount)(void *ctx, const struct hand_disk_mount *mount);
};

struct hand_disk_config {
    const char *host_path, *evd_type;
    bool read_only;
    int type;
};

struct hand_mount_config {
    uint64_t partition;
    bool read_only, encrypted, ensure_filesystem, block_dev;
    struct hand_names options;
    const char *filesystem;
};

struct hand_scsi;

struct hand_scsi *hand_scsi_create(const struct hand_scsi_backend *backend,
                                   const struct hand_uuids *uuids, unsigned controllers);
void hand_scsi_destroy(struct hand_scsi *manager);
int hand_scsi_reserve(struct hand_scsi *manager, const struct hand_disk_config *disk,
                      const struct hand_mount_config *mount, uuid_t id);
int hand_scsi_map(struct hand_scsi *manager, const uuid_t id, char *guest_path, size_t size);
int hand_scsi_unmap(struct hand_scsi *manager, const uuid_t id);

#ifdef __cplusplus
}
#endif
#endif
