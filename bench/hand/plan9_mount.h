/* Plan 9 shares with one mount each, by hand: what spec/plan9_mount.yaml says. */
#ifndef BENCH_HAND_PLAN9_MOUNT_H
#define BENCH_HAND_PLAN9_MOUNT_H

#include "common.h"

#ifdef __cplusplus
extern "C" {
#endif

struct hand_share {
    char *host_path;
    bool read_only, restrict_;
    struct hand_names allowed_names;
    char name[21];
};

struct hand_share_mount {
    const struct hand_share *share;
    bool read_only;
    char guest_path[39];
};

struct hand_plan9_mount_backend {
    void *ctx;
    int (*add_plan9)(void *ctx, const struct hand_share *share);
    int (*remove_plan9)(void *ctx, const struct hand_share *share);
    int (*add_mapped_directory)(void *ctx, const struct hand_share_mount *mount);
    int (*remove_mapped_directory)(void *ctx, const struct hand_share_mount *mount);
};

struct hand_share_config {
    const char *host_path;
    bool read_only, restrict_;
    struct hand_names allowed_names;
};

struct hand_plan9_mount;

struct hand_plan9_mount *hand_plan9_mount_create(const struct hand_plan9_mount_backend *backend,
                                                 const struct hand_uuids *uuids,
                                                 bool no_writable_shares);
void hand_plan9_mount_destroy(struct hand_plan9_mount *manager);
int hand_plan9_mount_reserve(struct hand_plan9_mount *manager,
                             const struct hand_share_config *config, bool mount_read_only,
                             uuid_t id);
int hand_plan9_mount_map(struct hand_plan9_mount *manager, const uuid_t id, char *guest_path,
                         size_t size);
int hand_plan9_mount_unmap(struct hand_plan9_mount *manager, const uuid_t id);

#ifdef __cplusplus
}
#endif
#endif
